import { ChatLineSquare } from '@element-plus/icons-vue'

import { defineFeature } from '@/features/define'

import { words } from './words'

/** Prepared lines that agents put in with `/` and keep on a page of their own. */
export const feature = defineFeature({
  name: 'quick-replies',
  words,
  menu: {
    path: '/quick-replies',
    title: { 'zh-TW': '常用語', 'zh-CN': '常用语', en: 'Quick replies' },
    icon: ChatLineSquare,
    order: 30,
    right: 'ticket.reply',
  },
  routes: [{ path: 'quick-replies', load: () => import('./Page.vue'), right: 'ticket.reply' }],
  places: {
    'composer.above': [{ load: () => import('./Unfilled.vue'), order: 20, right: 'ticket.reply' }],
    'composer.tools': [{ load: () => import('./Slash.vue'), order: 10, right: 'ticket.reply' }],
  },
})
