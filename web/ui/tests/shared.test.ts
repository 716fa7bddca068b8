import { describe, expect, it } from 'vitest'

import { happened, lostTo } from '@/console/names'
import { address } from '@/shared/api/client'
import { backOff, socketAddress } from '@/shared/api/live'
import { deviceName } from '@/shared/device'
import { pieces } from '@/shared/links'
import { maybeSignedIn } from '@/shared/signed'
import { ago, daysBefore, fileSize, span, ticketNumber } from '@/shared/time'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe('times', () => {
  it.each([
    [30_000, 'time.span.m', { n: 1 }],
    [-7 * MINUTE, 'time.span.m', { n: 7 }],
    [2 * HOUR + 5 * MINUTE, 'time.span.hm', { h: 2, m: 5 }],
    [3 * DAY + 4 * HOUR, 'time.span.dh', { d: 3, h: 4 }],
  ])('%i ms is %s', (length, key, params) => {
    expect(span(length)).toEqual({ key, params })
  })

  it.each([
    [0, { key: 'time.now' }],
    [-5_000, { key: 'time.now' }],
    [5 * MINUTE, { key: 'time.ago.m', params: { n: 5 } }],
    [26 * HOUR, { key: 'time.ago.d', params: { n: 1 } }],
    [8 * DAY, null],
  ])('%i ms ago', (past, expected) => {
    expect(ago(1_000_000_000_000 - past, 1_000_000_000_000)).toEqual(expected)
  })

  it('days go by the calendar, not by 24 hours', () => {
    const late = new Date(2026, 10, 21, 23, 59).getTime()
    const early = new Date(2026, 10, 22, 0, 1).getTime()
    expect(daysBefore(late, early)).toBe(1)
    expect(daysBefore(early, early)).toBe(0)
  })
})

it.each([
  [7, '#00007'],
  [234, '#00234'],
  [1234567, '#1234567'],
])('ticket %i is %s', (number, text) => {
  expect(ticketNumber(number)).toBe(text)
})

it.each([
  [999, '999 B'],
  [88_211, '88 kB'],
  [2_500_000, '2.5 MB'],
])('%i bytes', (bytes, text) => {
  expect(fileSize(bytes)).toBe(text)
})

describe('addresses in a text', () => {
  it.each([
    ['沒有網址', [['沒有網址', false]]],
    ['見 https://a.example/x。謝謝', [['見 ', false], ['https://a.example/x', true], ['。謝謝', false]]],
    ['(http://a.example/x).', [['(', false], ['http://a.example/x', true], [').', false]]],
    ['https://a.example/退貨', [['https://a.example/', true], ['退貨', false]]],
    ['javascript:alert(1)', [['javascript:alert(1)', false]]],
    ['<a href="https://a.example">', [['<a href="', false], ['https://a.example', true], ['">', false]]],
    ['https://', [['https://', false]]],
  ])('%s', (text, expected) => {
    expect(pieces(text).map((piece) => [piece.text, piece.href !== null])).toEqual(expected)
    expect(pieces(text).map((piece) => piece.text).join('')).toBe(text)
  })
})

describe('coming back', () => {
  it('waits longer each time, never beyond 15 s, never the same for all', () => {
    expect(backOff(0, 0)).toBe(250)
    expect(backOff(0, 1)).toBe(500)
    expect(backOff(3, 0)).toBe(2_000)
    expect(backOff(50, 1)).toBe(15_000)
    expect(backOff(50, 0)).toBe(7_500)
  })

  it('speaks the safe protocol where the page does', () => {
    expect(socketAddress('https://desk.example', '/ws/chat')).toBe('wss://desk.example/ws/chat')
    expect(socketAddress('http://127.0.0.1:8080', '/ws/agent')).toBe('ws://127.0.0.1:8080/ws/agent')
  })
})

it('queries leave out what is empty and quote the rest', () => {
  expect(address('/tickets', { view: 'mine', q: '#1 & 退', cursor: null, limit: 50 })).toBe(
    '/api/v1/tickets?view=mine&q=%231+%26+%E9%80%80&limit=50',
  )
})

describe('devices', () => {
  it.each([
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36 Edg/153.0.0.0', 'Edge · Windows'],
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36', 'Chrome · Linux'],
    ['Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Mobile Safari/537.36', 'Chrome · Android'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1', 'Safari · iPhone'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox · Mac'],
    ['python-httpx/0.28.1', 'python-httpx/0.28.1'],
    ['', ''],
  ])('%s', (agent, name) => {
    expect(deviceName(agent)).toBe(name)
  })
})

describe('whether somebody may be signed in', () => {
  it.each([
    ['desk_here=1', true],
    ['a=b; desk_here=1; c=d', true],
    ['', false],
    ['desk_here=', false],
    ['not_desk_here=1', false],
    ['a=desk_here=1', false],
  ])('%j → %s', (cookies, there) => {
    expect(maybeSignedIn(cookies)).toBe(there)
  })
})

describe('what happened, in words', () => {
  it.each([
    ['ticket.created', '工單建立'],
    ['chat.waiting after 1m', '等候客服 · 1m'],
    ['every day at 09:00 for each ticket', '定時 · every day at 09:00'],
  ])('%s → %s', (event, words) => {
    expect(happened(event)).toBe(words)
  })

  it('a rule that lost says to whom', () => {
    const lost = (kind: string, winner: string | null, target: string | null) => ({ kind, winner, target, text: null })
    const said = (...reasons: ReturnType<typeof lost>[]) => lostTo({ reasons, why: 'the sentence' })
    expect(said(lost('stage', 'vip', 'route'))).toBe('階段 route 只執行一條規則，vip 排在前面')
    expect(said(lost('priority', 'a', 'ticket.team'), lost('name', 'b', 'reply'))).toBe(
      'ticket.team 由優先級更高的 a 決定、reply 由名稱排在前面的 b 決定',
    )
  })

  it.each(['text', 'closed', 'something new'])('a rule that lost otherwise (%s) says what the server says', (kind) => {
    expect(lostTo({ reasons: [{ kind, winner: null, target: null, text: null }], why: 'the sentence' })).toBe('the sentence')
  })
})
