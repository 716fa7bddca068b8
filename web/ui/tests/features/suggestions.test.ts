/** What the library suggests above the composer. */
import { mount, type VueWrapper } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { useDesk } from '@/console/stores/desk'
import Composer from '@/console/ticket/Composer.vue'
import { prepare } from '@/features'
import type { Message, Ticket } from '@/shared/api/types'

import { signedIn, TICKET, type Call } from './support'

const line = (id: number, kind: Message['author']['kind'], text: string, visibility: Message['visibility'] = 'public'): Message =>
  ({ id, ticket: 7, author: { kind, name: '' }, text, visibility, attachments: [], created_at: '2026-11-22T01:00:00Z', automatic: false }) as Message
const ITEMS = ['運費', '退貨', '發票', '門市'].map((title, at) => ({ id: at + 1, title, text: `${title}的說明`, points: 900 - at }))

let calls: Call[]
let composer: VueWrapper

async function open(lines: Message[], ticket: Ticket = TICKET): Promise<void> {
  sessionStorage.clear()
  document.body.innerHTML = ''
  calls = await signedIn(['ticket.reply', 'ticket.note'], { '/tickets/7/suggestions': { items: ITEMS } })
  await prepare('composer.above', 'composer.tools')
  useDesk().dispatch({ type: 'lines-loaded', number: 7, lines })
  composer = mount(Composer, { props: { ticket }, attachTo: document.body, global: { stubs: { RouterLink: true, 'el-icon': true } } })
  await new Promise((done) => setTimeout(done, 10))
}
const shown = (): string[] => composer.findAll('[data-test=suggestion]').map((one) => one.text())
const asked = (): number => calls.filter((call) => call.path === '/tickets/7/suggestions').length

describe('suggestions', () => {
  beforeEach(() => open([line(1, 'member', '運費怎麼算')]))

  it('are at most three, and one goes into the text where the cursor is', async () => {
    expect(shown()).toEqual(['運費', '退貨', '發票'])
    await composer.findAll('[data-test=suggestion]')[1]?.trigger('click')
    const field = composer.find('textarea').element
    await vi.waitFor(() => expect(field.value).toBe('退貨的說明'))
    field.setSelectionRange(0, 0)
    await composer.find('[data-test=suggestion]').trigger('click')
    await vi.waitFor(() => expect(field.value).toBe('運費的說明退貨的說明'))
  })

  it('are asked once a line of the member, and go when an agent has answered', async () => {
    useDesk().dispatch({ type: 'line-posted', message: line(2, 'bot', '自動回覆') })
    useDesk().dispatch({ type: 'line-posted', message: line(3, 'agent', '備註', 'internal') })
    await new Promise((done) => setTimeout(done, 10))
    expect([asked(), shown().length]).toEqual([1, 3])
    useDesk().dispatch({ type: 'line-posted', message: line(4, 'agent', '滿千免運') })
    await new Promise((done) => setTimeout(done, 10))
    expect([asked(), shown()]).toEqual([1, []])
    useDesk().dispatch({ type: 'line-posted', message: line(5, 'member', '那退貨呢') })
    await vi.waitFor(() => expect(shown().length).toBe(3))
    expect(asked()).toBe(2)
  })

  it('stand aside for a note, and can be put away', async () => {
    await composer.find('[data-test=composer-mode-internal] input').setValue(true)
    expect(shown()).toEqual([])
    await composer.find('[data-test=composer-mode-public] input').setValue(true)
    await composer.find('[data-test=suggestions-away]').trigger('click')
    expect(shown()).toEqual([])
  })
})

it('a closed ticket is not asked for', async () => {
  await open([line(1, 'member', '謝謝')], { ...TICKET, category: 'closed' })
  expect([asked(), shown()]).toEqual([0, []])
})
