import { describe, expect, it } from 'vitest'

import type { Entry } from '@/features/answers/api'
import { EVERYTHING, keywordsOf, shown, spoken, type Filter, type Order } from '@/features/answers/list'

const entry = (id: number, title: string, more: Partial<Entry> = {}): Entry => ({
  id,
  shop: '',
  titles: { 'zh-TW': title },
  texts: { 'zh-TW': `${title}的說明` },
  keywords: [],
  enabled: true,
  position: id,
  type: null,
  clicks: 0,
  created_at: `2026-11-0${id}T00:00:00Z`,
  updated_at: `2026-11-0${id}T00:00:00Z`,
  ...more,
})
const all = [
  entry(1, '運費', { keywords: ['免運', 'Shipping'], type: 'delivery', clicks: 4, updated_at: '2026-11-20T00:00:00Z' }),
  entry(2, '退貨', { shop: 'demo', type: 'returns', clicks: 9, texts: { en: 'Within 7 days' } }),
  entry(3, '發票', { enabled: false, position: 0 }),
]
const ids = (filter: Partial<Filter>, order: Order = 'position'): number[] =>
  shown(all, { ...EVERYTHING, ...filter }, order).map((one) => one.id)

describe('the list of answers', () => {
  it.each<[Partial<Filter>, number[]]>([
    [{}, [3, 1, 2]],
    [{ text: 'ＳＨＩＰ' }, [1]],
    [{ text: '說明' }, [3, 1]],
    [{ type: 'returns' }, [2]],
    [{ type: '' }, [3]],
    [{ shop: '' }, [3, 1]],
    [{ shop: 'demo' }, [2]],
    [{ language: 'en' }, [2]],
    [{ enabled: false }, [3]],
    [{ enabled: true, text: '運' }, [1]],
  ])('is narrowed by %j', (filter, expected) => {
    expect(ids(filter)).toEqual(expected)
  })

  it.each<[Order, number[]]>([
    ['clicks', [2, 1, 3]],
    ['updated', [1, 3, 2]],
    ['created', [3, 2, 1]],
  ])('is sorted by %s', (order, expected) => {
    expect(ids({}, order)).toEqual(expected)
  })

  it('speaks as the desk does: the language, its tongue, the first', () => {
    expect(spoken({ 'zh-TW': '貨', en: 'goods' }, 'en')).toBe('goods')
    expect(spoken({ en: 'goods', 'zh-TW': '貨' }, 'zh-CN')).toBe('貨')
    expect(spoken({ ja: '品' }, 'zh-CN')).toBe('品')
    expect(spoken({}, 'en')).toBe('')
  })
})

describe('keywords', () => {
  it.each<[string, string[], string[]]>([
    ['退貨，退款、return; refund', [], ['退貨', '退款', 'return', 'refund']],
    ['RETURN\n\n退貨', ['return'], ['return', '退貨']],
    ['  ', ['a'], ['a']],
    ['x'.repeat(99), [], ['x'.repeat(60)]],
  ])('%j', (written, known, expected) => {
    expect(keywordsOf(written, known)).toEqual(expected)
  })

  it('are at most as many as the desk takes', () => {
    expect(keywordsOf('c,d', ['a', 'b'], 3)).toEqual(['a', 'b', 'c'])
  })
})
