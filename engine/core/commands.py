"""What channels, people and the clock want of the desk, as data. `Desk.act` takes one; access is asked for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.core.chains import Chain
from engine.core.entities import AgentStatus, Arrival, Message, Visibility
from engine.core.purposes import API, PHONE, WINDOW
from engine.core.values import Struct


@dataclass(frozen=True, slots=True)
class Page:
    """Where a chat was opened: what the widget says of the page."""

    url: str | None = None
    referrer: str | None = None
    title: str | None = None
    device: str | None = None
    language: str | None = None
    """What the visitor reads, as browsers say it (`zh-Hant-TW`, `en-US`)."""
    address: str | None = None
    """From where the connection comes."""
    browser: str | None = None
    visits: int | None = None
    """Which visit it is, by this browser's own count."""


@dataclass(frozen=True, slots=True)
class MemberLine:
    """A line of a member or guest: into `number` if given, else the shop's open chat, else a new ticket of `kind`."""

    shop: str
    text: str
    attachments: tuple[str, ...] = ()
    client_key: str | None = None
    arrival: Arrival | None = None
    """Of a line that a channel brought."""
    number: int | None = None
    kind: str | None = None
    """None: what the rulebook has for chats."""
    channel: str = WINDOW
    subject: str = ""
    page: Page = Page()
    automatic: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)
    """type, order_no, product, `fields.NAME` … of a new ticket."""
    opening: tuple[Mapping[str, Any], ...] = ()
    """Lines shown by `chat.opened` before the first line: stored before it."""


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A ticket made by hand or by the API. Staff names a requester; a member makes his own."""

    subject: str
    text: str
    kind: str | None = None
    """None: what lines of the channel open."""
    shop: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    """type, priority, team, assignee, order_no, product, `fields.NAME`."""
    tags: tuple[str, ...] = ()
    requester: Mapping[str, Any] | None = None
    """{"id"} or {"name", "email", "phone"}."""
    attachments: tuple[str, ...] = ()
    channel: str = API
    client_key: str | None = None
    author: Literal["member", "agent"] | None = None
    """Whose words `text` are: an agent's own, or the requester's that are handed in for him (a shop's form, an
    import). None: those of who sends them."""


@dataclass(frozen=True, slots=True)
class PostMessage:
    """A line or a note on a ticket by an agent, or a member's line on own ticket."""

    number: int
    text: str
    visibility: Visibility = "public"
    attachments: tuple[str, ...] = ()
    client_key: str | None = None
    draft: int | None = None
    """The revision of the draft that this line was: it is done with. None: the one that says the same."""


@dataclass(frozen=True, slots=True)
class UnsendMessage:
    """A line that was sent is taken back: the member reads that there was one, and no longer what it said."""

    number: int
    message_id: int


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """An agent's line that the desk keeps and sends later as that agent.

    `send_at`: when, µs UTC. None: after the time in which the shop lets a line be taken back; at once where that is 0.
    """

    number: int
    text: str
    visibility: Visibility = "public"
    attachments: tuple[str, ...] = ()
    send_at: int | None = None
    unless_answered: bool = False
    """Not sent where the member writes before."""
    draft: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeScheduled:
    """Other words or another time for a scheduled line; what is None stays."""

    number: int
    line_id: int
    text: str | None = None
    send_at: int | None = None
    unless_answered: bool | None = None


@dataclass(frozen=True, slots=True)
class CancelScheduled:
    """A scheduled line is not sent; its words come back to whoever wrote it."""

    number: int
    line_id: int


@dataclass(frozen=True, slots=True)
class SendScheduled:
    """A scheduled line is sent now."""

    number: int
    line_id: int


@dataclass(frozen=True, slots=True)
class ChangeTicket:
    """New values by hand: type, subject, priority, team, assignee, order_no, product, solution, language, tags and
    `fields.NAME`."""

    number: int
    values: Mapping[str, Any]
    if_version: int | None = None


@dataclass(frozen=True, slots=True)
class MoveTicket:
    """A lifecycle trigger raised by a person, with fields the transition requires."""

    number: int
    trigger: str
    values: Mapping[str, Any] = field(default_factory=dict)
    if_version: int | None = None


@dataclass(frozen=True, slots=True)
class TransferTicket:
    """A case handed to a team, to an agent, or to an agent of a team, with what the next one must know: one act."""

    number: int
    team: str | None = None
    agent: str | None = None
    """Username. None: whoever of the team takes it."""
    note: str = ""
    """For colleagues; it stands in the case as a note."""
    tell_member: bool = False
    """Whether the member is to hear of it; in which words, if any, is for the rules."""
    if_version: int | None = None


@dataclass(frozen=True, slots=True)
class ClaimTicket:
    """An agent takes a case that nobody has."""

    number: int
    if_version: int | None = None


@dataclass(frozen=True, slots=True)
class FollowTicket:
    """A colleague, or the actor, hears of what happens to a ticket from here on."""

    number: int
    username: str


@dataclass(frozen=True, slots=True)
class UnfollowTicket:
    """A colleague, or the actor, follows a ticket no longer."""

    number: int
    username: str


@dataclass(frozen=True, slots=True)
class NudgeTicket:
    """The member, or a colleague of who has it, asks to hurry (催單)."""

    number: int
    note: str = ""
    """Of a colleague, for colleagues; it stands in the case as a note."""


@dataclass(frozen=True, slots=True)
class RateTicket:
    """The member's verdict, 5 (非常滿意) to 1 (非常不滿意)."""

    score: int
    comment: str | None = None
    number: int | None = None
    shop: str | None = None


