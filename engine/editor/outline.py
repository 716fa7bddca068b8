"""Where in a YAML file a position is, also while it is being typed and no reader takes it: by indentation, and by
brackets on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.editor.results import Place, Symbol
from engine.lang import ast

_KEY = re.compile(r"""(?P<key>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#\[\]{},"'][^#\[\]{}"']*?)\s*:(?=\s|$)""")


@dataclass(frozen=True, slots=True)
class Spot:
    """A position: the keys and list places on the way, whether a key may stand there, a value, or either.

    `start`: where the begun word (without its quote) begins; `quote`: the quote it stands in, or nothing.
    """

    path: tuple[str | int, ...]
    start: int
    quote: str
    key: bool
    value: bool


@dataclass(slots=True)
class _Level:
    indent: int
    step: str | int


def spot(text: str, offset: int) -> Spot | None:
    """Where `offset` is; None inside a comment or a block of text (`|`, `>`)."""
    levels: list[_Level] = []
    at = 0
    block: int | None = None
    while True:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        last = offset <= end
        line = text[at : offset if last else end]
        stripped = line.lstrip(" ")
        indent = len(line) - len(stripped)
        if block is not None:
            if not stripped.strip() or indent > block:
                if last:
                    return None
                at = end + 1
                continue
            block = None
        if last:
            return _last(text, at, line, levels)
        content = stripped.rstrip()
        if content and not content.startswith("#"):
            rest = _enter(levels, line)
            if rest[:1] in ("|", ">"):
                block = levels[-1].indent if levels else 0
            elif rest[:1] in ("[", "{"):
                opens = end - len(rest)
                closed = _flow_end(text, opens)
                if closed < 0 or closed >= offset:
                    return _flow(text, opens, offset, tuple(level.step for level in levels))
                after = text.find("\n", closed)
                end = len(text) if after < 0 else after
        at = end + 1
        if at > len(text):
            return None


def _enter(levels: list[_Level], line: str) -> str:
    """Takes a whole line onto the stack of levels; gives what stands after its keys and dashes."""
    indent = len(line) - len(line.lstrip(" "))
    rest = line[indent:]
    while rest.startswith("- ") or rest == "-":
        _close(levels, indent, item=True)
        if levels and levels[-1].indent == indent and isinstance(levels[-1].step, int):
            levels[-1].step += 1
        else:
            levels.append(_Level(indent, 0))
        inner = rest[1:].lstrip(" ")
        indent += len(rest) - len(inner)
        rest = inner
    found = _KEY.match(rest)
    if found is not None:
        _close(levels, indent, item=False)
        levels.append(_Level(indent, _plain(found["key"])))
        rest = rest[found.end() :].lstrip(" ")
    elif rest and not rest.startswith(("-", "#")):
        _close(levels, indent, item=False, keep=True)
    return rest


def _close(levels: list[_Level], indent: int, item: bool, keep: bool = False) -> None:
    """Leaves the levels that a line at `indent` is no part of. An item may stand below its key without indentation."""
    while levels:
        top = levels[-1]
        # At the same indentation: a list's item goes on for its next item, a key for the list below it.
        beside = top.indent == indent and not item and not (keep and isinstance(top.step, str))
        if top.indent <= indent and not beside:
            break
        levels.pop()


def _last(text: str, at: int, line: str, levels: list[_Level]) -> Spot | None:
    """The position at the end of the begun `line`, which begins at `at`."""
    if _in_comment(line):
        return None
    rest = _enter(levels, line) if line.strip() else ""
    path = tuple(level.step for level in levels)
    if not line.strip():
        _close(levels, len(line), item=False)
        path = tuple(level.step for level in levels)
        return Spot(path, at + len(line), "", True, True)
    if rest[:1] in ("[", "{"):
        return _flow(text, at + len(line) - len(rest), at + len(line), path)
    offset = at + len(line)
    keyed = bool(levels) and isinstance(levels[-1].step, str) and _ends_with_key(line, rest)
    if rest[:1] in ('"', "'"):
        return Spot(path, offset - len(rest) + 1, rest[0], not keyed, True)
    if not keyed:  # a word at the begin of a line: a key, or an item
        indent = len(line) - len(line.lstrip(" "))
        body = line.lstrip(" ")
        while body.startswith("- "):
            inner = body[1:].lstrip(" ")
            indent += len(body) - len(inner)
            body = inner
        _close(levels, indent, item=False)
        path = tuple(level.step for level in levels)
    return Spot(path, offset - len(rest), "", not keyed, True)


def _ends_with_key(line: str, rest: str) -> bool:
    """Whether a key stands on the line before its rest."""
    before = line[: len(line) - len(rest)].rstrip()
    return before.endswith(":")


def _in_comment(line: str) -> bool:
    quote = ""
    for index, char in enumerate(line):
        if quote:
            quote = "" if char == quote and line[index - 1] != "\\" else quote
        elif char in "\"'" and (index == 0 or line[index - 1] in " [{,:"):
            quote = char
        elif char == "#" and (index == 0 or line[index - 1] in " \t"):
            return True
    return False


def _flow_end(text: str, start: int) -> int:
    """Where the bracket at `start` closes, or -1."""
    depth, quote, at = 0, "", start
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\" and quote == '"':
                at += 1
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return -1


def _flow(text: str, start: int, offset: int, path: tuple[str | int, ...]) -> Spot | None:
    """The position inside of brackets that open at `start`."""
    steps: list[str | int | None] = []
    kinds: list[str] = []
    begun, quote, at = start, "", start
    while at < offset:
        char = text[at]
        if quote:
            if char == "\\" and quote == '"':
                at += 1
            elif char == quote:
                quote = ""
        elif char in "\"'" and not text[begun:at].strip():
            quote, begun = char, at
        elif char in "[{":
            kinds.append(char)
            steps.append(0 if char == "[" else None)
            begun = at + 1
        elif char in "]}":
            if kinds:
                kinds.pop()
                steps.pop()
            begun = at + 1
        elif char == "," and kinds:
            last = steps[-1]
            steps[-1] = last + 1 if isinstance(last, int) and kinds[-1] == "[" else None
            begun = at + 1
        elif char == ":" and kinds and kinds[-1] == "{" and text[at + 1 : at + 2] in (" ", "", "\n"):
            steps[-1] = _plain(text[begun:at].strip())
            begun = at + 1
        elif char == "#" and text[at - 1] in " \n":
            end = text.find("\n", at)
            if end < 0 or end >= offset:
                return None
            at = end
        at += 1
    if not kinds:
        return Spot(path, offset, "", False, False)
    word = text[begun:offset]
    start_of_word = begun + len(word) - len(word.lstrip()) + (1 if quote else 0)
    awaits_key = kinds[-1] == "{" and steps[-1] is None
    whole = path + tuple(step for step in steps if step is not None)
    return Spot(whole, min(start_of_word, offset), quote, awaits_key, not awaits_key)


def _plain(key: str) -> str:
    return key[1:-1] if key[:1] in "\"'" and len(key) > 1 else key


def symbol_of(item: ast.Item) -> Symbol | None:
    """What an item of a rule file declares, for outlines."""
    if isinstance(item, ast.Rule):
        title = item.title.text if item.title is not None else ""
        return Symbol(item.name.text, "rule", title, Place.of(item.span), Place.of(item.name.span))
    if isinstance(item, ast.Define):
        shown = " ".join(item.condition.span.text.split())
        return Symbol(item.name.text, "definition", shown, Place.of(item.span), Place.of(item.name.span))
    if isinstance(item, ast.Words):
        detail = item.path.text if item.path is not None else ""
        return Symbol(item.name.text, "words", detail, Place.of(item.span), Place.of(item.name.span))
    if isinstance(item, ast.StageLine):
        return Symbol(item.name.text, "stage", "", Place.of(item.span), Place.of(item.name.span))
    return None
