/** The API of saved views. */
import { api } from '@/shared/api/client'
import type { Schemas, View } from '@/shared/api/types'

export type ViewBody = Required<Schemas['ViewBody']>

/** Who may keep views that colleagues use; for the whole desk one serves every shop besides. */
export const SHARE = 'views.share'

const PATH = '/views'

export const created = (body: ViewBody): Promise<View> => api.post(PATH, body)
export const changed = (id: number, body: ViewBody): Promise<View> => api.patch(`${PATH}/${id}`, body)
export const removed = (id: number): Promise<void> => api.remove(`${PATH}/${id}`)
