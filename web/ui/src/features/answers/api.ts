/** The API of the auto-reply library. Until the generated types have all of it, the shapes stand here. */
import { api } from '@/shared/api/client'
import type { Label, Page } from '@/shared/api/types'

export interface Entry {
  id: number
  /** Empty: every shop's. */
  shop: string
  titles: Record<string, string>
  texts: Record<string, string>
  keywords: string[]
  enabled: boolean
  position: number
  /** Question type, by its name. */
  type: string | null
  clicks: number
  created_at: string
  updated_at: string
}

export interface EntryBody {
  titles: Record<string, string>
  texts: Record<string, string>
  keywords: string[]
  shop: string
  enabled: boolean
  position: number
  type: string | null
}

export interface QuestionType {
  name: string
  label: Label
  /** How many entries have it. */
  answers: number
}

export interface TriedEntry {
  id: number
  title: string
  text: string
  points: number
  /** Those that stand in the line. */
  keywords: string[]
  /** How much of the title stands in it, 0 to 1. */
  title_share: number
}

export interface Tried {
  outcome: 'answer' | 'menu' | 'nothing'
  items: TriedEntry[]
}

export interface Suggestion {
  id: number
  title: string
  text: string
  points: number
}

export const EDIT = 'answers.edit'
/** What every shop uses is kept by who serves every shop. */
export const EVERY_SHOP = 'shops.all'

const PATH = '/answers'
const typePath = (name: string): string => `${PATH}/types/${encodeURIComponent(name)}`

export const listed = async (): Promise<Entry[]> => (await api.get<Page<Entry>>(PATH)).items
export const created = (body: EntryBody): Promise<Entry> => api.post(PATH, body)
export const changed = (id: number, body: Partial<EntryBody>): Promise<Entry> => api.patch(`${PATH}/${id}`, body)
export const removed = (ids: readonly number[]): Promise<{ deleted: number }> => api.post(`${PATH}/delete`, { ids })

export const types = async (): Promise<QuestionType[]> => (await api.get<{ items: QuestionType[] }>(`${PATH}/types`)).items
export const typeSaved = (name: string, label: Label): Promise<QuestionType> => api.put(typePath(name), { label })
export const typeRemoved = (name: string): Promise<void> => api.remove(typePath(name))

export const tried = (text: string, shop: string): Promise<Tried> => api.get(`${PATH}/try`, { text, shop })
export const suggested = async (number: number): Promise<Suggestion[]> =>
  (await api.get<{ items: Suggestion[] }>(`/tickets/${number}/suggestions`)).items
