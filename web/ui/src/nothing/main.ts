/** The page of every address that leads nowhere, in the reader's language. */
import '@/shared/tokens.css'
import './nothing.css'
import { pickLocale } from '@/shared/i18n'
import { startTheme } from '@/shared/ui/theme'

import { words } from './words'

startTheme()
const locale = pickLocale(localStorage.getItem('yingda.locale'), ...navigator.languages)
const said = words[locale]
document.documentElement.lang = { 'zh-TW': 'zh-Hant-TW', 'zh-CN': 'zh-Hans-CN', en: 'en' }[locale]
document.title = said.title

const made = (name: 'h1' | 'p' | 'a', text: string): HTMLElement => Object.assign(document.createElement(name), { textContent: text })
const chat = made('a', said.chat)
chat.setAttribute('href', '/chat')
document.querySelector('#app')?.replaceChildren(made('h1', said.title), made('p', said.hint), chat)
