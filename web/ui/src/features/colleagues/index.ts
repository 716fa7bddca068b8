import { defineFeature } from '@/features/define'

import { words } from './words'

/** Colleagues: how much each is given at once. */
export const feature = defineFeature({
  name: 'colleagues',
  words,
  places: { 'settings.sections': [{ load: () => import('./Capacity.vue'), order: 10, right: 'agents.manage' }] },
})
