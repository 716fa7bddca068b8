"""Rules against each other: conflicts, ambiguous firsts, shadowed, implied and doubled rules."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace

from engine.lang import tree
from engine.lang.analysis.boxes import Box, TooManyError, pairs
from engine.lang.analysis.clusters import Clusters, alone
from engine.lang.analysis.disagreement import disagreement, shown
from engine.lang.analysis.report import Report, matched, name_of, place_of, unsure
from engine.lang.analysis.samples import Case, NoTextError, reasons, sample
from engine.lang.analysis.view import Cover, Seen, View, overlap
from engine.lang.analysis.writes import Written
from engine.lang.findings import Finding, Related
from engine.lang.ruleset import Rule
from engine.lang.said import say
from engine.lang.source import Span

LOOKS = 3
"""Boxes in which a case is looked for that shows what is so in all."""


def check_pairs(report: Report) -> None:
    """All checks of rules against each other, stage by stage."""
    view = report.view
    for stage, rules in view.stages.items():
        shadowed: set[Seen] = set()
        if stage in view.firsts:
            shadowed = _shadowed_in_first(report, rules)
            _ambiguous(report, stage, rules)
        else:
            _conflicts(report, stage, rules)
            shadowed = _always_loses(report, rules)
            _implied(report, rules, shadowed)
        _doubled(report, rules)


# ---- conflicts ---------------------------------------------------------------------------------------------------


def _conflicts(report: Report, stage: str, rules: Sequence[Seen]) -> None:
    by_target: dict[str, list[tuple[Seen, Written]]] = {}
    for seen in rules:
        for write in seen.writes:
            by_target.setdefault(write.target, []).append((seen, write))
    told: set[tuple[Span, Span]] = set()
    for target, writers in sorted(by_target.items()):
        if len({write.value for _, write in writers}) > 1:
            _target_conflicts(report, stage, target, writers, told)


def _target_conflicts(
    report: Report, stage: str, target: str, writers: list[tuple[Seen, Written]], told: set[tuple[Span, Span]]
) -> None:
    by_rank: dict[Hashable, list[tuple[Seen, Written]]] = {}
    for seen, write in writers:
        by_rank.setdefault(seen.rank, []).append((seen, write))
    deciders: _Deciders | None = None
    for group in by_rank.values():
        kinds = [write.value for _, write in group]
        if len(set(kinds)) < 2:
            continue
        entries = [(n, box) for n, (seen, _) in enumerate(group) for box in seen.waved]
        deciders = deciders or _Deciders(report.view, [seen for seen, _ in writers])
        clusters = Clusters(group)
        for one, other in pairs(entries, report.view.space.full, kinds, clusters.of):
            (a, write_a), (b, write_b) = group[one], group[other]
            if a.rule.id == b.rule.id or write_a.value == write_b.value:
                continue
            first, second = sorted(((a, write_a), (b, write_b)), key=lambda item: place_of(item[0]))
            spans = (first[1].action.span, second[1].action.span)
            if spans in told:
                clusters.join(one, other, None)
                continue
            mine = alone(report)
            if not clusters.enough(one, other) and _conflict(mine, stage, target, first, second, deciders):
                told.add(spans)
                clusters.join(one, other, mine.findings[0], sure=mine.replayed)
        report.findings.extend(clusters.findings())


def _conflict(
    report: Report,
    stage: str,
    target: str,
    first: tuple[Seen, Written],
    second: tuple[Seen, Written],
    deciders: _Deciders,
) -> bool:
    (a, write_a), (b, write_b) = first, second
    finding = Finding(
        "conflicting-actions",
        disagreement(a, b, target),
        write_a.action.span,
        say("give one of them a higher `priority`"),
        related=(Related(write_b.action.span, say("here {action}", shown(write_b))),),
        label=say("here {action}", shown(write_a)),
    )

    def proves(case: Case) -> bool:
        prover = report.prover
        if prover is None:
            return True
        found = prover.matching(stage, case)
        if not (matched(found, a) and matched(found, b)):
            return False
        # A third one of their rank would hide that these two disagree as well.
        found = [rule for rule in found if _outranks(rule, a) or matched([rule], a) or matched([rule], b)]
        names = {a.rule.id, b.rule.id}
        return any({tie.loser, tie.winner} == names and tie.target == target for tie in prover.ties(found, case))

    return _open(report, a, b, deciders, finding, proves)


def _outranks(rule: Rule, seen: Seen) -> bool:
    return (-rule.priority, rule.shop is None) < seen.rank


def _open(
    report: Report, a: Seen, b: Seen, deciders: _Deciders, finding: Finding, proves: Callable[[Case], bool]
) -> bool:
    """Reports what two rules of one rank leave undecided, if they do in some wave."""
    for keys in report.view.meetings(a.keys, b.keys):
        boxes = overlap(report.view, a, b, keys)
        if not boxes:
            continue
        opaque = [seen for seen in (a, b) if seen.boxes is None]
        rest, limited = deciders.undecided(boxes, a, keys)
        if rest is None:
            continue
        if opaque or limited:
            report.rest(finding, unsure(opaque, limited))
            return True
        if report.show(finding, [rest, *boxes] if rest not in boxes else [rest], keys, proves):
            return True
    return False


class _Deciders:
    """Who writes one target, and so settles what others of lower rank disagree about."""

    def __init__(self, view: View, writers: Iterable[Seen]) -> None:
        self._view = view
        self._writers = list(dict.fromkeys(writers))
        self._cover = Cover(view.space, [seen for seen in self._writers if seen.boxes is not None])

    def undecided(self, boxes: list[Box], of: Seen, keys: frozenset[str]) -> tuple[Box | None, list[Seen]]:
        """A box in which no rule of higher rank decides, or None; and the rules that would but for their `limit`."""

        def higher(seen: Seen) -> bool:
            return seen.rank < of.rank and not seen.keys.isdisjoint(keys)

        try:
            rest = self._cover.uncovered(boxes, lambda seen: higher(seen) and seen.rule.limit is None)
        except TooManyError:
            rest = boxes[0]
        if rest is None or not any(higher(seen) and seen.rule.limit is not None for seen in self._writers):
            return rest, []
        try:
            free = self._cover.uncovered(boxes, higher)
        except TooManyError:
            return rest, []
        if free is not None:
            return free, []
        return rest, [seen for seen in self._writers if higher(seen) and seen.rule.limit is not None][:2]


# ---- mode: first -------------------------------------------------------------------------------------------------


def _both_first(stage: str, a: Seen, b: Seen) -> Finding:
    """On the actions that disagree, if there are such; else on the names."""
    hint = say("give one of them a higher `priority`")
    for one in a.writes:
        other = next((w for w in b.writes if w.target == one.target and w.value != one.value), None)
        if other is not None:
            return Finding(
                "ambiguous-first",
                say("{conflict}, and either may come first", disagreement(a, b, one.target)),
                one.action.span,
                hint,
                related=(Related(other.action.span, say("here {action}", shown(other))),),
                label=say("here {action}", shown(one)),
            )
    return Finding(
        "ambiguous-first",
        say("{rule} and {other} may both come first in the stage `{stage}`", name_of(a), name_of(b), stage),
        a.rule.source.name.span,
        hint,
        related=(Related(b.rule.source.name.span, say("of priority {priority}, too", b.rule.priority)),),
        label=say("of priority {priority}", a.rule.priority),
    )


def _ambiguous(report: Report, stage: str, rules: Sequence[Seen]) -> None:
    by_rank: dict[Hashable, list[Seen]] = {}
    for seen in rules:
        by_rank.setdefault(seen.rank, []).append(seen)
    deciders = _Deciders(report.view, rules)
    for group in by_rank.values():
        if len(group) < 2:
            continue
        entries = [(n, box) for n, seen in enumerate(group) for box in seen.waved]
        kinds = [seen.effects for seen in group]
        clusters = Clusters([(seen, None) for seen in group])
        for one, other in pairs(entries, report.view.space.full, kinds, clusters.of):
            if group[one].rule.id == group[other].rule.id:
                continue
            a, b = sorted((group[one], group[other]), key=place_of)
            finding = _both_first(stage, a, b)

            def proves(case: Case, a: Seen = a, b: Seen = b) -> bool:
                prover = report.prover
                if prover is None:
                    return True
                found = prover.matching(stage, case)
                return (
                    matched(found, a)
                    and matched(found, b)
                    and found[0].priority == a.rule.priority
                    and (found[0].shop is None) == (a.rule.shop is None)
                )

            mine = alone(report)
            if not clusters.enough(one, other) and _open(mine, a, b, deciders, finding, proves):
                clusters.join(one, other, mine.findings[0], sure=mine.replayed)
        report.findings.extend(clusters.findings())


def _shadowed_in_first(report: Report, rules: Sequence[Seen]) -> set[Seen]:
    view = report.view
    shadowed: set[Seen] = set()
    cover = Cover(view.space, [seen for seen in rules if seen.boxes is not None and seen.rule.limit is None])
    for seen in rules:
        if not seen.boxes:
            continue
        winners: dict[Seen, None] = {}
        if all(_covered(view, cover, seen, key, winners) for key in seen.keys):
            shadowed.add(seen)
            _tell_shadowed(report, seen, winners, in_order=True)
    return shadowed


def _covered(view: View, cover: Cover, seen: Seen, key: str, winners: dict[Seen, None]) -> bool:
    """Whether rules ahead of `seen` match wherever it does in this event."""
    keys = frozenset({key})
    boxes = view.under(seen.boxes or (), keys, seen.rule.stage)

    def ahead(other: Seen) -> bool:
        return other.rank < seen.rank and key in other.keys

    try:
        if cover.uncovered(boxes, ahead, winners) is not None:
            return False
    except TooManyError:
        return False
    return bool(boxes)


def _tell_shadowed(report: Report, seen: Seen, winners: Iterable[Seen], *, in_order: bool) -> None:
    found = sorted(winners, key=place_of)
    names = (*(name_of(other) for other in found[:4]), *(["…"] if len(found) > 4 else []))
    match in_order, len(found) == 1:
        case True, True:
            message = say("{rule} never has its way: {names} comes before it wherever it matches", name_of(seen), names)
        case True, False:
            message = say(
                "{rule} never has its way: together {names} come before it wherever it matches", name_of(seen), names
            )
        case False, True:
            message = say(
                "{rule} never has its way: {names} writes the same with a higher priority wherever it matches",
                name_of(seen),
                names,
            )
        case _:
            message = say(
                "{rule} never has its way: together {names} write the same with a higher priority wherever it matches",
                name_of(seen),
                names,
            )
    finding = Finding(
        "shadowed-rule",
        message,
        seen.rule.source.name.span,
        say("raise its `priority`, narrow the others, or take it out"),
        related=tuple(Related(other.rule.source.name.span, say("wins")) for other in found[:4]),
    )
    _with_case(report, finding, seen, found)


def _with_case(report: Report, finding: Finding, seen: Seen, others: Sequence[Seen]) -> None:
    """Adds what is so in every case, with one of them in which the rule and one of the others match, if it is found."""
    for key in sorted(seen.keys):
        keys = frozenset({key})

        def proves(case: Case) -> bool:
            if report.prover is None:
                return True
            there = report.prover.matching(seen.rule.stage, case)
            return matched(there, seen) and any(matched(there, other) for other in others)

        for box in report.view.under(seen.boxes or (), keys, seen.rule.stage)[:LOOKS]:
            case = None
            if not reasons(report.view, box):
                with contextlib.suppress(NoTextError):
                    case = sample(report.view, box, keys, proves)
            if case is not None:
                report.add(replace(finding, witness=case.shown))
                return
    report.add(finding)


def _always_loses(report: Report, rules: Sequence[Seen]) -> set[Seen]:
    """Rules of which every single action is always overruled."""
    view = report.view
    writers: dict[str, list[Seen]] = {}
    for seen in rules:
        for write in seen.writes:
            writers.setdefault(write.target, []).append(seen)
    covers: dict[str, Cover] = {}
    shadowed: set[Seen] = set()
    for seen in rules:
        if not seen.boxes or len({id(w.action) for w in seen.writes}) < len(seen.rule.actions):
            continue
        lost: dict[Seen, None] = {}
        if all(_action_loses(view, covers, writers, seen, action, lost) for action in seen.rule.actions):
            shadowed.add(seen)
            _tell_shadowed(report, seen, lost, in_order=False)
    return shadowed


def _action_loses(
    view: View,
    covers: dict[str, Cover],
    writers: dict[str, list[Seen]],
    seen: Seen,
    action: object,
    lost: dict[Seen, None],
) -> bool:
    writes = [write for write in seen.writes if write.action is action]
    for write in writes:
        others = writers[write.target]
        if not any(other.rank < seen.rank for other in others):
            continue
        if write.target not in covers:
            covers[write.target] = Cover(
                view.space, [o for o in others if o.boxes is not None and o.rule.limit is None]
            )
        if all(_overruled(view, covers[write.target], seen, write, key, lost) for key in seen.keys):
            # One tag lost of several leaves the others.
            if write.how in ("add", "remove") and len(writes) > 1:
                continue
            return True
    return False


def _overruled(view: View, cover: Cover, seen: Seen, write: Written, key: str, lost: dict[Seen, None]) -> bool:
    boxes = view.under(seen.boxes or (), frozenset({key}), seen.rule.stage)

    def over(other: Seen) -> bool:
        return (
            other.rank < seen.rank
            and key in other.keys
            and any(w.target == write.target and w.value != write.value and not w.varies for w in other.writes)
        )

    try:
        return bool(boxes) and cover.uncovered(boxes, over, lost) is None
    except TooManyError:
        return False


# ---- the same again ----------------------------------------------------------------------------------------------


def _says_as_freely(view: View, other: Seen, seen: Seen) -> bool:
    """Whether where a machine wrote one rule may say what the other may: who names `message.automatic` may."""
    if not any(view.environment.actions[action.action].to_member for action in seen.rule.actions):
        return True
    return _names_machines(other) or not _names_machines(seen)


def _names_machines(seen: Seen) -> bool:
    return seen.rule.condition is not None and "message.automatic" in tree.reads(seen.rule.condition)


def _implied(report: Report, rules: Sequence[Seen], shadowed: set[Seen]) -> None:
    view = report.view
    by_effect: dict[Hashable, list[Seen]] = {}
    for seen in rules:
        for effect in seen.effects:
            by_effect.setdefault(effect, []).append(seen)
    covers: dict[Hashable, Cover] = {}
    implied: set[Seen] = set()
    for seen in rules:
        if not seen.boxes or seen in shadowed or not seen.effects:
            continue
        rarest = min(seen.effects, key=lambda effect: len(by_effect[effect]))
        if len(by_effect[rarest]) < 2:
            continue
        if rarest not in covers:
            covers[rarest] = Cover(
                view.space, [o for o in by_effect[rarest] if o.boxes is not None and o.rule.limit is None]
            )

        def does(other: Seen, seen: Seen = seen) -> bool:
            return (
                other is not seen
                and other.rule.id != seen.rule.id
                and other not in implied
                and seen.effects <= other.effects
                and seen.keys <= other.keys
                and (not seen.writes or other.rank <= seen.rank)
                and _says_as_freely(view, other, seen)
            )

        others: dict[Seen, None] = {}
        try:
            where = [box for key in seen.keys for box in view.under(seen.boxes, frozenset({key}), seen.rule.stage)]
            if not where or covers[rarest].uncovered(where, does, others) is not None:
                continue
        except TooManyError:
            continue
        if seen.rule.condition is not None and any(_duplicates(seen, other) for other in others):
            continue
        implied.add(seen)
        found = sorted(others, key=place_of)
        names = tuple(name_of(other) for other in found[:4])
        message = say("whenever {rule} matches, {names} do the same already", name_of(seen), names)
        if len(found) == 1:
            message = say("whenever {rule} matches, {names} does the same already", name_of(seen), names)
        finding = Finding(
            "implied-rule",
            message,
            seen.rule.source.name.span,
            say("take it out"),
            related=tuple(Related(other.rule.source.name.span, say("does the same")) for other in found[:4]),
        )
        _with_case(report, finding, seen, found)


def _duplicates(one: Seen, other: Seen) -> bool:
    """Whether it is told that they have one condition."""
    same = (one.keys, one.rule.shop, one.rule.variant) == (other.keys, other.rule.shop, other.rule.variant)
    return same and other.rule.condition is not None and _signature(one) == _signature(other)


def _signature(seen: Seen) -> frozenset[tuple[tuple[int, int], ...]]:
    return frozenset(tuple(sorted(box.items())) for box in seen.condition or ())


def _doubled(report: Report, rules: Sequence[Seen]) -> None:
    by_condition: dict[Hashable, list[Seen]] = {}
    for seen in rules:
        if seen.rule.condition is not None and seen.condition:
            key = (seen.keys, seen.rule.shop, seen.rule.variant, _signature(seen))
            by_condition.setdefault(key, []).append(seen)
    for group in by_condition.values():
        first, *others = sorted(group, key=place_of)
        for seen in others:
            condition = seen.rule.source.condition
            report.add(
                Finding(
                    "duplicate-condition",
                    say("{rule} has the condition of {other}", name_of(seen), name_of(first)),
                    condition.span if condition is not None else seen.rule.source.name.span,
                    say("put their actions into one rule, or give the condition a name with `define`"),
                    related=(Related(first.rule.source.name.span, say("has it, too")),),
                )
            )
