/** Short names for the API's types, which are generated: `npm run types` after a change of `web/schema.py`. */
import type { components } from './types.gen'

type Schemas = components['schemas']

export type Agent = Schemas['Agent']
export type Attachment = Schemas['Attachment']
export type Author = Schemas['Author']
export type FieldInfo = Schemas['FieldInfo']
export type Finding = Schemas['Finding']
export type Login = Schemas['Login']
export type Me = Schemas['Me']
export type LinkedTicket = Schemas['LinkedTicket']
export type Member = Schemas['Member']
export type Message = Schemas['Message']
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
export type Ticket = Schemas['Ticket']
export type TicketPatch = Schemas['TicketPatch']
export type TraceItem = Schemas['TraceItem']
export type TraceRule = Schemas['TraceRule']
export type User = Schemas['User']
export type View = Schemas['View']

export type Label = Noun['label']
export type Status = Agent['status']
export type Visibility = Message['visibility']
export type ViewName = View['name']

/** What every list answers with. */
export type Page<T> = Omit<Schemas['Page'], 'items'> & { items: T[] }

/** A change frame tells fields of a ticket, by their names in a ticket. */
export type TicketFrame = Omit<Schemas['TicketFrame'], 'changes'> & { changes: Partial<Ticket> }

export type Frame = Exclude<Schemas['ServerFrame'], { type: 'ticket' }> | TicketFrame
