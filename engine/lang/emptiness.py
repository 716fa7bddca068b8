"""Finds `!=`, `not in` and `not` over fields that may be empty, where the author seldom means what happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.lang import tree
from engine.lang.environment import Environment
from engine.lang.findings import Finding
from engine.lang.said import quoted, say

_NONE: frozenset[str] = frozenset()


def empty_comparisons(test: tree.Test, environment: Environment, events: Iterable[str] = ()) -> Iterator[Finding]:
    """A warning for each such place that no `is set` (or another positive test of the field) beside it guards.

    `events`: those in which the condition is asked; what each of them sets needs no guard. Definitions are looked into
    for what they compare, not reported again: theirs stand where they are defined.
    """
    return _Search(environment).look(test, environment.sets_of(events))


class _Search:
    """One pass over one condition. What a definition compares and guards is worked out once, however often it is
    used: definitions that use each other would double the work at every level."""

    def __init__(self, environment: Environment) -> None:
        self._followers: dict[str, frozenset[str]] = {}
        for field in environment.fields.values():
            if field.follows is not None:
                self._followers[field.follows] = self._followers.get(field.follows, _NONE) | {field.name}
        self._compared: dict[str, frozenset[str]] = {}
        self._guarded: dict[str, frozenset[str]] = {}

    def look(self, test: tree.Test, guarded: frozenset[str]) -> Iterator[Finding]:
        match test:
            case tree.AllOf():
                guards = [self._guards(item) for item in test.items]
                for index, item in enumerate(test.items):
                    yield from self.look(item, guarded.union(*guards[:index], *guards[index + 1 :]))
            case tree.AnyOf():
                guards = [self._with_followers(_empties(item)) for item in test.items]
                for index, item in enumerate(test.items):
                    yield from self.look(item, guarded.union(*guards[:index], *guards[index + 1 :]))
            case tree.Negation():
                unsure = sorted(self._optional(test.item) - guarded)
                if not unsure or isinstance(test.item, tree.IsEmpty | tree.HasChanged):
                    yield from self.look(test.item, guarded)
                    return
                yield Finding(
                    "empty-comparison",
                    say("{names} may be empty, and then `not` makes this true", quoted(unsure)),
                    test.span,
                    say("say which is meant: `{field} is set and …`, or `… is empty or …`", unsure[0]),
                )
            case tree.Comparison(op="!="):
                yield from self._unequal(test, (test.left, test.right), guarded)
            case tree.OneOf(negated=True):
                yield from self._unequal(test, (test.left, *test.items), guarded)

    def _unequal(self, test: tree.Test, operands: tuple[tree.Expr, ...], guarded: frozenset[str]) -> Iterator[Finding]:
        for name in sorted({name for operand in operands for name in self._optional(operand)} - guarded):
            yield Finding(
                "empty-comparison",
                say("`{name}` may be empty, and then this is false", name),
                test.span,
                say("say which is meant: `{field} is set and …`, or `{field} is empty or …`", name),
            )

    def _optional(self, node: object) -> frozenset[str]:
        """The fields below that may be empty and are compared (to be asked `is set` or `changed` is no comparison)."""
        match node:
            case tree.IsEmpty() | tree.HasChanged():
                return _NONE
            case tree.FieldRef():
                return frozenset({node.name}) if node.optional else _NONE
            case tree.AllOf():
                # What one part makes sure of is not open in the others.
                sure = _NONE.union(*(self._guards(item) for item in node.items if isinstance(item, tree.IsEmpty)))
                return _NONE.union(*(self._optional(item) for item in node.items)) - sure
            case tree.Defined():
                if node.key not in self._compared:
                    self._compared[node.key] = self._optional(node.item)
                return self._compared[node.key]
        return _NONE.union(*(self._optional(child) for child in _children(node)))

    def _guards(self, test: tree.Test) -> frozenset[str]:
        """The fields that are certainly set when `test` holds."""
        return self._with_followers(self._set_by(test))

    def _with_followers(self, names: frozenset[str]) -> frozenset[str]:
        return names.union(*(self._followers.get(name, _NONE) for name in names))

    def _set_by(self, test: tree.Test) -> frozenset[str]:
        match test:
            case tree.IsEmpty(negated=True, left=tree.FieldRef(name=name)):
                return frozenset({name})
            case tree.Comparison() | tree.OneOf() | tree.TextContains() | tree.TextAffix() | tree.TextMatches():
                return self._optional(test)
            case tree.ListHas() | tree.WithinHours() | tree.Elapsed() | tree.Truth():
                return self._optional(test)
            case tree.AllOf():
                return _NONE.union(*(self._guards(item) for item in test.items))
            case tree.Defined():
                if test.key not in self._guarded:
                    self._guarded[test.key] = self._guards(test.item)
                return self._guarded[test.key]
        return _NONE


def _children(node: object) -> Iterator[object]:
    for name in getattr(node, "__slots__", ()):
        value = getattr(node, name)
        if isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, tree.Node))
        elif isinstance(value, tree.Node):
            yield value


def _empties(test: tree.Test) -> frozenset[str]:
    """The fields that are certainly set when `test` does not hold."""
    if isinstance(test, tree.IsEmpty) and not test.negated and isinstance(test.left, tree.FieldRef):
        return frozenset({test.left.name})
    return _NONE
