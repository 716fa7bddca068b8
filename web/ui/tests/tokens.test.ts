import { describe, expect, it } from 'vitest'

import css from '@/shared/tokens.css?raw'
import { STYLE } from '@/widget/style'

const colours = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/--([\w-]+): ?(#[0-9a-f]{6})/g)].map((match) => [match[1] ?? '', match[2] ?? '']))
const [lightText = '', darkText = ''] = css.split('html.dark')
const light = colours(lightText)
const dark = { ...light, ...colours(darkText) }

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((place) => {
    const part = parseInt(colour.slice(place, place + 2), 16) / 255
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (high + 0.05) / (low + 0.05)
}

const PAIRS: [string, string[]][] = [
  ['text', ['surface', 'bg', 'sunken', 'hover', 'accent-soft', 'mask-soft', 'note-soft']],
  ['text-2', ['surface', 'bg', 'sunken', 'hover', 'accent-soft']],
  ['text-3', ['surface', 'bg', 'sunken', 'hover', 'note-soft']],
  ['accent', ['surface', 'bg', 'sunken', 'accent-soft']],
  ['ok', ['surface', 'ok-soft']],
  ['warn', ['surface', 'sunken', 'warn-soft']],
  ['danger', ['surface', 'sunken', 'danger-soft']],
  ['note', ['surface', 'note-soft']],
  ['mask', ['surface', 'mask-soft']],
  ['on-accent', ['accent', 'accent-hover']],
  ['on-mark', ['danger-mark']],
]

describe.each([
  ['light', light],
  ['dark', dark],
])('the %s colours', (_, table) => {
  it.each(PAIRS.flatMap(([ink, grounds]) => grounds.map((ground) => [ink, ground])))('%s is readable on %s', (ink = '', ground = '') => {
    expect(contrast(table[ink] ?? '', table[ground] ?? '')).toBeGreaterThanOrEqual(4.5)
  })
})

it('the widget has the same colours under its own short names', () => {
  const names: Record<string, string> = { line2: 'line-strong', text2: 'text-2', text3: 'text-3', accent2: 'accent-hover', soft: 'accent-soft', softline: 'accent-line', on: 'on-accent', dsoft: 'danger-soft', wsoft: 'warn-soft', mark: 'danger-mark' }
  const [bright = '', night = ''] = STYLE.split('prefers-color-scheme:dark')
  for (const [text, table] of [[bright, light], [night, dark]] as const) {
    const own = Object.entries(colours(text.split('\n*{')[0] ?? ''))
    expect(own.length).toBeGreaterThan(10)
    for (const [name, value] of own) expect([name, value]).toEqual([name, table[names[name] ?? name]])
  }
})
