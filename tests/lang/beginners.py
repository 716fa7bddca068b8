"""Mistakes of beginners, made from rules that are right: a catalogue of ways to say it wrong, and a draw from it that
is the same every time."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import opencc

PART = re.compile(r"^(\s*(?:when|and|or|then|on)?\s*)(.*)$")


@dataclass(frozen=True)
class Mistake:
    """A rule with one mistake: the lines (from 1) it stands on, the name of the way it was made, the rule before."""

    way: str
    text: str
    line: int
    last: int
    right: str


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


CHINESE: list[Way] = [
    # what is not so: the help must say that it is not
    *_way(r"非 ([\w.]+) 包含 ", r"\1 不包含 ", r"\1 不含 ", r"\1 沒有包含 ", r"\1 未包含 "),
    *_way(r"非 ([\w.]+\.(?:tags|skills|teams)) 帶有 ", r"\1 不帶有 ", r"\1 沒有 ", r"\1 不包含 ", r"\1 不含 "),
    *_way(r" 為 有值", " 不為 空值", " 不是空", " 非空", " 為 非 空值", " 不為空", " 有值"),
    *_way(r" 為 空值", " 為空", " 沒有值", " = 空值", " 是空的", " 未設定"),
    *_way(r"非 ([\w.]+) 已變更", r"\1 未變更", r"\1 沒有變更", r"\1 沒有改變"),
    *_way(r"非 ([\w.]+) 符合 ", r"\1 不符合 "),
    *_way(r" 非 屬於 \[", " 不屬於 [", " 不在 ["),
    *_way(r" != ", " 不等於 ", " 不是 ", " 不為 ", " <> "),
    # comparisons and joints as people say them
    *_way(r"(?<=[\w\]]) = (?=\w)", " 等於 ", " 是 ", " 為 ", " == "),
    *_way(r" >= ", " 大於等於 ", " 至少 ", " 不小於 ", " 不低於 "),
    *_way(r" <= ", " 小於等於 ", " 不超過 ", " 不大於 "),
    *_way(r" > ", " 大於 ", " 超過 ", " 多於 ", " 高於 "),
    *_way(r" < ", " 小於 ", " 少於 ", " 低於 "),
    *_way(r"^   且 ", "   並且 ", "   而且 ", "   && "),
    *_way(r"(?<=\w) 或 (?=\w)", " 或者 ", " 或是 ", " || "),
    *_way(r"\b(\d+)h\b", r"\1 小時", r"\1小時", r"\1 個小時"),
    *_way(r"\b(\d+)d\b", r"\1 天", r"\1天"),
    *_way(r"\b(\d+)m\b", r"\1 分鐘", r"\1分鐘"),
    *_way(r"(message\.text|ticket\.subject) 包含 (?=\")", r"\1 含有 ", r"\1 包括 ", r"\1 包涵 "),
    # actions
    *_way(r"\b設定 ([\w.]+) 成 ", r"設定 \1 為 ", r"設定 \1 = "),
    *_way(r"\b回覆 範本 ", "回復 範本 ", "回覆範本 "),
    *_way(r"\b移 到 ", "移到 ", "移 至 "),
    *_way(r"\b分派 給 團隊 ", "分派 團隊 ", "分派給 團隊 "),
    *_way(r"(?<=團隊 )[a-z_]{5,}", swapped, shortened, doubled),
    *_way(r"\b(?:ticket|member|message|agent)\.[a-z_]{5,}\b(?!\.)", swapped, shortened, doubled),
    *_way(r"(?<== )(?:high|urgent|gold|inquiry|online)\b", swapped),
    # signs
    *_way(r"(?<=包含 )\"([^\"]*)\"", r"'\1'", r"「\1」"),
    *_way(r"$(?<=[\w\]\"])", ";", "。"),
]
"""Mistakes in rules with Chinese keywords, written in Traditional characters."""
SAYS_NO = re.compile(r"[不非未]|沒|没")
"""In a way to make a mistake: that it says no."""


def simplified(ways: list[Way]) -> list[Way]:
    """The same ways in Simplified characters."""
    turned = opencc.OpenCC("t2s").convert
    return [
        Way(
            turned(way.name),
            re.compile(turned(way.wanted.pattern), re.MULTILINE),
            way.make if callable(way.make) else turned(way.make),
        )
        for way in ways
    ]


def mistakes(rules: list[str], count: int, ways: list[Way] = WAYS, seed: int = 20260302) -> Iterator[Mistake]:
    """So many mistakes, each another one, each way as often as the others where the rules have room for it."""
    draw = random.Random(seed)
    places: dict[str, list[Mistake]] = {}
    for text in rules:
        for way in ways:
            for found in way.wanted.finditer(text):
                line = text.count("\n", 0, found.start()) + 1
                last = text.count("\n", 0, found.end()) + 1
                if _is_plain(text, found.start()):
                    made = found.expand(way.make) if isinstance(way.make, str) else way.make(found)
                    wrong = text[: found.start()] + made + text[found.end() :]
                    if made != found[0]:
                        places.setdefault(way.name, []).append(Mistake(way.name, wrong, line, last, text))
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
    return _HEADER.match(whole) is None


_HEADER = re.compile(
    r"\s*(rule|stage|priority|limit|from|until|owner|note \"|allow|on"
    r"|規則|规则|階段|阶段|優先級|优先级|上限|自|至|負責人|负责人|備註|备注|容許|容许|於|于)\b"
)
