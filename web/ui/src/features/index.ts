/** The features of the console, gathered from their folders, and what they put into its places. */
import { shallowReactive, type Component } from 'vue'

import { useSession } from '@/console/stores/session'

import type { Feature, PlaceName } from './define'
import { merge, type PlacedPart } from './registry'

const found = import.meta.glob<Feature>('./*/index.ts', { eager: true, import: 'feature' })
export const features: readonly Feature[] = Object.values(found)

const { menu, routes, parts } = merge(features, prepare)
export { menu, routes }

const fetched = shallowReactive(new Map<PlacedPart, Component>())

const allowed = (place: PlaceName): PlacedPart[] => {
  const session = useSession()
  return parts(place).filter((part) => part.right === undefined || session.may(part.right))
}

/** Whether a feature puts something into the place for who sits here. */
export const isFilled = (place: PlaceName): boolean => allowed(place).length > 0

/** The parts of a place that are here already, in order. */
export const partsIn = (place: PlaceName): Component[] => allowed(place).flatMap((part) => fetched.get(part) ?? [])

/** Fetches the parts of the places. One that cannot be fetched leaves its page whole; the next visit asks again. */
export async function prepare(...places: PlaceName[]): Promise<void> {
  const missing = places.flatMap(allowed).filter((part) => !fetched.has(part))
  await Promise.allSettled(
    missing.map(async (part) => {
      const [module] = await Promise.all([part.load(), part.words?.load()])
      fetched.set(part, module.default)
    }),
  )
}
