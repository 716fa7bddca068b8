/** A review (復盤) of a case: a record of the work log, of the kind `closing`, in four parts. */
import { api } from '@/shared/api/client'
import type { Schemas } from '@/shared/api/types'

export const PARTS = ['problem', 'handling', 'solution', 'communication'] as const
export type Review = Record<(typeof PARTS)[number], string>

export const emptyReview = (): Review => ({ problem: '', handling: '', solution: '', communication: '' })
export const saysSomething = (review: Review): boolean => PARTS.some((part) => review[part].trim() !== '')

/** Under one key it is written once, however often the case is tried to be closed. */
export const writeReview = (ticket: number, review: Review, key: string): Promise<Schemas['WorkRecord']> =>
  api.post(`/tickets/${ticket}/records`, { kind: 'closing', review }, key)
