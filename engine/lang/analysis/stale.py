"""Rules that read what another of their stage writes: all of a stage see one snapshot, and so the old value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from engine.lang import tree
from engine.lang.analysis.axes import FlagAxis, OrderedAxis
from engine.lang.analysis.boxes import Box, TooManyError, apart, meet
from engine.lang.analysis.groups import Access
from engine.lang.analysis.report import Report, matched, name_of
from engine.lang.analysis.samples import Case
from engine.lang.analysis.view import Cover, Seen, View
from engine.lang.checked import CheckedAction, Dynamic
from engine.lang.findings import Finding, Related
from engine.lang.said import say
from engine.lang.source import Span
from engine.lang.verbs import Write

_VALUES = frozenset({"set", "raise", "lower", "move"})


@dataclass(frozen=True, slots=True)
class _Change:
    """What a write does on the axis of its field: from regions where it moves something to the one it leads to."""

    seen: Seen
    action: CheckedAction
    write: Write
    axis: int
    moves: int
    after: int


def check_stale(report: Report) -> None:
    """Tells of each rule that, in one wave, decides by a value which another rule of its stage is just changing.

    Not of one that writes the same itself (it asks whether that is still to be done), of one that is woken by the
    change and so sees it in the next wave, nor of two that ask for the same value, which one of them then changes: they
    are meant to act side by side. Once for a rule and a field: a later stage mends all.
    """
    view = report.view
    for stage, rules in view.stages.items():
        if stage in view.firsts:
            continue
        changes: dict[int, list[_Change]] = {}
        for seen in rules:
            for change in _changes(view, seen):
                changes.setdefault(change.axis, []).append(change)
        if not changes:
            continue
        for seen in rules:
            asked = {number for box in seen.boxes or () for number in box}
            for number in sorted(asked & changes.keys()):
                _look(report, stage, seen, changes[number])


def _changes(view: View, seen: Seen) -> Iterator[_Change]:
    """What a rule's actions do to fields that conditions ask for, where what they write is known."""
    space = view.space
    for action in seen.rule.actions if seen.boxes is not None else ():
        for write in view.environment.actions[action.action].writes(action.args):
            name, _, tag = write.target.partition(" ")
            flag = space.lists[name].named.get(tag) if tag and name in space.lists else None
            access = space.accesses.get(name)
            if flag is not None and write.how in ("add", "remove"):
                after = FlagAxis.TRUE if write.how == "add" else FlagAxis.FALSE
                yield _Change(seen, action, write, flag.id, flag.full & ~after, after)
            elif access is not None and write.how in _VALUES and not isinstance(write.value, Dynamic):
                after, moves = _moved(view, access, write)
                if after and moves:
                    yield _Change(seen, action, write, access.axis.id, moves, after)


def _moved(view: View, access: Access, write: Write) -> tuple[int, int]:
    """The regions of the axis a write leads to, and those from which it moves something."""
    inner, field, value = access.inner, view.environment.fields[access.name], write.value
    if isinstance(inner, OrderedAxis):
        if value is not None and field.type.kind not in ("number", "duration"):
            return 0, 0
        own = inner.region(value)
        ways = {"raise": own - 1 & inner.full, "lower": inner.full & ~(own * 2 - 1) | inner.empty}
    else:
        own = inner.pick((value,))
        ranks = field.type.enum.ranks if field.type.enum is not None else {}
        level = ranks.get(value, 0)
        ways = {
            "raise": inner.pick([name for name, rank in ranks.items() if rank < level]),
            "lower": inner.pick([name for name, rank in ranks.items() if rank > level]),
        }
    return access.mask(own), access.mask(ways.get(write.how, inner.full & ~own))


def _look(report: Report, stage: str, reader: Seen, changes: list[_Change]) -> None:
    """Tells of the first rule that changes what `reader` asks for on an axis."""
    view = report.view
    own = {write.target for write in reader.writes}
    cover = Cover(view.space, [reader])
    for change in changes:
        writer = change.seen
        if writer.rule.id == reader.rule.id or change.write.target in own or not writer.shops & reader.shops:
            continue
        if reader.keys & _wakes(view, change):
            continue
        for keys in _together(view, writer, reader):
            for misses, box in _where(view, writer, reader, change, cover, keys):

                def proves(case: Case, change: _Change = change, misses: bool = misses) -> bool:
                    return _proves(report, stage, reader, change, misses, case)

                if report.show(_finding(reader, change, stage, misses), [box], keys, proves):
                    return


