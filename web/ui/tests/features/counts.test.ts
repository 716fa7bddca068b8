/** How many tickets each view has, where it is shown; only the network is a stand-in. */
import { mount, type VueWrapper } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import { useDesk } from '@/console/stores/desk'
import SideList from '@/console/ticket/SideList.vue'
import Inbox from '@/console/views/Inbox.vue'
import Tiles from '@/features/views/Tiles.vue'
import { words } from '@/features/views/words'

import { signedIn } from './support'

const view = (name: string, count: number | null): object => ({ id: null, name, count })

async function shown(what: Component, props: Record<string, unknown> = {}): Promise<VueWrapper> {
  await signedIn(['ticket.view'], { '/views': { items: [view('mine', 3), view('waiting', 0), view('all', null), view('overdue', null)] }, '/tickets': { items: [], next: null } })
  await words.load()
  await useDesk().loadViews()
  vi.stubGlobal('IntersectionObserver', class { observe(): void {} unobserve(): void {} disconnect(): void {} })
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)*', component: {} }] })
  return mount(what, { props, global: { plugins: [router], stubs: { 'el-icon': true } } })
}

describe('a count that the desk could not make in time is a dash', () => {
  it('on the home page', async () => {
    const tiles = await shown(Tiles)
    expect(['mine', 'waiting', 'overdue'].map((name) => tiles.find(`[data-test=home-${name}] b`).text())).toEqual(['3', '0', '–'])
    expect(tiles.find('[data-test=home-overdue]').classes()).not.toContain('some')
  })

  it('in the inbox', async () => {
    const inbox = await shown(Inbox)
    expect(['mine', 'waiting', 'all'].map((name) => inbox.find(`[data-test=view-${name}] em`).text())).toEqual(['3', '0', '–'])
    expect(inbox.find('[data-test=view-unassigned] em').exists()).toBe(false)
  })

  it('beside a ticket', async () => {
    const list = await shown(SideList, { current: 7 })
    expect(list.findAll('option').map((one) => /\((.*)\)/.exec(one.text())?.[1])).toEqual(['3', undefined, '0', '–', undefined, '–'])
  })
})
