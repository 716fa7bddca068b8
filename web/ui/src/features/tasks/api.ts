/** The API of sub-tasks. Whatever is done answers all of the ticket's tasks. */
import { api } from '@/shared/api/client'
import type { Page, Schemas } from '@/shared/api/types'

export type Task = Schemas['Task']
export type OwnTask = Schemas['OwnTask']
export type TaskPatch = Partial<Schemas['TaskPatch']>

const path = (ticket: number): string => `/tickets/${ticket}/tasks`

export const mine = (): Promise<Page<OwnTask>> => api.get('/tasks')
export const all = (ticket: number): Promise<Page<Task>> => api.get(path(ticket))
export const added = (ticket: number, title: string, assignee: string | null, due: string | null): Promise<Page<Task>> =>
  api.post(path(ticket), { title, assignee, due_at: due })
export const changed = (ticket: number, task: number, patch: TaskPatch): Promise<Page<Task>> => api.patch(`${path(ticket)}/${task}`, patch)
