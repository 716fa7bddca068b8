import { describe, expect, it } from 'vitest'

import type { Frame, Message } from '@/shared/api/types'
import { again, compose, discard, lastOfEnded, NEW, outstanding, placeWords, receive, servedBy, type Thread, unread, unsent } from '@/widget/thread'

const line = (id: number, text: string, kind: Message['author']['kind'] = 'member', ticket: number | null = 9): Message => ({
  id,
  ticket,
  author: { kind, name: kind === 'agent' ? 'Amy' : '' },
  text,
  visibility: 'public',
  attachments: [],
  created_at: `2026-11-22T01:00:${String(id).padStart(2, '0')}Z`,
  automatic: false,
})
const welcome = (seq: number, history: Message[] = [], ticket: number | null = history.length > 0 ? 9 : null): Frame => ({
  type: 'welcome',
  seq,
  visitor: 'proof',
  ticket,
  history,
})
const said = (seq: number, message: Message): Frame => ({ type: 'message', seq, message })
const ack = (seq: number, id: string, message: Message): Frame => ({ type: 'ack', id, seq, message })
const all = (thread: Thread, ...frames: Frame[]): Thread => frames.reduce(receive, thread)

/** What is on the screen, in order. */
const seen = (thread: Thread): string[] => [...thread.lines.map((one) => one.text), ...unsent(thread).map((one) => `…${one.text}`)]
const ids = (thread: Thread): unknown[] => outstanding(thread).map((frame) => (frame as { id: string }).id)

describe('a chat that ended while nobody looked', () => {
  const back = (rating: 'none' | 'asked' | 'given'): Frame =>
    ({ ...welcome(40), earlier: { ticket: 9, history: [line(1, '保固多久'), line(2, '兩年', 'agent')], rating } }) as Frame

  it('is shown with its answer, as ended, and may be rated', () => {
    const thread = all(NEW, back('asked'))
    expect(seen(thread)).toEqual(['保固多久', '兩年'])
    expect(thread).toMatchObject({ ended: true, ticket: null, rating: 'asked' })
    expect(unread(thread, 0)).toBe(1)
    expect(lastOfEnded(thread)?.text).toBe('兩年')
  })

  it('is followed by what is shown of the next one', () => {
    const thread = all(NEW, back('none'), said(40, { ...line(3, '您好', 'bot'), ticket: null }))
    expect(seen(thread)).toEqual(['保固多久', '兩年', '您好'])
    expect(lastOfEnded(thread)?.text).toBe('兩年')
  })

  it('does not come twice after a break', () => {
    expect(seen(all(NEW, back('none'), back('none')))).toEqual(['保固多久', '兩年'])
  })

  it('is over for a line that waits to be sent', () => {
    const thread = all(compose(NEW, 'a', '再問一件', [], 0), back('given'))
    expect(seen(thread)).toEqual(['保固多久', '兩年', '…再問一件'])
    expect(thread.ended).toBe(false)
  })

  it('whose rating comes too late is not thanked for', () => {
    const thread = all({ ...all(NEW, back('given')), rating: 'given' }, { type: 'error', code: 'already-rated', message: '' } as Frame)
    expect(thread.rating).toBe('none')
  })
})

describe('a line written here', () => {
  const written = compose(all(NEW, welcome(10)), 'a', '你好', [], 0)

  it('waits below the lines until it is acknowledged', () => {
    expect(seen(written)).toEqual(['…你好'])
    const done = all(written, ack(11, 'a', line(1, '你好')))
    expect(seen(done)).toEqual(['你好'])
    expect(ids(done)).toEqual([])
    expect(done).toMatchObject({ seq: 11, ticket: 9 })
  })

  it('whose ack was lost is sent again after the next welcome and stands once', () => {
    // The desk stored it; the connection broke before the ack. `since` brings the line itself, a second sending its ack.
    const back = all(written, welcome(10), said(11, line(1, '你好')))
    expect(seen(back)).toEqual(['你好'])
    expect(ids(back)).toEqual(['a'])
    const done = all(back, ack(11, 'a', line(1, '你好')))
    expect(seen(done)).toEqual(['你好'])
    expect(ids(done)).toEqual([])
  })

  it('that comes in the history after a page change stands once, too', () => {
    const page = compose(NEW, 'a', '你好', [], 0)
    const back = all(page, welcome(20, [line(1, '你好')]))
    expect(seen(back)).toEqual(['你好'])
    expect(seen(all(back, ack(11, 'a', line(1, '你好'))))).toEqual(['你好'])
  })

  it('acknowledged with the seq of long ago does not turn the clock back', () => {
    const later = all(written, welcome(10), said(30, line(5, '在嗎', 'agent')), ack(11, 'a', line(1, '你好')))
    expect(later.seq).toBe(30)
    expect(seen(later)).toEqual(['你好', '在嗎'])
  })

  it('is sent in the order of writing, however the acks come', () => {
    const two = compose(written, 'b', '還在嗎', [], 1)
    expect(ids(two)).toEqual(['a', 'b'])
    const half = all(two, ack(12, 'b', line(2, '還在嗎')))
    expect(ids(half)).toEqual(['a'])
    expect(seen(all(half, ack(11, 'a', line(1, '你好'))))).toEqual(['你好', '還在嗎'])
  })

  it('written twice in the same words is two lines', () => {
    const two = compose(written, 'b', '你好', [], 1)
    const back = all(two, welcome(10), said(11, line(1, '你好')))
    expect(seen(back)).toEqual(['你好', '…你好'])
    const done = all(back, said(12, line(2, '你好')), ack(11, 'a', line(1, '你好')), ack(12, 'b', line(2, '你好')))
    expect(seen(done)).toEqual(['你好', '你好'])
  })

  it('refused is kept with its reason and not sent by itself', () => {
    const refused = all(written, { type: 'error', code: 'too-large', message: '', id: 'a' })
    expect(unsent(refused)[0]?.problem).toBe('too-large')
    expect(ids(refused)).toEqual([])
    expect(ids(again(refused, 'a'))).toEqual(['a'])
    expect(seen(discard(refused, 'a'))).toEqual([])
  })

  it('that came too fast is only late', () => {
    const late = all(written, { type: 'error', code: 'too-fast', message: '', id: 'a' })
    expect(ids(late)).toEqual(['a'])
    expect(unsent(late)[0]?.problem).toBeNull()
  })

  it('composed twice under one id is one', () => {
    expect(ids(compose(written, 'a', '你好', [], 0))).toEqual(['a'])
  })
})

