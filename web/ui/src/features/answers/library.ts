/** The library on its page: entries and question types, and what is done to them. */
import { computed, ref, shallowRef } from 'vue'

import { reason } from '@/console/names'
import { useDesk } from '@/console/stores/desk'
import { useSession } from '@/console/stores/session'

import * as calls from './api'
import { EDIT, EVERY_SHOP, type Entry, type EntryBody, type QuestionType } from './api'

export function useLibrary() {
  const desk = useDesk()
  const session = useSession()
  const entries = shallowRef<readonly Entry[]>([])
  const types = shallowRef<readonly QuestionType[]>([])
  /** Whether the desk has answered once. */
  const asked = ref(false)
  const problem = ref('')

  async function load(): Promise<void> {
    try {
      const [found, kinds] = await Promise.all([calls.listed(), calls.types()])
      entries.value = found
      types.value = kinds
      asked.value = true
      problem.value = ''
    } catch (error) {
      problem.value = reason(error)
    }
  }

  const put = (entry: Entry): void => {
    entries.value = [...entries.value.filter((one) => one.id !== entry.id), entry]
  }

  async function save(id: number | null, body: EntryBody): Promise<void> {
    put(id === null ? await calls.created(body) : await calls.changed(id, body))
    types.value = await calls.types()
  }

  async function enable(entry: Entry, enabled: boolean): Promise<void> {
    put(await calls.changed(entry.id, { enabled }))
  }

  /** Returns how many the desk took out. */
  async function remove(ids: readonly number[]): Promise<number> {
    try {
      return await calls.removed(ids)
    } finally {
      await load()
    }
  }

  async function saveType(name: string, label: Record<string, string>): Promise<void> {
    await calls.typeSaved(name, label)
    types.value = await calls.types()
  }

  async function removeType(name: string): Promise<void> {
    await calls.typeRemoved(name)
    types.value = await calls.types()
  }

  const served = session.user?.shops ?? []
  const shops = computed(() => (desk.nouns?.shops ?? []).filter((shop) => served.length === 0 || served.includes(shop.name)))
  const everyShop = session.may(EVERY_SHOP)
  const mayKeep = (entry: Entry): boolean => session.may(EDIT) && (entry.shop !== '' || everyShop)

  return { entries, types, asked, problem, load, save, enable, remove, saveType, removeType, shops, everyShop, mayKeep }
}

export type Library = ReturnType<typeof useLibrary>
