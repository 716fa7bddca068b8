import { StringStream } from '@codemirror/language'
import { Text } from '@codemirror/state'
import { describe, expect, it } from 'vitest'

import { lineCounts } from '@/console/rules/changed'
import { applied, badPath, changesBetween, changesOf, editsBetween, pathsOf, sameEdits, textOf, treeOf, withEdit } from '@/console/rules/draft'
import { token, type Reading } from '@/console/rules/language'
import { shown } from '@/console/rules/markdown'
import { edited, offsetAt, placeAt, rangeOf } from '@/console/rules/places'

describe('an edit', () => {
  const texts = { 'a.rules': 'a', 'b.yaml': 'b', 'words/x.txt': 'x' }

  it('says what it changes', () => {
    let edits = withEdit(texts, {}, 'a.rules', 'A')
    edits = withEdit(texts, edits, 'new.rules', 'n')
    edits = withEdit(texts, edits, 'b.yaml', null)
    expect(changesOf(texts, edits)).toEqual([
      { path: 'a.rules', change: 'changed' },
      { path: 'b.yaml', change: 'removed' },
      { path: 'new.rules', change: 'added' },
    ])
    expect(pathsOf(texts, edits)).toEqual(['a.rules', 'new.rules', 'words/x.txt'])
    expect(textOf(texts, edits, 'b.yaml')).toBeNull()
    expect(textOf(texts, edits, 'words/x.txt')).toBe('x')
    expect(applied(texts, edits)).toEqual({ 'a.rules': 'A', 'new.rules': 'n', 'words/x.txt': 'x' })
  })

  it('is none once everything is as it was', () => {
    const edits = withEdit(texts, withEdit(texts, { 'n.rules': 'n' }, 'a.rules', 'A'), 'a.rules', 'a')
    expect(edits).toEqual({ 'n.rules': 'n' })
    expect(withEdit(texts, edits, 'n.rules', null)).toEqual({})
  })

  it('an empty file is a file', () => {
    expect(pathsOf({ 'a.rules': '' }, {})).toEqual(['a.rules'])
    expect(changesOf({}, { 'a.rules': '' })).toEqual([{ path: 'a.rules', change: 'added' }])
    expect(changesBetween({ 'a.rules': '' }, {})).toEqual([{ path: 'a.rules', change: 'removed' }])
  })

  it('makes one state of another', () => {
    const after = { 'a.rules': 'A', 'new.rules': '', 'words/x.txt': 'x' }
    expect(editsBetween(texts, after)).toEqual({ 'a.rules': 'A', 'b.yaml': null, 'new.rules': '' })
    expect(applied(texts, editsBetween(texts, after))).toEqual(after)
  })

  it('is compared by what it says', () => {
    expect(sameEdits({ a: 'x', b: null }, { b: null, a: 'x' })).toBe(true)
    expect(sameEdits({ a: 'x' }, { a: 'x', b: null })).toBe(false)
    expect(sameEdits({ a: null }, { b: null })).toBe(false)
    expect(sameEdits({ a: '' }, { a: null })).toBe(false)
  })
})

describe('paths', () => {
  it.each([
    ['shops/taipei.rules', null],
    ['', 'empty'],
    ['a.rules', 'taken'],
    ['words', 'taken'],
    ['a.rules/b.rules', 'taken'],
    ['a.sh', 'wrong'],
    ['../a.rules', 'wrong'],
    ['/a.rules', 'wrong'],
    ['.a.rules', 'wrong'],
    ['.rules', 'wrong'],
    ['a/.rules', 'wrong'],
    ['a\\b.rules', 'wrong'],
    ['a//b.rules', 'wrong'],
    [`${'x'.repeat(200)}.rules`, 'wrong'],
  ])('%j → %j', (path, why) => {
    expect(badPath(path, ['a.rules', 'words/x.txt'])).toBe(why)
  })

  it('make a tree, files before folders', () => {
    const names = (branches: ReturnType<typeof treeOf>): unknown[] =>
      branches.map(({ name, children }) => (children ? [name, names(children)] : name))
    const paths = ['words/b.txt', 'z.rules', 'a.rules', 'words/a/c.txt', 'words/a.txt']
    expect(names(treeOf(paths))).toEqual(['a.rules', 'z.rules', ['words', ['a.txt', 'b.txt', ['a', ['c.txt']]]]])
  })
})

