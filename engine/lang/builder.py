"""Lark's tree to the syntax tree: one method for each rule or alias of the grammar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from lark import Token, Tree

from engine.lang import ast
from engine.lang.findings import Finding, Related
from engine.lang.keywords import WRITTEN
from engine.lang.said import say
from engine.lang.source import Place, Span
from engine.lang.types import MICROS, Duration

SIGNS = {
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
"""How each sign is written, by its token."""


class Builder:
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
            self.findings.append(
                Finding("bad-duration", say("`{written}` is not a whole number of microseconds", written), span)
            )
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
            (SIGNS[operator.type], operand) for operator, operand in zip(pieces[1::2], pieces[2::2], strict=True)
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
        return ast.Compare(self._whole(pieces), left, SIGNS[operator.type], right, self._at(operator))

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
        mode: Any = next((one for one in ("all", "only") if self._has(pieces, one.upper())), "any")
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
        by, anew = self._after(pieces, "BY"), any(getattr(piece, "type", None) == "REASSIGN" for piece in pieces)
        return self._action_of("route", pieces, pieces[-1], team=pieces[3], skills=tuple(skills), by=by, reassign=anew)

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

    def _notify_those(self, pieces: list[Any]) -> ast.Action:
        to, via = WRITTEN[pieces[1].type], self._after(pieces, "VIA") or ()
        return self._action_of("notify", pieces, pieces[-1], to=to, names=(), message=pieces[2], via=tuple(via))

    def _answer(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("answer", pieces, pieces[-1])

    def _ask_rating(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("ask_rating", pieces, pieces[-1])

    def _start_timer(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("start_timer", pieces, pieces[-1], timer=pieces[2], after=pieces[4])

    def _cancel_timer(self, pieces: list[Any]) -> ast.Action:
        return self._action_of("cancel_timer", pieces, pieces[-1], timer=pieces[2])

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
                related = (Related(first.span, say("first here")),)
                message = say("`{kind}` stands twice in one rule", header.kind)
                self.findings.append(Finding("duplicate-key", message, header.span, say("keep one"), related=related))
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
