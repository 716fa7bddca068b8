/** Which entries of the library are shown, and in what order. */
import type { Entry } from './api'

export const ORDERS = ['clicks', 'position', 'updated', 'created'] as const
export type Order = (typeof ORDERS)[number]

export interface Filter {
  text: string
  /** null: any; empty: none. */
  type: string | null
  /** null: any; empty: those for every shop. */
  shop: string | null
  /** Only those that say something in it. */
  language: string | null
  enabled: boolean | null
}

export const EVERYTHING: Filter = { text: '', type: null, shop: null, language: null, enabled: null }

const folded = (text: string): string => text.normalize('NFKC').toLowerCase()

/** The text in a language, else in one of the same tongue, else the first there is: as the desk itself chooses. */
export function spoken(texts: Record<string, string>, locale: string): string {
  const near = Object.keys(texts).find((name) => name.split('-')[0] === locale.split('-')[0])
  return texts[locale] ?? texts[near ?? ''] ?? Object.values(texts)[0] ?? ''
}

function fits(entry: Entry, filter: Filter): boolean {
  const wanted = folded(filter.text.trim())
  const said = [...Object.values(entry.titles), ...Object.values(entry.texts), ...entry.keywords]
  return (
    (filter.type === null || (entry.type ?? '') === filter.type) &&
    (filter.shop === null || entry.shop === filter.shop) &&
    (filter.language === null || filter.language in entry.texts) &&
    (filter.enabled === null || entry.enabled === filter.enabled) &&
    (wanted === '' || said.some((text) => folded(text).includes(wanted)))
  )
}

const BY: Record<Order, (a: Entry, b: Entry) => number> = {
  clicks: (a, b) => b.clicks - a.clicks,
  position: () => 0,
  updated: (a, b) => b.updated_at.localeCompare(a.updated_at),
  created: (a, b) => b.created_at.localeCompare(a.created_at),
}

export const shown = (entries: readonly Entry[], filter: Filter, order: Order): Entry[] =>
  entries
    .filter((entry) => fits(entry, filter))
    .sort((a, b) => BY[order](a, b) || a.position - b.position || a.id - b.id)

/** Keywords as people write them: several at once, each once, none longer than the desk takes. */
export function keywordsOf(written: string, known: readonly string[], most = 50): string[] {
  const all = [...known]
  for (const part of written.split(/[,，、;；\n\t]/)) {
    const word = part.trim().slice(0, 60)
    if (word && all.length < most && !all.some((one) => folded(one) === folded(word))) all.push(word)
  }
  return all
}
