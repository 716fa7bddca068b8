/** The API of templates of tickets. */
import { api } from '@/shared/api/client'
import type { Schemas } from '@/shared/api/types'

export type TicketTemplate = Schemas['TicketTemplate']
export type Given = TicketTemplate['given']

/** Who may keep templates; those of every shop only who serves all. */
export const EDIT = 'ticket_templates.edit'

const PATH = '/ticket-templates'

export const listed = async (): Promise<TicketTemplate[]> => (await api.get<Schemas['TicketTemplatePage']>(PATH)).items
export const created = (title: string, shop: string, given: Given): Promise<TicketTemplate> => api.post(PATH, { title, shop, given })
export const removed = (id: number): Promise<void> => api.remove(`${PATH}/${id}`)
