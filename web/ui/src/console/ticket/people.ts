/** Colleagues of a ticket: who may see it, who is found by a few letters, and whom a note names by `@`. */
import type { Agent, Message, Ticket } from '@/shared/api/types'
import { t } from '@/shared/i18n/vue'
import { pieces, type Piece } from '@/shared/links'
import { tell } from '@/shared/ui/toast'

const folded = (text: string): string => text.normalize('NFKC').toLowerCase()

/** Those who may see the ticket, who is here first. */
export function seeing(agents: readonly Agent[], ticket: Ticket): Agent[] {
  const away = (agent: Agent): number => ['online', 'busy', 'away', 'offline'].indexOf(agent.status)
  return agents
    .filter((agent) => agent.assignable && agent.shops.some((shop) => shop === '*' || shop === ticket.shop))
    .sort((a, b) => away(a) - away(b) || a.name.localeCompare(b.name))
}

/** How well somebody fits what was typed: by name, username, pinyin or initials; 0 for not at all. */
function fit(agent: Agent, query: string): number {
  const name = folded(agent.name)
  if (name.startsWith(query) || agent.username.startsWith(query)) return 4
  if (agent.keys.some((key) => key.startsWith(query))) return 3
  if (name.includes(query) || folded(agent.alias).includes(query)) return 2
  return query.length > 1 && (agent.username.includes(query) || agent.keys.some((key) => key.includes(query))) ? 1 : 0
}

/** Those who fit, the best first and else in their order. */
export function matching(agents: readonly Agent[], query: string): Agent[] {
  const wanted = folded(query.trim())
  return agents
    .map((agent, place) => ({ agent, place, fit: wanted ? fit(agent, wanted) : 1 }))
    .filter((one) => one.fit > 0)
    .sort((a, b) => b.fit - a.fit || a.place - b.place)
    .map((one) => one.agent)
}

export interface At {
  from: number
  to: number
  query: string
}

// Not behind Latin letters, digits and what joins them: that is a mail address.
const ASKS = /(?<![\w.+%-])[@＠]([^\s@＠,，。、；;:：!！?？()（）]{0,20})$/u

/** The `@…` before the cursor that asks for a colleague. */
export function mentionAt(text: string, cursor: number): At | null {
  const found = ASKS.exec(text.slice(0, cursor))
  return found ? { from: found.index, to: cursor, query: found[1] ?? '' } : null
}

/** How somebody is named in a note: by the name, where no other of the desk has it, else by the username. */
export const calledIn = (agent: Agent, agents: readonly Agent[]): string =>
  agents.some((one) => one.username !== agent.username && folded(one.name) === folded(agent.name)) ? agent.username : agent.name

const WITHIN = /[\w.+%-]/
/** `@amy` is not meant by `@amylin` or `@amy.lin`; after Chinese a name may end anywhere. */
const goesOn = (text: string, end: number): boolean => WITHIN.test(text.charAt(end - 1)) && /^(\w|[.+%-]\w)/.test(text.slice(end, end + 2))

export interface NotePiece extends Piece {
  /** Who is named there. */
  agent?: Agent
}

/** A note in pieces: web addresses, and the colleagues it names as the desk reads them, the longest name first. */
export function notePieces(text: string, agents: readonly Agent[]): NotePiece[] {
  if (!/[@＠]/.test(text)) return pieces(text)
  const called = agents
    .flatMap((agent) => [agent.name.trim(), agent.username].map((name) => ({ agent, name: name.toLowerCase() })))
    .filter((one) => one.name !== '')
    .sort((a, b) => b.name.length - a.name.length)
  return pieces(text).flatMap((piece) => (piece.href ? [piece] : named(piece.text, called)))
}

function named(text: string, called: readonly { agent: Agent; name: string }[]): NotePiece[] {
  const found: NotePiece[] = []
  let from = 0
  for (const sign of text.matchAll(/(?<![\w.+%-])[@＠]/g)) {
    const start = sign.index + 1
    if (sign.index < from) continue
    const one = called.find(({ name }) => text.slice(start, start + name.length).toLowerCase() === name && !goesOn(text, start + name.length))
    if (!one) continue
    const end = start + one.name.length
    if (sign.index > from) found.push({ text: text.slice(from, sign.index), href: null })
    found.push({ text: text.slice(sign.index, end), href: null, agent: one.agent })
    from = end
  }
  if (from < text.length) found.push({ text: text.slice(from), href: null })
  return found
}

/** Who wrote a note learns whom of those it names it did not reach. */
export function tellUntold(message: Message, nameOf: (username: string) => string | null): void {
  const untold = (message.mentions ?? []).filter((one) => !one.told).map((one) => nameOf(one.username) ?? one.username)
  if (untold.length > 0) tell.problem(t('mention.untold', { names: untold.join(t('mention.and')) }))
}