describe('what comes in', () => {
  it('twice stands once, in any order', () => {
    const thread = all(NEW, welcome(10, [line(1, '一'), line(2, '二', 'agent')]), said(12, line(4, '四')), said(11, line(3, '三', 'agent')), said(12, line(4, '四')))
    expect(seen(thread)).toEqual(['一', '二', '三', '四'])
  })

  it('a later welcome does not skip what was missed', () => {
    const thread = all(NEW, welcome(10), said(11, line(1, '一')), welcome(50))
    expect(thread.seq).toBe(11)
  })

  it('a greeting from before the ticket takes its place in it', () => {
    const greeting = line(0, '歡迎', 'bot', null)
    const opened = compose(all(NEW, welcome(10), said(10, greeting)), 'a', '你好', [], 0)
    expect(seen(opened)).toEqual(['歡迎', '…你好'])
    const stored = all(opened, ack(12, 'a', line(2, '你好')), welcome(12, [line(1, '歡迎', 'bot'), line(2, '你好')]))
    expect(seen(stored)).toEqual(['歡迎', '你好'])
    expect(stored.lines.every((one) => one.ticket === 9)).toBe(true)
  })

  it('an answer takes the visitor out of the queue and ends the typing', () => {
    const waiting = all(NEW, welcome(10, [line(1, '一')]), { type: 'queue', position: 2, here: true, wait: [2, 5] }, { type: 'typing', ticket: 9, author: { kind: 'agent', name: 'Amy' } })
    expect(waiting.queue).toEqual({ position: 2, here: true, wait: [2, 5] })
    expect(waiting.typing).toBe('Amy')
    const served = all(waiting, said(11, line(2, '您好', 'agent')))
    expect(served).toMatchObject({ queue: null, typing: null })
    expect(servedBy(served)).toBe('Amy')
  })

  it('promises no time that nothing tells, and none at all with nobody there', () => {
    const say = (key: string, values: Record<string, number> = {}) => [key, ...Object.values(values)].join(' ')
    const asked = all(NEW, welcome(10, [line(1, '一')]))
    const told = (place: object, thread = asked) => placeWords(all(thread, { type: 'queue', ...place } as never), say)
    expect(told({ position: 1, here: true, wait: null })).toBe('chat.queueNext')
    expect(told({ position: 3, here: true, wait: [4, 9] })).toBe('chat.queue 2 · chat.waitRange 4 9')
    expect(told({ position: 1, here: true, wait: [1, 1] })).toBe('chat.queueNext · chat.wait 1')
    expect(told({ position: 1, here: false, wait: null })).toBe('chat.nobody')
    const answered = all(NEW, welcome(10, [{ ...line(1, '一'), author: { kind: 'bot', name: '' } as never }]))
    expect(told({ position: 1, here: false, wait: null }, answered)).toBe('')
  })

  it('a place of null is no queue', () => {
    expect(all(NEW, welcome(10), { type: 'queue', position: null, wait: null }).queue).toBeNull()
  })

  it('counts as unread when it is from the other side and new', () => {
    const thread = all(NEW, welcome(10, [line(1, '一'), line(2, '二', 'agent'), line(3, '三', 'system'), line(4, '四', 'bot')]))
    expect(unread(thread, 0)).toBe(2)
    expect(unread(thread, 2)).toBe(1)
    expect(unread(thread, 4)).toBe(0)
  })
})

