/** What holds for every feature, and what the registry refuses. */
import { describe, expect, it } from 'vitest'

import { defineFeature, type Feature, type PlaceName } from '@/features/define'
import { features, menu, routes } from '@/features'
import { merge } from '@/features/registry'
import { LOCALES } from '@/shared/i18n'
import { desk } from '@/shared/i18n/zh-TW'

type Table = Record<string, string>
const sources = import.meta.glob<string>('../../src/**/*.{ts,vue}', { query: '?raw', import: 'default', eager: true })
const tables = import.meta.glob<{ words: Table }>('../../src/features/*/words/{zh-TW,zh-CN,en}.ts', { eager: true })
const folders = [...new Set(Object.keys(sources).flatMap((path) => /\/features\/([\w-]+)\//.exec(path)?.[1] ?? []))]
const code = (folder: string): [string, string][] =>
  Object.entries(sources).filter(([path]) => path.includes(`/features/${folder}/`) && !/\/words\/(zh-|en)/.test(path))
const joined = (folder: string): string => code(folder).map(([, text]) => text).join('\n')
const table = (folder: string, locale: string): Table | undefined => tables[`../../src/features/${folder}/words/${locale}.ts`]?.words

it('every folder is one feature of its name', () => {
  expect(features.map((feature) => feature.name).sort()).toEqual(folders.sort())
})

describe.each(folders.filter((folder) => table(folder, 'zh-TW')))('the words of %s', (folder) => {
  const first = table(folder, 'zh-TW') ?? {}
  const keys = Object.keys(first)

  it.each(LOCALES)('are whole in %s', (locale) => {
    const words = table(folder, locale) ?? {}
    const named = (text = ''): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort()
    expect(Object.keys(words).sort()).toEqual([...keys].sort())
    expect(Object.entries(words).filter(([, text]) => text.trim() === '')).toEqual([])
    for (const key of keys) expect([key, named(words[key])]).toEqual([key, named(first[key])])
  })

  it('have Chinese punctuation in Chinese', () => {
    const all = [...Object.entries(first), ...Object.entries(table(folder, 'zh-CN') ?? {})]
    expect(all.filter(([, text]) => /[\u3400-\u9fff][,?!:;]/.test(text))).toEqual([])
  })

  it('are all used, and every word that is used is there', () => {
    const text = joined(folder)
    const begun = (key: string): boolean => {
      const parts = key.split('.')
      return parts.some((_, count) => count > 0 && text.includes('`' + parts.slice(0, count).join('.') + '.$' + '{'))
    }
    expect(keys.filter((key) => !text.includes(`'${key}'`) && !begun(key))).toEqual([])
    const said = (name: string): string[] => [...text.matchAll(new RegExp(`\\b${name}\\('([\\w.-]+)'`, 'g'))].map((match) => match[1] ?? '')
    expect(said('t').filter((key) => !(key in first))).toEqual([])
    expect(said('common').filter((key) => !(key in desk))).toEqual([])
  })
})

it.each(folders)('%s shares nothing with other features and is imported by nobody', (folder) => {
  const others = folders.filter((one) => one !== folder)
  const reached = code(folder).flatMap(([path, text]) =>
    [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => [path, match[1] ?? ''] as const),
  )
  expect(reached.filter(([, name]) => others.some((other) => new RegExp(`(^@/features|\\.\\.)/${other}(/|$)`).test(name)))).toEqual([])
  const outside = Object.entries(sources).filter(([path]) => !path.includes('/features/'))
  expect(outside.filter(([, text]) => text.includes(`@/features/${folder}`)).map(([path]) => path)).toEqual([])
})

it('every place that a feature fills is on a page', () => {
  const pages = Object.values(sources).join('\n')
  const filled = features.flatMap((feature) => Object.keys(feature.places ?? {}))
  expect(filled.length).toBeGreaterThan(0)
  expect(filled.filter((place) => !pages.includes(`<Place name="${place}"`) && !pages.includes(`name="${place}" :given`))).toEqual([])
})

it('no path of a feature is one of the console', () => {
  const router = sources['../../src/console/router.ts'] ?? ''
  const own = [...router.matchAll(/path: '\/?([^']*)'/g)].map((match) => match[1] ?? '')
  expect(own).toContain('inbox')
  expect(routes.map((route) => route.path).filter((path) => own.includes(path))).toEqual([])
})

it('every entry of the menu has a title in each language and a page', () => {
  for (const entry of menu) {
    expect(LOCALES.filter((locale) => !entry.title[locale].trim())).toEqual([])
    expect(routes.map((route) => `/${route.path}`)).toContain(entry.path)
  }
})

describe('the registry', () => {
  const load = async (): Promise<{ default: object }> => ({ default: {} })
  const page = (name: string, path = name): Feature => defineFeature({ name, routes: [{ path, load }] })
  const title = { 'zh-TW': '一', 'zh-CN': '一', en: 'One' }
  const entry = (path: string, order: number): Feature['menu'] => ({ path, title, icon: {}, order })
  const nothing = async (): Promise<void> => undefined

  it.each([
    ['feature', [page('a', 'x'), page('a', 'y')], 'two features have the feature a'],
    ['path', [page('a', 'x'), page('b', 'x')], 'two features have the path /x'],
    ['page', [defineFeature({ name: 'a', menu: { path: '/a', title, icon: {}, order: 1 } })], 'the menu names /a'],
  ])('refuses a second or missing %s', (_, given, words) => {
    expect(() => merge(given, nothing)).toThrow(words)
  })

  it('sorts the menu and the parts of a place', () => {
    const first = { load, order: 1 }
    const last = { load, order: 2 }
    const { menu, parts } = merge(
      [
        { ...page('b'), menu: entry('/b', 2) as never, places: { 'home.cards': [last] } },
        { ...page('a'), menu: entry('/a', 1) as never, places: { 'home.cards': [first] } },
      ],
      nothing,
    )
    expect(menu.map((one) => one.path)).toEqual(['/a', '/b'])
    expect(parts('home.cards').map((part) => part.order)).toEqual([1, 2])
    expect(parts('list.actions')).toEqual([])
  })

  it('fetches a page together with its words and places', async () => {
    const asked: string[] = []
    const words = { load: async (): Promise<void> => void asked.push('words') }
    const feature: Feature = { name: 'a', words, routes: [{ path: 'a', load, right: 'a.view', places: ['home.cards'] }] }
    const [route] = merge([feature], async (...places: PlaceName[]) => void asked.push(...places)).routes
    const component = route?.component as unknown as () => Promise<unknown>
    expect(await component()).toEqual({ default: {} })
    expect(asked.sort()).toEqual(['home.cards', 'words'])
    expect(route?.meta).toEqual({ right: 'a.view' })
  })
})
