"""A ticket that a decision has just made, shown from what was written: nobody need read it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.access import Scope
from engine.core.changes import Say, Set, Tag
from engine.core.entities import Case, Clock, Member
from engine.store import tables as t
from engine.store.kinds import Kinds
from engine.store.queries import may_see, shown_one
from engine.store.show import Percent, straight_percent
from engine.store.sql import defaults
from engine.store.tx import Tx


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A new ticket as its rows stand."""

    columns: Mapping[str, Any]
    member: Member
    assignee: str | None
    tags: tuple[str, ...]
    clocks: tuple[Clock, ...]
    lines: tuple[Say, ...]


def made(case: Case, kinds: Kinds, columns: Mapping[str, Any], clocks: tuple[Clock, ...]) -> NewTicket | None:
    """The ticket these changes made; None where more than making it was done to it or to its member."""
    if len(kinds["ticket"]) != 1 or case.ticket is not None or case.member is None:
        return None
    if any(type(change) is Set and change.thing in ("ticket", "member") for change in kinds["other"]):
        return None
    (create,) = kinds["ticket"]
    tags = tuple([n for c in kinds[Tag] if c.ref == create.ref for n in c.names])
    lines = tuple([c for c in kinds[Say] if c.ticket == create.ref])
    if any(line.author_kind == "agent" for line in lines):  # shown under the name in the agent's own row
        return None
    return NewTicket(columns, case.member, create.values.get("assignee"), tags, clocks, lines)


def shown(tx: Tx, scope: Scope, new: NewTicket, *, percent: Percent = straight_percent) -> dict[str, Any] | None:
    """What `queries.ticket` gives of it. None where it is not for the actor."""
    row = {**defaults(t.Ticket), **new.columns}
    row.update(m_name=new.member.name, m_tier=new.member.tier, m_guest=new.member.guest, assignee=new.assignee)
    if not may_see(scope, row):
        return None
    row.update(merged_number=None, r_comment=None, r_at=None)
    row["open_tasks"] = row["tasks"] = row["records"] = 0
    row["unread"] = sum(line.author_kind == "member" for line in new.lines)
    row.setdefault("last_message_id", None)
    for line in new.lines:
        if line.visibility != "internal":
            row.update(l_author_kind=line.author_kind, l_shown_as=line.shown_as, l_text=line.text, l_created_at=line.at)
            row["l_agent"] = row["l_unsent_at"] = None
    return shown_one(tx, scope, row, list(new.tags), new.clocks, tx.now, percent)
