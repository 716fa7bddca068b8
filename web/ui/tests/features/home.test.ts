/** The home page asks for nothing that would be refused. Only the network is a stand-in. */
import { mount } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'

import { useDesk } from '@/console/stores/desk'
import Home from '@/console/views/Home.vue'

import { signedIn } from './support'

const page = { items: [], next: null }
const NOUNS = { kinds: [], types: [], tiers: [], priorities: [], teams: [], states: [], tags: [] }

async function asked(permissions: string[]): Promise<string[]> {
  vi.stubGlobal('WebSocket', class { close(): void {} send(): void {} addEventListener(): void {} })
  const calls = await signedIn(permissions, { '/nouns': NOUNS, '/agents': page, '/teams': page, '/views': page, '/notices': page, '/tickets': page })
  const desk = useDesk()
  await desk.start()
  const home = mount(Home, { global: { stubs: { RouterLink: true, 'el-icon': true } } })
  await vi.waitFor(() => expect(home.find('h1').exists()).toBe(true))
  await new Promise((done) => setTimeout(done, 20))
  home.unmount()
  desk.stop()
  return calls.map((call) => call.path)
}

describe('the home page', () => {
  it('of a system administrator asks for no tickets and nobody who serves them', async () => {
    expect(await asked(['system.manage', 'jobs.manage', 'audit.view', 'rules.view', 'rules.reload'])).toEqual(['/nouns'])
  })

  it('of an agent asks for own tickets, those nobody has, and colleagues', async () => {
    const paths = await asked(['ticket.view'])
    expect(paths.filter((path) => path.includes('view=mine')).length).toBeGreaterThan(0)
    expect(paths.filter((path) => path.includes('view=unassigned'))).toHaveLength(1)
    expect(paths).toContain('/agents')
  })
})
