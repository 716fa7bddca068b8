/** The batch that was begun last: it goes on, and is told of, whatever page its agent looks at meanwhile. */
import { ref, shallowRef } from 'vue'

import { useDesk } from '@/console/stores/desk'
import type { ListScope } from '@/features/define'
import { api, ApiError } from '@/shared/api/client'
import type { Schemas } from '@/shared/api/types'

export type Batch = Schemas['Batch']
export type Do = Partial<Schemas['BatchDo']>

const OFTEN = 700

/** Null: none was begun, or what came of it was read. */
export const batch = shallowRef<Batch | null>(null)
export const busy = ref(false)
export const over = (one: Batch): boolean => one.state === 'done' || one.state === 'failed' || one.state === 'cancelled'

let turn = 0

/** Raises what the desk refuses. */
export async function begin(what: Do, tickets: readonly number[] | ListScope): Promise<void> {
  const about = Array.isArray(tickets) ? { numbers: tickets } : tickets
  await follow(() => api.post<Batch>('/tickets/batch', { ...about, do: what }))
}

export const undo = (one: Batch): Promise<void> => follow(() => api.post<Batch>(`/batches/${one.id}/undo`))

export const stop = (one: Batch): Promise<unknown> => api.post(`/jobs/${one.id}/cancel`)

export function forget(): void {
  turn++
  batch.value = null
}

async function follow(ask: () => Promise<Batch>): Promise<void> {
  busy.value = true
  try {
    batch.value = await ask()
  } finally {
    busy.value = false
  }
  void watchIt(batch.value.id, ++turn)
}

async function watchIt(id: number, mine: number): Promise<void> {
  const desk = useDesk()
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, OFTEN))
    if (mine !== turn) return
    try {
      const now = await api.get<Batch>(`/batches/${id}`)
      if (mine !== turn) return
      batch.value = now
      if (over(now)) break
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status !== 0 && error.status < 500) return
    }
  }
  desk.listNews++
}
