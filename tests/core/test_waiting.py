"""What a member waits for: an answer to what was asked, not to thanks; and a case that is closed waits for nothing."""

from __future__ import annotations

from engine.core.commands import MoveTicket
from engine.core.entities import Actor
from tests.core.desk import Stage, at, book_of
from tests.core.sla_cases import LIFECYCLE

THANKS = """
rule thanks
  on message.received
  when message.text contains "謝謝"
  then move to held
"""


def answered() -> tuple[Stage, Actor]:
    """A case whose question was answered, at ten, and who answered."""
    stage = Stage(book_of(THANKS, lifecycles__inquiry=LIFECYCLE))
    amy = stage.agent()
    stage.says("尺寸不對怎麼辦")
    stage.answers(amy, "可以換")
    stage.until("2026-03-02 10:30")
    return stage, amy


def test_thanks_await_no_answer() -> None:
    stage, _ = answered()
    stage.says("謝謝")
    assert stage.ticket.state == "held"
    assert stage.ticket.awaiting_since is None
    assert "next_reply" not in stage.world.clocks[stage.ticket.id]
    stage.until("2026-03-03 10:30")
    stage.says("那要幾天")
    assert stage.ticket.awaiting_since == at("2026-03-03 10:30"), "the wait begins with the question"


def test_thanks_do_not_end_the_wait_of_a_question_before() -> None:
    stage, _ = answered()
    stage.says("那要幾天")
    stage.until("2026-03-02 10:31")
    stage.says("謝謝")
    assert stage.ticket.awaiting_since == at("2026-03-02 10:30")


def test_a_closed_case_waits_for_nothing_and_remembers_what_was_open() -> None:
    stage, amy = answered()
    stage.says("那要幾天")
    stage.until("2026-03-02 10:31")
    stage.does(MoveTicket(stage.ticket.number, "close"), amy)
    assert stage.ticket.awaiting_since is None
    stage.until("2026-03-02 10:32")
    stage.does(MoveTicket(stage.ticket.number, "reopen"), amy)
    assert stage.ticket.awaiting_since == at("2026-03-02 10:30")
