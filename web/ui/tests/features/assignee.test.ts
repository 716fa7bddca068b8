/** Who may have a ticket, by the names that people know each other by. */
import { mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'

import { useDesk } from '@/console/stores/desk'
import FactsPanel from '@/console/ticket/FactsPanel.vue'

import { signedIn, TICKET } from './support'

const agent = (username: string, name: string, shops: string[], assignable = true): object => ({
  username, name, alias: '', teams: [], skills: [], roles: [], shops, status: 'online', load: 1, capacity: 5, assignable,
})

async function offered(assignee: string | null): Promise<string[]> {
  const people = [agent('amy', '吳欣怡', ['*']), agent('ben', '黃柏翰', ['demo']), agent('cat', '周雅惠', ['other']), agent('sys', '張維安', ['demo'], false)]
  await signedIn(['ticket.view', 'ticket.assign'], { '/agents': { items: people, next: null }, '/teams': { items: [], next: null } })
  vi.stubGlobal('WebSocket', class { close(): void {} })
  await useDesk().start()
  const panel = mount(FactsPanel, { props: { ticket: { ...TICKET, assignee, created_at: '2026-11-22T01:00:00Z' } }, global: { stubs: { LinksPanel: true, TagsEditor: true, Place: true } } })
  return panel.findAll('[data-test=ticket-assignee] option').slice(1).map((one) => one.text())
}

it('those are offered who serve the shop of the ticket, or every shop, and may see tickets', async () => {
  expect(await offered('amy')).toEqual(['吳欣怡 · 線上 1/5', '黃柏翰 · 線上 1/5'])
})

it('who has it and would not be offered has a name as well', async () => {
  expect((await offered('cat')).at(-1)).toBe('周雅惠')
  expect((await offered('gone')).at(-1)).toBe('gone')
})
