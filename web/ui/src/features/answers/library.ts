/** The library on its page: the entries that are asked for, page by page, the question types, and what is done to them. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'

import { reason } from '@/console/names'
import { useDesk } from '@/console/stores/desk'
import { useSession } from '@/console/stores/session'
import { EVERY_SHOP } from '@/shared/rights'

import * as calls from './api'
import { EDIT, type AnswerType, type Entry, type EntryBody } from './api'
import { asked as wanted, type Filter } from './list'

const PAUSE = 250

export function useLibrary(filter: Filter) {
  const desk = useDesk()
  const session = useSession()
  const entries = shallowRef<readonly Entry[]>([])
  /** How many fit, on all pages. */
  const count = ref(0)
  const next = ref<string | null>(null)
  const types = shallowRef<readonly AnswerType[]>([])
  /** Whether the desk has answered once. */
  const asked = ref(false)
  const problem = ref('')
  /** Counts what was done to the library here. */
  const changes = ref(0)
  let turn = 0
  let typesTurn = 0
  let pause: ReturnType<typeof setTimeout> | undefined

  /** Fetches the first page, or the one after what is here. What was there stays until the desk has answered. */
  async function fetch(cursor: string | null): Promise<void> {
    const mine = ++turn
    try {
      let page: Awaited<ReturnType<typeof calls.listed>>
      let before: number
      do {
        // An answer that set out before a change does not know of it.
        before = changes.value
        page = await calls.listed(wanted(filter), cursor)
        if (mine !== turn) return
      } while (changes.value !== before)
      const known = new Set(cursor === null ? [] : entries.value.map((entry) => entry.id))
      entries.value = [...(cursor === null ? [] : entries.value), ...page.items.filter((entry) => !known.has(entry.id))]
      count.value = page.count
      next.value = page.next
      problem.value = ''
      asked.value = true
    } catch (error) {
      if (mine === turn) problem.value = reason(error)
    }
  }
  const more = async (): Promise<void> => void (next.value !== null && (await fetch(next.value)))

  async function load(): Promise<void> {
    await Promise.all([fetch(null), fetchTypes().catch((error: unknown) => (problem.value = reason(error)))])
  }
  async function fetchTypes(): Promise<void> {
    const mine = ++typesTurn
    const found = await calls.types()
    if (mine === typesTurn) types.value = found
  }

  watch(
    () => ({ ...filter }),
    (now, before) => {
      clearTimeout(pause)
      pause = setTimeout(() => void fetch(null), now.q === before.q ? 0 : PAUSE)
    },
  )
  onScopeDispose(() => {
    turn++
    clearTimeout(pause)
  })

  /** A changed entry keeps its place; a new one stands first, to be seen. */
  function put(entry: Entry): void {
    changes.value++
    const known = entries.value.some((one) => one.id === entry.id)
    entries.value = known ? entries.value.map((one) => (one.id === entry.id ? entry : one)) : [entry, ...entries.value]
    if (!known) count.value++
  }

  async function save(id: number | null, body: EntryBody): Promise<void> {
    put(id === null ? await calls.created(body) : await calls.changed(id, body))
    // It is kept, whatever becomes of the counts beside the types.
    fetchTypes().catch((error: unknown) => reason(error))
  }

  async function enable(entry: Entry, enabled: boolean): Promise<void> {
    put(await calls.changed(entry.id, { enabled }))
  }

  /** Returns how many the desk took out. */
  async function remove(ids: readonly number[]): Promise<number> {
    try {
      return await calls.removed(ids)
    } finally {
      changes.value++
      await load()
    }
  }

  async function saveType(name: string, label: Record<string, string>): Promise<void> {
    await calls.typeSaved(name, label)
    await fetchTypes()
  }

  async function removeType(name: string): Promise<void> {
    await calls.typeRemoved(name)
    await fetchTypes()
  }

  /** An entry that may stand on a page that is not here. */
  const entry = async (id: number): Promise<Entry> => entries.value.find((one) => one.id === id) ?? (await calls.shown(id))

  const served = session.user?.shops ?? []
  const shops = computed(() => (desk.nouns?.shops ?? []).filter((shop) => served.length === 0 || served.includes(shop.name)))
  const everyShop = session.may(EVERY_SHOP)
  const mayKeep = (entry: Entry): boolean => session.may(EDIT) && (entry.shop !== '' || everyShop)

  return { entries, count, next, types, asked, problem, changes, load, more, entry, save, enable, remove, saveType, removeType, shops, everyShop, mayKeep }
}

export type Library = ReturnType<typeof useLibrary>
