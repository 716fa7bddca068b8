"""Finds `!=`, `not in` and `not` over fields that may be empty, where the author seldom means what happens."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lang import tree
from engine.lang.findings import Finding


def empty_comparisons(test: tree.Test) -> Iterator[Finding]:
    """A warning for each such place that no `is set` (or another positive test of the field) beside it guards."""
    yield from _look(test, frozenset())


def _look(test: tree.Test, guarded: frozenset[str]) -> Iterator[Finding]:
    match test:
        case tree.AllOf():
            for index, item in enumerate(test.items):
                others = (other for place, other in enumerate(test.items) if place != index)
                yield from _look(item, guarded.union(*map(_guards, others)))
        case tree.AnyOf():
            for index, item in enumerate(test.items):
                others = (other for place, other in enumerate(test.items) if place != index)
                yield from _look(item, guarded.union(*map(_empties, others)))
        case tree.Negation():
            open_fields = _optional(test.item) - guarded
            if open_fields and not isinstance(test.item, tree.IsEmpty | tree.HasChanged):
                names = ", ".join(f"`{name}`" for name in sorted(open_fields))
                yield Finding(
                    "empty-comparison",
                    f"{names} may be empty, and then `not` makes this true",
                    test.span,
                    f"say which is meant: `{sorted(open_fields)[0]} is set and …`, or `… is empty or …`",
                )
            else:
                yield from _look(test.item, guarded)
        case tree.Comparison(op="!="):
            yield from _unequal(test, (test.left, test.right), guarded)
        case tree.OneOf(negated=True):
            yield from _unequal(test, (test.left, *test.items), guarded)


def _unequal(test: tree.Test, operands: tuple[tree.Expr, ...], guarded: frozenset[str]) -> Iterator[Finding]:
    for name in sorted({name for operand in operands for name in _optional(operand)} - guarded):
        yield Finding(
            "empty-comparison",
            f"`{name}` may be empty, and then this is false",
            test.span,
            f"say which is meant: `{name} is set and …`, or `{name} is empty or …`",
        )


def _optional(node: tree.Expr) -> frozenset[str]:
    """The fields below that may be empty and are compared (being asked `is set` or `changed` is no comparison)."""
    found: set[str] = set()
    stack: list[object] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, tree.IsEmpty | tree.HasChanged):
            continue
        if isinstance(part, tree.AllOf):
            # What one part makes sure of is not open in the others.
            sure = frozenset().union(*(_guards(item) for item in part.items if isinstance(item, tree.IsEmpty)))
            found |= {name for item in part.items for name in _optional(item)} - sure
            continue
        if isinstance(part, tree.FieldRef):
            if part.optional:
                found.add(part.name)
        else:
            stack.extend(child for child in _children(part))
    return frozenset(found)


def _children(part: object) -> Iterator[object]:
    for name in getattr(part, "__slots__", ()):
        value = getattr(part, name)
        if isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, tree.Node))
        elif isinstance(value, tree.Node):
            yield value


def _guards(test: tree.Test) -> frozenset[str]:
    """The fields that are certainly set when `test` holds."""
    match test:
        case tree.IsEmpty(negated=True, left=tree.FieldRef(name=name)):
            return frozenset({name})
        case tree.Comparison() | tree.OneOf() | tree.TextContains() | tree.TextAffix() | tree.TextMatches():
            return _optional(test)
        case tree.ListHas() | tree.WithinHours() | tree.Elapsed() | tree.Truth():
            return _optional(test)
        case tree.AllOf():
            return frozenset().union(*(_guards(item) for item in test.items))
        case tree.Defined():
            return _guards(test.item)
    return frozenset()


def _empties(test: tree.Test) -> frozenset[str]:
    """The fields that are certainly set when `test` does not hold."""
    if isinstance(test, tree.IsEmpty) and not test.negated and isinstance(test.left, tree.FieldRef):
        return frozenset({test.left.name})
    return frozenset()
