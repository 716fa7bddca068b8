import { describe, expect, it } from 'vitest'

import { applied, type Edits, type Texts } from '@/console/rules/draft'
import { isConflict, merge, outcome, questions, settled, type Choice, type Clash } from '@/console/rules/merge'

const from: Texts = { 'a.rules': 'one\ntwo\nthree\nfour\nfive\n', 'b.yaml': 'b\n', 'c.txt': 'c\n' }
const only = (mine: Edits, to: Texts): Clash => {
  const { clashes } = merge(from, mine, to)
  expect(clashes).toHaveLength(1)
  return clashes[0] as Clash
}
const answer = (mine: Edits, to: Texts, ...choices: Choice[]): Record<string, string> => {
  const found = merge(from, mine, to)
  return applied(to, outcome(found, to, Object.fromEntries(found.clashes.map(({ path }) => [path, choices]))))
}

describe('merging an edit with what others did', () => {
  it('takes what only one side changed, added or removed', () => {
    const to = { 'a.rules': from['a.rules'] as string, 'b.yaml': 'theirs\n', 'theirs.rules': 't' }
    const found = merge(from, { 'a.rules': 'mine\n', 'mine.rules': 'm', 'b.yaml': 'b\n' }, to)
    expect(found).toEqual({ edits: { 'a.rules': 'mine\n', 'mine.rules': 'm' }, clashes: [] })
    expect(applied(to, outcome(found, to, {}))).toEqual({ 'a.rules': 'mine\n', 'b.yaml': 'theirs\n', 'mine.rules': 'm', 'theirs.rules': 't' })
  })

  it('has nothing left where both did the same', () => {
    const to = { ...from, 'a.rules': 'same\n' }
    expect(merge(from, { 'a.rules': 'same\n' }, to)).toEqual({ edits: {}, clashes: [] })
    expect(merge(from, { 'c.txt': null }, { 'a.rules': from['a.rules'] as string, 'b.yaml': 'b\n' })).toEqual({ edits: {}, clashes: [] })
  })

  it('brings different lines of one file together by itself', () => {
    const mine = { 'a.rules': 'ONE\ntwo\nthree\nfour\nfive\n' }
    const to = { ...from, 'a.rules': 'one\ntwo\nthree\nfour\nfive\nsix\n' }
    const clash = only(mine, to)
    expect(questions(clash)).toBe(0)
    expect(settled(clash, [])).toBe('ONE\ntwo\nthree\nfour\nfive\nsix\n')
  })

  it.each<[Choice, string]>([
    ['mine', 'one\nMINE\nthree\nfour\nfive\n'],
    ['theirs', 'one\nTHEIRS\nthree\nfour\nfive\n'],
    ['both', 'one\nMINE\nTHEIRS\nthree\nfour\nfive\n'],
  ])('asks where both changed a line: %s', (choice, text) => {
    const clash = only({ 'a.rules': 'one\nMINE\nthree\nfour\nfive\n' }, { ...from, 'a.rules': 'one\nTHEIRS\nthree\nfour\nfive\n' })
    expect(clash.pieces?.filter(isConflict)).toEqual([{ mine: ['MINE'], theirs: ['THEIRS'] }])
    expect(settled(clash, [choice])).toBe(text)
  })

  it('asks for each conflict by itself', () => {
    const mine = { 'a.rules': 'M1\ntwo\nthree\nfour\nM5\n' }
    const to = { ...from, 'a.rules': 'T1\ntwo\nthree\nfour\nT5\n' }
    expect(questions(only(mine, to))).toBe(2)
    expect(answer(mine, to, 'theirs', 'both')['a.rules']).toBe('T1\ntwo\nthree\nfour\nM5\nT5\n')
  })

  it('asks where one side took a file away that the other changed', () => {
    const gone = { 'b.yaml': 'b\n', 'c.txt': 'c\n' }
    expect(answer({ 'a.rules': 'mine\n' }, gone, 'mine')['a.rules']).toBe('mine\n')
    expect(answer({ 'a.rules': 'mine\n' }, gone, 'theirs')).toEqual(gone)
    const changed = { ...from, 'a.rules': 'theirs\n' }
    expect(answer({ 'a.rules': null }, changed, 'mine')).toEqual({ 'b.yaml': 'b\n', 'c.txt': 'c\n' })
    expect(answer({ 'a.rules': null }, changed, 'theirs')['a.rules']).toBe('theirs\n')
  })

  it('asks about two new files of one name', () => {
    expect(answer({ 'n.rules': 'mine' }, { ...from, 'n.rules': 'theirs' }, 'both')['n.rules']).toBe('mine\ntheirs')
  })

  it('loses no line of either side: every one is in the text or in a conflict', () => {
    // All pairs of edits that put a letter before, after or in place of some lines.
    const base = ['1', '2', '3']
    const edits = (letter: string): string[][] =>
      [0, 1, 2, 3].flatMap((at) => [0, 1, 2].map((out) => [...base.slice(0, at), letter, ...base.slice(at + out)]))
    for (const mine of edits('M')) {
      for (const theirs of edits('T')) {
        const found = merge({ a: base.join('\n') }, { a: mine.join('\n') }, { a: theirs.join('\n') })
        for (const clash of found.clashes) {
          const kept = settled(clash, Array.from({ length: questions(clash) }, (): Choice => 'both')) ?? ''
          expect(kept.split('\n')).toEqual(expect.arrayContaining(['M', 'T']))
          const wanted = (side: 'mine' | 'theirs'): string => settled(clash, Array.from({ length: 9 }, () => side)) ?? ''
          if (questions(clash) > 0) expect([wanted('mine').includes('M'), wanted('theirs').includes('T')]).toEqual([true, true])
        }
      }
    }
  })

  it('keeps the ends of lines and of the text as they are', () => {
    const texts = { a: 'x\r\ny\r\nz' }
    const found = merge(texts, { a: 'X\r\ny\r\nz' }, { a: 'x\r\ny\r\nZ' })
    expect(outcome(found, { a: 'x\r\ny\r\nZ' }, {})).toEqual({ a: 'X\r\ny\r\nZ' })
  })
})
