/** How long a text may be is told by the desk, or stands in one place: no page has a number of its own. */
import { expect, test } from 'vitest'

const sources = import.meta.glob<string>(['../src/**/*.vue', '../src/**/*.ts', '!../src/**/*.gen.ts'], { query: '?raw', import: 'default', eager: true })

test('no page says by itself how long a line may be', () => {
  expect(Object.keys(sources).length).toBeGreaterThan(100)
  const found = Object.entries(sources).filter(([, text]) => /20_?000\b/.test(text))
  expect(found.map(([name]) => name)).toEqual(['../src/shared/limits.ts'])
})
