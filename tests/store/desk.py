"""What the tests put into a store: decisions by hand, without the core's rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.core.changes import Change, Create, Enqueue, Record, Say, Set, Timer
from engine.core.entities import SYSTEM, Actor, Case
from engine.core.trace import TraceEntry
from engine.store import Store, Tx
from engine.store.commit import Applied, apply
from engine.store.load import member_case, ticket_case
from engine.store.people import guest_member, save_agent
from engine.store.values import Lexicon

SLA = {"target": "first_reply", "due_at": 101, "status": "running", "percent": 50.0} | {
    "policy": "p",
    "calendar": "always",
    "because": "",
}
"""A running target as the API shows it."""
LEXICON = Lexicon(
    priorities={"lowest": 0, "low": 1, "normal": 2, "high": 3, "urgent": 4},
    tiers={"guest": 0, "basic": 1, "silver": 2, "gold": 3},
    personal=frozenset({"member.birthday", "ticket.account"}),
    field_types={
        "ticket.amount": "number",
        "ticket.region": "enum",
        "ticket.remark": "text",
        "ticket.account": "text",
        "ticket.visit": "time",
        "member.birthday": "date",
    },
    live_kinds=frozenset({"chat"}),
    complaint_kinds=frozenset({"feedback"}),
    outbound=frozenset({"test"}),
)


@dataclass(frozen=True)
class Decided:
    """A decision as the store reads it."""

    changes: Sequence[Change]
    root: str = "message.received"
    rulebook: str = "book"
    shop: str = "demo"
    trace: Sequence[TraceEntry] = (TraceEntry("r"),)
    snapshot: Mapping[str, Any] = field(default_factory=lambda: {"now": 1, "message": None, "waves": [{"keys": []}]})
    micros: int = 7


def new_ticket(case: Case, now: int, **values: Any) -> Create:
    """The change that opens a ticket of the case's member."""
    assert case.member is not None
    return Create(
        "ticket",
        -1,
        {
            "number": case.next_number,
            "kind": "chat",
            "shop": case.shop,
            "type": "其他",
            "state": "對話中",
            "category": "open",
            "priority": "normal",
            "member_id": case.member.id,
            "channel": "chat",
            "created_at": now,
            "updated_at": now,
            **values,
        },
    )


def say(text: str, case: Case, now: int, *, ref: int = -2, **values: Any) -> Say:
    """The change that stores a member's line."""
    ticket = case.ticket.id if case.ticket else -1
    plain = {"author_kind": "member", "author_id": case.member.id if case.member else None, "direction": "inbound"}
    return Say(**{"ref": ref, "ticket": ticket, "text": text, "at": now, **plain, **values})


def line(
    tx: Tx,
    member_id: int,
    text: str,
    *,
    client_key: str | None = None,
    ticket: Mapping[str, Any] | None = None,
    more: Sequence[Change] = (),
    actor: Actor = SYSTEM,
    **values: Any,
) -> Applied:
    """A member's line, into the open chat or a new one."""
    case = member_case(tx, LEXICON, member_id, kind="chat")
    assert case is not None
    changes: list[Change] = []
    if case.ticket is None:
        changes += [new_ticket(case, tx.now, **(ticket or {})), Create("chat", -1, {"page": "/p"})]
        changes.append(Record("ticket.created", {"number": case.next_number}, ticket=-1, member=member_id))
    else:
        changes.append(Set("ticket", case.ticket.id, {"last_line_at": tx.now}))
    at = case.ticket.id if case.ticket else -1
    changes.append(say(text, case, tx.now, client_key=client_key, **values))
    changes.append(Record("message.received", {"message": -2}, ticket=at, member=member_id))
    changes.extend(more)
    return apply(tx, case, Decided(changes), LEXICON, actor=actor)


def guest(store: Store, visitor: str = "v1", shop: str = "demo") -> int:
    """A guest's id."""
    return store.write_sync(lambda tx: guest_member(tx, LEXICON, shop, visitor, tier="guest")[0]).result


def agent(store: Store, username: str = "amy", **values: Any) -> int:
    """An agent's id."""
    plain = {
        "name": username.title(),
        "alias": f"客服{username}",
        "teams": ["care"],
        "shops": ["demo"],
        "roles": ["agent"],
    }
    return store.write_sync(lambda tx: save_agent(tx, username, **{**plain, **values})).result


def change(store: Store, number: int, *changes: Change, actor: Actor = SYSTEM) -> Applied:
    """Changes to a ticket by number; negative ticket references mean it."""

    def job(tx: Tx) -> Applied:
        case = ticket_case(tx, LEXICON, number=number)
        assert case is not None
        return apply(tx, case, Decided(changes), LEXICON, actor=actor)

    return store.write_sync(job).result


__all__ = ["LEXICON", "Decided", "Enqueue", "Timer", "agent", "change", "guest", "line", "new_ticket", "say"]
