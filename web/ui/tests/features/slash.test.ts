/** Quick replies in the real composer; only the network is a stand-in. */
import { mount, type VueWrapper } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'

import Composer from '@/console/ticket/Composer.vue'
import type { Written } from '@/console/ticket/drafts'
import { prepare } from '@/features'

import { signedIn, TICKET, type Call } from './support'

const reply = (id: number, title: string, text: string, keys: string[], uses: number, shop: string | null = null): object => ({
  id, title, text, keys, uses, shop, group: null, scope: shop ? 'shop' : 'desk', mine: false, updated_at: '2026-11-22T01:00:00Z',
})
const REPLIES = {
  items: [
    reply(1, '您好', '{member.name} 您好，我是 {agent.alias}。', ['ninhao', 'nh'], 9),
    reply(2, '查訂單', '訂單 {ticket.order_no} 已出貨。', ['chadingdan', 'cdd'], 5),
    reply(3, '別家', '別家商店', ['biejia', 'bj'], 99, 'other'),
  ],
  next: null,
}

let calls: Call[]
let composer: VueWrapper
let field: HTMLTextAreaElement

beforeEach(async () => {
  sessionStorage.clear()
  document.body.innerHTML = ''
  calls = await signedIn(['ticket.reply', 'ticket.anonymous', 'ticket.note'], { '/quick-replies': REPLIES })
  await prepare('composer.above', 'composer.tools')
  composer = mount(Composer, { props: { ticket: TICKET }, attachTo: document.body, global: { stubs: { RouterLink: true, 'el-icon': true } } })
  field = composer.find('textarea').element
  field.focus()
})

async function type(text: string, init: InputEventInit = {}): Promise<void> {
  field.value = text
  field.setSelectionRange(text.length, text.length)
  field.dispatchEvent(new InputEvent('input', init))
  await new Promise((done) => setTimeout(done, 5))
}
async function key(name: string, init: KeyboardEventInit = {}): Promise<void> {
  field.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...init }))
  await new Promise((done) => setTimeout(done, 5))
}
const options = (): string[] => composer.findAll('[data-test=quick-option] b').map((one) => one.text())
const list = () => composer.find('[data-test=quick-list]')
const sent = (): unknown => composer.emitted<[Written]>('send')?.map(([line]) => line.text)

describe('a slash', () => {
  it('lists what this shop has, most used first, and sends nothing by Enter', async () => {
    await type('/')
    expect(options()).toEqual(['您好', '查訂單'])
    await type('/cd')
    expect(options()).toEqual(['查訂單'])
    expect(sent()).toBeUndefined()
  })

  it('puts the chosen one in with its variables and counts the use', async () => {
    await type('/')
    await key('Enter')
    expect(field.value).toBe('王小明 您好，我是 小蓉。')
    expect(options()).toEqual([])
    expect(calls.map((call) => `${call.method} ${call.path}`)).toContain('POST /quick-replies/1/use')
    await key('Enter')
    expect(sent()).toEqual(['王小明 您好，我是 小蓉。'])
  })

  it('keeps what stands around it', async () => {
    await type('請稍等 /nh')
    await key('Tab')
    expect(field.value).toBe('請稍等 王小明 您好，我是 小蓉。')
  })

  it('is chosen by the arrows, round and round', async () => {
    await type('/')
    await key('ArrowUp')
    await key('Enter')
    expect(field.value).toContain('訂單')
  })

  it('is a slash again after Escape, until it is typed anew', async () => {
    await type('請稍等 /')
    await key('Escape')
    expect(options()).toEqual([])
    await type('請稍等 /n')
    expect(options()).toEqual([])
    await type('')
    await type('請稍等 /n')
    expect(options()).toEqual(['您好'])
  })

  it.each(['/etc', '／etc'])('%s that no reply knows, alone, reaches the member only after Escape', async (alone) => {
    await type(alone)
    // Behind it, chosen as a whole, before it.
    for (const [from, to] of [[alone.length, alone.length], [0, alone.length], [0, 0]] as const) {
      field.setSelectionRange(from, to)
      document.dispatchEvent(new Event('selectionchange'))
      await key('Enter')
      expect(list().text()).toContain('沒有符合的常用語')
      expect(field.value).toBe(alone)
    }
    expect(sent()).toBeUndefined()
    // Escape says that it is meant: it is a text like others then.
    await key('Escape')
    expect(list().exists()).toBe(false)
    expect(field.value).toBe(alone)
    await key('Enter')
    expect(sent()).toEqual([alone])
  })

  it.each(['/', '/cd', '請稍等 /cd', '請稍等，/cd', '/etc'])('as %s stays as typed by Escape, its list closed', async (text) => {
    await type(text)
    expect(list().exists()).toBe(true)
    await key('Escape')
    expect(list().exists()).toBe(false)
    expect(field.value).toBe(text)
    document.dispatchEvent(new Event('selectionchange'))
    await type(`${text}n`)
    expect(list().exists()).toBe(false)
    await type('')
    await type('/cd')
    expect(options()).toEqual(['查訂單'])
  })

  it.each(['路徑 /etc', '/etc/hosts', '/etc 這個資料夾'])('in %s that no reply knows is sent as it is', async (text) => {
    await type(text)
    expect(list().exists()).toBe(false)
    await key('Enter')
    expect(sent()).toEqual([text])
  })

  it('leaves the keys to an input method', async () => {
    await type('/')
    await key('Enter', { isComposing: true })
    await key('ArrowDown', { keyCode: 229 } as KeyboardEventInit)
    expect(field.value).toBe('/')
    field.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }))
    await type('/cha')
    document.dispatchEvent(new Event('selectionchange'))
    await key('Unidentified', { isComposing: true })
    expect(options()).toEqual(['您好', '查訂單'])
    field.value = '/查'
    field.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true }))
    await type('/查')
    expect(options()).toEqual(['查訂單'])
  })
})

