"""The set as a whole: tickets nobody routes, storms of replies, templates and events nobody uses or hears."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.lang import tree
from engine.lang.analysis.boxes import Box, TooManyError, apart, every, meet
from engine.lang.analysis.report import Report, matched, name_of, place_of, unsure
from engine.lang.analysis.rings import check_unheard
from engine.lang.analysis.samples import Case
from engine.lang.analysis.space import Space
from engine.lang.analysis.view import Cover, Seen, View
from engine.lang.analysis.writes import effect_of
from engine.lang.findings import Finding, Related
from engine.lang.said import say

ROUTES = frozenset({"route", "assign"})
REPLIES = 3
"""More replies than this to one event are a storm."""
LOOKS = 20_000
"""Combinations of replying rules looked at in one stage."""


def check_whole(report: Report, whole: bool) -> None:
    """All checks of the set as a whole. `whole`: no rule was left out for a mistake, so what is missing is missing."""
    for stage, rules in report.view.stages.items():
        _storm(report, stage, rules)
    _arrivals(report)
    if whole:
        _no_route(report)
        check_unheard(report)
        _templates(report)
        _unheard(report)


# ---- states ------------------------------------------------------------------------------------------------------


def _arrivals(report: Report) -> None:
    """States into which ways lead, none of which is ever open."""
    space = report.view.space
    for arrival in report.view.domains.arrivals:
        if arrival.ways and all(_never_open(space, before, guard) for before, guard in arrival.ways):
            message = say("no case comes into `{state}`: the conditions of the ways into it never hold", arrival.state)
            report.add(Finding("unused-state", message, arrival.place, say("mend a `when`, or take the state out")))


def _never_open(space: Space, before: Mapping[str, tuple[Any, ...]], guard: tree.Test | None) -> bool:
    if guard is None:
        return False
    try:
        boxes = space.boxes(guard)
        facts = [[fact] for name, values in before.items() if (fact := space.fact(name, values)) is not None]
        return not every((boxes, *facts), space.possible)
    except TooManyError:
        return False


# ---- no-route ----------------------------------------------------------------------------------------------------


def _no_route(report: Report) -> None:
    """A ticket just opened that no routing rule takes."""
    view = report.view
    routing = [seen for seen in view.rules if any(action.action in ROUTES for action in seen.rule.actions)]
    keys = frozenset(kind for kind in ("ticket.created", "message.received") if kind in view.environment.events)
    asked = [seen for seen in routing if not seen.keys.isdisjoint(keys)]
    if not asked or "ticket.created" not in keys:
        return
    boxes = _fresh(view, keys)
    taken: list[Seen] = []
    opaque = [seen for seen in asked if seen.boxes is None]
    limited = [seen for seen in asked if seen.rule.limit is not None and seen.rule.limit.scope != "ticket"]
    for seen in asked:
        if seen not in limited and seen.boxes is not None:
            taken.append(seen)
    for gap, blocker in _gaps(view, boxes, taken, keys):
        last = max(asked, key=lambda seen: (seen.order, place_of(seen)))
        where = blocker or last
        message = say("a new ticket is possible that no routing rule takes")
        if blocker is not None:
            message = say("where {rule} comes first, no rule routes the ticket", name_of(blocker))
        finding = Finding(
            "no-route",
            message,
            where.rule.source.name.span,
            say('route it, or write `allow no-route "why"` into {rule}', name_of(where)),
        )
        if opaque or limited:
            try:
                everyone = [*taken, *(seen for seen in limited if seen.boxes is not None)]
                if opaque or Cover(view.space, everyone).uncovered([gap], _asked_in(keys)) is None:
                    report.rest(finding, unsure(opaque, limited))
                    continue
            except TooManyError:
                continue

        def proves(case: Case, blocker: Seen | None = blocker) -> bool:
            return report.prover is None or not _routed(report, case)

        report.show(finding, [gap], keys, proves)


def _asked_in(keys: frozenset[str]) -> Callable[[Seen], bool]:
    return lambda seen: not seen.keys.isdisjoint(keys)


def _fresh(view: View, keys: frozenset[str]) -> list[Box]:
    box: Box | None = view.facts(keys)
    for name, values in view.domains.fresh.items():
        fact = view.space.fact(name, values)
        if fact is not None and box is not None:
            box = meet(box, fact)
    return [] if box is None else [box]


def _gaps(
    view: View, boxes: list[Box], taken: Sequence[Seen], keys: frozenset[str]
) -> Iterable[tuple[Box, Seen | None]]:
    """Boxes no rule routes: none matches at all, or in a stage of mode `first` another one comes before."""
    asked = _asked_in(keys)
    try:
        gap = Cover(view.space, taken).uncovered(boxes, asked)
    except TooManyError:
        return
    if gap is not None:
        yield gap, None
        return
    loose = [seen for seen in taken if seen.rule.stage not in view.firsts]
    for stage in view.firsts:
        rules = view.stages.get(stage, [])
        mine = [seen for seen in taken if seen.rule.stage == stage]
        if not mine:
            continue  # nothing is routed here, so nothing here keeps anything from being routed
        for blocker in rules:
            if blocker in mine or blocker.boxes is None or not asked(blocker):
                continue
            if any(action.action in ROUTES for action in blocker.rule.actions):
                continue
            inside = every((boxes, blocker.boxes), view.space.possible)
            ahead = [seen for seen in mine if seen.order < blocker.order]
            try:
                left = Cover(view.space, [*ahead, *loose]).uncovered(inside, asked)
            except TooManyError:
                continue
            if left is not None:
                yield left, blocker


def _routed(report: Report, case: Case) -> bool:
    """Whether, as the engine has it, some rule routes."""
    prover, view = report.prover, report.view
    if prover is None:
        return False
    for stage in view.stages:
        found = list(prover.matching(stage, case))
        if stage in view.firsts:
            found = found[:1]
        if any(action.action in ROUTES for rule in found for action in rule.actions):
            return True
    return False


# ---- storms ------------------------------------------------------------------------------------------------------


def _storm(report: Report, stage: str, rules: Sequence[Seen]) -> None:
    """More than three different replies in one wave of one stage."""
    view = report.view
    speaking = [(seen, _replies(view, seen)) for seen in rules if seen.boxes and _replies(view, seen)]
    if sum(len(said) for _, said in speaking) <= REPLIES:
        return
    for keys in _waves(view, [seen for seen, _ in speaking]):
        asked = [(seen, said) for seen, said in speaking if not seen.keys.isdisjoint(keys)]
        if stage in view.firsts:
            groups = [[seen] for seen, said in asked if len(said) > REPLIES]
        else:
            found = _most(view, asked, keys)
            groups = [found] if found else []
        for group in groups:
            boxes = view.under(_all_of(view, group), keys)
            first, *others = sorted(group, key=place_of)
            names = tuple(name_of(seen) for seen in (first, *others))
            count = len(frozenset().union(*(_replies(view, seen) for seen in group)))
            finding = Finding(
                "reply-storm",
                say("one event can get {count} replies in the stage `{stage}`: from {names}", count, stage, names),
                first.rule.source.name.span,
                say("let their conditions exclude each other, or put the texts into one"),
                related=tuple(Related(seen.rule.source.name.span, say("replies, too")) for seen in others),
            )

            def proves(case: Case, group: Sequence[Seen] = group) -> bool:
                prover = report.prover
                if prover is None:
                    return True
                there = prover.matching(stage, case)
                return all(matched(there, seen) for seen in group)

            if report.show(finding, boxes, keys, proves):
                return


def _replies(view: View, seen: Seen) -> frozenset[object]:
    verbs = view.environment.actions
    return frozenset(effect_of(action) for action in seen.rule.actions if verbs[action.action].to_member)


def _waves(view: View, rules: Sequence[Seen]) -> Iterable[frozenset[str]]:
    """The largest sets of events that arise together, as far as these rules name them."""
    named = frozenset(key for seen in rules for key in seen.keys)
    found: dict[frozenset[str], None] = {}
    for wave in view.domains.waves:
        inside = frozenset(key for key in named if view.plain_key(key) and key in wave)
        if inside:
            found[inside] = None
    for key in sorted(named):
        if not any(key in wave for wave in found):
            found[frozenset({key})] = None
    return found


def _all_of(view: View, group: Sequence[Seen]) -> list[Box]:
    try:
        return every([seen.boxes or [] for seen in group], view.space.possible)
    except TooManyError:
        return []


def _most(view: View, asked: Sequence[tuple[Seen, frozenset[object]]], keys: frozenset[str]) -> list[Seen] | None:
    """Rules that can match together and make more than three replies; None when none were found."""
    facts = view.facts(keys)
    if facts is None:
        return None
    looks = 0
    stack: list[tuple[int, list[Seen], list[Box], frozenset[object]]] = [(0, [], [facts], frozenset())]
    while stack:
        start, group, boxes, said = stack.pop()
        for place in range(len(asked) - 1, start - 1, -1):
            seen, more = asked[place]
            if more <= said:
                continue
            looks += 1
            if looks > LOOKS:
                return None
            both = [
                box
                for one in boxes
                for other in seen.boxes or ()
                if not apart(one, other) and (box := meet(one, other)) is not None and view.space.possible(box)
            ]
            if not both or len(both) > 64:
                continue
            together = [*group, seen]
            if len(said | more) > REPLIES:
                return together
            stack.append((place + 1, together, both, said | more))
    return None


# ---- templates and events ----------------------------------------------------------------------------------------


def _templates(report: Report) -> None:
    """Templates that no rule sends."""
    environment = report.view.environment
    used = {
        str(action.args["template"])
        for seen in report.view.rules
        for action in seen.rule.actions
        if action.args.get("template")
    }
    for book in (environment.templates, *environment.shop_templates.values()):
        for name, texts in book.items():
            if name not in used and texts:
                first = next(iter(texts.values()))
                report.add(Finding("unused-template", say("no rule sends the template `{name}`", name), first.span))


def _unheard(report: Report) -> None:
    """Events that will come and that no rule hears."""
    heard = {event.kind for seen in report.view.rules for event in seen.rule.events}
    for kind, (span, why) in report.view.domains.expected.items():
        if kind not in heard:
            report.add(Finding("no-rule-for-event", say("{why}, and no rule hears it", why), span, f"`on {kind}`"))
