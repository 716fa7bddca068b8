"""Timers that set each other off: bounded for a ticket, also through other events and other cases, and told of."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from engine.core import scenarios, spent
from engine.core.building import build
from engine.core.commands import DeliveryFailed
from engine.core.decide import Decision
from engine.core.entities import SYSTEM
from engine.lang import LIMITS, Source
from tests.core.desk import FILES, Stage, book_of, errors_of, files

ROLES = FILES["roles.yaml"] + "editor: {permissions: [ticket.view, rules.edit]}\n"
SETTINGS = """\
none: {type: duration, value: 0s}
some: {type: duration, value: 1h}
"""
ALONE = """
rule first on ticket.created then start timer t for 1s
rule again "Starts itself"
  allow timer-loop "for the test"
  on timer.fired when timer.name = t and ticket.kind = inquiry then start timer t for 1s
"""
THROUGH_A_REPLY = """
rule first on ticket.created then start timer t for 1s
rule says
  on timer.fired when timer.name = t and ticket.kind = inquiry then reply "…"
rule again
  on message.sent when message.author = bot then start timer t for 1s
"""
TWO = """
rule first on ticket.created then start timer ping for 1s
rule ping
  on timer.fired when timer.name = ping and ticket.kind = inquiry then start timer pong for 1s
rule pong
  on timer.fired when timer.name = pong and ticket.kind = inquiry then start timer ping for 1s
"""
LATER = """
rule again on message.sent when message.automatic then reply "…" after 1s
rule first on ticket.created then reply "…" after 1s
"""


def sound(rules: str) -> Stage:
    """A desk with these rules in force, whatever the validator says of them: it may run on rules of before."""
    book, findings = build({**files(), "a.rules": rules}, analyse=False)
    assert book is not None, findings
    return Stage(book, "2026-03-02 10:00")


@pytest.mark.parametrize("rules", [ALONE, THROUGH_A_REPLY, TWO])
def test_a_row_of_timers_is_ended_recorded_and_told(rules: str) -> None:
    stage = sound(rules)
    stage.says()
    decisions = stage.until("2026-03-02 23:00")
    fired = [d for d in decisions if d.root == "timer.fired"]
    assert len(fired) == LIMITS.chain_timers + 1
    (stopped,) = stage.records("timer.stopped")
    assert stopped.ticket == stage.ticket.id and stopped.body["rule"] and stopped.body["timers"] == LIMITS.chain_timers


def test_a_delayed_reply_that_answers_itself_is_ended() -> None:
    stage = sound(LATER)
    stage.says()
    replied = [d for d in stage.until("2026-03-02 23:00") if d.replies]
    assert len(replied) == LIMITS.chain_timers + 1 and len(stage.records("timer.stopped")) == 1


def test_cases_that_open_each_other_by_timers_come_to_an_end() -> None:
    stage = sound(
        """
        rule born on ticket.created then start timer t for 1s
        rule again on timer.fired when timer.name = t then open inquiry
        """
    )
    stage.says()
    stage.until("2026-03-02 10:50")
    assert len(stage.world.tickets) == 3, "as deep as within one transaction"


def test_who_can_mend_rules_is_told_in_the_agents_language() -> None:
    book, _ = build({**files(), "a.rules": ALONE, "roles.yaml": ROLES}, analyse=False)
    assert book is not None
    stage = Stage(book)
    stage.agent("amy", roles=("agent",))
    stage.agent("eva", roles=("editor",), locale="zh-TW")
    stage.says()
    stage.until("2026-03-02 23:00")
    (notice,) = stage.world.notifications
    assert notice["agent"] == "eva" and "`again`" in notice["text"] and "計時器" in notice["text"]


def test_a_row_as_slow_as_a_schedule_goes_on() -> None:
    stage = sound(ALONE.replace("for 1s", "for 1m"))
    stage.says()
    fired = [d for d in stage.until("2026-03-02 20:00") if d.root == "timer.fired"]
    assert len(fired) > 500 and not stage.records("timer.stopped")


def test_a_line_from_outside_begins_anew() -> None:
    stage = sound(
        """
        rule line on message.received then start timer t for 1s
        rule fired on timer.fired when timer.name = t and ticket.kind = inquiry then add tag done
        """
    )
    for _ in range(LIMITS.chain_timers + 20):
        stage.says()
        stage.world.advance(stage.world.now + 2_000_000, SYSTEM)
    assert not stage.records("timer.stopped")


@pytest.mark.parametrize("length", ["0s", "0.5s", "setting.none"])
def test_a_timer_has_a_least_time(length: str) -> None:
    texts = files(f"rule a on ticket.created then start timer t for {length}", settings_yaml=SETTINGS)
    (error,) = errors_of(texts)
    assert (error.code, error.span.text) == ("bad-duration", length)


def test_a_shop_s_own_setting_has_the_least_time_too() -> None:
    texts = files(
        "rule a on ticket.created then start timer t for setting.some",
        settings_yaml=SETTINGS,
        shops__demo__settings_yaml="some: 0s\n",
    )
    assert [error.code for error in errors_of(texts)] == ["bad-duration"]


def test_working_time_never_makes_a_timer_shorter_than_the_least() -> None:
    book = book_of("rule a on ticket.created then start timer t for 1s business")
    stage = Stage(book, "2026-03-02 10:00")
    stage.says()
    (timer,) = (t for t in stage.world.timers.values() if t.kind == "rule")
    assert timer.due_at - stage.world.now >= LIMITS.shortest_timer


# --- as the validator sees them ---------------------------------------------------------------------------------------

REPLY_EACH_HOUR = """
rule first on ticket.created then start timer ping for 1h
rule ping
  on timer.fired when timer.name = ping and ticket.category = open
  then
    reply "還在處理"
    start timer pong for 1h
