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
    assert sorted(acted(decision)) == ["knows", "polite"]
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


def test_who_may_not_speak_has_not_acted_and_keeps_its_limit() -> None:
    rules = """
    rule ack on message.received then reply "hello"
    rule once limit once per ticket on message.sent then reply "satisfied?"
    """
    stage = Stage(book_of(rules))
    decision = stage.says()
    assert acted(decision) == ["ack"]
    (entry,) = [one for one in decision.trace if one.rule == "once"]
    assert entry.outcome == "lost" and "message.automatic" in entry.why
    assert [say.text for say in stage.answers(stage.agent()).replies] == ["satisfied?"]


def test_a_machine_does_not_use_up_what_is_for_people() -> None:
    stage = Stage(book_of('rule ack limit once per ticket on message.received then reply "got it"\n'))
    assert stage.says(automatic=True).replies == ()
    assert [say.text for say in stage.says().replies] == ["got it"]


def test_who_may_not_speak_in_one_wave_speaks_in_the_next() -> None:
    rules = """
    rule ack on message.received then reply "hello"
    rule go stage route on message.sent when ticket.team is empty then route to team care
    rule told on message.sent, ticket.assigned then reply "your case moved on"
    """
    decision = Stage(book_of(rules)).says()
    assert [say.text for say in decision.replies] == ["hello", "your case moved on"]


def test_who_may_not_speak_holds_no_stage_that_takes_one_rule() -> None:
    rules = """
    rule ack stage respond on message.received then reply "hello"
    rule thanks stage route priority 5 on message.sent then reply "thanks"
    rule tagit stage route on message.sent then add tag said
    """
    decision = Stage(book_of(rules)).says()
    assert acted(decision) == ["ack", "tagit"]


def test_a_case_that_a_machines_line_opens_beside_its_own_answers_nothing_either() -> None:
    rules = """
    rule beside on message.received then open inquiry
    rule greet on ticket.created then reply "hello"
    """
    for automatic, said in ((True, 0), (False, 2)):
        stage = Stage(book_of(rules))
        stage.says(automatic=automatic)
        assert len(stage.world.tickets) == 2
        lines = [line for lines in stage.world.messages.values() for line in lines]
        assert sum(line.text == "hello" for line in lines) == said
