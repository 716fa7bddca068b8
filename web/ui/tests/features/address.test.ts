/** Settings of a page that its address keeps. */
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'

import { useAddress } from '@/console/address'

type Setting = { q: string; type: string | null }

let router: Router
let state: Setting

async function open(at: string): Promise<void> {
  vi.useFakeTimers()
  const there = { template: '<i />' }
  const page = { template: '<b />', setup: () => void (state = useAddress<Setting>({ q: '', type: null }, 'q')) }
  router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/page', component: page }, { path: '/there', component: there }] })
  await router.push(at)
  mount({ template: '<router-view />' }, { global: { plugins: [router] } })
  await settled()
}
async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(300)
}
const query = (): object => router.currentRoute.value.query

beforeEach(() => open('/page'))

describe('a page that its address keeps', () => {
  it('is as the address says', async () => {
    await open('/page?q=a&type=')
    expect(state).toEqual({ q: 'a', type: '' })
    await open('/page?q=a&q=b')
    expect(state).toEqual({ q: '', type: null })
  })

  it('makes a step of what is chosen and none of letters', async () => {
    state.type = 'returns'
    await settled()
    state.q = '運'
    await nextTick()
    expect(query()).toEqual({ type: 'returns' })
    state.q = '運費'
    await settled()
    expect(query()).toEqual({ q: '運費', type: 'returns' })
    router.back()
    await settled()
    expect(state).toEqual({ q: '', type: null })
    router.forward()
    await settled()
    expect(state).toEqual({ q: '運費', type: 'returns' })
  })

  it('is as at first where a link says nothing', async () => {
    state.type = ''
    await settled()
    expect(query()).toEqual({ type: '' })
    await router.push('/page')
    await settled()
    expect(state).toEqual({ q: '', type: null })
  })

  it('writes nothing to another page', async () => {
    state.q = 'late'
    await nextTick()
    await router.push('/there?q=own')
    await settled()
    expect(router.currentRoute.value.fullPath).toBe('/there?q=own')
  })
})
