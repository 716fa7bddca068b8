import { defineFeature } from '@/features/define'

import { words } from './words'

/** A ticket opened by hand, from a template where there is one. */
export const feature = defineFeature({
  name: 'ticket-templates',
  words,
  places: { 'top.tools': [{ load: () => import('./New.vue'), order: 5, right: 'ticket.create' }] },
})
