/** How the shop's chat window looks: asked of the desk before anything is drawn, and kept for the next page. */
import type { WidgetLook } from '@/shared/api/types'

/** The window is drawn without the shop's look when it is not known by then, ms. */
const PATIENCE = 1500

export async function lookOf(origin: string, shop: string): Promise<WidgetLook | null> {
  const kept = `yingda:${shop}:look`
  const known = read(kept)
  const asked = ask(origin, shop).then((look) => {
    if (look) write(kept, JSON.stringify(look))
    return look
  })
  return known ?? Promise.race([asked, new Promise<null>((give) => setTimeout(() => give(null), PATIENCE))])
}

async function ask(origin: string, shop: string): Promise<WidgetLook | null> {
  try {
    const answer = await fetch(`${origin}/api/v1/widget${shop ? `?shop=${encodeURIComponent(shop)}` : ''}`, { credentials: 'omit' })
    return answer.ok ? ((await answer.json()) as WidgetLook) : null
  } catch {
    return null
  }
}

function read(key: string): WidgetLook | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? 'null') as WidgetLook | null
  } catch {
    return null
  }
}

function write(key: string, text: string): void {
  try {
    sessionStorage.setItem(key, text)
  } catch {
    // No storage: each page asks.
  }
}

type Rgb = readonly [number, number, number]
const WHITE: Rgb = [255, 255, 255]
const NIGHT: Rgb = [8, 25, 42]
/** What text stands on in the light and in the dark window: `--surface` of style.ts. */
const GROUNDS = { light: WHITE, dark: [22, 34, 47] } as const

const rgb = (colour: string): Rgb => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) as unknown as Rgb
const hex = (colour: Rgb): string => `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`
const mix = (one: Rgb, other: Rgb, share: number): Rgb => one.map((part, at) => Math.round(part * (1 - share) + (other[at] ?? 0) * share)) as unknown as Rgb

/** https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(colour: Rgb): number {
  const [r = 0, g = 0, b = 0] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

export function contrast(one: Rgb, other: Rgb): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (high + 0.05) / (low + 0.05)
}

/**
 * The colours of a window whose shop's is `#rrggbb`. The shop's own colour fills; where it is text it is made darker or
 * lighter until it can be read on the window's ground.
 */
export function palette(colour: string): { light: Record<string, string>; dark: Record<string, string> } {
  const brand = rgb(colour)
  const on = contrast(brand, WHITE) >= 4.5 || contrast(brand, WHITE) >= contrast(brand, NIGHT) ? WHITE : NIGHT
  const filled = { brand: hex(brand), brand2: hex(mix(brand, on === WHITE ? NIGHT : WHITE, 0.16)), onbrand: hex(on) }
  const read = (ground: Rgb, towards: Rgb): Record<string, string> => {
    const soft = mix(ground, brand, 0.12)
    let ink = brand
    for (let share = 0; share < 1 && Math.min(contrast(ink, ground), contrast(ink, soft)) < 4.5; share += 0.05) ink = mix(brand, towards, share)
    return { ...filled, accent: hex(ink), soft: hex(soft), softline: hex(mix(ground, brand, 0.34)) }
  }
  return { light: read(GROUNDS.light, NIGHT), dark: read(GROUNDS.dark, WHITE) }
}

/** The same as a style sheet that comes after the window's own; empty without a colour. */
export function lookStyle(look: WidgetLook | null): string {
  if (!look) return ''
  const side = look.position === 'left' ? '.launcher,.panel{right:auto;left:20px}@media (max-width:520px){.launcher{left:14px}.panel{inset:0}}' : ''
  if (!look.colour) return side
  const { light, dark } = palette(look.colour)
  const says = (table: Record<string, string>): string => `:host{${Object.entries(table).map(([name, value]) => `--${name}:${value}`).join(';')}}`
  return `${says(light)}@media (prefers-color-scheme:dark){${says(dark)}}${side}`
}
