"""Rounds of timers, played on the engine: whether what rules put off brings them on again without end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.core.actions import ACTIONS
from engine.core.rulebook import Rulebook
from engine.lang import LIMITS, Duration, Effect
from engine.lang.analysis.report import LOST, Ring
from engine.lang.analysis.samples import Case

TURNS = 24
"""Timers played from one case: a ring is shorter, or it is no ring that people would see."""
LONG = 366 * 86_400_000_000
"""µs: what still goes round after a year does not end with time."""


class Player(Protocol):
    """What plays one decision: `engine.core.proving.Engine`."""

    @property
    def book(self) -> Rulebook:
        """Whose rules are played."""

    def turn(self, case: Case, values: dict[str, Any]) -> tuple[frozenset[str], list[Effect]]:
        """All waves of one decision on `values`: who acted, and every wish that stood."""


_Key = tuple[str, str]
"""An event that comes later, and of what."""


@dataclass(slots=True)
class _Coming:
    """An event that comes at a moment, for the case as it is then. `known`: what its fields hold."""

    due: int
    event: str
    what: str
    known: Mapping[str, Any]


@dataclass(slots=True)
class _Turn:
    """One that came: its event, the state it found, and what it did."""

    at: int
    event: str
    state: Any
    acted: frozenset[str]
    spoke: bool


def ring(engine: Player, case: Case) -> Ring | None:
    """The ring that a case comes into, if it comes into one that a year does not end."""
    played = _play(engine, case, 0)
    if played is None or _play(engine, case, LONG) is None:
        return None
    return played


def _play(engine: Player, case: Case, later: int) -> Ring | None:
    """Plays on until a state is found again; `later`: µs that the case is older than it says."""
    values = dict(case.values)
    ages = [name for name, (spec, _) in engine.book.fields.items() if spec.type.kind == "duration"]
    _pass(values, ages, later)
    now, coming, turns = 0, dict[_Key, _Coming](), list[_Turn]()
    losing = LOST in case.keys  # where one line was lost, the next is
    keys, key = case.keys, (min(case.keys), str(case.values.get("timer.name")))
    for _ in range(TURNS):
        found = _state(key, values, ages)
        acted, done = engine.turn(Case(keys, case.shop, values, dict(values), ""), values)
        for n, turn in enumerate(turns):
            if turn.state == found:
                round_ = turns[n:]
                return Ring(
                    frozenset().union(*(one.acted for one in round_)),
                    (now - turn.at) // len(round_),
                    any(one.spoke for one in round_),
                    any(one.event == LOST for one in round_),
                )
        put_off = {effect.rule.id for effect in done if _put_off(coming, effect, now)}
        spoke = [effect for effect in done if ACTIONS[effect.action].to_member]
        if losing:
            for effect in spoke:
                coming[LOST, ""] = _lost(effect, now)
        turns.append(_Turn(now, key[0], found, acted | put_off, bool(spoke)))
        if not coming:
            return None
        key = min(coming, key=lambda one: (coming[one].due, one))
        next_ = coming.pop(key)
        _pass(values, ages, next_.due - now)
        now, keys = next_.due, frozenset({next_.event})
        values.update(next_.known)
    return None


def _put_off(coming: dict[_Key, _Coming], effect: Effect, now: int) -> bool:
    """What an action puts off, or calls off; whether it put something off."""
    action = ACTIONS[effect.action]
    for write in action.writes(effect.args):
        if write.how == "cancel":
            coming.pop(("timer.fired", write.target.partition(" ")[2]), None)
    found = False
    for raised in action.raises(effect.args):
        if raised.later and raised.event in ("timer.fired", "message.sent"):  # of this case, not one opened beside it
            after = effect.args["after"]
            wait = after.micros if isinstance(after, Duration) else int(after)
            due = now + max(wait, LIMITS.shortest_timer)
            what = raised.what if raised.event == "timer.fired" else effect.rule.id
            coming[raised.event, what] = _Coming(due, raised.event, what, raised.known)
            found = True
    return found


def _lost(effect: Effect, now: int) -> _Coming:
    """A line of a rule that is given up as soon as it leaves."""
    due = now + (effect.args.get("after") or 0) + LIMITS.shortest_timer
    author = "desk" if effect.args.get("as_") == "desk" else "bot"
    known = {"message.author": author, "message.direction": "outbound", "message.automatic": True}
    return _Coming(due, LOST, "", known)


def _pass(values: dict[str, Any], ages: list[str], micros: int) -> None:
    """Time passes for a case."""
    if values.get("now") is not None:
        values["now"] += micros
    for name in ages:
        if isinstance(values.get(name), int):
            values[name] += micros


def _state(key: _Key, values: Mapping[str, Any], ages: list[str]) -> Any:
    return key, {name: value for name, value in values.items() if name not in ages and name != "now"}
