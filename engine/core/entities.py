"""What one decision may see: frozen snapshots of the desk's people and cases.

Times are whole microseconds UTC, durations whole microseconds, nouns (team, state, type …) stand by name, agents by
username. A row that does not exist yet has a negative id, given out by the decision and replaced when it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeVar, get_args

from engine.core.purposes import PHONE, WINDOW
from engine.core.values import Struct, replace

T = TypeVar("T")
Visibility = Literal["public", "anonymous", "internal"]
AuthorKind = Literal["member", "agent", "desk", "bot", "system"]
Opener = Literal["member", "agent", "desk"]
"""Who wanted a case: the member himself, an agent in his name, or the desk by a rule."""
AgentStatus = Literal["online", "busy", "away", "offline"]
PRESENT: Final = ("online", "busy")
"""How an agent is who is there; only who is `online` is given more."""
ClockState = Literal["running", "paused", "met", "breached", "dropped"]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

NEVER = 1 << 62
"""A moment that never comes: the end of what has none."""

MOST_POINTS = 5
"""A rating is 1 to so many points."""

INTERNAL = "internal"
"""The channel of cases that colleagues open for each other: their members neither see them nor are written to."""


class Ticket(Struct, frozen=True):
    """A case of any kind: a chat, an inquiry, a call, a work order."""

    id: int
    number: int
    kind: str
    shop: str
    type: str
    state: str
    category: str
    """Of the state: open, pending or closed."""
    priority: str
    member_id: int
    channel: str
    created_at: int
    updated_at: int
    account: str = ""
    """Of the channel's accounts the one it came by, where the channel has several."""
    subject: str = ""
    team: str | None = None
    assignee: str | None = None
    identity_id: int | None = None
    """By which of the member's identities it came."""
    order_no: str | None = None
    product: str | None = None
    solution: str | None = None
    language: str = "zh-TW"
    escalation: int = 0
    rating: int | None = None
    reopened: int = 0
    reply_count: int = 0
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Any] = {}
    """Custom fields by their short name (`amount`), decrypted."""
    merged_into: int | None = None
    version: int = 0
    first_replied_at: int | None = None
    closed_at: int | None = None
    last_line_at: int | None = None
    """Either side's last line; what rules send does not count."""
    waiting_since: int | None = None
    """The member's first line that no agent has answered; of a closed case the one that was open when it closed."""
    route_by: str | None = None
    """How the last `route` wanted the assignee picked, for those who wait."""
    route_skills: tuple[str, ...] = ()
    left_by: str | None = None
    """Who had it when it was handed to a team: is not given it again until another has had it, or another team."""
    rating_asked_at: int | None = None
    opened_by: Opener = "member"
    nudges: int = 0
    """How often somebody has asked to hurry (催單)."""
    nudged_at: int | None = None

    @property
    def awaiting_since(self) -> int | None:
        """Since when the member waits for an answer; None when nothing is awaited, as in a closed case."""
        return None if self.category == "closed" else self.waiting_since


class Chat(Struct, frozen=True):
    """What only a live chat has; one to a ticket."""

    ticket_id: int
    page: str | None = None
    referrer: str | None = None
    title: str | None = None
    device: str | None = None
    address: str | None = None
    """From where the visitor came, by the network; with which browser; what it says its reader reads; and which visit
    of this browser it was. Kept when the chat begins."""
    browser: str | None = None
    language: str | None = None
    visits: int | None = None
    queued_at: int | None = None
    served_at: int | None = None
    ended_at: int | None = None
    silent_since: int | None = None
    """Since when the side whose turn it is has not written."""
    silent_side: str | None = None
    """`member` or `agent`: whose turn it is."""


CALL_RESULTS = ("answered", "missed", "busy", "failed")
"""How a call may end."""
UNTAKEN = tuple(result for result in CALL_RESULTS if result != "answered")
"""How one may end that nobody took."""


TaskState = Literal["open", "done", "cancelled"]
TASK_STATES: Final[tuple[TaskState, ...]] = get_args(TaskState)


