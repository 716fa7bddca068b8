/**
 * widget.js: the one script a shop pastes into its pages.
 *
 *   <script src="https://desk.example/widget.js" data-shop="demo" async></script>
 *
 * `data-token`: the shop's signed identity of the member. `data-sign-in`: where members of the shop sign in; `{page}` in it
 * stands for the page one comes back to. `data-lang`: zh-TW, zh-CN or en; the page's language without.
 * It reads nothing of the page but its address and title, and adds one element with a shadow root.
 */
import { pickLocale } from '@/shared/i18n'
import { deskOrigin } from '@/shared/origin'

import { Chat } from './chat'
import { lookOf } from './look'
import { build } from './view'

/** On `window`, so that two copies of the script know of each other. */
const RUNS = '__yingdaChat'

async function start(script: HTMLScriptElement): Promise<void> {
  const origin = deskOrigin(script.src)
  const shop = script.dataset['shop'] ?? ''
  // Run again, as a page does that swaps its body: the one that is there stays, with its one socket.
  if (!origin || RUNS in window) return
  Object.assign(window, { [RUNS]: true })
  const locale = pickLocale(script.dataset['lang'], document.documentElement.lang, navigator.language)
  const look = await lookOf(origin, shop)
  const chat = new Chat({ origin, shop, token: script.dataset['token'] || null, locale })
  const host = document.createElement('yingda-chat')
  const root = host.attachShadow({ mode: 'open' })
  const kept = `yingda:${shop}:open`
  const view = build({
    chat,
    root,
    page: false,
    locale,
    look,
    signIn: () => signIn(script, origin),
    onOpen: (open) => remember(kept, open),
  })
  stay(host, () => view.settle())
  // The next page of the shop goes on where this one was.
  if (remembered(kept)) view.open()
  else if (chat.active) void chat.start()
}

/** A page may put another body in place of the one before, or empty it: the widget comes along. */
function stay(host: HTMLElement, settle: () => void): void {
  const watcher = new MutationObserver(() => put())
  const put = (): void => {
    if (host.isConnected) return
    document.body.append(host)
    watcher.disconnect()
    for (const parent of [document.documentElement, document.body]) watcher.observe(parent, { childList: true })
    settle()
  }
  put()
}

/**
 * Where a guest signs in, and comes back to this page as a member: at the shop, or at the desk where the page is one of
 * its own. A desk elsewhere cannot tell a shop's page who has signed in there: then there is no such place.
 */
function signIn(script: HTMLScriptElement, origin: string): string | null {
  const wanted = script.dataset['signIn']
  if (wanted) {
    const address = new URL(wanted.replaceAll('{page}', encodeURIComponent(location.href)), location.href)
    return /^https?:$/.test(address.protocol) ? address.href : null
  }
  return origin === location.origin ? `/login?next=${encodeURIComponent(location.pathname + location.search)}` : null
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
  if (document.body) void start(script)
  else addEventListener('DOMContentLoaded', () => void start(script))
}