describe('places', () => {
  const doc = Text.of(['rule 😀 "嗨"', '', 'then x'])

  it.each([
    [{ line: 1, column: 1 }, 0],
    [{ line: 1, column: 6 }, 5],
    // One character, two of JavaScript's.
    [{ line: 1, column: 7 }, 7],
    [{ line: 1, column: 99 }, 11],
    [{ line: 2, column: 1 }, 12],
    [{ line: 3, column: 5 }, 17],
    [{ line: 9, column: 1 }, 19],
    [{ line: 0, column: 0 }, 0],
  ])('%j is the offset %i', (place, offset) => {
    expect(offsetAt(doc, place)).toBe(offset)
  })

  it('are read back', () => {
    for (const offset of [0, 5, 7, 11, 12, 13, 19]) expect(offsetAt(doc, placeAt(doc, offset))).toBe(offset)
  })

  it('a piece never ends before it begins', () => {
    expect(rangeOf(doc, { line: 3, column: 4, end_line: 1, end_column: 1 })).toEqual({ from: 16, to: 16 })
  })

  it('edits of one answer are made from the end', () => {
    const at = (line: number, column: number, end: number, text: string) => ({ line, column, end_line: line, end_column: end, text })
    expect(edited(doc, [at(1, 1, 5, 'RULE'), at(3, 6, 7, 'yy'), at(1, 6, 7, '🙂🙂')])).toBe('RULE 🙂🙂 "嗨"\n\nthen yy')
  })
})

describe('counting lines', () => {
  it.each([
    ['a\nb\n', 'a\nb\n', 0, 0],
    ['a\nb\n', 'a\nx\nb\n', 1, 0],
    ['a\nb\nc\n', 'a\nc\n', 0, 1],
    ['a\nb\n', 'a\nB\n', 1, 1],
    ['a\n', 'a\nb\nc\n', 2, 0],
    [null, 'a\nb\n', 2, 0],
    ['a\nb', null, 0, 2],
    ['', 'a\n', 1, 0],
  ])('%j → %j', (before, after, added, removed) => {
    expect(lineCounts(before, after)).toEqual({ added, removed })
  })
})

function tokens(line: string, state: Reading = { text: false, after: null }): string[] {
  const stream = new StringStream(line, 2, 2)
  const found: string[] = []
  while (!stream.eol()) {
    stream.start = stream.pos
    const kind = token(stream, state)
    if (kind) found.push(`${kind}:${stream.current()}`)
    expect(stream.pos).toBeGreaterThan(stream.start)
  }
  return found
}

describe('colours', () => {
  it.each([
    ['rule vip_refund "退款 {member.name}"', ['definitionKeyword:rule', 'definition:vip_refund', 'string:"', 'string:退款 ', 'special:{member.name}', 'string:"']],
    ['  when message.text contains "a\\"b" # why', ['controlKeyword:when', 'propertyName:message.text', 'operatorKeyword:contains', 'string:"', 'string:a', 'escape:\\"', 'string:b', 'string:"', 'comment:# why']],
    ['規則 甲 "乙"', ['definitionKeyword:規則', 'definition:甲', 'string:"', 'string:乙', 'string:"']],
    ['當 ticket.age > 30s 且 x.y matches /a\\/b/i', ['controlKeyword:當', 'propertyName:ticket.age', 'operator:>', 'number:30s', 'logicOperator:且', 'propertyName:x.y', 'operatorKeyword:matches', 'regexp:/a\\/b/i']],
    ['then set x to true', ['controlKeyword:then', 'keyword:set', 'modifier:to', 'atom:true']],
    ['reply "unfinished', ['keyword:reply', 'string:"', 'string:unfinished']],
    ['"{', ['string:"', 'string:{']],
  ])('%s', (line, found) => {
    expect(tokens(line)).toEqual(found)
  })
})

it('what the desk says becomes elements, never HTML', () => {
  const html = shown('**member.tier** · field\n\nthe `tier` <img src=x>\nof [a member](x.md)\n\n- `gold` 金\n- two\n\n```\na\n  b\n```').innerHTML
  expect(html).toBe(
    '<p><b>member.tier</b> · field</p><p>the <code>tier</code> &lt;img src=x&gt; of a member</p>' +
      '<ul><li><code>gold</code> 金</li><li>two</li></ul><pre>a\n  b</pre>',
  )
})