def _together(view: View, writer: Seen, reader: Seen) -> Iterator[frozenset[str]]:
    """The events in which both are asked as a rule: one event, or those of a first line."""
    for keys in view.meetings(writer.keys, reader.keys):
        if len(keys) == 1 or {view.kind(key) for key in keys} & view.domains.creations:
            yield keys


def _wakes(view: View, change: _Change) -> frozenset[str]:
    """The events by which the change is heard of in the next wave."""
    return frozenset(view.environment.events_of(change.write))


def _where(
    view: View, writer: Seen, reader: Seen, change: _Change, cover: Cover, keys: frozenset[str]
) -> Iterator[tuple[bool, Box]]:
    """Where the writer matches and what it writes would turn the reader's mind, and whether the reader misses it."""
    space, axis = view.space, change.axis
    facts = view.facts(keys)
    if facts is None:
        return
    group = next((g for g in space.changes.values() if g.access.axis.id == axis), None)
    aside = {group.flag.id, group.before.id} if group is not None else set()
    full = space.full[axis]
    for a in writer.boxes or ():
        moves = a.get(axis, full) & facts.get(axis, full) & change.moves
        if not moves:
            continue
        for b in reader.boxes or ():
            wanted = b.get(axis)
            if wanted is None or aside & b.keys():
                continue
            rest = {number: mask for number, mask in b.items() if number != axis}
            own = {number: mask for number, mask in a.items() if number != axis}
            if apart(own, rest):
                continue
            both = meet(own, rest)
            both = None if both is None else meet(both, {n: m for n, m in facts.items() if n != axis})
            if both is None:
                continue
            misses = change.after & ~wanted == 0
            if not misses and a.get(axis, full) & ~wanted == 0:
                continue
            try:
                if misses and (old := moves & ~wanted):
                    box = {**both, axis: old}
                    left = cover.uncovered([box], lambda seen: True) if space.possible(box) else None
                    if left is not None:
                        yield True, left
                elif change.after & wanted == 0 and (old := moves & wanted):
                    box = {**both, axis: old}
                    if not space.possible(box):
                        continue
                    then = cover.uncovered([{**both, axis: change.after}], lambda seen: True)
                    if then is not None:
                        yield False, {**then, axis: old}
            except TooManyError:
                continue


def _finding(reader: Seen, change: _Change, stage: str, misses: bool) -> Finding:
    """On the part of the condition that asks."""
    writer, field = change.seen, change.write.field
    names = (name_of(reader), field, name_of(writer), stage)
    message = say("{rule} does not see the `{field}` that {other} writes in the same stage `{stage}`", *names)
    if not misses:
        message = say(
            "{rule} acts on the `{field}` of before, which {other} writes anew in the same stage `{stage}`", *names
        )
    return Finding(
        "stale-read",
        message,
        _part(reader, field),
        say("put {rule} into a later stage, or ask in it for what {other} asks for", name_of(reader), name_of(writer)),
        related=(Related(change.action.span, say("written here")),),
    )


def _part(reader: Seen, field: str) -> Span:
    """The first test of a condition that reads a field; where a definition does, the condition."""
    condition = reader.rule.condition
    if condition is None:
        return reader.rule.source.name.span
    whole = condition.span
    parts = (part.span for part in tree.walk(condition) if isinstance(part, tree.FieldRef) and part.name == field)
    here = [span for span in parts if span.source is whole.source and whole.start <= span.start < whole.end]
    return min(here, key=lambda span: span.start, default=whole)


def _proves(report: Report, stage: str, reader: Seen, change: _Change, misses: bool, case: Case) -> bool:
    prover = report.prover
    if prover is None:
        return True
    found = prover.matching(stage, case)
    if not matched(found, change.seen) or matched(found, reader) is misses:
        return False
    return matched(prover.matching(stage, replace(case, values=_written(case, change))), reader) is misses


def _written(case: Case, change: _Change) -> dict[str, Any]:
    """The values with what the change writes."""
    write, values = change.write, dict(case.values)
    tag = write.target.partition(" ")[2]
    if tag:
        rest = tuple(one for one in values.get(write.field) or () if one != tag)
        values[write.field] = (*rest, tag) if write.how == "add" else rest
    else:
        values[write.field] = write.value
    return values
