import { describe, expect, it } from 'vitest'

import { entries, type WorkRecord } from '@/features/records/api'
import { asField, asTime, urgency } from '@/features/tasks/due'

const record = (id: number, more: Partial<WorkRecord> = {}): WorkRecord => ({
  id, kind: 'handling', text: String(id), review: null, minutes: 0, at: `2026-11-30T10:0${id}:00.000Z`, created_at: '2026-11-30T10:00:00.000Z',
  agent: { username: 'amy', name: 'Amy' }, attachments: [], corrects: null, reason: null, corrected_by: null, erased: false, ...more,
})

describe('the work log', () => {
  it('shows the newest first, each as it stands, what it said before with it', () => {
    const found = entries([record(1, { corrected_by: 3 }), record(2), record(3, { corrects: 1, corrected_by: 4, at: record(1).at }), record(4, { corrects: 3, at: record(1).at })])
    expect(found.map(({ now, before }) => [now.id, before.map((one) => one.id)])).toEqual([[2, []], [4, [3, 1]]])
  })
})

describe('when a task is due', () => {
  const now = Date.parse('2026-11-30T10:00:00Z')
  it('is late once its time has come and near within a day', () => {
    expect(['2026-11-30T10:00:00Z', '2026-11-30T10:00:01Z', '2026-12-01T09:59:59Z', '2026-12-01T10:00:00Z'].map((due) => urgency(due, now))).toEqual(['late', 'near', 'near', 'calm'])
  })
  it('goes into a field and comes back as it was', () => {
    expect(asTime(asField('2026-11-30T10:05:00.000Z'))).toBe('2026-11-30T10:05:00.000Z')
    expect([asField(null), asTime('')]).toEqual(['', null])
  })
})
