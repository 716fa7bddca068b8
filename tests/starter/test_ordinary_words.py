"""No word list finds its words where nobody wrote them: 外套 and 現貨 side by side are not 套現.

Chinese has no spaces, so an entry of a list may arise where two ordinary words meet. What the desk makes of words
that stand apart (外套，現貨) it must make of them joined (外套現貨); all neighbours of everyday words of a shop are
swept, for each list that refuses, hides, raises, labels or routes. A word by itself asks for nothing special either
(狗屎袋, 長毛地毯).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from engine.core.commands import MemberLine, PostMessage
from engine.core.entities import Actor
from engine.core.memory import World
from engine.lang.text import fold
from tests.starter.test_sentences import AT
from tests.starter.test_starter import BOOK, FILES, ROOT

JUDGING = {
    "courtesy": "asked for the whole line (`contains only`)",
    "farewell": "asked for the whole line",
    "gratitude": "asked for the whole line",
    "person_line": "asked for the whole line",
    "person_bare": "only with person_line, asked for the whole line",
    "praise_of_goods": "a mood: it refuses, hides, raises and routes nothing",
    "reserve": "a mood, of single characters on purpose: any doubt ends praise",
    "dislike": "a mood",
    "turn": "a mood",
    "sound": "only takes back what another list found",
    "question": "with product words only",
    "product": "labels only, and its cases go where the rest goes",
    "shipping_trouble": "only takes praise back",
    "before_buying": "only saves a question",
    "bought": "only asks it after all",
}
"""Lists that do not act by themselves, and why."""


MEANT = {
    **dict.fromkeys(["不能用", "不能使用", "用不了", "品質不好"], "it does not work, however the words are cut"),
    **dict.fromkeys(
        ["貨到付款", "寄到", "寄送", "能到嗎", "沒寄出", "超商門市"], "delivery, however the words are cut"
    ),
    **dict.fromkeys(["少寄", "少了一"], "too few were sent"),
    **dict.fromkeys(["換一個", "換尺寸", "換顏色", "換新"], "an exchange"),
    **dict.fromkeys(["找主管", "換主管", "你們的主管", "找經理"], "a superior is asked for"),
    **dict.fromkeys(["安裝不", "不能付款", "刷卡不過"], "it does not work"),
    **dict.fromkeys(["態度太差", "態度很差", "態度不好", "服務太差", "服務很差", "品質太差"], "it is bad"),
    **dict.fromkeys(["換貨", "送貨", "沒到貨", "沒有到貨"], "goods that come or go, whatever follows"),
    "人工服務": "a person is asked for",
    **dict.fromkeys(["我私人", "我的私人", "匯到我帳", "匯到我的", "轉到我帳", "轉到我的"], "a private way"),
    **dict.fromkeys(["百分之百保證", "百分之百可以"], "a promise"),
    **dict.fromkeys(["系統當機"], "the system and nothing else crashes"),
    **dict.fromkeys(["今天就要", "今天要用", "明天就要"], "there is no time"),
}
"""Entries that are made of these words, so that where the words meet they are meant; and what they mean."""


def _lists() -> dict[str, list[str]]:
    """The lists that act, each with its entries as they are compared."""
    found = {}
    for path, text in FILES.items():
        name = path.removeprefix("words/").removesuffix(".txt")
        if path.startswith("words/") and name not in JUDGING and not name.startswith("not_"):
            found[name] = [fold(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    inline = [
        one
        for path, text in FILES.items()
        if path.endswith(".rules")
        for one in re.findall(r"any \[(.*?)\]", text, re.S)
    ]
    found["inline"] = [fold(word) for one in inline for word in re.findall(r'"([^"]+)"', one)]
    return found


LISTS = _lists()
MEANT_FOLDED = set(map(fold, MEANT))
LINES = (ROOT / "tests/starter/ordinary_words.txt").read_text("utf-8").splitlines()
WORDS = list(dict.fromkeys(word for line in LINES if not line.startswith("#") for word in line.split()))
assert BOOK is not None
BY_FOLD = {fold(word): word for word in WORDS}
LITTLE = [word for word in WORDS if len(word) == 1]


def _ends() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    begins, ends = defaultdict(list), defaultdict(list)
    for word in BY_FOLD:
        for size in range(1, len(word) + 1):
            begins[word[:size]].append(word)
            ends[word[-size:]].append(word)
    return begins, ends


BEGINS, ENDS = _ends()


def _meetings(entry: str) -> Iterator[tuple[str, ...]]:
    """The ordinary words in whose joining the entry arises, two of them or three around a little one."""
    for cut in range(1, len(entry)):
        for left in ENDS.get(entry[:cut], ()):
            for right in BEGINS.get(entry[cut:], ()):
                yield left, right
        for end in range(cut + 1, len(entry)):
            if entry[cut:end] in BY_FOLD and entry[cut:end] in LITTLE:
                for left in ENDS.get(entry[:cut], ()):
                    for right in BEGINS.get(entry[end:], ()):
                        yield left, entry[cut:end], right


AGENT = Actor(
    kind="agent", id=1, username="lin", roles=("agent",), permissions=BOOK.roles["agent"].permissions, shops=("demo",)
)
TOLD = {"agent_forbidden_phrase", "agent_abuse", "mask_abuse", "mask_abuse_short", "sensitive_words_seen"}
"""Rules that tell on what an agent writes, or hide it."""


@cache
def _outcome(text: str) -> tuple[Any, ...]:
    """What the desk does with a line, of a member in an inquiry, of a guest in a chat, and of an agent who answers."""
    assert BOOK is not None
    seen: list[Any] = []
    for guest, kind, channel in ((False, "inquiry", "form"), (True, "chat", "widget")):
        world = World(book=BOOK, now=AT)
        member = world.add_member("demo", tier="guest" if guest else "basic", guest=guest)
        actor = Actor(kind="guest" if guest else "member", id=member.id, shops=("demo",))
        decision = world.run(
            MemberLine("demo", text, kind=kind, channel=channel), actor, member_id=member.id, shop="demo"
        )
        if decision.rejected is not None:
            return ("rejected",)
        ticket = world.tickets[min(world.tickets)]
        tags = sorted(tag for tag in ticket.tags if tag not in ("好評",))
        acted = {entry.rule for entry in decision.trace if entry.rule in TOLD}
        type_ = ticket.type if ticket.type != "商品諮詢" else "其他"
        seen += [type_, ticket.team, ticket.priority != "normal" and ticket.priority != "low", tags, acted]
        seen += [sorted(said.template or said.text for said in decision.replies)] if guest else []
        sent = world.run(PostMessage(1, text), AGENT, ticket_id=ticket.id, shop="demo")
        seen += [sent.rejected is not None, {entry.rule for entry in sent.trace if entry.rule in TOLD}]
    return tuple(map(str, seen))


def test_the_vocabulary_is_wide() -> None:
    assert len(WORDS) >= 650
    entries = [entry for entries in LISTS.values() for entry in entries]
    assert len(entries) >= 700
    assert sum(len(entry) <= 3 and any(_meetings(entry)) for entry in entries) >= 60
    lists = {path.removeprefix("words/").removesuffix(".txt") for path in FILES if path.startswith("words/")}
    assert set(JUDGING) <= lists
    assert set(entries) >= MEANT_FOLDED


@pytest.mark.parametrize(
    "entry", ["套現", "洗錢", "有大麻", "上當", "假的", "送醫", "起火", "去死", "活人", "要退", "當機"]
)
def test_the_sweep_meets_what_people_met(entry: str) -> None:
    """What once was found inside of other words is among the meetings, so its like would be found again."""
    assert any(_meetings(fold(entry)))


@pytest.mark.parametrize("name", LISTS)
def test_words_that_meet_are_not_another_word(name: str) -> None:
    wrong: dict[str, list[str]] = {}
    for entry in LISTS[name]:
        for parts in () if entry in MEANT_FOLDED else _meetings(entry):
            apart, joined = "，".join(parts) + "嗎", "".join(parts) + "嗎"
            if _outcome(joined) != _outcome(apart):
                wrong.setdefault(entry, []).append("＋".join(parts))
    assert wrong == {}


@pytest.mark.parametrize("name", LISTS)
def test_an_ordinary_word_alone_asks_for_nothing(name: str) -> None:
    plain = _outcome("你好嗎")
    wrong = {
        word
        for word in BY_FOLD
        if any(entry in word for entry in LISTS[name]) and _outcome(word + "嗎")[:-1] != plain[:-1]
    }
    assert wrong == set()
