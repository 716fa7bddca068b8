"""Text to syntax tree, through Lark's LALR(1) tables. Recovers item by item, and within a broken item part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedToken

from engine.lang import ast
from engine.lang.findings import Finding, Related, suggest
from engine.lang.keywords import ACTIONS, HEADERS, SOFT, TOKENS, WRITTEN
from engine.lang.lexer import TokenLexer, tokenise
from engine.lang.limits import LIMITS
from engine.lang.source import Place, Source, Span
from engine.lang.types import MICROS, Duration

_SIGNS = {
    "EQ": "=",
    "NE": "!=",
    "LT": "<",
    "LE": "<=",
    "GT": ">",
    "GE": ">=",
    "PLUS": "+",
    "MINUS": "-",
    "STAR": "*",
    "SLASH": "/",
    "COMMA": ",",
    "DOT": ".",
    "COLON": ":",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
}
_OPERATORS = frozenset({"EQ", "NE", "LT", "LE", "GT", "GE", "PLUS", "MINUS", "STAR", "SLASH"})
_KINDS = {
    "NAME": "a name",
    "TEXT": "a text in double quotes",
    "NUMBER": "a number",
    "DURATION": "a duration",
    "PATTERN": "a pattern `/…/`",
    "CODE": "a finding code",
    "$END": "the end",
}
_STARTS = ("item", "head", "events", "cond", "actions", "sum")


@lru_cache(maxsize=1)
def _lark() -> Lark:
    grammar = files(__package__).joinpath("grammar.lark").read_text("utf-8")
    grammar = grammar.replace("SOFT_KEYWORDS", " | ".join(SOFT))
    for token, sign in _SIGNS.items():
        grammar = grammar.replace(f'"{sign}"', token)
    declared = [*_SIGNS, *(kind for kind in _KINDS if kind != "$END"), *TOKENS.values()]
    grammar += "\n%declare " + " ".join(declared)
    return Lark(grammar, parser="lalr", lexer=TokenLexer, start=list(_STARTS), maybe_placeholders=False)


def parse(source: Source) -> tuple[ast.File, list[Finding]]:
    """Parse one `.rules` file.

    Always gives a file; what could not be read is left out of it, its names are kept in `broken`, and each mistake
    is one finding.
    """
    place = Place.whole(source)
    if len(source.text) > LIMITS.file_chars:
        message = f"a rule file has at most {LIMITS.file_chars} characters, this one {len(source.text)}"
        finding = Finding("syntax-error", message, place.span(0, 1), "split it; the names of files mean nothing")
        return ast.File(source, (), frozenset(), False), [finding]
    tokens, findings = tokenise(source.text, place)
    reader = _Reader(place, findings, len(source.text))
    items: list[ast.Item] = []
    for chunk in _chunks(tokens):
        item = reader.item(chunk)
        if item is not None:
            items.append(item)
    found = _in_order(reader.findings)
    if len(found) > LIMITS.findings_per_file:
        found = found[: LIMITS.findings_per_file]
    return ast.File(source, tuple(items), frozenset(reader.broken), reader.whole), found


def parse_condition(text: str, place: Place) -> tuple[ast.Cond | None, list[Finding]]:
    """Parse one condition that stands in YAML or in a filter."""
    if len(text) > LIMITS.text_chars:
        message = f"a condition has at most {LIMITS.text_chars} characters"
        return None, [Finding("syntax-error", message, place.span(0, 1))]
    tokens, findings = tokenise(text, place)
    reader = _Reader(place, findings, len(text))
    result = reader.single("cond", tokens)
    return result, _in_order(reader.findings)


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (finding.span.start, finding.span.end))


def _chunks(tokens: Sequence[Token]) -> Iterable[list[Token]]:
    """Cut the tokens into items. `stage` and `allow` are headers between `rule` and `then`, items elsewhere."""
    chunk: list[Token] = []
    in_head = False
    for index, token in enumerate(tokens):
        kind = token.type
        starts = kind in ("RULE", "DEFINE", "WORDS") or (kind == "STAGE" and not in_head)
        if kind == "ALLOW" and not in_head:
            # Only before a finding's code it is no name.
            starts = index + 1 < len(tokens) and tokens[index + 1].type == "CODE"
        if starts and chunk:
            yield chunk
            chunk = []
        if kind == "RULE":
            in_head = True
        elif kind == "THEN" or (starts and kind != "STAGE"):
            in_head = False
        chunk.append(token)
    if chunk:
        yield chunk


class _Reader:
    """Parses the items of one text, collecting findings."""

    def __init__(self, place: Place, findings: list[Finding], size: int) -> None:
        self.place = place
        self.findings = findings
        self.broken: set[str] = set()
        self.whole = not any(finding.severity.value == "error" for finding in findings)
        self._size = size
        self._build = _Builder(place, self.findings)
        # Mistakes of characters already reported: what follows from one on its line is not reported again.
        self._reported = [finding.span for finding in findings if finding.code in ("syntax-error", "bad-duration")]

    # ---- items -------------------------------------------------------------------------------------------------

    def item(self, chunk: list[Token]) -> ast.Item | None:
        """One item, or None when nothing of it can be used."""
        if self._oversized(chunk):
            self._lost(chunk)
            return None
        try:
            built: ast.Item = self._build(_lark().parse(chunk, start="item"))
            return built
        except UnexpectedToken as error:
            first = error
        self.whole = False
        if chunk[0].type == "RULE":
            return self._rule(chunk, first)
        self._lost(chunk)
        self._unexpected(first, chunk, ())
        return None

    def single(self, start: str, tokens: list[Token]) -> Any:
        """The whole of `tokens` as one part; None when it cannot be read."""
        if self._oversized(tokens):
            return None
        tree = self._try(start, tokens, ())
        return None if tree is None else self._build(tree)

    def _lost(self, chunk: Sequence[Token]) -> None:
        self.whole = False
        if len(chunk) > 1 and chunk[0].type in ("RULE", "DEFINE", "WORDS"):
            self.broken.add(str(chunk[1].value))

    def _oversized(self, chunk: Sequence[Token]) -> bool:
        depth = run = 0
        opened: list[int] = []  # for each open bracket the `not`s right before it
        for token in chunk:
            kind = token.type
            if kind == "NOT":
                run += 1
                depth += 1
            elif kind in ("LPAR", "LSQB"):
                opened.append(run)
                run = 0
                depth += 1
            else:
                depth -= run
                run = 0
                if kind in ("RPAR", "RSQB") and opened:
                    depth -= 1 + opened.pop()
            if depth > LIMITS.nesting:
                message = f"more than {LIMITS.nesting} levels within each other"
                self._report("syntax-error", message, token, "give a part a name of its own with `define`")
                return True
        if len(chunk) > LIMITS.item_tokens:
            message = f"more than {LIMITS.item_tokens} words and signs in one piece"
            self._report("syntax-error", message, chunk[LIMITS.item_tokens], "long lists belong in `words/`")
            return True
        return False

    # ---- recovery ----------------------------------------------------------------------------------------------

    def _rule(self, chunk: list[Token], first: UnexpectedToken) -> ast.Item | None:
        """A rule that does not parse as a whole: each part by itself."""
        before = len(self.findings)
        reported = len(self._reported)
        parts, order_error = _sections(chunk)
        head = self._part("head", parts.get("head"), ("ON", *HEADERS), HEADERS)
        events = self._part("events", parts.get("events"), ("WHEN", "THEN"), frozenset({"COMMA"}))
        condition = self._part("cond", parts.get("cond"), ("THEN",), frozenset({"AND", "OR"}))
        actions = self._part("actions", parts.get("actions"), ("RULE",), ACTIONS)
        quiet = len(self.findings) == before and len(self._reported) == reported
        if order_error is not None and (quiet or "second time" in order_error[0]):
            self._report("syntax-error", *order_error)
        elif quiet:
            self._unexpected(first, chunk, ())
        name = next((token for token in chunk[1:2]), None)
        if head is None:
            if name is None or name.type not in ("NAME", *SOFT):
                return None
            named = ast.Name(self._span(name), str(name.value))
            head = (named, None, ())
        return ast.Rule(
            self._span(chunk[0]).to(self._span(chunk[-1])),
            head[0],
            head[1],
            head[2],
            events or (),
            condition,
            actions or (),
            False,
        )

    def _part(self, start: str, tokens: list[Token] | None, follow: tuple[str, ...], resume: frozenset[str]) -> Any:
        """Parse a part; after a mistake go on at the next token of `resume`, only to find further mistakes."""
        if not tokens:
            return None
        tree = self._try(start, tokens, follow)
        if tree is not None:
            return self._build(tree)
        rest = tokens
        for _ in range(50):
            at = self._failed_at(start, rest)
            if at is None or at >= len(rest):
                break
            again = _resume(rest, at, resume)
            if again is None:
                break
            rest = rest[again + 1 :] if resume & {"AND", "OR", "COMMA"} else rest[again:]
            if not rest:
                break
            if start == "head":
                rest = [tokens[0], _stand_in(rest[0]), *rest]
            if self._try(start, rest, follow) is not None:
                break
        return None

    def _failed_at(self, start: str, tokens: list[Token]) -> int | None:
        try:
            _lark().parse(tokens, start=start)
        except UnexpectedToken as error:
            if error.token.type == "$END":
                return len(tokens)
            return next((index for index, token in enumerate(tokens) if token is error.token), None)
        return None

    def _try(self, start: str, tokens: list[Token], follow: tuple[str, ...]) -> Tree[Token] | None:
        try:
            return _lark().parse(tokens, start=start)
        except UnexpectedToken as error:
            self._unexpected(error, tokens, follow)
            return None

    # ---- findings ----------------------------------------------------------------------------------------------

    def _span(self, token: Token) -> Span:
        return self.place.span(token.start_pos or 0, token.end_pos or 0)

    def _report(self, code: str, message: str, token: Token, hint: str | None = None) -> None:
        self.whole = False
        span = self._span(token)
        self._reported.append(span)
        self.findings.append(Finding(code, message, span, hint))

    def _unexpected(self, error: UnexpectedToken, tokens: Sequence[Token], follow: tuple[str, ...]) -> None:
        self.whole = False
        token: Token = error.token
        expected = set(error.accepts or error.expected or ())
        if "$END" in expected:
            expected |= set(follow)
        at_end = token.type == "$END"
        if at_end:
            last = tokens[-1] if tokens else None
            end = (last.end_pos or 0) if last is not None else 0
            start = (last.start_pos or 0) if last is not None else 0
            span = self.place.span(start, end)
        else:
            span = self._span(token)
        if any(other.line == span.line for other in self._reported):
            return
        self._reported.append(span)
        keyword = self._meant(token, expected)
        if keyword is not None:
            self.findings.append(
                Finding("unknown-keyword", f"unknown keyword `{token.value}`", span, f"did you mean `{keyword}`?")
            )
            return
        wanted = _describe(expected - {"$END"} or expected)
        if at_end:
            where = f"after `{span.text}`" if len(span.text) < 40 else "here"
            message = f"something is missing {where}: expected {wanted}"
        else:
            message = f"unexpected `{_shorten(span.text)}`, expected {wanted}"
        self.findings.append(Finding("syntax-error", message, span, _advice(token, tokens, expected)))

    @staticmethod
    def _meant(token: Token, expected: set[str]) -> str | None:
        """The keyword that fits here and is close to the name that stands here."""
        if token.type != "NAME":
            return None
        return suggest(str(token.value), [WRITTEN[kind] for kind in expected if kind in WRITTEN])


def _stand_in(token: Token) -> Token:
    """A name in place of what was left out, so that the rest of a head parses."""
    return Token("NAME", "_", token.start_pos, None, None, None, None, token.start_pos)


def _sections(chunk: list[Token]) -> tuple[dict[str, list[Token]], tuple[str, Token, str] | None]:
    """Cut a rule at `on`, `when` and `then`; the error tells of a part that is missing, doubled or misplaced."""
    order = ["head", "events", "cond", "actions"]
    opens = {"ON": "events", "WHEN": "cond", "THEN": "actions"}
    parts: dict[str, list[Token]] = {"head": []}
    opened: dict[str, Token] = {}
    lost: list[Token] = []
    into = parts["head"]
    now = "head"
    error: tuple[str, Token, str] | None = None
    for token in chunk:
        part = opens.get(token.type)
        if part is None or (token.type == "ON" and now == "events"):
            into.append(token)
        elif part in parts or order.index(part) < order.index(now):
            into = lost
            error = error or (
                f"`{token.value}` stands here a second time or too late",
                token,
                "one `on`, `when`, `then`",
            )
        else:
            into = parts[part] = []
            opened[part] = token
            now = part
    if error is None:
        for word, part in (("on", "events"), ("when", "cond"), ("then", "actions")):
            if part in opened and not parts[part]:
                return parts, (f"something is missing after `{word}`", opened[part], _SHAPE)
            if part not in opened and part != "cond":
                error = error or (f"the rule has no `{word}` part", chunk[0], _SHAPE)
    return parts, error


_SHAPE = "a rule is `rule NAME on EVENT when CONDITION then ACTION`"


def _resume(tokens: Sequence[Token], at: int, resume: frozenset[str]) -> int | None:
    """Where to go on after the token at `at`: at a joint outside of brackets, or at a first word of a later line."""
    depth = 0
    for index in range(at + 1, len(tokens)):
        token = tokens[index]
        if token.type in ("LPAR", "LSQB"):
            depth += 1
        elif token.type in ("RPAR", "RSQB"):
            depth = max(0, depth - 1)
        elif depth == 0 and token.type in resume:
            return index
    return None


def _describe(expected: Iterable[str]) -> str:
    """What would have fitted, for people: kinds first, then words, a few of each."""
    kinds = set(expected)
    if kinds >= set(SOFT) - {"EVERY"}:
        kinds -= set(SOFT)
        kinds.add("NAME")
    named = [text for kind, text in _KINDS.items() if kind in kinds]
    if len(kinds & _OPERATORS) > 4:
        kinds -= _OPERATORS
        named.append("an operator")
    if len(kinds & ACTIONS) > 10:
        kinds -= ACTIONS
        named.append("an action")
    words = [f"`{_SIGNS.get(kind) or WRITTEN.get(kind, kind)}`" for kind in sorted(kinds) if kind not in _KINDS]
    shown = named + words
    if len(shown) > 6:
        shown = [*shown[:6], "…"]
    if not shown:
        return "nothing more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _shorten(text: str) -> str:
    line = text.split("\n")[0]
    return line if len(line) <= 40 else f"{line[:39]}…"


def _advice(token: Token, tokens: Sequence[Token], expected: set[str]) -> str | None:
    if token.type in TOKENS.values() and "NAME" in expected and token.type not in SOFT:
        return f'`{token.value}` is a keyword; as a name it needs quotes: `"{token.value}"`'
    if token.type == "NAME" and "TEXT" in expected and "NAME" not in expected:
        return f'text stands in double quotes: `"{token.value}"`'
    return None


# ---- tree building ---------------------------------------------------------------------------------------------


class _Builder:
    """Lark's tree to ours. One method a rule or alias of the grammar; tokens come along as they are."""

    def __init__(self, place: Place, findings: list[Finding]) -> None:
        self.place = place
        self.findings = findings

    def __call__(self, tree: Tree[Token]) -> Any:
        children = [self(child) if isinstance(child, Tree) else child for child in tree.children]
        method: Callable[[list[Any]], Any] = getattr(self, "_" + tree.data.rstrip("_"))
        return method(children)

    # -- helpers

    def _at(self, piece: Any) -> Span:
        if isinstance(piece, Token):
            return self.place.span(piece.start_pos or 0, piece.end_pos or 0)
        if isinstance(piece, tuple):
            return self._whole([item for item in piece if item is not None and item != ()])
        span: Span = piece.span
        return span

    def _whole(self, pieces: Sequence[Any]) -> Span:
        return self._at(pieces[0]).to(self._at(pieces[-1]))

    @staticmethod
    def _nodes(pieces: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(piece for piece in pieces if not isinstance(piece, Token))

    @staticmethod
    def _has(pieces: Iterable[Any], kind: str) -> bool:
        return any(isinstance(piece, Token) and piece.type == kind for piece in pieces)

    @staticmethod
    def _after(pieces: Sequence[Any], kind: str) -> Any:
        """The piece right after the token `kind`, or None."""
        for index, piece in enumerate(pieces):
            if isinstance(piece, Token) and piece.type == kind:
                return pieces[index + 1]
        return None

    def _quoted(self, token: Any) -> ast.TextValue | None:
        if not isinstance(token, Token) or token.type != "TEXT":
            return None
        return ast.TextValue(self._at(token), str(token.value))

    def _last_text(self, pieces: Sequence[Any]) -> ast.TextValue | None:
        return self._quoted(pieces[-1])

    # -- names and values

    def _name(self, pieces: list[Token]) -> ast.Name:
        return ast.Name(self._at(pieces[0]), str(pieces[0].value))

    def _path(self, pieces: list[Any]) -> ast.Path:
        names = [piece.text if isinstance(piece, ast.Name) else str(piece.value) for piece in pieces]
        return ast.Path(self._whole(pieces), "".join(names))

    def _text(self, pieces: list[Token]) -> ast.TextValue:
        return ast.TextValue(self._at(pieces[0]), str(pieces[0].value))

    def _number(self, pieces: list[Token]) -> ast.Number:
        value = _exact(str(pieces[-1].value))
        return ast.Number(self._whole(pieces), -value if len(pieces) == 2 else value)

    def _true(self, pieces: list[Token]) -> ast.Bool:
        return ast.Bool(self._at(pieces[0]), True)

    def _false(self, pieces: list[Token]) -> ast.Bool:
        return ast.Bool(self._at(pieces[0]), False)

    def _now(self, pieces: list[Token]) -> ast.Path:
        return ast.Path(self._at(pieces[0]), "now")

    def _empty(self, pieces: list[Token]) -> ast.Empty:
        return ast.Empty(self._at(pieces[0]))

    def _duration_value(self, pieces: list[Token]) -> ast.DurationValue:
        span = self._whole(pieces)
        business = len(pieces) == 2
        written = str(pieces[0].value)
        try:
            value = Duration.parse(written + (" business" if business else ""))
        except ValueError:
            self.findings.append(Finding("bad-duration", f"`{written}` is not a whole number of microseconds", span))
            value = Duration(MICROS["d"], 1, business)
        return ast.DurationValue(span, value)

    def _duration_setting(self, pieces: list[ast.Path]) -> ast.Path:
        return pieces[0]

    def _call(self, pieces: list[Any]) -> ast.Call:
        return ast.Call(self._whole(pieces), pieces[0], self._nodes(pieces[1:]))

    def _group(self, pieces: list[Any]) -> Any:
        return pieces[1]

    def _arithmetic(self, pieces: list[Any]) -> ast.Arithmetic:
        rest = tuple(
            (_SIGNS[operator.type], operand) for operator, operand in zip(pieces[1::2], pieces[2::2], strict=True)
        )
        return ast.Arithmetic(self._whole(pieces), pieces[0], rest)

    def _list(self, pieces: list[Any]) -> tuple[Any, ...]:
        # The closing bracket belongs to the span of what holds the list; it is kept as the last element's neighbour.
        return _List(self._nodes(pieces), self._whole(pieces))

    # -- conditions

    def _or(self, pieces: list[Any]) -> ast.Or:
        return ast.Or(self._whole(pieces), self._nodes(pieces))

    def _and(self, pieces: list[Any]) -> ast.And:
        return ast.And(self._whole(pieces), self._nodes(pieces))

    def _not(self, pieces: list[Any]) -> ast.Not:
        return ast.Not(self._whole(pieces), pieces[1])

    def _compare(self, pieces: list[Any]) -> ast.Compare:
        left, operator, right = pieces
        return ast.Compare(self._whole(pieces), left, _SIGNS[operator.type], right, self._at(operator))

    def _in_list(self, pieces: list[Any]) -> ast.In:
        items = pieces[-1]
        return ast.In(self._at(pieces[0]).to(items.span), pieces[0], tuple(items), self._has(pieces, "NOT"))

    def _in_hours(self, pieces: list[Any]) -> ast.InHours:
        calendar = self._noun(pieces[-1])
        return ast.InHours(self._whole(pieces), pieces[0], calendar, self._has(pieces, "NOT"))

    def _has_one(self, pieces: list[Any]) -> ast.Has:
        return ast.Has(self._whole(pieces), pieces[0], "any", (pieces[2],))

    def _has_many(self, pieces: list[Any]) -> ast.Has:
        items = pieces[-1]
        mode: Any = "all" if self._has(pieces, "ALL") else "any"
        return ast.Has(self._at(pieces[0]).to(items.span), pieces[0], mode, tuple(items))

    def _contains_one(self, pieces: list[Any]) -> ast.Contains:
        text = self._last_text(pieces)
        return ast.Contains(self._whole(pieces), pieces[0], self._has(pieces, "EXACT"), "any", None, (text,))

    def _contains_many(self, pieces: list[Any]) -> ast.Contains:
        what = pieces[-1]
        mode: Any = "all" if self._has(pieces, "ALL") else "any"
        span = self._at(pieces[0]).to(what.span)
        exact = self._has(pieces, "EXACT")
        if isinstance(what, ast.Name):
            return ast.Contains(span, pieces[0], exact, mode, what, ())
        return ast.Contains(span, pieces[0], exact, mode, None, tuple(what))

    def _affix(self, pieces: list[Any]) -> ast.Affix:
        where: Any = "starts" if self._has(pieces, "STARTS") else "ends"
        return ast.Affix(self._whole(pieces), pieces[0], where, self._text(pieces[-1:]))

    def _matches(self, pieces: list[Any]) -> ast.Matches:
        token = pieces[-1]
        span = self._at(token)
        flags = span.text[span.text.rfind("/") + 1 :] if "/" in span.text else ""
        return ast.Matches(self._whole(pieces), pieces[0], str(token.value), flags, span)

    def _presence(self, pieces: list[Any]) -> ast.Presence:
        return ast.Presence(self._whole(pieces), pieces[0], pieces[-1].type == "EMPTY")

    def _changed(self, pieces: list[Any]) -> ast.Changed:
        before, after = self._after(pieces, "FROM"), self._after(pieces, "TO")
        return ast.Changed(self._whole(pieces), pieces[0], before, after)

    # -- actions

    def _action_of(self, verb: str, pieces: Sequence[Any], end: Any, **parts: Any) -> ast.Action:
        span = self._at(pieces[0]).to(self._at(end))
        return ast.Action(span, verb, self._at(pieces[0]), tuple(parts.items()))

    def _noun(self, piece: Any) -> ast.Name | ast.TextValue:
        if isinstance(piece, Token):
            return ast.TextValue(self._at(piece), str(piece.value))
        noun: ast.Name | ast.TextValue = piece
        return noun

    def _actions(self, pieces: list[ast.Action]) -> tuple[ast.Action, ...]:
        return tuple(pieces)

    def _nouns(self, pieces: list[Any]) -> tuple[Any, ...]:
        return _List(self._nodes(pieces), self._whole(pieces))

    _whos = _nouns

    def _set(self, pieces: list[Any]) -> ast.Action:
        return self._action_of(WRITTEN[pieces[0].type], pieces, pieces[-1], field=pieces[1], value=pieces[3])

    def _tags(self, pieces: list[Any]) -> ast.Action:
        owner = self._after(pieces, "TO") or self._after(pieces, "FROM")
        verb = "add_tag" if pieces[0].type == "ADD" else "remove_tag"
        return self._action_of(verb, pieces, pieces[-1], tags=tuple(pieces[2]), owner=owner)

    def _move(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("move", pieces, pieces[-1], state=pieces[2])

    def _route(self, pieces: list[Any]) -> ast.Action:
        skills = self._after(pieces, "SKILL") or ()
        return self._action_of(
            "route", pieces, pieces[-1], team=pieces[3], skills=tuple(skills), by=self._after(pieces, "BY")
        )

    def _assign(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("assign", pieces, pieces[-1], agent=pieces[3])

    def _message_template(self, pieces: list[Any]) -> ast.Message:
        return ast.Message(self._whole(pieces), pieces[1], None)

    def _message_text(self, pieces: list[Any]) -> ast.Message:
        return ast.Message(self._whole(pieces), None, self._quoted(pieces[0]))

    def _reply(self, pieces: list[Any]) -> ast.Action:
        shown, after = self._after(pieces, "AS"), self._after(pieces, "AFTER")
        return self._action_of("reply", pieces, pieces[-1], message=pieces[1], shown=shown, after=after)

    def _note(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("note", pieces, pieces[-1], message=pieces[1])

    def _notify(self, pieces: list[Any]) -> ast.Action:
        via = self._after(pieces, "VIA") or ()
        return self._action_of(
            "notify",
            pieces,
            pieces[-1],
            to=WRITTEN[pieces[1].type],
            names=tuple(pieces[2]),
            message=pieces[3],
            via=tuple(via),
        )

    def _answer(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("answer", pieces, pieces[-1])

    def _ask_rating(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("ask_rating", pieces, pieces[-1])

    def _start_timer(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("start_timer", pieces, pieces[-1], name=pieces[2], after=pieces[4])

    def _cancel_timer(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("cancel_timer", pieces, pieces[-1], name=pieces[2])

    def _open(self, pieces: list[Any]) -> ast.Action:
        return self._action_of(
            "open",
            pieces,
            pieces[-1],
            kind=pieces[1],
            team=self._after(pieces, "TEAM"),
            agent=self._after(pieces, "AGENT"),
            template=self._after(pieces, "TEMPLATE"),
        )

    def _mask(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("mask", pieces, pieces[-1], words=pieces[1])

    def _reject(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("reject", pieces, pieces[-1], why=self._last_text(pieces))

    def _flag(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("flag", pieces, pieces[-1], why=self._last_text(pieces))

    def _block(self, pieces: list[Any]) -> ast.Action:
        after = self._after(pieces, "FOR")
        return self._action_of("block", pieces, pieces[-1], after=after, why=self._last_text(pieces))

    def _do(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("do", pieces, pieces[-1], name=pieces[1], arguments=self._nodes(pieces[2:]))

    def _argument(self, pieces: list[Any]) -> ast.Argument:
        return ast.Argument(self._whole(pieces), pieces[0], pieces[2])

    def _stop(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("stop", pieces, pieces[-1])

    # -- events

    def _events(self, pieces: list[Any]) -> tuple[Any, ...]:
        return self._nodes(pieces)

    def _event_named(self, pieces: list[Any]) -> ast.EventName:
        return ast.EventName(self._whole(pieces), pieces[0], self._after(pieces, "AFTER"))

    def _each(self, pieces: list[Any]) -> _Each:
        return _Each(self._whole(pieces), pieces[2])

    def _every(self, pieces: list[Any], **parts: Any) -> ast.Every:
        each = pieces[-1].name if isinstance(pieces[-1], _Each) else None
        given = {"period": None, "day": None, "number": None, "at": None} | parts
        return ast.Every(self._whole(pieces), **given, each=each)

    def _every_period(self, pieces: list[Any]) -> ast.Every:
        return self._every(pieces, period=pieces[1])

    def _every_day(self, pieces: list[Any]) -> ast.Every:
        return self._every(pieces, day=pieces[1], at=self._quoted(self._after(pieces, "AT")))

    def _every_month(self, pieces: list[Any]) -> ast.Every:
        number = self._number([self._after(pieces, "ON")])
        return self._every(pieces, day=pieces[1], number=number, at=self._quoted(self._after(pieces, "AT")))

    # -- headers and items

    def _stage_header(self, pieces: list[Any]) -> ast.Header:
        return ast.Header(self._whole(pieces), "stage", self._noun(pieces[1]))

    def _priority_header(self, pieces: list[Any]) -> ast.Header:
        return ast.Header(self._whole(pieces), "priority", self._number(pieces[1:]))

    def _text_header(self, pieces: list[Any]) -> ast.Header:
        return ast.Header(self._whole(pieces), WRITTEN[pieces[0].type], self._quoted(pieces[1]))

    def _allow_header(self, pieces: list[Any]) -> ast.Header:
        return ast.Header(self._whole(pieces), "allow", self._allow_line(pieces))

    def _limit_header(self, pieces: list[Any]) -> ast.Header:
        first = pieces[1]
        count = ast.Number(self._at(first), 1) if first.type == "ONCE" else self._number([first])
        window = pieces[3] if len(pieces) == 6 else None
        return ast.Header(self._whole(pieces), "limit", ast.Limit(self._whole(pieces), count, window, pieces[-1]))

    def _head(self, pieces: list[Any]) -> tuple[Any, ...]:
        title = next((self._quoted(piece) for piece in pieces[1:] if isinstance(piece, Token)), None)
        headers = tuple(piece for piece in pieces if isinstance(piece, ast.Header))
        seen: dict[str, ast.Header] = {}
        for header in headers:
            first = seen.setdefault(header.kind, header)
            if header.kind != "allow" and first is not header:
                related = (Related(first.span, "first here"),)
                message = f"`{header.kind}` stands twice in one rule"
                self.findings.append(Finding("duplicate-key", message, header.span, "keep one", related=related))
        return _List((pieces[1], title, headers), self._whole(pieces))

    def _rule(self, pieces: list[Any]) -> ast.Rule:
        head = pieces[0]
        events, actions = pieces[2], pieces[-1]
        condition = self._after(pieces, "WHEN")
        return ast.Rule(head.span.to(actions[-1].span), head[0], head[1], head[2], events, condition, actions)

    def _define(self, pieces: list[Any]) -> ast.Define:
        return ast.Define(self._whole(pieces), pieces[1], pieces[3])

    def _words_list(self, pieces: list[Any]) -> ast.Words:
        items = pieces[3]
        return ast.Words(self._at(pieces[0]).to(items.span), pieces[1], tuple(items), None)

    def _words_file(self, pieces: list[Any]) -> ast.Words:
        return ast.Words(self._whole(pieces), pieces[1], (), self._last_text(pieces))

    def _stage_line(self, pieces: list[Any]) -> ast.StageLine:
        return ast.StageLine(self._whole(pieces), self._noun(pieces[1]))

    def _allow_line(self, pieces: list[Any]) -> ast.Allow:
        code = pieces[1]
        return ast.Allow(self._whole(pieces), str(code.value), self._at(code), str(pieces[2].value))

    def _item(self, pieces: list[Any]) -> Any:
        return pieces[0]


class _List(tuple[Any, ...]):
    """A tuple of nodes that knows the span of the whole, brackets included."""

    span: Span

    def __new__(cls, items: Iterable[Any], span: Span) -> _List:
        made = super().__new__(cls, tuple(items))
        made.span = span
        return made


class _Each:
    def __init__(self, span: Span, name: ast.Name) -> None:
        self.span = span
        self.name = name


def _exact(written: str) -> int | Decimal:
    percent = written.endswith("%")
    value = Decimal(written.rstrip("%"))
    if percent:
        value = value / 100
    return int(value) if value == value.to_integral_value() else value