@dataclass(frozen=True, slots=True)
class EndChat:
    """Either side ends the live chat."""

    number: int | None = None
    shop: str | None = None


@dataclass(frozen=True, slots=True)
class AskRating:
    """An agent asks the member to rate."""

    number: int


@dataclass(frozen=True, slots=True)
class SetStatus:
    """The agent's own presence."""

    status: AgentStatus


@dataclass(frozen=True, slots=True)
class SetCapacity:
    """How many live chats an agent is given at once, set by who manages accounts; 0: none."""

    username: str
    capacity: int


@dataclass(frozen=True, slots=True)
class MarkRead:
    """How far the actor has read, by event id."""

    number: int
    seq: int


@dataclass(frozen=True, slots=True)
class ChangeMember:
    """New values of a member by staff: name, tier, language, tags, `fields.NAME`, note."""

    member_id: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BlockMember:
    """Onto the blacklist, by staff: for `lasts` µs, or for good. The longer of two blocks holds."""

    member_id: int
    lasts: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class UnblockMember:
    """Off the blacklist again."""

    member_id: int


@dataclass(frozen=True, slots=True)
class CreateMember:
    """A member made by staff."""

    shop: str
    name: str
    tier: str | None = None
    email: str | None = None
    phone: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Send a failed or uncertain outgoing line again, by hand."""

    message_id: int


@dataclass(frozen=True, slots=True)
class SignIn:
    """Username and password of an agent or a member."""

    username: str
    password: str
    kind: Literal["browser", "api"] = "api"
    address: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class SignOn:
    """A shop's signed identity of a member, taken once for a session."""

    shop: str
    token: str
    address: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class SignOut:
    """Ends the actor's session, or the named one of the same owner."""

    session_id: int | None = None


@dataclass(frozen=True, slots=True)
class KeepReply:
    """The reply to a request with an `Idempotency-Key`, for when it comes again. `digest` tells requests apart."""

    key: str
    digest: str
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """A file sent before the message that names it. Only its uploader may name it; unused it goes after a day."""

    name: str
    media_type: str
    data: bytes


# --- what no person asks for: windows, time, channels ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenChat:
    """A chat window was opened: there is no ticket yet."""

    shop: str
    page: Page = field(default_factory=Page)


@dataclass(frozen=True, slots=True)
class TimerDue:
    """A timer of a ticket has run out."""

    ticket_id: int
    name: str
    kind: str
    due_at: int
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScheduleDue:
    """A moment of `every …` has come, for the one ticket or member of the case, or for the shop alone.

    `key`: the event's, as rules name it (`every day at 09:00 for each ticket`). `due_at`: when it was to be, µs UTC.
    """

    key: str
    due_at: int


@dataclass(frozen=True, slots=True)
class ServeQueue:
    """An agent has room: the ticket that waits longest for a team of hers is hers."""

    ticket_id: int
    username: str


@dataclass(frozen=True, slots=True)
class ServingGone:
    """The agent who serves this chat went offline."""

    ticket_id: int


@dataclass(frozen=True, slots=True)
class DeliveryFailed:
    """An outgoing line was given up."""

    ticket_id: int
    message_id: int
    error: str
    carried: Mapping[str, Any] = field(default_factory=dict)
    """What it carried of the row it stands in; see `Chain`."""
    line: Message | None = None
    """The line itself, where it may be older than those of the case at hand."""


@dataclass(frozen=True, slots=True)
class MemberSignedIn:
    """A member signed in; with `member_new` of the case for the first time, by the shop's word."""

    shop: str


@dataclass(frozen=True, slots=True)
class BringChat:
    """A member has signed in in a browser that was a guest's: the guest's open chat comes along.

    `visitor`: the browser's proof of being that guest.
    """

    shop: str
    visitor: str


@dataclass(frozen=True, slots=True)
class GuestSignedIn:
    """Who wrote the chat of the case as a guest is the member of the case: what was asked last is asked by a member.

    `into`, `into_number`: the chat the member has open already; this one then ends, its lines are there. Not `asks`: it
    comes along and no rule hears of it.
    """

    member_id: int
    into: int | None = None
    into_number: int | None = None
    asks: bool = True


@dataclass(frozen=True, slots=True)
class MemberMade:
    """A member was made by hand."""

    shop: str


class OpenLinked(Struct, frozen=True):
    """What a rule wants opened. `origin`: the id of the ticket it stands at, `text`: the first note."""

    origin: int
    kind: str
    team: str | None = None
    agent: str | None = None
    text: str = ""
    rule: str | None = None
    template: str | None = None
    chain: Chain = Chain(1)
    """How far it stands from what came from outside."""


CallNews = Literal["ringing", "answered", "ended", "missed"]


@dataclass(frozen=True, slots=True)
class CallEvent:
    """What an exchange says of one call. The same said twice changes nothing."""

    shop: str
    what: CallNews
    call: str
    """The exchange's own name of the call."""
    direction: Literal["inbound", "outbound"] = "inbound"
    caller: str = ""
    callee: str = ""
    agent: str | None = None
    """Who took it, by username."""
    result: str | None = None
    channel: str = PHONE
    """The way in by which the exchange speaks."""
    account: str = PHONE
    """Where the name of the call counts: one name of two exchanges is two calls."""


@dataclass(frozen=True, slots=True)
class SettleClocks:
    """Another rulebook is in force: the ticket's clocks follow what it promises."""

    ticket_id: int
