import { defineFeature } from '@/features/define'

import { words } from './words'

/** The same done to many tickets of the list at once, and taken back. */
export const feature = defineFeature({
  name: 'batches',
  words,
  places: {
    'list.selection': [{ load: () => import('./Bar.vue'), order: 10, right: 'batches.run' }],
  },
})
