import { defineFeature } from '@/features/define'

import { words } from './words'

/** The views of the ticket list: counted on the home page, saved ones kept in the settings. */
export const feature = defineFeature({
  name: 'views',
  words,
  places: {
    'home.cards': [{ load: () => import('./Tiles.vue'), order: 10, right: 'ticket.view' }],
    'settings.sections': [{ load: () => import('./Saved.vue'), order: 10, right: 'ticket.view' }],
  },
})
