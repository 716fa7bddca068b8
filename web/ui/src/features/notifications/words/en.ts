import type { Words } from './zh-TW'

export const words: Words = {
  title: 'Notifications',
  empty: 'No notifications',
  emptyHint: 'What the rules want you to know appears here.',
  fresh: 'New',
  count: 'Unread notifications: {n}',
  readAll: 'Mark all as read',
  filter: 'Show',
  'kind.all': 'All',
  'kind.assigned': 'Assigned',
  'kind.late': 'Deadlines',
  'kind.mention': 'Mentions',
  'kind.followed': 'Followed',
  'kind.rating': 'Ratings',
  'kind.other': 'Other',
  times: 'Notifications: {n}',
  byRule: 'Rule: {rule}',
  emptyKind: 'No notifications of this kind',
}
