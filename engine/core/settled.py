"""What an event settles: facts that hold whenever it is raised, whatever the rules of its wave do meanwhile.

The one table the analysis takes them from, the manual prints, and `tests/core/test_settled.py` holds against decisions
of the real desk. A rule that asks for the contrary in such an event never acts, and is told so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

from engine.core.entities import CALL_RESULTS, MOST_POINTS, UNTAKEN, AgentStatus
from engine.core.events import EVENTS
from engine.core.lifecycle import DESK_ONLY, Lifecycle, Transition
from engine.core.rulebook import Rulebook
from engine.lang.analysis import TOGETHER, Bounds, Known, OneChanged, Same, Settled, Shape
from engine.lang.checked import EventRef

STARS = Bounds(1, MOST_POINTS, whole=True)

FOLLOWS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        ("ticket.category", "ticket.closed_at", "ticket.closed_for", "ticket.waiting_for", "ticket.reopened"),
        frozenset({"ticket.state"}),
    ),
    **dict.fromkeys(("ticket.assignee", "ticket.agents_here"), frozenset({"ticket.team"})),
    **dict.fromkeys(
        ("agent.name", "agent.teams", "agent.skills", "agent.status", "agent.load"),
        frozenset({"ticket.team", "ticket.assignee"}),
    ),
    "chat.queue_position": frozenset({"ticket.state", "ticket.team", "ticket.assignee"}),
    "member.blocked": frozenset({"member.blocked_until"}),
}
"""What is otherwise at once when rules write something else."""


def until(name: str) -> frozenset[str]:
    """The fields after whose writing a field may be otherwise."""
    return FOLLOWS.get(name, frozenset()) | {name}


@dataclass(frozen=True, slots=True)
class Fact:
    """In `events` that is so of each of the `fields`; None: nothing is known on this desk.

    It is so until a rule of an earlier stage writes the field or what it follows; where `whatever` rules write, always.
    `plain`: only of the event itself, not of one that comes `after` a while. `told`: as the manual has it.
    """

    events: tuple[str, ...]
    fields: tuple[str, ...]
    settled: Callable[[Rulebook], Settled | None]
    told: str
    plain: bool = False
    whatever: bool = False

    def known(self, book: Rulebook) -> Iterator[Known]:
        """As the analysis has it, of each field."""
        settled = self.settled(book)
        if settled is None:
            return
        for field in self.fields:
            names = settled.fields if isinstance(settled, OneChanged) else (field,)
            written = frozenset[str]() if self.whatever else frozenset().union(*map(until, names))
            yield Known(field, settled, written, self.plain)


def _fixed(*values: Any) -> Callable[[Rulebook], Settled]:
    return lambda book: values


def _always(settled: Settled) -> Callable[[Rulebook], Settled]:
    return lambda book: settled


def _live(book: Rulebook) -> Settled | None:
    return tuple(book.live_kinds) or None


def _targets(book: Rulebook) -> Settled:
    return tuple(dict.fromkeys(target for policy in _policies(book) for target in policy.targets))


def _shares(book: Rulebook) -> Settled:
    return tuple(sorted({Decimal(percent) / 100 for policy in _policies(book) for percent in policy.warn_at}))


def _policies(book: Rulebook) -> Iterator[Any]:
    yield from book.policies.values()
    for own in book.shop_policies.values():
        yield from own.values()


def _moved_to(book: Rulebook) -> frozenset[str]:
    """The states rules move to in the wave in which a ticket is created."""
    return frozenset(
        action.args["state"]
        for rule in book.rules.rules
        if not CREATION.isdisjoint(event.kind for event in rule.events)
        for action in rule.actions
        if action.action == "move"
    )


_CALLS = ("call.ringing", "call.answered", "call.ended", "call.missed")
BESIDE: tuple[frozenset[str], ...] = (
    frozenset({"ticket.created", "member.created", "chat.started", "message.sent"}),
    frozenset({"ticket.created", "ticket.mentioned"}),
    *(frozenset({"ticket.created", "member.created", call}) for call in _CALLS),
    *(frozenset({call, "ticket.changed", "ticket.state_changed", "ticket.assigned"}) for call in _CALLS),
    frozenset({"rating.received", "ticket.changed"}),
    frozenset({"ticket.merged", "ticket.changed", "ticket.state_changed"}),
)
"""What comes along with each other, beside what conflicts are looked for in."""

CREATION = frozenset(
    {
        "member.created",
        "chat.started",
        "ticket.created",
        "message.received",
        "message.sent",
        "ticket.mentioned",
        *_CALLS,
    }
)
"""What may be raised together with a new ticket."""


def _first_states(book: Rulebook) -> Settled:
    """Where a new ticket may stand: in its first state, and where the desk or a rule of its wave moves it at once."""
    moved = _moved_to(book)
    return tuple(dict.fromkeys(state for lifecycle in book.lifecycles.values() for state in _reached(lifecycle, moved)))


def _reached(lifecycle: Lifecycle, moved: frozenset[str]) -> list[str]:
    found = [lifecycle.initial]
    for state in found:
        found.extend(way.target for way in _at_once(lifecycle, state, moved) if way.target not in found)
    return found


def _at_once(lifecycle: Lifecycle, state: str, moved: frozenset[str]) -> list[Transition]:
    """The ways on that the desk or a rule may take in the first wave."""
    return [way for way in lifecycle.moves(state) if way.trigger in DESK_ONLY or way.target in moved]


def _never_reopened(book: Rulebook) -> Settled | None:
    """A new ticket that rules close and open again in its first wave has been reopened."""
    moved = _moved_to(book)
    for lifecycle in book.lifecycles.values():
        closed = {name for name, state in lifecycle.states.items() if state.category == "closed"}
        for state in closed.intersection(_reached(lifecycle, moved)):
            if any(way.target not in closed for way in _at_once(lifecycle, state, moved)):
                return None
    return (0,)


def _never_closed(book: Rulebook) -> Settled | None:
    """A new ticket is not closed unless the desk itself does that at once, or a rule."""
    for lifecycle in book.lifecycles.values():
        if any(lifecycle.states[state].category == "closed" for state in _reached(lifecycle, frozenset())):
            return None
    return (None,)


def _over(*values: Any) -> Callable[[Rulebook], Settled | None]:
    """Of a chat that is over: where no rule may open it again in the very moment in which another one ends it."""
    return lambda book: None if _opened_again(book) else values


def _opened_again(book: Rulebook) -> bool:
    order = {stage.name: place for place, stage in enumerate(book.environment.stages)}
    categories = [book.lifecycles[kind].states for kind in book.live_kinds]
    moves = [
        (order[rule.stage], rule.events, [states[to].category for states in categories if to in states])
        for rule in book.rules.rules
        for action in rule.actions
        if action.action == "move"
        for to in (action.args["state"],)
    ]
    return any(
        ends < opens and "closed" in closed and {*opened} - {"closed"} and _may_meet(first, then)
        for ends, first, closed in moves
        for opens, then, opened in moves
    )


def _may_meet(first: Iterable[EventRef], then: Iterable[EventRef]) -> bool:
    """Whether rules of these events may be asked in one moment."""
    waves = (*TOGETHER, *BESIDE)
    return any(
        one.key == other.key
        or (one.key == one.kind and other.key == other.kind and any({one.kind, other.kind} <= wave for wave in waves))
        for one in first
        for other in then
    )


NEW = ("ticket.created", "chat.started")
"""What is always raised of a case that was not there before."""
_CHATS = ("chat.started", "chat.waiting", "chat.ended", "chat.member_silent", "chat.agent_silent", "chat.agent_gone")
_OUTBOUND = ("message.sent", "message.unsent", "delivery.failed")
_MERGES = ("ticket.merged", "ticket.unmerged")
"""A merged case may come to another member."""
_LATER = tuple(
    event.name
    for event in EVENTS
    if event.name not in CREATION and event.name not in _MERGES and "member" in event.objects
)
"""Events of what was there before."""
_CHATS_LATER = tuple(name for name in _CHATS if name in _LATER)
_RATING = ("ticket.changed", "rating.received")
_TICKETS_LATER = tuple(event.name for event in EVENTS if event.name in _LATER and "ticket" in event.objects)
_UNRATED = tuple(name for name in (*_TICKETS_LATER, "message.received", "message.sent", *_CALLS) if name not in _RATING)
_NUDGED_WITH = frozenset().union(*(wave for wave in TOGETHER if "ticket.nudged" in wave), {"message.sent"})
_UNNUDGED = tuple(name for name in _TICKETS_LATER if name not in _NUDGED_WITH)
_TICKETS_OWN = tuple(
    f"ticket.{name}" for name in ("number", "kind", "channel", "shop", "opened_by", "created_at", "updated_at", "age")
)
_MEMBERS_OWN = tuple(
    f"member.{name}" for name in ("open_tickets", "complaints_30d", "is_guest", "shop", "signed_up_at")
)
"""What nothing that happens on the desk makes otherwise within one moment, once it is there."""
_TASKS = ("task.added", "task.assigned", "task.done", "task.cancelled", "task.due")
_TASKS_COUNTED = ("task.added", "task.done", "task.cancelled")
_UNTASKED = tuple(name for name in _TICKETS_LATER if name not in (*_TASKS_COUNTED, "task.assigned"))
_AGENT = ("agent.name", "agent.status", "agent.load")
_CHANGED_HANDS = _always(OneChanged(("ticket.team", "ticket.assignee")))

FACTS: tuple[Fact, ...] = (
    Fact(NEW, ("ticket.state",), _first_states, "the first state, or one it is moved to at once", whatever=True),
    Fact(NEW, ("ticket.reopened",), _never_reopened, "0", whatever=True),
    Fact(NEW, ("ticket.reply_count", "ticket.escalation", "ticket.nudges", "ticket.open_tasks"), _fixed(0), "0"),
    Fact(NEW, ("ticket.age", "ticket.idle"), _fixed(0), "0s"),
    Fact(NEW, ("ticket.waiting_for", "ticket.closed_for"), _fixed(None, 0), "empty or 0s"),
    Fact(NEW, ("ticket.first_replied_at", "ticket.rating", "ticket.nudged_at"), _fixed(None), "empty"),
    Fact(NEW, ("ticket.closed_at",), _never_closed, "empty"),
    Fact(NEW, ("ticket.lines_1m",), _always(Bounds(0, 1, whole=True)), "0 or 1"),
    Fact(NEW, ("member.open_tickets",), _always(Bounds(1, whole=True)), "1 or more"),
    Fact(("ticket.assigned",), ("ticket.team", "ticket.assignee"), _CHANGED_HANDS, "one of them changed"),
    Fact(("ticket.transferred",), ("transfer.by",), _always(Shape.SET), "set"),
    Fact(("ticket.claimed",), ("ticket.assignee", "agent.status", "agent.load"), _always(Shape.SET), "set"),
    Fact(("ticket.claimed",), ("ticket.assignee",), _always(OneChanged(("ticket.assignee",))), "changed"),
    Fact(("ticket.followed", "ticket.unfollowed"), ("follower.agent",), _always(Shape.SET), "set"),
    Fact(("ticket.mentioned",), ("mention.by", "mention.text"), _always(Shape.SET), "set"),
    Fact(("ticket.mentioned",), ("message.direction",), _fixed("outbound"), "`outbound`"),
    Fact(("ticket.mentioned",), ("message.automatic",), _fixed(False), "false"),
    Fact(_TASKS, ("task.title",), _always(Shape.SET), "set"),
    Fact(("task.added", "task.assigned", "task.due"), ("task.state",), _fixed("open"), "`open`"),
    Fact(("task.done",), ("task.state",), _fixed("done"), "`done`"),
    Fact(("task.cancelled",), ("task.state",), _fixed("cancelled"), "`cancelled`"),
    Fact(("task.added",), ("task.result",), _fixed(None), "empty"),
    Fact(_TASKS_COUNTED, ("ticket.open_tasks",), _always(OneChanged(("ticket.open_tasks",))), "changed"),
    Fact(("task.due",), ("task.due_at",), _always(Shape.SET), "set"),
    Fact(("task.due",), ("task.by",), _fixed(None), "empty"),
    Fact(("task.added", "task.due"), ("ticket.open_tasks",), _always(Bounds(1, whole=True)), "1 or more"),
    Fact(("task.added", "task.due"), ("ticket.category",), _fixed("open", "pending"), "`open` or `pending`"),
    Fact(("task.added", "task.due"), ("ticket.closed_at", "ticket.closed_for"), _fixed(None), "empty"),
    Fact(("ticket.nudged",), ("ticket.nudges",), _always(Bounds(1, whole=True)), "1 or more"),
    Fact(("ticket.nudged",), ("ticket.nudges",), _always(OneChanged(("ticket.nudges",))), "changed"),
    Fact(("ticket.nudged",), ("ticket.nudged_at",), _always(Shape.SET), "set"),
    Fact(("ticket.nudged",), ("ticket.category",), _fixed("open", "pending"), "`open` or `pending`"),
    Fact(("ticket.nudged",), ("ticket.closed_at", "ticket.closed_for"), _fixed(None), "empty"),
    Fact(("ticket.state_changed",), ("ticket.state",), _always(OneChanged(("ticket.state",))), "changed"),
    Fact(_CHATS, ("ticket.kind",), _live, "a kind that is `live`"),
    Fact(("chat.opened", "chat.started"), ("chat.queue_position",), _fixed(None), "empty"),
    Fact(("chat.opened", "chat.started"), ("chat.waited",), _fixed(0), "0s"),
    Fact(("chat.waiting",), ("chat.queue_position",), _always(Shape.SET), "set"),
    Fact(
        ("chat.waiting",),
        ("chat.queue_position",),
        _always(OneChanged(("chat.queue_position",))),
        "changed",
        plain=True,
    ),
    Fact(("chat.waiting",), ("ticket.team",), _always(Shape.SET), "set", plain=True),
    Fact(("chat.waiting",), ("chat.waited",), _fixed(0), "0s", plain=True),
    Fact(("chat.waiting",), ("ticket.assignee", *_AGENT), _fixed(None), "empty"),
    Fact(("chat.waiting",), ("ticket.category",), _fixed("open", "pending"), "`open` or `pending`", plain=True),
    Fact(("chat.ended",), ("ticket.category",), _over("closed"), "`closed`"),
    Fact(("chat.ended",), ("ticket.waiting_for", "chat.queue_position"), _over(None), "empty"),
    Fact(("chat.agent_gone",), ("ticket.assignee", "agent.load"), _always(Shape.SET), "set"),
    Fact(("chat.agent_gone",), ("chat.queue_position",), _fixed(None), "empty"),
    Fact(("chat.agent_gone",), ("agent.status",), _fixed("offline"), "`offline`"),
    Fact(("message.received",), ("message.direction",), _fixed("inbound"), "`inbound`"),
    Fact(("message.received",), ("message.author",), _fixed("member"), "`member`"),
    Fact(_OUTBOUND, ("message.direction",), _fixed("outbound"), "`outbound`"),
    Fact(_OUTBOUND, ("message.author",), _fixed("agent", "desk", "bot"), "`agent`, `desk` or `bot`"),
    Fact(("call.ringing", "call.answered"), ("call.result",), _fixed(None), "empty"),
    Fact(("call.ringing",), ("call.waited",), _fixed(0), "0s"),
    Fact(("call.ringing", "call.answered"), ("call.duration",), _fixed(0), "0s"),
    Fact(("call.ended",), ("call.result",), _fixed(*CALL_RESULTS), "set"),
    Fact(("call.missed",), ("call.result",), _fixed(*UNTAKEN), "`missed`, `busy` or `failed`"),
    Fact(("rating.received",), ("ticket.rating",), _always(STARS), "1 to 5"),
    Fact(("rating.received",), ("ticket.rating",), _always(Same("rating.score")), "the same as `rating.score`"),
    Fact(("sla.warning", "sla.breached"), ("sla.target",), _targets, "a target of some policy"),
    Fact(("sla.warning",), ("sla.percent",), _shares, "a share that some policy has in `warn_at`"),
    Fact(("sla.warning",), ("sla.overdue",), _fixed(0), "0s"),
    Fact(("sla.breached",), ("sla.percent",), _fixed(1), "100%", plain=True),
    Fact(("sla.warning", "sla.breached"), ("sla.due_at",), _always(Shape.SET), "set"),
    Fact(("agent.status_changed",), ("agent.status",), _fixed(*get_args(AgentStatus)), "set"),
    Fact(("agent.status_changed",), ("agent.status",), _always(OneChanged(("agent.status",))), "changed"),
    Fact(("member.signed_in",), ("member.is_guest",), _fixed(False), "false"),
    Fact(("message.received", *_CALLS), ("ticket.first_replied_at",), _always(Shape.UNCHANGED), "not changed"),
    Fact(
        ("ticket.transferred", "ticket.claimed", "message.unsent"),
        ("ticket.first_replied_at", "ticket.reply_count", "ticket.lines_1m", "ticket.idle", "ticket.reopened"),
        _always(Shape.UNCHANGED),
        "not changed",
    ),
    Fact(_UNRATED, ("ticket.rating",), _always(Shape.UNCHANGED), "not changed"),
    Fact(_UNNUDGED, ("ticket.nudges",), _always(Shape.UNCHANGED), "not changed"),
    Fact((*_UNNUDGED, "message.received", *_CALLS), ("ticket.nudged_at",), _always(Shape.UNCHANGED), "not changed"),
    Fact(_UNTASKED, ("ticket.open_tasks",), _always(Shape.UNCHANGED), "not changed"),
    Fact(_TICKETS_LATER, _TICKETS_OWN, _always(Shape.UNCHANGED), "not changed"),
    Fact(_LATER, _MEMBERS_OWN, _always(Shape.UNCHANGED), "not changed"),
    Fact(_CHATS_LATER, ("chat.page", "chat.referrer", "chat.device"), _always(Shape.UNCHANGED), "not changed"),
)
"""In the order of the manual."""


STILL: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            "every",
            "timer.fired",
            "sla.warning",
            "sla.breached",
            "delivery.failed",
            "member.signed_in",
            "message.unsent",
        ),
        frozenset(),
    ),
    "rating.received": frozenset({"ticket.rating"}),
    "ticket.nudged": frozenset({"ticket.nudges", "ticket.nudged_at"}),
    "agent.status_changed": frozenset({"agent.status"}),
    **dict.fromkeys(("ticket.followed", "ticket.unfollowed"), frozenset({"ticket.followers"})),
    **dict.fromkeys((*_TASKS_COUNTED, "task.assigned"), frozenset({"ticket.open_tasks"})),
    "task.due": frozenset(),
}
"""Events in which nothing has changed by itself but these fields, as in any that comes `after` a while."""


def settled(book: Rulebook) -> dict[str, tuple[Known, ...]]:
    """By event, what it settles on this desk."""
    found: dict[str, tuple[Known, ...]] = {}
    for fact in FACTS:
        known = tuple(fact.known(book))
        for event in fact.events if known else ():
            found[event] = found.get(event, ()) + known
    return found
