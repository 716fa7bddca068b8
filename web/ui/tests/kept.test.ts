import { beforeEach, describe, expect, it } from 'vitest'

import { Keeper } from '@/console/rules/kept'

const HOUR = 3_600_000

/** A tab of a browser: what all tabs share, and what is its own. */
function tab(own: Storage = memory(), now: () => number = () => 1_000): Keeper {
  return new Keeper(localStorage, own, now)
}

function memory(): Storage {
  const held = new Map<string, string>()
  return {
    get length() {
      return held.size
    },
    clear: () => held.clear(),
    getItem: (key) => held.get(key) ?? null,
    key: (n) => [...held.keys()][n] ?? null,
    removeItem: (key) => void held.delete(key),
    setItem: (key, value) => void held.set(key, value),
  }
}

beforeEach(() => localStorage.clear())

describe('unpublished edits on a device', () => {
  it('are found again by their tab, after a reload as well', () => {
    const own = memory()
    tab(own).keep('ann', 'd1', { 'a.rules': 'x', 'b.rules': null })
    expect(tab(own).own('ann')).toMatchObject({ digest: 'd1', edits: { 'a.rules': 'x', 'b.rules': null }, open: true })
    expect(tab(own).others('ann')).toEqual([])
    expect(tab(own).own('bob')).toBeNull()
  })

  it('of two tabs never write over each other', () => {
    const [one, other] = [tab(), tab()]
    one.keep('ann', 'd1', { 'a.rules': 'one' })
    other.keep('ann', 'd1', { 'a.rules': 'other' })
    expect(one.own('ann')?.edits).toEqual({ 'a.rules': 'one' })
    expect(one.others('ann').map((kept) => kept.edits)).toEqual([{ 'a.rules': 'other' }])
    expect(other.others('ann').map((kept) => kept.edits)).toEqual([{ 'a.rules': 'one' }])
  })

  it('belong to one person, whatever the names look like', () => {
    const own = memory()
    tab(own).keep('ann', 'd', { a: 'ann' })
    tab(own).keep('ann.b', 'd', { a: 'ann.b' })
    expect(tab(own).own('ann')?.edits).toEqual({ a: 'ann' })
    expect(tab().others('ann').map((kept) => kept.user)).toEqual(['ann'])
  })

  it('say when their tab has closed, or is silent for too long', () => {
    let now = 0
    const leaving = tab(memory(), () => now)
    leaving.keep('ann', 'd', { a: '1' }, false)
    tab(memory(), () => now).keep('ann', 'd', { a: '2' })
    const seen = (): boolean[] => tab(memory(), () => now).others('ann').map((kept) => kept.open)
    expect(seen()).toEqual([false, true])
    now = 13 * HOUR
    expect(seen()).toEqual([false, false])
  })

  it('go when nothing is changed any more', () => {
    const one = tab()
    one.keep('ann', 'd', { a: '1' })
    one.keep('ann', 'd', {})
    expect(one.own('ann')).toBeNull()
    expect(localStorage.length).toBe(0)
  })

  it('of a duplicated tab part as soon as one of the two writes', () => {
    const own = memory()
    const one = tab(own)
    one.keep('ann', 'd', { a: 'one' })
    const copy = memory()
    copy.setItem('yingda.tab', own.getItem('yingda.tab') ?? '')
    const other = tab(copy)
    other.keep('ann', 'd', { a: 'copy' })
    // What the browser tells the first tab of.
    const key = localStorage.key(0)
    expect(Keeper.concerns(key)).toBe(true)
    expect(one.parted('ann', key)).toBe(true)
    one.keep('ann', 'd', { a: 'one' })
    expect([one.own('ann')?.edits, other.own('ann')?.edits]).toEqual([{ a: 'one' }, { a: 'copy' }])
    expect(one.parted('ann', key)).toBe(false)
  })

  it('that nobody can read are none', () => {
    localStorage.setItem('yingda.rules.ann.x', '{')
    localStorage.setItem('yingda.rules.ann.y', '{"edits":{}}')
    expect(tab().others('ann')).toEqual([])
  })

  it('are no reason to fail where nothing can be kept', () => {
    const full = { ...memory(), setItem: () => { throw new DOMException('full', 'QuotaExceededError') } }
    expect(() => new Keeper(full, memory()).keep('ann', 'd', { a: '1' })).not.toThrow()
  })
})
