/** Drafts on the desk: what is saved, what another tab wrote, what waits without a connection. Only the network is a stand-in. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { draftsOf, forgetOpen, syncOf } from '@/console/ticket/drafts'
import { SAVE_AFTER } from '@/console/ticket/draftSync'

interface OnDesk {
  visibility: string
  text: string
  attachments: { id: string }[]
  revision: number
  updated_at: string
}

let desk: Record<string, OnDesk>
let puts: { visibility: string; text: string; base: number | null }[]
let away: boolean
let revision = 0

const write = (visibility: string, text: string): void => {
  desk[visibility] = { visibility, text, attachments: [], revision: ++revision, updated_at: '2026-11-30T10:00:00Z' }
}

beforeEach(() => {
  vi.useFakeTimers()
  sessionStorage.clear()
  forgetOpen()
  desk = {}
  puts = []
  away = false
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    if (away) throw new TypeError('offline')
    if (init.method === 'GET') return new Response(JSON.stringify({ items: Object.values(desk), next: null }))
    const body = JSON.parse(String(init.body)) as (typeof puts)[number]
    puts.push(body)
    if ((desk[body.visibility]?.revision ?? null) !== body.base) return new Response(JSON.stringify({ code: 'draft-newer' }), { status: 412 })
    if (body.text === '') desk = Object.fromEntries(Object.entries(desk).filter(([one]) => one !== body.visibility))
    else write(body.visibility, body.text)
    return new Response(JSON.stringify({ draft: desk[body.visibility] ?? null }))
  })
})
afterEach(() => vi.useRealTimers())

const open = () => ({ drafts: draftsOf('lin', 7), sync: syncOf('lin', 7) })
const soon = (): Promise<unknown> => vi.advanceTimersByTimeAsync(SAVE_AFTER + 50)

describe('what is written', () => {
  it('is saved a second later, once, each mode for itself, and found by another tab', async () => {
    const { drafts, sync } = open()
    for (const text of ['您', '您好']) {
      drafts.of('public').text = text
      sync.changed()
    }
    drafts.of('internal').text = '小心'
    sync.changed()
    await soon()
    expect(puts.map(({ visibility, text, base }) => [visibility, text, base])).toEqual([['internal', '小心', null], ['public', '您好', null]])
    sessionStorage.clear()
    forgetOpen()
    const other = open()
    await other.sync.load()
    expect([other.drafts.of('public').text, other.drafts.of('internal').text]).toEqual(['您好', '小心'])
    await other.sync.flush()
    expect(puts).toHaveLength(2)
  })

  it('goes to the desk when the connection is back', async () => {
    const { drafts, sync } = open()
    away = true
    drafts.of('public').text = '斷線時寫的'
    sync.changed()
    await soon()
    expect(puts).toEqual([])
    away = false
    await vi.advanceTimersByTimeAsync(6_000)
    expect(desk['public']?.text).toBe('斷線時寫的')
  })

  it('is named by the line it becomes, and a save that was on its way leaves nothing behind', async () => {
    const { drafts, sync } = open()
    drafts.of('public').text = '一'
    await sync.flush()
    const { draft } = drafts.take('public')
    expect(draft).toBe(desk['public']?.revision)
    delete desk['public']
    drafts.of('public').text = '二'
    const saving = sync.flush()
    drafts.take('public')
    await saving
    await soon()
    expect(desk['public']).toBeUndefined()
  })
})

describe('what another tab wrote', () => {
  it('comes here where nothing was written meanwhile', async () => {
    const { drafts, sync } = open()
    write('public', '別的分頁')
    sync.heard('public', revision)
    await soon()
    expect(drafts.of('public').text).toBe('別的分頁')
    delete desk['public']
    sync.heard('public', null)
    await soon()
    expect(drafts.of('public').text).toBe('')
  })

  it.each([[true, '那一份'], [false, '這一份']])('is not written over: the person chooses (theirs: %s)', async (theirs, text) => {
    const { drafts, sync } = open()
    drafts.of('public').text = '共同的'
    await sync.flush()
    write('public', '那一份')
    drafts.of('public').text = '這一份'
    sync.changed()
    await soon()
    await soon()
    expect(desk['public']?.text).toBe('那一份')
    expect(drafts.of('public').newer?.text).toBe('那一份')
    expect(drafts.of('public').text).toBe('這一份')
    sync.choose('public', theirs)
    await soon()
    expect([drafts.of('public').text, desk['public']?.text, drafts.of('public').newer]).toEqual([text, text, null])
  })
})
