/** The bell in the top bar: opening it is reading. Only the network and the popover's placing are stand-ins. */
import { mount, type VueWrapper } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { useDesk } from '@/console/stores/desk'
import Bell from '@/features/notifications/Bell.vue'
import { words } from '@/features/notifications/words'
import { setLocale } from '@/shared/i18n/vue'
import { toasts } from '@/shared/ui/toast'

import { routed, signedIn, type Call } from './support'

const notice = (id: number, read: boolean) => ({ id, at: '2026-11-22T01:00:00Z', text: `第 ${id} 則`, texts: id === 1 ? { 'zh-TW': '第 1 則', en: 'Number 1' } : {}, ticket: id === 3 ? 7 : null, rule: 'agent.late_reply', read })

let calls: Call[]
let bell: VueWrapper
const hide = vi.fn()

async function ring(answers: Record<string, unknown>): Promise<void> {
  calls = await signedIn(['ticket.view'], answers)
  await words.load()
  toasts.value = []
  useDesk().dispatch({ type: 'notices-loaded', notices: [notice(1, true), notice(2, false), notice(3, false)] })
  const ElPopover = { name: 'ElPopover', template: '<div><slot name="reference" /><slot /></div>', methods: { hide }, emits: ['before-enter', 'after-leave'] }
  bell = mount(Bell, { global: { plugins: [await routed('/')], stubs: { ElPopover, 'el-icon': true } } })
}
const turn = (how: string): void => bell.findComponent({ name: 'ElPopover' }).vm.$emit(how)
const badge = (): boolean => bell.find('[data-test=notices] em').exists()
const emphasised = (): string[] => bell.findAll('li.fresh p:first-child').map((one) => one.text())

beforeEach(() => ring({ 'POST /notices/read': { read: 2 } }))

describe('the bell', () => {
  it('is read by opening it, and still shows what was new', async () => {
    expect(badge()).toBe(true)
    turn('before-enter')
    await vi.waitFor(() => expect(badge()).toBe(false))
    expect(calls).toEqual([{ method: 'POST', path: '/notices/read', body: { ids: [3, 2] } }])
    expect(emphasised()).toEqual(['第 3 則', '第 2 則'])
    expect(toasts.value).toEqual([])
  })

  it('shows nothing as new when it is opened again, and asks nothing', async () => {
    turn('before-enter')
    await vi.waitFor(() => expect(badge()).toBe(false))
    turn('after-leave')
    turn('before-enter')
    await bell.vm.$nextTick()
    expect(emphasised()).toEqual([])
    expect(calls).toHaveLength(1)
  })

  it('is read in the language one changes to', async () => {
    const first = (): string => bell.findAll('li p:first-child').at(-1)?.text() ?? ''
    expect(first()).toBe('第 1 則')
    await setLocale('en', false)
    expect(first()).toBe('Number 1')
    await setLocale('zh-TW', false)
  })

  it('counts what comes in while it is open', async () => {
    turn('before-enter')
    await vi.waitFor(() => expect(badge()).toBe(false))
    useDesk().dispatch({ type: 'notice', seq: 9, notice: notice(4, false) })
    await bell.vm.$nextTick()
    expect(badge()).toBe(true)
    expect(emphasised()[0]).toBe('第 4 則')
  })

  it('opens the ticket from the whole row and goes away', async () => {
    const rows = bell.findAll('[data-test=notice] > .row')
    expect(rows.map((row) => row.attributes('href'))).toEqual(['/tickets/7', undefined, undefined])
    expect(rows[0]?.text()).toContain('第 3 則')
    expect(rows[0]?.findAll('a')).toEqual([])
    await rows[0]?.trigger('click')
    expect(hide).toHaveBeenCalledTimes(1)
  })

  it('says which are new while it is open, read or not', async () => {
    turn('before-enter')
    await vi.waitFor(() => expect(badge()).toBe(false))
    const fresh = (): boolean[] => bell.findAll('[data-test=notice]').map((row) => row.find('.new').exists())
    expect(fresh()).toEqual([true, true, false])
    expect(bell.get('.new').text()).toBe('新')
    turn('after-leave')
    await bell.vm.$nextTick()
    expect(fresh()).toEqual([false, false, false])
  })

  it('names no rule of the rulebook', () => {
    expect(bell.text()).not.toContain('late_reply')
  })

  it('stays as it is when the desk does not take it', async () => {
    const answer = globalThis.fetch
    vi.stubGlobal('fetch', (address: string, init: RequestInit) =>
      address.includes('/notices/read') ? Promise.resolve(new Response('{}', { status: 503 })) : answer(address, init))
    turn('before-enter')
    await vi.waitFor(() => expect(toasts.value).toHaveLength(1))
    expect(badge()).toBe(true)
    expect(emphasised()).toHaveLength(2)
  })
})
