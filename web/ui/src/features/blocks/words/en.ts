import type { Words } from './zh-TW'

export const words: Words = {
  title: 'Blacklist',
  hint: 'Members and guests on it cannot send messages.',
  why: 'Reason',
  noWhy: 'None given',
  until: 'Until',
  forGood: 'No end',
  since: 'Blocked {date} by {name}',
  byRule: 'a rule',
  lift: 'Unblock',
  'lift.title': 'Take “{name}” off the blacklist?',
  'lift.hint': 'Messages can be sent again at once.',
  lifted: '“{name}” is off the blacklist.',
  more: 'Load more',
  empty: 'Nobody is blocked',
  emptyHint: 'Whom a rule or a colleague blocks is listed here.',
}