class Task(Struct, frozen=True):
    """One of a ticket's sub-tasks. Times are µs UTC, agents usernames."""

    number: int
    """Within its ticket, for good: 1, 2, 3 …"""
    position: int
    """Where it stands among the others, from 1."""
    title: str
    created_at: int
    created_by: str | None = None
    assignee: str | None = None
    team: str | None = None
    """Whoever of the team does it; a task has an assignee, a team or neither."""
    due_at: int | None = None
    state: TaskState = "open"
    result: str | None = None
    """What came of it."""
    closed_at: int | None = None
    closed_by: str | None = None


class Call(Struct, frozen=True):
    """One telephone call; a ticket may have many. `rang_at`: when the desk first heard of it."""

    id: int
    ticket_id: int
    name: str
    """What the exchange calls it, within its account."""
    direction: str = "inbound"
    caller: str = ""
    callee: str = ""
    agent: str | None = None
    rang_at: int = 0
    answered_at: int | None = None
    ended_at: int | None = None
    result: str | None = None
    account: str = PHONE


class Message(Struct, frozen=True):
    """A line (public, anonymous) or a note (internal)."""

    id: int
    ticket_id: int
    author_kind: AuthorKind
    text: str
    created_at: int
    author_id: int | None = None
    author: str | None = None
    """The agent's username: for staff and audit only."""
    shown_as: str = ""
    """The name the member sees, fixed when sent."""
    visibility: Visibility = "public"
    direction: Literal["inbound", "outbound"] = "inbound"
    automatic: bool = False
    channel: str = WINDOW
    language: str | None = None
    attachments: tuple[int, ...] = ()
    rule: str | None = None
    unsent: bool = False
    """Taken back after it was sent."""
    left: bool = False
    """A copy of it has left by a channel that cannot take one back; known only where that is asked."""


class Place(NamedTuple):
    """A conversation, and the way out to its member."""

    ticket_id: int
    channel: str
    account: str = ""


class Arrival(Struct, frozen=True):
    """How a line came in by a channel, beside what it says."""

    channel: str
    external_id: str
    """What the outside calls it, within the account."""
    account: str = ""
    html: str | None = None
    """As it came: kept, never shown."""
    reply_to: str | None = None
    """What the outside calls the line it answers."""
    sender: Mapping[str, Any] = {}
    """What colleagues are told of the sender: `verified`, whether the address was proved; `agent_address`, where it is
    a colleague's; `refers_to`, the number of a case that it names and that is another's."""


class Member(Struct, frozen=True):
    """A person served in one shop, guest or not."""

    id: int
    shop: str
    guest: bool
    tier: str
    name: str | None = None
    language: str = "zh-TW"
    blocked: bool = False
    """On the blacklist at the moment the case was loaded."""
    blocked_until: int | None = None
    """The end of the longest block, past or to come; NEVER for one that has no end."""
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Any] = {}
    open_tickets: int = 0
    complaints_30d: int = 0
    signed_up_at: int | None = None
    created_at: int = 0


class Agent(Struct, frozen=True):
    """Who serves. `load` counts the open tickets of live kinds now assigned."""

    id: int
    username: str
    name: str
    alias: str = ""
    teams: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    shops: tuple[str, ...] = ()
    status: AgentStatus = "offline"
    capacity: int = 5
    load: int = 0
    last_assigned_at: int = 0
    status_since: int = 0
    locale: str = "zh-TW"


class Clock(Struct, frozen=True):
    """One SLA target of one ticket (first_reply, next_reply, resolve)."""

    target: str
    policy: str
    calendar: str
    total: int
    """Working time allowed, µs."""
    started_at: int
    state: ClockState = "running"
    used: int = 0
    """Working time used up to `running_since`, µs."""
    running_since: int | None = None
    due_at: int | None = None
    """When it breaches if nothing pauses it; None while paused."""
    warned: tuple[int, ...] = ()
    """Percents already warned of."""
    breached_at: int | None = None
    """Since when it is late; one that ended late keeps it."""
    met_at: int | None = None
    """When it ended: met, breached or dropped."""
    id: int = 0


