/** An edit of rule files: the texts it began from, and what was written on top. Plain values, no page and no server. */

/** Path to text. */
export type Texts = Readonly<Record<string, string>>
/** Path to what is written on top of the texts; null takes a file away. */
export type Edits = Readonly<Record<string, string | null>>

export interface Change {
  path: string
  change: 'added' | 'changed' | 'removed'
}

/** The text of a file as edited, null when there is no such file. */
export function textOf(texts: Texts, edits: Edits, path: string): string | null {
  return Object.hasOwn(edits, path) ? (edits[path] ?? null) : (texts[path] ?? null)
}

/** Every path there is, in order. */
export function pathsOf(texts: Texts, edits: Edits): string[] {
  const all = new Set([...Object.keys(texts), ...Object.keys(edits)])
  return [...all].filter((path) => textOf(texts, edits, path) !== null).sort(comparePaths)
}

/** Files of a folder before its folders, each by name. */
export function comparePaths(one: string, other: string): number {
  const [a, b] = [one.split('/'), other.split('/')]
  for (let depth = 0; ; depth++) {
    const [left, right] = [a[depth] ?? '', b[depth] ?? '']
    if (left === right && depth < a.length && depth < b.length) continue
    const leaf = Number(depth < a.length - 1) - Number(depth < b.length - 1)
    return leaf || (left < right ? -1 : left > right ? 1 : 0)
  }
}

/** The edits with one more; one that brings back what stood there is none. */
export function withEdit(texts: Texts, edits: Edits, path: string, text: string | null): Edits {
  const others = Object.fromEntries(Object.entries(edits).filter(([name]) => name !== path))
  return text === (texts[path] ?? null) ? others : { ...others, [path]: text }
}

/** What differs between two states of a folder. */
export function changesBetween(before: Texts, after: Texts): Change[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(comparePaths)
  return paths.flatMap((path): Change[] => {
    const [old, now] = [before[path], after[path]]
    if (old === now) return []
    return [{ path, change: old === undefined ? 'added' : now === undefined ? 'removed' : 'changed' }]
  })
}

/** What an edit changes. */
export const changesOf = (texts: Texts, edits: Edits): Change[] => changesBetween(texts, applied(texts, edits))

/** The texts with the edits made. */
export function applied(texts: Texts, edits: Edits): Record<string, string> {
  return Object.fromEntries(pathsOf(texts, edits).map((path) => [path, textOf(texts, edits, path) ?? '']))
}

/** The edit that makes one state of a folder of another. */
export function editsBetween(before: Texts, after: Texts): Edits {
  return Object.fromEntries(changesBetween(before, after).map(({ path }) => [path, after[path] ?? null]))
}

/** Whether two edits of the same texts say the same. */
export function sameEdits(one: Edits, other: Edits): boolean {
  const paths = Object.keys(one)
  return paths.length === Object.keys(other).length && paths.every((path) => Object.hasOwn(other, path) && one[path] === other[path])
}

const SUFFIXES = ['.rules', '.yaml', '.yml', '.txt']

/** Why a path cannot name a rule file; null when it can. */
export function badPath(path: string, taken: readonly string[]): 'empty' | 'taken' | 'wrong' | null {
  if (path === '') return 'empty'
  if (taken.includes(path)) return 'taken'
  const parts = path.split('/')
  // A file cannot lie in another file.
  if (taken.some((other) => path.startsWith(`${other}/`) || other.startsWith(`${path}/`))) return 'taken'
  const plain = path.length <= 200 && !/[\\\p{C}]/u.test(path) && parts.every((part) => part !== '' && !part.startsWith('.'))
  return plain && SUFFIXES.some((suffix) => path.endsWith(suffix) && !path.endsWith(`/${suffix}`)) ? null : 'wrong'
}

export interface Branch {
  /** The last part of the path. */
  name: string
  path: string
  /** What lies in it; undefined for a file. */
  children?: Branch[]
}

/** Paths as a tree: files first, then folders. */
export function treeOf(paths: readonly string[]): Branch[] {
  const top: Branch[] = []
  for (const path of [...paths].sort(comparePaths)) {
    let level = top
    const parts = path.split('/')
    parts.slice(0, -1).forEach((name, depth) => {
      const folder = parts.slice(0, depth + 1).join('/')
      let branch = level.find((one) => one.path === folder)
      if (!branch) level.push((branch = { name, path: folder, children: [] }))
      level = branch.children ?? []
    })
    level.push({ name: parts.at(-1) ?? path, path })
  }
  return top
}
