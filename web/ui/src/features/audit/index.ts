import { List } from '@element-plus/icons-vue'

import { defineFeature } from '@/features/define'

import { words } from './words'

/** Who did what, from where, and who tried in vain to sign in. */
export const feature = defineFeature({
  name: 'audit',
  words,
  menu: {
    path: '/audit',
    title: { 'zh-TW': '操作紀錄', 'zh-CN': '操作记录', en: 'Activity' },
    icon: List,
    order: 86,
    right: 'audit.view',
  },
  routes: [{ path: 'audit', load: () => import('./Page.vue'), right: 'audit.view' }],
})
