/** Colours and brackets of rule files and of the YAML beside them. What it all means is the server's to say. */
import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, StreamLanguage, syntaxHighlighting, type StringStream } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { tags } from '@lezer/highlight'

import { KEYWORDS } from './keywords.gen'

const KIND = new Map(Object.entries(KEYWORDS).flatMap(([kind, words]) => words.map((word) => [word, kind] as const)))
const LOOK: Record<string, string> = {
  item: 'definitionKeyword',
  part: 'controlKeyword',
  logic: 'logicOperator',
  value: 'atom',
  test: 'operatorKeyword',
  action: 'keyword',
  header: 'modifier',
  other: 'modifier',
}
const NAME = /^[\p{L}_][\p{L}\p{N}_]*/u
const FIELD = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)+/u
const MATCHES: readonly string[] = ['matches', '符合']

export interface Reading {
  text: boolean
  /** A keyword after which a name, or a pattern, stands. */
  after: 'item' | 'matches' | null
}

function inText(stream: StringStream, state: Reading): string {
  if (stream.match(/^\\(?:u\{[0-9A-Fa-f]{1,6}\}|.)/)) return 'escape'
  if (stream.match(/^\{[^{}"]*\}/)) return 'special'
  if (stream.eat('"')) state.text = false
  else if (!stream.eatWhile(/[^"\\{]/)) stream.next()
  // A text ends with its line.
  if (stream.eol()) state.text = false
  return 'string'
}

/** What stands next, as the name of a highlighting tag. */
export function token(stream: StringStream, state: Reading): string | null {
  if (state.text) return inText(stream, state)
  if (stream.eatSpace()) return null
  if (stream.eat('#')) {
    stream.skipToEnd()
    return 'comment'
  }
  if (stream.eat('"')) {
    state.text = !stream.eol()
    return 'string'
  }
  const after = state.after
  state.after = null
  if (after === 'matches' && stream.match(/^\/(?:[^/\\]|\\.)*\/\w*/)) return 'regexp'
  if (stream.match(/^\d+(?:\.\d+)?(?:%|[smhdw](?![\p{L}\p{N}_]))?/u)) return 'number'
  if (stream.match(FIELD)) return 'propertyName'
  const name = stream.match(NAME) as RegExpMatchArray | null
  if (name) {
    if (after === 'item') return 'definition'
    const kind = KIND.get(name[0])
    if (kind === 'item') state.after = 'item'
    else if (MATCHES.includes(name[0])) state.after = 'matches'
    return kind ? (LOOK[kind] ?? null) : null
  }
  if (stream.match(/^(?:!=|<=|>=|[-=<>≠≤≥+*/])/)) return 'operator'
  stream.next()
  return null
}

const rules = StreamLanguage.define<Reading>({
  name: 'yingda-rules',
  startState: () => ({ text: false, after: null }),
  copyState: (state) => ({ ...state }),
  token: (stream, state) => {
    if (stream.sol()) state.text = false
    return token(stream, state)
  },
  languageData: { commentTokens: { line: '#' }, closeBrackets: { brackets: ['(', '[', '"'] } },
  tokenTable: {
    definition: tags.definition(tags.variableName),
    special: tags.special(tags.string),
    escape: tags.escape,
    logicOperator: tags.logicOperator,
    modifier: tags.modifier,
  },
})

const look = HighlightStyle.define([
  { tag: [tags.definitionKeyword, tags.controlKeyword], color: 'var(--accent)', fontWeight: '650' },
  { tag: [tags.keyword, tags.operatorKeyword, tags.logicOperator], color: 'var(--accent)' },
  { tag: [tags.modifier, tags.meta], color: 'var(--text-2)' },
  { tag: tags.definition(tags.variableName), color: 'var(--text)', fontWeight: '650' },
  { tag: tags.propertyName, color: 'var(--mask)' },
  { tag: tags.definition(tags.propertyName), color: 'var(--mask)' },
  { tag: [tags.string, tags.content, tags.attributeValue], color: 'var(--ok)' },
  { tag: [tags.special(tags.string), tags.escape, tags.regexp], color: 'var(--warn)' },
  { tag: [tags.number, tags.bool, tags.atom], color: 'var(--warn)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--text-3)', fontStyle: 'italic' },
  { tag: [tags.operator, tags.separator, tags.squareBracket, tags.brace], color: 'var(--text-2)' },
])

/** The language of a file, by how its name ends. */
export function languageOf(path: string): Extension {
  const language = path.endsWith('.rules') ? rules : /\.ya?ml$/.test(path) ? yaml() : []
  return [language, syntaxHighlighting(look)]
}
