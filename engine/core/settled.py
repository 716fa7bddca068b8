"""What an event settles: facts that hold whenever it is raised, whatever the rules of its wave do meanwhile.

The one table the analysis takes them from, the manual prints, and `tests/core/test_settled.py` holds against decisions
of the real desk. A rule that asks for the contrary in such an event never acts, and is told so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

from engine.core.entities import CALL_RESULTS, MOST_POINTS, UNTAKEN, AgentStatus
from engine.core.lifecycle import DESK_ONLY, Lifecycle, Transition
from engine.core.rulebook import Rulebook
from engine.lang.analysis import Bounds

Settled = tuple[Any, ...] | Bounds
"""The values a field can have (None: empty), or the numbers between which it lies and is never empty."""

STARS = Bounds(1, MOST_POINTS, whole=True)


@dataclass(frozen=True, slots=True)
class Fact:
    """In `events` the field has one of `values`; None of them: nothing is known on this desk.

    `plain`: only of the event itself, not of one that comes `after` a while. `told`: the values as the manual has them.
    """

    events: tuple[str, ...]
    field: str
    values: Callable[[Rulebook], Settled | None]
    told: str
    plain: bool = False


def _fixed(*values: Any) -> Callable[[Rulebook], Settled]:
    return lambda book: values


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


CREATION = frozenset({"member.created", "chat.started", "ticket.created", "message.received"})
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


_CHATS = ("chat.started", "chat.waiting", "chat.ended", "chat.member_silent", "chat.agent_silent", "chat.agent_gone")
_OUTBOUND = ("message.sent", "delivery.failed")

FACTS: tuple[Fact, ...] = (
    Fact(("ticket.created",), "ticket.state", _first_states, "the first state, or one it is moved to at once"),
    Fact(("ticket.created",), "ticket.reopened", _never_reopened, "0"),
    Fact(("ticket.created",), "ticket.reply_count", _fixed(0), "0"),
    Fact(("ticket.created",), "ticket.first_replied_at", _fixed(None), "empty"),
    Fact(("ticket.created",), "ticket.rating", _fixed(None), "empty"),
    Fact(_CHATS, "ticket.kind", _live, "a kind that is `live`"),
    Fact(("chat.agent_gone",), "agent.status", _fixed("offline"), "`offline`"),
    Fact(("message.received",), "message.direction", _fixed("inbound"), "`inbound`"),
    Fact(("message.received",), "message.author", _fixed("member"), "`member`"),
    Fact(_OUTBOUND, "message.direction", _fixed("outbound"), "`outbound`"),
    Fact(_OUTBOUND, "message.author", _fixed("agent", "desk", "bot"), "`agent`, `desk` or `bot`"),
    Fact(("call.ringing", "call.answered"), "call.result", _fixed(None), "empty"),
    Fact(("call.ended",), "call.result", _fixed(*CALL_RESULTS), "set"),
    Fact(("call.missed",), "call.result", _fixed(*UNTAKEN), "`missed`, `busy` or `failed`"),
    Fact(("rating.received",), "ticket.rating", lambda book: STARS, "1 to 5"),
    Fact(("sla.warning", "sla.breached"), "sla.target", _targets, "a target of some policy"),
    Fact(("sla.warning",), "sla.percent", _shares, "a share that some policy has in `warn_at`"),
    Fact(("sla.breached",), "sla.percent", _fixed(1), "100%", plain=True),
    Fact(("agent.status_changed",), "agent.status", _fixed(*get_args(AgentStatus)), "set"),
    Fact(("member.signed_in",), "member.is_guest", _fixed(False), "false"),
)
"""In the order of the manual."""


def settled(book: Rulebook, *, plain: bool) -> dict[str, Mapping[str, Settled]]:
    """By event, what it settles on this desk: always, or (`plain`) only of the event without `after`."""
    found: dict[str, dict[str, Settled]] = {}
    for fact in FACTS:
        values = fact.values(book)
        if fact.plain is plain and values is not None:
            for event in fact.events:
                found.setdefault(event, {})[fact.field] = values
    return dict(found)
