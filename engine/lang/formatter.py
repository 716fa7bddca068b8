"""The one layout of rule files: what `engine fmt` writes.

Works on the grammar's own tree, which has every token, so nothing of a rule can get lost; comments are taken from the
text and travel with the token they stand by. Lines are broken by what is in them, never by how they were broken.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from lark import Token, Tree

from engine.lang.builder import SIGNS
from engine.lang.codes import Severity
from engine.lang.findings import Finding
from engine.lang.grammar import grammar, with_noun
from engine.lang.keywords import SOFT, TOKENS, KeywordSet, written
from engine.lang.lexer import Comment, comments, tokenise
from engine.lang.parser import chunks, keyword_set, parse
from engine.lang.source import Place, Source
from engine.lang.text import width

WIDTH = 100
"""Columns of a line, wide characters two. A text is never broken, so a line may be longer."""

Node = Token | Tree[Token]

_FROM_OPERANDS = frozenset({"AND", "OR", "COMMA"})
_SEQUENCES = ("and_", "or_")
_LISTS = frozenset({"in_list", "has_many"})
_WITH_LIST = frozenset({*_LISTS, "contains_many"})
_FIELDS = frozenset({"weekday"})  # without a dot: bare it would be read, in quotes it is a text


Wanted = KeywordSet | Literal["zh-TW"]  # `zh`: in the script the file has


class CannotFormat(Exception):
    """The text does not parse; `findings` say where."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} mistakes")
        self.findings = findings


def format_text(source: Source, keywords: Wanted | None = None) -> str:
    """The text of a `.rules` file in the one layout; its meaning stays, and formatting twice changes nothing.

    `keywords`: write them in English or Chinese, which keeps the script most of them are in unless one is named; None
    leaves the set. Raises CannotFormat for mistakes of syntax (with `keywords`, a mixture of both sets is none).
    """
    _, findings = parse(source, mixed=keywords is not None)
    if wrong := [found for found in findings if found.severity is Severity.ERROR and found.code in _SYNTAX]:
        raise CannotFormat(wrong)
    tokens, _ = tokenise(source.text, Place.whole(source))
    there = keyword_set(tokens)
    kept = there if keywords is None or (keywords == "zh" and there != "en") else keywords
    return _File(source.text, tokens, "zh" if kept == "zh-TW" else kept).text()


_SYNTAX = frozenset({"syntax-error", "unknown-keyword", "bad-duration"})


@dataclass(slots=True)
class _Line:
    """A line to be: own-line comments stand above it, the others at its end."""

    indent: int
    text: str = ""
    above: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    above_indent: int = 0


@dataclass(slots=True)
class _Beside:
    """The comments that travel with a token: on lines of their own before it, and after it on its line."""

    above: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Entry:
    """An item or a comment between items. `gap`: an empty line stood before it."""

    kind: str
    lines: list[_Line]
    gap: bool


