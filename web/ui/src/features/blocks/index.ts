import { defineFeature } from '@/features/define'

import { words } from './words'

/** The blacklist: who is on it, why and until when. */
export const feature = defineFeature({
  name: 'blocks',
  words,
  places: { 'settings.sections': [{ load: () => import('./Blocked.vue'), order: 20, right: 'member.block' }] },
})
