"""What somebody may read of the cases he sees, where rules are told of or tried: traces, explanations, dry runs, the
past decided anew.

A rule asks for any field and writes it into any text, and whoever tries an edit writes the rule himself: from whether
it matched he would learn a value word by word. So what he may not read is not hidden afterwards, it is not there: the
edited rules are asked without it. See decision 0030.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core import rights
from engine.core.entities import Actor, Case
from engine.core.rulebook import Rulebook
from engine.core.trace import MASK, TEXT, TraceChange, TraceEntry
from engine.core.values import replace

_UNREAD: Mapping[str, Any] = {
    "member.tags": {"tags": ()},
    "member.blocked": {"blocked": False, "blocked_until": None},
    "member.open_tickets": {"open_tickets": 0},
    "member.complaints_30d": {"complaints_30d": 0},
    "member.signed_up_at": {"signed_up_at": None},
}
"""A member of whom a field is not known."""


@dataclass(frozen=True)
class Sight:
    """One reader's. `personal`: what any of the rulebooks at hand has as personal; an edit makes nothing plain."""

    actor: Actor
    personal: frozenset[str]

    @classmethod
    def of(cls, actor: Actor, *books: Rulebook) -> Sight:
        """Under these rulebooks: the one in force, and an edited one."""
        return cls(actor, frozenset().union(*(book.personal for book in books)))

    @property
    def whole(self) -> bool:
        """Whether it is the desk's own, which reads everything."""
        return self.actor.kind == "system"

    def reads(self, field: str) -> bool:
        """Whether the reader may know the value of a field."""
        return rights.reads(self.actor, field, personal=field in self.personal)

    def unread(self, fields: Iterable[str]) -> list[str]:
        """Those of some fields that the reader may not know."""
        return sorted(field for field in set(fields) if not self.reads(field))

    def values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Only what the reader may know."""
        return {name: value for name, value in values.items() if self.reads(name)}

    def snapshot(self, snapshot: Mapping[str, Any]) -> dict[str, Any]:
        """What a decision saw, as far as the reader may know it."""
        if self.whole:
            return dict(snapshot)
        waves = [
            {
                **wave,
                "before": self.values(wave["before"]),
                "stages": [{**stage, "values": self.values(stage["values"])} for stage in wave["stages"]],
            }
            for wave in snapshot["waves"]
        ]
        return {**snapshot, "waves": waves}

    def case(self, case: Case) -> Case:
        """The case without what the reader may not know: such fields are empty in it."""
        ticket, member, call = case.ticket, case.member, case.call
        if ticket is not None:
            ticket = replace(ticket, fields=self._fields("ticket", ticket.fields))
        if member is not None:
            lost = {k: v for name, empty in _UNREAD.items() if not self.reads(name) for k, v in empty.items()}
            member = replace(member, fields=self._fields("member", member.fields), **lost)
        if call is not None and not self.reads("call.from"):
            call = replace(call, caller="", callee="")
        return replace(case, ticket=ticket, member=member, call=call)

    def _fields(self, owner: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if self.reads(f"{owner}.{name}")}

    # --- what is told ---------------------------------------------------------------------------------------------

    def value(self, field: str, value: Any) -> Any:
        """A value to be shown."""
        return value if value is None or self.reads(field) else MASK

    def entry(self, entry: TraceEntry) -> TraceEntry:
        """A rule's entry in a trace. What was recorded under older rules is covered as today's rules say."""
        values = {name: self.value(name, value) for name, value in entry.values.items()}
        return replace(entry, values=values, changes=[self._change(change) for change in entry.changes])

    def _change(self, change: TraceChange) -> TraceChange:
        if change.action == TEXT:  # older desks kept a sentence, which begins with what it is about
            about = str(change.value).partition(" ")[0]
            return change if self.reads(about) else replace(change, value=f"{about} = {MASK}")
        if change.target is None or "." not in change.target or self.reads(change.target):
            return change
        value = [MASK] if isinstance(change.value, list) else None if change.value is None else MASK
        return replace(change, value=value, more=dict.fromkeys(change.more, MASK))
