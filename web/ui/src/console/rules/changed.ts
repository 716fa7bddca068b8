/** How much a change of a file is: lines that came and lines that went. */
import { Chunk } from '@codemirror/merge'
import { Text } from '@codemirror/state'

const lines = (doc: Text, from: number, to: number): number => {
  // The last chunk of a text that has no line break at its end reaches beyond it.
  const end = Math.min(to, doc.length)
  if (from >= end) return 0
  const last = doc.lineAt(end)
  return last.number - doc.lineAt(from).number + Number(end > last.from || to > doc.length)
}

export function lineCounts(before: string | null, after: string | null): { added: number; removed: number } {
  const count = (text: string): number => (text === '' ? 0 : text.replace(/\n$/, '').split('\n').length)
  if (before === null || after === null) return { added: count(after ?? ''), removed: count(before ?? '') }
  const [a, b] = [Text.of(before.split('\n')), Text.of(after.split('\n'))]
  let [added, removed] = [0, 0]
  for (const chunk of Chunk.build(a, b)) {
    removed += lines(a, chunk.fromA, chunk.toA)
    added += lines(b, chunk.fromB, chunk.toB)
  }
  return { added, removed }
}
