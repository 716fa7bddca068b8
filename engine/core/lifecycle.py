"""State machines from YAML: one `transitions.Machine` a lifecycle, shared by all its tickets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from transitions import Machine

from engine.lang import Condition, Span

DESK_ONLY = ("agent_replied", "member_replied", "ring", "answer", "hang_up", "miss")
"""Triggers that the desk raises by itself, if a lifecycle has them, and nobody by hand."""
DESK_TRIGGERS = (*DESK_ONLY, "reopen", "end")
"""Those, and what both raise; all others people raise, by whatever name."""

Category = Literal["open", "pending", "closed"]


@dataclass(frozen=True, slots=True)
class State:
    """One state: what its clocks do, and which category code may ask for."""

    name: str
    category: Category
    sla: Literal["running", "paused", "stopped"] = "running"
    label: Mapping[str, str] = field(default_factory=dict)
    colour: str | None = None
    place: Span | None = field(default=None, compare=False)
    """Where it is declared."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from some states to one. `requires` and `roles` bind people, `when` binds rules too."""

    trigger: str
    sources: tuple[str, ...]
    target: str
    requires: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    when: Condition | None = None
    label: Mapping[str, str] = field(default_factory=dict)


Guard = Callable[[Transition], bool]


class _Subject:
    """What the shared machine moves: a state and who may pass, for the length of one call."""

    __slots__ = ("guard", "passed", "state")

    def __init__(self, state: str, guard: Guard) -> None:
        self.state = state
        self.guard = guard
        self.passed: Transition | None = None


@dataclass(slots=True)
class Lifecycle:
    """The states and transitions of one ticket kind."""

    kind: str
    initial: str
    states: Mapping[str, State]
    transitions: tuple[Transition, ...]
    label: Mapping[str, str] = field(default_factory=dict)
    _machine: Machine | None = field(default=None, repr=False)

    def moves(self, state: str) -> list[Transition]:
        """Transitions that leave a state, in the order of the file."""
        return [t for t in self.transitions if state in t.sources]

    def fire(self, trigger: str, state: str, guard: Guard) -> Transition | None:
        """The transition a trigger causes, or None when none of that name leaves the state or its guard refuses.

        `guard` is asked for each candidate and sees its `when`.
        """
        machine = self._get_machine()
        event = machine.events.get(trigger)
        if event is None or not any(t.trigger == trigger and state in t.sources for t in self.transitions):
            return None
        subject = _Subject(state, guard)
        event.trigger(subject)
        return subject.passed

    def leading_to(self, state: str, target: str) -> list[Transition]:
        """Transitions from one state straight to another: what `move to` may use."""
        return [t for t in self.transitions if t.target == target and state in t.sources]

    def _get_machine(self) -> Machine:
        if self._machine is None:
            machine = Machine(
                model=None,
                states=list(self.states),
                initial=self.initial,
                auto_transitions=False,
                send_event=True,
                after_state_change=None,
            )
            for transition in self.transitions:
                machine.add_transition(
                    transition.trigger,
                    list(transition.sources),
                    transition.target,
                    conditions=_asks(transition),
                    after=_remembers(transition),
                )
            self._machine = machine
        return self._machine


def _asks(transition: Transition) -> Callable[[Any], bool]:
    return lambda event: bool(event.model.guard(transition))


def _remembers(transition: Transition) -> Callable[[Any], None]:
    def remember(event: Any) -> None:
        event.model.passed = transition

    return remember
