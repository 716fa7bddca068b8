/** The home page of who serves no tickets. Fetched by itself with its words: few people see it. */
import { fetchedWords } from '@/shared/i18n/vue'

export const words = fetchedWords({
  'zh-TW': () => import('./words/zh-TW'),
  'zh-CN': () => import('./words/zh-CN'),
  en: () => import('./words/en'),
})
