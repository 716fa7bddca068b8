/** Lists that are changed while they are read: an answer that set out before the change does not take it away again. */
import { describe, expect, it, vi } from 'vitest'
import { effectScope, reactive } from 'vue'

import { useDesk } from '@/console/stores/desk'
import type { EntryBody } from '@/features/answers/api'
import { useLibrary, type Library } from '@/features/answers/library'
import { EVERYTHING } from '@/features/answers/list'
import { useReplies } from '@/features/quick-replies/replies'

import { signedIn } from './support'

/** The first answer tells what stood there when it set out and comes when it is let go; the next ones tell what stands there now. */
function slow(now: () => object): { answer: () => Promise<object>; letGo: () => void } {
  let letGo = (): void => {}
  const held = new Promise<void>((done) => (letGo = done))
  let first = true
  return {
    letGo: () => letGo(),
    answer: async () => {
      const said = now()
      if (first) {
        first = false
        await held
      }
      return said
    },
  }
}

describe('what was saved while the list was on its way', () => {
  it('stays among the quick replies', async () => {
    const made = { id: 9, title: '新的', text: 'x', group: null, scope: 'personal', shop: null, mine: true, uses: 0, keys: [], updated_at: '2026-11-22T01:00:00Z' }
    let items: object[] = []
    const list = slow(() => ({ items, next: null }))
    await signedIn(['ticket.reply'], { '/quick-replies': list.answer, 'POST /quick-replies': () => ((items = [made]), made) })
    const kept = useReplies()
    const loading = kept.load()
    await kept.save(null, { title: '新的', text: 'x', group: null, scope: 'personal', shop: null })
    list.letGo()
    await loading
    expect(kept.items.map((one) => one.id)).toEqual([9])
  })

  it('stays in the library', async () => {
    const made = { id: 4, titles: { 'zh-TW': '新的' } }
    let items: object[] = []
    const list = slow(() => ({ items, next: null, count: items.length }))
    await signedIn(['answers.edit'], { '/answers': list.answer, '/answers/types': { items: [] }, 'POST /answers': () => ((items = [made]), made) })
    const scope = effectScope()
    const library = scope.run(() => useLibrary(reactive({ ...EVERYTHING }))) as Library
    const loading = library.load()
    await library.save(null, {} as EntryBody)
    list.letGo()
    await loading
    expect([library.entries.value.map((one) => one.id), library.count.value]).toEqual([[4], 1])
    scope.stop()
  })

  it('stays among the question types', async () => {
    let items: object[] = []
    const types = slow(() => ({ items }))
    await signedIn(['answers.edit', 'shops.all'], { '/answers': { items: [], next: null, count: 0 }, '/answers/types': types.answer })
    const scope = effectScope()
    const library = scope.run(() => useLibrary(reactive({ ...EVERYTHING }))) as Library
    const loading = library.load()
    items = [{ name: 'gift', label: { 'zh-TW': '禮物卡' }, answers: 0 }]
    await library.saveType('gift', { 'zh-TW': '禮物卡' })
    types.letGo()
    await loading
    expect(library.types.value.map((one) => one.name)).toEqual(['gift'])
    scope.stop()
  })

  it('stays among the saved views', async () => {
    let items: object[] = []
    const list = slow(() => ({ items }))
    await signedIn(['ticket.view'], { '/views': list.answer })
    const desk = useDesk()
    const loading = desk.loadViews()
    items = [{ id: 4, name: '急件', count: 0 }]
    await desk.loadViews()
    list.letGo()
    await loading
    await vi.waitFor(() => expect(desk.saved?.map((one) => one.id)).toEqual([4]))
  })
})
