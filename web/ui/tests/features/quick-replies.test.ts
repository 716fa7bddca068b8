import { describe, expect, it } from 'vitest'

import { fill, openIn, pieces, variablesIn, type Gap } from '@/features/quick-replies/fill'
import { matching, slashAt } from '@/features/quick-replies/match'
import type { QuickReply } from '@/features/quick-replies/api'

const reply = (id: number, title: string, keys: string[], more: Partial<QuickReply> = {}): QuickReply => ({
  id,
  title,
  text: '',
  group: null,
  scope: 'desk',
  shop: null,
  mine: false,
  uses: 0,
  keys,
  updated_at: '2026-11-22T01:00:00Z',
  ...more,
})
const titles = (replies: QuickReply[]): string[] => replies.map((one) => one.title)

const refund = reply(1, '退款', ['tuikuan', 'tk'], { uses: 3 })
const apply = reply(2, '申請退款', ['shenqingtuikuan', 'sqtk'], { uses: 90 })
const hello = reply(3, '您好', ['ninhao', 'nh'], { uses: 50, text: '請問是要退款嗎？' })
const parcel = reply(4, '查包裹', ['chabaoguo', 'cbg'], { uses: 50, mine: true, group: '物流' })
const all = [refund, apply, hello, parcel]

describe('quick replies are found', () => {
  it.each([
    ['退款', ['退款', '申請退款', '您好']],
    ['tk', ['退款', '申請退款']],
    ['TUI', ['退款', '申請退款']],
    ['tuikuan', ['退款', '申請退款']],
    ['ｔｋ', ['退款', '申請退款']],
    ['cb', ['查包裹']],
    ['n', ['您好']],
    ['物流', ['查包裹']],
    ['xyz', []],
  ])('by %s', (query, expected) => {
    expect(titles(matching(all, query))).toEqual(expected)
  })

  it('most used first, own before others', () => {
    expect(titles(matching(all, ''))).toEqual(['申請退款', '查包裹', '您好', '退款'])
  })
})

describe('the slash', () => {
  it.each([
    ['/', 1, { from: 0, to: 1, query: '' }],
    ['/tk', 3, { from: 0, to: 3, query: 'tk' }],
    ['您好\n/退', 5, { from: 3, to: 5, query: '退' }],
    ['您好 /tk 謝謝', 6, { from: 3, to: 6, query: 'tk' }],
    // Full width, and what a Chinese input method makes of the key where nobody would write it.
    ['／tk', 3, { from: 0, to: 3, query: 'tk' }],
    ['、tk', 3, { from: 0, to: 3, query: 'tk' }],
    ['紅、藍', 3, null],
    ['您好，/tk', 6, { from: 3, to: 6, query: 'tk' }],
    ['請看/tk', 5, { from: 2, to: 5, query: 'tk' }],
    ['是/否', 3, { from: 1, to: 3, query: '否' }],
    ['（見」/tk', 6, { from: 3, to: 6, query: 'tk' }],
    ['好…／tk', 5, { from: 2, to: 5, query: 'tk' }],
    ['請看：/tk', 6, { from: 3, to: 6, query: 'tk' }],
    ['はい/tk', 5, { from: 2, to: 5, query: 'tk' }],
    ['𠮷/tk', 5, { from: 2, to: 5, query: 'tk' }],
    ['見 https://a.example/x，/tk', 25, { from: 22, to: 25, query: 'tk' }],
    ['https://a.example/說明/tk', 23, null],
    ['看a/tk', 5, null],
    ['２/tk', 4, null],
    ['Ａ/tk', 4, null],
    ['看：//', 4, null],
    ['看http:/', 7, null],
    ['https://a.example', 8, null],
    ['https://a.example', 7, null],
    ['1/2', 3, null],
    ['/a b', 4, null],
    ['//', 2, null],
    ['tk', 2, null],
    ['/tk', 0, null],
  ])('in %j at %i', (text, cursor, expected) => {
    expect(slashAt(text, cursor)).toEqual(expected)
  })
})

const gap: Gap = (variable) => `【${variable === 'ticket.order_no' ? '訂單編號' : variable}】`
const open = (text: string): string[] => openIn(text, gap).map(({ from, to, of }) => `${of}: ${text.slice(from, to)}`)

describe('variables', () => {
  const values = { 'member.name': '王小明', 'ticket.number': '#00007' }

  it('are filled in; what is not known is a gap and is told', () => {
    const text = fill('{member.name} 您好，工單 {ticket.number}，訂單 {ticket.order_no}、{ticket.order_no}', values, gap)
    expect(text).toBe('王小明 您好，工單 #00007，訂單 【訂單編號】、【訂單編號】')
    expect(open(text)).toEqual(['ticket.order_no: 【訂單編號】', 'ticket.order_no: 【訂單編號】'])
  })

  it('that nobody knows are told too: a slip of the pen is not sent', () => {
    expect(open(fill('{member.nmae} 您好【訂單編號】', values, gap))).toEqual(['member.nmae: {member.nmae}', 'ticket.order_no: 【訂單編號】'])
  })

  it('are not every brace', () => {
    expect(open('{"a": 1} {} {1.5} {name}【重要】')).toEqual([])
    expect(variablesIn('{a.b} {name} {a.b}')).toEqual(['a.b'])
  })

  it('whose value looks like a variable are not filled twice', () => {
    expect(fill('{member.name}', { 'member.name': '{ticket.number}', 'ticket.number': '7' }, gap)).toBe('{ticket.number}')
  })

  it('are shown among the text', () => {
    expect(pieces('a{ticket.number}b')).toEqual([
      { text: 'a', variable: null },
      { text: '{ticket.number}', variable: 'ticket.number' },
      { text: 'b', variable: null },
    ])
    expect(pieces('')).toEqual([])
  })
})
