"""What one look at the rules leaves for the next, so that an edit costs what it changes.

A look reads `earlier` and fills itself; it never writes into an earlier one, which other threads may be reading. What
is taken over is what would be found again: the same text, checked against the same environment object, the same
definitions and words.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from engine.lang import ast
from engine.lang.checked import CheckedRule
from engine.lang.environment import Environment
from engine.lang.findings import Finding
from engine.lang.parser import parse
from engine.lang.rule import Rule
from engine.lang.source import Source


@dataclass(frozen=True, slots=True)
class FileResult:
    """What checking one file gave. `used`: the definitions and word lists its rules name."""

    file: ast.File
    rules: tuple[CheckedRule, ...]
    findings: tuple[Finding, ...]
    used: frozenset[tuple[str, str, str | None]]


@dataclass(slots=True)
class Kept:
    """One look: trees by path, results by path under one `scope`, compiled rules, and what was said of each rule."""

    earlier: Kept | None = None
    environment: Environment | None = None
    scope: Hashable = None
    trees: dict[str, tuple[ast.File, tuple[Finding, ...]]] = field(default_factory=dict)
    files: dict[str, FileResult] = field(default_factory=dict)
    compiled: dict[int, tuple[CheckedRule, Rule]] = field(default_factory=dict)
    said: dict[int, tuple[CheckedRule, Hashable, tuple[Finding, ...]]] = field(default_factory=dict)

    def parse(self, sources: Iterable[Source]) -> tuple[list[ast.File], list[Finding]]:
        """The trees of the texts, and what is wrong with them."""
        files: list[ast.File] = []
        findings: list[Finding] = []
        for source in sources:
            known = self.earlier.trees.get(source.path) if self.earlier is not None else None
            if known is None or known[0].source.text != source.text:
                tree, problems = parse(source)
                known = (tree, tuple(problems))
            self.trees[source.path] = known
            files.append(known[0])
            findings.extend(known[1])
        return files, findings

    def begin(self, environment: Environment, scope: Hashable) -> None:
        """Checking begins; what was checked against another environment or scope is of no use."""
        self.environment, self.scope = environment, scope

    def result(self, file: ast.File) -> FileResult | None:
        """What checking this very tree gave before."""
        earlier = self.earlier
        if earlier is None or earlier.environment is not self.environment or earlier.scope != self.scope:
            return None
        found = earlier.files.get(file.path)
        return found if found is not None and found.file is file else None

    def rule(self, checked: CheckedRule) -> Rule | None:
        """The compiled rule of this very checked rule."""
        found = None if self.earlier is None else self.earlier.compiled.get(id(checked))
        return found[1] if found is not None and found[0] is checked else None

    def keep_rule(self, checked: CheckedRule, rule: Rule) -> None:
        """Takes a compiled rule along."""
        self.compiled[id(checked)] = (checked, rule)

    def findings(self, checked: CheckedRule, under: Hashable) -> tuple[Finding, ...] | None:
        """What was said of this very checked rule by itself. `under`: what else that depends on."""
        found = None if self.earlier is None else self.earlier.said.get(id(checked))
        return found[2] if found is not None and found[0] is checked and found[1] == under else None

    def keep_findings(self, checked: CheckedRule, under: Hashable, findings: Iterable[Finding]) -> None:
        """Takes what was said of a rule along."""
        self.said[id(checked)] = (checked, under, tuple(findings))

    def seal(self) -> Kept:
        """The look is over: what it was made from may go."""
        self.earlier = None
        return self
