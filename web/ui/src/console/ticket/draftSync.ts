/**
 * Drafts on the desk: saved a second after the last key and when leaving, so that another tab or machine goes on with
 * them. What the tab keeps by itself (`drafts.ts`) carries over a time without a connection.
 *
 * A save names the revision it grew from. Where the desk has another one, written in another tab, nothing is written
 * over it: untouched drafts take it, and of two that differ the person chooses.
 */
import { api, ApiError } from '@/shared/api/client'
import type { Attachment, Schemas, Visibility } from '@/shared/api/types'

import { HIDDEN_FIRST, isEmpty, type Draft, type Drafts } from './drafts'

type OnDesk = Schemas['Draft']

export const SAVE_AFTER = 1_000
const AGAIN_AFTER = 5_000

const ids = (files: readonly Attachment[]): string => files.map((file) => file.id).join()

/** Whether there is something here that the desk has not got. */
export const isDirty = (draft: Draft): boolean =>
  draft.text !== (draft.synced?.text ?? '') || ids(draft.files) !== ids(draft.synced?.files ?? [])

export class DraftSync {
  private timer: ReturnType<typeof setTimeout> | undefined
  /** One request after the other: an answer never meets a newer question. */
  private chain: Promise<void> = Promise.resolve()
  private readonly refused = new Set<string>()

  constructor(
    private readonly drafts: Drafts,
    private readonly number: number,
  ) {}

  private get path(): string {
    return `/tickets/${this.number}/draft`
  }

  /** Fetches what the desk has. A failure is no news: what is here stays. */
  load(): Promise<void> {
    return this.inTurn(async () => {
      const { items } = await api.get<{ items?: OnDesk[] }>(this.path)
      if (!items) return
      const newest = items.reduce<OnDesk | null>((so, one) => (so && so.updated_at > one.updated_at ? so : one), null)
      for (const visibility of HIDDEN_FIRST) this.meet(visibility, items.find((one) => one.visibility === visibility) ?? null)
      this.drafts.last ??= newest?.visibility ?? null
    })
  }

  /** Something was written. */
  changed(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.flush(), SAVE_AFTER)
  }

  /** Saves all that is not saved. */
  flush(): Promise<void> {
    clearTimeout(this.timer)
    return this.inTurn(async () => {
      for (const visibility of HIDDEN_FIRST) await this.save(this.drafts.of(visibility))
    })
  }

  /** Another tab, or this one, has kept or ended a draft. */
  heard(visibility: Visibility, revision: number | null): void {
    void this.inTurn(() => {
      if ((this.drafts.of(visibility).synced?.revision ?? null) !== revision) void this.load()
      return Promise.resolve()
    })
  }

  /** Of two that differ: the one of the desk, or the one here. */
  choose(visibility: Visibility, theirs: boolean): void {
    const draft = this.drafts.of(visibility)
    const { newer } = draft
    if (!newer) return
    draft.newer = null
    draft.synced = { revision: newer.revision, text: newer.text, files: newer.attachments }
    if (theirs) take(draft, newer)
    else this.changed()
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    this.chain = this.chain.then(work).catch((error: unknown) => {
      if (!(error instanceof ApiError)) throw error
      if (error.status === 0 || error.status >= 500) this.timer = setTimeout(() => void this.flush(), AGAIN_AFTER)
    })
    return this.chain
  }

  private async save(draft: Draft): Promise<void> {
    const { visibility, text } = draft
    const files = [...draft.files]
    const asked = `${visibility}\n${text}\n${ids(files)}`
    if (!isDirty(draft) || draft.newer || draft.uploading > 0 || this.refused.has(asked)) return
    if (isEmpty(draft) && draft.synced === null) return
    try {
      const body = { visibility, text, attachments: files.map((file) => file.id), base: draft.synced?.revision ?? null }
      const answer = await api.put<{ draft: OnDesk | null } | undefined>(this.path, body)
      draft.synced = answer?.draft ? { revision: answer.draft.revision, text, files } : null
      if (isDirty(draft)) this.changed() // written on, or sent, while this was on its way
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status === 412) void this.load()
      else if (error.status >= 400 && error.status < 500) this.refused.add(asked)
      else throw error
    }
  }

  private meet(visibility: Visibility, found: OnDesk | null): void {
    const draft = this.drafts.of(visibility)
    if ((draft.synced?.revision ?? null) === (found?.revision ?? null)) return
    if (!isDirty(draft) || isEmpty(draft)) return take(draft, found)
    draft.synced = null
    draft.newer = found && found.text !== draft.text ? found : null
    if (found && !draft.newer) draft.synced = { revision: found.revision, text: found.text, files: found.attachments }
    if (!draft.newer) this.changed()
  }
}

function take(draft: Draft, found: OnDesk | null): void {
  draft.text = found?.text ?? ''
  draft.files = found ? [...found.attachments] : []
  draft.synced = found && { revision: found.revision, text: found.text, files: found.attachments }
  draft.newer = null
}
