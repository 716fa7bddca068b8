/** Elements without HTML strings: nothing a person wrote is ever parsed, and a strict CSP has nothing to forbid. */
type Child = Node | string | null | false

type Props = {
  class?: string
  text?: string
  test?: string
  on?: Record<string, (event: Event) => void>
  attrs?: Record<string, string | null>
}

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (props.class) element.className = props.class
  if (props.text !== undefined) element.textContent = props.text
  if (props.test) element.dataset['test'] = props.test
  for (const [name, value] of Object.entries(props.attrs ?? {})) if (value !== null) element.setAttribute(name, value)
  for (const [name, listener] of Object.entries(props.on ?? {})) element.addEventListener(name, listener)
  for (const child of children) if (child) element.append(child)
  return element
}

const SVG = 'http://www.w3.org/2000/svg'

/** An icon of strokes, 24 by 24. */
export function icon(...paths: string[]): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  for (const path of paths) {
    const stroke = document.createElementNS(SVG, 'path')
    stroke.setAttribute('d', path)
    svg.append(stroke)
  }
  return svg
}

export const ICONS = {
  chat: ['M5 4h14a3 3 0 0 1 3 3v8a3 3 0 0 1-3 3h-6l-5 4v-4H5a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3z', 'M8 11h.01M12 11h.01M16 11h.01'],
  close: ['M6 6l12 12M18 6L6 18'],
  send: ['M4 12l16-8-6 16-2.500-6.500z', 'M11.500 13.500L20 4'],
  clip: ['M20 11l-8.500 8.500a5 5 0 0 1-7-7L13 4a3.500 3.500 0 0 1 5 5l-8.500 8.500a2 2 0 0 1-3-3L14 7'],
  file: ['M7 3h7l5 5v11a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z', 'M14 3v5h5'],
} as const

/** Children in this order, each element kept as it is when it was there before: nothing flickers, focus stays. */
export function arrange(parent: Element, wanted: readonly Node[]): void {
  wanted.forEach((node, place) => {
    if (parent.childNodes[place] !== node) parent.insertBefore(node, parent.childNodes[place] ?? null)
  })
  while (parent.childNodes.length > wanted.length) parent.lastChild?.remove()
}

export const show = (element: HTMLElement, on: boolean): void => {
  element.hidden = !on
}
