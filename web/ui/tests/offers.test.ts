/** Answers above the composer of the chat window; only the desk is a stand-in. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { MOST, offersList, PAUSE, type Offer, type Offers } from '@/widget/offers'
import { sayIn } from '@/widget/view'

const offer = (id: number, title: string): Offer => ({ id, title, text: `答 ${id}` })
const RETURN = offer(3, '怎麼退貨？')
const REFUND = offer(4, '退款多久會入帳？')
const HOT = [offer(1, '多久會收到商品？'), offer(2, '運費怎麼算？'), RETURN, REFUND, offer(5, '發票')]
const ANSWERS: Record<string, Offer[]> = { '': HOT, 退: [RETURN, REFUND], 退款: [REFUND], 貓: [] }

let offers: Offers
let asked: string[]
let chosen: [number, boolean][]
let left: number
let refuse: boolean

const one = <T extends HTMLElement>(which: string): T => offers.element.querySelector<T>(which) as T
const titles = (): string[] => (offers.element.hidden || one('ul').hidden ? [] : [...offers.element.querySelectorAll('li')].map((row) => row.textContent ?? ''))
const buttons = (): HTMLButtonElement[] => [...offers.element.querySelectorAll<HTMLButtonElement>('[data-test=offer]')]
const fold = (): HTMLButtonElement => one('[data-test=offers-fold]')
const told = (): string => one('[role=status]').textContent ?? ''
const passes = (time: number): Promise<unknown> => vi.advanceTimersByTimeAsync(time)
const key = (name: string): boolean => (document.activeElement as Element).dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true }))
async function types(text: string): Promise<void> {
  offers.typed(text)
  await passes(PAUSE)
}

beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  chosen = []
  left = 0
  refuse = false
  document.body.innerHTML = ''
  offers = offersList({
    say: sayIn('zh-TW'),
    ask: async (text) => {
      asked.push(text)
      await new Promise((done) => setTimeout(done, 100))
      if (refuse) throw new Error('429')
      return ANSWERS[text] ?? []
    },
    choose: ({ id }, byKey) => void chosen.push([id, byKey]),
    leave: () => void left++,
    change: (make) => make(),
  })
  document.body.append(offers.element)
})
afterEach(() => void vi.useRealTimers())

describe('before anything is written', () => {
  it('asks nothing while the chat is not connected, and shows nothing where there is nothing', async () => {
    await passes(5000)
    expect([asked, offers.element.hidden]).toEqual([[], true])
    ANSWERS[''] = []
    offers.state(true, false)
    await passes(5000)
    expect([asked, offers.element.hidden]).toEqual([[''], true])
    ANSWERS[''] = HOT
  })

  it('shows the few chosen most, and folds them away once the conversation has begun', async () => {
    offers.state(true, false)
    await passes(100)
    expect(titles()).toEqual(HOT.slice(0, MOST).map(({ title }) => title))
    expect([fold().textContent, fold().getAttribute('aria-expanded')]).toEqual(['常見問題', 'true'])
    offers.state(true, true)
    expect([titles(), offers.element.hidden, fold().getAttribute('aria-expanded')]).toEqual([[], false, 'false'])
    fold().click()
    expect(titles()).toHaveLength(MOST)
    offers.state(false, true)
    expect(offers.element.hidden).toBe(true)
  })
})

describe('while somebody types', () => {
  beforeEach(async () => {
    offers.state(true, false)
    await passes(100)
    asked = []
  })

  it('narrows once in a pause, tells how many there are, and asks for nothing twice', async () => {
    offers.typed('我')
    await passes(PAUSE / 2)
    await types('退')
    await passes(100)
    expect([asked, titles(), told()]).toEqual([['退'], ['怎麼退貨？', '退款多久會入帳？'], '2 個常見問題符合，按向上鍵選擇。'])
    const kept = buttons()[1]
    await types('退款 ')
    expect(titles(), 'until the desk has answered what was there stays').toHaveLength(2)
    await passes(100)
    expect(titles()).toEqual(['退款多久會入帳？'])
    expect(buttons()[0], 'the same element: focus stays').toBe(kept)
    await types('退')
    expect([titles(), asked]).toEqual([['怎麼退貨？', '退款多久會入帳？'], ['退', '退款']])
    await types('貓')
    await passes(100)
    expect([offers.element.hidden, told()]).toEqual([true, ''])
    offers.typed('')
    expect(titles()).toHaveLength(MOST)
    await types('長'.repeat(201))
    expect([offers.element.hidden, asked.length]).toEqual([true, 3])
  })

  it('asks one question at a time, and shows what fits the text of now', async () => {
    await types('退')
    offers.typed('退款')
    await passes(99)
    expect(asked).toEqual(['退'])
    await passes(PAUSE + 101)
    expect([asked, titles()]).toEqual([['退', '退款'], ['退款多久會入帳？']])
  })

  it('asks no more once it was refused', async () => {
    refuse = true
    await types('退')
    await passes(100)
    expect(offers.element.hidden).toBe(true)
    refuse = false
    await types('退款')
    await passes(5000)
    expect([asked, titles()]).toEqual([['退'], []])
    offers.typed('')
    expect(titles(), 'what is known stays').toHaveLength(MOST)
  })

  it('is put away by Escape until something else is typed', async () => {
    await types('退')
    await passes(100)
    expect([offers.dismiss(), titles(), offers.dismiss()]).toEqual([true, [], false])
    offers.typed('退 ')
    expect(titles()).toEqual([])
    await types('退款')
    await passes(100)
    expect(titles()).toHaveLength(1)
  })

  it('is gone through with the arrows and left to the composer', async () => {
    await types('退')
    await passes(100)
    expect([offers.enter(), document.activeElement]).toEqual([true, buttons()[1]])
    key('ArrowUp')
    key('ArrowUp')
    expect(document.activeElement).toBe(buttons()[0])
    key('ArrowDown')
    expect([document.activeElement, left]).toEqual([buttons()[1], 0])
    key('ArrowDown')
    expect(left).toBe(1)
    buttons()[0]?.focus()
    offers.dismiss()
    expect([left, offers.enter()]).toEqual([2, false])
  })

  it('gives the one that is chosen, and closes', async () => {
    await types('退')
    await passes(100)
    buttons()[1]?.dispatchEvent(new MouseEvent('click', { detail: 1 }))
    expect([chosen, titles()]).toEqual([[[4, false]], []])
    await types('退款')
    await passes(100)
    buttons()[0]?.click()
    expect(chosen[1]).toEqual([4, true])
  })
})
