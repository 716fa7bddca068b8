"""All rules together: what never happens, what conflicts, what is missing; each with a case the engine confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.lang import tree
from engine.lang.analysis.boxes import TooManyError, every
from engine.lang.analysis.domains import (
    TOGETHER,
    Arrival,
    Bounds,
    Domains,
    Joint,
    Known,
    OneChanged,
    Same,
    Settled,
    Shape,
)
from engine.lang.analysis.idle import check_idle
from engine.lang.analysis.loops import check_loops
from engine.lang.analysis.pairs import check_pairs
from engine.lang.analysis.report import Prover, Report, Ring, Tie
from engine.lang.analysis.required import check_required
from engine.lang.analysis.rings import check_rings
from engine.lang.analysis.samples import Case
from engine.lang.analysis.single import check_single
from engine.lang.analysis.space import Space
from engine.lang.analysis.stale import check_stale
from engine.lang.analysis.view import View, view_of
from engine.lang.analysis.whole import check_whole
from engine.lang.checked import Checked, CheckedRule
from engine.lang.environment import Environment
from engine.lang.findings import Finding
from engine.lang.kept import Kept
from engine.lang.ruleset import Rule
from engine.lang.said import say

__all__ = [
    "TOGETHER",
    "Arrival",
    "Bounds",
    "Case",
    "Domains",
    "Joint",
    "Known",
    "OneChanged",
    "Prover",
    "Ring",
    "Same",
    "Settled",
    "Shape",
    "Tie",
    "View",
    "analyse",
    "expired",
    "nothing_in",
]


def analyse(
    checked: Checked,
    environment: Environment,
    domains: Domains | None = None,
    prover: Prover | None = None,
    whole: bool = True,
    kept: Kept | None = None,
) -> list[Finding]:
    """Everything there is to say about rules that were checked without errors, in order of path and place.

    `domains`: what the host knows of its fields. `prover`: the engine that confirms each case; without one nothing is
    replayed. `whole`: no rule is missing for a mistake in it. `kept`: see `check`; the domains must be those of its
    environment. What an `allow` silences is still there.
    """
    report = Report(view_of(checked, environment, domains or Domains()), prover)
    check_single(report, kept or Kept())
    check_idle(report)
    check_pairs(report)
    check_stale(report)
    check_required(report)
    check_whole(report, whole)
    check_loops(report)
    check_rings(report)
    return sorted(report.findings, key=lambda f: (f.span.source.path, f.span.start, f.span.end, f.code))


def nothing_in(environment: Environment, domains: Domains, tests: Sequence[tuple[tree.Test, bool]]) -> bool:
    """Whether no case is in which each of the tests holds (True beside it) or does not; False where that is too much
    to find out, or rests on what varies."""
    space = Space(environment, domains)
    for test, _ in tests:
        space.learn(test)
    space.settle()
    try:
        return not every([space.boxes(test, positive) for test, positive in tests], space.possible)
    except TooManyError:
        return False


def expired(rules: Iterable[CheckedRule | Rule], today: str) -> list[Finding]:
    """A warning for each rule whose last day is before `today` (`YYYY-MM-DD`) and that does not allow it itself."""
    return [
        Finding(
            "expired-rule",
            say("`{rule}` has not acted since {ends}", rule.id, rule.ends),
            rule.source.name.span,
            say("take it out, or give it another `until`"),
        )
        for rule in rules
        if rule.ends is not None
        and rule.ends < today
        and rule.variant is None
        and not any(h.kind == "allow" and h.value.code == "expired-rule" for h in rule.source.headers)
    ]
