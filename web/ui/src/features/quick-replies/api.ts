/** The API of quick replies. */
import { api } from '@/shared/api/client'
import type { Schemas } from '@/shared/api/types'

export type QuickReply = Schemas['QuickReply']
export type QuickReplyBody = Schemas['QuickReplyBody']
export type Scope = QuickReply['scope']

/** Who may keep replies that colleagues use; for the whole desk one serves every shop besides. */
export const SHARE = 'quick_replies.share'

const PATH = '/quick-replies'

export const listed = async (): Promise<QuickReply[]> => (await api.get<Schemas['QuickReplyPage']>(PATH)).items
export const created = (body: QuickReplyBody): Promise<QuickReply> => api.post(PATH, body)
export const changed = (id: number, body: Schemas['QuickReplyPatch']): Promise<QuickReply> => api.patch(`${PATH}/${id}`, body)
export const removed = (id: number): Promise<void> => api.remove(`${PATH}/${id}`)
export const used = (id: number): Promise<void> => api.post(`${PATH}/${id}/use`)