class Actor(Struct, frozen=True):
    """Who wants something: an agent, a member, a guest, or the desk itself."""

    kind: Literal["agent", "member", "guest", "system"]
    id: int = 0
    name: str = ""
    username: str = ""
    roles: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()
    shops: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    session_id: int | None = None
    locale: str = "zh-TW"
    alias: str = ""
    visitor: str | None = None
    """A guest's visitor id; the member row (`id` 0 before) comes with the first line."""
    address: str | None = None
    """From where one acts, and with what: it goes into the log."""
    device: str | None = None

    def at(self, address: str, device: str) -> Actor:
        """The same, acting from there; the desk itself is nowhere."""
        return self if self.kind == "system" else replace(self, address=address[:100], device=device[:200])

    @property
    def staff(self) -> bool:
        """True for agents and the desk itself."""
        return self.kind in ("agent", "system")


SYSTEM = Actor(kind="system", name="system")
NOBODY = Actor(kind="guest")
"""Who has not said who it is."""


class Lookups(Protocol):
    """What a decision asks the store for only when it needs it; answers belong to the same transaction."""

    def roster(self, shop: str) -> tuple[Agent, ...]:
        """Every enabled agent who serves the shop, by username."""

    def at_the_desk(self, shop: str, team: str | None = None) -> Sequence[tuple[str, ...]]:
        """The roles of each enabled agent who serves the shop and is there, online or busy; of a team where one is
        named."""

    def colleagues(self) -> tuple[Agent, ...]:
        """Every enabled agent, whatever shop they serve: whom a note may name. Nobody is locked."""

    def followers(self, ticket_id: int) -> tuple[str, ...]:
        """The usernames of those who follow a ticket, who began first the first."""

    def tasks(self, ticket_id: int) -> tuple[Task, ...]:
        """A ticket's sub-tasks, in their order."""

    def last_agent(self, member_id: int) -> str | None:
        """The username of the agent who last served this member, if any."""

    def last_line(self, member_id: int) -> Place | None:
        """Ticket id and channel of the member's last line; None when the member never wrote."""

    def open_chat(self, member_id: int, kind: str) -> int | None:
        """The number of the member's open case of a live kind, if there is one."""

    def member_lines(self, ticket_id: int, since: int) -> int:
        """How many of the ticket's last hundred lines its member wrote since a moment, µs UTC."""

    def rule_lines(self, ticket_id: int, since: int) -> int:
        """How many of the ticket's last hundred lines rules said to its member since a moment, µs UTC."""

    def before_in_line(self, ticket: Ticket, tier: str) -> int:
        """How many chats that wait for the ticket's team are served before it; `tier` is its member's."""

    def rule_uses(self, rule: str, scope: str, key: str, since: int | None) -> int:
        """How often the rule acted for this scope since a moment (None: ever), in earlier transactions."""

    def __getitem__(self, kind: type[T]) -> T:
        """What a feature keeps for rules to ask, by the type of the value: `lookups[Library]`."""


class Case(Struct, frozen=True):
    """All that one decision starts from. `ticket` is None where there is none yet."""

    shop: str
    member: Member | None
    lookups: Lookups
    ticket: Ticket | None = None
    chat: Chat | None = None
    messages: Sequence[Message] = ()
    """The last 20 of the conversation, oldest first."""
    clocks: tuple[Clock, ...] = ()
    timers: Mapping[str, int] = {}
    """Open timers of this ticket: name → due."""
    next_number: int = 0
    """The number a ticket opened by this decision will have."""
    agent: Agent | None = None
    """The ticket's assignee, or the agent the event is about."""
    external: Mapping[str, Any] = {}
    """Values of plugin fields, fetched before the transaction."""
    member_new: bool = False
    """The member was first seen with this very event."""
    outbound: frozenset[str] = frozenset()
    """Channels whose lines leave the desk through the outbox."""
    notifiers: frozenset[str] = frozenset()
    """Ways of telling people that plugins give: `via` in `notify`."""
    rating_at: int | None = None
    """When the member first rated this ticket."""
    call: Call | None = None
    """The call an exchange speaks of, if it is known."""
    identity_id: int | None = None
    """By which of the member's identities a ticket that is opened now comes."""
    origin: Ticket | None = None
    """The ticket beside which this one is being opened; `messages` are its lines then."""


TRACKED = (
    "type", "priority", "subject", "order_no", "product", "solution", "escalation", "language",
    "team", "assignee", "state", "tags", "rating", "fields",
)  # fmt: skip
"""What of a ticket counts as changed for rules; the desk's own counts and times do not."""

TRACKED_MEMBER = ("name", "tier", "language", "tags", "fields", "blocked")
