"""What the checks share: proving a case on the real engine, and collecting findings, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from engine.lang.analysis.boxes import Box
from engine.lang.analysis.samples import Case, NoTextError, reasons, sample, unsettled
from engine.lang.analysis.view import Seen, View
from engine.lang.findings import Finding
from engine.lang.ruleset import Rule
from engine.lang.said import both, say

SENT = "message.sent"
LOST = "delivery.failed"
"""The event of a line that could not be delivered: to answer it is to be asked again where the answer is lost, too."""


@dataclass(frozen=True, slots=True)
class Tie:
    """Two rules of equal rank wrote one target differently."""

    loser: str
    winner: str
    target: str


@dataclass(frozen=True, slots=True)
class Ring:
    """Rules that come again and again as timers run out, with nothing from outside: their ids."""

    rules: frozenset[str]
    pace: int
    """µs from one to the next, on the average."""
    speaks: bool
    """Whether a line goes to the member each time."""
    lost: bool = False
    """Whether it goes by a line that could not be delivered, with no timer to wait for."""


class Prover(Protocol):
    """The real engine, asked about one case."""

    def matching(self, stage: str, case: Case) -> Sequence[Rule]:
        """The rules of a stage that match, first come first."""

    def ties(self, rules: Sequence[Rule], case: Case) -> Sequence[Tie]:
        """What stays undecided between the wishes of these rules."""

    def cascade(self, case: Case, waves: int) -> list[frozenset[str]]:
        """The rules that act, wave by wave (at most `waves`), when rules may act again and again."""

    def ring(self, case: Case) -> Ring | None:
        """The ring a case comes into when what rules put off comes about; None when it ends, or ends with time."""


@dataclass(slots=True)
class Report:
    """Findings as they come; `prover` None: nothing can be replayed, and nothing is said to be."""

    view: View
    prover: Prover | None = None
    findings: list[Finding] = field(default_factory=list)
    _seen: set[tuple[object, ...]] = field(default_factory=set)

    @property
    def replayed(self) -> bool:
        """Whether each finding has a case."""
        return all(finding.witness is not None for finding in self.findings)

    def add(self, finding: Finding) -> None:
        """Each finding once."""
        related = tuple((r.span.source.path, r.span.start) for r in finding.related)
        key = (finding.code, finding.span.source.path, finding.span.start, finding.span.end, related)
        if key not in self._seen:
            self._seen.add(key)
            self.findings.append(finding)

    def show(
        self, finding: Finding, boxes: Iterable[Box], keys: frozenset[str], proves: Callable[[Case], bool]
    ) -> bool:
        """Adds a finding with a case from one of the boxes that the engine confirms.

        Where none is confirmed, but the boxes rest on something that varies or hangs together unknown, the finding
        says so; where nothing excuses it, there is no finding. Answers whether there is one.
        """
        excuses: dict[str, None] = {}
        for box in boxes:
            why = reasons(self.view, box)
            if why:
                excuses.update(dict.fromkeys(why))
                continue
            try:
                case = sample(self.view, box, keys, proves)
            except NoTextError as error:
                excuses[say("a text of `{field}` that was not found", error)] = None
                continue
            if case is not None:
                self.add(replace(finding, witness=case.shown))
                return True
            excuses.update(dict.fromkeys(unsettled(self.view, box)))
        if not excuses:
            return False
        self.rest(finding, tuple(excuses))
        return True

    def rest(self, finding: Finding, why: Sequence[str]) -> None:
        """Adds a finding that rests on something which cannot be replayed."""
        rests = say("it rests on {why}, so it was not replayed", both(why[:3]))
        hint = say("{hint}; {more}", finding.hint, rests) if finding.hint else rests
        self.add(replace(finding, hint=hint))


def unsure(opaque: Iterable[Seen], limited: Iterable[Seen]) -> list[str]:
    """What keeps a case from being replayed, for `rest`."""
    return [
        *(say("{rule}, whose condition has too many parts", name_of(seen)) for seen in opaque),
        *(say("the `limit` of {rule}", name_of(seen)) for seen in limited),
    ]


def matched(rules: Sequence[Rule], seen: Seen) -> bool:
    """Whether a rule is among those the engine found."""
    return any(rule.id == seen.rule.id and rule.variant == seen.rule.variant for rule in rules)


def name_of(seen: Seen) -> str:
    """A rule for people."""
    return f"`{seen.rule.id}`"


def place_of(seen: Seen) -> tuple[str, int]:
    """Where a rule stands, for an order that people expect."""
    return (seen.rule.span.source.path, seen.rule.span.start)
