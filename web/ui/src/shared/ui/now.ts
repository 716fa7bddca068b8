/** One clock for all that count down: it ticks every ten seconds while somebody looks. */
import { onScopeDispose, ref, type Ref } from 'vue'

const now = ref(Date.now())
let watchers = 0
let timer: ReturnType<typeof setInterval> | undefined

export function useNow(): Ref<number> {
  now.value = Date.now()
  if (watchers++ === 0) timer = setInterval(() => (now.value = Date.now()), 10_000)
  onScopeDispose(() => {
    if (--watchers === 0) clearInterval(timer)
  })
  return now
}
