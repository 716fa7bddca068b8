"""How a name has to be written where it stands: bare, in quotes, or not at all."""

from __future__ import annotations

from functools import lru_cache

from engine.lang import Source, load_plain
from engine.lang.keywords import SOFT
from engine.lang.lexer import tokenise
from engine.lang.source import Place

_SOFT = frozenset(SOFT)


@lru_cache(maxsize=4096)
def is_name(text: str) -> bool:
    """Whether `text` can stand without quotes in a rule file: one name, no reserved word."""
    tokens, findings = tokenise(text, Place.whole(Source("", text)))
    if findings or len(tokens) != 1:
        return False
    return (tokens[0].type == "NAME" or tokens[0].type in _SOFT) and tokens[0].value == text


def quoted(text: str) -> str:
    """`text` in double quotes, for a rule file and for YAML alike."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def noun(text: str) -> str:
    """`text` as a rule names it: bare where that is possible."""
    return text if is_name(text) else quoted(text)


@lru_cache(maxsize=4096)
def scalar(text: str) -> str:
    """`text` as YAML: plain where every reader takes it for that very text, in a list in brackets too."""
    plain, findings = load_plain(Source("", f"[{text}]"))
    if plain is not None and not findings and plain.data == [text] and not set(text) & set(":#{}[],&*!|>'\"%@`"):
        return text
    return quoted(text)


def key(text: str) -> str:
    """`text` as a key of a YAML mapping."""
    return scalar(text)
