"""Rules that disagree, put together: who hangs together by conflicts is told of at once, and none is nameless."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from engine.lang.analysis.disagreement import shown
from engine.lang.analysis.report import Report, name_of, place_of
from engine.lang.analysis.view import Seen
from engine.lang.analysis.writes import Written
from engine.lang.findings import Finding, Related
from engine.lang.said import say
from engine.lang.source import Span

DOUBTS = 3
"""Doubtful conflicts told of one rule: past that the first few say it all."""

Party = tuple[Seen, Written | None]
"""A rule, and which of its wishes is meant; None: the rule as a whole."""


class Clusters:
    """Who disagrees with whom of some rules, which go by their number. Two that hang together already, by others, need
    not be looked at: so of a thousand that all disagree a thousand pairs are, not half a million.

    Only what was replayed puts rules together; a conflict that rests on what nobody can say is told of by itself, and
    not at all of two that hang together anyway.
    """

    def __init__(self, parties: Sequence[Party]) -> None:
        self._parties = parties
        self._of: dict[int, int] = {}
        self._found: list[tuple[int, int, Finding]] = []
        self._doubtful: list[tuple[int, int, Finding]] = []
        self._doubts: dict[int, int] = {}

    def of(self, number: int) -> int:
        """The cluster of a rule, by the number of one of it."""
        root = number
        while self._of.get(root, root) != root:
            root = self._of[root]
        while self._of.get(number, number) != root:
            self._of[number], number = root, self._of[number]
        return root

    def enough(self, one: int, other: int) -> bool:
        """Whether so much is doubtful of two rules that are both told of that more would say nothing new."""
        counts = self._doubts.get(one, 0), self._doubts.get(other, 0)
        return min(counts) > 0 and max(counts) >= DOUBTS

    def join(self, one: int, other: int, finding: Finding | None, *, sure: bool = True) -> None:
        """These two disagree, as the finding tells; None: it is told elsewhere. `sure`: it was replayed."""
        if not sure and finding is not None:
            self._doubtful.append((one, other, finding))
            for number in (one, other):
                self._doubts[number] = self._doubts.get(number, 0) + 1
            return
        self._of[self.of(other)] = self.of(one)
        if finding is not None:
            self._found.append((one, other, finding))

    def findings(self) -> Iterator[Finding]:
        """One for each cluster: the first of its conflicts, with everybody else who is in it; and what is doubtful."""
        members: dict[int, set[int]] = {}
        first: dict[int, tuple[tuple[str, int], int, int, Finding]] = {}
        for one, other, finding in self._found:
            root = self.of(one)
            members.setdefault(root, set()).update((one, other))
            place = (finding.span.source.path, finding.span.start)
            if root not in first or place < first[root][0]:
                first[root] = (place, one, other, finding)
        for root, (_, one, other, finding) in first.items():
            pair = {self._parties[n][0].rule.id for n in (one, other)}
            rest = [self._parties[n] for n in members[root] if self._parties[n][0].rule.id not in pair]
            yield _with_others(finding, rest)
        yield from (finding for one, other, finding in self._doubtful if self.of(one) != self.of(other))


def _with_others(finding: Finding, rest: Iterable[Party]) -> Finding:
    told: dict[Span, Related] = {}
    for seen, write in sorted(rest, key=lambda party: place_of(party[0])):
        span = seen.rule.source.name.span if write is None else write.action.span
        message = say("{rule}, too", name_of(seen))
        if write is not None:
            message = say("and {rule}: {action}", name_of(seen), shown(write))
        told.setdefault(span, Related(span, message))
    if not told:
        return finding
    hint = say("give each of them a `priority` of its own, or let their conditions exclude each other")
    return replace(finding, hint=hint, related=(*finding.related, *told.values()))


def alone(report: Report) -> Report:
    """A report that takes one finding, to be told with others."""
    return Report(report.view, report.prover)
