"""What actions write, and which of two actions say the same: the static side of how effects are merged."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.lang.analysis.keys import key_of
from engine.lang.checked import CheckedAction, Dynamic
from engine.lang.environment import Environment
from engine.lang.verbs import How


@dataclass(frozen=True, slots=True)
class Written:
    """An action wants `target` to be `value`; two values for one target are a conflict. `varies`: known only then."""

    target: str
    how: How
    value: tuple[Hashable, ...]
    action: CheckedAction
    varies: bool = False


def writes_of(action: CheckedAction, environment: Environment) -> tuple[Written, ...]:
    """What an action writes; nothing when it stands beside any other."""
    return tuple(
        Written(write.target, write.how, tuple(map(plain, write.wanted)), action, isinstance(write.value, Dynamic))
        for write in environment.actions[action.action].writes(action.args)
    )


def plain(value: Any) -> Hashable:
    """A value to compare by; one that is computed is compared by how."""
    if isinstance(value, Dynamic):
        return ("computed", key_of(value.value))
    if isinstance(value, Mapping):
        return tuple(sorted((name, plain(item)) for name, item in value.items()))
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    return key_of(value)


def effect_of(action: CheckedAction) -> Hashable:
    """What an action does, to be compared with others."""
    return (action.action, tuple((name, plain(value)) for name, value in sorted(action.args.items())))


def said(action: CheckedAction) -> str:
    """An action as it is written, on one line."""
    return " ".join(action.span.text.split())
