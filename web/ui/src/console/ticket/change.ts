/** Changing a ticket: only the named fields go out, and a refusal says which field and why. */
import { ref } from 'vue'

import { api, ApiError } from '@/shared/api/client'
import type { Ticket, TicketPatch } from '@/shared/api/types'
import { t } from '@/shared/i18n/vue'
import { tell } from '@/shared/ui/toast'

import { reason } from '../names'
import { useDesk } from '../stores/desk'

export function useChange() {
  const desk = useDesk()
  const busy = ref(false)

  /** Returns whether it is done. What is shown afterwards is the desk's answer, in either case. */
  async function change(number: number, patch: Partial<TicketPatch>, what: string): Promise<boolean> {
    busy.value = true
    try {
      desk.dispatch({ type: 'tickets-loaded', tickets: [await api.patch<Ticket>(`/tickets/${number}`, patch)] })
      tell.done(t('ticket.changed', { name: what }))
      return true
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      tell.problem(t('ticket.changeFailed', { name: what, reason: reason(error) }))
      await desk.loadTicket(number).catch(() => undefined)
      return false
    } finally {
      busy.value = false
    }
  }

  return { change, busy }
}
