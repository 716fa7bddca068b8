import { describe, expect, it } from 'vitest'

import { isUnread, urgent } from '@/console/list'
import type { Ticket } from '@/shared/api/types'

const sla = (status: string, due_at: string | null) => ({ target: 'resolve', status, due_at })
const ticket = (values: object): Ticket => ({ category: 'open', unread: 0, sla: [], ...values }) as unknown as Ticket

describe('one law for what is bold and what is red', () => {
  it('is bold where a member waits to be read, and never when it is closed', () => {
    expect([isUnread(ticket({ unread: 2 })), isUnread(ticket({ unread: 0 })), isUnread(ticket({ unread: 2, category: 'closed' }))]).toEqual([true, false, false])
  })

  it('is red for a late target that runs: not of a closed case, not while it pauses', () => {
    const late = sla('breached', '2026-01-01T00:00:00.000Z')
    expect(urgent(ticket({ sla: [late] }))).toEqual(late)
    expect(urgent(ticket({ category: 'closed', sla: [late] }))).toBeNull()
    expect(urgent(ticket({ category: 'pending', sla: [sla('breached', null)] }))).toBeNull()
  })
})