class _File:
    """One file: pairs comments with tokens, lays out each item, and puts the items under each other."""

    def __init__(self, text: str, tokens: Sequence[Token], keywords: KeywordSet) -> None:
        self.source = text
        self.keywords = keywords
        self.items = list(chunks(tokens))
        self.comments = comments(text)

    def text(self) -> str:
        """The whole file."""
        entries = list(self._entries())
        lines: list[_Line] = []
        for index, entry in enumerate(entries):
            if index and self._apart(entries, index):
                lines.append(_Line(0))
            lines.extend(entry.lines)
        return _written(lines)

    # ---- items and the comments between them -------------------------------------------------------------------

    def _entries(self) -> Iterator[_Entry]:
        waiting = list(self.comments)
        end = 0  # of what was last given out
        for tokens in self.items:
            start, stop = _start(tokens[0]), _end(tokens[-1])
            while waiting and waiting[0].start < start:
                comment = waiting.pop(0)
                yield self._loose(comment, end)
                end = comment.end
            gap = self._gap(end, start)
            inside: list[Comment] = []
            while waiting and waiting[0].start < stop:
                inside.append(waiting.pop(0))
            end = stop
            following = self._next(stop)
            if waiting and waiting[0].start < following and not self._own_line(waiting[0]):
                inside.append(waiting.pop(0))
                end = inside[-1].end
            tree = grammar().parse(list(tokens), start="item")
            printer = _Printer(self.source, self._beside(tokens, inside), self.keywords)
            lines = printer.item(tree.children[0])
            # What is commented out at the foot of a rule is indented, and stays with it.
            while _kind(tree) == "rule" and waiting and waiting[0].start < following and self._indented(waiting[0]):
                comment = waiting.pop(0)
                lines.append(_Line(4, _shown(self.source, comment)))
                end = comment.end
            yield _Entry(_kind(tree), lines, gap)
        for comment in waiting:
            yield self._loose(comment, end)
            end = comment.end

    def _next(self, stop: int) -> int:
        return next((_start(tokens[0]) for tokens in self.items if _start(tokens[0]) >= stop), len(self.source))

    def _loose(self, comment: Comment, end: int) -> _Entry:
        return _Entry("comment", [_Line(0, _shown(self.source, comment))], self._gap(end, comment.start))

    def _gap(self, end: int, start: int) -> bool:
        return self.source.count("\n", end, start) > 1

    def _own_line(self, comment: Comment) -> bool:
        before = self.source[self.source.rfind("\n", 0, comment.start) + 1 : comment.start]
        return not before.replace("\ufeff", "").strip()

    def _indented(self, comment: Comment) -> bool:
        line = self.source.rfind("\n", 0, comment.start) + 1
        return self._own_line(comment) and comment.start > line

    @staticmethod
    def _apart(entries: Sequence[_Entry], index: int) -> bool:
        """Whether an empty line goes before an entry: always by a rule, between lines of one kind as it was."""
        before, entry = entries[index - 1], entries[index]
        if before.kind == "comment":
            return entry.gap
        if before.kind == "rule":
            return True
        follows = next((other.kind for other in entries[index:] if other.kind != "comment"), before.kind)
        return entry.gap or follows != before.kind

    def _beside(self, tokens: Sequence[Token], inside: Iterable[Comment]) -> dict[int, _Beside]:
        """The comments of an item by the start of the token they travel with."""
        found: dict[int, _Beside] = {}
        for comment in inside:
            after = next((index for index, token in enumerate(tokens) if _start(token) > comment.start), len(tokens))
            if self._own_line(comment):
                while tokens[after].type == "COMMA":
                    after += 1
                found.setdefault(_start(tokens[after]), _Beside()).above.append(_shown(self.source, comment))
            else:
                before = after - 1
                while tokens[before].type in _FROM_OPERANDS and before:
                    before -= 1
                found.setdefault(_start(tokens[before]), _Beside()).after.append(_shown(self.source, comment))
        return found


