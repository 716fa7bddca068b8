/** Variables of quick replies: what stands for them, and what could not be filled in. */

export const VARIABLES = ['member.name', 'agent.alias', 'ticket.number', 'ticket.order_no', 'shop.name'] as const
export type Variable = (typeof VARIABLES)[number]
export type Values = Partial<Record<Variable, string>>

export const isVariable = (name: string): name is Variable => (VARIABLES as readonly string[]).includes(name)

// With a dot, as all variables have: a brace in a text is seldom one, a misspelt variable always is.
const MARK = /\{([a-z]+\.[a-z_]+)\}/g

/** How a gap is written where a value would stand: `【訂單編號】`. */
export type Gap = (variable: Variable) => string

/** The text with what is known, and a gap for what is not. A variable that nobody knows stays as it is written. */
export function fill(text: string, values: Values, gap: Gap): string {
  return text.replace(MARK, (mark, name: string) => (isVariable(name) ? values[name] || gap(name) : mark))
}

export const withoutVariables = (text: string): string => text.replace(MARK, '')

/** Names of the variables that stand in a text, each once. */
export const variablesIn = (text: string): string[] => [...new Set([...text.matchAll(MARK)].map((mark) => mark[1] ?? ''))]

export interface Open {
  from: number
  to: number
  /** The variable, or what is written where there is none. */
  of: string
}

/** What is still to be filled in, in the order of the text: gaps, and variables that somebody wrote himself. */
export function openIn(text: string, gap: Gap): Open[] {
  const found: Open[] = [...text.matchAll(MARK)].map((mark) => ({ from: mark.index, to: mark.index + mark[0].length, of: mark[1] ?? '' }))
  for (const variable of VARIABLES) {
    const { length } = gap(variable)
    for (let from = -length; (from = text.indexOf(gap(variable), from + length)) >= 0; ) found.push({ from, to: from + length, of: variable })
  }
  return found.sort((a, b) => a.from - b.from)
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
