/**
 * The console's sentences, reactive. zh-TW is built in, the others are fetched when somebody wants them.
 *
 * A library is not needed for this: the keys are checked by the compiler, and the widget shares the same files.
 */
import { computed, ref, shallowRef } from 'vue'

import type { Label } from '@/shared/api/types'

import { fill, labelOf, pickLocale, type Locale, type Params } from './index'
import { desk as zhTW } from './zh-TW'

export type Key = keyof typeof zhTW

const KEPT = 'yingda.locale'
const loaders: Record<Locale, () => Promise<Record<Key, string>>> = {
  'zh-TW': () => Promise.resolve(zhTW),
  'zh-CN': async () => (await import('./zh-CN')).desk,
  en: async () => (await import('./en')).desk,
}

/** Words fetched with a part of the console, and what brings them in a language. */
const books = new Set<Book>()
type Book = (wanted: Locale) => Promise<() => void>

const sentences = shallowRef<Record<Key, string>>(zhTW)
const current = ref<Locale>('zh-TW')

export const locale = computed(() => current.value)

export async function setLocale(wanted: Locale, keep = true): Promise<void> {
  const loaded = await loaders[wanted]()
  const turns = new Map<Book, () => void>()
  // A book may be opened while others are turned.
  for (let rest = [...books]; rest.length > 0; rest = [...books].filter((book) => !turns.has(book))) {
    await Promise.all(rest.map(async (book) => turns.set(book, await book(wanted))))
  }
  sentences.value = loaded
  for (const turn of turns.values()) turn()
  current.value = wanted
  document.documentElement.lang = { 'zh-TW': 'zh-Hant-TW', 'zh-CN': 'zh-Hans-CN', en: 'en' }[wanted]
  if (keep) localStorage.setItem(KEPT, wanted)
}

/** What the person chose on this device, else what his account says, else zh-TW. */
export function startLocale(account?: string | null): Promise<void> {
  return setLocale(pickLocale(localStorage.getItem(KEPT), account), false)
}

export function t(key: Key, params?: Params): string {
  return fill(sentences.value[key], params)
}

export interface Words<K extends string> {
  /** Brings them in the language of the page. Until then a key is said as it is. */
  load(): Promise<void>
  t(key: K, params?: Params): string
}

/** The words of a part that is fetched by itself: each language is a file, fetched when somebody reads it. */
export function fetchedWords<K extends string>(
  files: Record<Locale, () => Promise<{ words: Record<K, string> }>>,
): Words<K> {
  const table = shallowRef<Partial<Record<K, string>>>({})
  let spoken: Locale | null = null
  const fetch: Book = async (wanted) => {
    const { words } = await files[wanted]()
    return () => {
      table.value = words
      spoken = wanted
    }
  }
  return {
    async load() {
      books.add(fetch)
      // The language may be changed while the file is under way.
      while (spoken !== current.value) (await fetch(current.value))()
    },
    t: (key, params) => fill(table.value[key] ?? key, params),
  }
}

export const hasKey = (key: string): key is Key => key in zhTW

/** For keys made from the desk's own names: the sentence if there is one, else the name. */
export function tOr(key: string, otherwise: string, params?: Params): string {
  return hasKey(key) ? t(key, params) : otherwise
}

export const label = (text: Label | undefined, name: string): string => labelOf(text, current.value, name)
