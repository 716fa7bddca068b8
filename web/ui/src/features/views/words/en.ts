import type { Words } from './zh-TW'

export const words: Words = {
  mine: 'My open work',
  'hint.mine': 'Assigned to me, not closed',
  overdue: 'Overdue',
  'hint.overdue': 'Past the service target',
  unassigned: 'Unassigned',
  'hint.unassigned': 'Nobody has it yet',
  waiting: 'Awaiting reply',
  'hint.waiting': 'Members waiting for us',
}
