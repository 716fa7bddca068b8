/**
 * What is being written and not sent yet. A draft belongs to one person, one ticket and one visibility, and is only ever
 * found under all three: a note that was begun cannot come back as an answer to the member.
 *
 * Kept in the tab, so that it outlives a look at another page, a reload and a time without a connection; and on the
 * desk (`draftSync.ts`), so that it is found again anywhere.
 */
import { reactive, watch } from 'vue'

import type { Attachment, Schemas, Visibility } from '@/shared/api/types'

import { DraftSync } from './draftSync'

/** A line as it goes to the desk. */
export interface Written {
  readonly text: string
  readonly visibility: Visibility
  readonly attachments: readonly Attachment[]
  /** The revision of the draft that it was: the desk is done with that one. */
  readonly draft?: number
  /** When it is to be sent; else now, or after the moment in which it may be taken back. */
  readonly sendAt?: string
  readonly unlessAnswered?: boolean
}

/** What the desk has of a draft, as far as this tab knows. */
export interface Synced {
  readonly revision: number
  readonly text: string
  readonly files: readonly Attachment[]
}

export interface Draft {
  readonly visibility: Visibility
  text: string
  files: Attachment[]
  /** Uploads under way; they are not kept. */
  uploading: number
  synced: Synced | null
  /** Another one, written elsewhere: nothing is saved until one of the two is chosen. */
  newer: Schemas['Draft'] | null
}

/** The most hidden first: where a draft of unknown visibility is safe. */
export const HIDDEN_FIRST: readonly Visibility[] = ['internal', 'anonymous', 'public']

export const isEmpty = (draft: Draft): boolean => draft.text.trim() === '' && draft.files.length === 0

interface Kept {
  last: Visibility | null
  drafts: Partial<Record<Visibility, { text: string; files: Attachment[]; synced?: Synced | null }>>
}

export class Drafts {
  private readonly drafts: Record<Visibility, Draft>
  /** Which was chosen or written last: with it the conversation opens again. */
  last: Visibility | null

  constructor(
    private readonly key: string,
    kept: Kept,
  ) {
    const one = (visibility: Visibility): Draft => ({
      visibility,
      text: kept.drafts[visibility]?.text ?? '',
      files: kept.drafts[visibility]?.files ?? [],
      uploading: 0,
      synced: kept.drafts[visibility]?.synced ?? null,
      newer: null,
    })
    this.drafts = { public: one('public'), anonymous: one('anonymous'), internal: one('internal') }
    this.last = kept.last
  }

  of(visibility: Visibility): Draft {
    return this.drafts[visibility]
  }

  /** The visibility to open with: the one chosen or written last, else any with something, else none. */
  waiting(among: readonly Visibility[]): Visibility | null {
    return among.find((one) => one === this.last) ?? among.find((one) => !isEmpty(this.drafts[one])) ?? null
  }

  /** Takes what stands in a draft and leaves it empty. */
  take(visibility: Visibility): Written {
    const draft = this.drafts[visibility]
    const written: Written = { text: draft.text.trim(), visibility, attachments: draft.files, ...(draft.synced ? { draft: draft.synced.revision } : {}) }
    draft.text = ''
    draft.files = []
    draft.newer = null
    draft.synced = null
    return written
  }

  /** Puts a line back that was taken back, before what was begun since. */
  putBack(line: Pick<Written, 'text' | 'visibility' | 'attachments'>): void {
    const draft = this.drafts[line.visibility]
    draft.text = [line.text, draft.text].filter((text) => text.trim() !== '').join('\n')
    draft.files = [...line.attachments, ...draft.files]
    this.last = line.visibility
  }

  /** Carries a draft over into another visibility, behind what stands there. */
  move(from: Visibility, to: Visibility): void {
    const source = this.drafts[from]
    const target = this.drafts[to]
    target.text = [target.text, source.text].filter((text) => text.trim() !== '').join('\n')
    target.files = [...target.files, ...source.files]
    source.text = ''
    source.files = []
    this.last = to
  }

  keep(): void {
    const drafts: Kept['drafts'] = {}
    for (const draft of Object.values(this.drafts)) {
      if (draft.text !== '' || draft.files.length > 0 || draft.synced) drafts[draft.visibility] = { text: draft.text, files: draft.files, synced: draft.synced }
    }
    if (Object.keys(drafts).length === 0 && this.last === null) return sessionStorage.removeItem(this.key)
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ last: this.last, drafts } satisfies Kept))
    } catch {
      // The tab's store is full: the draft lives as long as the page.
    }
  }
}

const open = new Map<string, { drafts: Drafts; sync: DraftSync }>()

/** The drafts of this person at this ticket; the same ones each time they are asked for. */
export const draftsOf = (username: string, number: number): Drafts => held(username, number).drafts

/** What keeps them on the desk. */
export const syncOf = (username: string, number: number): DraftSync => held(username, number).sync

function held(username: string, number: number): { drafts: Drafts; sync: DraftSync } {
  const key = `yingda.drafts.${username}.${number}`
  const known = open.get(key)
  if (known) return known
  const drafts = reactive(new Drafts(key, read(key, number))) as Drafts
  const made = { drafts, sync: new DraftSync(drafts, number) }
  watch(drafts, () => drafts.keep(), { deep: true, flush: 'sync' })
  open.set(key, made)
  return made
}

/** Lets go of what is held for all tickets, as a reload does. For tests. */
export const forgetOpen = (): void => open.clear()

function read(key: string, number: number): Kept {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Kept | null
    if (kept) return kept
  } catch {
    // Not ours, or cut off: as if nothing were there.
  }
  // Versions before kept one text for a ticket and not who was to see it.
  const before = sessionStorage.getItem(`yingda.draft.${number}`)
  if (before === null) return { last: null, drafts: {} }
  sessionStorage.removeItem(`yingda.draft.${number}`)
  return { last: 'internal', drafts: { internal: { text: before, files: [] } } }
}
