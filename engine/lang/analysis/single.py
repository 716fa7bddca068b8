"""Each rule by itself: conditions that never or always hold, parts that change nothing, moves that cannot be made."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine.lang import tree
from engine.lang.analysis.boxes import Box, TooManyError, every, within
from engine.lang.analysis.report import Report, matched, name_of, unsure
from engine.lang.analysis.samples import Case
from engine.lang.analysis.space import Space
from engine.lang.analysis.view import Seen, View
from engine.lang.analysis.writes import Written, effect_of, said
from engine.lang.checked import CheckedAction
from engine.lang.findings import Finding, Related
from engine.lang.kept import Kept
from engine.lang.said import quoted, say
from engine.lang.source import Span
from engine.lang.verbs import How

PARTS = 40
"""Parts of one condition past which dead ones are not looked for."""


def check_single(report: Report, kept: Kept) -> None:
    """All checks of one rule at a time; what was said of a rule before need not be found again."""
    view = report.view
    settled = view.domains.settled()
    for seen in view.rules:
        before = tuple((key, view.overwritten(key, seen.rule.stage)) for key in sorted(seen.keys))
        found = kept.findings(seen.rule, under := (seen.shops, settled, before))
        if found is None:
            alone = Report(view, report.prover)
            _look(alone, seen)
            found = tuple(alone.findings)
        kept.keep_findings(seen.rule, under, found)
        for finding in found:
            report.add(finding)


def _look(report: Report, seen: Seen) -> None:
    condition = seen.rule.condition
    if condition is not None and not _never(report, seen) and not _always(report, seen):
        _dead(report, seen, condition)
    for write in seen.writes:
        if write.how == "move":
            _move(report, seen, write.action)
    _contrary(report, seen)
    _redundant(report, seen)
    _unseen(report, seen)


def _never(report: Report, seen: Seen) -> bool:
    """Whether the condition cannot hold; told."""
    view, condition = report.view, seen.rule.condition
    if seen.condition is None or condition is None:
        return False
    # Where no shop has the rule (each has its own of that name) the condition is not what keeps it from acting.
    boxes = seen.boxes if seen.boxes is not None and seen.shops else seen.condition
    if any(view.under(boxes, frozenset({key}), seen.rule.stage) for key in seen.keys):
        return False
    two = _contradiction(view.space, condition)
    finding = Finding("never-true", say("the condition of {rule} never holds", name_of(seen)), condition.span)
    if two is not None:
        finding = Finding(
            "never-true",
            say("the condition of {rule} never holds: two parts exclude each other", name_of(seen)),
            two[0].span,
            say("use `or`, or take one of them out"),
            related=(Related(two[1].span, say("excluded by this")),),
        )
    elif seen.condition:
        events = quoted(view.kind(key) for key in sorted(seen.keys))
        finding = Finding(
            "never-true",
            say("the condition of {rule} never holds in {events}", name_of(seen), events),
            condition.span,
            _as_share(view, seen, condition) or say("`docs/vocabulary.md` says what each event settles"),
        )
    report.add(finding)
    return True


def _as_share(view: View, seen: Seen, condition: tree.Test) -> str | None:
    """The hint where `80` is written for `80%`."""
    for part in _plain_parts(condition):
        if (
            isinstance(part, tree.Comparison)
            and isinstance(part.right, tree.Const)
            and part.right.type.kind == "number"
            and tree.reads(part.left) & view.domains.shares
            and part.right.value > 1
            and not part.right.span.text.rstrip().endswith(("%", "％"))
            and _decides(view, seen, part, Decimal(part.right.value) / 100)
        ):
            return say("1 is the whole: write `{share}`", f"{part.right.value}%")
    return None


_ASKED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _decides(view: View, seen: Seen, part: tree.Comparison, value: Any) -> bool:
    """Whether a comparison with another value would hold in one of the events and fail in one, as far as is known."""
    (name,) = tree.reads(part.left)
    for key in seen.keys:
        known = next((one.settled for one in view.known(key, seen.rule.stage) if one.field == name), None)
        if not isinstance(known, tuple) or len({_ASKED[part.op](one, value) for one in known}) > 1:
            return True
    return False


def _contradiction(space: Space, condition: tree.Test) -> tuple[tree.Test, tree.Test] | None:
    """The first two parts that cannot both hold though each can."""
    if not isinstance(condition, tree.AllOf):
        return None
    parts = [(item, space.boxes(item)) for item in condition.items]
    for place, (one, boxes) in enumerate(parts):
        for other, more in parts[place + 1 :]:
            if boxes and more and not every((boxes, more), space.possible):
                return other, one
    return None


def _always(report: Report, seen: Seen) -> bool:
    """Whether the condition cannot but hold; told."""
    view, condition = report.view, seen.rule.condition
    if seen.condition is None or condition is None:
        return False
    try:
        against = view.space.boxes(condition, False)
    except TooManyError:
        return False
    if any(view.under(against, frozenset({key}), seen.rule.stage) for key in seen.keys):
        return False
    report.add(
        Finding(
            "always-true",
            say("the condition of {rule} always holds", name_of(seen)),
            condition.span,
            say("take the `when` out, or mend it"),
        )
    )
    return True


# ---- dead parts --------------------------------------------------------------------------------------------------


def _dead(report: Report, seen: Seen, condition: tree.Test) -> None:
    if sum(1 for _ in _plain_parts(condition)) > PARTS:
        return
    guarded = _guarded(condition)
    search = _Dead(report.view.space, guarded)
    count, left = -1, condition
    while count < len(search.found):
        # What is left may make another part needless.
        count, left = len(search.found), search.look(left, [{}])
    for part in search.found:
        words = " ".join(part.span.text.split())
        report.add(
            Finding(
                "dead-condition",
                say("this part of the condition of {rule} changes nothing", name_of(seen)),
                part.span,
                say("take `{part}` out", words if len(words) <= 60 else words[:59] + "…"),
            )
        )


def _plain_parts(test: tree.Test) -> Iterator[tree.Test]:
    stack = [test]
    while stack:
        here = stack.pop()
        yield here
        if isinstance(here, tree.AllOf | tree.AnyOf):
            stack.extend(here.items)
        elif isinstance(here, tree.Negation):
            stack.append(here.item)


def _guarded(condition: tree.Test) -> frozenset[str]:
    """Fields of which it is right to ask `is set` though another part implies it: `!=` and `not` mislead there."""
    found: set[str] = set()
    for part in _plain_parts(condition):
        negative = isinstance(part, tree.Negation) or (
            (isinstance(part, tree.Comparison) and part.op == "!=") or (isinstance(part, tree.OneOf) and part.negated)
        )
        if negative:
            found |= tree.reads(part)
    return frozenset(found)


class _Dead:
    def __init__(self, space: Space, guarded: frozenset[str]) -> None:
        self.space = space
        self.guarded = guarded
        self.found: list[tree.Test] = []

    def look(self, test: tree.Test, context: list[Box]) -> tree.Test:
        """The condition without the parts that, wherever the rest leaves it open (`context`), make no difference.

        What was found is left out before the next part is looked at: of two that do the same, one stays.
        """
        if isinstance(test, tree.Negation):
            return replace(test, item=self.look(test.item, context))
        if not isinstance(test, tree.AllOf | tree.AnyOf):
            return test
        joined = isinstance(test, tree.AllOf)
        alive = list(test.items)
        for item in reversed(test.items):
            if self._kept(item) or len(alive) == 1:
                continue
            others = [other for other in alive if other is not item]
            try:
                around = self._around(context, others, joined)
                if around and not every((around, self.space.boxes(item, not joined)), self.space.possible):
                    alive = others
                    self.found.append(item)
            except TooManyError:
                continue
        for place, item in enumerate(alive):
            if isinstance(item, tree.AllOf | tree.AnyOf | tree.Negation):
                try:
                    around = self._around(context, [other for other in alive if other is not item], joined)
                except TooManyError:
                    continue
                alive[place] = self.look(item, around)
        return replace(test, items=tuple(alive))

    def _around(self, context: list[Box], others: Sequence[tree.Test], joined: bool) -> list[Box]:
        """Where the others leave it to one part."""
        return every((context, *(self.space.boxes(other, joined) for other in others)), self.space.possible)

    def _kept(self, item: tree.Test) -> bool:
        """`ticket.kind` says of which lifecycle the rule speaks; naming `message.automatic` is an effect by itself."""
        reads = tree.reads(item)
        if reads <= {"ticket.kind"} or "message.automatic" in reads:
            return True
        return isinstance(item, tree.IsEmpty) and bool(reads & self.guarded)


# ---- moves -------------------------------------------------------------------------------------------------------


def _move(report: Report, seen: Seen, action: CheckedAction) -> None:
    """A transition must lead to the state from every state the condition leaves."""
    view, target = report.view, str(action.args["state"])
    environment = view.environment
    if not environment.moves:
        return
    for key in sorted(seen.keys):
        keys = frozenset({key})
        boxes = view.under(seen.boxes if seen.boxes is not None else seen.wide, keys, seen.rule.stage)
        for kind, states in environment.states.items():
            for state in states:
                if state == target or (state, target) in environment.moves.get(kind, ()):
                    continue
                there = _in_state(view, boxes, kind, state)
                if there is None:
                    continue
                if target not in states:
                    message = say(
                        "{rule} may meet a ticket of kind `{kind}`, which has no state `{target}`",
                        name_of(seen),
                        kind,
                        target,
                    )
                else:
                    message = say(
                        "no transition leads from `{state}` to `{target}`, and {rule} may be in `{state}`",
                        state,
                        target,
                        name_of(seen),
                    )
                finding = Finding(
                    "transition-impossible", message, action.span, _hint(environment.moves.get(kind, ()), target)
                )
                if seen.boxes is None:
                    report.rest(finding, unsure([seen], []))
                    return
                if report.show(finding, there, keys, lambda case: _matches(report, seen, case)):
                    return


def _hint(moves: frozenset[tuple[str, str]] | tuple[()], target: str) -> str:
    sources = sorted({source for source, to in moves if to == target})
    if not sources:
        return say("name the `ticket.kind` this is for")
    return say("ask for the states it may come from: `ticket.state in [{states}]`", ", ".join(sources))


def _in_state(view: View, boxes: list[Box], kind: str, state: str) -> list[Box] | None:
    """The boxes with a ticket of that kind in that state; None when there are none."""
    found: list[list[Box]] = []
    for name, value in (("ticket.kind", kind), ("ticket.state", state)):
        fact = view.space.fact(name, (value,))
        if fact is not None:
            if 0 in fact.values():
                return None
            found.append([fact])
    here = every((boxes, *found), view.space.possible)
    return here or None


def _matches(report: Report, seen: Seen, case: Case) -> bool:
    return report.prover is None or matched(report.prover.matching(seen.rule.stage, case), seen)


# ---- lines that nobody reads -------------------------------------------------------------------------------------


def _unseen(report: Report, seen: Seen) -> None:
    """Lines to the member where the condition leaves only cases that members do not see."""
    view = report.view
    actions = [action for action in seen.rule.actions if view.environment.actions[action.action].for_member]
    if not actions or seen.boxes is None:
        return
    space = view.space
    stage = seen.rule.stage
    facts = [space.fact(name, values) for name, values in view.domains.inside.items()]
    insides = [fact for fact in facts if fact is not None and 0 not in fact.values()]
    boxes = [(key, box) for key in sorted(seen.keys) for box in view.under(seen.boxes, frozenset({key}), stage)]
    if not boxes or not all(any(within(box, inside) for inside in insides) for _, box in boxes):
        return
    for action in actions:
        finding = Finding(
            "reply-to-nobody",
            say(
                "`{action}` does nothing: {rule} meets only internal cases, which members do not see",
                said(action),
                name_of(seen),
            ),
            action.span,
            say("write a `note`, or take it out"),
        )
        key, box = boxes[0]
        report.show(finding, [box], frozenset({key}), lambda case: _matches(report, seen, case))


# ---- redundant actions -------------------------------------------------------------------------------------------


def _contrary(report: Report, seen: Seen) -> None:
    """Actions of one rule that want different things of one target; each is told once."""
    first: dict[str, Written] = {}
    told: set[int] = set()
    for write in seen.writes:
        earlier = first.setdefault(write.target, write)
        if earlier.value == write.value or earlier.action is write.action or id(write.action) in told:
            continue
        told.add(id(write.action))
        report.add(
            Finding(
                "conflicting-actions",
                say("`{action}` contradicts `{other}` in the same rule", said(write.action), said(earlier.action)),
                write.action.span,
                say("take one of them out"),
                related=(Related(earlier.action.span, say("contradicts this")),),
            )
        )


def _redundant(report: Report, seen: Seen) -> None:
    """Actions of one rule that do what another one of it does anyway."""
    done: dict[object, Span] = {}
    tags: dict[tuple[str, How], Span] = {}
    for action in seen.rule.actions:
        key = effect_of(action)
        earlier = done.get(key)
        mine = [(w.target, w.how) for w in seen.writes if w.action is action and w.how in ("add", "remove")]
        again = [tag for tag in mine if tag in tags]
        if earlier is None and mine and len(again) == len(mine):
            earlier = tags[mine[0]]
        elif again and earlier is None:
            _partly(report, action, again, tags)
        for tag in mine:
            tags.setdefault(tag, action.span)
        if earlier is not None:
            words = " ".join(earlier.text.split())
            report.add(
                Finding(
                    "redundant-action",
                    say("`{action}` adds nothing to `{other}`", said(action), words),
                    action.span,
                    say("take it out"),
                    related=(Related(earlier, say("does it already")),),
                )
            )
        done.setdefault(key, action.span)
    _weaker(report, seen)


def _partly(
    report: Report, action: CheckedAction, again: Sequence[tuple[str, How]], tags: Mapping[tuple[str, How], Span]
) -> None:
    """`add tag a` beside `add tag a, b`."""
    names = quoted(target.partition(" ")[2] for target, _ in again)
    earlier = tags[again[0]]
    report.add(
        Finding(
            "redundant-action",
            say("`{action}` names {names} again", said(action), names),
            action.span,
            say("take them out here, or there"),
            related=(Related(earlier, say("does it already")),),
        )
    )


def _weaker(report: Report, seen: Seen) -> None:
    """`raise … to high` beside `raise … to urgent` in one rule."""
    best: dict[tuple[How, str], tuple[int, CheckedAction]] = {}
    for write in seen.writes:
        if write.how not in ("raise", "lower"):
            continue
        key, action = (write.how, write.target), write.action
        rank = _rank(report.view, write.target, action.args["value"])
        if rank is None:
            continue
        held = best.setdefault(key, (rank, action))
        if held[0] == rank:
            continue
        stronger = (rank > held[0]) is (write.how == "raise")
        weak, strong = (held[1], action) if stronger else (action, held[1])
        if stronger:
            best[key] = (rank, action)
        report.add(
            Finding(
                "redundant-action",
                say("`{action}` adds nothing to `{other}`", said(weak), said(strong)),
                weak.span,
                say("take it out"),
                related=(Related(strong.span, say("goes further")),),
            )
        )


def _rank(view: View, name: str, value: object) -> int | None:
    field = view.environment.fields.get(name)
    if field is not None and field.type.enum is not None and isinstance(value, str):
        return field.type.enum.ranks.get(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
