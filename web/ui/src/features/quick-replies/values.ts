/** What stands for the variables in a reply to a ticket. */
import { useNames } from '@/console/names'
import { useSession } from '@/console/stores/session'
import type { Ticket, Visibility } from '@/shared/api/types'
import { ticketNumber } from '@/shared/time'

import type { Gap, Values } from './fill'
import { t } from './words'

export const gap: Gap = (variable) => t('gap', { name: t(`variable.${variable}`) })

export function useValues(): (ticket: Ticket, mode: Visibility) => Values {
  const session = useSession()
  const names = useNames()
  return (ticket, mode) => {
    const known: Record<keyof Values, string | null | undefined> = {
      'member.name': ticket.requester.name,
      // Who answers anonymously is not named by a text either.
      'agent.alias': mode === 'anonymous' ? null : session.user?.alias || session.user?.name,
      // As texts of rules have it: `#{ticket.number}`.
      'ticket.number': ticketNumber(ticket.number).slice(1),
      'ticket.order_no': ticket.order_no,
      'shop.name': names.noun('shops', ticket.shop),
    }
    return Object.fromEntries(Object.entries(known).filter(([, value]) => value)) as Values
  }
}
