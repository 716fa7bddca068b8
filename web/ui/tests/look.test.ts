import { describe, expect, it } from 'vitest'

import { contrast, lookStyle, palette } from '@/widget/look'

const rgb = (colour = ''): [number, number, number] => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) as [number, number, number]
const GROUND = { light: '#ffffff', dark: '#16222f' } as const

describe.each(['#2563eb', '#ffcc00', '#000000', '#ffffff', '#16222f', '#e60012', '#00b900', '#808080'])('a shop whose colour is %s', (colour) => {
  const both = palette(colour)

  it.each(['light', 'dark'] as const)('is read in the %s window', (theme) => {
    const table = both[theme]
    expect(contrast(rgb(table['accent']), rgb(GROUND[theme]))).toBeGreaterThanOrEqual(4.5)
    expect(contrast(rgb(table['accent']), rgb(table['soft']))).toBeGreaterThanOrEqual(4.5)
    for (const ground of ['brand', 'brand2']) expect(contrast(rgb(table['onbrand']), rgb(table[ground]))).toBeGreaterThanOrEqual(4)
  })

  it('fills with just that colour', () => {
    expect([both.light['brand'], both.dark['brand']]).toEqual([colour, colour])
  })
})

it('says nothing where the shop says nothing', () => {
  expect(lookStyle(null)).toBe('')
  expect(lookStyle({ colour: null, position: 'right', ratings: [], upload: 20_000_000 })).toBe('')
})

it('stands at the left where the shop says so', () => {
  expect(lookStyle({ colour: null, position: 'left', ratings: [], upload: 20_000_000 })).toContain('left:20px')
})
