"""Actions that do nothing wherever their rule acts: what they want is so already, or nobody is there to be told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from engine.lang import tree
from engine.lang.analysis.axes import ChoiceAxis, FlagAxis, OrderedAxis
from engine.lang.analysis.boxes import Box, within
from engine.lang.analysis.report import SENT, Report, name_of
from engine.lang.analysis.view import Seen, View
from engine.lang.analysis.writes import Written, said
from engine.lang.checked import CheckedAction, Dynamic
from engine.lang.findings import Finding
from engine.lang.said import say


def check_idle(report: Report) -> None:
    """Told of each such action; not where another rule of the stage wants otherwise, against which it holds on, be it
    by what follows from a write or by a plugin that may write anything; nor in a stage that takes one rule, where
    doing nothing keeps others from acting."""
    view = report.view
    firsts = {stage.name for stage in view.environment.stages if stage.mode == "first"}
    for name, rules in view.stages.items():
        if name in firsts or any(action.action == "do" for seen in rules for action in seen.rule.actions):
            continue
        wanted: dict[str, dict[object, set[str]]] = {}
        for seen in rules:
            for write in seen.writes:
                wanted.setdefault(write.target, {}).setdefault(write.value, set()).add(seen.rule.id)
        written = {target.partition(" ")[0] for target in wanted}
        moving = {target for target in wanted if not written.isdisjoint(view.domains.until(target) - {target})}
        for seen in rules:
            if seen.boxes:
                _look(report, seen, wanted, moving)


def _look(report: Report, seen: Seen, wanted: dict[str, dict[object, set[str]]], moving: set[str]) -> None:
    """`moving`: targets that other writes of the stage make otherwise."""
    view, stage = report.view, seen.rule.stage
    boxes = [box for key in sorted(seen.keys) for box in view.under(seen.boxes or (), frozenset({key}), stage)]
    for action in seen.rule.actions if boxes else ():
        message = None
        empty = _nobody(view, seen, action, boxes)
        mine = [write for write in seen.writes if write.action is action]
        if empty is not None:
            message = say(
                "`{action}` does nothing: wherever {rule} acts, `{field}` is empty", said(action), name_of(seen), empty
            )
        elif mine and all(
            _so_already(view, write, boxes) and len(wanted[write.target]) == 1 and write.target not in moving
            for write in mine
        ):
            message = say(
                "`{action}` does nothing: wherever {rule} acts, it is so already", said(action), name_of(seen)
            )
        help_ = say("take it out, or mend the condition")
        if message is None and _to_itself(view, seen, action, boxes):
            message = say(
                "`{action}` does nothing: {rule} hears only what the desk itself wrote", said(action), name_of(seen)
            )
            help_ = say("let the condition ask `message.automatic`, if the desk is to answer itself")
        if message is not None:
            report.add(Finding("redundant-action", message, action.span, help_))


# ---- nobody ------------------------------------------------------------------------------------------------------


def _nobody(view: View, seen: Seen, action: CheckedAction, boxes: Sequence[Box]) -> str | None:
    """The field by which an action goes, where it is empty: without a value there is no action."""
    for value in action.args.values():
        one = value[0] if isinstance(value, tuple) and len(value) == 1 else value
        if not isinstance(one, Dynamic) or not one.needed or not isinstance(one.value, tree.FieldRef):
            continue
        name = one.value.name
        access = view.space.accesses.get(name)
        if access is not None and _in(boxes, {access.axis.id: access.mask(access.inner.empty)}):
            return name
        if all(_settled_empty(view, key, seen.rule.stage, name) for key in seen.keys):
            return name
    return None


def _settled_empty(view: View, key: str, stage: str, name: str) -> bool:
    """What an event settles of a field that no condition need name."""
    return any(one.field == name and one.settled == (None,) for one in view.known(key, stage))


OWN = ("bot", "desk")
"""Who writes automatic lines to members."""


def _to_itself(view: View, seen: Seen, action: CheckedAction, boxes: Sequence[Box]) -> bool:
    """Whether it would answer lines of the desk, which no rule does that does not name `message.automatic`."""
    if not view.environment.actions[action.action].to_member or seen.keys != {SENT}:
        return False
    if seen.rule.condition is None or "message.automatic" in tree.reads(seen.rule.condition):
        return False
    author = view.space.accesses.get("message.author")
    return author is not None and _in(boxes, {author.axis.id: author.mask(author.inner.pick(OWN))})


# ---- so already --------------------------------------------------------------------------------------------------


def _so_already(view: View, write: Written, boxes: Sequence[Box]) -> bool:
    name, _, tag = write.target.partition(" ")
    if tag:
        items = view.space.lists.get(name)
        flag = None if items is None else items.named.get(tag)
        there = FlagAxis.TRUE if write.how == "add" else FlagAxis.FALSE
        return flag is not None and _in(boxes, {flag.id: there})
    access = view.space.accesses.get(name)
    value = _value(write)
    field = view.environment.fields.get(name)
    if access is None or field is None or value is _UNKNOWN or (field.type.kind in ("text", "time", "date") and value):
        return False
    return _in(boxes, {access.axis.id: access.mask(_mask(access.inner, write.how, value, field.type.enum))})


_UNKNOWN = object()
_ARGUMENTS = ("value", "state", "team", "agent")


def _value(write: Written) -> Any:
    """What an action writes; unknown where it is computed, or picked among agents."""
    if write.how not in ("set", "raise", "lower", "move") or write.varies:
        return _UNKNOWN
    found = [write.action.args[name] for name in _ARGUMENTS if name in write.action.args]
    return found[0] if len(found) == 1 and not isinstance(found[0], Dynamic) else _UNKNOWN


def _mask(inner: ChoiceAxis | OrderedAxis, how: str, value: Any, enum: Any) -> int:
    """The regions of a field in which writing the value leaves it as it is."""
    if value is None:
        return inner.empty
    if isinstance(inner, ChoiceAxis):
        values = [value]
        if how in ("raise", "lower") and enum is not None:
            least = enum.ranks.get(value, 0)
            values = [one for one, rank in enum.ranks.items() if (rank >= least if how == "raise" else rank <= least)]
        return inner.pick(values)
    if value not in inner.cuts:
        return 0
    return inner.compare({"raise": ">=", "lower": "<="}.get(how, "="), value)


def _in(boxes: Iterable[Box], other: Box) -> bool:
    """Whether all boxes lie in the other; never in one that is empty."""
    return all(other.values()) and all(within(box, other) for box in boxes)
