/**
 * Lines sent from here that the desk has not confirmed: shown at once, never twice, each ticket's in the order written.
 *
 * Without a connection they wait and go by themselves when it is back. What the desk refuses stays with its reason, and
 * what was written after it goes on. Kept in the tab by person, so that a reload loses nothing.
 */
import { ref, watch } from 'vue'

import { api, ApiError } from '@/shared/api/client'
import type { Message, ScheduledLine } from '@/shared/api/types'

import { reason, useNames } from '../names'
import { useDesk } from '../stores/desk'
import { useSession } from '../stores/session'
import type { Written } from './drafts'
import { keptBack } from './later'
import { tellUntold } from './people'

export interface PendingLine extends Written {
  /** Also the Idempotency-Key: sending again is the same line. */
  readonly id: string
  readonly number: number
  /** Why the desk refused it. */
  problem: string | null
  /** Cut off from the desk: it goes when the connection is back. */
  held: boolean
}

/** No answer, or one from a desk that is away for a moment. */
const AWAY = new Set([0, 502, 503, 504])
const HELD_FOR = 5_000

const lines = ref<PendingLine[]>([])
const busy = new Set<number>()
let owner: string | null = null
let again: ReturnType<typeof setTimeout> | undefined

const kept = (username: string): string => `yingda.pending.${username}`

/** Takes over what this person left waiting, once; called when he is at the desk. */
function own(username: string): void {
  if (owner === username) return
  owner = username
  lines.value = restore(username)
}

function restore(username: string): PendingLine[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(kept(username)) ?? '[]')
    return Array.isArray(found) ? (found as PendingLine[]).map((line) => ({ ...line, held: line.problem === null })) : []
  } catch {
    return []
  }
}

function keep(): void {
  if (owner === null) return
  try {
    if (lines.value.length === 0) sessionStorage.removeItem(kept(owner))
    else sessionStorage.setItem(kept(owner), JSON.stringify(lines.value))
  } catch {
    // The tab's store is full: they live as long as the page.
  }
}
watch(lines, keep, { deep: true, flush: 'sync' })

function drop(id: string): void {
  lines.value = lines.value.filter((one) => one.id !== id)
}

/** Sends what waits at a ticket, one after the other, until it is cut off. */
async function work(number: number): Promise<void> {
  if (busy.has(number)) return
  busy.add(number)
  try {
    for (let line = next(number); line; line = next(number)) {
      line.held = false
      if (!(await deliver(line))) break
    }
  } finally {
    busy.delete(number)
  }
}

const next = (number: number): PendingLine | undefined => lines.value.find((line) => line.number === number && line.problem === null)

/** False when there is no desk to send to. */
async function deliver(line: PendingLine): Promise<boolean> {
  const by = owner
  try {
    const later = line.sendAt ? { send_at: line.sendAt, unless_answered: line.unlessAnswered ?? false } : { undo: true }
    const body = { text: line.text, visibility: line.visibility, attachments: line.attachments.map((file) => file.id), ...(line.draft ? { draft: line.draft } : {}), ...later }
    const answer = await api.post<Message | ScheduledLine>(`/tickets/${line.number}/messages`, body, line.id)
    if ('send_at' in answer) keptBack(answer)
    else {
      useDesk().dispatch({ type: 'line-posted', message: answer })
      tellUntold(answer, useNames().agent)
    }
    drop(line.id)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const here = lines.value.find((one) => one.id === line.id)
    if (by !== owner || !here) return false
    // Signed out meanwhile: the line waits for the next signing in.
    if (error.status === 401 || AWAY.has(error.status)) {
      here.held = true
      clearTimeout(again)
      if (error.status !== 401) again = setTimeout(flush, HELD_FOR)
      return false
    }
    here.problem = reason(error)
  }
  return true
}

/** Everything that was held goes on its way. */
function flush(): void {
  for (const number of new Set(lines.value.map((line) => line.number))) void work(number)
}

let watching = false

/** From now on, each connection of the person who is signed in sends what was held. */
export function sendWhenConnected(): void {
  if (watching) return
  watching = true
  const session = useSession()
  const desk = useDesk()
  watch(
    () => [session.user?.username, desk.connection] as const,
    ([username, connection]) => {
      if (!username) return
      own(username)
      if (connection === 'open') flush()
    },
    { immediate: true },
  )
}

export function usePending(number: number) {
  own(useSession().user?.username ?? '')
  sendWhenConnected()

  function send(written: Written): void {
    lines.value.push({ ...written, id: crypto.randomUUID(), number, problem: null, held: false })
    void work(number)
  }

  function retry(id: string): void {
    const line = lines.value.find((one) => one.id === id)
    if (!line) return
    line.problem = null
    void work(number)
  }

  const mine = (): PendingLine[] => lines.value.filter((line) => line.number === number)
  return { mine, send, again: retry, discard: drop }
}
