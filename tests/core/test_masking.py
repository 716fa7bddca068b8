"""`mask`: rules see a line whole, the store and everybody who reads it do not."""

from __future__ import annotations

from typing import Any

from engine.core.changes import Create, Record, Say, Set
from engine.core.commands import OpenTicket
from engine.core.decide import Decision
from engine.core.entities import Actor
from tests.core.desk import Stage, book_of

WORDS = 'words rude = ["混蛋", "idiot"]\nwords also = ["蛋糕"]\n'
RULE = "rule tidy stage guard on message.received, message.sent when message.text contains any rude then mask rude\n"


def lines(decision: Decision) -> list[str]:
    return [c.text for c in decision.changes if isinstance(c, Say)]


def everything(decision: Decision) -> str:
    """All that is stored in the open and all that is shown, as one text."""
    return repr((decision.changes, decision.trace, decision.replies, decision.notified))


def test_a_members_line_is_stored_masked_and_later_stages_see_it_whole() -> None:
    seen = 'rule seen stage notify on message.received when message.text contains "混蛋"\n'
    stage = Stage(book_of(WORDS + RULE + seen + 'then add tag handled note "said {message.text}"'))
    decision = stage.says("你這個混蛋，退錢")
    assert lines(decision) == ["你這個＊＊，退錢", "said 你這個＊＊，退錢"]
    assert "混蛋" not in everything(decision)
    assert stage.ticket.tags == ("handled",)
    assert decision.snapshot["text"] == "你這個混蛋，退錢", "what decided is kept, so that it can be decided again"


def test_an_agents_line_is_masked_before_it_leaves() -> None:
    stage = Stage(book_of(WORDS + RULE))
    stage.says("您好", channel="test")
    decision = stage.answers(stage.agent(), "You IDIOT")
    assert lines(decision) == ["You *****"]
    assert "IDIOT" not in everything(decision)


def test_masks_of_several_rules_are_one_and_their_order_means_nothing() -> None:
    rules = RULE + "rule more stage guard priority {} on message.received then mask also\n"
    said = {lines(Stage(book_of(WORDS + rules.format(n))).says("混蛋糕"))[0] for n in (1, 0, -1)}
    assert said == {"＊＊＊"}


def test_the_words_do_not_live_on_in_the_subject_a_field_or_the_trace() -> None:
    rules = WORDS + RULE + "rule copy stage notify on ticket.created then set ticket.product to message.text"
    stage = Stage(book_of(rules))
    decision = stage.says("混蛋", subject="一個混蛋")
    created = next(c for c in decision.changes if isinstance(c, Create) and c.thing == "ticket")
    assert (created.values["subject"], created.values["product"]) == ("一個＊＊", "＊＊")
    assert "混蛋" not in everything(decision)


def test_a_name_that_is_also_a_word_stays() -> None:
    rules = 'words rude = ["退換貨"]\n' + RULE + "rule type on message.received then set ticket.type to 退換貨"
    decision = Stage(book_of(rules)).says("退換貨")
    created = next(c for c in decision.changes if isinstance(c, Create) and c.thing == "ticket")
    assert created.values["type"] == "退換貨"
    assert lines(decision) == ["＊＊＊"]


def test_a_later_change_of_the_subject_is_masked_in_the_history_too() -> None:
    rules = WORDS + RULE + "rule copy stage notify on message.received then set ticket.subject to message.text"
    stage = Stage(book_of(rules))
    stage.says("您好", subject="您好")
    decision = stage.says("混蛋")
    assert [c.values["subject"] for c in decision.changes if isinstance(c, Set) and c.thing == "ticket"] == ["＊＊"]
    changed: list[Any] = [c.body for c in decision.changes if isinstance(c, Record) and c.kind == "ticket.changed"]
    assert changed[-1]["changes"]["subject"] == "＊＊"
    assert "混蛋" not in everything(decision)


def test_a_case_opened_by_an_agent_is_masked_as_well() -> None:
    stage = Stage(book_of(WORDS + RULE))
    agent = stage.agent()
    opener = Actor(kind="agent", id=agent.id, username=agent.username, permissions=frozenset({"ticket.create"}))
    decision = stage.world.run(OpenTicket("x", "混蛋！"), opener, member_id=stage.member.id, shop="demo")
    assert lines(decision) == ["＊＊！"]
