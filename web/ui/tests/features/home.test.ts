/** The home page asks for nothing that would be refused. Only the network is a stand-in. */
import { mount } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'

import { words } from '@/console/guide/words'
import { useDesk } from '@/console/stores/desk'
import Home from '@/console/views/Home.vue'

import { routed, signedIn } from './support'

const page = { items: [], next: null }
const NOUNS = { kinds: [], types: [], tiers: [], priorities: [], teams: [], states: [], tags: [] }

let sockets = 0

async function asked(permissions: string[]): Promise<string[]> {
  sockets = 0
  vi.stubGlobal('WebSocket', class { constructor() { sockets++ } close(): void {} send(): void {} addEventListener(): void {} })
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

it.each(Object.entries(words))('the guide is written in %s', (_, said) => {
  expect(Object.values(said).filter((text) => !text.trim() || /[\u3400-\u9fff][,?!:;]/.test(text))).toEqual([])
})

describe('the home page', () => {
  it.each([
    [['system.manage', 'jobs.manage', 'audit.view', 'rules.view', 'rules.reload'], []],
    [[], []],
    [['monitor.view'], ['/agents', '/teams']],
    [['agents.manage'], ['/agents', '/teams']],
  ])('of who has %j asks for no tickets, and opens no socket', async (permissions, people) => {
    expect(await asked(permissions)).toEqual(['/nouns', ...people, '/notices?limit=50'])
    expect(sockets).toBe(0)
  })

  it.each([
    [['rules.view', 'rules.reload', 'system.manage'], ['/rules', '/system', '/account/sessions'], '重新載入'],
    [['rules.view', 'rules.edit'], ['/rules', '/account/sessions'], '發布'],
    [['quick_replies.share', 'ticket.reply', 'answers.edit'], ['/quick-replies', '/answers', '/account/sessions'], '登入'],
    [[], ['/account/sessions'], '權限由角色決定'],
  ])('of who has %j and no tickets leads where he may go', async (permissions, paths, said) => {
    await signedIn(permissions, {})
    const home = mount(Home, { global: { plugins: [await routed('/')], stubs: { 'el-icon': true } } })
    await vi.waitFor(() => expect(home.find('[data-test=guide]').exists()).toBe(true))
    expect(home.findAll('[data-test=guide] a').map((one) => one.attributes('href'))).toEqual(paths)
    expect(home.text()).toContain(said)
    expect(home.text()).not.toContain('這裡顯示需要你處理的工作')
    home.unmount()
  })

  it('of an agent asks for own tickets, those nobody has, and colleagues', async () => {
    const paths = await asked(['ticket.view'])
    expect(paths.filter((path) => path.includes('view=mine')).length).toBeGreaterThan(0)
    expect(paths.filter((path) => path.includes('view=unassigned'))).toHaveLength(1)
    expect(paths).toContain('/agents')
    expect(sockets).toBe(1)
  })
})
