"""The desk's time: the machine's clock, with a second one beside it that nobody can set.

What is set by hand or by a time server shows as a change of the difference between the two. A small step back is
waited out, so that within a desk time never runs backwards; a larger one is accepted, as waiting would have the desk
stand still until the old time comes again, and told. A leap forward is told too: what falls due by it is done.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.core.entities import SECOND
from engine.core.times import rfc3339

log = logging.getLogger(__name__)

STEP = 2 * SECOND
"""A step that goes without a word, where no setting says another: what a time server mends at work is less."""
_TOGETHER = 1_000
"""µs between two looks at the steady clock within which a look at the other belongs to both."""
_LOOKS = 5
"""Looks at both clocks before a difference is believed that a stop of the process in between would explain."""


def wall_clock() -> int:
    """Now, in whole microseconds UTC."""
    return time.time_ns() // 1000


def steady_clock() -> int:
    """Microseconds of a clock that nobody sets."""
    return time.monotonic_ns() // 1000


@dataclass(frozen=True, slots=True)
class Stepped:
    """The clock was set: from the latest moment the desk had seen to another, µs UTC."""

    before: int
    after: int

    @property
    def back(self) -> bool:
        """Whether the desk lives some of its time once more."""
        return self.after < self.before


class Timekeeper:
    """Time that does not run backwards by more than it must.

    `wall` gives µs UTC, `steady` µs of a clock that is never set. Without it (the demo's past, a test's moments) time
    is what `wall` says and never runs backwards. `step`: µs of a change that is waited out or passed over in silence.
    """

    def __init__(
        self,
        wall: Callable[[], int] = wall_clock,
        steady: Callable[[], int] | None = steady_clock,
        *,
        step: int = STEP,
    ) -> None:
        self.wall = wall
        self.stepped: Stepped | None = None
        """The last step that was told."""
        self.steps = 0
        self._steady = steady
        self._step = step
        self._last = 0
        self._apart = self._both()[1] if steady is not None else 0
        """`wall` less `steady`: stays what it is until somebody sets the clock."""
        self._stepped_at = 0
        self._told: list[Stepped] = []
        self._lock = threading.Lock()

    @classmethod
    def of(cls, wall: Callable[[], int] | Timekeeper) -> Timekeeper:
        """A clock as it is; the machine's with a steady one beside it; any other function alone."""
        if isinstance(wall, Timekeeper):
            return wall
        return cls(wall, steady_clock if wall is wall_clock else None)

    def begin(self, newest: int) -> None:
        """The store knows a moment already, of before this process: a clock that is behind it was set back."""
        with self._lock:
            now = self.wall()
            if self._steady is not None and now < newest - self._step:
                self._note(newest, now)
                newest = now
            self._last = max(self._last, newest)

    def now(self) -> int:
        """The time, µs UTC."""
        with self._lock:
            now = self.wall()
            if self._steady is not None and abs(now - self._steady() - self._apart) > self._step:
                now = self._look_again()
            self._last = max(self._last, now)
            return self._last

    def _look_again(self) -> int:
        """The clock seems to be set: it is, unless the process stood still between the looks at the two."""
        now, apart = self._both()
        change, self._apart = apart - self._apart, apart
        if change > self._step:
            self._note(now - change, now)
        elif now < self._last - self._step:
            self._note(self._last, now)
            self._last = now
        return now

    def _both(self) -> tuple[int, int]:
        """Both clocks at one moment: the wall's time, and how far it is from the steady one's."""
        assert self._steady is not None  # noqa: S101 - else nobody looks
        for _ in range(_LOOKS):
            before, now, after = self._steady(), self.wall(), self._steady()
            if after - before <= _TOGETHER:
                break
        return now, now - after

    def _note(self, before: int, after: int) -> None:
        self.stepped = Stepped(before, after)
        self._stepped_at = self._steady() if self._steady is not None else 0
        self._told.append(self.stepped)
        self.steps += 1
        way = "back" if self.stepped.back else "forward"
        log.warning(
            "the machine's clock was set %s by %.1f s, from %s to %s: the desk follows it; see that its time server is "
            "right",
            way,
            abs(after - before) / SECOND,
            rfc3339(before),
            rfc3339(after),
        )

    def take_steps(self) -> list[Stepped]:
        """The steps that were noted since the last call."""
        if not self._told:
            return []
        with self._lock:
            found, self._told = self._told, []
            return found

    def stepped_within(self, span: int) -> Stepped | None:
        """The last step, if it was less than `span` µs ago by the steady clock."""
        if self.stepped is None or self._steady is None or self._steady() - self._stepped_at >= span:
            return None
        return self.stepped
