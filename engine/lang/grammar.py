"""The grammar read: Lark's tables, and what is known of the language by looking at them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token

from engine.lang.builder import SIGNS
from engine.lang.keywords import SOFT, TOKENS
from engine.lang.lexer import TokenLexer
from engine.lang.said import say

KINDS = {
    "NAME": say("a name"),
    "TEXT": say("a text in double quotes"),
    "NUMBER": say("a number"),
    "DURATION": say("a duration"),
    "PATTERN": say("a pattern `/…/`"),
    "CODE": say("a finding code"),
    "$END": say("the end"),
}
"""The tokens that are neither sign nor keyword, for people."""
_STARTS = ("item", "head", "events", "cond", "actions", "sum")


@lru_cache(maxsize=1)
def grammar() -> Lark:
    """The LALR(1) tables; they read tokens, from the starts `item`, `cond` and the parts of a rule."""
    text = files(__package__).joinpath("grammar.lark").read_text("utf-8")
    text = text.replace("SOFT_KEYWORDS", " | ".join(SOFT))
    for token, sign in SIGNS.items():
        text = text.replace(f'"{sign}"', token)
    declared = [*SIGNS, *(kind for kind in KINDS if kind != "$END"), *dict.fromkeys(TOKENS.values())]
    text += "\n%declare " + " ".join(declared)
    return Lark(text, parser="lalr", lexer=TokenLexer, start=list(_STARTS), maybe_placeholders=False)


@lru_cache(maxsize=1)
def action_words() -> frozenset[str]:
    """The tokens an action begins with: where parsing picks up again after a mistake in one."""
    return may_follow("actions", ())


@lru_cache(maxsize=1)
def header_words() -> frozenset[str]:
    """The tokens a rule's header begins with."""
    return may_follow("head", (Token("RULE", ""), Token("NAME", ""), Token("TEXT", ""))) - {"$END"}


def may_follow(start: str, tokens: Iterable[Token]) -> frozenset[str]:
    """The tokens that may come after these, from a start of the grammar. Raises UnexpectedToken where they misfit."""
    parser: Any = grammar().parse_interactive([], start=start)
    for token in tokens:
        parser.feed_token(token)
    return frozenset(parser.accepts())


@lru_cache(maxsize=1)
def with_noun() -> frozenset[str]:
    """The rules of the grammar in which a name may stand with or without quotes and is the same."""
    having = (rule for rule in grammar().rules if any(part.name in ("noun", "who") for part in rule.expansion))
    return frozenset(str(rule.alias or rule.origin.name) for rule in having)
