/** Who a ticket can be handed to: the teams and the colleagues of its shop, as a search finds them. */
import type { Agent, Team, Ticket } from '@/shared/api/types'

export interface Taker {
  /** Sent to the desk: one of them. */
  team?: string
  agent?: string
  name: string
  /** What else it is found by: usernames, skills, the names of teams. */
  found: string
}

const serves = (shops: readonly string[], shop: string): boolean => shops.some((one) => one === '*' || one === shop)

/** Those who are here first, then who has least to do; the ticket's own team before the others. */
export function colleagues(agents: readonly Agent[], ticket: Ticket): Agent[] {
  const away = (agent: Agent): number => ['online', 'busy', 'away', 'offline'].indexOf(agent.status)
  const strange = (agent: Agent): number => (ticket.team !== null && agent.teams.includes(ticket.team) ? 0 : 1)
  return agents
    .filter((agent) => agent.assignable && serves(agent.shops, ticket.shop))
    .filter((agent) => agent.username !== ticket.assignee)
    .sort((a, b) => away(a) - away(b) || strange(a) - strange(b) || a.load - b.load || a.name.localeCompare(b.name))
}

/** The team that has it already is one only while somebody holds the case: it goes back to all of them. */
export const groups = (teams: readonly Team[], ticket: Ticket): Team[] =>
  teams.filter((team) => (team.shops.length === 0 || serves(team.shops, ticket.shop)) && (team.name !== ticket.team || ticket.assignee !== null))

/** Every word of a search stands in it, in either case. */
export function fits(taker: Taker, search: string): boolean {
  const text = `${taker.name} ${taker.found}`.toLowerCase()
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word))
}
