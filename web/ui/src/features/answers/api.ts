/** The API of the auto-reply library. */
import { api } from '@/shared/api/client'
import type { Label, Schemas } from '@/shared/api/types'

export type AnswerType = Schemas['AnswerType']
export type Entry = Schemas['LibraryAnswer']
export type EntryBody = Schemas['LibraryBody']
export type Tried = Schemas['TriedPage']
export type TriedEntry = Schemas['Tried']
export type Suggestion = Schemas['SuggestedAnswer']

export const EDIT = 'answers.edit'

const PATH = '/answers'
/** As many as the desk takes out at once. */
const MOST = 500
const typePath = (name: string): string => `${PATH}/types/${encodeURIComponent(name)}`

/** A page of those that are asked for; an empty value is one that is asked for too. */
export function listed(wanted: Record<string, string>, cursor: string | null): Promise<Schemas['LibraryPage']> {
  const query = new URLSearchParams({ ...wanted, ...(cursor === null ? {} : { cursor }) })
  return api.get(`${PATH}?${query.toString()}`)
}
export const shown = (id: number): Promise<Entry> => api.get(`${PATH}/${id}`)
export const created = (body: EntryBody): Promise<Entry> => api.post(PATH, body)
export const changed = (id: number, body: Schemas['LibraryPatch']): Promise<Entry> => api.patch(`${PATH}/${id}`, body)

/** Takes entries out and returns how many there were; each portion goes whole or not at all. */
export async function removed(ids: readonly number[]): Promise<number> {
  let gone = 0
  for (let from = 0; from < ids.length; from += MOST) {
    const portion: Schemas['AnswersBody'] = { ids: ids.slice(from, from + MOST) }
    gone += (await api.post<Schemas['AnswersDeleted']>(`${PATH}/delete`, portion)).deleted
  }
  return gone
}

export const types = async (): Promise<AnswerType[]> => (await api.get<Schemas['AnswerTypePage']>(`${PATH}/types`)).items
export const typeSaved = (name: string, label: Label): Promise<AnswerType> => api.put(typePath(name), { label })
export const typeRemoved = (name: string): Promise<void> => api.remove(typePath(name))

export const tried = (text: string, shop: string): Promise<Tried> => api.get(`${PATH}/try`, { text, shop })
export const suggested = async (number: number): Promise<Suggestion[]> =>
  (await api.get<Schemas['SuggestionPage']>(`/tickets/${number}/suggestions`)).items
