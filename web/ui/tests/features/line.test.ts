/** What a line of a conversation says of the rule that wrote it. */
import { mount, RouterLinkStub } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import Line from '@/console/ticket/Line.vue'
import type { Message } from '@/shared/api/types'

import { signedIn } from './support'

const line = {
  id: 1, ticket: 7, author: { kind: 'bot', name: '示範商店' }, text: '已收到。', visibility: 'public', attachments: [],
  created_at: '2026-11-22T01:00:00Z', automatic: true, rule: 'inquiry_ack',
} as unknown as Message
const SOURCE = { title: '收到諮詢', file: '60-respond.rules', line: 9 }

async function shown(permissions: string[], given: Partial<Message>) {
  await signedIn(permissions, {})
  const stubs = { RouterLink: RouterLinkStub, 'el-icon': true }
  return mount(Line, { props: { line: { ...line, ...given }, first: true }, global: { stubs } }).get('[data-test=line-automatic]')
}

describe('a line of a rule', () => {
  it('is told by the title of the rule, with its name in the tooltip', async () => {
    const tag = await shown([], { rule_source: SOURCE })
    expect(tag.text()).toBe('自動 · 收到諮詢')
    expect(tag.attributes('title')).toContain('inquiry_ack')
    expect(tag.findComponent(RouterLinkStub).exists()).toBe(false)
  })

  it('leads to the rule who may read rules', async () => {
    const tag = await shown(['rules.view'], { rule_source: SOURCE })
    expect(tag.getComponent(RouterLinkStub).props('to')).toEqual({ path: '/rules', query: { view: 'edit', file: '60-respond.rules', line: 9 } })
  })

  it('is told by its name where it has no title or is gone', async () => {
    expect((await shown(['rules.view'], { rule_source: { ...SOURCE, title: null } })).text()).toBe('自動 · inquiry_ack')
    const gone = await shown(['rules.view'], {})
    expect(gone.text()).toBe('自動 · inquiry_ack')
    expect(gone.findComponent(RouterLinkStub).exists()).toBe(false)
  })
})
