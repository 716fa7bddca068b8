import { defineFeature } from '@/features/define'

import { words } from './words'

/** 服務記錄: what was done for a ticket, written once. */
export const feature = defineFeature({
  name: 'records',
  words,
  places: { 'ticket.panels': [{ load: () => import('./Panel.vue'), order: 20, right: 'ticket.view' }] },
})
