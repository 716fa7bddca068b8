/** What the console and the widget share of speaking to people: which language, which label, how a sentence is filled. */
import type { Label } from '@/shared/api/types'

export const LOCALES = ['zh-TW', 'zh-CN', 'en'] as const
export type Locale = (typeof LOCALES)[number]

export type Params = Record<string, string | number>

/** `{name}` in a sentence becomes the parameter of that name; an unknown one stays to be seen. */
export function fill(sentence: string, params: Params = {}): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole))
}

/** The first of the wishes that we speak: `zh-HK` and `zh-Hant` read 繁體, other Chinese 简体. zh-TW when none fits. */
export function pickLocale(...wishes: (string | null | undefined)[]): Locale {
  for (const wish of wishes) {
    if (!wish) continue
    const known = LOCALES.find((locale) => locale.toLowerCase() === wish.toLowerCase())
    if (known) return known
    if (/^zh-(hant|hk|mo)/i.test(wish)) return 'zh-TW'
    if (/^zh/i.test(wish)) return 'zh-CN'
    if (/^en/i.test(wish)) return 'en'
  }
  return 'zh-TW'
}

/** A noun's text in a language; without one, its name. */
export function labelOf(label: Label | undefined, locale: Locale, name: string): string {
  return label?.[locale] ?? name
}