class _Printer:
    """Lays out one item."""

    def __init__(self, source: str, beside: dict[int, _Beside], keywords: KeywordSet) -> None:
        self.source = source
        self.beside = beside
        self.keywords = keywords
        self.lines: list[_Line] = []

    # ---- lines -------------------------------------------------------------------------------------------------

    def _line(self, indent: int) -> None:
        self.lines.append(_Line(indent, "", [], [], indent))

    @property
    def _column(self) -> int:
        line = self.lines[-1]
        return line.indent + width(line.text)

    def _put(self, *nodes: Node, place: str = "", glue: bool = False) -> None:
        """Nodes in one piece, at the end of the line that is being written."""
        for node in nodes:
            self._write(self._flat(node, place), glue)
            self._take(node)

    def _write(self, text: str, glue: bool = False) -> None:
        line = self.lines[-1]
        line.text = _joined(line.text, text, glue)

    def _take(self, node: Node) -> None:
        """The comments of all its tokens, for the line that is being written."""
        for token in _tokens(node):
            own = self.beside.get(_start(token))
            if own is not None:
                self.lines[-1].above.extend(own.above)
                self.lines[-1].beside.extend(own.after)

    def _fits(self, node: Node, tail: int = 0) -> bool:
        line = self.lines[-1].text
        space = 0 if not line or line[-1] in "([" else 1
        return self._column + space + width(self._flat(node)) + tail <= WIDTH and not self._torn(node)

    # ---- comments that keep lines apart ------------------------------------------------------------------------

    def _above(self, node: Node) -> bool:
        return any(token_of.above for token_of in self._of(node))

    def _after(self, node: Node) -> bool:
        return any(token_of.after for token_of in self._of(node))

    def _of(self, node: Node) -> Iterator[_Beside]:
        if self.beside:
            for token in _tokens(node):
                own = self.beside.get(_start(token))
                if own is not None:
                    yield own

    def _torn(self, node: Node) -> bool:
        """Whether a comment inside keeps the node from standing on one line."""
        if not self.beside or isinstance(node, Token):
            return False
        children = node.children
        if node.data in (*_SEQUENCES, "list", "events", "do"):
            opens = children[2:] if node.data == "do" else children
            if any(map(self._above, opens[1:])) or any(map(self._after, opens[:-1])):
                return True
        if node.data in (*_SEQUENCES, "group", "not_"):
            return any(map(self._torn, children))
        return node.data in _WITH_LIST and self._torn(children[-1])

    # ---- one line ----------------------------------------------------------------------------------------------

    def _flat(self, node: Node, place: str = "") -> str:
        """The node on one line. `place`: the rule of the grammar it stands in."""
        if isinstance(node, Token):
            return self._word(node, place)
        data = str(node.data)
        children: list[Node] = list(node.children)
        if data in ("name", "path", "number"):
            return "".join(self._word(child, data) for child in _tokens(node))
        if data == "text" and place in with_noun():
            return self._noun(node)
        if data == "list":
            return f"[{', '.join(self._values(node, place))}]"
        if data == "has_one" and _is_text(children[2]):
            return f"{self._flat(children[0])} {self._flat(children[1])} {self._noun(children[2])}"
        if data == "duration_value" and len(children) == 2:
            length = self._flat(children[0])
            return f"{length} {self._flat(children[1], 'days' if length[-1] in 'dw' else data)}"
        if data == "set_" and _first(node).type != "SET":
            data = "raise_"
        text = ""
        for index, child in enumerate(children):
            before = children[index - 1] if index else None
            if _is(child, "COMMA") and _is(children[index + 1], "RPAR"):
                continue
            glue = (_is(child, "LPAR") and data in ("call", "do")) or (
                data == "priority_header" and before is not None and _is(before, "MINUS")
            )
            # The left side of `in hours` is no noun.
            text = _joined(text, self._flat(child, "" if data == "in_hours" and not index else data), glue)
        return text

    def _values(self, node: Node, place: str) -> list[str]:
        """The values of a list. All stay in quotes if one has to, so that a list reads as one thing."""
        items = _items(node)
        bare = place in _LISTS and all(_may_be_bare(item) for item in items)
        return [self._noun(item) if bare and _is_text(item) else self._flat(item) for item in items]

    def _word(self, node: Token, place: str) -> str:
        """A token as it is written."""
        if node.type in SIGNS:
            return SIGNS[node.type]
        if node.type == "TEXT":
            return self._quoted(node)
        if node.type == "PATTERN":
            raw = self.source[_start(node) : _end(node)]
            end = raw.rfind("/") + 1
            return raw[:end] + unicodedata.normalize("NFKC", raw[end:])
        if place in ("name", "path") or node.type not in _KEYWORD_TOKENS:
            return str(node.value)
        return written(node.type, self.keywords, place)

    def _quoted(self, token: Token) -> str:
        """A text in plain quotes, its inside as it was written."""
        raw = self.source[_start(token) : _end(token)]
        if raw.startswith('"'):
            return raw
        inside, escaped = "", False
        for char in raw[1:-1]:
            inside += "\\" + char if char == '"' and not escaped else char
            escaped = char == "\\" and not escaped
        return f'"{inside}"'

    def _noun(self, node: Node) -> str:
        """A text that may be a bare name: without quotes if it can be."""
        token = _first(node)
        return str(token.value) if _may_be_bare(node) else self._quoted(token)

    # ---- conditions and lists ----------------------------------------------------------------------------------

    def _condition(self, node: Node, base: int, tail: int = 0) -> None:
        """A condition at the end of the line, broken where it does not fit. `base`: the column its line begins at."""
        if isinstance(node, Token) or self._fits(node, tail):
            self._put(node)
            return
        data, children = str(node.data), list[Node](node.children)
        if data in _SEQUENCES:
            self._sequence(children, tail)
        elif data == "group":
            self._put(children[0])
            self._condition(children[1], self._column, tail + 1)
            self._put(children[2])
        elif data == "not_":
            self._put(children[0])
            self._condition(children[1], base, tail)
        elif data in _WITH_LIST:
            for child in children[:-1]:
                self._put(child, place=data)
            self._list(children[-1], base, data)
        else:
            self._put(node)

    def _sequence(self, children: Sequence[Node], tail: int) -> None:
        """Operands under each other, the words that join them in front, right-aligned."""
        line = self.lines[-1].text
        column = self._column + (0 if not line or line[-1] == "(" else 1)
        self._condition(children[0], column)
        for operator, operand in zip(children[1::2], children[2::2], strict=True):
            self._line(max(column - width(self._flat(operator)) - 1, 0))
            self._put(operator)
            self._condition(operand, column, tail if operand is children[-1] else 0)

    def _list(self, node: Node, base: int, place: str) -> None:
        """A list in brackets that does not fit on its line: as many values on each line as go. A name stays."""
        children = _children(node)
        if len(children) <= 2:
            self._put(node)
            return
        self._put(children[0])
        self._filled(zip(self._values(node, place), _items(node), strict=True), base)
        self._put(children[-1])

    def _filled(self, items: Iterable[tuple[str, Node]], base: int) -> None:
        self._line(base + 2)
        ended = False  # a comment stands at the end of the line
        for text, item in items:
            line = self.lines[-1]
            full = line.text and self._column + 1 + width(text) + 1 > WIDTH
            if line.text and (ended or full or self._above(item)):
                self._line(base + 2)
            self._write(f"{text},")
            self._take(item)
            ended = self._after(item)
        self._line(base)
        self.lines[-1].above_indent = base + 2

    # ---- items -------------------------------------------------------------------------------------------------

    def item(self, node: Node) -> list[_Line]:
        """The lines of an item."""
        children = _children(node)
        self._line(0)
        match _data(node):
            case "rule":
                self._rule(children)
            case "define":
                self._put(*children[:3])
                self._definition(children[3])
            case "words_list":
                self._put(*children[:3])
                if self._fits(children[3]):
                    self._put(children[3])
                else:
                    self._list(children[3], 0, "")
            case other:
                for child in children:
                    self._put(child, place=other)
        return self.lines

    def _definition(self, condition: Node) -> None:
        if _data(condition) in _SEQUENCES and not self._fits(condition):
            self._line(2 + width(written("AND", self.keywords)) + 1)
            self._condition(condition, self._column)
        else:
            self._condition(condition, 0)

    def _rule(self, children: Sequence[Node]) -> None:
        head = _children(children[0])
        self._put(*(child for child in head if not _data(child).endswith("_header")))
        before: Node | None = None
        for header in (child for child in head if _data(child).endswith("_header")):
            joined = before is not None and _is(_first(before), "FROM") and _is(_first(header), "UNTIL")
            if before is None or not joined or self._after(before) or self._above(header):
                self._line(2)
            self._put(header)
            before = header
        part = ""
        for child in children[1:]:
            if isinstance(child, Token):
                self._line(2)
                self._put(child)
                part = child.type
            elif part == "ON":
                self._events(child)
            elif part == "WHEN":
                self._condition(child, self._column + 1)
            else:
                self._actions(_children(child), bool(self.lines[-1].beside))

    def _events(self, node: Node) -> None:
        if self._fits(node):
            self._put(node)
            return
        column = self._column + 1
        events = [child for child in _children(node) if not _is(child, "COMMA")]
        for event in events:
            if event is not events[0]:
                self._line(column)
            self._put(event)
            if event is not events[-1]:
                self._write(",", True)

    def _actions(self, actions: Sequence[Node], commented: bool) -> None:
        alone = len(actions) == 1 and not commented and not self._above(_first(actions[0]))
        for action in actions:
            if not alone:
                self._line(4)
            if _data(action) == "do" and not self._fits(action):
                self._call(_children(action), 2 if alone else 4)
            else:
                self._put(action)

    def _call(self, children: Sequence[Node], base: int) -> None:
        """A plugin's action whose arguments do not fit on one line."""
        self._put(*children[:2])
        self._put(children[2], glue=True)
        items = [child for child in children[3:-1] if not _is(child, "COMMA")]
        self._filled([(self._flat(item), item) for item in items], base)
        self._put(children[-1])


