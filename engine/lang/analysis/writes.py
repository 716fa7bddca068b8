"""What actions write, and which of two actions say the same: the static side of how wishes are merged."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.lang.analysis.keys import key_of
from engine.lang.checked import CheckedAction, Dynamic


@dataclass(frozen=True, slots=True)
class Write:
    """An action wants `target` to be `value`; two values for one target are a conflict. `varies`: known only then."""

    target: str
    value: Hashable
    action: CheckedAction
    varies: bool = False


def writes_of(action: CheckedAction) -> tuple[Write, ...]:
    """What an action writes; nothing when it stands beside any other."""
    args, name = action.args, action.action

    def write(target: str, value: Any, *more: Any) -> Write:
        return Write(target, (plain(value), *more), action, isinstance(value, Dynamic))

    if name == "set":
        return (write(args["field"], args["value"], "set"),)
    if name in ("raise", "lower"):
        return (write(args["field"], None, name),)
    if name in ("add_tag", "remove_tag"):
        return tuple(write(f"{args['owner']}.tags {tag}", name) for tag in args["tags"])
    if name == "move":
        return (write("ticket.state", args["state"]),)
    if name == "route":
        team = write("ticket.team", args["team"])
        return (team, write("ticket.assignee", args["team"], "route")) if args.get("by") else (team,)
    if name == "assign":
        return (write("ticket.assignee", args["agent"]),)
    if name == "do" and not args.get("commutes", True):
        return (Write(f"do {args['name']}", plain(args["arguments"]), action),)
    if name in ("start_timer", "cancel_timer"):
        return (write(f"timer {args['name']}", args.get("after"), name),)
    return ()


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


def shown(value: Hashable) -> str:
    """A written value for people."""
    if isinstance(value, tuple) and value and not isinstance(value[0], tuple):
        return "empty" if value[0] is None else str(value[0])
    return "a computed value"
