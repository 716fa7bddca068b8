/**
 * What is being written and not sent yet. A draft belongs to one person, one ticket and one visibility, and is only ever
 * found under all three: a note that was begun cannot come back as an answer to the member.
 *
 * Kept in the tab, so that it outlives a look at another page and a reload.
 */
import { reactive, watch } from 'vue'

import type { Attachment, Visibility } from '@/shared/api/types'

/** A line as it goes to the desk. */
export interface Written {
  readonly text: string
  readonly visibility: Visibility
  readonly attachments: readonly Attachment[]
}

export interface Draft {
  readonly visibility: Visibility
  text: string
  files: Attachment[]
  /** Uploads under way; they are not kept. */
  uploading: number
}

/** The most hidden first: where a draft of unknown visibility is safe. */
export const HIDDEN_FIRST: readonly Visibility[] = ['internal', 'anonymous', 'public']

export const isEmpty = (draft: Draft): boolean => draft.text.trim() === '' && draft.files.length === 0

interface Kept {
  last: Visibility | null
  drafts: Partial<Record<Visibility, { text: string; files: Attachment[] }>>
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
    const written = { text: draft.text.trim(), visibility, attachments: draft.files }
    draft.text = ''
    draft.files = []
    return written
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
      if (draft.text !== '' || draft.files.length > 0) drafts[draft.visibility] = { text: draft.text, files: draft.files }
    }
    if (Object.keys(drafts).length === 0 && this.last === null) return sessionStorage.removeItem(this.key)
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ last: this.last, drafts } satisfies Kept))
    } catch {
      // The tab's store is full: the draft lives as long as the page.
    }
  }
}

const open = new Map<string, Drafts>()

/** The drafts of this person at this ticket; the same ones each time they are asked for. */
export function draftsOf(username: string, number: number): Drafts {
  const key = `yingda.drafts.${username}.${number}`
  const known = open.get(key)
  if (known) return known
  const drafts = reactive(new Drafts(key, read(key, number))) as Drafts
  watch(drafts, () => drafts.keep(), { deep: true, flush: 'sync' })
  open.set(key, drafts)
  return drafts
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
