/** The API of quick replies. Until the generated types have them, their shapes stand here. */
import { api } from '@/shared/api/client'
import type { Page } from '@/shared/api/types'

export type Scope = 'personal' | 'shop' | 'desk'

export interface QuickReply {
  id: number
  title: string
  text: string
  group: string | null
  scope: Scope
  shop: string | null
  mine: boolean
  uses: number
  /** Pinyin of the title and its initials. */
  keys: string[]
  updated_at: string
}

export interface QuickReplyBody {
  title: string
  text: string
  group: string | null
  scope: Scope
  shop: string | null
}

/** Who may keep replies that colleagues use; for the whole desk one serves every shop besides. */
export const SHARE = 'quick_replies.share'
export const EVERY_SHOP = 'shops.all'

const PATH = '/quick-replies'

export const listed = async (): Promise<QuickReply[]> => (await api.get<Page<QuickReply>>(PATH)).items
export const created = (body: QuickReplyBody): Promise<QuickReply> => api.post(PATH, body)
export const changed = (id: number, body: Partial<QuickReplyBody>): Promise<QuickReply> => api.patch(`${PATH}/${id}`, body)
export const removed = (id: number): Promise<void> => api.remove(`${PATH}/${id}`)
export const used = (id: number): Promise<void> => api.post(`${PATH}/${id}/use`)