_KEYWORD_TOKENS = frozenset(TOKENS.values())


def _joined(text: str, piece: str, glue: bool = False) -> str:
    """The next piece of a line: with a space, but not inside of brackets and not before a comma."""
    close = glue or not text or text[-1] in "([" or piece in (",", ")", "]", ":")
    return text + piece if close else f"{text} {piece}"


def _written(lines: Sequence[_Line]) -> str:
    """The lines as text. Comments at the ends of neighbouring lines begin in one column."""
    out: list[tuple[str, str]] = []
    for line in lines:
        out.extend((" " * line.above_indent + comment, "") for comment in line.above)
        out.append(((" " * line.indent + line.text).rstrip(), "  ".join(line.beside)))
    text: list[str] = []
    index = 0
    while index < len(out):
        end = index
        while end < len(out) and out[end][1]:
            end += 1
        column = max((width(code) for code, _ in out[index:end] if width(code) <= 72), default=0)
        for code, comment in out[index:end]:
            text.append(f"{code}{' ' * max(column - width(code), 0)}  {comment}")
        if end < len(out):
            text.append(out[end][0])
        index = end + 1
    return "".join(f"{line}\n" for line in text)


def _shown(source: str, comment: Comment) -> str:
    return "#" + source[comment.start + 1 : comment.end].rstrip()


