/** One visitor's chat on one page: the thread, its socket, its memory, its files. Knows nothing of how it looks. */
import { Live, socketAddress, type Connection } from '@/shared/api/live'
import type { Attachment, Frame, Me } from '@/shared/api/types'
import { maybeSignedIn } from '@/shared/signed'
import { clip, wellFormed } from '@/shared/text'

import type { Offer } from './offers'
import { GUEST, Store } from './store'
import { again, asFrame, compose, discard, isPassing, lastOfEnded, NEW, newest, notRated, outstanding, rated, receive, typingOver, unread, unsent, type Thread } from './thread'

export interface ChatOptions {
  /** `https://desk.example` */
  origin: string
  shop: string
  /** The shop's signed identity of a member, or a session's token. */
  token: string | null
  /** What the visitor reads: a new guest is spoken to in it. */
  locale: string
}

/** What the desk did not take, by its code. */
export class Refusal extends Error {
  constructor(readonly code: string) {
    super(code)
  }
}

async function codeOf(answer: Response): Promise<string> {
  try {
    return ((await answer.json()) as { code?: string }).code ?? ''
  } catch {
    return ''
  }
}

/** A line not acknowledged in this time makes us doubt the connection. */
const ACK_WITHIN = 10_000
/** After "not now" from the desk. */
const PAUSE = 3_000
const TELL_TYPING_EVERY = 3_000
const TYPING_LASTS = 5_000

export class Chat {
  thread: Thread = NEW
  private readonly visits: number
  /** Answers chosen from the library, each with how many lines stood above it. */
  asides: readonly { offer: Offer; place: number }[] = []
  connection: Connection = 'closed'
  /** Why the desk will not have this page: it is told, and nothing is tried again. */
  refused: 'foreign' | 'unknown' | 'over' | null = null
  /** Characters of one line, as the desk is set up; told in the welcome. */
  longestLine: number | null = null
  /** Signed in: by the shop's token or at the desk itself. */
  member: boolean
  private readonly store: Store
  private readonly live: Live
  /** The session the desk made of the shop's signed identity, which is good once; before that the identity itself. */
  private token: string | null
  private csrf: string | null = null
  /** The proof in the newest hello. */
  private offered: string | null = null
  private started = false
  private toldTyping = 0
  private doubt: ReturnType<typeof setTimeout> | undefined
  private pause: ReturnType<typeof setTimeout> | undefined
  private typing: ReturnType<typeof setTimeout> | undefined
  private readonly listeners = new Set<() => void>()

