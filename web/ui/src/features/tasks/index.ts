import { defineFeature } from '@/features/define'

import { words } from './words'

/** 子任務: what several colleagues do for one ticket, and what I have to do myself. */
export const feature = defineFeature({
  name: 'tasks',
  words,
  places: {
    'ticket.panels': [{ load: () => import('./Panel.vue'), order: 10, right: 'ticket.view' }],
    'home.cards': [{ load: () => import('./Mine.vue'), order: 20, right: 'ticket.view' }],
  },
})
