/** Answers of the library above the composer: the most chosen ones, and fewer as the visitor types more. */
import { arrange, h, show } from './dom'
import type { Say } from './view'

export interface Offer {
  id: number
  title: string
  text: string
}

export interface OffersOptions {
  say: Say
  /** What the desk offers for a text; a refusal ends the asking. */
  ask: (text: string) => Promise<Offer[]>
  choose: (offer: Offer, byKey: boolean) => void
  /** Back to the composer. */
  leave: () => void
  /** Makes a change that takes room from the conversation. */
  change: (make: () => void) => void
}

export interface Offers {
  element: HTMLElement
  /** What the composer holds, now or after a change. */
  typed(text: string): void
  /** Whether anything is offered at all, and whether the conversation has begun: then the most chosen are folded away. */
  state(on: boolean, begun: boolean): void
  /** From the composer into the list; false when there is none. */
  enter(): boolean
  /** Put away until something else is typed; false when there was nothing. */
  dismiss(): boolean
}

export const MOST = 4
/** A pause in the typing. */
export const PAUSE = 400
/** The desk reads no more of it, and who has written so much wants a person. */
const LONGEST = 200

export function offersList({ say, ask, choose, leave, change }: OffersOptions): Offers {
  const known = new Map<string, readonly Offer[]>()
  let text = ''
  let on = false
  let begun = false
  /** Whether the most chosen are unfolded, as the visitor last said; null: as is usual. */
  let unfolded: boolean | null = null
  let dismissed = false
  let stopped = false
  let asking = false
  let pause: ReturnType<typeof setTimeout> | undefined
  let shown: readonly Offer[] = []

  const fold = h('button', { class: 'fold', test: 'offers-fold', text: say('offers.title'), attrs: { type: 'button' }, on: { click: () => unfold() } })
  const list = h('ul', { attrs: { 'aria-label': say('offers.title') }, on: { keydown: (event) => pressed(event as KeyboardEvent) } })
  const told = h('p', { class: 'unseen', attrs: { role: 'status' } })
  const element = h('div', { class: 'offers', test: 'offers' }, fold, list, told)
  show(element, false)

  const isOpen = (): boolean => text !== '' || (unfolded ?? !begun)

  function unfold(): void {
    unfolded = !isOpen()
    draw()
  }

  function typed(now: string): void {
    const next = now.trim()
    if (next === text) return
    text = next
    dismissed = false
    plan(PAUSE)
    if (known.has(text) || stopped || text.length > LONGEST) draw()
  }

  function state(nowOn: boolean, nowBegun: boolean): void {
    if (nowOn === on && nowBegun === begun) return
    if (nowBegun !== begun) unfolded = null
    on = nowOn
    begun = nowBegun
    plan(0)
    draw()
  }

  /** One question at a time, each after a pause; what was asked once is known. */
  function plan(wait: number): void {
    clearTimeout(pause)
    if (on && !stopped && !asking && !known.has(text) && text.length <= LONGEST) pause = setTimeout(() => void fetch(), wait)
  }

  async function fetch(): Promise<void> {
    const asked = text
    asking = true
    try {
      known.set(asked, (await ask(asked)).slice(0, MOST))
    } catch {
      // Too many questions, or no library to ask: the conversation goes on without.
      stopped = true
    }
    asking = false
    draw()
    plan(PAUSE)
  }

  function draw(): void {
    // Until the desk has answered, what was there stays.
    const found = text.length > LONGEST ? [] : known.get(text)
    const next = !on || dismissed || (stopped && !found) ? [] : (found ?? shown)
    const open = isOpen()
    const there = next.length > 0
    if (next === shown && !element.hidden === there && list.hidden === !open && fold.hidden === (text !== '')) return
    change(() => {
      const rows = new Map([...list.children].map((row) => [(row as HTMLElement).dataset['id'], row]))
      arrange(list, next.map((offer) => rows.get(String(offer.id)) ?? rowOf(offer)))
      show(element, there)
      show(list, open)
      show(fold, text === '')
      fold.setAttribute('aria-expanded', String(open))
    })
    shown = next
    told.textContent = there && text !== '' ? say('offers.found', { n: next.length }) : ''
  }

  function rowOf(offer: Offer): HTMLElement {
    const row = h(
      'li',
      {},
      // A click that a key made has no detail.
      h('button', { test: 'offer', text: offer.title, attrs: { type: 'button', dir: 'auto' }, on: { click: (event) => take(offer, (event as UIEvent).detail === 0) } }),
    )
    row.dataset['id'] = String(offer.id)
    return row
  }

  function take(offer: Offer, byKey: boolean): void {
    dismissed = text !== ''
    unfolded = null
    choose(offer, byKey)
    draw()
  }

  function pressed(event: KeyboardEvent): void {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const rows = [...list.querySelectorAll('button')]
    const next = rows.indexOf(event.target as HTMLButtonElement) + step
    if (next >= rows.length) leave()
    else rows[Math.max(0, next)]?.focus()
  }

  function enter(): boolean {
    if (element.hidden || list.hidden) return false
    list.querySelector<HTMLButtonElement>('li:last-child button')?.focus()
    return true
  }

  function dismiss(): boolean {
    if (element.hidden || list.hidden) return false
    const inside = list.contains((element.getRootNode() as Document | ShadowRoot).activeElement)
    if (text === '') unfolded = false
    else dismissed = true
    draw()
    if (inside) leave()
    return true
  }

  return { element, typed, state, enter, dismiss }
}
