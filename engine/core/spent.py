"""What one scenario may take: virtual time, decisions, looks, real seconds. Past that it ends, and says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.lang import LIMITS, Duration
from engine.lang.said import say

LOOKS = 256
"""Looks between two looks at the clock."""


class TooMuch(Exception):
    """A bound was reached; the message is for people and says which, and what time brought last."""


@dataclass(slots=True)
class Spent:
    """Counts what time brings in one scenario. `clock`: real seconds, of whoever waits for it; None: nobody does."""

    clock: Callable[[], float] | None = None
    decisions: int = 0
    looks: int = 0
    _began: float | None = None

    def wait(self, micros: int) -> None:
        """Time is to pass. Raises TooMuch."""
        if micros > LIMITS.scenario_wait:
            raise TooMuch(say("a scenario waits {most} at most; wait in several steps", Duration(LIMITS.scenario_wait)))

    def decided(self, by: str | None) -> None:
        """A timer or a schedule is to be decided; `by`: the rule or schedule it is of. Raises TooMuch."""
        self.decisions += 1
        if self.decisions > LIMITS.scenario_decisions:
            raise TooMuch(_last(say("time brings more than {most} decisions", f"{LIMITS.scenario_decisions:,}"), by))
        self.looked(by)

    def looked(self, by: str | None) -> None:
        """A timer runs out, or a schedule looks at one case. Raises TooMuch."""
        self.looks += 1
        if self.looks > LIMITS.scenario_moments:
            raise TooMuch(_last(say("time brings more than {most} moments", f"{LIMITS.scenario_moments:,}"), by))
        if self.clock is not None and self.looks % LOOKS == 1:
            now = self.clock()
            if self._began is None:
                self._began = now
            if now - self._began > LIMITS.scenario_seconds:
                raise TooMuch(_last(say("it takes longer than {most} seconds", f"{LIMITS.scenario_seconds:g}"), by))


def _last(what: str, by: str | None) -> str:
    return what if by is None else say("{what}, the last by `{rule}`", what, by)
