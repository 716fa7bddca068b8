/** What the bar offers, in its order, each with the right it needs. */
export const ACTS = [
  { name: 'assignee', right: 'ticket.assign' },
  { name: 'team', right: 'ticket.assign' },
  { name: 'priority', right: 'ticket.change' },
  { name: 'type', right: 'ticket.change' },
  { name: 'tags', right: 'ticket.change' },
  { name: 'move', right: 'ticket.move' },
  { name: 'reply', right: 'ticket.reply' },
] as const

export type ActName = (typeof ACTS)[number]['name']
