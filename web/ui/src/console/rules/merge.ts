/**
 * Two edits of the same texts brought together: what only one side changed is taken as it is, what both changed is
 * merged line by line, and where both changed the same lines somebody has to choose. Nothing is thrown away unasked.
 */
import { diff3Merge } from 'node-diff3'

import { comparePaths, textOf, type Edits, type Texts } from './draft'

/** Lines that both sides changed, each in its own way. */
export interface Conflict {
  mine: readonly string[]
  theirs: readonly string[]
}
export type Piece = readonly string[] | Conflict
export type Choice = 'mine' | 'theirs' | 'both'

/** A file that both sides changed. */
export interface Clash {
  path: string
  /** The text piece by piece, without conflicts where all could be merged; null where one side removed the file. */
  pieces: readonly Piece[] | null
  mine: string | null
  theirs: string | null
}

export interface Merge {
  /** What I changed, to go on top of their texts; clashes are not among it. */
  edits: Edits
  clashes: readonly Clash[]
}

export const isConflict = (piece: Piece): piece is Conflict => !Array.isArray(piece)
const lines = (text: string): string[] => text.split('\n')

/** My edit of `from` beside what `from` has become. What is the same on both sides by now is no edit any more. */
export function merge(from: Texts, mine: Edits, to: Texts): Merge {
  const edits: Record<string, string | null> = {}
  const clashes: Clash[] = []
  for (const path of Object.keys(mine).sort(comparePaths)) {
    const [own, base, theirs] = [textOf(from, mine, path), from[path] ?? null, to[path] ?? null]
    if (own === theirs || own === base) continue
    if (theirs === base) edits[path] = own
    else clashes.push({ path, mine: own, theirs, pieces: own === null || theirs === null ? null : pieces(base ?? '', own, theirs) })
  }
  return { edits, clashes }
}

function pieces(base: string, mine: string, theirs: string): Piece[] {
  return diff3Merge(lines(mine), lines(base), lines(theirs)).map((region): Piece =>
    region.conflict ? { mine: region.conflict.a, theirs: region.conflict.b } : (region.ok ?? []),
  )
}

/** How many choices a file asks for. */
export function questions(clash: Clash): number {
  return clash.pieces ? clash.pieces.filter(isConflict).length : 1
}

/** The text of a file once each of its conflicts was decided; null takes the file away. */
export function settled(clash: Clash, choices: readonly Choice[]): string | null {
  if (!clash.pieces) return choices[0] === 'theirs' ? clash.theirs : clash.mine
  let asked = 0
  const chosen = (one: Conflict): readonly string[] => {
    const choice = choices[asked++]
    return choice === 'both' ? [...one.mine, ...one.theirs] : one[choice === 'theirs' ? 'theirs' : 'mine']
  }
  return clash.pieces.flatMap((piece) => (isConflict(piece) ? chosen(piece) : piece)).join('\n')
}

/** The edit of their texts that a merge comes to. `choices` holds, for each path that clashes, one for each conflict. */
export function outcome(found: Merge, to: Texts, choices: Readonly<Record<string, readonly Choice[]>>): Edits {
  const made = found.clashes.map((clash) => [clash.path, settled(clash, choices[clash.path] ?? [])] as const)
  const all = { ...found.edits, ...Object.fromEntries(made) }
  return Object.fromEntries(Object.entries(all).filter(([path, text]) => text !== (to[path] ?? null)))
}
