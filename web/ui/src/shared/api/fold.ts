/**
 * The console's picture of the desk, and the one function that changes it: (state, event) → state.
 *
 * No clock, no network: what the pictures and the events say is all there is, so a state folded from events can be
 * compared with one fetched afresh. What cannot be known from an event is named in `missing` (tickets to fetch) and
 * `stale` (lists whose members only the desk can tell).
 */
import type { DraftPlace, Frame, Message, Notice, Status, Ticket, TicketFrame, Visibility } from './types'

export interface DeskState {
  /** The newest event seen. */
  readonly seq: number
  readonly tickets: Readonly<Record<number, Ticket>>
  /** Whole conversations, of the tickets that were opened. */
  readonly lines: Readonly<Record<number, readonly Message[]>>
  /** Own drafts: of each ticket the revision of each visibility's. */
  readonly drafts: Readonly<Record<number, Readonly<Partial<Record<Visibility, number>>>>>
  /** Grows with each word that something waits to be sent at a ticket, or waits no more. */
  readonly laterNews: Readonly<Record<number, number>>
  readonly typing: Readonly<Record<number, string>>
  /** Of each ticket, until when it was read here: an answer that was under way meanwhile does not make it unread. */
  readonly readUntil: Readonly<Record<number, number>>
  /** Newest first. */
  readonly notices: readonly Notice[]
  readonly presence: Readonly<Record<string, { status: Status; load?: number }>>
  /** How many wait in the queue; null until told. */
  readonly waiting: number | null
  /** Grows with each word that the rulebook changed or failed to load. */
  readonly rulesNews: number
  readonly missing: readonly number[]
  readonly stale: boolean
}

export type Local =
  | { type: 'tickets-loaded'; tickets: readonly Ticket[] }
  | { type: 'lines-loaded'; number: number; lines: readonly Message[] }
  | { type: 'lines-forgotten'; number: number }
  | { type: 'line-posted'; message: Message }
  | { type: 'drafts-loaded'; places: readonly DraftPlace[] }
  | { type: 'notices-loaded'; notices: readonly Notice[] }
  | { type: 'notices-read'; ids: ReadonlySet<number> }
  | { type: 'read'; number: number }
  | { type: 'typing-over'; number: number }
  | { type: 'missing-asked'; numbers: readonly number[] }
  | { type: 'lists-asked' }

export type DeskEvent = Frame | Local

export const EMPTY: DeskState = {
  seq: 0,
  tickets: {},
  lines: {},
  drafts: {},
  laterNews: {},
  typing: {},
  readUntil: {},
  notices: [],
  presence: {},
  waiting: null,
  rulesNews: 0,
  missing: [],
  stale: false,
}

export function fold(state: DeskState, event: DeskEvent): DeskState {
  switch (event.type) {
    case 'welcome':
      // What happened before the first connection was fetched; what came since is sent again by the desk itself.
      return { ...state, seq: Math.max(state.seq, state.seq === 0 ? event.seq : 0) }
    case 'message':
    case 'ack':
      if (event.type === 'message' && event.seq <= state.seq) return state
      return said(seen(state, event.seq), event.message)
    case 'unsent':
      if (event.seq <= state.seq) return state
      return takenBack(seen(state, event.seq), event.message)
    case 'draft':
      return { ...state, drafts: withDraft(state.drafts, event.ticket, event.visibility, event.revision) }
    case 'later':
      return laterNews(state, event.ticket)
    case 'drafts-loaded':
      return { ...state, drafts: event.places.reduce<DeskState['drafts']>((so, one) => withDraft(so, one.ticket, one.visibility, one.revision), {}) }
    case 'ticket':
      if (event.seq <= state.seq) return state
      return told(changed(seen(state, event.seq), event.number, event.changes), event)
    case 'notice':
      if (event.seq <= state.seq || state.notices.some((notice) => notice.id === event.notice.id)) return state
      return { ...seen(state, event.seq), notices: [event.notice, ...state.notices] }
    case 'rules':
      return { ...seen(state, event.seq ?? 0), rulesNews: state.rulesNews + 1 }
    case 'job':
      return seen(state, event.seq)
    case 'ended':
    case 'resumed':
    case 'rating_requested':
      return { ...seen(state, event.seq), stale: true }
    case 'typing':
      return event.ticket ? { ...state, typing: { ...state.typing, [event.ticket]: event.author.name } } : state
    case 'presence': {
      const { username, ...now } = event.agent
      const presence = { ...state.presence, [username]: { ...state.presence[username], ...now } }
      return { ...seen(state, event.seq), presence }
    }
    case 'queue':
      return { ...state, waiting: event.waiting ?? state.waiting, stale: true }
    case 'pong':
    case 'error':
      return state
    case 'tickets-loaded':
      return loaded(state, event.tickets)
    case 'lines-loaded':
      return { ...state, lines: { ...state.lines, [event.number]: merge(state.lines[event.number] ?? [], event.lines) } }
    case 'lines-forgotten':
      return { ...state, lines: { ...state.lines, [event.number]: [] } }
    case 'line-posted':
      return said(state, event.message)
    case 'notices-loaded':
      return { ...state, notices: newestFirst(event.notices, state.notices) }
    case 'notices-read':
      return { ...state, notices: state.notices.map((notice) => (event.ids.has(notice.id) ? { ...notice, read: true } : notice)) }
    case 'read':
      return read(state, event.number)
    case 'typing-over':
      return silent(state, event.number)
    case 'missing-asked':
      return { ...state, missing: state.missing.filter((number) => !event.numbers.includes(number)) }
    case 'lists-asked':
      return { ...state, stale: false }
  }
}

