"""The shapes of the API and the sockets: requests are decoded and checked by these structs, answers encoded by them,
the OpenAPI document and the TypeScript types come from them. Times are RFC 3339 UTC, durations whole seconds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from web.lines_schema import Attachment, Mention, RuleSource, Sender, Unsent, Visit
from web.sla_schema import Sla

Name = Annotated[str, Meta(min_length=1, max_length=120)]
ShopName = Annotated[str, Meta(max_length=100)]
"""A shop, or every shop where it is empty."""
LONGEST_LINE = 20_000
"""Characters of a line that the API takes at all; `limits.line` may be less."""
Line = Annotated[str, Meta(max_length=LONGEST_LINE)]
Short = Annotated[str, Meta(max_length=300)]
Place = Annotated[int, Meta(ge=1, le=1_000_000)]
Time = str
Status = Literal["online", "busy", "away", "offline"]
Visibility = Literal["public", "anonymous", "internal"]
Label = dict[str, str]
"""A text per language: {"zh-TW": …, "zh-CN": …, "en": …}; a missing one falls back to the noun's name."""
Id = Annotated[int, Meta(ge=1, le=9_007_199_254_740_991)]
"""Whole numbers that every JSON reader keeps exact."""


class Body(Struct, forbid_unknown_fields=True):
    """A request's body: unknown fields are refused."""


class Query(Struct, forbid_unknown_fields=True):
    """What follows the `?` of an address: unknown names are refused, so that a mistyped filter is not passed over."""


# --- answers --------------------------------------------------------------------------------------------------------


class Requester(Struct):
    id: int
    name: str | None
    tier: str
    guest: bool


class LastLine(Struct):
    author_kind: str
    name: str
    text: str
    at: Time
    unsent: bool | UnsetType = UNSET
    """True where it was taken back."""


class LinkedTicket(Struct):
    """A case beside this one."""

    number: int
    kind: str
    subject: str
    state: str
    category: Literal["open", "pending", "closed"]
    link: str
    """What the link is: the kind of the case that was opened."""
    origin: bool
    """True for the case this one was opened beside."""
    created_at: Time


class TaskCount(Struct):
    open: int
    all: int
    """Without those that were cancelled."""


class Ticket(Struct):
    number: int
    kind: str
    shop: str
    subject: str
    type: str
    state: str
    category: Literal["open", "pending", "closed"]
    priority: str
    team: str | None
    assignee: str | None
    requester: Requester
    channel: str
    opened_by: Literal["member", "agent", "desk"]
    """`agent`: in the member's name; `desk`: by a rule."""
    tags: list[str]
    order_no: str | None
    product: str | None
    solution: str | None
    language: str
    created_at: Time
    updated_at: Time
    first_replied_at: Time | None
    closed_at: Time | None
    sla: list[Sla]
    fields: dict[str, Any]
    rating: int | None
    merged_into: int | None
    """The number of the case in which this one went on: its lines stand there."""
    version: int
    nudges: int | UnsetType = UNSET
    """Staff: how often somebody asked to hurry."""
    nudged_at: Time | None | UnsetType = UNSET
    """Staff: when somebody last did."""
    tasks: TaskCount | UnsetType = UNSET
    """Staff: how many sub-tasks it has."""
    records: int | UnsetType = UNSET
    """Staff: how many entries its work log has."""
    unread: int | UnsetType = UNSET
    """Staff: lines by the other side the actor has not read."""
    rating_comment: str | None | UnsetType = UNSET
    """Staff: what the member wrote with the rating; of one that was revised, the newest."""
    rated_at: Time | None | UnsetType = UNSET
    """Staff: when it was given, or last revised."""
    last_line: LastLine | None | UnsetType = UNSET
    links: list[LinkedTicket] | UnsetType = UNSET
    """Staff: cases opened beside this one, and the one it was opened beside, with `GET /tickets/{number}`."""
    visit: Visit | UnsetType = UNSET
    """Staff: of a chat, from where it was begun, with `GET /tickets/{number}`."""
    followers: list[str] | UnsetType = UNSET
    """Staff: usernames, with `GET /tickets/{number}`."""


class Author(Struct):
    kind: Literal["member", "agent", "desk", "bot", "system"]
    name: str
    username: str | UnsetType = UNSET
    """For staff only."""


