/** What is begun belongs to a person, a ticket and a visibility (A1); only the network is a stand-in. */
import { mount, type VueWrapper } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'

import Composer from '@/console/ticket/Composer.vue'
import { draftsOf, forgetOpen, type Written } from '@/console/ticket/drafts'
import type { Ticket } from '@/shared/api/types'

import { signedIn, TICKET } from './support'

const FILE = { id: 'f1', name: '發票.pdf' }
const stubs = { RouterLink: true, 'el-icon': true, Place: true }

let answerUpload: (() => void) | null = null

beforeEach(async () => {
  sessionStorage.clear()
  forgetOpen()
  answerUpload = null
  await signedIn(['ticket.reply', 'ticket.anonymous', 'ticket.note'], {
    'POST /files': () => new Promise((done) => (answerUpload = () => done(FILE))),
  })
})

const open = (number = TICKET.number): VueWrapper =>
  mount(Composer, { props: { ticket: { ...TICKET, number } as Ticket }, attachTo: document.body, global: { stubs } })
const mode = (composer: VueWrapper): string | undefined => composer.findAll<HTMLInputElement>('input[name=mode]').find((one) => one.element.checked)?.element.value
const choose = async (composer: VueWrapper, wanted: string): Promise<void> => composer.get(`[data-test=composer-mode-${wanted}] input`).setValue()
const write = async (composer: VueWrapper, text: string): Promise<void> => composer.get('textarea').setValue(text)
const text = (composer: VueWrapper): string => composer.get('textarea').element.value
const press = async (composer: VueWrapper): Promise<void> => composer.get('textarea').trigger('keydown', { key: 'Enter' })
const sent = (composer: VueWrapper): Written[] => (composer.emitted<[Written]>('send') ?? []).map(([line]) => line)

/** As a reload does: what is held in memory is gone, what the tab keeps is not. */
const reload = (composer: VueWrapper): void => {
  composer.unmount()
  forgetOpen()
}

describe.each(['internal', 'anonymous'])('a draft begun as %s', (begun) => {
  it.each([
    ['another page', (composer: VueWrapper) => composer.unmount()],
    ['a reload', reload],
  ])('comes back as what it was after %s', async (_, leave) => {
    const first = open()
    await choose(first, begun)
    await write(first, '這位會員很生氣，小心')
    leave(first)
    const back = open()
    expect([mode(back), text(back)]).toEqual([begun, '這位會員很生氣，小心'])
    await press(back)
    expect(sent(back)).toEqual([{ text: '這位會員很生氣，小心', visibility: begun, attachments: [] }])
  })

  it('is not in the direct reply', async () => {
    const composer = open()
    await choose(composer, begun)
    await write(composer, '只給同事')
    await choose(composer, 'public')
    expect(text(composer)).toBe('')
    await press(composer)
    expect(sent(composer)).toEqual([])
    await write(composer, '您好')
    await press(composer)
    expect(sent(composer).map((line) => [line.visibility, line.text])).toEqual([['public', '您好']])
    await choose(composer, begun)
    expect(text(composer)).toBe('只給同事')
  })
})

it('keeps files with their draft, also one that arrives after the mode was changed', async () => {
  const composer = open()
  await choose(composer, 'internal')
  const adding = (composer.vm as unknown as { add(files: File[]): Promise<void> }).add([new File(['x'], '發票.pdf')])
  await choose(composer, 'public')
  await vi.waitFor(() => expect(answerUpload).not.toBeNull())
  answerUpload?.()
  await adding
  await nextTick()
  expect(composer.text()).not.toContain('發票.pdf')
  await press(composer)
  expect(sent(composer)).toEqual([])
  await choose(composer, 'internal')
  expect(composer.text()).toContain('發票.pdf')
  reload(composer)
  const back = open()
  expect([mode(back), back.text().includes('發票.pdf')]).toEqual(['internal', true])
})

it('shows that something is begun elsewhere, and brings it over only when told to', async () => {
  const composer = open()
  await choose(composer, 'internal')
  await write(composer, '其實可以給會員看')
  await choose(composer, 'public')
  expect(composer.text()).toContain('還沒送出')
  await composer.get('[data-test=composer-bring]').trigger('click')
  expect(text(composer)).toBe('其實可以給會員看')
  await choose(composer, 'internal')
  expect(text(composer)).toBe('')
})

it.each([
  ['another page', (composer: VueWrapper) => composer.unmount()],
  ['a reload', reload],
])('opens in the mode that was chosen, also where nothing was written in it, after %s', async (_, leave) => {
  const composer = open()
  await write(composer, '您好')
  await choose(composer, 'anonymous')
  await write(composer, '匿名')
  await choose(composer, 'internal')
  leave(composer)
  const back = open()
  expect([mode(back), text(back)]).toEqual(['internal', ''])
})

it('belongs to the ticket and to the person', async () => {
  const one = open(7)
  await choose(one, 'internal')
  await write(one, '七號')
  one.unmount()
  const other = open(8)
  expect([mode(other), text(other)]).toEqual(['public', ''])
  expect(draftsOf('lin', 7).of('internal').text).toBe('七號')
  expect(draftsOf('wang', 7).of('internal').text).toBe('')
})

it('takes a draft of an earlier version as the most hidden', () => {
  sessionStorage.setItem('yingda.draft.7', '不知道給誰看的')
  const composer = open()
  expect([mode(composer), text(composer)]).toEqual(['internal', '不知道給誰看的'])
})

it('starts anew where what was kept is broken', () => {
  sessionStorage.setItem('yingda.drafts.lin.7', '{"last":')
  expect(text(open())).toBe('')
})

describe('a closed case', () => {
  const closed = async (moves: object[]): Promise<VueWrapper> => {
    await signedIn(['ticket.reply', 'ticket.note'], { '/tickets/7/transitions': { items: moves } })
    return mount(Composer, { props: { ticket: { ...TICKET, category: 'closed' } as Ticket }, attachTo: document.body, global: { stubs } })
  }

  it('says before anything is written that the member gets nothing, and offers its moves', async () => {
    const composer = await closed([{ trigger: 'reopen', label: { 'zh-TW': '重新開啟' }, to: 'open', requires: [] }])
    await vi.waitFor(() => expect(composer.find('[data-test=move-reopen]').text()).toBe('重新開啟'))
    expect(composer.get('[data-test=composer-closed]').text()).toContain('已結案')
    expect(composer.find('textarea').exists()).toBe(false)
    expect(composer.find('[data-test=composer-send]').exists()).toBe(false)
  })

  it('still takes a note', async () => {
    const composer = await closed([])
    await choose(composer, 'internal')
    await write(composer, '退款已入帳')
    await press(composer)
    expect(sent(composer).map((line) => line.visibility)).toEqual(['internal'])
  })

  it('can be answered as soon as it is open again', async () => {
    const composer = await closed([])
    await composer.setProps({ ticket: TICKET })
    expect(composer.find('textarea').exists()).toBe(true)
  })
})

it('of a case that members do not see, only notes are written', () => {
  const composer = mount(Composer, { props: { ticket: { ...TICKET, channel: 'internal' } as Ticket }, global: { stubs } })
  expect(composer.findAll('input[name=mode]').map((one) => one.attributes('value'))).toEqual(['internal'])
})
