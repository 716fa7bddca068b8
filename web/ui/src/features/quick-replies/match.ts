/** Finding a quick reply by a few letters: Chinese, pinyin or its initials. */
import type { QuickReply } from './api'
import { withoutVariables } from './fill'

const folded = (text: string): string => text.normalize('NFKC').toLowerCase()

/** How well a reply fits, 0 for not at all. */
function fit(reply: QuickReply, query: string): number {
  const title = folded(reply.title)
  if (title.startsWith(query)) return 6
  if (reply.keys.some((key) => key.startsWith(query))) return 5
  if (title.includes(query)) return 4
  // One letter stands within almost every pinyin.
  if (query.length > 1 && reply.keys.some((key) => key.includes(query))) return 3
  if (folded(reply.group ?? '').includes(query)) return 2
  // The names of variables are no words of the text.
  return folded(withoutVariables(reply.text)).includes(query) ? 1 : 0
}

/** Those that fit, the best first; among equals the most used, then one's own. */
export function matching(replies: readonly QuickReply[], query: string): QuickReply[] {
  const wanted = folded(query.trim())
  return replies
    .map((reply) => ({ reply, fit: wanted ? fit(reply, wanted) : 1 }))
    .filter((one) => one.fit > 0)
    .sort(
      (a, b) =>
        b.fit - a.fit || b.reply.uses - a.reply.uses || Number(b.reply.mine) - Number(a.reply.mine) || a.reply.id - b.reply.id,
    )
    .map((one) => one.reply)
}

export interface Slash {
  from: number
  to: number
  query: string
}

// Marks of Chinese typesetting; without ／, which is itself a slash.
const MARKS = '\\u2014\\u2018-\\u201d\\u2026\\u3000-\\u303f\\ufe10-\\ufe4f\\uff01-\\uff0e\\uff1a-\\uff20\\uff3b-\\uff40\\uff5b-\\uff65'
const CJK = `\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Bopomofo}\\p{Script=Hangul}${MARKS}`
const ASKS = new RegExp(`(?:(?<=^|[\\s${CJK}\\p{Extended_Pictographic}\\ufe0f])[/／]|(?<=^|\\n)、)([^\\s/／、]{0,20})$`, 'u')
const ADDRESS = new RegExp(`:/{2}[^\\s${MARKS}]*$`, 'u')

/**
 * The `/…` before the cursor that asks for quick replies: at the beginning, after a space, and after Chinese and its
 * marks, where nobody writes a space. Not after Latin letters, digits, `/` and `:`, nor within an address. Chinese
 * input methods write ／ or 、 on that key; 、 counts where a line begins, where nobody means it.
 */
export function slashAt(text: string, cursor: number): Slash | null {
  const before = text.slice(0, cursor)
  const found = ASKS.exec(before)
  if (!found || ADDRESS.test(before.slice(0, found.index))) return null
  return { from: found.index, to: cursor, query: found[1] ?? '' }
}

/** The whole text, where it is one `/…` and nothing else: nobody means to say that to a member. */
export function slashAlone(text: string): Slash | null {
  const at = slashAt(text, text.length)
  return at?.from === 0 ? at : null
}
