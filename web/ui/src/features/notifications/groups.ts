/** What the bell shows: notices by ticket and kind, the newest of each with how often it came. */
import type { Notice } from '@/shared/api/types'

export const KINDS = ['assigned', 'late', 'mention', 'followed', 'rating'] as const satisfies readonly Notice['kind'][]
export type Kind = (typeof KINDS)[number]

export interface Group {
  key: string
  /** The newest, which says it for all. */
  notice: Notice
  ids: number[]
  /** Of these the unread ones. */
  unread: number[]
}

/** The newest group first. What is about no ticket, and each mention with its own words, stands alone. */
export function groups(notices: readonly Notice[]): Group[] {
  const found = new Map<string, Group>()
  for (const notice of notices) {
    const alone = notice.ticket === null || notice.kind === 'mention'
    const key = alone ? `one:${notice.id}` : `${notice.ticket}:${notice.kind}`
    const group = found.get(key) ?? { key, notice, ids: [], unread: [] }
    found.set(key, group)
    group.ids.push(notice.id)
    if (!notice.read) group.unread.push(notice.id)
  }
  return [...found.values()]
}
