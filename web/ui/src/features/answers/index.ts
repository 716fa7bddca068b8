import { Reading } from '@element-plus/icons-vue'

import { defineFeature } from '@/features/define'

import { words } from './words'

/** The auto-reply library: its page, and what of it fits the line that an agent answers. */
export const feature = defineFeature({
  name: 'answers',
  words,
  menu: {
    path: '/answers',
    title: { 'zh-TW': '自動回覆庫', 'zh-CN': '自动回复库', en: 'Auto-replies' },
    icon: Reading,
    order: 40,
    right: 'answers.edit',
  },
  routes: [{ path: 'answers', load: () => import('./Page.vue'), right: 'answers.edit' }],
  places: {
    'composer.above': [{ load: () => import('./Suggestions.vue'), order: 10, right: 'ticket.reply' }],
  },
})
