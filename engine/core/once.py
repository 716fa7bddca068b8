"""What is told of a folder: each mistake once, nothing that only follows from another, a bounded number of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from engine.lang import LIMITS, Finding, Span


def told(findings: Iterable[Finding], unreadable: Collection[str]) -> list[Finding]:
    """The findings in order of path and place, without those that follow. `unreadable`: the kinds of files (`kind_of`)
    of which one cannot be read; what they would declare is not told as unknown."""
    left = [finding for finding in findings if not _follows(finding, unreadable)]
    left.sort(key=lambda f: (f.span.source.path, f.span.start, f.code))
    return list(_few(_once(left)))


AMBIGUOUS = "yaml-ambiguous-scalar"

_FOLLOWING: Mapping[str, frozenset[str]] = {
    "teams": frozenset({"unknown-team"}),
    "roles": frozenset({"unknown-value"}),
    "calendars": frozenset({"unknown-calendar"}),
    "settings": frozenset({"unknown-field", "unknown-key", "bad-duration"}),
    "sla": frozenset({"unknown-value"}),
    "lifecycles": frozenset({"unknown-state", "unknown-value", "transition-impossible", "file-not-found"}),
    "templates": frozenset({"unknown-template"}),
    "rules": frozenset({"unknown-field", "unknown-words", "unused-definition", "unused-words"}),
    "txt": frozenset({"file-not-found"}),
}
"""What may only follow from a file of that kind that cannot be read."""
_ALONE = frozenset(
    {
        "bad-yaml", "yaml-ambiguous-scalar", "duplicate-key", "not-utf8", "syntax-error", "unknown-keyword",
        "bad-pattern", "suspicious-characters", "pattern-needless", "duplicate-rule", "redundant-word",
    }
)  # fmt: skip
"""What a text is told of by itself, whatever the desk declares."""


_SAME_SIGN = _ALONE - {"suspicious-characters"}
"""What is told of a piece even where it cannot be read: not that its signs are odd, too."""


def kind_of(path: str) -> str:
    """What a file says: the name of a fixed YAML file, `lifecycles`, `templates`, `rules` or `txt`."""
    *folders, name = path.split("/")
    stem, _, suffix = name.rpartition(".")
    for folder in ("lifecycles", "templates"):
        if folder in folders and suffix in ("yaml", "yml"):
            return folder
    return stem if suffix in ("yaml", "yml") else suffix


def _follows(finding: Finding, unreadable: Collection[str]) -> bool:
    """Whether a finding says only that something is unknown which an unreadable file may declare."""
    if "desk" in unreadable and finding.code not in _ALONE:
        return True
    return any(finding.code in _FOLLOWING.get(kind, ()) for kind in unreadable)


def _once(findings: list[Finding]) -> Iterator[Finding]:
    """Each mistake once: not again by another way that leads to it, and nothing of what cannot even be read."""
    odd = {finding.span for finding in findings if finding.code in ("syntax-error", "bad-duration")}
    unclear = [finding.span for finding in findings if finding.code == AMBIGUOUS]
    words: set[tuple[str, str]] = set()
    told: set[tuple[str, Span, str]] = set()
    for finding in findings:
        if finding.span in odd and finding.code not in _SAME_SIGN and finding.code != "bad-duration":
            continue
        if finding.code == AMBIGUOUS:
            word = (finding.span.source.path, finding.span.text)
            if word in words:
                continue  # quoted once, it is quoted wherever it stands
            words.add(word)
        elif finding.span in unclear or (finding.code == "unknown-key" and any(map(finding.span.holds, unclear))):
            continue
        fact = (finding.code, finding.span, finding.message)
        if fact not in told:
            told.add(fact)
            yield finding


def _few(findings: Iterable[Finding]) -> Iterator[Finding]:
    """What is told of one file is bounded, so that one that is no such file at all does not bury the others."""
    told: Counter[str] = Counter()
    for finding in findings:
        told[finding.span.source.path] += 1
        if told[finding.span.source.path] <= LIMITS.findings_per_file:
            yield finding
