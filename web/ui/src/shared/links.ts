/** Cuts a text where web addresses stand in it, so that they can be shown as links without ever reading it as HTML. */
export interface Piece {
  text: string
  href: string | null
}

// Chinese goes on without a space after an address, so its characters and punctuation end one.
const ADDRESS = /https?:\/\/[^\s<>"'`\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+/g
const TAIL = /[.,;:!?)\]}]+$/

export function pieces(text: string): Piece[] {
  const found: Piece[] = []
  let from = 0
  for (const match of text.matchAll(ADDRESS)) {
    const href = match[0].replace(TAIL, '')
    if (!URL.canParse(href)) continue
    if (match.index > from) found.push({ text: text.slice(from, match.index), href: null })
    found.push({ text: href, href })
    from = match.index + href.length
  }
  if (from < text.length) found.push({ text: text.slice(from), href: null })
  return found
}
