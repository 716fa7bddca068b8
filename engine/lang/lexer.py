"""Rule text to tokens. Full-width signs and typographic quotes are read as they are meant, and reported.

The text is matched on a copy of the same length in which full-width ASCII is plain, so offsets stay true; the contents
of texts and patterns are taken from the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lark import Token
from lark.lexer import Lexer

from engine.lang.findings import Finding, suggest
from engine.lang.keywords import TOKENS
from engine.lang.limits import LIMITS
from engine.lang.said import both, say
from engine.lang.source import Place, Source
from engine.lang.types import MICROS, UNIT_WORDS

# Full-width ASCII, without the quote, the backslash and the slash (they would end or escape a text or pattern).
_PLAIN = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code not in (0xFF02, 0xFF0F, 0xFF3C)}
_PLAIN |= {0x3001: ",", 0x3000: " ", 0xFF64: ","}

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_TOKEN = re.compile(
    r"""
      (?P<space>[\s\ufeff]+)
    | (?P<comment>\#[^\n]*)
    | (?P<text>"(?:[^"\\\n]|\\.)*"
        |[“”](?:[^“”"\\\n]|\\.)*[“”]|「(?:[^」\\\n]|\\.)*」|『(?:[^』\\\n]|\\.)*』|＂(?:[^＂\\\n]|\\.)*＂)
    | (?P<open_text>["“”「『＂][^\n]*)
    | (?P<number>\d+(?:\.\d+)?(?P<unit>%|\w+)?)
    | (?P<name>[^\W\d]\w*)
    | (?P<sign>==|!=|<=|>=|[-=<>≠≤≥+*/／÷×,.:()\[\]])
    | (?P<odd>.)
    """,
    re.VERBOSE,
)
_PATTERN = re.compile(r"\s*(?P<body>/(?:[^/\\\n]|\\.)*/)(?P<flags>\w*)")
_BRACES = re.compile(r"\{([^{}\n]*|\s*[^{},\s]+(?:\s*,\s*[^{},\s]+)*\s*,?\s*)\}")
_CODE = re.compile(r"\s*(?P<code>[a-z0-9]+(?:-[a-z0-9]+)+)")

_SIGNS = {
    "=": "EQ",
    "!=": "NE",
    "≠": "NE",
    "<": "LT",
    "<=": "LE",
    "≤": "LE",
    ">": "GT",
    ">=": "GE",
    "≥": "GE",
    "+": "PLUS",
    "-": "MINUS",
    "*": "STAR",
    "/": "SLASH",
    "／": "SLASH",
    ",": "COMMA",
    ".": "DOT",
    ":": "COLON",
    "(": "LPAR",
    ")": "RPAR",
    "[": "LSQB",
    "]": "RSQB",
}
_ODD_HINTS = {
    "==": say("write `{meant}`", "="),
    "&": say("write `{meant}`", "and"),
    "|": say("write `{meant}`", "or"),
    "!": say("write `{meant}`", "not"),
    "'": say('text stands in double quotes: `"{text}"`', "…"),
    "÷": say("write `{meant}`", "/"),
    "×": say("write `{meant}`", "*"),
    "{": say("there are no blocks; a rule ends where the next begins"),
    "$": say("a number stands by itself"),
    ";": say("line breaks and signs between rules are not needed"),
    "。": say("line breaks and signs between rules are not needed"),
}
_JOINTS = {"&": "AND", "|": "OR"}
_SCRIPTS = {
    "ARMENIAN": say("Armenian"),
    "CHEROKEE": say("Cherokee"),
    "CYRILLIC": say("Cyrillic"),
    "GREEK": say("Greek"),
    "LATIN": say("Latin"),
}
"""Alphabets with letters that look alike."""
_CLOSING = {"“": "”", "”": "”", "「": "」", "『": "』", "＂": "＂", '"': '"'}
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|(.?))", re.DOTALL)


class TokenLexer(Lexer):
    """Hands tokens that are already there to Lark."""

    def __init__(self, conf: Any) -> None:
        pass

    def lex(self, data: list[Token]) -> Iterator[Token]:  # type: ignore[override]
        """The tokens, one after another."""
        return iter(data)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment: where it begins and ends in the text, its `#` included."""

    start: int
    end: int


def tokenise(text: str, place: Place) -> tuple[list[Token], list[Finding]]:
    """All tokens of `text`, and what is wrong with its characters. Never fails; odd characters are left out."""
    return _Scanner(text, place).run()


def comments(text: str) -> list[Comment]:
    """The comments of `text`, in order. A `#` inside a text or pattern begins none."""
    scanner = _Scanner(text, Place.whole(Source("", text)))
    scanner.run()
    return scanner.comments


class _Scanner:
    def __init__(self, text: str, place: Place) -> None:
        self.text = text
        self.plain = text if text.isascii() else text.translate(_PLAIN)
        self.place = place
        self.tokens: list[Token] = []
        self.findings: list[Finding] = []
        self.comments: list[Comment] = []
        self.checked = text.isascii()
        self._braces = -1

    def run(self) -> tuple[list[Token], list[Finding]]:
        at, size = 0, len(self.plain)
        after_dot = False
        if (nul := self.text.find("\0")) >= 0:
            # No database agrees with another on what a text with it is.
            self._report("syntax-error", say("the character U+0000 cannot stand in a text"), nul, nul + 1)
        match_token = _TOKEN.match
        while at < size:
            found = match_token(self.plain, at)
            if found is None:  # cannot be: `odd` takes any character but a line break, and `space` takes those
                break
            kind = found.lastgroup if found.lastgroup != "unit" else "number"
            end = found.end()
            if kind == "comment":
                self.comments.append(Comment(at, end))
            if kind == "name":
                at = self._name(found.group(), at, end, after_dot)
                after_dot = False
                continue
            if kind == "sign":
                self._sign(found.group(), at, end)
                after_dot = found.group() == "."
            elif kind == "text":
                self._text(at, end)
            elif kind == "number":
                self._number(found.group(), found.group("unit"), at, end)
            elif kind == "open_text":
                end = self._open_text(at, end)
            elif kind == "odd":
                end = self._odd(at, end)
            elif not self.checked:
                self._bidi(at, end)
            if kind not in ("space", "comment", "sign"):
                after_dot = False
            at = end
        return self.tokens, self.findings

    def _add(self, kind: str, value: Any, start: int, end: int) -> None:
        self.tokens.append(Token(kind, value, start, None, None, None, None, end))

    def _report(self, code: str, message: str, start: int, end: int, hint: str | None = None) -> None:
        self.findings.append(Finding(code, message, self.place.span(start, end), hint))

    def _name(self, word: str, start: int, end: int, after_dot: bool) -> int:
        name = word
        if not self.checked:
            self._look(start, end)
            if not word.isascii():
                name = unicodedata.normalize("NFC", word)
                if not name.isidentifier():
                    self._report(
                        "syntax-error",
                        say("`{word}` is not a name", word[:40]),
                        start,
                        end,
                        say("put it in double quotes"),
                    )
        if len(name) > LIMITS.name_chars:
            self._report("syntax-error", say("a name has at most {most} characters", LIMITS.name_chars), start, end)
            name = name[: LIMITS.name_chars]
        kind = TOKENS.get(name)
        if after_dot or kind is None:
            self._add("NAME", name, start, end)
            # A slip in `matches` is one mistake: what follows is a pattern all the same.
            slip = not after_dot and _PATTERN.match(self.plain, end) and suggest(name, ("matches",))
            return self._pattern(end) if slip else end
        self._add(kind, name, start, end)
        if kind == "MATCHES":
            return self._pattern(end)
        if kind == "ALLOW":
            code = _CODE.match(self.plain, end)
            if code:
                self._add("CODE", code["code"], code.start("code"), code.end())
                return code.end()
        return end

    def _pattern(self, at: int) -> int:
        found = _PATTERN.match(self.plain, at)
        if found is None:
            return at
        start = found.start("body")
        body = self.text[start + 1 : found.end("body") - 1]
        self._bidi(start, found.end())
        token = Token("PATTERN", body, start, None, None, None, None, found.end())
        self.tokens.append(token)
        return found.end()

    def _sign(self, sign: str, start: int, end: int) -> None:
        if not self.checked:
            self._look(start, end)
        if sign in _SIGNS:
            self._add(_SIGNS[sign], sign, start, end)
            return
        self._report("syntax-error", say("`{sign}` is not an operator", sign), start, end, _ODD_HINTS[sign])
        self._add({"==": "EQ", "÷": "SLASH", "×": "STAR"}[sign], sign, start, end)

    def _number(self, written: str, unit: str | None, start: int, end: int) -> None:
        if not self.checked:
            self._look(start, end)
        digits = written[: len(written) - len(unit or "")]
        if not written.isascii() and not digits.isascii():
            self._report("syntax-error", say("`{text}` is not a number", written), start, end, say("digits are 0 to 9"))
            self._add("NUMBER", "0", start, end)
        elif unit is None or unit == "%":
            if len(digits) > LIMITS.number_digits:
                self._report(
                    "syntax-error", say("a number has at most {most} digits", LIMITS.number_digits), start, end
                )
                written = "0"
            self._add("NUMBER", written, start, end)
        elif unit in MICROS:
            self._add("DURATION", written, start, end)
        elif unit in UNIT_WORDS:
            plain = f"{digits}{UNIT_WORDS[unit]}"
            self._report(
                "bad-duration",
                say("`{text}` is not a duration", written),
                start,
                end,
                say("write `{meant}`", plain),
            )
            self._add("DURATION", plain, start, end)
        elif unit[0] in MICROS or unit.lower() in ("min", "y", "mo", "ms", "month", "year", "days", "hours"):
            self._report(
                "bad-duration",
                say("`{text}` is not a duration", written),
                start,
                end,
                say("one number and one unit of s, m, h, d, w: `90m`"),
            )
            self._add("DURATION", "1d", start, end)
        else:
            self._report(
                "syntax-error",
                say("`{text}` is not a number", written),
                start,
                end,
                say('as a value it needs quotes: `"{text}"`', written),
            )
            self._add("TEXT", written, start, end)

    def _text(self, start: int, end: int) -> None:
        if not self.checked:
            if self.text[start] != '"':
                self._report(
                    "suspicious-characters",
                    say("`{sign}` is read as a plain quote", self.text[start]),
                    start,
                    end,
                    say('write plain double quotes: `"`'),
                )
            self._bidi(start, end)
        self._add("TEXT", self._unescape(start + 1, end - 1), start, end)

    def _unescape(self, start: int, end: int) -> str:
        raw = self.text[start:end]
        if len(raw) > LIMITS.text_chars:
            self._report("syntax-error", say("a text has at most {most} characters", LIMITS.text_chars), start, end)
            return raw[:100]
        if "\\" not in raw:
            return raw

        def escape(found: re.Match[str]) -> str:
            code, char = found.groups()
            if code is not None:
                number = int(code, 16)
                if number <= 0x10FFFF and not 0xD800 <= number < 0xE000 and number != 0:
                    return chr(number)
            elif char in ('"', "\\", "n", "t"):
                return {"n": "\n", "t": "\t"}.get(char, char)
            self._report(
                "syntax-error",
                say("there is no escape `{escape}`", found.group()),
                start + found.start(),
                start + found.end(),
                say('there are `\\"`, `\\\\`, `\\n`, `\\t` and `\\u{…}`'),
            )
            return "\ufffd"

        return _ESCAPE.sub(escape, raw)

    def _open_text(self, start: int, end: int) -> int:
        while end > start and self.text[end - 1].isspace():
            end -= 1
        closing = _CLOSING[self.text[start]]
        self._report(
            "syntax-error",
            say("a text does not end on its line"),
            start,
            end,
            say("close it with `{closing}`", closing),
        )
        self._add("TEXT", self.text[start + 1 : end], start, end)
        return end

    def _odd(self, start: int, end: int) -> int:
        char = self.text[start]
        if char in _BIDI:
            self._bidi(start, end)
            return end
        if char == "'":
            return self._single_quotes(start)
        if char == "{" and (listed := _BRACES.match(self.text, start)):
            hint = say("write `{meant}`", f"[{' '.join(listed[1].split())}]")
            self._report("syntax-error", say("a list stands in square brackets"), start, listed.end(), hint)
            self._add("LSQB", "[", start, end)
            self._braces = listed.end() - 1
            return end
        if char == "}" and start == self._braces:
            self._add("RSQB", "]", start, end)
            return end
        while end < len(self.text) and self.text[end] == char:
            end += 1
        shown = char if char.isprintable() else f"\\u{{{ord(char):x}}}"
        self._report("syntax-error", say("`{text}` has no meaning here", shown), start, end, _ODD_HINTS.get(char))
        if char in _JOINTS:
            self._add(_JOINTS[char], self.text[start:end], start, end)  # so that the rest is read as it is meant
        return end

    def _single_quotes(self, start: int) -> int:
        line_end = self.text.find("\n", start)
        line_end = len(self.text) if line_end < 0 else line_end
        close = self.text.find("'", start + 1, line_end)
        end = close + 1 if close > 0 else start + 1
        self._report("syntax-error", say("`'` does not begin a text"), start, end, _ODD_HINTS["'"])
        if close > 0:
            self._add("TEXT", self.text[start + 1 : close], start, end)
        return end

    def _look(self, start: int, end: int) -> None:
        """Full-width signs, and letters of several scripts in one name."""
        original = self.text[start:end]
        if original.isascii():
            return
        plain = self.plain[start:end]
        meant = {"≠": "!=", "≤": "<=", "≥": ">=", "／": "/"}.get(plain, plain)
        if meant != original:
            self._report(
                "suspicious-characters",
                say("`{sign}` is read as `{meant}`", original, meant),
                start,
                end,
                say("write `{meant}`", meant),
            )
            return
        scripts = {_script(char) for char in original} - {""}
        if len(scripts & _SCRIPTS.keys()) > 1:
            named = both(_SCRIPTS.get(script, script.capitalize()) for script in sorted(scripts))
            self._report("suspicious-characters", say("`{name}` mixes {scripts} letters", original, named), start, end)

    def _bidi(self, start: int, end: int) -> None:
        piece = self.text[start:end]
        if piece.isascii():
            return
        for offset, char in enumerate(piece):
            if char in _BIDI:
                at = start + offset
                self._report(
                    "suspicious-characters",
                    say("an invisible character (U+{number}) changes the reading direction", f"{ord(char):04X}"),
                    at,
                    at + 1,
                    say("remove it, or write it as `\\u{…}`"),
                )


def _script(char: str) -> str:
    if not char.isalpha() or char.isascii():
        return "LATIN" if char.isalpha() else ""
    return unicodedata.name(char, "").split(" ")[0]
