/**
 * Unpublished edits, kept on this device: one for each tab, so that two tabs never write over each other.
 *
 * A tab that closes leaves its edit behind as one that anybody may go on with.
 */
import type { Edits } from './draft'

export interface Kept {
  user: string
  tab: string
  /** What it began from. */
  digest: string
  /** When it was last written, ms. */
  at: number
  /** Whether its tab is open. */
  open: boolean
  edits: Edits
}

const PLACE = 'yingda.rules.'
const TAB = 'yingda.tab'
/** After so many ms a tab that did not say good-bye is taken for one that crashed. */
const FORSAKEN = 12 * 3_600_000
const place = (user: string, tab: string): string => `${PLACE}${user}.${tab}`

export class Keeper {
  private tab: string

  constructor(
    private readonly store: Storage,
    private readonly session: Storage,
    private readonly now: () => number = Date.now,
  ) {
    this.tab = session.getItem(TAB) ?? this.fresh()
  }

  /** The edit of this tab. */
  own(user: string): Kept | null {
    return this.read(place(user, this.tab))
  }

  /** Edits of the same person that other tabs have, or left; the newest first. */
  others(user: string): Kept[] {
    const names = Array.from({ length: this.store.length }, (_, n) => this.store.key(n) ?? '')
    return names
      .filter((name) => name.startsWith(PLACE))
      .flatMap((name) => this.read(name) ?? [])
      .filter((kept) => kept.user === user && kept.tab !== this.tab)
      .map((kept) => ({ ...kept, open: kept.open && this.now() - kept.at < FORSAKEN }))
      .sort((a, b) => b.at - a.at)
  }

  /** Keep the edit of this tab; one without changes is none. Without room the page's own question has to do. */
  keep(user: string, digest: string, edits: Edits, open = true): void {
    if (Object.keys(edits).length === 0) return this.drop(user)
    const kept: Kept = { user, tab: this.tab, digest, at: this.now(), open, edits }
    try {
      this.store.setItem(place(user, this.tab), JSON.stringify(kept))
    } catch {
      // A full or closed store.
    }
  }

  /** The edit of this tab, or of another, is wanted no more. */
  drop(user: string, tab = this.tab): void {
    this.store.removeItem(place(user, tab))
  }

  /** Whether a storage event tells of edits at all. */
  static concerns(key: string | null): boolean {
    return key === null || key.startsWith(PLACE)
  }

  /** Somebody else wrote where only this tab should: it was duplicated. From now on it is a tab of its own. */
  parted(user: string, key: string | null): boolean {
    if (key !== place(user, this.tab) || this.store.getItem(key) === null) return false
    this.tab = this.fresh()
    return true
  }

  private fresh(): string {
    const tab = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('')
    this.session.setItem(TAB, tab)
    return tab
  }

  private read(name: string): Kept | null {
    try {
      const kept = JSON.parse(this.store.getItem(name) ?? 'null') as Partial<Kept> | null
      return kept?.user && kept.tab && kept.digest && kept.edits ? (kept as Kept) : null
    } catch {
      return null
    }
  }
}
