/** What stands in the settings: saved views and the blacklist. Only the network is a stand-in. */
import { mount, type VueWrapper } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import type { Component } from 'vue'

import { useDesk } from '@/console/stores/desk'
import Inbox from '@/console/views/Inbox.vue'
import Blocked from '@/features/blocks/Blocked.vue'
import { words as blockWords } from '@/features/blocks/words'
import Saved from '@/features/views/Saved.vue'
import { words as viewWords } from '@/features/views/words'
import type { Nouns } from '@/shared/api/types'

import { routed, signedIn, type Call } from './support'

const view = (id: number, name: string, more: object = {}): object => ({
  id, name, count: 2, filter: 'ticket.priority >= high', sort: '-updated_at', columns: [], shared: false, shop: null, broken: null, ...more,
})
const VIEWS = [
  { id: null, name: 'mine', count: 1 }, view(4, '急件'), view(5, '全店', { shared: true }), view(6, '本店', { shared: true, shop: 'demo', count: 0, broken: 'there is no field `x`' }),
]
const block = (id: number, name: string | null, more: object = {}): object => ({
  id, shop: 'demo', member: { id: id * 10, name, guest: name === null }, why: '廣告', by: null, created_at: '2026-11-22T01:00:00Z', blocked_until: null, ...more,
})

let calls: Call[]
let page: VueWrapper

async function open(what: Component, permissions: string[], at = '/settings'): Promise<void> {
  document.body.innerHTML = ''
  calls = await signedIn(permissions, {
    '/views': { items: VIEWS },
    'POST /views': view(9, '新的'),
    '/tickets': { items: [], next: null },
    '/blocks': (query: URLSearchParams) =>
      query.get('cursor') ? { items: [block(1, '惡客', { by: '林佳蓉', blocked_until: '2026-12-01T04:00:00Z' })], next: null } : { items: [block(2, null)], next: 'x' },
  })
  await Promise.all([blockWords.load(), viewWords.load()])
  useDesk().nouns = { shops: [{ name: 'demo', label: { 'zh-TW': '示範商店' } }], locales: ['zh-TW'] } as unknown as Nouns
  vi.stubGlobal('IntersectionObserver', class { observe(): void {} unobserve(): void {} disconnect(): void {} })
  page = mount(what, { attachTo: document.body, global: { plugins: [await routed(at)], stubs: { 'el-icon': true } } })
}
const made = (method: string): [string, unknown][] => calls.filter((call) => call.method === method).map((call) => [call.path, call.body])

describe('saved views', () => {
  it('are listed with what they show, and kept by whom they are', async () => {
    await open(Saved, ['ticket.view', 'views.share'])
    await vi.waitFor(() => expect(page.findAll('[data-test=saved-view]')).toHaveLength(3))
    const kept = page.findAll('[data-test=saved-view]').map((one) => one.find('[data-test=saved-edit]').exists())
    expect(kept).toEqual([true, false, true])
    expect(page.get('[data-id="4"] a').attributes('href')).toBe('/inbox?view=4')
    expect(page.get('[data-id="6"]').text()).toContain('條件已失效：there is no field `x`')
    await page.get('[data-id="4"] [data-test=saved-remove]').trigger('click')
    await page.get('[data-test=ask] form').trigger('submit')
    await vi.waitFor(() => expect(made('DELETE')).toEqual([['/views/4', null]]))
  })

  it('are made and shared with a shop', async () => {
    await open(Saved, ['ticket.view', 'views.share'])
    await page.get('[data-test=saved-new]').trigger('click')
    const sheet = page.get('[data-test=sheet]')
    await sheet.get('form').trigger('submit')
    expect(sheet.get('.wrong').text()).toBe('請填寫這一欄。')
    await sheet.get('[data-test=saved-name]').setValue(' 沒人接 ')
    await sheet.get('[data-test=saved-filter]').setValue('not ticket.assignee is set')
    await sheet.get('[data-test=saved-scope-shop]').setValue(true)
    await sheet.get('form').trigger('submit')
    await vi.waitFor(() => expect(page.find('[data-test=sheet]').exists()).toBe(false))
    expect(made('POST')).toEqual([
      ['/views', { name: '沒人接', filter: 'not ticket.assignee is set', sort: '-updated_at', columns: [], shared: true, shop: 'demo' }],
    ])
  })

  it('stand in the inbox', async () => {
    await open(Inbox, ['ticket.view'], '/inbox?view=4')
    expect(calls).toEqual([])
    await useDesk().loadViews()
    await vi.waitFor(() => expect(page.text()).toContain('目前沒有符合這個檢視的工單'))
    expect(decodeURIComponent(calls.at(-1)?.path ?? '')).toBe('/tickets?filter=ticket.priority+>=+high&sort=-updated_at&limit=50')
    expect(page.get('.view[aria-current=page]').text()).toBe('急件2')
    await useDesk().loadViews()
    expect(calls.filter((call) => call.path.startsWith('/tickets'))).toHaveLength(1)
  })
})

describe('the blacklist', () => {
  it('says who, why and until when, page by page, and lets go', async () => {
    await open(Blocked, ['member.block'])
    await vi.waitFor(() => expect(page.findAll('[data-test=block]')).toHaveLength(1))
    expect(page.get('[data-test=block]').text()).toMatch(/遊客.*示範商店.*由規則列入.*廣告.*無期限/)
    await page.get('[data-test=block-more]').trigger('click')
    await vi.waitFor(() => expect(page.findAll('[data-test=block]')).toHaveLength(2))
    expect(page.get('[data-member="10"]').text()).toMatch(/惡客.*由林佳蓉列入.*2026/)
    await page.get('[data-member="10"] [data-test=block-lift]').trigger('click')
    await page.get('[data-test=ask] form').trigger('submit')
    await vi.waitFor(() => expect(page.find('[data-member="10"]').exists()).toBe(false))
    expect(made('DELETE')).toEqual([['/members/10/block', null]])
  })
})
