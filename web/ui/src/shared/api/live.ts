/**
 * A socket that stays: hello and welcome, back-off with jitter, at once again when the network or the page comes back.
 *
 * A connection that dies without a word is noticed by its silence: while `beats` says so and the page is seen, it asks
 * every `BEAT` and takes any frame for an answer. It knows nothing of what the frames mean. `hello` is asked anew for each connection, so it carries the newest `since`.
 */
import { encode } from '@/shared/text'

import type { Frame } from './types'

export type Connection = 'connecting' | 'open' | 'waiting' | 'closed'

export interface LiveOptions {
  address: string
  hello: () => object
  onFrame: (frame: Frame) => void
  onConnection: (connection: Connection) => void
  /**
   * The desk will not have us (4400 it does not understand our hello, 4401 the session is over, 4403 not from here, 4404
   * no such shop). True: try again.
   */
  onRefused?: (code: number) => boolean
  /** Whether silence matters now; without it, always. Ten thousand widgets that only wait for somebody do not ask. */
  beats?: () => boolean
}

/** Half a second at first, doubled to at most 15 s; the jitter keeps a thousand widgets from coming back as one. */
export function backOff(attempt: number, random: number): number {
  return Math.min(15_000, 500 * 2 ** Math.min(attempt, 10)) * (0.5 + random / 2)
}

/** How long a connection may take until its welcome. */
const WELCOME_WITHIN = 10_000
/** How often the desk is asked whether it is there: what is lost is told within `BEAT` and `ANSWER_WITHIN`. */
const BEAT = 8_000
/** Longer than a slow network takes, shorter than anybody waits for a line to go out. */
const ANSWER_WITHIN = 5_000

export class Live {
  connection: Connection = 'closed'
  private socket: WebSocket | null = null
  private attempt = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private wanted = false
  /** It was open, or tried to be, and is not: until the next welcome all is `waiting`. */
  private lost = false
  private beat: ReturnType<typeof setTimeout> | undefined
  private silence: ReturnType<typeof setTimeout> | undefined
  /** The desk was told when to expect the next question. */
  private promised = false

  constructor(private readonly options: LiveOptions) {}

  open(): void {
    if (this.wanted) return
    this.wanted = true
    addEventListener('online', this.hurry)
    addEventListener('offline', this.gone)
    document.addEventListener('visibilitychange', this.seen)
    this.connect()
  }

  close(): void {
    this.wanted = false
    removeEventListener('online', this.hurry)
    removeEventListener('offline', this.gone)
    document.removeEventListener('visibilitychange', this.seen)
    this.drop()
    this.tell('closed')
  }

  /** Send when the desk listens; false says it does not, and what matters must be sent again after the next welcome. */
  send(frame: object): boolean {
    if (this.connection !== 'open' || this.socket?.readyState !== WebSocket.OPEN) return false
    this.socket.send(encode(frame))
    return true
  }

  /** The other side is silent where it should speak: begin again without waiting for the network to notice. */
  restart(): void {
    if (!this.wanted) return
    this.drop()
    this.retry()
  }

  private connect(): void {
    this.drop()
    this.tell(this.lost ? 'waiting' : 'connecting')
    const socket = new WebSocket(this.options.address)
    this.socket = socket
    this.timer = setTimeout(() => this.restart(), WELCOME_WITHIN)
    socket.onopen = () => socket.send(encode(this.options.hello()))
    socket.onmessage = (event) => this.receive(socket, String(event.data))
    socket.onclose = (event) => {
      if (socket !== this.socket) return
      this.socket = null
      clearTimeout(this.timer)
      const refused = event.code >= 4400 && event.code <= 4404
      if (refused && !(this.options.onRefused?.(event.code) ?? false)) return this.close()
      this.retry()
    }
  }

  private receive(socket: WebSocket, text: string): void {
    if (socket !== this.socket) return
    clearTimeout(this.silence)
    let frame: Frame
    try {
      frame = JSON.parse(text) as Frame
    } catch {
      return
    }
    if (frame.type === 'pong') return
    if (frame.type === 'welcome') {
      clearTimeout(this.timer)
      this.attempt = 0
      this.lost = false
      this.connection = 'open'
    }
    this.options.onFrame(frame)
    if (frame.type !== 'welcome') return
    this.options.onConnection('open')
    this.watch()
  }

  private retry(): void {
    if (!this.wanted) return
    this.lost = true
    this.tell('waiting')
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.connect(), backOff(this.attempt++, Math.random()))
  }

  /** A socket that we let go may still speak: it is not heard any more. */
  private drop(): void {
    clearTimeout(this.timer)
    clearTimeout(this.beat)
    clearTimeout(this.silence)
    const socket = this.socket
    this.socket = null
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }

  private readonly hurry = (): void => {
    if (!this.wanted || this.connection !== 'waiting' || this.socket || document.visibilityState === 'hidden') return
    this.attempt = 0
    this.connect()
  }

  /** Asks whether the desk is there, and again in a while. A page that nobody sees makes no promise to ask again. */
  private readonly watch = (): void => {
    clearTimeout(this.beat)
    if (this.connection !== 'open') return
    const seen = document.visibilityState !== 'hidden'
    if (seen) this.beat = setTimeout(this.watch, BEAT)
    const asks = this.options.beats?.() ?? true
    if (!seen || !asks) {
      if (this.promised) this.send({ type: 'ping', next: null })
      this.promised = false
      return
    }
    this.promised = this.send({ type: 'ping', next: BEAT / 1000 })
    clearTimeout(this.silence)
    this.silence = setTimeout(() => this.restart(), ANSWER_WITHIN)
  }

  private readonly seen = (): void => {
    this.hurry()
    this.watch()
  }

  private readonly gone = (): void => {
    if (this.wanted && this.connection === 'open') this.restart()
  }

  private tell(connection: Connection): void {
    this.connection = connection
    this.options.onConnection(connection)
  }
}

/** `/ws/…` of an origin. */
export function socketAddress(origin: string, path: string): string {
  return origin.replace(/^http/, 'ws') + path
}
