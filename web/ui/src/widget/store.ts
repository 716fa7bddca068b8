/**
 * What outlives a page: the visitor's proof, lines not yet acknowledged, the line half written, how far was read, whether
 * a chat is open and a rating asked for. All but the proof and the open chat is kept per person: the next one on this
 * device finds nothing of it.
 *
 * Each unsent line has a key of its own, so two tabs never overwrite each other's. A browser without storage (private
 * windows of some) still chats; it only forgets with the page.
 */
import type { Attachment } from '@/shared/api/types'

export interface Kept {
  id: string
  text: string
  files: Attachment[]
  at: number
}

/** After a day a line is no longer what its writer wants to say. */
const OUTDATED = 24 * 3_600_000

/** Who is not signed in. */
export const GUEST = 'guest'

export class Store {
  private readonly root: string

  /** `who` keeps apart what a guest and each member wrote on one device. */
  constructor(
    shop: string,
    private who: string,
  ) {
    this.root = `yingda:${shop}:`
    this.carry()
  }

  /** From now on lines belong to somebody else: those of others are left alone. */
  belongsTo(who: string): void {
    this.who = who
    this.carry()
  }

  /** Who signs in on this tab goes on with the line half written as a guest, as the chat itself does. */
  private carry(): void {
    if (this.who === GUEST) return
    const begun = this.ofTab(`draft:${GUEST}`)
    if (begun !== null && !this.draft) this.draft = begun
    this.keepInTab(`draft:${GUEST}`, null)
  }

  get visitor(): string | null {
    return this.read('visitor')
  }

  set visitor(proof: string | null) {
    const before = this.visitor
    if (before === proof) return
    this.write('visitor', proof)
    // Another guest: what the one before was asked is not asked of this one.
    if (before !== null && this.who === GUEST) this.ratingAsked = false
  }

  /** Another page of the same browser has become a visitor. */
  onVisitor(tell: () => void): void {
    this.onChange('visitor', tell)
  }

  /** The session of a signed-on member, for the pages of this tab: whoever uses the device next does not have it. */
  get session(): string | null {
    return this.ofTab(this.own('session'))
  }

  set session(token: string | null) {
    this.keepInTab(this.own('session'), token)
  }

  /** Which visit of this browser it is: a tab is one, however many pages it opens. */
  countVisit(): number {
    const before = Math.max(0, Math.trunc(Number(this.read('visits')) || 0))
    if (this.ofTab('visit') !== null && before > 0) return before
    const visits = Math.min(before + 1, 1_000_000_000)
    this.write('visits', String(visits))
    this.keepInTab('visit', '1')
    return visits
  }

  private ofTab(name: string): string | null {
    try {
      return sessionStorage.getItem(this.root + name)
    } catch {
      return null
    }
  }

  private keepInTab(name: string, value: string | null): void {
    try {
      if (value === null) sessionStorage.removeItem(this.root + name)
      else sessionStorage.setItem(this.root + name, value)
    } catch {
      // Full or forbidden: see the class.
    }
  }

  get readTo(): number {
    return Number(this.read(this.own('read')) ?? 0) || 0
  }

  set readTo(id: number) {
    this.write(this.own('read'), String(id))
  }

  /** A chat is under way: the next page connects by itself to show what comes. */
  get active(): boolean {
    return this.read('active') === '1'
  }

  set active(on: boolean) {
    if (on !== this.active) this.write('active', on ? '1' : null)
  }

  /** A rating was asked for and not yet given. */
  get ratingAsked(): boolean {
    return this.read(this.own('rate')) === '1'
  }

  set ratingAsked(on: boolean) {
    if (on !== this.ratingAsked) this.write(this.own('rate'), on ? '1' : null)
  }

  /** The chat whose rating was left out: it is not asked again. */
  get skipped(): number | null {
    return Number(this.read(this.own('skipped'))) || null
  }

  set skipped(ticket: number | null) {
    this.write(this.own('skipped'), ticket === null ? null : String(ticket))
  }

  keep(line: Kept): void {
    this.write(`out:${this.who}:${line.id}`, JSON.stringify(line))
  }

  drop(id: string): void {
    this.write(`out:${this.who}:${id}`, null)
  }

  /** Unsent lines of earlier pages, oldest first. */
  unsent(now: number): Kept[] {
    const prefix = `${this.root}out:${this.who}:`
    const found: Kept[] = []
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(prefix)) continue
        const line = JSON.parse(localStorage.getItem(key) ?? 'null') as Kept | null
        if (line && now - line.at < OUTDATED) found.push(line)
        else localStorage.removeItem(key)
      }
    } catch {
      // No storage, or somebody else's words in it: nothing to send.
    }
    return found.sort((a, b) => a.at - b.at)
  }

  /** Another tab read on. */
  onRead(tell: () => void): void {
    this.onChange(() => this.own('read'), tell)
  }

  /** What is being written, for the pages of this tab: a reload loses no word. */
  get draft(): string {
    return this.ofTab(this.own('draft')) ?? ''
  }

  set draft(text: string) {
    this.keepInTab(this.own('draft'), text || null)
  }

  private own(name: string): string {
    return `${name}:${this.who}`
  }

  private onChange(name: string | (() => string), tell: () => void): void {
    addEventListener('storage', (event) => {
      if (event.key === this.root + (typeof name === 'string' ? name : name())) tell()
    })
  }

  private read(name: string): string | null {
    try {
      return localStorage.getItem(this.root + name)
    } catch {
      return null
    }
  }

  private write(name: string, value: string | null): void {
    try {
      if (value === null) localStorage.removeItem(this.root + name)
      else localStorage.setItem(this.root + name, value)
    } catch {
      // Full or forbidden: see the class.
    }
  }
}
