/** What the editor asks the desk about an edit: the same answers as the language server gives. */
import { api } from '@/shared/api/client'
import type { CompletionItem, Finding, HoverText, Published, Reloaded, Remedy, RuleSymbol, TextEdit, TextPlace } from '@/shared/api/types'
import { locale, t } from '@/shared/i18n/vue'

import type { Edits } from './draft'
import type { Place } from './places'

/** An edit, and a place in one of its files. */
export interface Asked {
  base: string
  files: Edits
  path: string
}

type At = Asked & Place

/** The address of a question whose answer speaks to people: in the language of the page. */
export const spoken = (path: string): string => `${path}?locale=${locale.value}`

/** What happens to open tickets after rules came into force; nothing where none is concerned. */
export const carried = ({ resettling }: Pick<Published | Reloaded, 'resettling'>): string =>
  resettling ? ` ${t('rules.resettling', { n: resettling.tickets, job: resettling.job })}` : ''

const items = async <T>(path: string, body: object): Promise<T[]> =>
  (await api.post<{ items: T[] }>(spoken(`/rules/${path}`), body)).items

export const service = {
  validate: async (base: string, files: Edits, scenarios: boolean): Promise<Finding[]> =>
    (await api.post<{ findings: Finding[] }>(spoken('/rules/validate'), { base, files, scenarios })).findings,
  complete: (at: At) => items<CompletionItem>('complete', at),
  hover: async (at: At) => (await api.post<{ hover: HoverText | null }>(spoken('/rules/hover'), at)).hover,
  definition: async (at: At) => (await api.post<{ definition: TextPlace | null }>('/rules/definition', at)).definition,
  references: (at: At) => items<TextPlace>('references', at),
  rename: (at: At, name: string) =>
    api.post<{ items: TextEdit[]; refused: string | null }>(spoken('/rules/rename'), { ...at, name }),
  format: async (asked: Asked) => (await api.post<{ text: string }>('/rules/format', asked)).text,
  symbols: (asked: Asked) => items<RuleSymbol>('symbols', asked),
  /** What mends the findings of a whole file. */
  remedies: (asked: Asked, lines: number) =>
    items<Remedy>('remedies', { ...asked, line: 1, column: 1, end_line: lines, end_column: 1_000 }),
}
