/** The API of the blacklist. */
import { api } from '@/shared/api/client'
import type { Schemas } from '@/shared/api/types'

export type Block = Schemas['Block']

export const listed = (cursor: string | null): Promise<Schemas['BlockPage']> => api.get('/blocks', { cursor })
export const lifted = (member: number): Promise<void> => api.remove(`/members/${member}/block`)
