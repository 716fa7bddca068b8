import { describe, expect, it } from 'vitest'

import { handovers } from '@/console/ticket/handovers'
import { colleagues, fits, groups } from '@/console/ticket/takers'
import type { Agent, Schemas, Team, Ticket } from '@/shared/api/types'

const event = (seq: number, kind: string, at: string, body: Record<string, unknown>, by: string | null = null): Schemas['EventItem'] => ({
  seq, kind, at, body, actor: by === null ? null : { kind: 'agent', name: by },
}) as Schemas['EventItem']

describe('流轉記錄', () => {
  it('tells a transfer once, with what it raised besides', () => {
    const told = handovers([
      event(1, 'ticket.assigned', 'a', { team: 'care', assignee: 'amy', old: { team: null, assignee: null } }),
      event(2, 'ticket.transferred', 'b', { from: ['care', 'amy'], to: ['senior', null], told: false, message: 7 }, 'Amy'),
      event(3, 'ticket.assigned', 'b', { team: 'senior', assignee: null, old: { team: 'care', assignee: 'amy' } }, 'Amy'),
    ])
    expect(told.map((one) => [one.act, one.by, one.from, one.to, one.note])).toEqual([
      ['transferred', 'Amy', { team: 'care', agent: 'amy' }, { team: 'senior', agent: null }, 7],
      ['assigned', null, { team: null, agent: null }, { team: 'care', agent: 'amy' }, null],
    ])
  })

  it('keeps what did not change on both sides', () => {
    const [one] = handovers([event(1, 'ticket.assigned', 'a', { team: 'care', assignee: 'amy', old: { assignee: null } })])
    expect(one).toMatchObject({ from: { team: 'care', agent: null }, to: { team: 'care', agent: 'amy' } })
  })
})

describe('who a ticket can be handed to', () => {
  const ticket = { shop: 'demo', team: 'care', assignee: 'amy' } as Ticket
  const agent = (username: string, status: string, teams: string[], load = 0, more: Partial<Agent> = {}): Agent =>
    ({ username, name: username, alias: '', teams, skills: [], roles: [], shops: ['demo'], status, load, capacity: 6, assignable: true, ...more }) as Agent

  it('is who is here first, then the own team, then who has least to do; never who has it', () => {
    const found = colleagues(
      [
        agent('amy', 'online', ['care']), agent('off', 'offline', ['care']), agent('far', 'online', ['senior']),
        agent('full', 'online', ['care'], 5), agent('free', 'online', ['care'], 1), agent('else', 'online', ['care'], 0, { shops: ['other'] }),
        agent('blind', 'online', ['care'], 0, { assignable: false }),
      ],
      ticket,
    )
    expect(found.map((one) => one.username)).toEqual(['free', 'full', 'far', 'off'])
  })

  it('has the own team only while somebody holds it', () => {
    const teams = [{ name: 'care', shops: [] }, { name: 'senior', shops: ['demo'] }, { name: 'other', shops: ['other'] }] as unknown as Team[]
    expect(groups(teams, ticket).map((one) => one.name)).toEqual(['care', 'senior'])
    expect(groups(teams, { ...ticket, assignee: null }).map((one) => one.name)).toEqual(['senior'])
  })

  it('is found by every word, in either case', () => {
    const taker = { name: '林佳蓉', found: 'lin refunds 售後組' }
    expect(fits(taker, '售後 LIN')).toBe(true)
    expect(fits(taker, '售後 chen')).toBe(false)
  })
})
