/** What a page is narrowed to, kept in its address: a reload, the way back and a link to a colleague bring it again. */
import { onScopeDispose, reactive, watch } from 'vue'
import { useRoute, useRouter, type LocationQuery } from 'vue-router'

const PAUSE = 250

/**
 * `start` holds where the address says nothing. The setting `typed` is written letter by letter: it waits for a pause
 * and takes the place of what stood there; each of the others is a step to go back from.
 */
export function useAddress<S extends Record<string, string | null>>(start: S, typed: keyof S & string): S {
  const route = useRoute()
  const router = useRouter()
  const { path } = route
  const names = Object.keys(start)
  const read = (query: LocationQuery): S =>
    Object.fromEntries(names.map((name) => [name, typeof query[name] === 'string' ? query[name] : start[name]])) as S
  const written = (from: S): Record<string, string> =>
    Object.fromEntries(names.flatMap((name) => (from[name] === start[name] || from[name] === null ? [] : [[name, from[name] as string]])))
  const key = (from: S): string => JSON.stringify(written(from))

  const state = reactive(read(route.query)) as S
  /** What this page sent to the address last and has not heard of yet: letters may have come since. */
  let sent: string | null = null
  let pause: ReturnType<typeof setTimeout> | undefined

  function write(chosen: boolean): void {
    if (route.path !== path || key(state) === key(read(route.query))) return
    sent = key(state)
    void router[chosen ? 'push' : 'replace']({ query: written(state) })
  }

  watch(
    () => ({ ...state }),
    (now, before) => {
      clearTimeout(pause)
      const chosen = names.some((name) => name !== typed && now[name] !== before[name])
      if (chosen) write(true)
      else pause = setTimeout(() => write(false), PAUSE)
    },
  )
  watch(
    () => route.query,
    (query) => {
      if (route.path !== path) return
      const own = key(read(query)) === sent
      sent = null
      if (!own) Object.assign(state, read(query))
    },
  )
  onScopeDispose(() => clearTimeout(pause))
  return state
}
