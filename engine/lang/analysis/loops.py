"""Rules that set each other off: cascades that would not end if rules could act again within one transaction."""

from __future__ import annotations

from collections.abc import Iterable

from engine.lang import tree
from engine.lang.analysis.boxes import Box, meet
from engine.lang.analysis.report import Report, matched, name_of, place_of
from engine.lang.analysis.samples import Case, NoTextError, reasons, sample
from engine.lang.analysis.view import Seen, View
from engine.lang.findings import Finding, Related
from engine.lang.limits import LIMITS
from engine.lang.said import both, say

STARTS = 24
"""Boxes of a rule from which a cascade is tried."""
VARIATIONS = 12
"""Other values tried in each, for fields that hang together."""


def check_loops(report: Report) -> None:
    """Tells each ring of rules that the engine, allowed to repeat itself, would not come out of."""
    view = report.view
    causes = [seen for seen in view.rules if seen.rule.limit is None and _raised(view, seen)]
    hears: dict[str, list[Seen]] = {}
    for seen in causes:
        for key in seen.keys:
            hears.setdefault(key, []).append(seen)
    follows = {seen: _followers(view, seen, hears) for seen in causes}
    for ring in _rings(causes, follows):
        _try(report, ring)
    _check_openings(report)


# ---- cases that open cases -----------------------------------------------------------------------------------------


def _check_openings(report: Report) -> None:
    """Rules that open cases in which they, or each other, open cases again.

    Only where it is certain that each opened case is taken: by its kind, its member and the clock, which go along; what
    a case says, or where it came from, may be another one's. A `limit` per ticket does not end it: each is a new one.
    """
    view = report.view
    if "ticket.created" not in view.environment.events:
        return
    openers = [
        seen
        for seen in view.rules
        if "ticket.created" in seen.keys
        and _opened(view, seen)
        and (seen.rule.limit is None or seen.rule.limit.scope == "ticket")
    ]
    follows = {seen: [other for other in openers if _takes(view, seen, other)] for seen in openers}
    for ring in _rings(openers, follows):
        alone = len(ring) == 1
        if not alone and any(_asked(seen) - {"ticket.kind"} for seen in ring):
            continue
        first, *others = ring
        names = both(name_of(seen) for seen in ring[:4])
        kind = sorted(_opened(view, first))[0]
        if alone:
            message = say("{rule} opens cases that it takes again, without end", names)
        else:
            message = say("{rules} open cases that they take again, without end", names)
        report.show(
            Finding(
                "rule-loop",
                message,
                first.rule.source.name.span,
                say("ask for the `ticket.kind`, so that a `{kind}` opened here is not taken again", kind),
                related=tuple(Related(other.rule.source.name.span, say("and this")) for other in others),
            ),
            _as_opened(view, first, _opened(view, ring[-1])),
            frozenset({"ticket.created"}),
            lambda case, first=first: (
                report.prover is None  # type: ignore[misc]
                or matched(report.prover.matching(first.rule.stage, case), first)
            ),
        )


def _opened(view: View, seen: Seen) -> frozenset[str]:
    """The kinds of the cases that a rule opens."""
    raised = (
        one for action in seen.rule.actions for one in view.environment.actions[action.action].raises(action.args)
    )
    return frozenset(str(one.known["ticket.kind"]) for one in raised if one.event == "ticket.created")


def _asked(seen: Seen) -> frozenset[str]:
    return frozenset() if seen.rule.condition is None else tree.reads(seen.rule.condition)


def _takes(view: View, seen: Seen, other: Seen) -> bool:
    certain = all(name in ("ticket.kind", "weekday", "now") or name.startswith("member.") for name in _asked(other))
    return certain and bool(_as_opened(view, other, _opened(view, seen)))


def _as_opened(view: View, seen: Seen, kinds: frozenset[str]) -> list[Box]:
    """Where a rule matches a case of one of these kinds that was just opened."""
    fact = view.space.fact("ticket.kind", sorted(kinds))
    boxes = view.under(seen.boxes or (), frozenset({"ticket.created"}), seen.rule.stage)
    if fact is None:
        return boxes
    return [both for box in boxes if 0 not in fact.values() and (both := meet(box, fact)) is not None]


# ---- cascades ------------------------------------------------------------------------------------------------------


def _raised(view: View, seen: Seen) -> frozenset[str]:
    """The events of the next wave that a rule's actions can cause."""
    found: set[str] = set()
    for action in seen.rule.actions:
        verb = view.environment.actions[action.action]
        found.update(event for write in verb.writes(action.args) for event in view.environment.events_of(write))
        found.update(one.event for one in verb.raises(action.args) if not one.later)
    return frozenset(found & set(view.environment.events))


