/** What somebody reads who came to an address where there is nothing: a visitor of the shop, so nothing of the desk. */
import type { Locale } from '@/shared/i18n'

interface Words {
  title: string
  hint: string
  chat: string
}

export const words: Record<Locale, Words> = {
  'zh-TW': { title: '找不到這個頁面', hint: '網址可能打錯了，或是這個頁面已經移走。', chat: '聯絡客服' },
  'zh-CN': { title: '找不到这个页面', hint: '网址可能有误，或者这个页面已经移走。', chat: '联系客服' },
  en: { title: 'There is no such page', hint: 'The address may be mistyped, or the page has moved.', chat: 'Contact us' },
}
