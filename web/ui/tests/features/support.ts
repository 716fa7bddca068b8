/** A ticket, a session and a desk that answers, for the parts of the console that need them. */
import { createPinia, setActivePinia } from 'pinia'
import { vi } from 'vitest'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'

import { useSession } from '@/console/stores/session'
import type { Me, Ticket } from '@/shared/api/types'

export const TICKET = {
  number: 7,
  kind: 'chat',
  shop: 'demo',
  subject: '',
  type: 'returns',
  state: 'open',
  category: 'open',
  requester: { id: 1, name: '王小明', tier: 'gold', guest: false },
  order_no: null,
  sla: [],
  tags: [],
  fields: {},
} as unknown as Ticket

const me = (permissions: string[]): Me => ({
  user: { kind: 'agent', id: 1, username: 'lin', name: '林佳蓉', alias: '小蓉', locale: 'zh-TW', roles: [], shops: [], teams: [], status: 'online', tier: null },
  permissions,
  csrf: 'x',
  longest_line: 20_000,
})

export interface Call {
  method: string
  path: string
  body: unknown
}

/** What the desk answers to `GET /path`, where its query or its time matters by a function; other calls get 204 and are noted. */
export async function signedIn(permissions: string[], answers: Record<string, unknown>): Promise<Call[]> {
  const calls: Call[] = []
  document.cookie = 'desk_here=1'
  vi.stubGlobal('fetch', async (address: string, init: RequestInit = {}) => {
    const path = address.replace('/api/v1', '').replace(/\?.*/, '')
    const method = init.method ?? 'GET'
    calls.push({ method, path: address.replace('/api/v1', ''), body: typeof init.body === 'string' ? JSON.parse(init.body) : null })
    const known = path === '/auth/me' ? me(permissions) : (answers[`${method} ${path}`] ?? (method === 'GET' ? answers[path] : undefined))
    const said = typeof known === 'function' ? await known(new URLSearchParams(address.split('?')[1])) : known
    if (said !== undefined) return new Response(JSON.stringify(said), { status: 200 })
    return method === 'GET' ? new Response('{}', { status: 404 }) : new Response(null, { status: 204 })
  })
  setActivePinia(createPinia())
  await useSession().load()
  calls.length = 0
  return calls
}

/** A router that is at an address, whatever is there. */
export async function routed(at: string): Promise<Router> {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)*', component: { template: '<i />' } }] })
  await router.push(at)
  return router
}
