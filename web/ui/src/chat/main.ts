/** The page /chat?shop=: the widget's own code with the whole window to itself. */
import '@/shared/tokens.css'
import './chat.css'
import { pickLocale } from '@/shared/i18n'
import { Chat } from '@/widget/chat'
import { lookOf } from '@/widget/look'
import { build, sayIn } from '@/widget/view'

const query = new URLSearchParams(location.search)
const shop = query.get('shop') ?? ''
const locale = pickLocale(query.get('lang'), navigator.language)
document.documentElement.lang = locale
document.title = sayIn(locale)('chat.title')

const host = document.querySelector('#app') as HTMLElement

async function start(): Promise<void> {
  build({
    chat: new Chat({ origin: location.origin, shop, token: null, locale }),
    root: host.attachShadow({ mode: 'open' }),
    page: true,
    locale,
    look: await lookOf(location.origin, shop),
    signIn: () => `/login?next=${encodeURIComponent(location.pathname + location.search)}`,
  }).open()
}

void start()