def _followers(view: View, seen: Seen, hears: dict[str, list[Seen]]) -> list[Seen]:
    found: dict[Seen, None] = {}
    for kind in sorted(_raised(view, seen)):
        for other in hears.get(kind, ()):
            found[other] = None
    return list(found)


def _rings(rules: list[Seen], follows: dict[Seen, list[Seen]]) -> Iterable[list[Seen]]:
    """Strongly connected rules (Tarjan), without recursion; a rule by itself only when it follows itself."""
    index: dict[Seen, int] = {}
    low: dict[Seen, int] = {}
    held: list[Seen] = []
    inside: set[Seen] = set()
    for root in rules:
        if root in index:
            continue
        work: list[tuple[Seen, int]] = [(root, 0)]
        while work:
            node, at = work.pop()
            if at == 0:
                index[node] = low[node] = len(index)
                held.append(node)
                inside.add(node)
            nexts = follows[node]
            if at > 0:
                low[node] = min(low[node], low[nexts[at - 1]])
            pushed = False
            for place in range(at, len(nexts)):
                other = nexts[place]
                if other not in index:
                    work.append((node, place + 1))
                    work.append((other, 0))
                    pushed = True
                    break
                if other in inside:
                    low[node] = min(low[node], index[other])
            if pushed:
                continue
            if low[node] == index[node]:
                ring: list[Seen] = []
                while True:
                    member = held.pop()
                    inside.discard(member)
                    ring.append(member)
                    if member is node:
                        break
                if len(ring) > 1 or node in follows[node]:
                    yield sorted(ring, key=place_of)


def _try(report: Report, ring: list[Seen]) -> None:
    """Starts a cascade from each rule of the ring."""
    prover = report.prover
    if prover is None or not any(_swings(report.view, seen, ring) for seen in ring):
        return
    told: set[Seen] = set()
    for seen in ring:
        if seen in told:
            continue
        for key in sorted(seen.keys):
            keys = frozenset({key})
            for box in report.view.under(_starts(report.view, seen, ring), keys, seen.rule.stage)[:STARTS]:
                if reasons(report.view, box):
                    continue
                run: list[frozenset[str]] = []

                def endless(case: Case, run: list[frozenset[str]] = run) -> bool:
                    run[:] = prover.cascade(case, LIMITS.waves + 1)
                    return len(run) > LIMITS.waves

                try:
                    case = sample(report.view, box, keys, endless, VARIATIONS)
                except NoTextError:
                    continue
                if case is not None and endless(case):
                    told.update(m for m in ring if any(m.rule.id in wave for wave in run))
                    _tell(report, ring, run, case)
                    break


def _starts(view: View, seen: Seen, ring: list[Seen]) -> list[Box]:
    """Where cascades are tried from: each box of the rule, and what it shares with the others."""
    own = list(seen.boxes or seen.wide)
    shared = [both for box in own for other in ring for more in other.boxes or () if (both := meet(box, more))]
    return [*own, *shared]


def _swings(view: View, seen: Seen, ring: list[Seen]) -> bool:
    """Whether a rule of the ring can change something again after it did: what only rises or is only set once ends."""
    for action in seen.rule.actions:
        verb = view.environment.actions[action.action]
        if verb.to_member or verb.raised_at_once(action.args):
            return True
        writes = [write for write in seen.writes if write.action is action]
        if any(write.varies and write.how in ("set", "raise", "lower") for write in writes):
            return True
        for write in writes:
            for other in ring:
                if any(w.target == write.target and w.value != write.value for w in other.writes):
                    return True
    return False


def _tell(report: Report, ring: list[Seen], run: list[frozenset[str]], case: Case) -> None:
    """One finding for a cascade: the rules that come again, or the row of them that is too long."""
    count: dict[str, int] = {}
    for wave in run:
        for name in wave:
            count[name] = count.get(name, 0) + 1
    again = [seen for seen in ring if count.get(seen.rule.id, 0) > 1]
    first, *others = again or [seen for seen in ring if seen.rule.id in count] or ring
    names = both(name_of(seen) for seen in (first, *others)[:4])
    message = say("{rule} sets itself off again and again", names)
    if others:
        message = say("{rules} set each other off again and again", names)
    if not again:
        several = (*(name_of(seen) for seen in (first, *others)[:4]), "…")
        message = say(
            "{rules} set each other off in more than {waves} waves", several if len(others) > 3 else names, LIMITS.waves
        )
    report.add(
        Finding(
            "rule-loop",
            message,
            first.rule.source.name.span,
            say("`limit once per ticket`, or let a condition end it"),
            witness=case.shown,
            related=tuple(Related(seen.rule.source.name.span, say("in turn")) for seen in others[:4]),
        )
    )
