import { describe, expect, it } from 'vitest'

import { placed, type HistoryItem } from '@/console/ticket/history'

const at = (second: number): string => `2026-03-02T02:00:${String(second).padStart(2, '0')}.000Z`
const item = (seq: number, second: number, more: Partial<HistoryItem> = {}): HistoryItem => ({
  seq, at: at(second), kind: 'ticket.changed', actor: { kind: 'agent', name: 'Amy' }, rule: null, changes: [], body: {}, ...more,
})
const line = (id: number, second: number) => ({ id, created_at: at(second) })

describe('what was done stands between the lines', () => {
  it('before the line that came after it, and what came with a line after that line', () => {
    const found = placed([item(5, 30), item(4, 20), item(3, 10)], [line(1, 10), line(2, 20), line(3, 25)])
    expect([...found].map(([id, items]) => [id, items.map((one) => one.seq)])).toEqual([[2, [3]], [3, [4]], [null, [5]]])
  })

  it('leaves out what is older than the first line that is shown', () => {
    expect(placed([item(1, 1), item(2, 12)], [line(1, 10)]).get(null)?.map((one) => one.seq)).toEqual([2])
  })

  it('tells without any line, and not what the conversation shows itself', () => {
    const created = item(1, 1, { kind: 'ticket.created', actor: { kind: 'member', name: '' } })
    const rated = item(2, 2, { kind: 'rating.received' })
    expect(placed([created, rated, item(3, 3)], []).get(null)?.map((one) => one.seq)).toEqual([3])
  })
})
