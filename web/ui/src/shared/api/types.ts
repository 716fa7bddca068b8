/** Short names for the API's types, and the frames of the two sockets. Everything here stands on `types.gen.ts`. */
import type { components } from './types.gen'

type Schemas = components['schemas']

/** Mappings of names to any value: the generator writes them as empty objects. */
type Open<T, K extends keyof T> = Omit<T, K> & { [P in K]: Record<string, unknown> }

export type Agent = Schemas['Agent']
export type Attachment = Schemas['Attachment']
export type Author = Schemas['Author']
export type FieldInfo = Schemas['FieldInfo']
export type Finding = Schemas['Finding']
export type Login = Schemas['Login']
export type Me = Schemas['Me']
export type Member = Omit<Open<Schemas['Member'], 'fields'>, 'tickets'> & { tickets?: Ticket[] }
export type Message = Schemas['Message']
export type MessageBody = Schemas['MessageBody']
export type Move = Schemas['Move']
export type Notice = Schemas['Notice']
export type Noun = Schemas['Noun']
export type Nouns = Schemas['Nouns']
export type Problem = Schemas['Problem']
export type Reloaded = Schemas['Reloaded']
export type Rules = Schemas['Rules']
export type Session = Schemas['Session']
export type Sla = Schemas['Sla']
export type Team = Schemas['Team']
export type Ticket = Open<Schemas['Ticket'], 'fields'>
export type TicketPatch = Omit<Schemas['TicketPatch'], 'fields'> & { fields?: Record<string, unknown> }
export type TraceItem = Omit<Schemas['TraceItem'], 'rules'> & { rules: TraceRule[] }
export type TraceRule = Open<Schemas['TraceRule'], 'values'>
export type User = Schemas['User']
export type View = Schemas['View']

export type Label = Noun['label']
export type Status = Agent['status']
export type Visibility = Message['visibility']
export type ViewName = View['name']

/** What every list answers with. */
export interface Page<T> {
  items: T[]
  next: string | null
  count?: number
  count_at_least?: number
}

// --- the sockets ----------------------------------------------------------------------------------------------------

export interface Welcome {
  type: 'welcome'
  seq: number
  visitor?: string | null
  ticket?: number | null
  history?: Message[]
}

export interface MessageFrame {
  type: 'message'
  seq: number
  message: Message
}

export interface Ack {
  type: 'ack'
  id: string
  seq: number
  message: Message
}

export interface TicketFrame {
  type: 'ticket'
  seq: number
  number: number
  changes: Partial<Ticket>
}

export interface NoticeFrame {
  type: 'notice'
  seq: number
  notice: Notice
}

export interface TypingFrame {
  type: 'typing'
  ticket?: number | null
  author: { kind: Author['kind']; name: string }
}

export interface PresenceFrame {
  type: 'presence'
  agent: { username: string; status: Status; load: number }
}

export interface RulesFrame {
  type: 'rules'
  seq?: number
  digest: string
}

/** For agents: how many wait. For a member: his place, and the wait in seconds as far as it is known. */
export interface QueueFrame {
  type: 'queue'
  waiting?: number
  position?: number | null
  wait?: number | null
}

export interface RatingRequested {
  type: 'rating_requested'
  seq: number
  ticket?: number | null
}

export interface Ended {
  type: 'ended'
  seq: number
  ticket?: number | null
}

export interface ErrorFrame {
  type: 'error'
  code: string
  message: string
  id?: string
}

export type Frame =
  | Welcome
  | MessageFrame
  | Ack
  | TicketFrame
  | NoticeFrame
  | TypingFrame
  | PresenceFrame
  | RulesFrame
  | QueueFrame
  | RatingRequested
  | Ended
  | ErrorFrame
