/** Who lacks a right sees the same refusal everywhere, no menu entry and no dead tab. Only the network is a stand-in. */
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { RouterView } from 'vue-router'

import { createDeskRouter } from '@/console/router'
import { useTabs } from '@/console/stores/tabs'
import Ticket from '@/console/views/Ticket.vue'

import { signedIn } from './support'

const SYSADMIN = ['system.manage', 'jobs.manage', 'audit.view', 'rules.view', 'rules.reload']
const page = { items: [], next: null }
const NOUNS = { kinds: [], types: [], tiers: [], priorities: [], teams: [], states: [], tags: [], locales: ['zh-TW'] }
const STUBS = { 'el-icon': true, 'el-dropdown': true, 'el-popover': true, AccountMenu: true, StatusMenu: true, Place: true, SideList: true }

beforeEach(() => {
  sessionStorage.clear()
  history.replaceState(null, '', '/')
  vi.stubGlobal('WebSocket', class { close(): void {} send(): void {} addEventListener(): void {} })
})

describe('without the right', () => {
  it.each([
    ['/inbox', SYSADMIN],
    ['/tickets', SYSADMIN],
    ['/tickets/7', SYSADMIN],
    ['/settings', SYSADMIN],
    ['/answers', SYSADMIN],
    ['/quick-replies', SYSADMIN],
    ['/rules', ['ticket.view']],
    ['/system', ['ticket.view', 'audit.view']],
    ['/audit', ['ticket.view', 'system.manage']],
  ])('%s is refused in the same words, and leaves no tab', async (path, permissions) => {
    await signedIn(permissions, { '/nouns': NOUNS, '/agents': page, '/teams': page, '/views': page, '/notices': page, '/tickets': page })
    const router = createDeskRouter()
    await router.push(path)
    expect(router.currentRoute.value.name).toBe('forbidden')
    const shell = mount(RouterView, { global: { plugins: [router], stubs: STUBS } })
    await vi.waitFor(() => expect(shell.get('main').text()).toContain('你沒有權限使用這個頁面'))
    expect(useTabs().numbers).toEqual([])
    shell.unmount()
  })

  it('the menu has what may be opened, and there is no search for tickets', async () => {
    await signedIn(SYSADMIN, { '/nouns': NOUNS })
    const router = createDeskRouter()
    await router.push('/nowhere')
    const shell = mount(RouterView, { global: { plugins: [router], stubs: STUBS } })
    expect(shell.findAll('.rail .entry').map((one) => one.attributes('href'))).toEqual(['/', '/rules', '/system', '/audit'])
    expect(shell.find('[data-test=search]').exists()).toBe(false)
    await vi.waitFor(() => expect(shell.get('main').text()).toContain('找不到這個頁面'))
    shell.unmount()
  })
})

it.each([403, 404])('a ticket that is refused with %i leaves no tab', async (status) => {
  await signedIn(['ticket.view'], { '/nouns': NOUNS })
  const known = fetch
  vi.stubGlobal('fetch', async (address: string, init?: RequestInit) => (address.includes('/tickets/7') ? new Response('{}', { status }) : known(address, init)))
  const router = createDeskRouter()
  await router.push('/tickets/7')
  useTabs().open(7)
  useTabs().open(8)
  const ticket = mount(Ticket, { global: { plugins: [router], stubs: STUBS } })
  await vi.waitFor(() => expect(ticket.find('.problem').exists()).toBe(true))
  expect(useTabs().numbers).toEqual([8])
  ticket.unmount()
})