  constructor(private readonly options: ChatOptions) {
    this.member = options.token !== null
    this.store = new Store(options.shop, subject(options.token))
    this.token = this.member ? (this.store.session ?? options.token) : null
    this.thread = { ...NEW, visitor: this.store.visitor }
    this.visits = this.store.countVisit()
    this.store.onRead(() => this.tell())
    this.store.onVisitor(() => this.join())
    this.live = new Live({
      address: socketAddress(options.origin, '/ws/chat'),
      hello: () => ({
        type: 'hello',
        // A page that names no shop means the desk's only one.
        shop: options.shop || null,
        token: this.token,
        visitor: this.proof(),
        since: this.thread.seq,
        page: {
          url: clip(location.href, 2000),
          referrer: clip(document.referrer, 2000),
          title: clip(document.title, 300),
          language: options.locale,
          visits: this.visits,
        },
      }),
      onFrame: (frame) => this.receive(frame),
      onConnection: (connection) => {
        this.connection = connection
        this.tell()
      },
      onRefused: (code) => this.onRefused(code),
      // Silence matters to who talks; ten thousand that only look cost the desk nothing.
      beats: () => this.thread.ticket !== null || this.thread.pending.length > 0,
    })
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener)
  }

  /** What is being written. */
  get draft(): string {
    return this.store.draft
  }

  set draft(text: string) {
    this.store.draft = text
  }

  get active(): boolean {
    return this.store.active
  }

  get unread(): number {
    return unread(this.thread, this.store.readTo)
  }

  /** Connect, once; what an earlier page could not send goes out with the first welcome. */
  async start(): Promise<void> {
    if (this.started) return
    this.started = true
    await this.recognise()
    for (const line of this.store.unsent(Date.now())) {
      this.thread = compose(this.thread, line.id, line.text, line.files, line.at)
    }
    if (this.store.ratingAsked) this.thread = { ...this.thread, rating: 'asked' }
    this.live.open()
  }

  send(said: string, files: readonly Attachment[]): void {
    const text = wellFormed(said)
    const id = newId()
    const at = Date.now()
    this.store.keep({ id, text, files: [...files], at })
    this.thread = compose(this.thread, id, text, files, at)
    this.push(id)
    this.tell()
  }

  retry(id: string): void {
    this.thread = again(this.thread, id)
    this.push(id)
    this.tell()
  }

  forget(id: string): void {
    this.store.drop(id)
    this.thread = discard(this.thread, id)
    this.tell()
  }

  tellTyping(): void {
    if (Date.now() - this.toldTyping < TELL_TYPING_EVERY) return
    this.toldTyping = Date.now()
    this.live.send({ type: 'typing' })
  }

  /** All that is there has been seen. */
  read(): void {
    const id = newest(this.thread)
    if (id <= this.store.readTo) return
    this.store.readTo = id
    this.live.send({ type: 'read', seq: this.thread.seq })
    this.tell()
  }

  rate(score: number, comment: string): boolean {
    if (!this.live.send({ type: 'rate', score, comment: comment || null })) return false
    this.thread = rated(this.thread)
    this.tell()
    return true
  }

  /** The rating that was given may be changed for a while; the desk knows how long. */
  revise(): void {
    this.thread = { ...this.thread, rating: 'asked' }
    this.tell()
  }

  skipRating(): void {
    this.store.skipped = lastOfEnded(this.thread)?.ticket ?? null
    this.thread = notRated(this.thread)
    this.tell()
  }

  end(): void {
    this.live.send({ type: 'end' })
  }

  /** The most chosen answers of the library, or those that fit what is being typed. */
  async offers(text: string): Promise<Offer[]> {
    const query = new URLSearchParams({ text, language: this.options.locale })
    if (this.options.shop) query.set('shop', this.options.shop)
    const answer = await this.fetch(`/answers/hot?${query}`)
    return ((await answer.json()) as { items: Offer[] }).items
  }

  /** The visitor chose an answer: it stands in the conversation on this page only, and is counted. */
  choose(offer: Offer): void {
    this.asides = [...this.asides, { offer, place: this.thread.lines.length + unsent(this.thread).length }]
    // Not counted is no trouble of the visitor's.
    this.fetch(`/answers/${offer.id}/click`, { method: 'POST' }).catch(() => undefined)
    this.tell()
  }

  async upload(file: File): Promise<Attachment> {
    const form = new FormData()
    form.append('file', file, file.name)
    const answer = await this.fetch('/files', { method: 'POST', body: form })
    return (await answer.json()) as Attachment
  }

  async file(id: string): Promise<Blob> {
    return (await this.fetch(`/files/${encodeURIComponent(id)}`)).blob()
  }

  private async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers()
    // A member's signed identity, too, is one of a shop.
    if (this.options.shop) headers.set('X-Shop', this.options.shop)
    if (this.token) headers.set('Authorization', `Bearer ${this.token}`)
    else if (this.csrf) headers.set('X-CSRF-Token', this.csrf)
    else if (this.thread.visitor) headers.set('X-Visitor', this.thread.visitor)
    const answer = await fetch(`${this.options.origin}/api/v1${path}`, { ...init, headers, credentials: this.csrf ? 'same-origin' : 'omit' })
    if (!answer.ok) throw new Refusal(await codeOf(answer))
    return answer
  }

  /** Two pages of one browser are one visitor: the proof is read again before each hello. */
  private proof(): string | null {
    this.offered = this.thread.ticket === null ? (this.store.visitor ?? this.thread.visitor) : this.thread.visitor
    return this.offered
  }

  /** Another page was first: who has not begun a chat here comes back as that visitor. */
  private join(): void {
    const { ticket, visitor } = this.thread
    const kept = this.store.visitor
    if (this.member || ticket !== null || visitor === null || kept === null || kept === visitor) return
    this.thread = { ...NEW, visitor: kept, pending: this.thread.pending }
    this.live.restart()
  }

  /** On the desk's own pages a signed-in member is known by his cookie. */
  private async recognise(): Promise<void> {
    if (this.member || this.options.origin !== location.origin || !maybeSignedIn()) return
    try {
      const answer = await fetch('/api/v1/auth/me', { credentials: 'same-origin' })
      if (!answer.ok) return
      const me = (await answer.json()) as Me
      if (me.user.kind !== 'member') return
      this.member = true
      this.csrf = me.csrf
      this.store.belongsTo(`m${me.user.id}`)
    } catch {
      // Not reachable just now: the socket will say so.
    }
  }

  private receive(frame: Frame): void {
    const before = this.thread
    this.thread = receive(this.thread, frame)
    if (frame.type === 'welcome') {
      this.refused = null
      this.longestLine = frame.longest_line ?? this.longestLine
      const { earlier } = frame
      if (earlier?.rating === 'asked' && earlier.ticket === this.store.skipped) this.thread = notRated(this.thread)
      if (frame.token) this.token = this.store.session = frame.token
      if (!frame.visitor) this.isMember()
      // Kept by another page after our hello: it was first, unless a chat is under way here.
      else if (frame.ticket === null && this.store.visitor !== this.offered && this.store.visitor !== null) return this.join()
      else this.store.visitor = frame.visitor
      this.pushAll()
    }
    if (frame.type === 'ack') {
      this.store.drop(frame.id)
      this.watch()
    }
    if (frame.type === 'error' && frame.id !== undefined && isPassing(frame.code)) {
      // All that waits, in its order: the desk knows what it has.
      clearTimeout(this.doubt)
      clearTimeout(this.pause)
      this.pause = setTimeout(() => this.pushAll(), PAUSE)
    }
    if (frame.type === 'typing') {
      clearTimeout(this.typing)
      this.typing = setTimeout(() => {
        this.thread = typingOver(this.thread)
        this.tell()
      }, TYPING_LASTS)
    }
    if (this.thread !== before) this.tell()
  }

  /** The desk knows a member: what this browser was as a guest has come along, and its proof stands for nobody now. */
  private isMember(): void {
    this.store.visitor = null
    this.thread = { ...this.thread, visitor: null }
    // Signed in meanwhile, on another page of the desk.
    if (!this.member) void this.recognise().then(() => this.tell())
  }

  private push(id: string): void {
    const line = this.thread.pending.find((one) => one.id === id)
    if (!line || line.problem !== null) return
    this.live.send(asFrame(line))
    this.watch()
  }

  private pushAll(): void {
    for (const line of outstanding(this.thread)) this.live.send(line)
    this.watch()
  }

  /** While something waits for its acknowledgement, a silent desk is a lost one. */
  private watch(): void {
    clearTimeout(this.doubt)
    if (outstanding(this.thread).length > 0) this.doubt = setTimeout(() => this.live.restart(), ACK_WITHIN)
  }

  private onRefused(code: number): boolean {
    // A visitor's proof that no longer holds: come back as somebody new. A member's token has to come from the shop.
    if (code === 4401 && !this.member && this.thread.visitor !== null) {
      this.store.visitor = null
      this.thread = { ...NEW, pending: this.thread.pending }
      return true
    }
    // The session that an earlier page was given has ended: this page brought a token of its own.
    if (code === 4401 && this.token !== this.options.token) {
      this.token = this.options.token
      this.store.session = null
      return true
    }
    this.refused = code === 4403 ? 'foreign' : code === 4404 ? 'unknown' : 'over'
    return false
  }

  private tell(): void {
    // What nobody has read yet is to be seen on the next page too.
    if (this.live.connection === 'open') this.store.active = this.thread.ticket !== null || this.unread > 0
    if (this.started) this.store.ratingAsked = this.thread.rating === 'asked'
    for (const listener of this.listeners) listener()
  }
}

/** Whose unsent lines these are. The token is not trusted for anything else here; the desk checks it. */
function subject(token: string | null): string {
  if (token === null) return GUEST
  try {
    const body = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')
    return `t${String((JSON.parse(atob(body)) as { sub?: unknown }).sub)}`
  } catch {
    return 'token'
  }
}

/** `crypto.randomUUID` is missing on shop pages without TLS. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
