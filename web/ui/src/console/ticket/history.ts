/** What people and rules did with a case, as the lines that stand between those of the conversation. */
import type { Schemas } from '@/shared/api/types'

export type HistoryItem = Schemas['HistoryItem']

/** Of a rating its words stand in the conversation already; a case that its member opened begins with his line. */
const SHOWN_ELSEWHERE = new Set(['rating.received'])

/** Oldest first, without what the conversation shows itself. */
export function between(items: readonly HistoryItem[]): HistoryItem[] {
  return items
    .filter((item) => !SHOWN_ELSEWHERE.has(item.kind) && !(item.kind === 'ticket.created' && item.actor?.kind !== 'agent' && item.rule === null))
    .sort((a, b) => a.seq - b.seq)
}

/**
 * By line, what was done since the line before it; under null what was done since the last one. What is older than the
 * first line that is shown is left out, as older lines are not there either.
 */
export function placed(items: readonly HistoryItem[], lines: readonly { id: number; created_at: string }[]): Map<number | null, HistoryItem[]> {
  const found = new Map<number | null, HistoryItem[]>()
  const first = lines[0]
  let rest = between(items).filter((item) => first === undefined || item.at >= first.created_at)
  for (const line of lines) {
    const later = rest.findIndex((item) => item.at >= line.created_at)
    const before = later < 0 ? rest : rest.slice(0, later)
    if (before.length > 0) found.set(line.id, before)
    rest = later < 0 ? [] : rest.slice(later)
  }
  if (rest.length > 0) found.set(null, rest)
  return found
}
