import { describe, expect, it } from 'vitest'

import { fill, labelOf, LOCALES, pickLocale } from '@/shared/i18n'
import * as en from '@/shared/i18n/en'
import * as zhCN from '@/shared/i18n/zh-CN'
import * as zhTW from '@/shared/i18n/zh-TW'

const languages = { 'zh-TW': zhTW, 'zh-CN': zhCN, en }
const sources = import.meta.glob<string>('../src/**/*.{ts,vue}', { query: '?raw', import: 'default', eager: true })
const told = Object.entries(sources).filter(([path]) => !/\/(i18n|words)\/(zh-|en\.)/.test(path))
const code = told.map(([, text]) => text).join('\n')
// Features have words of their own, swept by features/house.test.ts.
const shared = told.filter(([path]) => !path.includes('/features/')).map(([, text]) => text).join('\n')

describe.each(['desk', 'widget'] as const)('the sentences of the %s', (part) => {
  const keys = Object.keys(zhTW[part])

  it.each(LOCALES)('are all there in %s, none empty', (locale) => {
    expect(Object.keys(languages[locale][part]).sort()).toEqual([...keys].sort())
    expect(Object.entries(languages[locale][part]).filter(([, text]) => text.trim() === '')).toEqual([])
  })

  it.each(LOCALES)('name the same parameters in %s', (locale) => {
    const named = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort()
    const table = languages[locale][part] as Record<string, string>
    for (const [key, text] of Object.entries(zhTW[part])) expect([key, named(table[key] ?? '')]).toEqual([key, named(text)])
  })

  it('are all used', () => {
    // `t('a.b')` says the key; `t(`a.${x}`)` says a beginning.
    const begun = (key: string): boolean => {
      const parts = key.split('.')
      return parts.some((_, count) => count > 0 && code.includes('`' + parts.slice(0, count).join('.') + '.$' + '{'))
    }
    expect(keys.filter((key) => !code.includes(`'${key}'`) && !begun(key))).toEqual([])
  })
})

it('every key that the code says exists', () => {
  const known = new Set([...Object.keys(zhTW.desk), ...Object.keys(zhTW.widget)])
  const said = [...shared.matchAll(/\b(?:t|say)\('([a-z][\w.-]+)'/gi)].map((match) => match[1] ?? '')
  expect(said.length).toBeGreaterThan(100)
  expect(said.filter((key) => !known.has(key))).toEqual([])
})

it('Chinese is written with Chinese punctuation', () => {
  for (const { desk, widget } of [zhTW, zhCN]) {
    const wrong = Object.entries({ ...desk, ...widget }).filter(([, text]) => /[\u3400-\u9fff][,?!:;]/.test(text))
    expect(wrong).toEqual([])
  }
})

describe('words', () => {
  it('are filled in, unknown ones stay', () => {
    expect(fill('{n} 則，{who}', { n: 3 })).toBe('3 則，{who}')
  })

  it.each([
    [['en-US'], 'en'],
    [['zh-HK'], 'zh-TW'],
    [['zh-Hant'], 'zh-TW'],
    [['zh'], 'zh-CN'],
    [['zh-SG'], 'zh-CN'],
    [[null, 'fr', 'zh-tw'], 'zh-TW'],
    [['ja'], 'zh-TW'],
    [[], 'zh-TW'],
  ])('%j speaks %s', (wishes, locale) => {
    expect(pickLocale(...(wishes as (string | null)[]))).toBe(locale)
  })

  it('a label falls back to the name', () => {
    expect(labelOf({ 'zh-TW': '退換貨' }, 'en', 'returns')).toBe('returns')
    expect(labelOf(undefined, 'en', 'returns')).toBe('returns')
    expect(labelOf({ en: 'Returns' }, 'en', 'returns')).toBe('Returns')
  })
})
