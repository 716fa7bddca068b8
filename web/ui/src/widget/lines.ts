/** How one line, sent or still waiting, is drawn. */
import type { Attachment, Message } from '@/shared/api/types'
import { pieces } from '@/shared/links'
import { clock } from '@/shared/time'
import type { Locale } from '@/shared/i18n'

import { h, icon, ICONS } from './dom'
import type { Pending } from './thread'
import type { Say } from './view'

export interface LineTools {
  say: Say
  locale: Locale
  file: (id: string) => Promise<Blob>
  retry: (id: string) => void
  forget: (id: string) => void
}

export function drawLine(line: Message, first: boolean, tools: LineTools): HTMLElement {
  const { kind } = line.author
  if (kind === 'system') return h('p', { class: 'system', text: line.text, test: 'line', attrs: { 'data-kind': kind } })
  if (line.unsent) return h('p', { class: 'system', text: tools.say('chat.unsent'), test: 'line', attrs: { 'data-kind': 'unsent', 'data-id': String(line.id) } })
  const mine = kind === 'member'
  const name = mine ? null : line.author.name || tools.say(kind === 'bot' ? 'chat.bot' : 'chat.desk')
  return h(
    'div',
    { class: `line ${mine ? 'me' : kind}`, test: 'line', attrs: { 'data-kind': kind, 'data-id': String(line.id) } },
    first && name !== null && h('p', { class: 'who', text: name }),
    first && mine && h('span', { class: 'unseen', text: tools.say('chat.you') }),
    line.text !== '' && bubble(line.text),
    ...line.attachments.map((file) => drawFile(file, tools)),
    h('p', { class: 'foot', text: clock(Date.parse(line.created_at), tools.locale) }),
  )
}

/** An answer that the visitor chose from the library: it is nobody's line, and the desk has not got it. */
export function drawAside(title: string, text: string, { say }: LineTools): HTMLElement {
  const answer = bubble(text)
  answer.prepend(h('b', { text: title }))
  return h('div', { class: 'line bot aside', test: 'aside' }, h('p', { class: 'who', text: say('chat.bot') }), answer, h('p', { class: 'foot', text: say('offers.foot') }))
}

export function drawPending(line: Pending, tools: LineTools): HTMLElement {
  const { say } = tools
  const foot =
    line.problem === null
      ? h('p', { class: 'foot', text: say('chat.sending') })
      : h(
          'p',
          { class: 'foot', text: `${say('chat.failed')} · ${tools.say.problem(line.problem)}`, attrs: { role: 'alert' } },
          h('button', { text: say('chat.retry'), attrs: { type: 'button' }, on: { click: () => tools.retry(line.id) } }),
          h('button', { text: say('chat.discard'), attrs: { type: 'button' }, on: { click: () => tools.forget(line.id) } }),
        )
  return h(
    'div',
    { class: `line me ${line.problem === null ? 'waiting' : 'failed'}`, test: 'pending' },
    line.text !== '' && bubble(line.text),
    ...line.files.map((file) => h('span', { class: 'file', text: file.name })),
    foot,
  )
}

function bubble(text: string): HTMLElement {
  const parts = pieces(text).map((piece) =>
    piece.href === null
      ? piece.text
      : h('a', { text: piece.text, attrs: { href: piece.href, target: '_blank', rel: 'noopener noreferrer nofollow' } }),
  )
  return h('div', { class: 'bubble', attrs: { dir: 'auto' } }, ...parts)
}

function drawFile(file: Attachment, tools: LineTools): HTMLElement {
  if (/^image\/(png|jpeg|gif|webp)$/.test(file.media_type)) return drawPicture(file, tools)
  return drawDownload(file, tools)
}

function drawDownload(file: Attachment, tools: LineTools): HTMLElement {
  const save = async (): Promise<void> => {
    const address = URL.createObjectURL(await tools.file(file.id))
    const link = h('a', { attrs: { href: address, download: file.name } })
    link.click()
    setTimeout(() => URL.revokeObjectURL(address), 10_000)
  }
  const button = h(
    'button',
    { class: 'file', attrs: { type: 'button', 'aria-label': tools.say('chat.file', { name: file.name }) }, on: { click: () => void save().catch(() => undefined) } },
    icon(...ICONS.file),
    file.name,
  )
  return button
}

/**
 * A picture is fetched with the visitor's proof and painted: an `<img>` could not send the proof, and a shop's CSP
 * may forbid pictures from anywhere but itself. Should that fail, it is a file like any other.
 */
function drawPicture(file: Attachment, tools: LineTools): HTMLElement {
  const canvas = h('canvas', { attrs: { role: 'img', 'aria-label': tools.say('chat.picture', { name: file.name }) } })
  const button = h('button', { class: 'pic', attrs: { type: 'button' }, on: { click: () => button.classList.toggle('large') } }, canvas)
  const paint = async (): Promise<void> => {
    const picture = await createImageBitmap(await tools.file(file.id))
    canvas.width = picture.width
    canvas.height = picture.height
    canvas.getContext('2d')?.drawImage(picture, 0, 0)
    picture.close()
  }
  paint().catch(() => button.replaceWith(drawDownload(file, tools)))
  return button
}
