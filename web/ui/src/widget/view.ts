/** What the visitor sees: launcher and panel on a shop's page, the panel alone on the chat page. */
import { fill, labelOf, type Locale, type Params } from '@/shared/i18n'
import { widget as zhTW } from '@/shared/i18n/zh-TW'
import { widget as zhCN } from '@/shared/i18n/zh-CN'
import { widget as en } from '@/shared/i18n/en'
import type { Attachment, Message, WidgetLook } from '@/shared/api/types'
import { composes } from '@/shared/keys'
import { date, daysBefore } from '@/shared/time'

import { Refusal, type Chat } from './chat'
import { arrange, h, icon, ICONS, show } from './dom'
import { drawAside, drawLine, drawPending, type LineTools } from './lines'
import { lookStyle } from './look'
import { offersList } from './offers'
import { STYLE } from './style'
import { lastOfEnded, placeWords, servedBy, unsent } from './thread'

type Key = keyof typeof zhTW

export interface Say {
  (key: Key, params?: Params): string
  problem(code: string): string
}

export function sayIn(locale: Locale): Say {
  const sentences = { 'zh-TW': zhTW, 'zh-CN': zhCN, en }[locale]
  const say = (key: Key, params?: Params): string => fill(sentences[key], params)
  return Object.assign(say, {
    problem: (code: string) => (`error.${code}` in sentences ? sentences[`error.${code}` as Key] : sentences['error.other']),
  })
}

const REFUSED = { foreign: 'chat.foreign', unknown: 'chat.unknownShop', over: 'chat.refused' } as const

export interface ViewOptions {
  chat: Chat
  locale: Locale
  /** The shop's colour, side and names of ratings; null while nobody knows them. */
  look: WidgetLook | null
  root: ShadowRoot
  /** The whole page is the chat. */
  page: boolean
  /** Where a guest signs in and comes back from; null where only the shop's own page can tell. */
  signIn: () => string | null
  /** Told whenever the panel opens or closes. */
  onOpen?: (open: boolean) => void
}

export interface View {
  open(): void
  close(): void
  /** The element was put elsewhere: what was seen is to be seen again. */
  settle(): void
}

