"""Where a scheduled rule may hold: its condition as SQL as far as SQL goes, so that the rest need not be loaded.

What comes out is never narrower than the condition: a part the database cannot decide is left out where that lets more
through, and the compiled condition decides in memory on what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import and_, or_
from typing import Any, ClassVar, Literal

from peewee import Expression, Value

from engine.core.entities import DAY
from engine.lang import Condition, tree
from engine.store import tables as t
from engine.store.errors import NotFilterable
from engine.store.filters import _columns_of_members, _Translation, _untrue
from engine.store.secret import KeyRing
from engine.store.sql import joined
from engine.store.values import Lexicon


def wider(
    conditions: Iterable[Condition | None],
    over: Literal["ticket", "member"],
    now: int,
    ring: KeyRing,
    lexicon: Lexicon,
    zone: str,
) -> Any:
    """An expression over the ticket or the member table that is true at least wherever one of the conditions holds.

    `zone` is the one that written days mean. None where that may be anywhere.
    """
    translation = (_Wider if over == "ticket" else _OfMembers)(now, ring, lexicon, zone)
    parts = [None if condition is None else translation.wider(condition.tree) for condition in conditions]
    return joined(or_, parts) if parts and all(part is not None for part in parts) else None


class _Wider(_Translation):
    def __init__(self, now: int, ring: KeyRing, lexicon: Lexicon, zone: str) -> None:
        super().__init__(now, ring, lexicon, zone)
        # A count for each row costs the database more than asking the rule.
        self.columns = {name: column for name, column in self.columns.items() if name != "member.open_tickets"}

    def wider(self, node: Any, negated: bool = False) -> Any:
        """What holds at least where the test (`negated`: its opposite) does; None: that may be anywhere."""
        match node:
            case tree.Defined():
                return self.wider(node.item, negated)
            case tree.Negation():
                return self.wider(node.item, not negated)
            case tree.AllOf() | tree.AnyOf():
                parts = [self.wider(item, negated) for item in node.items]
                if isinstance(node, tree.AllOf) is negated:
                    return None if any(part is None for part in parts) else joined(or_, parts)
                known = [part for part in parts if part is not None]
                return joined(and_, known) if known else None
        try:
            if isinstance(node, tree.Elapsed):
                return None if negated else self._passed(node)
            return _untrue(self.test(node)) if negated else self.test(node)
        except NotFilterable:
            return None

    def _passed(self, node: tree.Elapsed) -> Any:
        """`ticket.idle > 3d business`: working time is never more than the time that passed. Working days end at some
        hour of their last one, so a day of them is not counted on."""
        least = min(node.duration.micros, 3000 * DAY) - (DAY if node.duration.days is not None else 0)
        if node.op not in (">", ">=") or least <= 0:
            return None
        return Expression(self.value(node.elapsed), ">=", Value(least, converter=False))


class _OfMembers(_Wider):
    """Over the member table: there is no ticket."""

    owners: ClassVar[Mapping[str, Any]] = {"member": t.Member.id}

    def __init__(self, now: int, ring: KeyRing, lexicon: Lexicon, zone: str) -> None:
        super().__init__(now, ring, lexicon, zone)
        self.columns = _columns_of_members(now)