const seen = (state: DeskState, seq: number): DeskState => (seq > state.seq ? { ...state, seq } : state)

const at = (time: string): number => Date.parse(time)

/** By id, each once, in the order in which they were said. */
export function merge(lines: readonly Message[], more: readonly Message[]): readonly Message[] {
  const byId = new Map(lines.map((line) => [line.id, line]))
  for (const line of more) byId.set(line.id, line)
  return [...byId.values()].sort((a, b) => a.id - b.id)
}

function said(state: DeskState, message: Message): DeskState {
  const number = message.ticket
  if (number === null) return state
  const known = state.lines[number]
  const next = {
    ...silent(state, number),
    lines: known ? { ...state.lines, [number]: merge(known, [message]) } : state.lines,
    stale: true,
  }
  const ticket = state.tickets[number]
  if (!ticket) return { ...next, missing: withNumber(state.missing, number) }
  // A ticket fetched after this was said counts it already.
  if (ticket.last_line && at(ticket.last_line.at) >= at(message.created_at)) return next
  const line = {
    author_kind: message.author.kind,
    name: message.author.name,
    text: message.text,
    at: message.created_at,
  }
  const unread = (ticket.unread ?? 0) + (message.author.kind === 'member' ? 1 : 0)
  return { ...next, tickets: { ...state.tickets, [number]: { ...ticket, last_line: line, unread } } }
}

/** The line stays at its place; staff goes on reading it. */
function takenBack(state: DeskState, message: Message): DeskState {
  const number = message.ticket
  const known = number === null ? undefined : state.lines[number]
  if (number === null || !known) return { ...state, stale: true }
  return { ...state, lines: { ...state.lines, [number]: merge(known, [message]) }, stale: true }
}

function withDraft(drafts: DeskState['drafts'], number: number, visibility: Visibility, revision: number | null): DeskState['drafts'] {
  const others = Object.entries(drafts[number] ?? {}).filter(([one]) => one !== visibility)
  return { ...drafts, [number]: Object.fromEntries(revision === null ? others : [...others, [visibility, revision]]) }
}

function changed(state: DeskState, number: number, changes: Partial<Ticket>): DeskState {
  const ticket = state.tickets[number]
  if (!ticket) return { ...state, missing: withNumber(state.missing, number), stale: true }
  return { ...state, tickets: { ...state.tickets, [number]: { ...ticket, ...changes } }, stale: true }
}

const lastSaid = (ticket: Ticket): number => at(ticket.last_line?.at ?? ticket.created_at)

function read(state: DeskState, number: number): DeskState {
  const ticket = state.tickets[number]
  if (!ticket) return state
  const readUntil = { ...state.readUntil, [number]: lastSaid(ticket) }
  return { ...state, readUntil, tickets: { ...state.tickets, [number]: { ...ticket, unread: 0 } } }
}

/** Of what waits to be sent something came, changed or went. */
function laterNews(state: DeskState, number: number): DeskState {
  return { ...state, laterNews: { ...state.laterNews, [number]: (state.laterNews[number] ?? 0) + 1 } }
}

/** Something happened that no field tells. */
function told(state: DeskState, frame: TicketFrame): DeskState {
  if (frame.event?.startsWith('message.')) return laterNews(state, frame.number)
  if (frame.event === undefined && Object.keys(frame.changes).length > 0) return state
  return { ...state, missing: withNumber(state.missing, frame.number) }
}

function loaded(state: DeskState, tickets: readonly Ticket[]): DeskState {
  const next: Record<number, Ticket> = { ...state.tickets }
  const numbers = new Set<number>()
  for (const ticket of tickets) {
    const known = next[ticket.number]
    numbers.add(ticket.number)
    // An answer that was under way while a newer change came in over the socket is old news.
    const fresh = known && known.version > ticket.version ? known : { ...known, ...ticket }
    const until = state.readUntil[ticket.number]
    next[ticket.number] = until !== undefined && lastSaid(fresh) <= until ? { ...fresh, unread: 0 } : fresh
  }
  return { ...state, tickets: next, missing: state.missing.filter((number) => !numbers.has(number)) }
}

function silent(state: DeskState, number: number): DeskState {
  if (!(number in state.typing)) return state
  return { ...state, typing: Object.fromEntries(Object.entries(state.typing).filter(([key]) => Number(key) !== number)) }
}

const withNumber = (numbers: readonly number[], number: number): readonly number[] =>
  numbers.includes(number) ? numbers : [...numbers, number]

function newestFirst(...groups: (readonly Notice[])[]): readonly Notice[] {
  const byId = new Map(groups.flat().map((notice) => [notice.id, notice]))
  return [...byId.values()].sort((a, b) => b.id - a.id)
}
