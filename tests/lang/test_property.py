"""Compiled conditions against a small evaluator that walks the syntax tree and was written apart from the compiler."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lang import Source, ast, compile_condition
from engine.lang.parser import parse_condition
from engine.lang.source import Place
from engine.lang.text import fold
from tests.lang.world import TIERS, Help, world

NUMBERS = ["ticket.amount", "ticket.reopened", "message.length"]
TEXTS = ["ticket.product", "message.text"]
WORDS = ["退款", "退换", "refund", "Ab", "ab"]


def number() -> st.SearchStrategy[str]:
    leaf = st.sampled_from([*NUMBERS, "0", "1", "2.5", "-3", "80%"])
    return st.recursive(
        leaf,
        lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"{p[0]} {p[1]} {p[2]}"),
        max_leaves=3,
    )


def some_test() -> st.SearchStrategy[str]:
    compare = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    equal = st.sampled_from(["=", "!="])
    tier = st.sampled_from(TIERS.values)
    word = st.sampled_from(WORDS).map(lambda text: f'"{text}"')
    several = st.lists(word, min_size=1, max_size=3).map(lambda items: f"[{', '.join(items)}]")
    text = st.sampled_from(TEXTS)
    one_word = ["contains", "contains exact", "starts with", "ends with"]
    return st.one_of(
        st.tuples(number(), compare, number()).map(" ".join),
        st.tuples(st.just("member.tier"), compare, tier).map(" ".join),
        st.tuples(tier, compare, st.just("member.tier")).map(" ".join),
        st.tuples(text, equal, word).map(" ".join),
        st.tuples(text, st.sampled_from(["in", "not in"]), several).map(" ".join),
        st.tuples(text, st.sampled_from(one_word), word).map(" ".join),
        st.tuples(text, st.sampled_from(["contains any", "contains all", "contains exact any"]), several).map(" ".join),
        st.tuples(st.just("ticket.tags"), st.sampled_from(["has any", "has all"]), several).map(" ".join),
        st.tuples(
            st.sampled_from([*NUMBERS, *TEXTS, "member.tier"]), st.sampled_from(["is set", "is empty", "changed"])
        ).map(" ".join),
        st.just("member.is_guest"),
    )


CONDITIONS = st.recursive(
    some_test(),
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
    ),
    max_leaves=6,
)

_some_number = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from([Decimal("2.5"), Decimal("0.8"), Decimal(1)]))
_some_text = st.one_of(
    st.none(),
    st.lists(st.sampled_from(["退款", "退換貨", "REFUND", "refunds", "ａｂ", " ", "ab"]), max_size=3).map("".join),
)
VALUES = st.fixed_dictionaries(
    {
        **dict.fromkeys(NUMBERS, _some_number),
        **dict.fromkeys(TEXTS, _some_text),
        "member.tier": st.one_of(st.none(), st.sampled_from(TIERS.values)),
        "member.is_guest": st.one_of(st.none(), st.booleans()),
        "ticket.tags": st.lists(st.sampled_from(WORDS), max_size=3).map(tuple),
    }
)


class Walker:
    """Evaluates the syntax tree directly, the slow and plain way."""

    def __init__(self, values: dict[str, Any], before: dict[str, Any]) -> None:
        self.values = values
        self.before = before

    def holds(self, node: Any) -> bool:
        match node:
            case ast.Or():
                return any(self.holds(item) for item in node.items)
            case ast.And():
                return all(self.holds(item) for item in node.items)
            case ast.Not():
                return not self.holds(node.item)
            case ast.Compare():
                return self.compare(node.op, self.value(node.left), self.value(node.right))
            case ast.In():
                left = self.value(node.left)
                found = any(self.compare("=", left, self.value(item)) for item in node.items)
                return left is not None and found is not node.negated
            case ast.Has():
                tags = self.values["ticket.tags"]
                hits = [item.text in tags for item in node.items]
                return any(hits) if node.mode == "any" else all(hits)
            case ast.Contains():
                text = self.value(node.left)
                if text is None:
                    return False
                hits = [self.stands_in(item.text, text, node.exact) for item in node.items]
                return any(hits) if node.mode == "any" else all(hits)
            case ast.Affix():
                text = self.value(node.left)
                if text is None:
                    return False
                text, part = fold(text), fold(node.text.text)
                return text[: len(part)] == part if node.where == "starts" else text[-len(part) :] == part
            case ast.Presence():
                return (self.value(node.left) in (None, "")) is node.empty
            case ast.Changed():
                name = node.left.text
                now, before = self.values.get(name), self.before.get(name)
                return (None if now == "" else now) != (None if before == "" else before)
        return self.value(node) is True

    def value(self, node: Any) -> Any:
        match node:
            case ast.Path():
                return self.values.get(node.text)
            case ast.Name() | ast.TextValue():
                return node.text
            case ast.Number():
                return Decimal(node.value)
            case ast.Arithmetic():
                result = self.value(node.first)
                for op, operand in node.rest:
                    right = self.value(operand)
                    if result is None or right is None or (op == "/" and right == 0):
                        result = None
                        continue
                    left, right = Decimal(result), Decimal(right)
                    result = {"+": left.__add__, "-": left.__sub__, "*": left.__mul__, "/": left.__truediv__}[op](right)
                return result
        return self.holds(node)

    @staticmethod
    def compare(op: str, left: Any, right: Any) -> bool:
        if left is None or right is None:
            return False
        if left in TIERS.values and right in TIERS.values:
            left, right = TIERS.values.index(left), TIERS.values.index(right)
        elif isinstance(left, str):
            left, right = fold(left), fold(right)
        return bool(
            {
                "=": left == right,
                "!=": left != right,
                "<": left < right,
                "<=": left <= right,
                ">": left > right,
                ">=": left >= right,
            }[op]
        )

    @staticmethod
    def stands_in(word: str, text: str, exact: bool) -> bool:
        if not exact:
            word, text = fold(word), fold(text)

        def letter(char: str) -> bool:
            plain = unicodedata.normalize("NFKC", char)
            return plain.isascii() and plain.isalnum()

        for at in range(len(text)):
            end = at + len(word)
            if text[at:end] != word:
                continue
            cut_left = at > 0 and letter(text[at - 1]) and letter(word[0])
            cut_right = end < len(text) and letter(text[end]) and letter(word[-1])
            if not cut_left and not cut_right:
                return True
        return False


@settings(max_examples=500, deadline=None)
@given(CONDITIONS, VALUES, VALUES)
def test_compiled_conditions_mean_what_the_tree_says(text: str, values: dict[str, Any], before: dict[str, Any]) -> None:
    span = Source("a", text).span(0, len(text))
    condition, findings = compile_condition(text, span, world(), ("ticket", "message", "member"))
    assert condition is not None, [found.message for found in findings]
    node, _ = parse_condition(text, Place.embedded(text, span))
    wanted = Walker(values, before).holds(node)
    assert condition.holds(values, before, Help()) is wanted
    clauses = condition.explain(values, before, Help())
    assert all(clause.holds for clause in clauses) is wanted
    assert {name for clause in clauses for name in clause.values} == condition.reads
