/** What people write runs in its own direction wherever it is shown: the element around it says `dir="auto"`. */
import { describe, expect, it } from 'vitest'

const SOURCES = import.meta.glob<string>('../src/**/*.vue', { query: '?raw', import: 'default', eager: true })

/** Expressions whose value somebody has written: subjects, lines, names of people and of their files. */
const WRITTEN = /\b(?:subject\(|lastLine\(|requester\(|one\.subject\b|(?:line|notice|reply|piece)\.text\b|file\.name\b|reply\.title\b)/

/** Interpolations of such texts whose element does not leave the direction to them. */
export function fixed(source: string): string[] {
  const template = source.slice(source.indexOf('<template>'))
  const found: string[] = []
  const open: { name: string; auto: boolean }[] = []
  const parts = /<(\/?)([\w-]+)((?:"[^"]*"|'[^']*'|[^>"'])*?)(\/?)>|\{\{([\s\S]*?)\}\}/g
  for (const [, closing, name, attributes = '', single, said] of template.matchAll(parts)) {
    if (said !== undefined) {
      if (WRITTEN.test(said) && !said.includes("t('") && !open.some((one) => one.auto)) found.push(said.trim())
    } else if (closing) {
      while (open.length > 0 && open.pop()?.name !== name);
    } else if (name && !single && !/^(?:input|br|img|hr)$/.test(name)) open.push({ name, auto: name === 'bdi' || /\bdir="auto"/.test(attributes) })
  }
  return found
}

describe('the direction of what people write', () => {
  it('is noticed where it is fixed', () => {
    expect(fixed('<template><p><b>{{ names.subject(ticket) }}</b></p></template>')).toHaveLength(1)
    expect(fixed('<template><p><b dir="auto">{{ names.subject(ticket) }}</b></p></template>')).toEqual([])
  })

  it('reads the templates', () => expect(Object.keys(SOURCES).length).toBeGreaterThan(50))

  it.each(Object.entries(SOURCES))('%s leaves it to the text', (_, source) => {
    expect(fixed(source)).toEqual([])
  })
})
