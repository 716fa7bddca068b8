/** What a feature tells the console about itself. The `index.ts` of each folder beside this file says it once. */
import type { Component } from 'vue'

import type { Ticket, ViewName, Visibility } from '@/shared/api/types'
import type { Locale } from '@/shared/i18n'

/** The composer as its tools see it. Reading `text` and `mode` in a computed follows them. */
export interface ComposerTool {
  readonly text: string
  readonly mode: Visibility
  /** Null before the composer is on the page. */
  field(): HTMLTextAreaElement | null
  /** Puts `by` in the place of the text between two positions and the cursor behind it. */
  replace(from: number, to: number, by: string): void
  /** As the button does. */
  send(): void
  /** Offers each key to `take` before the composer acts on it; true takes it. Returns how to stop. */
  onKey(take: (event: KeyboardEvent) => boolean): () => void
  /** Asks `check` before a text is sent; false holds it back. Returns how to stop. */
  beforeSend(check: (text: string) => boolean): () => void
}

/** What a list of tickets is of, as the API asks for it. */
export interface ListScope {
  view?: ViewName
  filter?: string
  q?: string
}

/** The tickets of a list that are chosen. */
export interface ListSelection {
  readonly numbers: readonly number[]
  /** All that match are, those that are not shown, too. */
  readonly everything: boolean
  /** How many match; null: nobody knows. */
  readonly total: number | null
  /** All that match are shown. */
  readonly complete: boolean
  readonly scope: ListScope
  chooseEverything(): void
  clear(): void
}

/** The named places of the console and what each hands to the parts that fill it. */
export interface Places {
  /** Top bar, left of the own status. */
  'top.tools': object
  /** Row above the composer. */
  'composer.above': { ticket: Ticket; composer: ComposerTool }
  /** Buttons below the text, right of the paper clip. */
  'composer.tools': { ticket: Ticket; composer: ComposerTool }
  /** Sections below the facts of a ticket. */
  'ticket.panels': { ticket: Ticket }
  /** Sections below the member of a ticket. */
  'member.panels': { ticket: Ticket }
  /** Below the greeting of the home page. */
  'home.cards': object
  /** Sections of the settings page, which is there as soon as one of them is. */
  'settings.sections': object
  /** Right of the search above the list of tickets. */
  'list.actions': object
  /** Below the list of tickets; it comes with the boxes by which tickets are chosen. */
  'list.selection': { selection: ListSelection }
}
export type PlaceName = keyof Places

/** A component, fetched when it is first wanted. */
export type Load = () => Promise<{ default: Component }>

/** A part that fills a place. Lower orders come first; without the right it is neither fetched nor shown. */
export interface Part {
  load: Load
  order: number
  right?: string
}

/** A page of the feature: its path below `/`, without the first slash. */
export interface FeaturePage {
  path: string
  load: Load
  right?: string
  /** Places that the page has itself. */
  places?: PlaceName[]
}

/** An entry of the main menu. Its title is the only text that is there before the feature's words are. */
export interface MenuEntry {
  path: string
  title: Record<Locale, string>
  icon: Component
  order: number
  right?: string
  badge?: () => number
}

export interface Feature {
  name: string
  /** Fetched together with the feature's pages and parts. */
  words?: { load(): Promise<void> }
  menu?: MenuEntry
  routes?: FeaturePage[]
  places?: Partial<Record<PlaceName, Part[]>>
}

export const defineFeature = (feature: Feature): Feature => feature