export function build(options: ViewOptions): View {
  const { chat, locale, look, root, page } = options
  const say = sayIn(locale)
  const tools: LineTools = {
    say,
    locale,
    file: (id) => chat.file(id),
    retry: (id) => chat.retry(id),
    forget: (id) => chat.forget(id),
  }
  let opened = false
  let files: Attachment[] = []
  let uploading = 0
  let score = 0
  let thanked = false
  const drawn = new Map<string, HTMLElement>()

  // --- elements -----------------------------------------------------------------------------------------------------

  const badge = h('span', { class: 'badge' })
  const launcher = h(
    'button',
    { class: 'launcher', test: 'launcher', attrs: { type: 'button', 'aria-expanded': 'false' }, on: { click: () => (opened ? close() : open()) } },
    icon(...ICONS.chat),
    badge,
  )
  const served = h('p', { attrs: { 'aria-live': 'polite' } })
  const end = h('button', { test: 'end', text: say('chat.end'), attrs: { type: 'button' }, on: { click: () => confirmEnd(true) } })
  const closer = h('button', { test: 'close', attrs: { type: 'button', 'aria-label': say('chat.close') }, on: { click: () => close() } }, icon(...ICONS.close))
  const connection = h('p', { class: 'bar warn', attrs: { role: 'status' } })
  const queue = h('p', { class: 'bar', test: 'queue', attrs: { role: 'status' } })
  // The page may have changed its address since: asked when it is followed.
  const signIn = h('a', {
    text: say('chat.signIn'),
    attrs: { href: options.signIn() ?? '' },
    on: { click: () => signIn.setAttribute('href', options.signIn() ?? '') },
  })
  const invitation = h(
    'div',
    { class: 'bar', test: 'sign-in' },
    h('p', { text: say(options.signIn() === null ? 'chat.signInShop' : 'chat.signInWhy') }),
    options.signIn() !== null && signIn,
  )
  const log = h('div', { class: 'log', attrs: { role: 'log', 'aria-live': 'polite', 'aria-label': say('chat.log'), tabindex: '0' } })
  const hint = h('p', { class: 'hint', text: say('chat.hint') })
  const typing = h('p', { class: 'typing', test: 'typing' })
  const over = h('p', { class: 'system', test: 'ended', text: say('chat.ended') })
  const rating = ratingCard()
  const revise = h('button', { test: 'rate-revise', text: say('rate.revise'), attrs: { type: 'button' }, on: { click: () => chat.revise() } })
  const thanks = h('div', { class: 'thanks', test: 'rated' }, h('p', { text: say('rate.thanks'), attrs: { role: 'status' } }), revise)
  const asking = h(
    'div',
    { class: 'rate', attrs: { role: 'alertdialog', 'aria-label': say('chat.endAsk') } },
    h('p', { text: say('chat.endAsk') }),
    h(
      'div',
      { class: 'buttons' },
      h('button', { text: say('chat.endNo'), attrs: { type: 'button' }, on: { click: () => confirmEnd(false) } }),
      h('button', { class: 'main', test: 'end-confirm', text: say('chat.endYes'), attrs: { type: 'button' }, on: { click: () => leave() } }),
    ),
  )
  const trouble = h('p', { class: 'bar warn', attrs: { role: 'alert' } })
  const chosen = h('div', { class: 'files' })
  const input = h('textarea', {
    test: 'input',
    attrs: { rows: '1', dir: 'auto', placeholder: say('chat.placeholder'), 'aria-label': say('chat.placeholder'), enterkeyhint: 'send' },
    on: {
      input: (event) => {
        grow()
        ready()
        chat.draft = input.value
        if (input.value) chat.tellTyping()
        if (!(event as InputEvent).isComposing) offered()
      },
      compositionend: () => offered(),
      keydown: (event) => pressed(event as KeyboardEvent),
      paste: (event) => {
        const found = [...((event as ClipboardEvent).clipboardData?.files ?? [])]
        if (found.length > 0) event.preventDefault()
        void upload(found)
      },
    },
  })
  const picker = h('input', {
    class: 'unseen',
    test: 'file',
    attrs: { type: 'file', multiple: '', tabindex: '-1', 'aria-hidden': 'true' },
    on: {
      change: () => {
        void upload([...(picker.files ?? [])])
        picker.value = ''
      },
    },
  })
  const attach = h('button', { attrs: { type: 'button', 'aria-label': say('chat.attach'), title: say('chat.attach') }, on: { click: () => picker.click() } }, icon(...ICONS.clip))
  const sender = h('button', { class: 'send', test: 'send', attrs: { type: 'submit', 'aria-label': say('chat.send') } }, icon(...ICONS.send))
  const form = h(
    'form',
    {
      on: {
        submit: (event) => {
          event.preventDefault()
          send()
        },
      },
    },
    picker,
    attach,
    input,
    sender,
  )
  const offers = offersList({
    say,
    ask: (text) => chat.offers(text),
    choose: (offer, byKey) => {
      chat.choose(offer)
      // The whole answer is to be seen: a long one from its beginning, and on a phone without the keyboard.
      const last = [...log.querySelectorAll<HTMLElement>('.aside')].pop()
      if (last) log.scrollTop = last.offsetTop - log.offsetTop
      ;(byKey || matchMedia('(min-width: 700px)').matches ? input : log).focus()
    },
    leave: () => input.focus(),
    change: (make) => {
      const stay = atEnd()
      make()
      if (stay) toEnd()
    },
  })
  const panel = h(
    'div',
    { class: 'panel', test: 'panel', attrs: { role: page ? 'main' : 'dialog', 'aria-label': say('chat.title') }, on: { keydown: (event) => escaped(event as KeyboardEvent) } },
    h('header', { attrs: { role: 'presentation' } }, h('div', {}, h('h1', { text: say('chat.title') }), served), end, !page && closer),
    connection,
    invitation,
    queue,
    log,
    rating.element,
    thanks,
    asking,
    offers.element,
    trouble,
    chosen,
    form,
  )
  const frame = h(
    'div',
    {
      class: page ? 'page' : 'widget',
      attrs: { lang: locale },
      on: {
        dragover: (event) => dragged(event as DragEvent, true),
        dragleave: (event) => dragged(event as DragEvent, false),
        drop: (event) => dropped(event as DragEvent),
      },
    },
    panel,
    !page && launcher,
  )
  for (const element of [panel, connection, queue, invitation, rating.element, thanks, asking, trouble, chosen, badge, end]) show(element, false)

  // --- acts ---------------------------------------------------------------------------------------------------------

  function open(): void {
    if (opened) return
    opened = true
    show(panel, true)
    frame.classList.add('open')
    launcher.setAttribute('aria-expanded', 'true')
    void chat.start().then(restore)
    draw()
    toEnd()
    if (!page || matchMedia('(min-width: 700px)').matches) input.focus()
    options.onOpen?.(true)
  }

  /** What an earlier page had half written. */
  function restore(): void {
    if (input.value || !chat.draft) return
    input.value = chat.draft
    grow()
    ready()
  }

  function close(): void {
    if (!opened || page) return
    opened = false
    show(panel, false)
    frame.classList.remove('open')
    launcher.setAttribute('aria-expanded', 'false')
    launcher.focus()
    draw()
    options.onOpen?.(false)
  }

  function escaped(event: KeyboardEvent): void {
    if (event.key === 'Escape' && !composes(event) && !offers.dismiss()) close()
  }

  function pressed(event: KeyboardEvent): void {
    // While an input method is composing, Enter chooses a word, and so do the arrows.
    if (composes(event)) return
    const first = event.key === 'ArrowUp' && !input.value.slice(0, input.selectionStart).includes('\n')
    if (first && offers.enter()) return event.preventDefault()
    if (event.key !== 'Enter' || event.shiftKey) return
    event.preventDefault()
    send()
  }

  const offered = (): void => offers.typed(input.value)
  const barred = (): boolean => chat.refused === 'foreign' || chat.refused === 'unknown'
  const isReady = (): boolean => uploading === 0 && (input.value.trim() !== '' || files.length > 0)
  const ready = (): void => void (sender.disabled = !isReady())

  function grow(): void {
    input.style.height = 'auto'
    input.style.height = `${Math.min(input.scrollHeight + 2, 120)}px`
  }

  function send(): void {
    if (!isReady()) return
    chat.send(input.value.trim(), files)
    input.value = ''
    chat.draft = ''
    offered()
    files = []
    thanked = false
    grow()
    drawFiles()
    toEnd()
    input.focus()
  }

  /** A file may be let go anywhere here: elsewhere the browser would leave the page for it. */
  function dragged(event: DragEvent, over: boolean): void {
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    panel.classList.toggle('drop', over)
  }

  function dropped(event: DragEvent): void {
    dragged(event, false)
    const found = [...(event.dataTransfer?.files ?? [])]
    if (found.length === 0) return
    open()
    void upload(found)
  }

  async function upload(found: readonly File[]): Promise<void> {
    for (const file of found) {
      uploading++
      tell(say('chat.uploading', { name: file.name }))
      try {
        files.push(await chat.upload(file))
        tell('')
      } catch (error) {
        const code = error instanceof Refusal ? error.code : ''
        const mb = Math.floor((look?.upload ?? 0) / 1_000_000)
        const key = code === 'too-large' && mb === 0 ? 'upload.other' : `upload.${code}`
        tell(say((key in zhTW ? key : 'upload.other') as Key, { name: file.name, mb }))
      } finally {
        uploading--
      }
    }
    drawFiles()
  }

  function tell(text: string): void {
    trouble.textContent = text
    show(trouble, text !== '')
    ready()
  }

  function drawFiles(): void {
    show(chosen, files.length > 0)
    arrange(
      chosen,
      files.map((file) =>
        h('span', { text: file.name }, h('button', { attrs: { type: 'button', 'aria-label': say('chat.discard') }, on: { click: () => remove(file) } }, icon(...ICONS.close))),
      ),
    )
    ready()
  }

  function leave(): void {
    chat.end()
    confirmEnd(false)
  }

  function remove(file: Attachment): void {
    files = files.filter((one) => one !== file)
    drawFiles()
  }

  function confirmEnd(on: boolean): void {
    show(asking, on)
    if (on) asking.querySelector<HTMLButtonElement>('.main')?.focus()
    else input.focus()
  }

  function ratingCard(): { element: HTMLElement; reset: () => void } {
    const comment = h('textarea', { test: 'rate-comment', attrs: { rows: '2', maxlength: '2000', dir: 'auto', placeholder: say('rate.comment'), 'aria-label': say('rate.comment') } })
    const submit = h('button', { class: 'main', test: 'rate-send', text: say('rate.send'), attrs: { type: 'button', disabled: '' } })
    const scores = ([5, 4, 3, 2, 1] as const).map((points) =>
      h('button', {
        test: `rate-${points}`,
        text: labelOf(look?.ratings[points - 1], locale, say(`rate.${points}`)),
        attrs: { type: 'button', 'aria-pressed': 'false' },
        on: {
          click: () => {
            score = points
            submit.disabled = false
            scores.forEach((one, place) => one.setAttribute('aria-pressed', String(5 - place === points)))
          },
        },
      }),
    )
    submit.addEventListener('click', () => {
      if (score > 0 && chat.rate(score, comment.value.trim())) {
        thanked = true
        reset()
        draw()
      }
    })
    const reset = (): void => {
      score = 0
      comment.value = ''
      submit.disabled = true
      for (const one of scores) one.setAttribute('aria-pressed', 'false')
    }
    const skip = h('button', { text: say('rate.skip'), attrs: { type: 'button' }, on: { click: () => chat.skipRating() } })
    const element = h(
      'div',
      { class: 'rate', test: 'rate', attrs: { role: 'group', 'aria-label': say('rate.ask') } },
      h('p', { text: say('rate.ask') }),
      h('div', { class: 'scores' }, ...scores),
      comment,
      h('div', { class: 'buttons' }, skip, submit),
    )
    return { element, reset }
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  const atEnd = (): boolean => log.scrollHeight - log.scrollTop - log.clientHeight < 60
  const toEnd = (): void => void (log.scrollTop = log.scrollHeight)

  function draw(): void {
    const { thread } = chat
    if (chat.longestLine !== null) input.maxLength = chat.longestLine
    if (opened && document.visibilityState === 'visible') chat.read()
    const news = chat.unread
    show(badge, news > 0 && !opened)
    badge.textContent = news > 99 ? '99+' : String(news)
    launcher.setAttribute('aria-label', news > 0 && !opened ? `${say('chat.open')}，${say('chat.unread', { n: news })}` : say(opened ? 'chat.close' : 'chat.open'))
    if (!opened) return

    const stay = atEnd()
    drawLog()
    const agent = servedBy(thread)
    served.textContent = agent && !thread.ended ? say('chat.served', { name: agent }) : ''
    show(served, served.textContent !== '')
    const words = chat.refused ? say(REFUSED[chat.refused]) : chat.connection === 'waiting' ? say('chat.offline') : ''
    connection.textContent = words
    show(connection, words !== '')
    // Nothing written here would ever arrive.
    show(form, !barred())
    show(invitation, !chat.member && chat.connection === 'open')
    queue.textContent = placeWords(thread, say)
    show(queue, queue.textContent !== '')
    show(rating.element, thread.rating === 'asked')
    // Who talks with a person is not interrupted.
    const free = chat.connection === 'open' && !chat.refused && thread.rating !== 'asked' && (agent === null || thread.ended)
    offers.state(free, chat.asides.length + thread.pending.length > 0 || thread.lines.some((line) => line.author.kind === 'member'))
    show(thanks, thread.rating === 'given' && (thanked || thread.ended))
    show(end, thread.ticket !== null)
    if (thread.ticket === null) show(asking, false)
    ready()
    // Last of all: what came or went around the log has changed its height.
    if (stay) toEnd()
  }

  function drawLog(): void {
    const { thread } = chat
    const wanted: HTMLElement[] = []
    const used = new Set<string>()
    const keep = (key: string, make: () => HTMLElement): void => {
      const element = drawn.get(key) ?? make()
      drawn.set(key, element)
      used.add(key)
      wanted.push(element)
    }
    const closing = lastOfEnded(thread)
    let before: Message | null = null
    let above = 0
    let parted = true
    const aside = (last = false): void => {
      chat.asides.forEach(({ offer, place }, n) => {
        if (place === above || (last && place > above)) {
          keep(`aside ${n}`, () => drawAside(offer.title, offer.text, tools))
          parted = true
        }
      })
      above++
    }
    for (const line of thread.lines) {
      aside()
      const time = Date.parse(line.created_at)
      if (!before || daysBefore(Date.parse(before.created_at), time) !== 0) keep(`day ${new Date(time).toDateString()}`, () => h('p', { class: 'day', text: dayOf(time) }))
      const first = parted || before?.author.kind !== line.author.kind || before.author.name !== line.author.name
      keep(`line ${line.ticket === null ? line.text : line.id} ${first}${line.unsent ? ' unsent' : ''}`, () => drawLine(line, first, tools))
      before = line
      parted = line === closing
      if (parted) wanted.push(over)
    }
    for (const line of unsent(thread)) {
      aside()
      keep(`own ${line.id} ${line.problem}`, () => drawPending(line, tools))
    }
    aside(true)
    if (wanted.length === 0 && !barred()) wanted.push(hint)
    if (thread.typing !== null) {
      typing.textContent = say('chat.typing', { name: thread.typing || say('chat.desk') })
      wanted.push(typing)
    }
    if (thread.ended && !closing) wanted.push(over)
    for (const key of drawn.keys()) if (!used.has(key)) drawn.delete(key)
    arrange(log, wanted)
  }

  function dayOf(time: number): string {
    const days = daysBefore(time, Date.now())
    return days === 0 ? say('chat.today') : days === 1 ? say('chat.yesterday') : date(time, locale)
  }

  // --- start --------------------------------------------------------------------------------------------------------

  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE + lookStyle(look))
  root.adoptedStyleSheets = [sheet]
  root.append(frame)
  chat.onChange(draw)
  document.addEventListener('visibilitychange', draw)
  draw()
  return { open, close, settle: toEnd }
}
