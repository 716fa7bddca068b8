/** The API of the work log. */
import { api } from '@/shared/api/client'
import type { Schemas } from '@/shared/api/types'

export type WorkRecord = Schemas['WorkRecord']
export type RecordPage = Schemas['RecordPage']
export type RecordBody = Partial<Schemas['RecordBody']> & Pick<Schemas['RecordBody'], 'kind'>
export type RecordKind = WorkRecord['kind']

/** In the order of a case's life. */
export const KINDS: readonly RecordKind[] = ['inquiry', 'handling', 'solution', 'feedback', 'closing']

const path = (ticket: number): string => `/tickets/${ticket}/records`

export const all = (ticket: number): Promise<RecordPage> => api.get(path(ticket))
/** Under one key it is written once, however often it is sent. */
export const added = (ticket: number, body: RecordBody, key: string): Promise<WorkRecord> => api.post(path(ticket), body, key)

/** One entry as it stands now, and what it said before, the newest first. */
export interface Entry {
  now: WorkRecord
  before: WorkRecord[]
}

/** Newest first; what was corrected stands with what took its place. */
export function entries(records: readonly WorkRecord[]): Entry[] {
  const known = new Map(records.map((record) => [record.id, record]))
  const earlier = (record: WorkRecord): WorkRecord[] => {
    const before = record.corrects === null ? undefined : known.get(record.corrects)
    return before ? [before, ...earlier(before)] : []
  }
  return records
    .filter((record) => record.corrected_by === null)
    .map((now) => ({ now, before: earlier(now) }))
    .sort((a, b) => Date.parse(b.now.at) - Date.parse(a.now.at) || b.now.id - a.now.id)
}
