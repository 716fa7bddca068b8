/** Lines on their way to the desk: in order, never lost, sent again by themselves (A19, E20). */
import { beforeEach, expect, it, vi } from 'vitest'

import type { Call } from './support'

type Pending = typeof import('@/console/ticket/pending')

const line = (text: string) => ({ text, visibility: 'public' as const, attachments: [] })
let calls: Call[]
let down: boolean
let refuse: string | null
let pending: Pending

/** A page load: the module's memory is gone, the tab's is not. */
async function load(): Promise<void> {
  vi.resetModules()
  const support = await import('./support')
  calls = await support.signedIn(['ticket.reply'], {
    'POST /tickets/7/messages': () => {
      if (down) throw new TypeError('no network')
      return { id: calls.length, ticket: 7, author: { kind: 'agent' }, text: '' }
    },
  })
  const plain = fetch
  vi.stubGlobal('fetch', async (address: string, init: RequestInit) => {
    const body = init.body ? (JSON.parse(String(init.body)) as { text?: string }) : {}
    if (refuse !== null && body.text === refuse) return new Response('{"code":"forbidden","status":403}', { status: 403 })
    return plain(address, init)
  })
  pending = await import('@/console/ticket/pending')
}
const said = (): unknown[] => calls.filter((call) => call.method === 'POST').map((call) => (call.body as { text: string }).text)
const connected = async (): Promise<void> => {
  const desk = (await import('@/console/stores/desk')).useDesk()
  desk.connection = 'waiting'
  await Promise.resolve()
  desk.connection = 'open'
}

beforeEach(async () => {
  sessionStorage.clear()
  down = false
  refuse = null
  await load()
})

it('waits without a connection and goes by itself, in the order written', async () => {
  down = true
  const at = pending.usePending(7)
  at.send(line('一'))
  at.send(line('二'))
  await vi.waitFor(() => expect(at.mine().map((one) => one.held)).toEqual([true, false]))
  down = false
  calls.length = 0
  await connected()
  await vi.waitFor(() => expect(at.mine()).toEqual([]))
  expect(said()).toEqual(['一', '二'])
})

it('keeps what waits over a reload, and sends it once', async () => {
  down = true
  pending.usePending(7).send(line('還沒送出去'))
  await vi.waitFor(() => expect(pending.usePending(7).mine()[0]?.held).toBe(true))
  const id = pending.usePending(7).mine()[0]?.id
  down = false
  await load()
  const at = pending.usePending(7)
  expect(at.mine().map((one) => [one.id, one.text])).toEqual([[id, '還沒送出去']])
  await connected()
  await vi.waitFor(() => expect(at.mine()).toEqual([]))
  expect(said()).toEqual(['還沒送出去'])
  await connected()
  await load()
  expect(pending.usePending(7).mine()).toEqual([])
})

it('keeps what the desk refused with its reason, also over a reload, and lets the next pass', async () => {
  refuse = '不行'
  const at = pending.usePending(7)
  at.send(line('不行'))
  at.send(line('可以'))
  await vi.waitFor(() => expect(at.mine().map((one) => [one.text, one.problem !== null])).toEqual([['不行', true]]))
  await load()
  expect(pending.usePending(7).mine().map((one) => [one.text, one.problem !== null])).toEqual([['不行', true]])
  expect(said()).toEqual([])
})

it('is kept for the person who wrote it', async () => {
  down = true
  pending.usePending(7).send(line('林的'))
  await vi.waitFor(() => expect(pending.usePending(7).mine()[0]?.held).toBe(true))
  expect(Object.keys(sessionStorage)).toContain('yingda.pending.lin')
})
