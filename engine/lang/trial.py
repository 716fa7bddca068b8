"""Helps tried in place: what is written instead of a slip is read and checked among the desk's own names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.lang.checker import Bench
from engine.lang.environment import Environment
from engine.lang.findings import Finding, Severity
from engine.lang.mending import Fault, Slip, name_meant, read, with_help
from engine.lang.parser import parse
from engine.lang.source import Source

__all__ = ["Bench", "helped"]


def helped(findings: Iterable[Finding], bench: Bench) -> Iterator[Finding]:
    """The findings of reading files; what they offer to write is right beside the files of the bench."""
    for finding in findings:
        if finding.slip is None:
            yield finding
        else:
            look = _Look(bench, finding.span.source.path)
            yield with_help(finding, look, _names(bench.environment, finding.slip))


class _Look:
    """Reads a line, and checks the rule it stands in: of a rule with other slips that line alone."""

    def __init__(self, bench: Bench, path: str) -> None:
        self._bench = bench
        self._path = path

    def __call__(self, slip: Slip, line: str) -> Fault | None:
        fault = read(slip, line)
        if fault is not None or slip.item is None:
            return fault
        start, end = slip.item
        part, before = slip.with_line(line)
        rule = slip.text[start : slip.begin] + part + slip.text[slip.end : end]
        file, _ = parse(Source(self._path, rule))
        first = slip.begin - start + before
        last = first + len(line)
        wrong = [
            finding
            for finding in self._bench.result(file).findings
            if finding.severity is Severity.ERROR and first <= finding.span.start < last
        ]
        if not wrong:
            return None
        one = min(wrong, key=lambda finding: finding.span.start)
        return Fault(one.span.start - first, name_meant(one, first), reads=True)


def _names(environment: Environment, slip: Slip) -> Mapping[str, Sequence[str]]:
    """The states in which a case is over, and those it goes on in after that; of the kinds the rule names first."""
    rule = slip.text if slip.item is None else slip.text[slip.item[0] : slip.item[1]]
    kinds = sorted(environment.categories, key=lambda kind: kind not in rule)
    closed = [(kind, name) for kind in kinds for name, is_ in environment.categories[kind].items() if is_ == "closed"]
    again = [to for kind in kinds for state, to in sorted(environment.moves.get(kind, ())) if (kind, state) in closed]
    over = list(dict.fromkeys(name for _, name in closed))
    return {"CLOSED": over, "OPEN": [name for name in dict.fromkeys(again) if name not in over]}