describe('the end', () => {
  const ended = all(NEW, welcome(10, [line(1, '一')]), { type: 'rating_requested', seq: 11, ticket: 9 }, { type: 'ended', seq: 12, ticket: 9 })

  it('asks for the rating and leaves the lines', () => {
    expect(ended).toMatchObject({ ended: true, rating: 'asked', ticket: null })
    expect(seen(ended)).toEqual(['一'])
  })

  it('replayed changes nothing', () => {
    expect(all(ended, { type: 'ended', seq: 12, ticket: 9 }, { type: 'rating_requested', seq: 11, ticket: 9 })).toEqual(ended)
  })

  it('is over with the next line', () => {
    const next = compose(ended, 'b', '再問一下', [], 0)
    expect(next).toMatchObject({ ended: false, rating: 'none' })
    expect(all(next, ack(13, 'b', { ...line(2, '再問一下'), ticket: 10 })).ticket).toBe(10)
  })
})

describe('any order of breaks', () => {
  // The desk as the law says it: stores each id once, acknowledges every sending, replays what came after `since`.
  class Desk {
    log: Frame[] = []
    stored = new Map<string, Frame>()
    private id = 0
    private seq = 100

    take(frame: { id: string; text: string }): Frame {
      const known = this.stored.get(frame.id)
      if (known) return known
      const message = line(++this.id, frame.text)
      this.log.push(said(++this.seq, message))
      const answer = ack(this.seq, frame.id, message)
      this.stored.set(frame.id, answer)
      return answer
    }

    say(text: string): Frame {
      const frame = said(++this.seq, line(++this.id, text, 'agent'))
      this.log.push(frame)
      return frame
    }

    welcome(since: number): Frame[] {
      const missed = this.log.filter((frame) => 'seq' in frame && (frame.seq ?? 0) > since)
      return since === 0 ? [welcome(this.seq, this.log.map((frame) => (frame as { message: Message }).message))] : [welcome(since, [], 9), ...missed]
    }
  }

  it.each(Array.from({ length: 200 }, (_, seed) => seed))('loses and doubles nothing (%i)', (seed) => {
    let state = seed * 7919 + 1
    const chance = (): number => {
      state = (state * 1103515245 + 12345) % 2147483648
      return state / 2147483648
    }
    const desk = new Desk()
    let thread = all(NEW, ...desk.welcome(0))
    let connected = true
    const expected: string[] = []
    const deliver = (frame: Frame): void => {
      if (connected) thread = receive(thread, frame)
    }
    const sendAll = (): void => {
      for (const frame of outstanding(thread)) {
        if (!connected) return
        // Lost on the way there; stored but the answer lost; or all well.
        const luck = chance()
        if (luck < 0.2) connected = false
        else {
          const answer = desk.take(frame as { id: string; text: string })
          if (luck < 0.4) connected = false
          deliver(answer)
        }
      }
    }
    for (let step = 0; step < 30; step++) {
      const luck = chance()
      if (luck < 0.4) {
        const text = `m${step % 3}`
        expected.push(text)
        thread = compose(thread, `id${step}`, text, [], step)
        sendAll()
      } else if (luck < 0.6) {
        const text = `a${step}`
        expected.push(text)
        deliver(desk.say(text))
      } else if (!connected) {
        connected = true
        // Sometimes a new page, which knows only what it kept.
        if (chance() < 0.3) thread = thread.pending.reduce((so, one) => compose(so, one.id, one.text, one.files, one.at), NEW)
        for (const frame of desk.welcome(thread.seq)) deliver(frame)
        sendAll()
      } else if (luck < 0.8) connected = false
    }
    while (!connected || outstanding(thread).length > 0) {
      connected = true
      for (const frame of desk.welcome(thread.seq)) deliver(frame)
      sendAll()
    }
    expect(unsent(thread)).toEqual([])
    expect(thread.lines.map((one) => one.text).sort()).toEqual([...expected].sort())
    expect(thread.lines.map((one) => one.id)).toEqual(desk.log.map((frame) => (frame as { message: Message }).message.id))
  })
})

describe('after the end', () => {
  const ended = all(NEW, welcome(10, [line(1, '一')]), { type: 'ended', seq: 12, ticket: 9 })

  it('what the desk still says opens nothing again', () => {
    const later = all(ended, said(13, line(2, '感謝您的來訊', 'desk')))
    expect(later).toMatchObject({ ended: true, ticket: null })
    expect(seen(later)).toEqual(['一', '感謝您的來訊'])
  })

  it('an agent may open it again, once', () => {
    const again = all(ended, { type: 'resumed', seq: 14, ticket: 9 })
    expect(again).toMatchObject({ ended: false, ticket: 9, seq: 14 })
    expect(all(again, { type: 'resumed', seq: 14, ticket: 9 })).toBe(again)
  })
})

describe('a line the desk cannot read', () => {
  it('is refused and not sent for ever', () => {
    const two = compose(compose(all(NEW, welcome(10)), 'a', '一', [], 0), 'b', '二', [], 1)
    const told = receive(two, { type: 'error', code: 'unreadable', message: 'this is not JSON' })
    expect(ids(told)).toEqual(['b'])
    expect(told.pending[0]).toMatchObject({ id: 'a', problem: 'unreadable' })
  })
})
