/** How the library is narrowed and sorted, and how its words are read and written. */
import type { AnswerType } from './api'

/** Each order as its words name it, and as the desk does. */
export const ORDERS = { clicks: '-clicks', position: 'position', updated: '-updated_at', created: '-created_at' } as const
export type Order = keyof typeof ORDERS

/** As a type, so that it has an index as addresses want it. */
export type Filter = {
  q: string
  /** null: any; empty: none. */
  type: string | null
  /** null: any; empty: those for every shop. */
  shop: string | null
  /** Only those that say something in it. */
  language: string | null
  enabled: string | null
  sort: string
}

export const EVERYTHING: Filter = { q: '', type: null, shop: null, language: null, enabled: null, sort: 'clicks' }

/** What the desk is asked; an address may say anything. */
export function asked(filter: Filter): Partial<Record<'q' | 'type' | 'of' | 'language' | 'enabled' | 'sort', string>> {
  const { q, type, shop, language, enabled } = filter
  return {
    ...(q.trim() && { q: q.trim() }),
    ...(type !== null && { type }),
    ...(shop !== null && { of: shop }),
    ...(language !== null && { language }),
    ...(enabled !== null && { enabled: String(enabled === 'on') }),
    sort: ORDERS[orderOf(filter)],
  }
}

export const orderOf = ({ sort }: Filter): Order => (Object.hasOwn(ORDERS, sort) ? (sort as Order) : 'clicks')
export const isNarrowed = (filter: Filter): boolean =>
  (Object.keys(EVERYTHING) as (keyof Filter)[]).some((name) => name !== 'sort' && filter[name] !== EVERYTHING[name])

const folded = (text: string): string => text.normalize('NFKC').toLowerCase()

/** The text in a language, else in one of the same tongue, else the first there is: as the desk itself chooses. */
export function spoken(texts: Record<string, string>, locale: string): string {
  const near = Object.keys(texts).find((name) => name.split('-')[0] === locale.split('-')[0])
  return texts[locale] ?? texts[near ?? ''] ?? Object.values(texts)[0] ?? ''
}

/** Keywords as people write them: several at once, each once, none longer than the desk takes. */
export function keywordsOf(written: string, known: readonly string[], most = 50): string[] {
  const all = [...known]
  for (const part of written.split(/[,，、;；\n\t]/)) {
    const word = part.trim().slice(0, 60)
    if (word && all.length < most && !all.some((one) => folded(one) === folded(word))) all.push(word)
  }
  return all
}

/** What a question type is called in a language, else in another: its name is for machines. */
export const typeLabel = (type: AnswerType, locale: string): string => spoken(type.label, locale) || type.name
