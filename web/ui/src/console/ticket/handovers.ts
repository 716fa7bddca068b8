/** Who had a case, from whom to whom: read from its events. */
import type { Schemas } from '@/shared/api/types'

type EventItem = Schemas['EventItem']

export const KINDS = 'ticket.transferred,ticket.claimed,ticket.assigned'

export interface Handover {
  seq: number
  at: string
  /** Who did it; null: a rule, or the desk itself. */
  by: string | null
  act: 'transferred' | 'claimed' | 'assigned'
  from: Place
  to: Place
  /** The note to colleagues, by its number. */
  note: number | null
}

interface Place {
  team: string | null
  agent: string | null
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const pair = (value: unknown): Place => (Array.isArray(value) ? { team: text(value[0]), agent: text(value[1]) } : { team: null, agent: null })

/** Each change of hands once: what a transfer or a claim raised besides is not told again. Newest first. */
export function handovers(events: readonly EventItem[]): Handover[] {
  const acts = new Set(events.filter((event) => event.kind !== 'ticket.assigned').map((event) => event.at))
  return events
    .filter((event) => event.kind !== 'ticket.assigned' || !acts.has(event.at))
    .map((event): Handover => {
      const { body } = event
      const old = (body['old'] ?? {}) as Record<string, unknown>
      const now: Place = { team: text(body['team']), agent: text(body['assignee']) }
      const transferred = event.kind === 'ticket.transferred'
      return {
        seq: event.seq,
        at: event.at,
        by: event.actor?.kind === 'agent' ? event.actor.name : null,
        act: transferred ? 'transferred' : event.kind === 'ticket.claimed' ? 'claimed' : 'assigned',
        from: transferred ? pair(body['from']) : { team: 'team' in old ? text(old['team']) : now.team, agent: 'assignee' in old ? text(old['assignee']) : now.agent },
        to: transferred ? pair(body['to']) : now,
        note: typeof body['message'] === 'number' ? body['message'] : null,
      }
    })
    .reverse()
}
