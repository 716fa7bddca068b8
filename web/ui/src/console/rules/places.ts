/** Places as the desk tells them (lines and columns from 1, columns in characters) and as the editor does (UTF-16 offsets). */
import type { Text } from '@codemirror/state'

export interface Place {
  line: number
  column: number
}

export interface Extent extends Place {
  end_line: number
  end_column: number
}

/** The offset of a place; one beyond the text is its nearest end. */
export function offsetAt(doc: Text, { line, column }: Place): number {
  if (line < 1) return 0
  if (line > doc.lines) return doc.length
  const found = doc.line(line)
  let offset = 0
  for (const character of found.text) {
    if (--column < 1) break
    offset += character.length
  }
  return found.from + offset
}

/** The place of an offset. */
export function placeAt(doc: Text, offset: number): Place {
  const line = doc.lineAt(offset)
  return { line: line.number, column: [...line.text.slice(0, offset - line.from)].length + 1 }
}

/** Where a piece begins and ends. */
export function rangeOf(doc: Text, extent: Extent): { from: number; to: number } {
  const from = offsetAt(doc, extent)
  return { from, to: Math.max(from, offsetAt(doc, { line: extent.end_line, column: extent.end_column })) }
}

/** A text with edits made that do not overlap. */
export function edited(doc: Text, edits: readonly (Extent & { text: string })[]): string {
  const pieces = edits.map((edit) => ({ ...rangeOf(doc, edit), text: edit.text })).sort((a, b) => b.from - a.from)
  return pieces.reduce((text, { from, to, text: insert }) => text.slice(0, from) + insert + text.slice(to), doc.toString())
}
