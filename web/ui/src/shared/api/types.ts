/** Short names for the API's types, which are generated: `npm run types` after a change of `web/schema.py`. */
import type { components } from './types.gen'

/** Features take theirs from here. */
export type Schemas = components['schemas']

export type Agent = Schemas['Agent']
export type Attachment = Schemas['Attachment']
export type Author = Schemas['Author']
export type CompletionItem = Schemas['CompletionItem']
export type DraftPlace = Schemas['DraftPlace']
export type DryRan = Schemas['DryRan']
export type DryRanLine = Schemas['DryRanLine']
export type FieldInfo = Schemas['FieldInfo']
export type Finding = Schemas['Finding']
export type HoverText = Schemas['HoverText']
export type Login = Schemas['Login']
export type Me = Schemas['Me']
export type LinkedTicket = Schemas['LinkedTicket']
export type Member = Schemas['Member']
export type Message = Schemas['Message']
export type Notice = Schemas['Notice']
export type Noun = Schemas['Noun']
export type Nouns = Schemas['Nouns']
export type Problem = Schemas['Problem']
export type Published = Schemas['Published']
export type Reloaded = Schemas['Reloaded']
export type Remedy = Schemas['Remedy']
export type RuleFigures = Schemas['RuleFigures']
export type Rules = Schemas['Rules']
export type RulesSource = Schemas['RulesSource']
export type RulesStatistics = Schemas['RulesStatistics']
export type RulesTexts = Schemas['RulesTexts']
export type RulesVersion = Schemas['RulesVersion']
export type ScheduledLine = Schemas['ScheduledLine']
export type ScheduledPage = Schemas['ScheduledPage']
export type Session = Schemas['Session']
export type Simulated = Schemas['Simulated']
export type Sla = Schemas['Sla']
export type RuleSymbol = Schemas['Symbol']
export type Team = Schemas['Team']
export type TextEdit = Schemas['TextEdit']
export type TextPlace = Schemas['TextPlace']
export type Ticket = Schemas['Ticket']
export type TicketPatch = Schemas['TicketPatch']
export type TraceItem = Schemas['TraceItem']
export type TraceRule = Schemas['TraceRule']
export type Transition = Schemas['Transition']
export type TriedDecision = Schemas['TriedDecision']
export type TriedLine = Schemas['TriedLine']
export type TriedRule = Schemas['TriedRule']
export type User = Schemas['User']
export type View = Schemas['View']
export type WidgetLook = Schemas['WidgetLook']

export type Label = Noun['label']
export type Status = Agent['status']
export type Visibility = Message['visibility']
/** Views that everybody has. */
export type ViewName = 'mine' | 'unassigned' | 'waiting' | 'overdue' | 'followed' | 'all'

/** What every list answers with. */
export type Page<T> = Omit<Schemas['Page'], 'items'> & { items: T[] }

/** A change frame tells fields of a ticket, by their names in a ticket. */
export type TicketFrame = Omit<Schemas['TicketFrame'], 'changes'> & { changes: Partial<Ticket> }

export type Frame = Exclude<Schemas['ServerFrame'], { type: 'ticket' }> | TicketFrame
