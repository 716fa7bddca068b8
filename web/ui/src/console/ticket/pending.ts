/** Lines written here that the desk has not confirmed: shown at once, sent again at will, never twice. */
import { ref } from 'vue'

import { api, ApiError } from '@/shared/api/client'
import type { Attachment, Message, Visibility } from '@/shared/api/types'

import { reason } from '../names'
import { useDesk } from '../stores/desk'

export interface PendingLine {
  /** Also the Idempotency-Key: sending again is the same line. */
  id: string
  number: number
  text: string
  visibility: Visibility
  attachments: Attachment[]
  problem: string | null
}

const lines = ref<PendingLine[]>([])

export function usePending(number: number) {
  const desk = useDesk()

  async function deliver(line: PendingLine): Promise<void> {
    try {
      const message = await api.post<Message>(
        `/tickets/${line.number}/messages`,
        { text: line.text, visibility: line.visibility, attachments: line.attachments.map((file) => file.id) },
        line.id,
      )
      desk.dispatch({ type: 'line-posted', message })
      discard(line.id)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const kept = lines.value.find((one) => one.id === line.id)
      if (kept) kept.problem = reason(error)
    }
  }

  function send(text: string, visibility: Visibility, attachments: Attachment[]): void {
    const line = { id: crypto.randomUUID(), number, text, visibility, attachments, problem: null }
    lines.value.push(line)
    void deliver(line)
  }

  function again(id: string): void {
    const line = lines.value.find((one) => one.id === id)
    if (!line) return
    line.problem = null
    void deliver(line)
  }

  function discard(id: string): void {
    lines.value = lines.value.filter((one) => one.id !== id)
  }

  const mine = (): PendingLine[] => lines.value.filter((line) => line.number === number)
  return { mine, send, again, discard }
}
