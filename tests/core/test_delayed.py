"""`reply … after D`: the line comes later, to whoever it was for, and says why where it does not come."""

from __future__ import annotations

from engine.core import scenarios
from engine.core.commands import ChangeMember, MoveTicket, OpenChat, Page
from engine.core.entities import SYSTEM
from engine.core.trace import Reason
from engine.lang import Source
from tests.core.desk import Stage, acted, book_of

LATER = """
rule later on message.received then reply "一會兒" after 10s
rule heard on message.sent when message.text contains "一會兒" then add tag heard
"""


def texts(stage: Stage) -> list[str]:
    return [line.text for line in stage.world.messages[stage.ticket.id]]


def test_rules_see_the_line_that_came_later() -> None:
    stage = Stage(book_of(LATER))
    stage.says("在嗎")
    (decision,) = stage.until("2026-03-02 10:01")
    assert acted(decision) == ["heard"]
    assert decision.root == "message.sent"
    assert texts(stage) == ["在嗎", "一會兒"]


def test_each_line_gets_its_own_answer() -> None:
    stage = Stage(book_of(LATER))
    stage.says("一")
    stage.says("二")
    stage.until("2026-03-02 10:01")
    assert texts(stage) == ["一", "二", "一會兒", "一會兒"]


def test_a_closed_case_gets_none_and_its_history_says_so() -> None:
    stage = Stage(book_of(LATER))
    agent = stage.agent()
    stage.says("在嗎")
    stage.does(MoveTicket(stage.ticket.number, "close", {"solution": "好了"}), agent)
    (decision,) = stage.until("2026-03-02 10:01")
    assert texts(stage) == ["在嗎"]
    (told,) = decision.trace
    assert (told.rule, told.outcome, told.line) == ("later", "lost", 2)
    assert (told.reasons, told.why) == ((Reason("closed"),), "its reply was due after the case was closed")
    assert [record.body["rule"] for record in stage.records("reply.dropped")] == ["later"]


def test_where_there_is_no_ticket_it_waits_too() -> None:
    rule = 'rule greet on member.changed when member.tier changed to gold then reply "恭喜" after 1h'
    stage = Stage(book_of(rule))
    agent = stage.agent()
    stage.says("在嗎")
    stage.does(MoveTicket(stage.ticket.number, "close", {"solution": "好了"}), agent)
    stage.world.run(ChangeMember(stage.member.id, {"tier": "gold"}), SYSTEM, member_id=stage.member.id, shop="demo")
    assert texts(stage) == ["在嗎"]
    (decision,) = stage.until("2026-03-02 11:01")
    assert texts(stage) == ["在嗎", "恭喜"]
    assert [say.text for say in decision.replies] == ["恭喜"]
    assert decision.events == ()


def test_a_window_shows_its_lines_one_after_the_other() -> None:
    book = book_of('rule hi on chat.opened then reply "歡迎" reply "優惠" after 10s')
    stage = Stage(book)
    opened = OpenChat("demo", Page())
    decision = stage.world.run(opened, stage.customer, member_id=stage.member.id, shop="demo")
    assert [(line["text"], line["after"]) for line in decision.opening] == [("歡迎", 0), ("優惠", 10_000_000)]
    lines = [
        {**decision.opening[0], "at": stage.world.now},
        {**decision.opening[1], "due": stage.world.now + 10_000_000},
    ]
    stage.says("在嗎", kind="chat", channel="chat", opening=tuple(lines))
    assert texts(stage) == ["歡迎", "在嗎"]
    stage.until("2026-03-02 10:01")
    assert texts(stage) == ["歡迎", "在嗎", "優惠"]


def test_scenarios_see_them_when_they_are_shown() -> None:
    book = book_of('rule hi on chat.opened then reply "歡迎" reply "優惠" after 10s')
    text = """
- name: shown while the window stands open
  kind: chat
  steps:
    - open_chat: {url: /x}
      expect: {replies: [歡迎], reply: 歡}
    - wait: 9s
      expect: {replies: []}
    - wait: 1s
      expect: {replies: [優惠], reply: 優}
    - message: 在嗎
      expect: {replies: []}
    - wait: 1m
      expect: {replies: []}
- name: into the case where the member was quicker
  kind: chat
  steps:
    - open_chat: {url: /x}
    - message: 在嗎
      expect: {replies: []}
    - wait: 10s
      expect: {replies: [優惠]}
"""
    found, problems = scenarios.read(Source("tests/x.yaml", text))
    assert problems == []
    assert [scenarios.run(book, one).failures for one in found] == [[], []]
