/** Two tickets: one goes on in another, and can be taken out again; which looks like which. */
import { ref } from 'vue'

import { api } from '@/shared/api/client'
import type { Page, Schemas, Ticket } from '@/shared/api/types'
import { t } from '@/shared/i18n/vue'
import { ticketNumber } from '@/shared/time'
import { tell } from '@/shared/ui/toast'

import { reason } from '../names'

export type Repeat = Schemas['Repeat']

/** The ticket of which lines are being chosen that are to become one of their own. */
export const splitting = ref<number | null>(null)

/** The first goes on in the second; one word takes it back. `freshen` is called with each number that is another now. */
export async function merge(from: number, into: number, more: { note?: string; confirm?: boolean }, freshen: (number: number) => Promise<unknown>): Promise<void> {
  const merged = await api.post<Ticket>(`/tickets/${from}/merge`, { into, ...more })
  const end = merged.merged_into ?? into
  await freshen(from)
  await freshen(end)
  const undo = async (): Promise<void> => {
    try {
      await api.post<Ticket>(`/tickets/${from}/unmerge`)
      await freshen(from)
      await freshen(end)
      tell.done(t('merge.undone', { number: ticketNumber(from) }))
    } catch (error) {
      tell.problem(reason(error))
    }
  }
  tell.done(t('merge.done', { from: ticketNumber(from), into: ticketNumber(end) }), { text: t('merge.undo'), run: undo })
}

export const repeatsOf = (number: number): Promise<Page<Repeat>> => api.get<Page<Repeat>>(`/tickets/${number}/repeats`)
