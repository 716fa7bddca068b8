import { describe, expect, it } from 'vitest'

import { asked, EVERYTHING, isNarrowed, keywordsOf, spoken, type Filter } from '@/features/answers/list'

describe('the list of answers', () => {
  it.each<[Partial<Filter>, object]>([
    [{}, { sort: '-clicks' }],
    [{ q: ' 運費 ', sort: 'position' }, { q: '運費', sort: 'position' }],
    [{ type: '', shop: '' }, { type: '', of: '', sort: '-clicks' }],
    [{ type: 'returns', shop: 'demo', language: 'en' }, { type: 'returns', of: 'demo', language: 'en', sort: '-clicks' }],
    [{ enabled: 'off', sort: 'updated' }, { enabled: 'false', sort: '-updated_at' }],
    [{ enabled: 'on', sort: 'constructor' }, { enabled: 'true', sort: '-clicks' }],
  ])('is asked for by %j', (filter, expected) => {
    expect(asked({ ...EVERYTHING, ...filter })).toEqual(expected)
  })

  it('is narrowed by all but its order', () => {
    expect(isNarrowed({ ...EVERYTHING, sort: 'position' })).toBe(false)
    expect(isNarrowed({ ...EVERYTHING, type: '' })).toBe(true)
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
