import { Monitor } from '@element-plus/icons-vue'

import { defineFeature } from '@/features/define'

import { words } from './words'

/** How the desk itself is doing: what leaves it, plugins, checks of rules, jobs, rules, store, clock. */
export const feature = defineFeature({
  name: 'system',
  words,
  menu: {
    path: '/system',
    title: { 'zh-TW': '系統狀態', 'zh-CN': '系统状态', en: 'System' },
    icon: Monitor,
    order: 84,
    right: 'system.manage',
  },
  routes: [{ path: 'system', load: () => import('./Page.vue'), right: 'system.manage' }],
})