describe('what could not be filled in', () => {
  it('is chosen, told, and not sent unnoticed', async () => {
    await type('/cdd')
    await key('Enter')
    expect(field.value).toBe('訂單 【訂單編號】 已出貨。')
    expect(field.value.slice(field.selectionStart, field.selectionEnd)).toBe('【訂單編號】')
    expect(composer.find('[data-test=quick-unfilled]').text()).toContain('還有 1 個空白要填：訂單編號')
    await key('Enter')
    expect(sent()).toBeUndefined()
    expect(composer.find('[data-test=quick-unfilled]').attributes('role')).toBe('alert')
    await type('訂單 A1 已出貨。')
    expect(composer.find('[data-test=quick-unfilled]').exists()).toBe(false)
    await key('Enter')
    expect(sent()).toEqual(['訂單 A1 已出貨。'])
  })

  it('goes when the agent wants it so', async () => {
    await type('見 {ticket.order_no}')
    await key('Enter')
    await composer.find('[data-test=quick-anyway]').trigger('click')
    expect(sent()).toEqual(['見 {ticket.order_no}'])
  })

  it('is no matter in a note, and an anonymous reply names nobody', async () => {
    await composer.find('[data-test=composer-mode-anonymous] input').setValue(true)
    await type('/nh')
    await key('Enter')
    expect(field.value).toBe('王小明 您好，我是 【我的別名】。')
    expect(composer.find('[data-test=quick-unfilled]').exists()).toBe(true)
    await composer.find('[data-test=composer-mode-internal] input').setValue(true)
    expect(field.value).toBe('')
    await composer.find('[data-test=composer-bring]').trigger('click')
    expect(field.value).toBe('王小明 您好，我是 【我的別名】。')
    expect(composer.find('[data-test=quick-unfilled]').exists()).toBe(false)
    await key('Enter')
    expect(sent()).toEqual(['王小明 您好，我是 【我的別名】。'])
  })
})

it('who may not reply has neither list nor button', async () => {
  await signedIn(['ticket.note'], {})
  await prepare('composer.above', 'composer.tools')
  const other = mount(Composer, { props: { ticket: TICKET }, global: { stubs: { 'el-icon': true } } })
  expect(other.find('[data-test=quick-open]').exists()).toBe(false)
  expect(other.find('textarea').exists()).toBe(true)
})
