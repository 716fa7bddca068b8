/** Keys of an input method that is composing are its own, in every field (A24). */
import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import FieldRow from '@/console/ticket/FieldRow.vue'
import TagsEditor from '@/console/ticket/TagsEditor.vue'
import type { FieldInfo } from '@/shared/api/types'

import { signedIn } from './support'

const sources = import.meta.glob<string>('../../src/**/*.{ts,vue}', { query: '?raw', import: 'default', eager: true })
const field = { name: 'order_no', type: 'text', label: {}, optional: true, personal: false, values: null } as FieldInfo
/** Chrome and Firefox say it by the flag, Safari by the code. */
const COMPOSING: KeyboardEventInit[] = [{ isComposing: true }, { keyCode: 229 }]

it('is asked in one place, which every place that acts on Enter or Escape uses', () => {
  const others = Object.entries(sources).filter(([path]) => !path.endsWith('/shared/keys.ts'))
  const says = (form: RegExp) => others.filter(([, text]) => form.test(text)).map(([path]) => path)
  expect(says(/keyCode|@key(down|up)\.[\w.]*(enter|esc|tab)/)).toEqual([])
  const acting = says(/\.key [!=]== '(Enter|Escape)'/)
  expect(acting.length).toBeGreaterThan(4)
  expect(acting.filter((path) => !/composes\(/.test(sources[path] ?? ''))).toEqual([])
})

describe.each(COMPOSING)('Enter while composing, told by %o', (told) => {
  it('stays in a field', async () => {
    const row = mount(FieldRow, { props: { field, inputId: 'x', value: '' }, attachTo: document.body })
    const input = row.get('input')
    input.element.focus()
    await input.trigger('keydown', { key: 'Enter', ...told })
    expect(document.activeElement).toBe(input.element)
    await input.trigger('keydown', { key: 'Enter' })
    expect(document.activeElement).not.toBe(input.element)
    row.unmount()
  })

  it('adds no half-written tag', async () => {
    await signedIn([], {})
    const tags = mount(TagsEditor, { props: { tags: [], inputId: 'y', fixed: false }, global: { stubs: { 'el-icon': true } } })
    tags.get('input').element.value = 'ㄊㄨㄟˋ'
    await tags.get('input').trigger('input')
    await tags.get('input').trigger('keydown', { key: 'Enter', ...told })
    expect(tags.emitted('change')).toBeUndefined()
    await tags.get('input').trigger('keydown', { key: 'Enter' })
    expect(tags.emitted('change')).toEqual([[['ㄊㄨㄟˋ']]])
  })
})
