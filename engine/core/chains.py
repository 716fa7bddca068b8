"""What rules bring on themselves: how far a decision stands from what came from outside.

A decision that a timer began, or a line that could not be delivered, carries where its row began and how long it is;
every timer it starts, also of a case it opens, and every line it sends by a channel carries that on. A row that goes
round faster than `every` may run is ended, and people are told; one that is as slow as that may go on for ever, as a
schedule does. A row may also spread, a line that fails being answered by two: so the lines it says are counted, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.values import Struct, replace
from engine.lang import LIMITS


class Chain(Struct, frozen=True):
    """Where a decision stands. `depth`: cases opened one from another before it, within one span. `since`: when the
    row's first timer ran out or its first line was given up, µs UTC, None where neither began it; `count`: those of the
    row before this one. `machine`: a machine's line began it, or the decision that opened its case; it would answer
    what rules say, and open the next."""

    depth: int = 0
    since: int | None = None
    count: int = 0
    machine: bool = False

    @classmethod
    def fired(cls, body: Mapping[str, Any], now: int) -> Chain:
        """The place of a decision that a timer or a lost line begins, by what that carries (`carried`)."""
        since, count, depth = body.get("chain") or (now, 0, 0)
        return cls(depth, since, count) if now - since < LIMITS.chain_span else cls(0, now, 0)

    def carried(self) -> dict[str, Any]:
        """What a timer that is started here carries, or a line that leaves from here: a part of its body."""
        if self.since is None:
            return {}
        return {"chain": [self.since, self.count + 1, self.depth]}

    def deeper(self) -> Chain:
        """The place of a case that is opened here."""
        return replace(self, depth=self.depth + 1)

    @property
    def worn(self) -> bool:
        """Whether no timer more may be started from here, and no line said that could be given up again."""
        return self.since is not None and self.count >= LIMITS.chain_timers
