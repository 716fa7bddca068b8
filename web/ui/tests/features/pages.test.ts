/** Where an address leads, for who sits here; the network is a stand-in, and so is what stands around every page. */
import { mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { RouterView, type Router } from 'vue-router'

import { createDeskRouter } from '@/console/router'
import { useDesk } from '@/console/stores/desk'

import { signedIn } from './support'

vi.mock('@/console/Shell.vue', () => ({ default: { template: '<RouterView />' } }))
vi.mock('@/console/views/Inbox.vue', () => ({ default: { template: '<i />' } }))

async function at(path: string, permissions: string[]): Promise<Router> {
  await signedIn(permissions, {})
  vi.spyOn(useDesk(), 'start').mockResolvedValue()
  history.replaceState(null, '', '/')
  const router = createDeskRouter()
  await router.push(path)
  return router
}
async function said(path: string, permissions: string[]): Promise<string> {
  const router = await at(path, permissions)
  expect(router.currentRoute.value.fullPath).toBe(path)
  return mount(RouterView, { global: { plugins: [router] } }).text()
}

// The first to fetch what the pages are made of, on a busy machine.
it('the tickets are in the inbox', { timeout: 30_000 }, async () => {
  expect((await at('/tickets?view=all', ['ticket.view'])).currentRoute.value.fullPath).toBe('/inbox?view=all')
})

it('a page without the right for it says so, under its own address', async () => {
  const text = await said('/answers?find=x', ['ticket.reply'])
  expect(text).toContain('你沒有權限使用這個頁面')
  expect(text).toContain('管理員')
  expect(text).toContain('回首頁')
  expect(text).not.toContain('網址')
})

it('a page that is not there says so', async () => {
  expect(await said('/nowhere/at/all', ['ticket.reply'])).toContain('找不到這個頁面')
})
