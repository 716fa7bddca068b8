import { fetchedWords } from '@/shared/i18n/vue'

export const words = fetchedWords({
  'zh-TW': () => import('./zh-TW'),
  'zh-CN': () => import('./zh-CN'),
  en: () => import('./en'),
})
export const t = words.t
