"""Mistakes of beginners, made from rules that are right: a catalogue of ways to say it wrong, and a draw from it that
is the same every time."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PART = re.compile(r"^(\s*(?:when|and|or|then|on)?\s*)(.*)$")


@dataclass(frozen=True)
class Mistake:
    """A rule with one mistake: the line (from 1) it stands on, and the name of the way it was made."""

    way: str
    text: str
    line: int


@dataclass(frozen=True)
class Way:
    """A way to make a mistake in a line: what it looks for there, and what it makes of that."""

    name: str
    wanted: re.Pattern[str]
    make: str | Callable[[re.Match[str]], str]


def _way(wanted: str, *made: str | Callable[[re.Match[str]], str]) -> list[Way]:
    return [
        Way(f"{wanted} → {m if isinstance(m, str) else m.__name__}", re.compile(wanted, re.MULTILINE), m) for m in made
    ]


def swapped(found: re.Match[str]) -> str:
    """Two letters in the wrong order."""
    word = found[0]
    at = max(1, len(word) // 2)
    return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]


def doubled(found: re.Match[str]) -> str:
    """A letter twice."""
    word = found[0]
    return word[:3] + word[2] + word[3:]


def shortened(found: re.Match[str]) -> str:
    """The last letter left out."""
    return found[0][:-1]


WAYS: list[Way] = [
    # words of other languages and tools
    *_way(r"(?<=[\w\]]) = (?=\w)", " == ", " is ", " equals ", " 等於 "),
    *_way(r" != ", " <> ", " is not ", " =/= ", " 不等於 "),
    *_way(r" >= ", " => ", " at least ", " is greater than or equal to ", " 大於等於 "),
    *_way(r" > ", " is greater than ", " more than ", " 超過 "),
    *_way(r" < ", " is less than ", " less than ", " 小於 "),
    *_way(r"^   and ", "   && ", "   AND ", "   & ", "   並且 "),
    *_way(r"(?<=\w) or (?=\w)", " || ", " OR ", " 或者 "),
    *_way(r"(?<= )not (?=\w+\.)", "! "),
    *_way(r"(message\.text|ticket\.subject) contains (?=\")", r"\1 includes ", r"\1 contain ", r"\1 包含 "),
    *_way(r"(ticket\.tags|member\.tags|agent\.skills) has (?=\w)", r"\1 includes ", r"\1 contains ", r"\1 include "),
    *_way(r" is set\b", " is not empty", " is not null", " exists", " is not blank", " 有值"),
    *_way(r" is empty\b", " is null", " is blank", " = null", " is none", " 為空"),
    *_way(r"\bin \[([^\]]*)\]", r"in (\1)", r"in {\1}", r"in [\1"),
    *_way(r"\b(\d+)h\b", r"\1 hours", r"\1 小時", r"\1hours", r"\1小時", r"\1 hrs"),
    *_way(r"\b(\d+)d\b", r"\1 days", r"\1 天", r"\1天"),
    *_way(r"\b(\d+)m\b", r"\1 minutes", r"\1 分鐘", r"\1mins"),
    # actions as people say them
    *_way(r"\bset ([\w.]+) to ", r"set \1 = ", r"change \1 to ", r"set \1 as "),
    *_way(r"\badd tag ", "add tags ", "tag ", "add label ", "add the tag "),
    *_way(r"\bremove tag ", "remove tags ", "untag ", "delete tag "),
    *_way(r"\broute to team ", "assign to team ", "route to ", "send to team "),
    *_way(r"\breply template ", "reply with template ", "reply using template ", "send reply template "),
    *_way(r"\bmove to ", "move ", "move into "),
    *_way(r"\bstart timer (\w+) for ", r"start timer \1 ", r"start timer \1 after "),
    *_way(r"\bnotify role (\w+) (?=\")", r"notify \1 ", r"alert \1 "),
    *_way(r"\braise ticket\.priority to ", "raise priority to ", "raise ticket.priority = "),
    # slips
    *_way(r"\b(?:ticket|member|message|agent)\.[a-z_]{5,}\b(?!\.)", swapped, shortened, doubled),
    *_way(r"(?<=team )[a-z_]{5,}", swapped, shortened, doubled),
    *_way(r"(?<=template )[a-z_]{6,}", swapped, shortened, doubled),
    *_way(r"\b(?:contains|changed|matches)\b", swapped, doubled),
    *_way(r"(?<=then )(?:route|reply|notify|raise)\b|(?<=^    )(?:route|reply|notify|raise)\b", swapped, doubled),
    *_way(r"(?<== )(?:high|urgent|gold|inquiry|online)\b", swapped),
    *_way(r"\bticket\.priority\b(?! to)", "priority", "ticket.Priority"),
    # signs
    *_way(r"(?<=contains )\"([^\"]*)\"", r"'\1'", r"「\1」", r"\1"),
    *_way(r"$(?<=[\w\]\"])", ";"),
]  # fmt: skip


def mistakes(rules: list[str], count: int, seed: int = 20260302) -> Iterator[Mistake]:
    """So many mistakes, each another one, each way as often as the others where the rules have room for it."""
    draw = random.Random(seed)
    places: dict[str, list[Mistake]] = {}
    for text in rules:
        for way in WAYS:
            for found in way.wanted.finditer(text):
                line = text.count("\n", 0, found.start()) + 1
                if _is_plain(text, found.start()):
                    made = found.expand(way.make) if isinstance(way.make, str) else way.make(found)
                    wrong = text[: found.start()] + made + text[found.end() :]
                    if made != found[0]:
                        places.setdefault(way.name, []).append(Mistake(way.name, wrong, line))
    for found in places.values():
        draw.shuffle(found)
    given, at = 0, 0
    while given < count and any(at < len(found) for found in places.values()):
        for found in places.values():
            if at < len(found) and given < count:
                given += 1
                yield found[at]
        at += 1


def _is_plain(text: str, at: int) -> bool:
    """Whether a place is in a condition or an action, and neither in a text nor in a header or comment."""
    begin = text.rfind("\n", 0, at) + 1
    line = text[begin : at + 1]
    if line.count('"') % 2 or "#" in line:
        return line.rstrip().endswith('"') and line.count('"') == 1
    whole = text[begin : text.find("\n", at) if "\n" in text[at:] else None]
    return re.match(r"\s*(rule|stage|priority|limit|from|until|owner|note \"|allow|on)\b", whole) is None
