import { defineFeature } from '@/features/define'

import { words } from './words'

/** What rules want an agent to know: the bell in the top bar. */
export const feature = defineFeature({
  name: 'notifications',
  words,
  places: { 'top.tools': [{ load: () => import('./Bell.vue'), order: 10 }] },
})
