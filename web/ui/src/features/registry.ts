/** Many features merged into plain tables: the menu, the routes, the parts of each place. Doubles are refused. */
import type { RouteRecordRaw } from 'vue-router'

import type { Feature, MenuEntry, Part, PlaceName } from './define'

/** A part and the words it needs. */
export interface PlacedPart extends Part {
  words: Feature['words']
}

export interface Registry {
  menu: readonly MenuEntry[]
  routes: readonly RouteRecordRaw[]
  parts(place: PlaceName): readonly PlacedPart[]
}

/** Raises an Error for a name, path or menu entry that two features claim, and for a menu entry without a page. */
export function merge(features: readonly Feature[], prepare: (...places: PlaceName[]) => Promise<unknown>): Registry {
  const pages = features.flatMap((feature) => (feature.routes ?? []).map((page) => ({ ...page, words: feature.words })))
  const menu = features.flatMap((feature) => feature.menu ?? []).sort((a, b) => a.order - b.order)
  once('feature', features.map((feature) => feature.name))
  once('path', pages.map((page) => `/${page.path}`))
  once('menu entry', menu.map((entry) => entry.path))
  for (const { path } of menu) {
    if (!pages.some((page) => `/${page.path}` === path)) throw new Error(`the menu names ${path}, which no feature has`)
  }
  const routes = pages.map(
    ({ path, load, right, places, words }): RouteRecordRaw => ({
      path,
      meta: right === undefined ? {} : { right },
      component: async () => (await Promise.all([load(), words?.load(), prepare(...(places ?? []))]))[0],
    }),
  )
  const placed = new Map<string, PlacedPart[]>()
  for (const feature of features) {
    for (const [place, parts] of Object.entries(feature.places ?? {})) {
      placed.set(place, [...(placed.get(place) ?? []), ...parts.map((part) => ({ ...part, words: feature.words }))])
    }
  }
  for (const parts of placed.values()) parts.sort((a, b) => a.order - b.order)
  return { menu, routes, parts: (place) => placed.get(place) ?? [] }
}

function once(what: string, names: readonly string[]): void {
  const double = names.find((name, at) => names.indexOf(name) !== at)
  if (double !== undefined) throw new Error(`two features have the ${what} ${double}`)
}
