import { describe, expect, it } from 'vitest'

import { EMPTY, fold, merge, type DeskEvent, type DeskState } from '@/shared/api/fold'
import type { Message, Ticket } from '@/shared/api/types'

const ticket = (number: number, more: Partial<Ticket> = {}): Ticket => ({
  number,
  kind: 'chat',
  shop: 'demo',
  subject: '退款',
  type: '退換貨',
  state: '對話中',
  category: 'open',
  priority: 'normal',
  team: null,
  assignee: null,
  requester: { id: 1, name: '王小明', tier: 'gold', guest: false },
  channel: 'chat',
  opened_by: 'member',
  tags: [],
  order_no: null,
  product: null,
  solution: null,
  language: 'zh-TW',
  created_at: '2026-11-22T01:00:00Z',
  updated_at: '2026-11-22T01:00:00Z',
  first_replied_at: null,
  closed_at: null,
  sla: [],
  fields: {},
  rating: null,
  merged: false,
  merged_into: null,
  version: 1,
  unread: 0,
  last_line: null,
  ...more,
})

const line = (id: number, more: Partial<Message> = {}): Message => ({
  id,
  ticket: 7,
  author: { kind: 'member', name: '王小明' },
  text: `line ${id}`,
  visibility: 'public',
  attachments: [],
  created_at: `2026-11-22T01:00:${String(id).padStart(2, '0')}.5Z`,
  automatic: false,
  ...more,
})

const welcome = (seq: number): DeskEvent => ({ type: 'welcome', seq, visitor: null, ticket: null, history: [] })
const all = (state: DeskState, ...events: DeskEvent[]): DeskState => events.reduce(fold, state)
const begun = all(EMPTY, welcome(100), { type: 'tickets-loaded', tickets: [ticket(7)] }, { type: 'lines-loaded', number: 7, lines: [line(1)] })

describe('a new line', () => {
  it('stands in its conversation and in the list, counted as unread', () => {
    const state = all(begun, { type: 'message', seq: 101, message: line(2) })
    expect(state.lines[7]?.map((one) => one.id)).toEqual([1, 2])
    expect(state.tickets[7]).toMatchObject({ unread: 1, last_line: { text: 'line 2', name: '王小明' } })
    expect(state.seq).toBe(101)
    expect(state.stale).toBe(true)
  })

  it('is the same whether it comes once, twice or by replay', () => {
    const frame: DeskEvent = { type: 'message', seq: 101, message: line(2) }
    const once = all(begun, frame)
    expect(all(begun, frame, frame)).toEqual(once)
    expect(fold(once, frame)).toBe(once)
  })

  it('is not counted again when the ticket was fetched after it was said', () => {
    const said = line(2)
    const fresh = ticket(7, { unread: 1, last_line: { author_kind: 'member', name: '王小明', text: said.text, at: said.created_at } })
    const state = all(begun, { type: 'tickets-loaded', tickets: [fresh] }, { type: 'message', seq: 101, message: said })
    expect(state.tickets[7]?.unread).toBe(1)
    expect(state.lines[7]).toHaveLength(2)
  })

  it('of ours is not unread', () => {
    const state = all(begun, { type: 'message', seq: 101, message: line(2, { author: { kind: 'agent', name: 'Amy' } }) })
    expect(state.tickets[7]?.unread).toBe(0)
  })

  it('that was posted here and comes back by the socket stands once', () => {
    const state = all(begun, { type: 'line-posted', message: line(2) }, { type: 'message', seq: 101, message: line(2) })
    expect(state.lines[7]?.map((one) => one.id)).toEqual([1, 2])
  })

  it('of a ticket we do not know makes it wanted, once', () => {
    const unknown = line(2, { ticket: 9 })
    const state = all(begun, { type: 'message', seq: 101, message: unknown }, { type: 'ticket', seq: 102, number: 9, changes: { state: '已結案' } })
    expect(state.missing).toEqual([9])
    expect(all(state, { type: 'tickets-loaded', tickets: [ticket(9)] }).missing).toEqual([])
  })

  it('ends the other side typing', () => {
    const typing = all(begun, { type: 'typing', ticket: 7, author: { kind: 'member', name: '王小明' } })
    expect(typing.typing[7]).toBe('王小明')
    expect(all(typing, { type: 'message', seq: 101, message: line(2) }).typing).toEqual({})
    expect(all(typing, { type: 'typing-over', number: 7 }).typing).toEqual({})
  })
})

