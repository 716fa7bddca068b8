/** Names of the rulebook as the reader knows them, and what went wrong in his words. */
import { ApiError } from '@/shared/api/client'
import type { Noun, Nouns, Ticket, TraceRule } from '@/shared/api/types'
import { label, t, tOr, type Key } from '@/shared/i18n/vue'

import { useDesk } from './stores/desk'

type Family = 'shops' | 'kinds' | 'types' | 'tiers' | 'priorities' | 'teams' | 'tags'

const find = (nouns: Nouns | null, family: Family, name: string): Noun | undefined =>
  nouns?.[family].find((noun) => noun.name === name)

export function useNames() {
  const desk = useDesk()
  const kind = (name: string): string => {
    const known = find(desk.nouns, 'kinds', name)
    return known?.label && Object.keys(known.label).length > 0 ? label(known.label, name) : tOr(`kind.${name}`, name)
  }
  const noun = (family: Family, name: string): string => label(find(desk.nouns, family, name)?.label, name)
  return {
    noun,
    kind,
    /** Chats seldom have a subject: then what it is and what it is about. */
    subject: (ticket: Ticket): string => ticket.subject || `${kind(ticket.kind)} · ${noun('types', ticket.type)}`,
    requester: (ticket: Ticket): string =>
      ticket.requester.name || t(ticket.requester.guest ? 'member.guest' : 'member.noName'),
    lastLine: (ticket: Ticket): string | null =>
      !ticket.last_line ? null : ticket.last_line.unsent ? t('talk.unsent') : ticket.last_line.text || t('talk.attachment'),
    /** What the shop calls a rating of so many points. */
    rating: (shop: string, points: number): string =>
      label(desk.nouns?.shops.find((one) => one.name === shop)?.ratings[points - 1], tOr(`rate.${points}`, String(points))),
    channel: (name: string): string => tOr(`channel.${name}`, name),
    state: (kind: string, name: string): string =>
      label(desk.nouns?.states.find((state) => state.kind === kind && state.name === name)?.label, name),
    /** 0 the lowest … 1 the highest; a middle one when unknown. */
    priorityRank: (name: string): number => {
      const levels = desk.nouns?.priorities ?? []
      const place = levels.findIndex((level) => level.name === name)
      return place < 0 || levels.length < 2 ? 0.5 : place / (levels.length - 1)
    },
    agent: (username: string | null): string | null =>
      username === null ? null : (desk.agents.find((agent) => agent.username === username)?.name ?? username),
    /** Who put rules in force: somebody by his name, or what it was that did it by itself. */
    byWhom: (by: string): string => desk.agents.find((agent) => agent.username === by)?.name ?? tOr(`rules.by.${by}`, by),
    colour: (family: Family, name: string): string | null => find(desk.nouns, family, name)?.colour ?? null,
  }
}

/** `chat.waiting after 1m`: the event in words, the time as the rule has it; `every day at 09:00 for each ticket` too. */
export function happened(event: string): string {
  if (event.startsWith('every ')) return `${t('event.every')} · ${event.replace(/ for each \w+$/, '')}`
  const [kind = event, after] = event.split(' after ')
  const words = tOr(`event.${kind}`, kind)
  return after ? `${words} · ${after}` : words
}

const LOST: Readonly<Record<string, Key>> = {
  stage: 'why.lost.stage',
  priority: 'why.lost.priority',
  name: 'why.lost.name',
}

/** Why a rule lost: to whom and what, each in words; the server's sentence where a reason is of another kind. */
export function lostTo({ reasons, why }: Pick<TraceRule, 'reasons' | 'why'>): string {
  const said: string[] = []
  for (const { kind, target, winner } of reasons) {
    const key = LOST[kind]
    if (!key || target === null || winner === null) return why
    said.push(t(key, { what: target, rule: winner }))
  }
  return said.join(t('why.and')) || why
}

const BY_STATUS: Record<number, string> = {
  0: 'problem.offline',
  400: 'problem.invalid',
  401: 'problem.unauthenticated',
  403: 'problem.forbidden',
  404: 'problem.not-found',
  409: 'problem.conflict',
  412: 'problem.stale',
  413: 'problem.too-large',
  415: 'problem.invalid',
  422: 'problem.invalid',
  429: 'problem.rate-limited',
}

/** A sentence for a failed call: by its code, then by its status; wrong fields in the desk's own words. */
export function reason(error: unknown): string {
  if (!(error instanceof ApiError)) throw error
  const wrong = error.problem?.errors?.[0]?.['message']
  if (error.status === 422 && wrong) return wrong
  const otherwise = tOr(BY_STATUS[error.status] ?? '', t('problem.server', { id: error.problem?.request_id ?? error.code }))
  return tOr(`problem.${error.code}`, otherwise)
}