def _kind(tree: Tree[Token]) -> str:
    kind = _data(tree.children[0])
    return "words" if kind.startswith("words") else kind


def _start(token: Token) -> int:
    return token.start_pos or 0


def _end(token: Token) -> int:
    return token.end_pos or 0


def _tokens(node: Node) -> Iterator[Token]:
    if isinstance(node, Token):
        yield node
    else:
        for child in node.children:
            yield from _tokens(child)


def _first(node: Node) -> Token:
    return next(_tokens(node))


def _data(node: Node) -> str:
    """The rule of the grammar a tree is; a token is none."""
    return "" if isinstance(node, Token) else str(node.data)


def _children(node: Node) -> list[Node]:
    return [] if isinstance(node, Token) else list(node.children)


def _items(node: Node) -> list[Node]:
    """The values of a list, without brackets and commas."""
    return [child for child in _children(node)[1:-1] if not _is(child, "COMMA")]


def _is(node: Node, kind: str) -> bool:
    return isinstance(node, Token) and node.type == kind


def _is_text(node: Node) -> bool:
    return _data(node) == "text"


def _may_be_bare(node: Node) -> bool:
    """Whether a value can stand without quotes and be the same value; one that has none can."""
    return not _is_text(node) or _is_name(str(_first(node).value))


@lru_cache(maxsize=4096)
def _is_name(text: str) -> bool:
    tokens, findings = tokenise(text, Place.whole(Source("", text)))
    return (
        not findings
        and len(tokens) == 1
        and tokens[0].type in ("NAME", *SOFT)
        and tokens[0].value == text
        and text not in _FIELDS
    )
