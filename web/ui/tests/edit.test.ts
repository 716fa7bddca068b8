import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { useEdit } from '@/console/rules/edit'
import { useSession } from '@/console/stores/session'
import type { RulesSource, User } from '@/shared/api/types'

/** What the desk has: in force, in the folder, and of before. */
let desk: { source: RulesSource; versions: Record<string, Record<string, string>> }

function answer(url: string): Response {
  const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status })
  if (url.endsWith('/rules/files')) return json(desk.source)
  const digest = /\/rules\/versions\/(\w+)$/.exec(url)?.[1]
  const files = digest ? desk.versions[digest] : undefined
  if (digest) return files ? json({ digest, files }) : json({ code: 'not-found', status: 404 }, 404)
  return json({ findings: [], errors: 0, warnings: 0 })
}

/** A tab of the browser that is opened, or loaded again. */
async function tab(name: string): Promise<ReturnType<typeof useEdit>> {
  sessionStorage.setItem('yingda.tab', name)
  setActivePinia(createPinia())
  useSession().user = { username: 'ann' } as User
  const edit = useEdit()
  await edit.load()
  return edit
}

const files = { 'a.rules': 'a\n', 'b.rules': 'b\n' }

beforeEach(() => {
  localStorage.clear()
  desk = { source: { digest: 'd1', files, folder: null }, versions: { d1: files } }
  // What is found in an edit is asked a moment later: of no matter here.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.stubGlobal('fetch', async (url: string) => answer(url))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('an edit that is left', () => {
  it('is there again in its tab', async () => {
    ;(await tab('one')).write('a.rules', 'mine\n')
    const again = await tab('one')
    expect([again.base, again.edits, again.news, again.baseGone]).toEqual(['d1', { 'a.rules': 'mine\n' }, null, false])
  })

  it('of a version no longer in force says what changed since', async () => {
    ;(await tab('one')).write('a.rules', 'mine\n')
    desk.source = { digest: 'd2', files: { ...files, 'b.rules': 'theirs\n' }, folder: null }
    const again = await tab('one')
    expect([again.base, again.text('a.rules'), again.text('b.rules')]).toEqual(['d1', 'mine\n', 'b\n'])
    expect(again.news).toMatchObject({ digest: 'd2', folder: false, changes: [{ path: 'b.rules', change: 'changed' }] })
    again.goOn({ digest: 'd2', files: desk.source.files }, { 'a.rules': 'mine\n' })
    expect([again.news, again.text('b.rules'), (await tab('one')).base]).toEqual([null, 'theirs\n', 'd2'])
  })

  it('of a version that is gone says so, and is compared with what is in force', async () => {
    ;(await tab('one')).write('a.rules', 'mine\n')
    desk = { source: { digest: 'd2', files: { 'a.rules': 'theirs\n' }, folder: null }, versions: {} }
    const again = await tab('one')
    expect([again.baseGone, again.base, again.edits]).toEqual([true, 'd2', { 'a.rules': 'mine\n' }])
    again.discard()
    expect([again.baseGone, again.dirty]).toEqual([false, false])
  })

  it('of a broken folder goes on from the folder', async () => {
    const folder = { digest: 'f1', changes: [{ path: 'a.rules', change: 'changed' as const }], files: { 'a.rules': 'broken\n' } }
    desk.source = { digest: 'd1', files, folder }
    const edit = await tab('one')
    edit.goOn({ digest: 'f1', files: { ...files, 'a.rules': 'broken\n' } }, {})
    edit.write('a.rules', 'mended\n')
    const again = await tab('one')
    expect([again.base, again.texts['a.rules'], again.text('a.rules'), again.news]).toEqual(['f1', 'broken\n', 'mended\n', null])
  })
})

describe('edits of two tabs', () => {
  it('stay apart, and each hears of the other', async () => {
    ;(await tab('one')).write('a.rules', 'one\n')
    const two = await tab('two')
    expect([two.dirty, two.others.map((other) => other.edits)]).toEqual([false, [{ 'a.rules': 'one\n' }]])
    two.write('b.rules', 'two\n')
    expect((await tab('one')).edits).toEqual({ 'a.rules': 'one\n' })
  })

  it('that say the same are not worth a word', async () => {
    ;(await tab('one')).write('a.rules', 'same\n')
    const two = await tab('two')
    two.write('a.rules', 'same\n')
    expect(two.others).toEqual([])
  })

  it('come together when it is wanted, and are not offered again', async () => {
    ;(await tab('one')).write('a.rules', 'one\n')
    const two = await tab('two')
    const [other] = two.others
    if (!other) throw new Error('the other tab is not seen')
    expect(await two.whole(other)).toMatchObject({ state: { digest: 'd1' }, files: { 'a.rules': 'one\n', 'b.rules': 'b\n' } })
    two.settle(other, false)
    expect(two.others).toEqual([])
    expect((await tab('one')).edits).toEqual({ 'a.rules': 'one\n' })
  })

  it('one that a closed tab left is gone on with', async () => {
    ;(await tab('one')).write('a.rules', 'left\n')
    dispatchEvent(new Event('pagehide'))
    const two = await tab('two')
    expect([two.edits, two.others]).toEqual([{ 'a.rules': 'left\n' }, []])
  })
})
