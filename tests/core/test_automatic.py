"""Lines that machines write: who answers them, and that a desk does not talk with itself."""

from __future__ import annotations

from engine.core.changes import Timer
from tests.core.desk import Stage, acted, book_of


def test_machines_get_no_answer_unless_a_rule_asks_for_them() -> None:
    rules = """
    rule polite on message.received then reply "hi" add tag seen
    rule later on ticket.changed then reply "changed"
    rule knows stage respond on message.received when message.automatic then note "a machine"
    """
    stage = Stage(book_of(rules))
    decision = stage.says(automatic=True)
    assert decision.replies == ()
    assert sorted(acted(decision)) == ["knows", "later", "polite"]
    assert stage.ticket.tags == ("seen",), "only the reply is left out"


def test_a_rule_that_names_machines_may_answer_them_and_stays_the_only_one() -> None:
    rules = """
    rule knows on message.received when message.automatic then reply "machine"
    rule others on message.received, message.sent, ticket.changed then reply "no" add tag a
    """
    decision = Stage(book_of(rules)).says(automatic=True)
    assert [say.text for say in decision.replies] == ["machine"]


def test_the_desks_own_lines_get_no_reply_from_a_rule_that_hears_them_sent() -> None:
    rules = """
    rule greet on message.received then reply "hello"
    rule again on message.sent then reply "again" add tag heard
    rule later on message.sent when message.author = bot then reply "later" after 1s
    rule both on message.sent, ticket.changed when ticket.tags has heard then reply "both"
    """
    stage = Stage(book_of(rules))
    decision = stage.says()
    assert [say.text for say in decision.replies] == ["hello", "both"], "what a change of the case asks for is said"
    assert stage.ticket.tags == ("heard",)
    assert not any(isinstance(change, Timer) and change.kind == "say" for change in decision.changes)


def test_a_rule_that_names_the_desks_own_lines_may_answer_them() -> None:
    rules = """
    rule greet on message.received then reply "hello"
    rule again on message.sent when message.automatic and message.text = "hello" then reply "again"
    """
    assert [say.text for say in Stage(book_of(rules)).says().replies] == ["hello", "again"]


def test_an_agents_line_is_answered() -> None:
    stage = Stage(book_of('rule again on message.sent then reply "noted"\n'))
    stage.says()
    assert [say.text for say in stage.answers(stage.agent(), "done").replies] == ["noted"]


def test_automatic_lines_keep_no_clock() -> None:
    stage = Stage(book_of())
    stage.says()
    since = stage.ticket.waiting_since
    stage.until("2026-03-02 11:00")
    stage.says(automatic=True)
    assert (stage.ticket.waiting_since, stage.ticket.last_line_at) == (since, since)
