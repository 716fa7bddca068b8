/** The quick replies of who sits here, fetched when they are first wanted and again when they are old. */
import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'

import { reason } from '@/console/names'
import { useSession } from '@/console/stores/session'

import * as calls from './api'
import type { QuickReply, QuickReplyBody } from './api'

const FRESH = 60_000

export const useReplies = defineStore('quick-replies', () => {
  const session = useSession()
  const items = shallowRef<readonly QuickReply[]>([])
  /** Why they could not be fetched; empty otherwise. */
  const problem = ref('')
  /** Whether the desk has answered once. */
  const asked = ref(false)
  let at = 0
  /** Counts what was changed here: an answer that set out before a change does not know of it. */
  let changes = 0
  let loading: Promise<void> | null = null

  // Personal replies are seen by their owner only, on a shared browser too.
  watch(
    () => session.user?.username,
    () => {
      items.value = []
      asked.value = false
      loading = null
    },
    { flush: 'sync' },
  )

  async function fetchAll(): Promise<void> {
    const username = session.user?.username
    try {
      let found: readonly QuickReply[]
      let before: number
      do {
        before = changes
        found = await calls.listed()
        if (session.user?.username !== username) return
      } while (changes !== before)
      items.value = found
      asked.value = true
      at = Date.now()
      problem.value = ''
    } catch (error) {
      problem.value = reason(error)
    }
  }

  async function load(): Promise<void> {
    if (asked.value && Date.now() - at < FRESH) return
    loading ??= fetchAll().finally(() => (loading = null))
    await loading
  }

  const put = (reply: QuickReply): void => {
    changes++
    items.value = [...items.value.filter((one) => one.id !== reply.id), reply]
  }

  async function save(id: number | null, body: QuickReplyBody): Promise<void> {
    put(await (id === null ? calls.created(body) : calls.changed(id, body)))
  }

  async function remove(id: number): Promise<void> {
    await calls.removed(id)
    changes++
    items.value = items.value.filter((one) => one.id !== id)
  }

  /** Counts a use. It only sorts a list: where counting fails, the text is in the composer all the same. */
  function use(reply: QuickReply): void {
    put({ ...reply, uses: reply.uses + 1 })
    calls.used(reply.id).catch((error: unknown) => reason(error))
  }

  return { items, problem, asked, load, save, remove, use }
})
