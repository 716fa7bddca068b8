/** When a task is due, as it is coloured and as a field of the browser has it. */

const DAY = 24 * 60 * 60_000

export type Urgency = 'late' | 'near' | 'calm'

/** Late once its time has come, near within a day. */
export function urgency(due: string, now: number): Urgency {
  const left = Date.parse(due) - now
  return left <= 0 ? 'late' : left < DAY ? 'near' : 'calm'
}

const two = (number: number): string => String(number).padStart(2, '0')

/** As `<input type="datetime-local">` has it, in the zone of the reader. */
export function asField(due: string | null): string {
  if (due === null) return ''
  const at = new Date(due)
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`
}

/** What such a field has, as the API takes it; null where it is empty. */
export const asTime = (field: string): string | null => (field === '' ? null : new Date(field).toISOString())
