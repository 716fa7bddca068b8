/**
 * `v-checked` on a form: it is submitted once every field is as its attributes want it (`required`, `min`, `pattern` …).
 *
 * The browser would say so for a moment, in its own language and one field at a time. Here every wrong field says below
 * it what it wants, in the reader's words, until it has that; the first of them has the focus. `data-needed` and
 * `data-wrong` of a field say it better than the general words; what the desk refuses is said with `refuse`.
 */
import type { ObjectDirective } from 'vue'

import { t } from '@/shared/i18n/vue'

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement

const said = new WeakMap<Field, HTMLElement>()
let last = 0

export const vChecked: ObjectDirective<HTMLFormElement> = {
  // Before the form has listeners of its own: a wrong form tells them nothing.
  created(form) {
    form.noValidate = true
    form.addEventListener('submit', (event) => {
      const wrong = fieldsOf(form).filter((field) => !told(field))
      if (wrong.length === 0) return
      event.preventDefault()
      event.stopImmediatePropagation()
      wrong[0]?.focus()
    })
    for (const kind of ['input', 'change']) {
      form.addEventListener(kind, ({ target }) => said.has(target as Field) && told(target as Field))
    }
  },
}

/** Says below a field why the desk does not take what is in it. */
export function refuse(field: Field, why: string): void {
  field.setCustomValidity(why)
  told(field)
  field.focus()
  field.addEventListener('input', () => field.setCustomValidity(''), { once: true })
}

const fieldsOf = (form: HTMLFormElement): Field[] =>
  [...form.elements].filter((one): one is Field => /^(INPUT|TEXTAREA|SELECT)$/.test(one.tagName) && !(one as Field).disabled)

/** What a field lacks; empty where it is right. Blanks are nothing written. */
function lacking(field: Field): string {
  const { validity, required, value, dataset } = field
  if (required && !validity.badInput && value.trim() === '') {
    return dataset['needed'] ?? t(field.tagName === 'SELECT' ? 'form.choose' : 'form.needed')
  }
  if (validity.customError) return field.validationMessage
  return validity.valid ? '' : (dataset['wrong'] ?? t('form.wrong'))
}

/** Says below a field what it lacks, or takes that away; returns whether it is right. */
function told(field: Field): boolean {
  const text = lacking(field)
  let line = said.get(field)
  if (text) {
    if (!line) {
      line = document.createElement('small')
      line.className = 'wrong'
      line.id = `wrong-${++last}`
      said.set(field, line)
    }
    line.textContent = text
    if (!line.isConnected) field.after(line)
    field.setAttribute('aria-invalid', 'true')
    field.setAttribute('aria-describedby', line.id)
  } else if (line) {
    line.remove()
    said.delete(field)
    field.removeAttribute('aria-invalid')
    field.removeAttribute('aria-describedby')
  }
  return text === ''
}
