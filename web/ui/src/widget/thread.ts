/**
 * What a visitor's conversation is, and how each frame changes it: pure, so that every order of things can be tested.
 *
 * The promise: a line written here is in the conversation once. It stays in `pending` until the desk acknowledges it
 * and is sent again after each welcome under the same id, which the desk stores once however often it comes.
 */
import type { Attachment, Frame, Message } from '@/shared/api/types'

export interface Pending {
  /** The client's own id: the same for every attempt. */
  readonly id: string
  readonly text: string
  readonly files: readonly Attachment[]
  /** When it was written, in milliseconds. */
  readonly at: number
  /** The code with which the desk refused it; null while there is hope. */
  readonly problem: string | null
  /** The line that came back without its acknowledgement and must be this one: shown instead of it. */
  readonly shadow: number | null
}

/** Where a waiting chat stands; `wait`: from how many to how many minutes, where that can be told. */
export interface Place {
  readonly position: number
  readonly here: boolean
  readonly wait: readonly [number, number] | null
}

export interface Thread {
  /** The newest event seen; 0 asks for the history. */
  readonly seq: number
  readonly ticket: number | null
  readonly visitor: string | null
  readonly lines: readonly Message[]
  readonly pending: readonly Pending[]
  readonly queue: Place | null
  /** Who is typing on the other side. */
  readonly typing: string | null
  readonly rating: 'none' | 'asked' | 'given'
  readonly ended: boolean
}

export const NEW: Thread = {
  seq: 0,
  ticket: null,
  visitor: null,
  lines: [],
  pending: [],
  queue: null,
  typing: null,
  rating: 'none',
  ended: false,
}

export function compose(thread: Thread, id: string, text: string, files: readonly Attachment[], at: number): Thread {
  if (thread.pending.some((one) => one.id === id)) return thread
  const line: Pending = { id, text, files, at, problem: null, shadow: null }
  const rating = thread.ended ? 'none' : thread.rating
  return { ...thread, pending: [...thread.pending, line], ended: false, rating }
}

export const discard = (thread: Thread, id: string): Thread => ({
  ...thread,
  pending: thread.pending.filter((one) => one.id !== id),
})

/** A refused line is to be tried once more. */
export const again = (thread: Thread, id: string): Thread => ({
  ...thread,
  pending: thread.pending.map((one) => (one.id === id ? { ...one, problem: null } : one)),
})

export const rated = (thread: Thread): Thread => ({ ...thread, rating: 'given' })
export const notRated = (thread: Thread): Thread => ({ ...thread, rating: 'none' })
export const typingOver = (thread: Thread): Thread => (thread.typing === null ? thread : { ...thread, typing: null })

/** What has to be sent after a welcome, in the order in which it was written. */
export function outstanding(thread: Thread): object[] {
  return thread.pending.filter((one) => one.problem === null).map(asFrame)
}

export const asFrame = (line: Pending): object => ({
  type: 'message',
  id: line.id,
  text: line.text,
  attachments: line.files.map((file) => file.id),
})

/** A code that only says "not now". */
export const isPassing = (code: string): boolean => code === 'too-fast' || code === 'internal-error'

export function receive(thread: Thread, frame: Frame): Thread {
  switch (frame.type) {
    case 'welcome': {
      // The first welcome stands for all before it; after a break the missed frames follow one by one.
      const seq = thread.seq === 0 ? frame.seq : thread.seq
      const ticket = frame.ticket ?? null
      const next: Thread = { ...thread, seq, ticket, visitor: frame.visitor ?? thread.visitor, typing: null, queue: null }
      const { earlier } = frame
      // Who comes back finds what was said while he was away. What this page has seen end stands there already.
      if (ticket === null && earlier && thread.lines.length === 0) {
        const shown: Thread = { ...next, ended: thread.pending.length === 0, rating: earlier.rating }
        return earlier.history.reduce<Thread>((so, line) => add(so, line), shown)
      }
      const begun: Thread = ticket === null ? next : { ...next, ended: false }
      return (frame.history ?? []).reduce<Thread>((so, line) => add(so, line), begun)
    }
    case 'ack': {
      const seen = { ...thread, seq: Math.max(thread.seq, frame.seq), ticket: frame.message.ticket ?? thread.ticket }
      return discard(add({ ...seen, ended: false }, frame.message, true), frame.id)
    }
    case 'message': {
      const { message } = frame
      // What the desk still says after the end opens nothing again.
      const ticket = thread.ended && message.author.kind !== 'member' ? thread.ticket : (message.ticket ?? thread.ticket)
      const next = { ...thread, seq: Math.max(thread.seq, frame.seq), ticket }
      if (message.author.kind === 'member') return add({ ...next, ended: false }, message)
      const served = message.author.kind === 'agent' || message.author.kind === 'desk'
      return add({ ...next, typing: null, queue: served ? null : next.queue }, message)
    }
    case 'unsent': {
      if (frame.seq <= thread.seq) return thread
      const { message } = frame
      return { ...thread, seq: frame.seq, lines: thread.lines.map((line) => (line.ticket !== null && line.id === message.id ? message : line)) }
    }
    case 'queue':
      return { ...thread, queue: frame.position ? { position: frame.position, here: frame.here ?? true, wait: minutes(frame.wait) } : null }
    case 'typing':
      return frame.author.kind === 'member' ? thread : { ...thread, typing: frame.author.name }
    case 'rating_requested':
      return frame.seq <= thread.seq ? thread : { ...thread, seq: frame.seq, rating: 'asked' }
    case 'ended':
      if (frame.seq <= thread.seq) return thread
      return { ...thread, seq: frame.seq, ticket: null, ended: true, queue: null, typing: null }
    case 'resumed':
      if (frame.seq <= thread.seq) return thread
      return { ...thread, seq: frame.seq, ticket: frame.ticket ?? null, ended: false, rating: thread.rating === 'asked' ? 'none' : thread.rating }
    case 'ticket':
      return frame.seq <= thread.seq ? thread : { ...thread, seq: frame.seq }
    case 'error':
      if (frame.code === 'already-rated' || frame.code === 'nothing-to-rate') return { ...thread, rating: 'none' }
      // A line the desk could not even read has no id in the answer: it was the first of those that wait.
      if (frame.id === undefined && frame.code !== 'unreadable') return thread
      return refused(thread, frame.id ?? thread.pending.find((one) => one.problem === null)?.id ?? '', frame.code)
    default:
      return thread
  }
}

