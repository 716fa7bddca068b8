/** Variables of quick replies: what stands for them, and what could not be filled in. */

export const VARIABLES = ['member.name', 'agent.alias', 'ticket.number', 'ticket.order_no', 'shop.name'] as const
export type Variable = (typeof VARIABLES)[number]
export type Values = Partial<Record<Variable, string>>

export const isVariable = (name: string): name is Variable => (VARIABLES as readonly string[]).includes(name)

// With a dot, as all variables have: a brace in a text is seldom one, a misspelt variable always is.
const MARK = /\{([a-z]+\.[a-z_]+)\}/g

/** The text with what is known; the rest stays as it is written, to be seen. */
export function fill(text: string, values: Values): string {
  return text.replace(MARK, (mark, name: string) => (isVariable(name) && values[name]) || mark)
}

export const withoutVariables = (text: string): string => text.replace(MARK, '')

/** Names of the variables that still stand in a text, each once. */
export const unfilled = (text: string): string[] => [...new Set([...text.matchAll(MARK)].map((mark) => mark[1] ?? ''))]

/** Where the first of them stands, with its braces. */
export function firstUnfilled(text: string): { from: number; to: number } | null {
  const mark = [...text.matchAll(MARK)][0]
  return mark ? { from: mark.index, to: mark.index + mark[0].length } : null
}

export interface Piece {
  text: string
  variable: string | null
}

/** A text cut at its variables, for showing them. */
export function pieces(text: string): Piece[] {
  return text
    .split(/(\{[a-z]+\.[a-z_]+\})/)
    .filter((part) => part !== '')
    .map((part) => ({ text: part, variable: /^\{([a-z]+\.[a-z_]+)\}$/.exec(part)?.[1] ?? null }))
}
