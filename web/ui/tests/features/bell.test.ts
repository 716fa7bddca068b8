/** The bell in the top bar: a click reads, by ticket and kind. Only the network and the popover's placing are stand-ins. */
import { mount, type VueWrapper } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { useDesk } from '@/console/stores/desk'
import Bell from '@/features/notifications/Bell.vue'
import { words } from '@/features/notifications/words'
import type { Notice } from '@/shared/api/types'
import { setLocale } from '@/shared/i18n/vue'
import { toasts } from '@/shared/ui/toast'

import { routed, signedIn, type Call } from './support'

const notice = (id: number, read: boolean, kind: Notice['kind'] = 'other', ticket: number | null = id === 3 ? 7 : null): Notice => ({ id, at: '2026-11-22T01:00:00Z', text: `第 ${id} 則`, texts: id === 1 ? { 'zh-TW': '第 1 則', en: 'Number 1' } : {}, ticket, rule: 'agent.late_reply', kind, read })

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
const badge = (): boolean => bell.find('[data-test=notices] em').exists()
const emphasised = (): string[] => bell.findAll('li.fresh p:first-child').map((one) => one.text())

const row = (place: number) => bell.findAll('[data-test=notice] > .row')[place]

beforeEach(() => ring({ 'POST /notices/read': { read: 2 } }))

describe('the bell', () => {
  it('reads what is clicked, and goes to its ticket from the whole row', async () => {
    expect(emphasised()).toEqual(['第 3 則', '第 2 則'])
    const rows = bell.findAll('[data-test=notice] > .row')
    expect(rows.map((one) => one.attributes('href'))).toEqual(['/tickets/7', undefined, undefined])
    expect(rows[0]?.findAll('a')).toEqual([])
    await row(0)?.trigger('click')
    await vi.waitFor(() => expect(emphasised()).toEqual(['第 2 則']))
    expect(calls).toEqual([{ method: 'POST', path: '/notices/read', body: { ids: [3] } }])
    expect(hide).toHaveBeenCalledTimes(1)
    await row(1)?.trigger('click')
    await vi.waitFor(() => expect(badge()).toBe(false))
    expect(hide).toHaveBeenCalledTimes(1)
    await row(2)?.trigger('click')
    expect(calls).toHaveLength(2)
  })

  it('reads all at once', async () => {
    await bell.get('[data-test=notices-read-all]').trigger('click')
    await vi.waitFor(() => expect(badge()).toBe(false))
    expect(calls).toEqual([{ method: 'POST', path: '/notices/read', body: { all: true } }])
    expect(bell.find('[data-test=notices-read-all]').exists()).toBe(false)
  })

  it('puts those of one ticket and kind together, but each mention has its own words', async () => {
    const more = [4, 5, 6].map((id) => notice(id, id === 4, 'late', 9))
    useDesk().dispatch({ type: 'notices-loaded', notices: [...more, notice(7, false, 'mention', 9), notice(8, false, 'mention', 9)] })
    await bell.vm.$nextTick()
    expect(bell.findAll('[data-test=notice] p:first-child').map((one) => one.text())).toEqual(['第 8 則', '第 7 則', '第 6 則', '第 3 則', '第 2 則', '第 1 則'])
    expect(row(2)?.text()).toContain('時限 ×3')
    await row(2)?.trigger('click')
    await vi.waitFor(() => expect(calls).toEqual([{ method: 'POST', path: '/notices/read', body: { ids: [6, 5] } }]))
  })

  it('shows one kind, older ones too', async () => {
    await ring({ '/notices': { items: [notice(9, false, 'mention', 7)], next: null } })
    await bell.get('[data-test=notices-mention]').trigger('click')
    await vi.waitFor(() => expect(bell.findAll('[data-test=notice]')).toHaveLength(1))
    expect(calls.map((call) => call.path)).toEqual(['/notices?kind=mention&limit=50'])
    await bell.get('[data-test=notices-rating]').trigger('click')
    await vi.waitFor(() => expect(bell.text()).toContain('沒有這一類的通知'))
  })

  it('is read in the language one changes to', async () => {
    const first = (): string => bell.findAll('li p:first-child').at(-1)?.text() ?? ''
    expect(first()).toBe('第 1 則')
    await setLocale('en', false)
    expect(first()).toBe('Number 1')
    await setLocale('zh-TW', false)
  })

  it('names the rule on hover alone', () => {
    expect(bell.text()).not.toContain('late_reply')
    expect(row(0)?.attributes('title')).toContain('late_reply')
  })

  it('stays as it is when the desk does not take it', async () => {
    const answer = globalThis.fetch
    vi.stubGlobal('fetch', (address: string, init: RequestInit) =>
      address.includes('/notices/read') ? Promise.resolve(new Response('{}', { status: 503 })) : answer(address, init))
    await bell.get('[data-test=notices-read-all]').trigger('click')
    await vi.waitFor(() => expect(toasts.value).toHaveLength(1))
    expect(badge()).toBe(true)
    expect(emphasised()).toHaveLength(2)
  })
})
