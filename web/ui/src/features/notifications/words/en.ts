import type { Words } from './zh-TW'

export const words: Words = {
  title: 'Notifications',
  empty: 'No notifications',
  emptyHint: 'What the rules want you to know appears here.',
  fresh: 'New',
  count: 'Unread notifications: {n}',
}