describe('reading', () => {
  const unread = all(begun, { type: 'message', seq: 101, message: line(2) })

  it('clears the mark', () => {
    expect(all(unread, { type: 'read', number: 7 }).tickets[7]?.unread).toBe(0)
  })

  it('stands against a list that was asked for before', () => {
    const old = unread.tickets[7] as Ticket
    expect(all(unread, { type: 'read', number: 7 }, { type: 'tickets-loaded', tickets: [old] }).tickets[7]?.unread).toBe(0)
  })

  it('does not hide what is said afterwards', () => {
    const state = all(unread, { type: 'read', number: 7 }, { type: 'message', seq: 102, message: line(3) })
    expect(state.tickets[7]?.unread).toBe(1)
    const fetched = ticket(7, { unread: 1, version: 2, last_line: { author_kind: 'member', name: '王小明', text: 'line 3', at: line(3).created_at } })
    expect(all(state, { type: 'tickets-loaded', tickets: [fetched] }).tickets[7]?.unread).toBe(1)
  })
})

describe('state and events', () => {
  it('equal a fresh state', () => {
    const folded = all(begun, { type: 'ticket', seq: 101, number: 7, changes: { state: '已結案', category: 'closed', version: 2 } })
    const fresh = all(begun, { type: 'tickets-loaded', tickets: [ticket(7, { state: '已結案', category: 'closed', version: 2 })] })
    expect(folded.tickets).toEqual(fresh.tickets)
  })

  it('an older answer does not undo a newer event', () => {
    const state = all(
      begun,
      { type: 'ticket', seq: 101, number: 7, changes: { priority: 'high', version: 3 } },
      { type: 'tickets-loaded', tickets: [ticket(7, { version: 2 })] },
    )
    expect(state.tickets[7]?.priority).toBe('high')
  })

  it('what no field tells makes the ticket wanted again', () => {
    const state = all(begun, { type: 'ticket', seq: 101, number: 7, changes: {}, event: 'sla.breached' })
    expect(state.missing).toEqual([7])
    expect(state.tickets[7]).toEqual(begun.tickets[7])
  })

  it('a second welcome does not skip what was missed', () => {
    const state = all(begun, { type: 'message', seq: 105, message: line(2) }, welcome(140))
    expect(state.seq).toBe(105)
  })

  it('presence, queue and rules are taken', () => {
    const state = all(
      begun,
      { type: 'presence', seq: 101, agent: { username: 'amy', status: 'away', load: 2 } },
      { type: 'queue', waiting: 4 },
      { type: 'rules', digest: 'abc' },
    )
    expect(state.presence['amy']).toEqual({ status: 'away', load: 2 })
    expect(all(state, { type: 'presence', seq: 102, agent: { username: 'amy', status: 'busy' } }).presence['amy']).toEqual({ status: 'busy', load: 2 })
    expect(state.waiting).toBe(4)
    expect(state.rulesNews).toBe(1)
  })

  it('a notice is there once, the newest first', () => {
    const notice = { id: 2, at: '2026-11-22T01:00:00Z', text: 'late', texts: {}, ticket: 7, rule: null, kind: 'other' as const, read: false }
    const state = all(
      begun,
      { type: 'notices-loaded', notices: [{ ...notice, id: 1 }] },
      { type: 'notice', seq: 101, notice },
      { type: 'notice', seq: 102, notice },
    )
    expect(state.notices.map((one) => one.id)).toEqual([2, 1])
    const read = all(state, { type: 'notices-read', ids: new Set([1]) })
    expect(read.notices.map((one) => one.read)).toEqual([false, true])
  })
})

describe('merge', () => {
  it('puts lines in their order and takes the newer word of each', () => {
    const merged = merge([line(1), line(3)], [line(2), line(3, { delivery: 'sent' })])
    expect(merged.map((one) => one.id)).toEqual([1, 2, 3])
    expect(merged[2]?.delivery).toBe('sent')
  })
})
