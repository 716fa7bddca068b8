/** Colleagues in a note: who is asked for behind `@`, who is found, and who is named in the thread. */
import { describe, expect, it } from 'vitest'

import { calledIn, matching, mentionAt, notePieces } from '@/console/ticket/people'
import type { Agent } from '@/shared/api/types'

const agent = (username: string, name: string, keys: string[] = []): Agent => ({
  username, name, alias: '', teams: [], skills: [], roles: [], shops: ['*'], status: 'online', load: 0, capacity: 5, keys, assignable: true,
})
const AMY = agent('amy', '王小美', ['wangxiaomei', 'wxm'])
const AGENTS = [AMY, agent('amy.lin', '王小', ['wangxiao', 'wx']), agent('ben', 'Ben Li'), agent('ben2', 'Ben')]

describe('the list behind @', () => {
  it.each([
    ['請@小', 2, '小'],
    ['@', 0, ''],
    ['看看 ＠wx', 3, 'wx'],
  ])('asks in %s', (text, from, query) => {
    expect(mentionAt(text, text.length)).toEqual({ from: text.startsWith('請') ? 1 : from, to: text.length, query })
  })

  it.each(['mail@', 'a.b@shop', '@amy ', '@amy，', ''])('does not ask in %s', (text) => {
    expect(mentionAt(text, text.length)).toBeNull()
  })

  it.each([
    ['小美', ['amy']],
    ['wxm', ['amy']],
    ['wangx', ['amy', 'amy.lin']],
    ['AMY', ['amy', 'amy.lin']],
    ['ben', ['ben', 'ben2']],
    ['沒有', []],
    ['', ['amy', 'amy.lin', 'ben', 'ben2']],
  ])('finds by %s', (query, found) => {
    expect(matching(AGENTS, query).map((one) => one.username)).toEqual(found)
  })

  it('puts in the username where two have one name', () => {
    expect(calledIn(AMY, AGENTS)).toBe('王小美')
    expect(calledIn(AMY, [...AGENTS, agent('amy3', '王小美')])).toBe('amy')
  })
})

describe('a note in the thread', () => {
  it.each([
    ['請@王小美看一下', ['amy']],
    ['@王小看', ['amy.lin']],
    ['@Ben Li 和 @ben2, ＠AMY.', ['ben', 'ben2', 'amy']],
    ['@amy.lina @amyx x@amy.example @nobody', []],
    ['https://shop.example/@amy', []],
    ['<b>@amy</b>', ['amy']],
  ])('marks in %s', (text, found) => {
    const pieces = notePieces(text, AGENTS)
    expect(pieces.flatMap((piece) => piece.agent?.username ?? [])).toEqual(found)
    expect(pieces.map((piece) => piece.text).join('')).toBe(text)
  })
})