class Message(Struct):
    id: int
    ticket: int | None
    """null: a line of `chat.opened`, before there is a ticket."""
    author: Author
    text: str
    visibility: Visibility
    attachments: list[Attachment]
    created_at: Time
    automatic: bool = False
    rule: str | UnsetType = UNSET
    """Staff: the rule that wrote it."""
    rule_source: RuleSource | UnsetType = UNSET
    """Staff: what that rule is called and where it stands, while it is in force."""
    delivery: Literal["waiting", "sent", "failed", "uncertain"] | UnsetType = UNSET
    """Staff: of lines that leave by a channel with an outbox."""
    sender: Sender | UnsetType = UNSET
    """Staff: of lines that a channel brought."""
    mentions: list[Mention] | UnsetType = UNSET
    """Staff: whom a note names, in the answer to who wrote it."""
    unsent: Unsent | UnsetType = UNSET
    """Of a line that was taken back; its member gets no text of it."""


class Page(Struct):
    items: list[Any]
    next: str | None
    count: int | UnsetType = UNSET
    count_at_least: int | UnsetType = UNSET


class Transition(Struct):
    trigger: str
    to: str
    label: Label
    requires: list[str]
    review: Literal["offered", "needed"] | None = None
    """Of a closing: whether the shop asks for a review (a record of the kind `closing`) before it."""


class User(Struct):
    kind: Literal["agent", "member"]
    id: int
    username: str
    name: str
    alias: str
    locale: str
    roles: list[str]
    shops: list[str]
    teams: list[str]
    status: Status | None
    tier: str | None = None


class Me(Struct):
    user: User
    permissions: list[str]
    csrf: str
    longest_line: int
    """Characters of one line: `limits.line`."""


class Login(Struct):
    token: str | None
    """null when the browser asked for a cookie."""
    user: User
    permissions: list[str]
    csrf: str | None
    longest_line: int
    """Characters of one line: `limits.line`."""


class Session(Struct):
    id: int
    kind: str
    current: bool
    created_at: Time
    last_used_at: Time
    expires_at: Time
    device: str
    address: str


class Identity(Struct):
    kind: str
    value: str
    """Masked unless the actor may see personal values."""
    verified: bool


class Member(Struct):
    id: int
    shop: str
    name: str | None
    guest: bool
    tier: str
    language: str
    tags: list[str]
    fields: dict[str, Any]
    blocked: bool
    blocked_until: Time | None
    """When the block ends by itself; null where there is none, or it has no end."""
    identities: list[Identity]
    open_tickets: int
    complaints_30d: int
    created_at: Time
    tickets: list[Ticket] | UnsetType = UNSET
    """The last 20, with `GET /members/{id}`."""


class FindingPlace(Struct):
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str


class Finding(Struct):
    code: str
    severity: Literal["error", "warning"]
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    hint: str | None = None
    witness: str | None = None
    related: list[FindingPlace] = []
    snippet: str | None = None


class RulesChange(Struct):
    path: str
    change: Literal["added", "changed", "removed"]


class EventItem(Struct):
    seq: int
    at: Time
    kind: str
    actor: Author | None
    body: dict[str, Any]
    address: str | None | UnsetType = UNSET
    """Staff: from where it was done, by the network, and with what; without the right `member.personal` both read
    `•••`."""
    device: str | None | UnsetType = UNSET


class Problem(Struct):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: list[dict[str, str]] | UnsetType = UNSET
    findings: list[Finding] | UnsetType = UNSET
    """Of `rules-broken`: what is wrong with the rules that were to be published."""
    changes: list[RulesChange] | UnsetType = UNSET
    """Of `rules-changed`: the files that are not as the edit began from."""
    digest: str | UnsetType = UNSET
    """Of `rules-changed`: what is in force now."""


# --- bodies ---------------------------------------------------------------------------------------------------------


class LoginBody(Body):
    username: Annotated[str, Meta(min_length=1, max_length=200)]
    password: Annotated[str, Meta(min_length=1, max_length=1000)]
    cookie: bool = False


class RequesterBody(Body):
    id: Id | UnsetType = UNSET
    name: Short | UnsetType = UNSET
    email: Short | UnsetType = UNSET
    phone: Short | UnsetType = UNSET


WHOSE = "whose words `text` are: one's own, or the requester's, handed in for him"


class TicketBody(Body):
    subject: Annotated[str, Meta(min_length=1, max_length=300)]
    text: Annotated[str, Meta(min_length=1, max_length=LONGEST_LINE)]
    kind: Annotated[Name, Meta(description="without one, that of the API's lines")] | UnsetType = UNSET
    shop: Name | None = None
    type: Name | UnsetType = UNSET
    priority: Name | UnsetType = UNSET
    team: Name | None | UnsetType = UNSET
    assignee: Name | None | UnsetType = UNSET
    tags: Annotated[list[Name], Meta(max_length=50)] = []
    order_no: Short | None | UnsetType = UNSET
    product: Short | None | UnsetType = UNSET
    fields: dict[str, Any] = {}
    requester: RequesterBody | UnsetType = UNSET
    attachments: Annotated[list[Name], Meta(max_length=20)] = []
    author: Annotated[Literal["member", "agent"], Meta(description=WHOSE)] | UnsetType = UNSET


