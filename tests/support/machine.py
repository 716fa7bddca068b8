"""A machine whose clock people set."""

from __future__ import annotations

from engine.core.entities import SECOND
from engine.store import Timekeeper

START = 1_800_000_000 * SECOND


class Machine:
    """Two clocks: one that goes on by itself, and one that people set."""

    def __init__(self) -> None:
        self.ran = 0
        self.ahead = 0

    def run(self, micros: int) -> None:
        """Time goes by."""
        self.ran += micros

    def wall(self) -> int:
        """What the clock shows; each look is a microsecond later."""
        self.ran += 1
        return START + self.ran + self.ahead

    def steady(self) -> int:
        """What nobody sets."""
        return self.ran

    def clock(self) -> Timekeeper:
        """A desk's clock on this machine."""
        return Timekeeper(self.wall, self.steady)
