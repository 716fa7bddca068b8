"""What one look at the rules leaves for the next, so that an edit costs what it changes.

A look reads `earlier` and fills itself; it never writes into an earlier one, which other threads may be reading. What
is taken over is what would be found again: the same text, checked against an equal environment, the same definitions
and words. Of an environment that differs in values of settings only, what names none of those.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace

from engine.lang import ast
from engine.lang.checked import CheckedRule
from engine.lang.environment import Environment
from engine.lang.findings import Finding
from engine.lang.index import Index
from engine.lang.parser import parse
from engine.lang.rule import Rule
from engine.lang.source import Source


@dataclass(frozen=True, slots=True)
class FileResult:
    """What checking one file gave. `used`: the definitions and word lists its rules name; `settings`: what they, and
    those, name of the settings."""

    file: ast.File
    rules: tuple[CheckedRule, ...]
    findings: tuple[Finding, ...]
    used: frozenset[tuple[str, str, str | None]]
    settings: frozenset[str]


@dataclass(slots=True)
class Kept:
    """One look: trees by path, results by path under one `scope`, compiled rules, and what was said of each rule."""

    earlier: Kept | None = None
    environment: Environment | None = None
    scope: Hashable = None
    trees: dict[str, tuple[ast.File, tuple[Finding, ...]]] = field(default_factory=dict)
    files: dict[str, FileResult] = field(default_factory=dict)
    indexes: dict[tuple[Rule, ...], Index] = field(default_factory=dict)
    """The indexes of the rule set that was made: it goes on filling them."""
    compiled: dict[int, tuple[CheckedRule, Rule]] = field(default_factory=dict)
    said: dict[int, tuple[CheckedRule, Hashable, tuple[Finding, ...]]] = field(default_factory=dict)
    _changed: frozenset[str] | None = None
    """Settings with other values than before; None where nothing can be taken over."""

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
        earlier = self.earlier
        if earlier is not None and earlier.environment is not None and earlier.scope == scope:
            self._changed = _changed_settings(earlier.environment, environment)

    def result(self, file: ast.File) -> FileResult | None:
        """What checking this very tree gave before."""
        if self.earlier is None or self._changed is None:
            return None
        found = self.earlier.files.get(file.path)
        return found if found is not None and found.file is file and not found.settings & self._changed else None

    def rule(self, checked: CheckedRule) -> Rule | None:
        """The compiled rule of this very checked rule."""
        found = None if self.earlier is None else self.earlier.compiled.get(id(checked))
        return found[1] if found is not None and found[0] is checked else None

    def keep_rule(self, checked: CheckedRule, rule: Rule) -> None:
        """Takes a compiled rule along."""
        self.compiled[id(checked)] = (checked, rule)

    def findings(self, checked: CheckedRule, under: Hashable) -> tuple[Finding, ...] | None:
        """What was said of this very checked rule by itself. `under`: what else that depends on."""
        if self.earlier is None or self.earlier.environment is not self.environment:
            return None  # the nouns were read anew: what rules see of them may be equal, but hours may not
        found = self.earlier.said.get(id(checked))
        return found[2] if found is not None and found[0] is checked and found[1] == under else None

    def keep_findings(self, checked: CheckedRule, under: Hashable, findings: Iterable[Finding]) -> None:
        """Takes what was said of a rule along."""
        self.said[id(checked)] = (checked, under, tuple(findings))

    def seal(self) -> Kept:
        """The look is over: what it was made from may go."""
        self.earlier = None
        return self


def _changed_settings(before: Environment, now: Environment) -> frozenset[str] | None:
    """The settings (`setting.NAME`) that have another value, shared or in a shop; None where more has changed."""
    if before is now:
        return frozenset()
    if replace(now, setting_values=before.setting_values, shop_settings=before.shop_settings) != before:
        return None
    pairs = [(before.setting_values, now.setting_values)]
    for shop in before.shop_settings.keys() | now.shop_settings.keys():
        pairs.append((before.shop_settings.get(shop, {}), now.shop_settings.get(shop, {})))
    return frozenset(
        name for old, new in pairs for name in old.keys() | new.keys() if old.get(name, _NONE) != new.get(name, _NONE)
    )


_NONE = object()
