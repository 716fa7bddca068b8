/** Lines that the desk keeps for a ticket: those that may still be taken back, and those for another time. */
import { reactive } from 'vue'

import { api, ApiError } from '@/shared/api/client'
import type { Message, ScheduledLine, ScheduledPage } from '@/shared/api/types'

import { useDesk } from '../stores/desk'

/** A kept line, and by this machine's clock when it goes: the desk's may show another time. */
export interface Kept extends ScheduledLine {
  readonly goes: number
}

interface Of {
  lines: Kept[]
  times: ScheduledPage['times']
  /** Seconds for which a line that was sent can be taken back; 0 until the desk has said so. */
  unsendWithin: number
}

const of = reactive<Record<number, Of>>({})
/** After its time a line is gone, or it was not sent; the desk needs a moment. */
const LOOK_AFTER = 700

/** Counts what happened here: an answer that was asked for before is old news. */
let turn = 0

function entry(number: number): Of {
  return (of[number] ??= { lines: [], times: [], unsendWithin: 0 })
}

function kept(line: ScheduledLine, span: number): Kept {
  return { ...line, goes: Date.now() + span }
}

/** What `POST …/messages` answered with instead of the line itself. */
export function keptBack(line: ScheduledLine): void {
  const span = Date.parse(line.send_at) - Date.parse(line.created_at)
  const here = entry(line.ticket)
  turn++
  here.lines = [...here.lines.filter((one) => one.id !== line.id), kept(line, span)]
  if (line.undo) setTimeout(() => void load(line.ticket), span + LOOK_AFTER)
}

async function load(number: number): Promise<void> {
  const asked = ++turn
  try {
    const page = await api.get<Partial<ScheduledPage>>(`/tickets/${number}/scheduled`)
    if (asked !== turn) return
    const before = new Map(entry(number).lines.map((line) => [line.id, line]))
    const lines = (page.items ?? []).map((line) => ({ ...line, goes: before.get(line.id)?.goes ?? Date.parse(line.send_at) }))
    of[number] = { lines, times: page.times ?? [], unsendWithin: page.unsend_within ?? 0 }
    // One whose time is over by our clock and not by the desk's: another look.
    if (lines.some((line) => line.undo && line.goes <= Date.now())) setTimeout(() => void load(number), LOOK_AFTER)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
  }
}

function drop(line: ScheduledLine): void {
  const here = entry(line.ticket)
  turn++
  here.lines = here.lines.filter((one) => one.id !== line.id)
}

const path = (line: ScheduledLine): string => `/tickets/${line.ticket}/scheduled/${line.id}`

/** Takes a line back before it is sent, and gives it as the desk had it: another tab may have changed it. Raises
 * ApiError `already-sent` where it was too late. */
async function cancel(line: ScheduledLine): Promise<ScheduledLine> {
  try {
    return await api.remove<ScheduledLine>(path(line))
  } finally {
    drop(line)
  }
}

async function sendNow(line: ScheduledLine): Promise<void> {
  const message = await api.post<Message>(`${path(line)}/send`)
  drop(line)
  useDesk().dispatch({ type: 'line-posted', message })
}

async function move(line: ScheduledLine, sendAt: string, unlessAnswered: boolean): Promise<void> {
  await api.patch<ScheduledLine>(path(line), { send_at: sendAt, unless_answered: unlessAnswered })
  await load(line.ticket)
}

export function useLater(number: number) {
  return { load: () => load(number), lines: () => entry(number).lines, times: () => entry(number).times, unsendWithin: () => entry(number).unsendWithin * 1_000, cancel, sendNow, move }
}
