import { describe, expect, it } from 'vitest'

import type { User } from '@/shared/api/types'
import { destination, leaves, ownPath } from '@/console/router'

const user = (kind: User['kind']): User => ({
  kind,
  id: 1,
  username: 'x',
  name: 'x',
  alias: '',
  locale: 'zh-TW',
  roles: [],
  shops: [],
  teams: [],
  status: null,
  tier: null,
})

describe('ownPath', () => {
  it.each([
    ['/inbox?view=all', '/inbox?view=all'],
    ['//evil.example', null],
    ['/\\evil.example', null],
    ['https://evil.example/', null],
    ['javascript:alert(1)', null],
    ['', null],
    [undefined, null],
    ['/%2f%2fevil.example', '/%2f%2fevil.example'],
    ['/\t/evil.example', null],
  ])('%j → %j', (wanted, path) => {
    expect(ownPath(wanted)).toBe(path)
  })
})

describe('after signing in', () => {
  it.each([
    ['agent', '/tickets/7', '/tickets/7'],
    ['agent', '/login?next=/login', '/'],
    ['agent', 'https://evil.example', '/'],
    ['agent', undefined, '/'],
    ['member', '/inbox', '/chat'],
    ['member', '/chat?shop=demo', '/chat?shop=demo'],
    ['member', '/chatter', '/chat'],
    ['member', undefined, '/chat'],
  ] as const)('%s wanting %j goes to %s', (kind, next, path) => {
    expect(destination(user(kind), next)).toBe(path)
  })

  it('the chat is another document', () => {
    expect(leaves('/chat?shop=demo')).toBe(true)
    expect(leaves('/chats')).toBe(false)
  })
})
