"""Text to syntax tree, through Lark's LALR(1) tables. Recovers item by item, and within a broken item part by part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from lark import Token, Tree
from lark.exceptions import UnexpectedToken

from engine.lang import ast
from engine.lang.builder import SIGNS, Builder
from engine.lang.findings import Finding
from engine.lang.grammar import KINDS, action_words, grammar, header_words
from engine.lang.keywords import RESERVED, SOFT, TOKENS, KeywordSet, forms, language_of, script_of, set_of, written
from engine.lang.lexer import tokenise
from engine.lang.limits import LIMITS
from engine.lang.mending import PARTS, Slip, keyword_meant, read, with_help
from engine.lang.said import either, say
from engine.lang.source import Place, Source, Span
from engine.lang.tries import advice, instead

_OPERATORS = frozenset({"EQ", "NE", "LT", "LE", "GT", "GE", "PLUS", "MINUS", "STAR", "SLASH"})
_KEYWORD_TOKENS = frozenset(TOKENS.values())
_NO_NAME = frozenset({"RULE", "DEFINE", "WORDS", "COMMA", "RSQB", "$END"})
"""What never follows a word that begins an item."""
_WANT_NAME = frozenset(
    {"TAG", "COMMA", "TO", "TEAM", "AGENT", "ROLE", "TEMPLATE", "SKILL", "TIMER", "BY", "VIA", "AS", "EQ", "NE", "LSQB"}
)
"""What never ends one."""


def parse(source: Source, *, mixed: bool = False) -> tuple[ast.File, list[Finding]]:
    """Parse one `.rules` file.

    Always gives a file; what could not be read is left out of it, its names are kept in `broken`, and each mistake
    is one finding. `mixed`: English and Chinese keywords may stand side by side (for what converts them).
    """
    place = Place.whole(source)
    if len(source.text) > LIMITS.file_chars:
        message = say(
            "a rule file has at most {most} characters, this one {count}", LIMITS.file_chars, len(source.text)
        )
        finding = Finding("syntax-error", message, place.span(0, 1), say("split it; the names of files mean nothing"))
        return ast.File(source, (), frozenset(), False), [finding]
    tokens, findings = tokenise(source.text, place)
    reader = _Reader(place, findings, source.text, tokens, mixed)
    items: list[ast.Item] = []
    for chunk in chunks(tokens):
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
        message = say("a condition has at most {most} characters", LIMITS.text_chars)
        return None, [Finding("syntax-error", message, place.span(0, 1))]
    tokens, findings = tokenise(text, place)
    reader = _Reader(place, findings, text, tokens, False)
    result = reader.single("cond", tokens)
    return result, _in_order(reader.findings)


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (finding.span.start, finding.span.end))


def keyword_set(tokens: Sequence[Token]) -> KeywordSet:
    """The set a text is written in: that of its first word which can be nothing but a keyword, in Chinese in the script
    of most of them."""
    for index, token in enumerate(tokens):
        before_code = index + 1 < len(tokens) and tokens[index + 1].type == "CODE"
        if (token.type in RESERVED and str(token.value)[0] not in "&|") or before_code:
            if set_of(str(token.value)) == "en":
                return "en"
            return script_of(str(one.value) for one in tokens if one.type in RESERVED)
    return "en"


def keywords_of(tree: Tree[Token]) -> Iterable[Token]:
    """The tokens of a tree that stand as keywords, in order; other keywords are names where a name is wanted."""
    for child in tree.children:
        if isinstance(child, Token):
            if child.type in _KEYWORD_TOKENS and tree.data != "name":
                yield child
        else:
            yield from keywords_of(child)


def chunks(tokens: Sequence[Token]) -> Iterable[list[Token]]:
    """Cut the tokens into items. `stage` and `allow` are headers between `rule` and `then`, items elsewhere."""
    chunk: list[Token] = []
    in_head = False
    for index, token in enumerate(tokens):
        kind = token.type
        after = tokens[index + 1].type if index + 1 < len(tokens) else "$END"
        starts = kind in ("RULE", "DEFINE", "WORDS") or (kind == "STAGE" and not in_head)
        if after in _NO_NAME and chunk and chunk[-1].type in _WANT_NAME:
            starts = False  # `add tag rule, x`: a word that lacks its quotes
        if kind == "ALLOW" and not in_head:
            # Only before a finding's code it is no name.
            starts = after == "CODE"
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

    def __init__(self, place: Place, findings: list[Finding], text: str, tokens: Sequence[Token], mixed: bool) -> None:
        self.place = place
        self.keywords = keyword_set(tokens)
        # Most texts have the words of one set only, and need no closer look.
        written_in = {set_of(str(token.value)) for token in tokens if token.type in _KEYWORD_TOKENS}
        self._suspect = not mixed and written_in == {"en", "zh"}
        self.findings = findings
        self.broken: set[str] = set()
        self.whole = not any(finding.severity.value == "error" for finding in findings)
        self._text = text
        self._tries = 0
        self._hushed = 0
        self._item: tuple[int, int] | None = None
        self._odd = [n for n, one in enumerate(findings) if one.code == "syntax-error"][: LIMITS.tries]
        self._build = Builder(place, self.findings)
        # Mistakes of characters already reported: what follows from one on its line is not reported again.
        self._reported = [finding.span for finding in findings if finding.code in ("syntax-error", "bad-duration")]

    # ---- items -------------------------------------------------------------------------------------------------

    def item(self, chunk: list[Token]) -> ast.Item | None:
        """One item, or None when nothing of it can be used."""
        self._item = (chunk[0].start_pos or 0, chunk[-1].end_pos or 0)
        if self._odd and chunk[0].type == "RULE":
            self._signs(chunk)
        if self._oversized(chunk):
            self._lost(chunk)
            return None
        try:
            tree = grammar().parse(chunk, start="item")
            self._one_set(tree)
            built: ast.Item = self._build(tree)
            return built
        except UnexpectedToken as error:
            first = error
        self.whole = False
        if chunk[0].type == "RULE":
            return self._rule(chunk, first)
        self._lost(chunk)
        self._unexpected(first, chunk, (), "item")
        return None

    def single(self, start: str, tokens: list[Token]) -> Any:
        """The whole of `tokens` as one part; None when it cannot be read."""
        if self._oversized(tokens):
            return None
        tree = self._try(start, tokens, ())
        if tree is None:
            return None
        self._one_set(tree)
        return self._build(tree)

    def _one_set(self, tree: Tree[Token]) -> None:
        """Keywords of the other set: the first of an item tells enough, the rest has the same cause."""
        if not self._suspect:
            return
        for token in keywords_of(tree):
            if str(token.value)[0] in "&|":
                continue  # a sign for a word, told already
            if set_of(str(token.value)) != language_of(self.keywords):
                if self.keywords == "en":
                    message = say("`{word}` is Chinese, and this text has English keywords", token.value)
                else:
                    message = say("`{word}` is English, and this text has Chinese keywords", token.value)
                meant = written(token.type, self.keywords)
                self._report(
                    "unknown-keyword",
                    message,
                    token,
                    say("write `{meant}`; `engine fmt --keywords {keywords}` turns a whole file", meant, self.keywords),
                )
                return

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
                message = say("more than {most} levels within each other", LIMITS.nesting)
                self._report("syntax-error", message, token, say("give a part a name of its own with `define`"))
                return True
        if len(chunk) > LIMITS.item_tokens:
            message = say("more than {most} words and signs in one piece", LIMITS.item_tokens)
            self._report("syntax-error", message, chunk[LIMITS.item_tokens], say("long lists belong in `words/`"))
            return True
        return False

    # ---- recovery ----------------------------------------------------------------------------------------------

    def _rule(self, chunk: list[Token], first: UnexpectedToken) -> ast.Item | None:
        """A rule that does not parse as a whole: each part by itself."""
        before = len(self.findings)
        reported, hushed = len(self._reported), self._hushed
        parts, order_error = _sections(chunk, self.keywords)
        head = self._part("head", parts.get("head"), ("ON", *header_words()), header_words())
        events = self._part("events", parts.get("events"), ("WHEN", "THEN"), frozenset({"COMMA"}))
        condition = self._part("cond", parts.get("cond"), ("THEN",), frozenset({"AND", "OR"}))
        actions = self._part("actions", parts.get("actions"), ("RULE",), action_words())
        quiet = len(self.findings) == before and len(self._reported) == reported and self._hushed == hushed
        if order_error is not None and self._swallowed(chunk):
            order_error = None
        if order_error is not None and any(self._span(order_error[1]).line == span.line for span in self._reported):
            order_error = None  # `if … then …` is one mistake
            quiet = False
        if order_error is not None and (quiet or "second time" in order_error[0]):
            self._report("syntax-error", *order_error)
        elif quiet:
            self._unexpected(first, chunk, (), "item")
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

    def _swallowed(self, chunk: list[Token]) -> bool:
        """Whether a text that does not end holds what the rule seems to lack."""
        whole = self._span(chunk[0]).to(self._span(chunk[-1]))
        words = {form for kind in ("ON", "THEN") for form in forms(kind, self.keywords)}
        return any(
            whole.start <= span.start < whole.end and not words.isdisjoint(span.text.split()) for span in self._reported
        )

    def _part(self, start: str, tokens: list[Token] | None, follow: tuple[str, ...], resume: frozenset[str]) -> Any:
        """Parse a part; after a mistake go on at the next token of `resume`, only to find further mistakes."""
        if not tokens:
            return None
        tree = self._try(start, tokens, follow)
        if tree is not None:
            self._one_set(tree)
            return self._build(tree)
        rest = tokens
        for _ in range(50):
            at = self._failed_at(start, rest)
            if at is None or at >= len(rest):
                break
            again = _resume(rest, at, resume)
            if again is None:
                break
            rest = _matched(rest[again + 1 :]) if resume & {"AND", "OR", "COMMA"} else rest[again:]
            if not rest:
                break
            if start == "head":
                rest = [tokens[0], _stand_in(rest[0]), *rest]
            if self._try(start, rest, follow) is not None:
                break
        return None

    def _failed_at(self, start: str, tokens: list[Token]) -> int | None:
        try:
            grammar().parse(tokens, start=start)
        except UnexpectedToken as error:
            if error.token.type == "$END":
                return len(tokens)
            return next((index for index, token in enumerate(tokens) if token is error.token), None)
        return None

    def _try(self, start: str, tokens: list[Token], follow: tuple[str, ...]) -> Tree[Token] | None:
        try:
            return grammar().parse(tokens, start=start)
        except UnexpectedToken as error:
            self._unexpected(error, tokens, follow, start)
            return None

    # ---- findings ----------------------------------------------------------------------------------------------

    def _span(self, token: Token) -> Span:
        return self.place.span(token.start_pos or 0, token.end_pos or 0)

    def _report(self, code: str, message: str, token: Token, hint: str | None = None) -> None:
        self.whole = False
        span = self._span(token)
        self._reported.append(span)
        self.findings.append(Finding(code, message, span, hint))

    def _unexpected(self, error: UnexpectedToken, tokens: Sequence[Token], follow: tuple[str, ...], start: str) -> None:
        self.whole = False
        token: Token = error.token
        expected = set(error.accepts or error.expected or ())
        if "$END" in expected:
            expected |= set(follow)
        at_end = token.type == "$END"
        if at_end:
            last = tokens[-1] if tokens else None
            end = (last.end_pos or 0) if last is not None else 0
            begin = (last.start_pos or 0) if last is not None else 0
            span = self.place.span(begin, end)
        else:
            span = self._span(token)
        if any(other.line == span.line for other in self._reported):
            self._hushed += 1
            return
        self._reported.append(span)
        keyword = keyword_meant(str(token.value), expected, self.keywords) if token.type == "NAME" else None
        hint = advice(token, tokens, expected) or instead(str(token.value) if not at_end else "", start, self.keywords)
        slip = self._slip(token, tokens, start, keyword, hint)
        if keyword is not None:
            message = say("unknown keyword `{word}`", token.value)
            found = Finding("unknown-keyword", message, span, say("did you mean `{name}`?", keyword), slip=slip)
            self.findings.append(found if slip is None else with_help(found, read, {}))
            return
        wanted = _describe(expected - {"$END"} or expected, self.keywords)
        if at_end:
            if len(span.text) < 40:
                message = say("something is missing after `{text}`: expected {wanted}", span.text, wanted)
            else:
                message = say("something is missing here: expected {wanted}", wanted)
        else:
            message = say("unexpected `{text}`, expected {wanted}", _shorten(span.text), wanted)
        found = Finding("syntax-error", message, span, hint, slip=slip)
        self.findings.append(found if slip is None else with_help(found, read, {}))

    def _signs(self, chunk: list[Token]) -> None:
        """What may be meant where a sign has no meaning."""
        parts, _ = _sections(chunk, self.keywords)
        for part in PARTS:
            tokens = parts.get(part)
            if not tokens:
                continue
            begin, end = tokens[0].start_pos or 0, tokens[-1].end_pos or 0
            stop = self._text.find("\n", end)
            end = len(self._text) if stop < 0 else stop
            for number in self._odd:
                finding = self.findings[number]
                at = finding.span.start
                if finding.slip is None and begin <= at < end <= begin + LIMITS.tried_chars:
                    slip = Slip(self._text, part, begin, end, at, self.keywords, self._item, None, finding.hint)
                    self.findings[number] = with_help(replace(finding, slip=slip), read, {})

    def _slip(
        self, token: Token, tokens: Sequence[Token], part: str, keyword: str | None, otherwise: str | None
    ) -> Slip | None:
        """What may be tried instead; None where nothing is."""
        if not tokens or part not in PARTS or (part == "events" and keyword is not None):
            return None
        self._tries += 1
        begin, end = tokens[0].start_pos or 0, tokens[-1].end_pos or 0
        if self._tries > LIMITS.tries or end - begin > LIMITS.tried_chars:
            return None
        at = end if token.type == "$END" else min(token.start_pos or 0, end)
        return Slip(self._text, part, begin, end, at, self.keywords, self._item, keyword, otherwise)


def _stand_in(token: Token) -> Token:
    """A name in place of what was left out, so that the rest of a head parses."""
    return Token("NAME", "_", token.start_pos, None, None, None, None, token.start_pos)


def _sections(chunk: list[Token], keywords: KeywordSet) -> tuple[dict[str, list[Token]], tuple[str, Token, str] | None]:
    """Cut a rule at `on`, `when` and `then`; the error tells of a part that is missing, doubled or misplaced."""
    order = ["head", "events", "cond", "actions"]
    opens = {"ON": "events", "WHEN": "cond", "THEN": "actions"}
    parts: dict[str, list[Token]] = {"head": []}
    opened: dict[str, Token] = {}
    lost: list[Token] = []
    into = parts["head"]
    now = "head"
    error: tuple[str, Token, str] | None = None
    rule, on, when, then = (written(kind, keywords) for kind in ("RULE", "ON", "WHEN", "THEN"))
    shape = say("a rule is `{rule} NAME {on} EVENT {when} CONDITION {then} ACTION`", rule, on, when, then)
    for number, token in enumerate(chunk):
        part = opens.get(token.type) if number != 1 else None  # right after `rule` it stands for a name
        if part is None or (token.type == "ON" and now == "events"):
            into.append(token)
        elif part in parts or order.index(part) < order.index(now):
            into = lost
            error = error or (
                say("`{word}` stands here a second time or too late", token.value),
                token,
                say("one `{on}`, `{when}`, `{then}`", on, when, then),
            )
        else:
            into = parts[part] = []
            opened[part] = token
            now = part
    if error is None:
        for word, part in ((on, "events"), (when, "cond"), (then, "actions")):
            if part in opened and not parts[part]:
                return parts, (say("something is missing after `{word}`", word), opened[part], shape)
            if part not in opened and part != "cond":
                error = error or (say("the rule has no `{word}` part", word), chunk[0], shape)
    return parts, error


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


def _matched(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without closing brackets that were opened before them."""
    kept: list[Token] = []
    depth = 0
    for token in tokens:
        depth += (token.type in ("LPAR", "LSQB")) - (token.type in ("RPAR", "RSQB"))
        if depth < 0:
            depth = 0
        else:
            kept.append(token)
    return kept


def _describe(expected: Iterable[str], keywords: KeywordSet) -> str:
    """What would have fitted, for people: kinds first, then words of the set in use, a few of each."""
    kinds = set(expected)
    if kinds >= set(SOFT) - {"EVERY"}:
        kinds -= set(SOFT)
        kinds.add("NAME")
    named = [text for kind, text in KINDS.items() if kind in kinds]
    if len(kinds & _OPERATORS) > 4:
        kinds -= _OPERATORS
        named.append(say("an operator"))
    if len(kinds & action_words()) > 10:
        kinds -= action_words()
        named.append(say("an action"))
    place = "presence" if kinds >= {"EMPTY", "SET"} else ""  # after `is`, where Chinese has another word
    words = [f"`{SIGNS.get(kind) or written(kind, keywords, place)}`" for kind in sorted(kinds) if kind not in KINDS]
    shown = named + words
    if len(shown) > 6:
        shown = [*shown[:6], "…"]
    if not shown:
        return say("nothing more")
    return either(shown)


def _shorten(text: str) -> str:
    line = text.split("\n")[0]
    return line if len(line) <= 40 else f"{line[:39]}…"
