"""Texts made from texts: small damage as people, editors and broken disks do it, and some that nobody would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from engine.lang.keywords import TOKENS as KEYWORDS

_OTHERS = (
    "ticket.amount ticket.type message.text member.tier ticket.state setting.big now weekday vip gold 退換貨 "
    '( ) [ ] { } , . : = != < <= > >= + - * / " \\ # % ≤ ≥ ≠ ， 、 「 」 “ ” ＝ 5 80% 4h 3d 1h30m "2026-01-31" /a+/ '
    '"x{member.name}" "{" "\\u{110000}" 99999999999999999999 0 -1 - & * ! | > ? @ ` --- ... << ~ null yes NO 0123 9:30'
)
TOKENS = (*KEYWORDS, *_OTHERS.split(" "))
ODD = (
    "\x00\x01\t\r\n\v\f\x1b\x85\xa0\u200b\u200d\u202e\u2066\u2028\u2029\ufeff"
    "\ufffd\ufffe\U0001f35c\U000e0001𠮷ß\u0130\u0149\u0345"
)

Damage = Callable[[str, Random], str]


def _at(text: str, random: Random) -> int:
    return random.randint(0, len(text))


def _piece(text: str, random: Random) -> tuple[int, int]:
    start = _at(text, random)
    return start, min(len(text), start + int(random.expovariate(1 / 12)) + 1)


def _cut(text: str, random: Random) -> str:
    start, end = _piece(text, random)
    return text[:start] + text[end:]


def _end(text: str, random: Random) -> str:
    return text[: _at(text, random)]


def _twice(text: str, random: Random) -> str:
    start, end = _piece(text, random)
    return text[:end] + text[start:end] * random.choice((1, 1, 2, 40)) + text[end:]


def _token(text: str, random: Random) -> str:
    at = _at(text, random)
    return f"{text[:at]} {random.choice(TOKENS)} {text[at:]}"


def _odd(text: str, random: Random) -> str:
    at = _at(text, random)
    return text[:at] + random.choice(ODD) + text[at:]


def _swap_words(text: str, random: Random) -> str:
    words = text.split(" ")
    if len(words) < 2:
        return text
    one, other = random.randrange(len(words)), random.randrange(len(words))
    words[one], words[other] = words[other], words[one]
    return " ".join(words)


def _swap_lines(text: str, random: Random) -> str:
    lines = text.split("\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def _indent(text: str, random: Random) -> str:
    lines = text.split("\n")
    at = random.randrange(len(lines))
    lines[at] = random.choice((" ", "  ", "\t", "\u3000")) + lines[at]
    return "\n".join(lines)


def _deep(text: str, random: Random) -> str:
    at = _at(text, random)
    open_, close = random.choice(("()", "[]", "{}"))
    count = random.choice((3, 60, 2000))
    return text[:at] + open_ * count + close * random.choice((count, count - 1, 0)) + text[at:]


def _long(text: str, random: Random) -> str:
    at = _at(text, random)
    return (
        text[:at] + random.choice(("a", "9", "退", "not ", "- ", "a and ", '"')) * random.choice((50, 3000)) + text[at:]
    )


KINDS: Sequence[Damage] = (
    *(_cut, _end, _twice, _token, _token, _token, _odd, _odd, _swap_words, _swap_lines, _indent, _deep, _long),
)


def damaged(text: str, random: Random, other: str = "") -> str:
    """A text with one to four damages; sometimes with a piece of another one in it."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        text = random.choice(KINDS)(text, random)
    if other and random.random() < 0.15:
        start, end = _piece(other, random)
        at = _at(text, random)
        text = text[:at] + other[start : end + 80] + text[at:]
    return text[:200_000]
