/**
 * The edit somebody has open: what it began from, what was written on top, what the desk finds in it.
 *
 * It outlives its page: kept on this device under the user and the base, so a reload loses nothing.
 */
import { Text } from '@codemirror/state'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { api, ApiError } from '@/shared/api/client'
import type { Finding, Published, RulesSource, RulesTexts, TextEdit } from '@/shared/api/types'

import { reason } from '../names'
import { useSession } from '../stores/session'
import { applied, changesBetween, changesOf, moved, pathsOf, textOf, withEdit, type Change, type Edits, type Texts } from './draft'
import { edited, type Place } from './places'
import { service, type Asked } from './service'

const KEPT = 'yingda.rules'
const PAUSE = 400

/** A state of the rules that an edit can go on from. */
export interface State {
  digest: string
  files: Texts
}

/** What others did while somebody edited. */
export interface News extends State {
  changes: Change[]
  /** Whether it only lies in the folder and is not in force. */
  folder: boolean
}

export const useEdit = defineStore('rules-edit', () => {
  const session = useSession()
  const base = ref('')
  const texts = shallowRef<Texts>({})
  const edits = shallowRef<Edits>({})
  /** What is in force, which the edit may not have begun from. */
  const active = shallowRef<State | null>(null)
  /** The open file, and where to look in it; a new object each time somebody goes somewhere. */
  const path = ref('')
  const target = shallowRef<Place | null>(null)
  const findings = shallowRef<Finding[] | null>(null)
  const checking = ref(false)
  const problem = ref('')
  const news = shallowRef<News | null>(null)
  /** Files that others edited as well; mine stand. */
  const both = shallowRef<readonly string[]>([])
  /** Counts texts written elsewhere than in the open editor. */
  const written = ref(0)
  let owner = ''
  let timer = 0
  let asked = 0

  const paths = computed(() => pathsOf(texts.value, edits.value))
  const changes = computed(() => changesOf(texts.value, edits.value))
  const dirty = computed(() => changes.value.length > 0)
  const mayEdit = computed(() => session.may('rules.edit'))
  const errors = computed(() => (findings.value ?? []).filter((finding) => finding.severity === 'error').length)
  const text = (name: string): string | null => textOf(texts.value, edits.value, name)
  /** Files of rights need a right of their own. */
  const rights = (name: string): boolean => /(^|\/)roles\.ya?ml$/.test(name)
  const locked = (name: string): boolean => !mayEdit.value || (rights(name) && !session.may('roles.grant'))
  const asking = (name: string): Asked => ({ base: base.value, files: edits.value, path: name })

  const place = (digest: string): string => `${KEPT}.${session.user?.username ?? ''}.${digest}`

  function keep(): void {
    try {
      if (dirty.value) localStorage.setItem(place(base.value), JSON.stringify(edits.value))
      else localStorage.removeItem(place(base.value))
    } catch {
      // A full or closed store: the page's own question before leaving has to do.
    }
  }

  function kept(digest: string): Edits | null {
    try {
      return JSON.parse(localStorage.getItem(place(digest)) ?? 'null') as Edits | null
    } catch {
      return null
    }
  }

  /** The digest of another state that an edit of this person began from and was left. */
  function left(): string | null {
    const begin = place('')
    for (let n = 0; n < localStorage.length; n++) {
      const name = localStorage.key(n) ?? ''
      if (name.startsWith(begin) && name !== place(base.value)) return name.slice(begin.length)
    }
    return null
  }

  /** A file to open when none was asked for: one that was worked on, else one with rules. */
  function somewhere(): string {
    const changed = changes.value.map((change) => change.path).filter((name) => text(name) !== null)
    return changed[0] ?? paths.value.find((name) => name.endsWith('.rules')) ?? paths.value[0] ?? ''
  }

  function begin(state: State, mine: Edits): void {
    base.value = state.digest
    texts.value = state.files
    edits.value = Object.fromEntries(Object.entries(mine).filter(([name, body]) => body !== (state.files[name] ?? null)))
    if (text(path.value) === null) path.value = somewhere()
    written.value++
    check(0)
  }

  /** Fetch what is in force. Without edits they become the base; with edits, what is newer is told as news. */
  async function load(): Promise<void> {
    const user = session.user?.username ?? ''
    try {
      const source = await api.get<RulesSource>('/rules/files')
      problem.value = ''
      active.value = { digest: source.digest, files: source.files }
      const inFolder = source.folder
      if (user !== owner || base.value === '') {
        owner = user
        both.value = []
        edits.value = {}
        begin(active.value, kept(source.digest) ?? {})
        if (!dirty.value) await resume()
      } else if (base.value !== source.digest && base.value !== inFolder?.digest && !dirty.value) {
        begin(active.value, {})
      }
      news.value = newsOf(source)
    } catch (error) {
      problem.value = reason(error)
    }
  }

  function newsOf(source: RulesSource): News | null {
    if (source.digest !== base.value && source.folder?.digest !== base.value) {
      const since = changesBetween(texts.value, source.files)
      return { digest: source.digest, files: source.files, changes: since, folder: false }
    }
    if (!source.folder || source.folder.digest === base.value) return null
    const lying = source.folder
    const gone = lying.changes.filter((change) => change.change === 'removed').map((change) => [change.path, null])
    const files = applied(source.files, { ...lying.files, ...Object.fromEntries(gone) })
    return { digest: lying.digest, files, changes: lying.changes, folder: true }
  }

  /** An edit of before, of a state no longer in force, goes on where it was. */
  async function resume(): Promise<void> {
    const digest = left()
    const mine = digest && kept(digest)
    if (!digest || !mine) return
    try {
      const before = await api.get<RulesTexts>(`/rules/versions/${digest}`)
      begin(before, mine)
    } catch (error) {
      // What it began from is gone, a broken folder say: mine on top of what is in force.
      if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 422) || !active.value) throw error
      localStorage.removeItem(place(digest))
      begin(active.value, mine)
      keep()
    }
  }

  /** Go on from a newer state; what I wrote stays. */
  function takeOver(state: State): void {
    const made = moved(edits.value, texts.value, state.files)
    localStorage.removeItem(place(base.value))
    begin(state, made.edits)
    both.value = made.both
    news.value = null
    keep()
  }

  function write(name: string, body: string | null, elsewhere = true): void {
    edits.value = withEdit(texts.value, edits.value, name, body)
    if (elsewhere) written.value++
    keep()
    check()
  }

  function go(name: string, at: Place | null = null): void {
    if (text(name) === null) return
    path.value = name
    target.value = at && { ...at }
  }

  function rename(from: string, to: string): void {
    const body = text(from)
    if (body === null) return
    write(to, body)
    write(from, null)
    path.value = to
  }

  function remove(name: string): void {
    write(name, null)
    if (path.value === name) path.value = somewhere()
  }

  const revert = (name: string): void => write(name, texts.value[name] ?? null)

  function discard(): void {
    edits.value = {}
    both.value = []
    keep()
    if (active.value) begin(active.value, {})
    void load()
  }

  function apply(made: readonly TextEdit[]): void {
    const files = new Set(made.map((edit) => edit.file))
    for (const name of files) {
      const doc = Text.of((text(name) ?? '').split('\n'))
      write(name, edited(doc, made.filter((edit) => edit.file === name)))
    }
  }

  /** Ask for the findings once nothing was written for a moment. */
  function check(pause = PAUSE): void {
    clearTimeout(timer)
    checking.value = true
    timer = window.setTimeout(() => void ask(), pause)
  }

  async function ask(): Promise<void> {
    const turn = ++asked
    try {
      const found = await service.validate(base.value, edits.value, false)
      if (turn === asked) [findings.value, problem.value] = [found, '']
    } catch (error) {
      if (turn === asked) problem.value = reason(error)
    } finally {
      if (turn === asked) checking.value = false
    }
  }

  /** Throws ApiError: `rules-changed`, `rules-broken` and what every call may throw. */
  async function publish(note: string): Promise<Published> {
    const done = await api.post<Published>('/rules/publish', { base: base.value, files: edits.value, note })
    localStorage.removeItem(place(base.value))
    both.value = []
    begin({ digest: done.digest, files: applied(texts.value, edits.value) }, {})
    await load()
    return done
  }

  return {
    base, texts, edits, active, path, target, findings, checking, problem, news, both, written,
    paths, changes, dirty, mayEdit, errors,
    text, rights, locked, asking, load, takeOver, write, go, rename, remove, revert, discard, apply, check, publish,
  }
})
