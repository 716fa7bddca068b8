/** The little Markdown of the language service as elements: paragraphs, lists, fenced code, bold and code. No HTML. */

/** Elements that show a text. */
export function shown(text: string): HTMLElement {
  const root = document.createElement('div')
  let list: HTMLElement | null = null
  let paragraph: HTMLElement | null = null
  let fence: HTMLElement | null = null
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) {
      fence = fence ? null : root.appendChild(document.createElement('pre'))
      list = paragraph = null
    } else if (fence) {
      fence.append(fence.childNodes.length ? `\n${line}` : line)
    } else if (line.trim() === '') {
      list = paragraph = null
    } else if (/^\s*[-*] /.test(line)) {
      list ??= root.appendChild(document.createElement('ul'))
      list.appendChild(document.createElement('li')).append(...inline(line.replace(/^\s*[-*] /, '')))
      paragraph = null
    } else {
      list = null
      if (paragraph) paragraph.append(' ')
      else paragraph = root.appendChild(document.createElement('p'))
      paragraph.append(...inline(line.replace(/^#+ /, '')))
    }
  }
  return root
}

function inline(text: string): Node[] {
  const pieces = text.split(/(\*\*[^*]+\*\*|`[^`]+`|\[[^\]]+\]\([^)]*\))/)
  return pieces.filter(Boolean).map((piece) => {
    if (piece.startsWith('**') && piece.endsWith('**') && piece.length > 4) return made('b', piece.slice(2, -2))
    if (piece.startsWith('`') && piece.endsWith('`') && piece.length > 2) return made('code', piece.slice(1, -1))
    // Where a link leads is of no use inside a tooltip.
    return document.createTextNode(piece.replace(/^\[([^\]]+)\]\([^)]*\)$/, '$1'))
  })
}

function made(tag: string, text: string): HTMLElement {
  const element = document.createElement(tag)
  element.textContent = text
  return element
}
