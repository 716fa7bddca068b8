"""What an `allow` in a rule or a file keeps from being told."""

from __future__ import annotations

from collections.abc import Iterable

from engine.lang import ast
from engine.lang.codes import Severity
from engine.lang.findings import Finding


def silence(findings: Iterable[Finding], files: Iterable[ast.File]) -> list[Finding]:
    """`findings` without the warnings that an `allow` in their rule, or in their file, silences."""
    allowed: dict[str, list[tuple[str, int, int]]] = {}
    for file in files:
        spans = allowed.setdefault(file.path, [])
        for item in file.items:
            if isinstance(item, ast.Allow):
                spans.append((item.code, 0, len(file.source.text) + 1))
            elif isinstance(item, ast.Rule):
                spans.extend(
                    (header.value.code, item.span.start, item.span.end)
                    for header in item.headers
                    if header.kind == "allow"
                )

    def is_allowed(finding: Finding) -> bool:
        return finding.severity is Severity.WARNING and any(
            code == finding.code and start <= finding.span.start <= end
            for code, start, end in allowed.get(finding.span.source.path, ())
        )

    return [finding for finding in findings if not is_allowed(finding)]
