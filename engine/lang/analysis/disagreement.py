"""How two rules that disagree are told: what about, and what each of them wants."""

from __future__ import annotations

from engine.lang.analysis.report import name_of
from engine.lang.analysis.view import Seen
from engine.lang.analysis.writes import Written, said
from engine.lang.said import say


def disagreement(a: Seen, b: Seen, target: str) -> str:
    """What two rules want of one target that cannot be both."""
    names = name_of(a), name_of(b)
    match target:
        case "ticket.team":
            return say("{rule} and {other} give one ticket two teams", *names)
        case "ticket.assignee":
            return say("{rule} and {other} give one ticket two assignees", *names)
        case "route":
            return say("{rule} and {other} choose the agent of one ticket differently", *names)
        case "ticket.state":
            return say("{rule} and {other} move one ticket to two states", *names)
    owner, _, rest = target.partition(" ")
    if owner == "do":
        return say("{rule} and {other} want `do {name}` with different arguments", *names, rest)
    if owner == "timer":
        if all(any(w.target == target and w.how == "start" for w in seen.writes) for seen in (a, b)):
            return say("{rule} and {other} start the timer `{name}` for different times", *names, rest)
        return say("{rule} and {other} start and cancel the timer `{name}`", *names, rest)
    if rest:
        return say("{rule} and {other} add and remove the tag `{name}`", *names, rest)
    return say("{rule} and {other} write `{field}` differently", *names, target)


def shown(write: Written) -> str:
    """What is wanted: a value by itself where it is a plain one, else as the rule has it."""
    if write.varies:
        return say("a computed value")
    value = write.value[-1]
    if write.how not in ("set", "move", "choose") or isinstance(value, tuple):
        return f"`{said(write.action)}`"
    return f"`{'empty' if value is None else value}`"
