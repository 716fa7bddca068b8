/** Times and spans as people read them. `now` is an argument, so the sentences can be tested. */
import type { Locale } from './i18n'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export type Span = { key: 'time.span.m' | 'time.span.hm' | 'time.span.dh'; params: Record<string, number> }

/** A length of time in two steps at most; never "0 min" for something that still runs. */
export function span(milliseconds: number): Span {
  const length = Math.abs(milliseconds)
  if (length >= DAY) {
    return { key: 'time.span.dh', params: { d: Math.floor(length / DAY), h: Math.floor((length % DAY) / HOUR) } }
  }
  if (length >= HOUR) {
    return { key: 'time.span.hm', params: { h: Math.floor(length / HOUR), m: Math.floor((length % HOUR) / MINUTE) } }
  }
  return { key: 'time.span.m', params: { n: Math.max(1, Math.floor(length / MINUTE)) } }
}

export type Ago =
  | { key: 'time.now'; params?: undefined }
  | { key: 'time.ago.m' | 'time.ago.h' | 'time.ago.d'; params: { n: number } }

/** How long ago, for the last week; null when a date says it better. */
export function ago(time: number, now: number): Ago | null {
  const past = now - time
  if (past < MINUTE) return { key: 'time.now' }
  if (past < HOUR) return { key: 'time.ago.m', params: { n: Math.floor(past / MINUTE) } }
  if (past < DAY) return { key: 'time.ago.h', params: { n: Math.floor(past / HOUR) } }
  if (past < 7 * DAY) return { key: 'time.ago.d', params: { n: Math.floor(past / DAY) } }
  return null
}

/** Days between two times on the calendar of the reader. */
export function daysBefore(time: number, now: number): number {
  const midnight = (moment: number): number => new Date(moment).setHours(0, 0, 0, 0)
  return Math.round((midnight(now) - midnight(time)) / DAY)
}

const formats = new Map<string, Intl.DateTimeFormat>()

function format(locale: Locale, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = locale + JSON.stringify(options)
  const known = formats.get(name) ?? new Intl.DateTimeFormat(locale, options)
  formats.set(name, known)
  return known
}

export const clock = (time: number, locale: Locale): string =>
  format(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(time)

export const date = (time: number, locale: Locale): string =>
  format(locale, { year: 'numeric', month: 'short', day: 'numeric' }).format(time)

export const dateAndTime = (time: number, locale: Locale): string =>
  format(locale, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(time)

/** `#00234`. */
export const ticketNumber = (number: number): string => `#${String(number).padStart(5, '0')}`

/** Bytes as `12 kB`. */
export function fileSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`
  return `${(bytes / 1_000_000_000).toFixed(1)} GB`
}
