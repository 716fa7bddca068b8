import { describe, expect, it } from 'vitest'

import { clip, encode, wellFormed } from '@/shared/text'

describe('texts on their way out', () => {
  it('are cut between characters', () => {
    expect(clip('x'.repeat(299) + '🎉🎉', 300)).toBe('x'.repeat(299) + '🎉')
    expect(clip('短', 300)).toBe('短')
    expect([...clip('🎉'.repeat(400), 300)]).toHaveLength(300)
  })

  it.each(['\ud83d', 'a\udf89', '\udf89\ud83d'])('have no half characters: %j', (half) => {
    expect(wellFormed(half)).not.toMatch(/\p{Surrogate}/u)
    expect(wellFormed(half)).toContain('\ufffd')
    expect(JSON.parse(encode({ deep: [{ text: half }] }))).toEqual({ deep: [{ text: wellFormed(half) }] })
  })

  it('are left as they are where they are whole', () => expect(wellFormed('您好🎉é')).toBe('您好🎉é'))
})