function refused(thread: Thread, id: string, code: string): Thread {
  if (isPassing(code)) return thread
  return { ...thread, pending: thread.pending.map((one) => (one.id === id ? { ...one, problem: code } : one)) }
}

const time = (message: Message): number => Date.parse(message.created_at)

/** Lines shown before there is a ticket have no place of their own: their words are what they are known by. */
const same = (a: Message, b: Message): boolean =>
  a.ticket === null || b.ticket === null ? a.author.kind === b.author.kind && a.text === b.text : a.id === b.id

function add(thread: Thread, message: Message, acknowledged = false): Thread {
  const known = thread.lines.findIndex((line) => same(line, message))
  if (known >= 0) {
    // A greeting that has become a line of the ticket takes its place in it.
    const line = thread.lines[known]
    if (line !== undefined && message.unsent && !line.unsent) return { ...thread, lines: thread.lines.map((one) => (one === line ? message : one)) }
    if (line === undefined || line.ticket !== null || message.ticket === null) return thread
    return { ...thread, lines: sorted([...thread.lines.filter((one) => one !== line), message]) }
  }
  const lines = sorted([...thread.lines, message])
  return acknowledged || message.author.kind !== 'member'
    ? { ...thread, lines }
    : { ...thread, lines, pending: shadowed(thread.pending, message) }
}

const sorted = (lines: Message[]): Message[] =>
  lines.sort((a, b) => (a.ticket !== null && b.ticket !== null ? a.id - b.id : time(a) - time(b)))

/** A line of ours that came back while it waits for its acknowledgement is not to be seen twice. */
function shadowed(pending: readonly Pending[], message: Message): readonly Pending[] {
  const place = pending.findIndex(
    (one) => one.shadow === null && one.text === message.text && one.files.length === message.attachments.length,
  )
  return pending.map((one, index) => (index === place ? { ...one, shadow: message.id } : one))
}

/** Those that are to be seen below the lines. */
export const unsent = (thread: Thread): readonly Pending[] => thread.pending.filter((one) => one.shadow === null)

/** Lines from the other side newer than what was read; greetings do not count. */
export const unread = (thread: Thread, readTo: number): number =>
  thread.lines.filter((line) => line.ticket !== null && line.author.kind !== 'member' && line.author.kind !== 'system' && line.id > readTo).length

export const newest = (thread: Thread): number => thread.lines.reduce((id, line) => (line.ticket === null ? id : Math.max(id, line.id)), 0)

/** The last line of a chat that has ended: what is shown below it is of the next one. */
export const lastOfEnded = (thread: Thread): Message | undefined => (thread.ended ? thread.lines.filter((line) => line.ticket !== null).at(-1) : undefined)

/** Who serves: the last person who wrote in this chat. */
export function servedBy(thread: Thread): string | null {
  for (let place = thread.lines.length - 1; place >= 0; place--) {
    const line = thread.lines[place]
    if (line?.author.kind === 'agent' && line.ticket === thread.ticket) return line.author.name
  }
  return null
}

function minutes(wait: readonly unknown[] | null | undefined): readonly [number, number] | null {
  return wait?.length === 2 ? [Number(wait[0]), Number(wait[1])] : null
}

/** What is told of the place in the line: nothing beside a whole answer of the library while nobody is here to add to it. */
export function placeWords(thread: Thread, say: (key: 'chat.nobody' | 'chat.queue' | 'chat.queueNext' | 'chat.wait' | 'chat.waitRange', values?: Record<string, number>) => string): string {
  const place = thread.queue
  if (!place || thread.ended) return ''
  if (!place.here) return thread.lines.at(-1)?.author.kind === 'bot' ? '' : say('chat.nobody')
  const words = place.position > 1 ? say('chat.queue', { n: place.position - 1 }) : say('chat.queueNext')
  if (!place.wait) return words
  const [n, most] = place.wait
  return `${words} · ${n === most ? say('chat.wait', { n }) : say('chat.waitRange', { n, most })}`
}
