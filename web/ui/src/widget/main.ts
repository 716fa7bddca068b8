/**
 * widget.js: the one script a shop pastes into its pages.
 *
 *   <script src="https://desk.example/widget.js" data-shop="demo" async></script>
 *
 * `data-token`: the shop's signed identity of the member. `data-lang`: zh-TW, zh-CN or en; the page's language without.
 * It reads nothing of the page but its address and title, and adds one element with a shadow root.
 */
import { pickLocale } from '@/shared/i18n'
import { deskOrigin } from '@/shared/origin'

import { Chat } from './chat'
import { build } from './view'

function start(script: HTMLScriptElement): void {
  const origin = deskOrigin(script.src)
  const shop = script.dataset['shop'] ?? ''
  if (!origin || document.querySelector('yingda-chat')) return
  const locale = pickLocale(script.dataset['lang'], document.documentElement.lang, navigator.language)
  const chat = new Chat({ origin, shop, token: script.dataset['token'] || null, locale })
  const host = document.createElement('yingda-chat')
  const root = host.attachShadow({ mode: 'open' })
  const kept = `yingda:${shop}:open`
  const view = build({
    chat,
    root,
    page: false,
    locale,
    signIn: `${origin}/login?next=${encodeURIComponent(`/chat?shop=${encodeURIComponent(shop)}`)}`,
    onOpen: (open) => remember(kept, open),
  })
  document.body.append(host)
  // The next page of the shop goes on where this one was.
  if (remembered(kept)) view.open()
  else if (chat.active) void chat.start()
}

function remember(key: string, on: boolean): void {
  try {
    if (on) sessionStorage.setItem(key, '1')
    else sessionStorage.removeItem(key)
  } catch {
    // No storage: the next page begins closed.
  }
}

function remembered(key: string): boolean {
  try {
    return sessionStorage.getItem(key) === '1'
  } catch {
    return false
  }
}

const script = document.currentScript
if (script instanceof HTMLScriptElement) {
  if (document.body) start(script)
  else addEventListener('DOMContentLoaded', () => start(script))
}