rule pong
  on timer.fired when timer.name = pong and ticket.category = open
  then start timer ping for 1h
"""
BEHIND_A_CONDITION = """
rule first on message.received when message.text contains "hi" then start timer t for 2s
rule again
  on timer.fired when timer.name = t and ticket.priority = urgent then start timer t for 2s
"""
BY_ANOTHER_EVENT = """
rule first on ticket.created then start timer t for 1d
rule up
  on timer.fired when timer.name = t and ticket.priority = high then set ticket.priority to urgent
rule up_again
  on timer.fired when timer.name = t and ticket.priority = urgent then set ticket.priority to high
rule then_again
  on ticket.changed when ticket.priority changed
  then
    reply template hello
    start timer t for 1d
"""


@pytest.mark.parametrize(
    ("rules", "code", "where"),
    [
        (ALONE.replace('  allow timer-loop "for the test"\n', ""), "timer-storm", {"again"}),
        (TWO, "timer-storm", {"ping", "pong"}),
        (THROUGH_A_REPLY, "timer-storm", {"says", "again"}),
        (LATER, "timer-storm", {"again"}),
        (REPLY_EACH_HOUR, "timer-loop", {"ping", "pong"}),
        (BEHIND_A_CONDITION, "timer-loop", {"again"}),
        (BY_ANOTHER_EVENT, "timer-loop", {"up", "up_again", "then_again"}),
    ],
)
def test_a_ring_is_found_with_all_its_rules(rules: str, code: str, where: set[str]) -> None:
    _, findings = build({**files(), "a.rules": rules})
    (found,) = (finding for finding in findings if finding.code in ("timer-storm", "timer-loop"))
    assert found.code == code and found.witness
    assert {found.span.text, *(other.span.text for other in found.related)} == where


@pytest.mark.parametrize(
    "rules",
    [
        REPLY_EACH_HOUR.replace("ticket.category = open", "ticket.category = open and ticket.age < 7d"),
        REPLY_EACH_HOUR.replace("rule ping\n", "rule ping\n  limit once per ticket\n"),
        REPLY_EACH_HOUR.replace("    reply", "    add tag asked\n    reply").replace(
            "timer.name = ping and", "timer.name = ping and not ticket.tags has asked and"
        ),
        REPLY_EACH_HOUR.replace('    reply "還在處理"\n', ""),
        TWO.replace("inquiry then start timer ping", "inquiry then start timer pang"),
    ],
    ids=["ends with time", "limit", "ends by a tag", "as a schedule would", "no ring"],
)
def test_what_ends_or_is_as_a_schedule_is_not_told_of(rules: str) -> None:
    _, findings = build({**files(), "a.rules": rules})
    assert not [finding for finding in findings if finding.code in ("timer-storm", "timer-loop")]


# --- virtual time -----------------------------------------------------------------------------------------------------


def scenario(book_rules: str, steps: str) -> scenarios.Result:
    """What a scenario of these steps comes to."""
    book, _ = build({**files(), "a.rules": book_rules}, analyse=False)
    assert book is not None
    text = f"- name: long\n  steps:\n{steps}"
    (one,), problems = scenarios.read(Source("tests/a.yaml", text))
    assert not problems
    return scenarios.run(book, one, clock=time.monotonic)


def test_a_scenario_over_looping_timers_ends() -> None:
    result = scenario(ALONE, "    - {message: 你好}\n    - {wait: 300d, expect: {}}\n")
    assert result.passed, "the row of timers is ended as on a desk"


def test_a_scenario_that_brings_too_much_names_step_and_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spent, "LIMITS", replace(LIMITS, scenario_decisions=50))
    result = scenario(ALONE.replace("for 1s", "for 1m"), "    - {message: 你好}\n    - {wait: 300d}\n")
    (failure,) = result.failures
    assert failure.step == 2 and "50" in failure.message and "`again`" in failure.message


def test_a_scenario_cannot_expect_what_only_a_bound_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spent, "LIMITS", replace(LIMITS, scenario_seconds=0.0))
    steps = "    - {message: 你好}\n    - {wait: 30d, expect: {error: cannot-run}}\n"
    result = scenario(ALONE.replace("for 1s", "for 1m"), steps)
    assert [failure.step for failure in result.failures] == [2]


def test_a_wait_is_bounded() -> None:
    result = scenario(ALONE, "    - {message: 你好}\n    - {wait: 9999d}\n")
    assert [failure.step for failure in result.failures] == [2]


# --- lines that cannot be delivered -----------------------------------------------------------------------------------

ANSWERS_ITSELF = """
rule lost on delivery.failed when ticket.kind = inquiry then reply "再試一次"
"""
BY_A_TIMER = """
rule lost on delivery.failed when ticket.kind = inquiry then start timer t for 1s
rule again on timer.fired when timer.name = t and ticket.kind = inquiry then reply "再試一次"
"""
BY_A_CHANGE = """
rule lost on delivery.failed when ticket.priority = normal then set ticket.priority to high
rule back on delivery.failed when ticket.priority = high then set ticket.priority to normal
rule told on ticket.changed when ticket.priority changed then reply "再試一次"
"""
SPREADS = """
rule one on delivery.failed then reply "一"
rule two on delivery.failed then reply "二"
"""


def losing(rules: str) -> tuple[Stage, int]:
    """A desk whose channel loses each line; and how many automatic lines leave before it is quiet."""
    stage = sound('rule first on ticket.created then reply "收到"\n' + rules)
    stage.says(channel="test")
    lost = 0
    while lost < min(len(stage.world.outbox), 1_000):
        stage.world.now += 5_000
        lose(stage, lost)
        lost += 1
        if lost == len(stage.world.outbox):
            stage.world.advance(stage.world.now + 10_000_000, SYSTEM)
    return stage, lost


def lose(stage: Stage, number: int) -> Decision:
    """The channel gives a line up for good: of all that were to leave, the one with this number, from 0."""
    left = [m for m in stage.world.messages[stage.ticket.id] if (m.direction, m.visibility) == ("outbound", "public")]
    body = stage.world.outbox[number].body
    return stage.does(DeliveryFailed(stage.ticket.id, left[number].id, "gone", body))


@pytest.mark.parametrize("rules", [ANSWERS_ITSELF, BY_A_TIMER, BY_A_CHANGE, SPREADS])
def test_lines_that_are_lost_and_answered_come_to_an_end(rules: str) -> None:
    stage, lost = losing(rules)
    assert LIMITS.chain_timers / 2 <= lost <= LIMITS.chain_timers + 3
    stopped = stage.records("timer.stopped")
    assert stopped and len(stopped) == len({record.body["rule"] for record in stopped}), "told once a rule"


def test_a_lost_line_of_an_agent_is_answered_each_time() -> None:
    stage = sound('rule lost on delivery.failed when message.author = agent then reply "…"')
    amy = stage.agent()
    stage.says(channel="test")
    for number in range(LIMITS.chain_timers + 5):
        stage.answers(amy)
        assert len(lose(stage, 2 * number).replies) == 1, "each is followed by the rule's"


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        (ANSWERS_ITSELF, {"lost"}),
        (BY_A_TIMER, {"lost", "again"}),
        (BY_A_CHANGE, {"lost", "back", "told"}),
        ('rule lost on delivery.failed when ticket.priority = high then reply "…" after 1m', {"lost"}),
        ('rule lost on delivery.failed when message.author != agent then reply "…" as desk', {"lost"}),
    ],
    ids=["itself", "timer", "change", "later", "as desk"],
)
def test_an_answer_to_a_lost_line_is_found(rules: str, where: set[str]) -> None:
    _, findings = build({**files(), "a.rules": rules})
    (found,) = (finding for finding in findings if finding.code in ("timer-storm", "timer-loop", "delivery-storm"))
    assert found.code == "delivery-storm" and found.witness
    assert {found.span.text, *(other.span.text for other in found.related)} == where


@pytest.mark.parametrize(
    "rules",
    [
        'rule lost on delivery.failed when message.author = agent then reply "…"',
        'rule lost limit once per ticket on delivery.failed then reply "…"',
        'rule lost on delivery.failed when not ticket.tags has lost then add tag lost reply "…"',
        'rule lost on delivery.failed then notify role supervisor "…" add tag lost',
        'rule lost on delivery.failed then add tag lost rule hello on ticket.created then reply "…"',
    ],
    ids=["of an agent", "limit", "ends by a tag", "tells people", "another's"],
)
def test_what_does_not_answer_itself_is_not_told_of(rules: str) -> None:
    _, findings = build({**files(), "a.rules": rules})
    assert not [finding for finding in findings if finding.code in ("timer-storm", "timer-loop", "delivery-storm")]
