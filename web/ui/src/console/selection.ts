/** Which tickets of a list are chosen: single ones, a stretch with Shift, all that are shown, or all that match. */
import { computed, ref, shallowRef, watch, type Ref } from 'vue'

import type { ListScope, ListSelection } from '@/features/define'
import type { Ticket } from '@/shared/api/types'

/** `scope` says what the list is of, `total` how many there are (null: nobody knows), `complete`: all of them are shown. */
export function useSelection(tickets: Ref<readonly Ticket[]>, scope: Ref<ListScope>, total: Ref<number | null>, complete: Ref<boolean>) {
  const chosen = shallowRef<ReadonlySet<number>>(new Set())
  const everything = ref(false)
  let last: number | null = null

  const shown = computed(() => tickets.value.map((ticket) => ticket.number))
  const allShown = computed(() => shown.value.length > 0 && shown.value.every((number) => chosen.value.has(number)))

  /** With Shift all from the one chosen before to this one are as this one will be. */
  function toggle(number: number, stretch: boolean): void {
    everything.value = false
    const next = new Set(chosen.value)
    const from = stretch && last !== null ? shown.value.indexOf(last) : -1
    const to = shown.value.indexOf(number)
    const those = from < 0 ? [number] : shown.value.slice(Math.min(from, to), Math.max(from, to) + 1)
    const on = !next.has(number)
    for (const one of those) if (on) next.add(one)
    else next.delete(one)
    chosen.value = next
    last = number
  }

  function toggleShown(): void {
    const on = !allShown.value
    everything.value = false
    chosen.value = new Set(on ? shown.value : [])
  }

  function clear(): void {
    everything.value = false
    chosen.value = new Set()
    last = null
  }

  function chooseEverything(): void {
    chosen.value = new Set(shown.value)
    everything.value = true
  }

  // Another list, other tickets.
  watch(() => JSON.stringify(scope.value), clear)

  const selection = computed<ListSelection>(() => ({
    numbers: [...chosen.value],
    everything: everything.value,
    total: total.value,
    complete: complete.value,
    scope: scope.value,
    chooseEverything,
    clear,
  }))
  return { chosen, everything, allShown, selection, toggle, toggleShown }
}
