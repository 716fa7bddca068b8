/** Texts on their way out of a page: whole characters only, whatever somebody typed or a page is called. */

/** Half a character (a lone surrogate) is no text: a cut emoji, a slip of an input method. It becomes U+FFFD. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd')

/** At most `most` characters, none of them cut in two. */
export const clip = (text: string, most: number): string => (text.length <= most ? text : [...text].slice(0, most).join(''))

/** JSON of whole characters: the desk reads no other. */
export const encode = (value: unknown): string => JSON.stringify(value, (_, one: unknown) => (typeof one === 'string' ? wellFormed(one) : one))
