"""Rules that move a case without what the transition requires of people: they are carried out, and told of."""

from __future__ import annotations

from engine.lang.analysis.axes import EMPTY
from engine.lang.analysis.boxes import Box, TooManyError, every
from engine.lang.analysis.report import Report, matched, name_of
from engine.lang.analysis.view import Cover, Seen, View
from engine.lang.checked import CheckedAction
from engine.lang.findings import Finding
from engine.lang.said import both, quoted, say


def check_required(report: Report) -> None:
    """Tells of each move by ways that all require a field which is neither asked for nor filled in by then."""
    view = report.view
    if not view.domains.required:
        return
    order = {stage.name: place for place, stage in enumerate(view.environment.stages)}
    for seen in view.rules:
        for action in seen.rule.actions if seen.boxes is not None else ():
            writes = view.environment.actions[action.action].writes(action.args)
            target = next((str(write.value) for write in writes if write.how == "move"), None)
            if target is not None:
                _look(report, seen, action, target, order)


def _look(report: Report, seen: Seen, action: CheckedAction, target: str, order: dict[str, int]) -> None:
    view = report.view
    for key in sorted(seen.keys):
        ways = _ways(view, view.under(seen.boxes or (), frozenset({key}), seen.rule.stage), target)
        if not ways:
            continue
        wanted = frozenset[str].intersection(*(names for names, _ in ways))
        lacking = sorted(name for name in wanted if not _filled(view, seen, name))
        for name in lacking:
            boxes = _empty(view, [box for _, found in ways for box in found], name)
            if boxes:
                boxes = _unfilled(
                    view, boxes, key, name, [s for s in view.rules if order[s.rule.stage] <= order[seen.rule.stage]]
                )
            if not boxes:
                continue
            finding = Finding(
                "move-without-required",
                say(
                    "{rule} moves to `{state}` without {fields}, which people must fill in before",
                    name_of(seen),
                    target,
                    both(quoted([name])),
                ),
                action.span,
                say("set it in the rule, ask for it with `is set`, or fill it in where it is empty by another rule"),
            )
            if report.show(
                finding,
                boxes,
                frozenset({key}),
                lambda case: report.prover is None or matched(report.prover.matching(seen.rule.stage, case), seen),
            ):
                return


def _ways(view: View, boxes: list[Box], target: str) -> list[tuple[frozenset[str], list[Box]]]:
    """For each state from which the move may go: what that requires, and where the rule meets a case there."""
    found = []
    for kind, states in view.environment.states.items():
        for state in states:
            if state == target or (state, target) not in view.environment.moves.get(kind, ()):
                continue
            facts = [
                view.space.fact(name, (value,)) for name, value in (("ticket.kind", kind), ("ticket.state", state))
            ]
            if any(fact is not None and 0 in fact.values() for fact in facts):
                continue
            here = every((boxes, *([fact] for fact in facts if fact is not None)), view.space.possible)
            if here:
                found.append((view.domains.required.get((kind, state, target), frozenset()), here))
    return found


def _filled(view: View, seen: Seen, name: str) -> bool:
    """Whether the rule itself fills in a field."""
    return any(
        write.target == name and write.how == "set" and write.value is not None
        for action in seen.rule.actions
        for write in view.environment.actions[action.action].writes(action.args)
    )


def _empty(view: View, boxes: list[Box], name: str) -> list[Box]:
    """Where the field is empty, as far as conditions tell."""
    access = view.space.accesses.get(name)
    if access is None:
        return boxes
    empty = access.mask(EMPTY)
    return [{**box, access.axis.id: empty} for box in boxes if box.get(access.axis.id, access.axis.full) & empty]


def _unfilled(view: View, boxes: list[Box], key: str, name: str, rules: list[Seen]) -> list[Box]:
    """Where no rule of this or an earlier stage fills the field in at this event."""
    fillers = [seen for seen in rules if key in seen.keys and seen.rule.limit is None and _filled(view, seen, name)]
    if not fillers:
        return boxes
    try:
        left = Cover(view.space, fillers).uncovered(boxes, lambda seen: True)
    except TooManyError:
        return boxes
    return [] if left is None else [left]
