/**
 * The edit somebody has open: what it began from, what was written on top, what the desk finds in it.
 *
 * It outlives its page: kept on this device for its tab, so a reload loses nothing and two tabs do not meet unasked.
 */
import { Text } from '@codemirror/state'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'

import { api, ApiError } from '@/shared/api/client'
import type { Finding, Published, RulesSource, RulesTexts, TextEdit } from '@/shared/api/types'
import { locale } from '@/shared/i18n/vue'

import { reason } from '../names'
import { useSession } from '../stores/session'
import { applied, changesBetween, changesOf, pathsOf, sameEdits, textOf, withEdit, type Change, type Edits, type Texts } from './draft'
import { Keeper, type Kept } from './kept'
import { edited, type Place } from './places'
import { service, spoken, type Asked } from './service'

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
  /** Whether the texts this edit began from are gone: what stands in force is compared with instead. */
  const baseGone = ref(false)
  const keeper = new Keeper(localStorage, sessionStorage)
  /** Edits of this person in other tabs, or left by them; and those that were taken in or are not wanted. */
  const kept = shallowRef<readonly Kept[]>([])
  const dealt = shallowRef<readonly Kept[]>([])
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

  const alike = (one: Kept, digest: string, made: Edits): boolean => one.digest === digest && sameEdits(one.edits, made)
  const isDealt = (one: Kept): boolean => dealt.value.some((done) => done.tab === one.tab && alike(one, done.digest, done.edits))
  /** Other edits that say something else than this one. */
  const others = computed(() => kept.value.filter((one) => !isDealt(one) && !alike(one, base.value, edits.value)))

  const keep = (open = true): void => keeper.keep(owner, base.value, edits.value, open)
  function look(): void {
    const found = owner ? keeper.others(owner) : []
    for (const one of found) if (!one.open && isDealt(one)) keeper.drop(owner, one.tab)
    kept.value = found
  }

  addEventListener('storage', ({ key }) => {
    if (!Keeper.concerns(key) || !owner) return
    if (keeper.parted(owner, key)) keep()
    look()
  })
  addEventListener('pagehide', () => owner && keep(false))
  addEventListener('pageshow', (event) => event.persisted && owner && keep())

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
        await resume(source)
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
    const { digest, changes } = source.folder
    return { digest, files: folderOf(source, source.folder), changes, folder: true }
  }

  function folderOf(source: RulesSource, lying: NonNullable<RulesSource['folder']>): Texts {
    const gone = lying.changes.filter((change) => change.change === 'removed').map((change) => [change.path, null])
    return applied(source.files, { ...lying.files, ...Object.fromEntries(gone) })
  }

  /** Begin with the edit of this tab, else with one that a closed tab left, else with what is in force. */
  async function resume(source: RulesSource): Promise<void> {
    const mine = keeper.own(owner) ?? keeper.others(owner).find((one) => !one.open && !isDealt(one))
    baseGone.value = false
    if (mine) {
      const state = await stateOf(mine.digest, source)
      begin(state, mine.edits)
      baseGone.value = state.gone && dirty.value
      // It is this tab's from now on.
      keeper.drop(owner, mine.tab)
      keep()
    } else begin({ digest: source.digest, files: source.files }, {})
    look()
  }

  /** The texts of a digest: in force, in the folder, of before; those in force when they are gone. */
  async function stateOf(digest: string, source: RulesSource): Promise<State & { gone: boolean }> {
    if (digest === source.digest) return { digest, files: source.files, gone: false }
    if (digest === source.folder?.digest) return { digest, files: folderOf(source, source.folder), gone: false }
    try {
      return { ...(await api.get<RulesTexts>(`/rules/versions/${digest}`)), gone: false }
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 422)) throw error
      return { digest: source.digest, files: source.files, gone: true }
    }
  }

  /** Go on from another state, with an edit of it: what came of bringing mine together with theirs. */
  function goOn(state: State, made: Edits): void {
    begin(state, made)
    news.value = null
    baseGone.value = false
    keep()
  }

  /** What another edit of this person comes to, and what it began from. */
  async function whole(other: Kept): Promise<{ state: State; files: Texts }> {
    const state = await stateOf(other.digest, await api.get<RulesSource>('/rules/files'))
    return { state, files: applied(state.files, other.edits) }
  }

  /** Another edit was taken in, or is wanted no more: it is not offered again until it changes. */
  function settle(other: Kept, drop: boolean): void {
    dealt.value = [...dealt.value, other]
    if (drop) keeper.drop(owner, other.tab)
    look()
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
    baseGone.value = false
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

  // What was found is told again in the language of now.
  watch(locale, () => base.value && check(0))

  /** Throws ApiError: `rules-changed`, `rules-broken` and what every call may throw. */
  async function publish(note: string): Promise<Published> {
    const done = await api.post<Published>(spoken('/rules/publish'), { base: base.value, files: edits.value, note })
    keeper.drop(owner)
    baseGone.value = false
    begin({ digest: done.digest, files: applied(texts.value, edits.value) }, {})
    await load()
    return done
  }

  return {
    base, texts, edits, active, path, target, findings, checking, problem, news, baseGone, others, written,
    paths, changes, dirty, mayEdit, errors,
    text, rights, locked, asking, load, goOn, whole, settle, write, go, rename, remove, revert, discard, apply, check, publish,
  }
})
