/** One view's tickets, page by page, kept fresh while it is on the screen. */
import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'

import type { Ticket, View, ViewName } from '@/shared/api/types'

import { reason } from './names'
import { useDesk } from './stores/desk'

/** `view` is null as long as it is not known which. */
export function useTicketList(view: Ref<ViewName | View | null>, q: Ref<string>) {
  const desk = useDesk()
  const numbers = shallowRef<readonly number[]>([])
  const next = ref<string | null>(null)
  const loading = ref(false)
  /** Nothing is said about an empty list before the desk has answered once. */
  const asked = ref(false)
  const problem = ref('')
  let turn = 0

  async function load(fresh: boolean): Promise<void> {
    if (view.value === null) return
    const mine = ++turn
    loading.value = true
    if (fresh) {
      asked.value = false
      numbers.value = []
    }
    try {
      const page = await desk.list(view.value, q.value, null)
      if (mine !== turn) return
      // Further pages that were read stay below; those who moved up stand there now.
      const rest = next.value && !fresh ? numbers.value.filter((number) => !page.numbers.includes(number)) : []
      const longer = rest.length > 0 && numbers.value.length > page.numbers.length
      numbers.value = longer ? [...page.numbers, ...rest] : page.numbers
      if (!longer) next.value = page.next
      problem.value = ''
      asked.value = true
    } catch (error) {
      if (mine === turn) problem.value = reason(error)
    } finally {
      if (mine === turn) loading.value = false
    }
  }

  async function more(): Promise<void> {
    if (view.value === null || !next.value || loading.value) return
    const mine = ++turn
    loading.value = true
    try {
      const page = await desk.list(view.value, q.value, next.value)
      if (mine !== turn) return
      numbers.value = [...new Set([...numbers.value, ...page.numbers])]
      next.value = page.next
    } catch (error) {
      if (mine === turn) problem.value = reason(error)
    } finally {
      if (mine === turn) loading.value = false
    }
  }

  // A saved view that was only counted anew is the same.
  const shown = (one: ViewName | View | null): string => (one === null || typeof one === 'string' ? `${one}` : `${one.id} ${one.sort} ${one.filter}`)
  watch([() => shown(view.value), q], () => void load(true), { immediate: true })
  watch(
    () => desk.listNews,
    () => void load(false),
  )
  onScopeDispose(() => turn++)

  const tickets = computed(() =>
    numbers.value.map((number) => desk.state.tickets[number]).filter((ticket): ticket is Ticket => ticket !== undefined),
  )
  return { tickets, next, loading, asked, problem, load, more }
}

/** Whether its member's lines wait to be read: of a closed case nobody waits for that. */
export const isUnread = (ticket: Ticket): boolean => (ticket.unread ?? 0) > 0 && ticket.category !== 'closed'

/** The target that matters most now: a running one, late or not, the earliest first; of a closed case none does. */
export function urgent(ticket: Ticket): Ticket['sla'][number] | null {
  if (ticket.category === 'closed') return null
  const open = ticket.sla.filter((sla) => sla.status === 'running' || (sla.status === 'breached' && sla.due_at !== null))
  const due = (time: string | null): number => (time === null ? Infinity : Date.parse(time))
  return open.sort((a, b) => due(a.due_at) - due(b.due_at))[0] ?? ticket.sla.find((sla) => sla.status === 'paused') ?? null
}
