"""The auto-reply library: which answer fits a line, and what `answer` makes of it."""

from __future__ import annotations

import pytest

from engine.core.changes import Say
from engine.core.decide import Decision
from engine.core.library import Answer, Library
from tests.core.desk import Stage, acted, book_of, did

SHIPPING = Answer(
    1,
    {"zh-TW": "多久會到貨？", "en": "When will it arrive?"},
    {"zh-TW": "三天內", "en": "In three days"},
    ("到貨", "幾天", "shipping"),
)
RETURNS = Answer(2, {"zh-TW": "怎麼退貨？"}, {"zh-TW": "七天內可退"}, ("退貨", "換貨"))
POINTS = Answer(3, {"zh-TW": "點數怎麼用？"}, {"zh-TW": "結帳時折抵"}, ("點數",), shop="other")
LIBRARY = Library(7, (SHIPPING, RETURNS, POINTS))

RULES = """
rule help stage respond on message.received when message.answers > 0 then answer
rule person stage respond on message.received when message.answers = 0 then add tag handled
rule quiet stage notify on chat.member_silent after 2m then add tag vip
"""


def replies(decision: Decision) -> list[str]:
    return [c.text for c in decision.changes if isinstance(c, Say) and c.author_kind == "bot"]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("請問幾天到貨", [1]),
        ("请问几天到货", [1]),  # folded as rules fold
        ("SHIPPING?", [1]),
        ("membershipping", []),  # Latin words match whole
        ("怎麼退貨", [2]),
        ("想退貨，幾天到貨", [1, 2]),
        ("點數怎麼用", []),  # another shop's
        ("你們有沒有賣貓", []),
        ("", []),
    ],
)
def test_what_fits(text: str, fits: list[int]) -> None:
    assert [answer.id for answer in LIBRARY.fitting(text, "demo")] == fits


def test_equal_points_go_by_place_then_by_age() -> None:
    twins = [Answer(n, {"en": "x"}, {"en": "y"}, ("退款",), position=p) for n, p in ((1, 5), (2, 0), (3, 5))]
    assert [a.id for a in Library(1, tuple(twins)).fitting("退款", "demo")] == [2, 1, 3]


def stage() -> Stage:
    made = Stage(book_of(RULES))
    made.world.kept[Library] = LIBRARY
    return made


def test_one_that_fits_is_said_as_bot_and_its_version_is_recorded() -> None:
    here = stage()
    decision = here.says("幾天到貨", kind="chat", channel="chat")
    assert replies(decision) == ["三天內"]
    assert did(decision, "help") == ['answer "多久會到貨？"']
    assert decision.snapshot["library"] == 7
    assert here.ticket.reply_count == 0 and here.ticket.first_replied_at is None, "it is no reply of a person"


def test_several_make_a_menu_and_the_number_picks() -> None:
    here = stage()
    (menu,) = replies(here.says("想退貨，幾天到貨"))
    assert menu.split("\n")[1:] == ["1. 多久會到貨？", "2. 怎麼退貨？"]
    assert replies(here.says("２")) == ["七天內可退"]
    assert replies(here.says("2")) == [], "a number without a menu before it is just a number"
    assert replies(here.says("9")) == []


def test_a_number_as_long_as_a_book_picks_nothing() -> None:
    here = stage()
    replies(here.says("想退貨，幾天到貨"))
    assert replies(here.says("1" * 5_000)) == []


def test_a_number_not_on_the_menu_picks_nothing() -> None:
    here = stage()
    here.says("想退貨，幾天到貨")
    decision = here.says("3")
    assert acted(decision) == ["person"]


def test_the_languages_of_an_answer() -> None:
    here = Stage(book_of(RULES), language="en")
    here.world.kept[Library] = LIBRARY
    assert replies(here.says("shipping")) == ["In three days"]
    assert replies(here.says("退貨")) == ["七天內可退"], "in the language there is"


def test_nothing_fits_and_nothing_is_said() -> None:
    rules = "rule help on message.received then answer"
    here = Stage(book_of(rules))
    decision = here.says("幾天到貨")
    assert (replies(decision), did(decision, "help")) == ([], ["answer (nothing fits)"])


def test_machines_get_no_answer_and_two_rules_say_it_once() -> None:
    here = Stage(book_of("rule a on message.received then answer\nrule b on message.received then answer"))
    here.world.kept[Library] = LIBRARY
    assert replies(here.says("到貨", automatic=True)) == []
    assert replies(here.says("到貨")) == ["三天內"]


def test_the_member_is_silent_since_an_answer() -> None:
    here = stage()
    here.says("幾天到貨", kind="chat", channel="chat")
    here.until("2026-03-02 10:03")
    assert "vip" in here.ticket.tags


def test_how_near_an_answer_must_be_and_how_many_a_menu_offers_are_settings() -> None:
    def said(settings: str | None, text: str) -> list[str]:
        made = Stage(book_of(RULES) if settings is None else book_of(RULES, settings=settings))
        made.world.kept[Library] = LIBRARY
        return replies(made.says(text))

    both, near = "想退貨，幾天到貨", "什麼時候會到貨呢"
    assert "\n2. " in said(None, both)[0]
    assert said("answer_menu: 1", both) == ["三天內"]
    assert said("answer_fits: 120%", near) == [] != said(None, near)
