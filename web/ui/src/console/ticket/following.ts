/** 關注: asking the desk for it, for oneself or a colleague. */
import { ref } from 'vue'

import { api } from '@/shared/api/client'
import type { Schemas, Ticket } from '@/shared/api/types'
import { tell } from '@/shared/ui/toast'

import { reason } from '../names'
import { useDesk } from '../stores/desk'

export function useFollowing() {
  const desk = useDesk()
  const busy = ref(false)

  /** True when it is so now. */
  async function turn(ticket: Ticket, username: string, follows: boolean): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    try {
      const path = `/tickets/${ticket.number}/followers/${encodeURIComponent(username)}`
      const { followers } = await (follows ? api.put<Schemas['Followers']>(path) : api.remove<Schemas['Followers']>(path))
      const known = desk.ticket(ticket.number) ?? ticket
      desk.dispatch({ type: 'tickets-loaded', tickets: [{ ...known, followers }] })
      void desk.loadViews().catch(() => undefined)
      return true
    } catch (error) {
      tell.problem(reason(error))
      return false
    } finally {
      busy.value = false
    }
  }
  return { turn, busy }
}