class TicketPatch(Body):
    subject: Annotated[str, Meta(min_length=1, max_length=300)] | UnsetType = UNSET
    type: Name | UnsetType = UNSET
    priority: Name | UnsetType = UNSET
    team: Name | None | UnsetType = UNSET
    assignee: Name | None | UnsetType = UNSET
    tags: Annotated[list[Name], Meta(max_length=50)] | UnsetType = UNSET
    order_no: Short | None | UnsetType = UNSET
    product: Short | None | UnsetType = UNSET
    solution: Line | None | UnsetType = UNSET
    language: Name | UnsetType = UNSET
    fields: dict[str, Any] | UnsetType = UNSET


class TransitionBody(Body):
    trigger: Name
    fields: dict[str, Any] = {}


class RateBody(Body):
    score: Annotated[int, Meta(ge=1, le=5)]
    comment: Line | None = None


class StatusBody(Body):
    status: Status


class ReadBody(Body):
    seq: Annotated[int, Meta(ge=0, le=9_007_199_254_740_991)]


class MemberBody(Body):
    name: Annotated[str, Meta(min_length=1, max_length=300)]
    shop: Name | None = None
    tier: Name | UnsetType = UNSET
    email: Short | UnsetType = UNSET
    phone: Short | UnsetType = UNSET
    language: Name | UnsetType = UNSET


class MemberPatch(Body):
    name: Short | UnsetType = UNSET
    tier: Name | UnsetType = UNSET
    language: Name | UnsetType = UNSET
    tags: Annotated[list[Name], Meta(max_length=50)] | UnsetType = UNSET
    fields: dict[str, Any] | UnsetType = UNSET


class BlockBody(Body):
    seconds: Annotated[int, Meta(ge=1, le=315_360_000)] | None = None
    """How long; without it the block has no end."""
    why: Annotated[str, Meta(max_length=500)] = ""


# --- lists ----------------------------------------------------------------------------------------------------------


class TicketPage(Struct):
    items: list[Ticket]
    next: str | None
    count: int | UnsetType = UNSET
    """With `?count=true`, exact up to 10,000; beyond it `count_at_least` stands instead."""
    count_at_least: int | UnsetType = UNSET


class MessagePage(Struct):
    items: list[Message]
    """Oldest first."""
    next: str | None


class EventPage(Struct):
    items: list[EventItem]
    """Oldest first."""
    next: str | None


class TransitionPage(Struct):
    items: list[Transition]
    next: str | None = None


class MemberPage(Struct):
    items: list[Member]
    next: str | None
    count: int | UnsetType = UNSET
    count_at_least: int | UnsetType = UNSET


class SessionPage(Struct):
    items: list[Session]
    next: str | None = None


class StatusIs(Struct):
    status: Status


# --- queries --------------------------------------------------------------------------------------------------------

Limit = Annotated[int, Meta(ge=1, le=200)]
Words = Annotated[str, Meta(max_length=200)]
Cursor = Annotated[str, Meta(max_length=500)]


Locale = Literal["en", "zh-TW", "zh-CN"]


class NoQuery(Query):
    """Nothing may follow the `?`."""


class LocaleQuery(Query):
    locale: Locale = "en"
    """Of the texts for people in the answer."""


class TicketsQuery(Query):
    filter: Annotated[str, Meta(max_length=5_000)] | None = None
    """A condition of the rules language: `ticket.state = open and ticket.priority >= high`."""
    view: Literal["mine", "unassigned", "waiting", "overdue", "followed", "all"] | None = None
    q: Words | None = None
    """Number, member's name or order number."""
    sort: Words = "-updated_at"
    """A column, with `-` in front for the largest first."""
    limit: Limit = 50
    cursor: Cursor | None = None
    count: bool = False


class MessagesQuery(Query):
    before: Id | None = None
    """Only lines with a smaller id."""
    after: Annotated[int, Meta(ge=0, le=9_007_199_254_740_991)] | None = None
    """Only lines with a larger id."""
    limit: Limit = 50


class EventsQuery(Query):
    since: Annotated[int, Meta(ge=0, le=9_007_199_254_740_991)] = 0
    """Only events with a larger `seq`."""
    limit: Limit = 200
    kind: Annotated[str, Meta(max_length=400)] = ""
    """Only events of these kinds, with commas between: `ticket.transferred,ticket.claimed`."""


class MembersQuery(Query):
    q: Words | None = None
    shop: Name | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class PageQuery(Query):
    limit: Limit = 50
    cursor: Cursor | None = None
