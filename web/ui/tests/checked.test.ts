/** Forms that say below their fields what these lack, in the reader's words. */
import { mount } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'

import { refuse, vChecked } from '@/shared/ui/checked'

const form = (fields: string, sent: () => void) =>
  mount(
    { template: `<form v-checked @submit.prevent="$attrs.onSent()">${fields}</form>`, directives: { checked: vChecked }, inheritAttrs: false },
    { attrs: { onSent: sent }, attachTo: document.body },
  )

describe('a checked form', () => {
  it('says below each wrong field what it lacks, and goes to the first', async () => {
    const sent = vi.fn()
    const page = form('<input name="a" required /><textarea name="b" required data-needed="寫點什麼。"></textarea><select name="c" required><option value=""></option></select>', sent)
    expect(page.get('form').element.noValidate).toBe(true)
    await page.get('form').trigger('submit')
    expect(sent).not.toHaveBeenCalled()
    expect(page.findAll('.wrong').map((one) => one.text())).toEqual(['請填寫這一欄。', '寫點什麼。', '請選一項。'])
    const first = page.get('input')
    expect(document.activeElement).toBe(first.element)
    expect(first.attributes('aria-describedby')).toBe(page.get('input + .wrong').attributes('id'))
  })

  it('takes that away as soon as the field is right, and is sent then', async () => {
    const sent = vi.fn()
    const page = form('<input required pattern="[0-9]+" data-wrong="只填數字。" />', sent)
    const field = page.get('input')
    await field.setValue('  ')
    await page.get('form').trigger('submit')
    expect(page.get('.wrong').text()).toBe('請填寫這一欄。')
    await field.setValue('x')
    expect(page.get('.wrong').text()).toBe('只填數字。')
    await field.setValue('7')
    expect(page.find('.wrong').exists()).toBe(false)
    expect(field.attributes('aria-invalid')).toBeUndefined()
    await page.get('form').trigger('submit')
    expect(sent).toHaveBeenCalledOnce()
  })
})

it('what the desk refuses stands below its field until that is changed', async () => {
  const page = form('<input />', () => undefined)
  const field = page.get('input')
  refuse(field.element, '沒有這個欄位。')
  expect(page.get('input + .wrong').text()).toBe('沒有這個欄位。')
  await field.setValue('x')
  expect(page.find('.wrong').exists()).toBe(false)
})
