"""How a scenario went."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.lang import Span


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that did not come true: where, and why as far as it can be told."""

    step: int
    span: Span
    message: str
    help: str | None = None


@dataclass(slots=True)
class Result:
    """How a scenario went."""

    name: str
    span: Span
    failures: list[Failure] = field(default_factory=list)
    acted: set[str] = field(default_factory=set)
    moves: set[tuple[str, str, str, str]] = field(default_factory=set)
    """(kind, from, to, trigger) of every transition taken."""
    steps: int = 0

    @property
    def passed(self) -> bool:
        """True when every expectation came true."""
        return not self.failures
