"""Scenarios as people write them: times and lengths as in rules, and failures that say which rule decided."""

from __future__ import annotations

import re

import pytest

from engine.core import scenarios
from engine.core.rulebook import Rulebook
from engine.lang import Source
from tests.core.desk import FILES, built, files

DESK = FILES["desk.yaml"].replace(
    "fields:\n",
    "fields:\n  ticket.meet_at: {type: time, optional: true}\n  ticket.trip: {type: duration, optional: true}\n"
    "  member.seen_at: {type: time, optional: true}\n",
)
RULES = """
rule high on message.received when message.text contains "急" then raise ticket.priority to high add tag fast
rule low on message.received when message.text contains "慢" and member.tier = gold then set ticket.priority to low
rule hello on message.received when message.text contains "你好" then reply template hello
rule bye on message.received when message.text contains "再見" then reply template late
rule order on message.received when message.text contains "維修" then open feedback to team care
rule marked on ticket.created when ticket.kind = feedback then raise ticket.priority to urgent
"""
FEEDBACK = """
kind: feedback
initial: heard
states:
  heard: {category: open}
  done: {category: closed}
transitions:
  - {trigger: close, from: heard, to: done}
  - {trigger: reopen, from: done, to: heard}
"""
TEXTS = {**files(RULES, desk_yaml=DESK), "lifecycles/feedback.yaml": FEEDBACK}
BOOK = built(TEXTS)


def run(text: str, book: Rulebook = BOOK) -> scenarios.Result:
    """The one scenario of a text."""
    found, problems = scenarios.read(Source("tests/x.yaml", text))
    assert problems == [], [p.message for p in problems]
    assert [f.message for f in scenarios.unknown_words(book, found)] == []
    return scenarios.run(book, found[0])


@pytest.mark.parametrize("length", ["2h", "120m", "2 小時", "120分鐘", "2小时", "7200"])
def test_lengths_and_moments_are_written_as_rules_write_them(length: str) -> None:
    text = f"""
- name: x
  member: {{fields: {{seen_at: "2026-03-01 08:00"}}}}
  agents: {{amy: {{team: care}}}}
  ticket: {{meet_at: "2026-03-04 09:20", trip: {length}}}
  steps:
    - message: a
      expect: {{ticket.meet_at: "2026-03-04 09:20", ticket.trip: {length}, member.seen_at: "2026-03-01 08:00"}}
    - agent: amy
      set: {{meet_at: "2026-03-05 10:00", trip: 30m}}
      expect: {{ticket.meet_at: "2026-03-05T02:00:00+00:00", ticket.trip: 1800}}
    - wait: {length if length != "7200" else "2h"}
      expect: {{ticket.age: 2h, ticket.created_at: "2026-03-02 10:00"}}
"""
    assert [f.message for f in run(text).failures] == []
    (failure,) = run(
        text.replace('ticket.created_at: "2026-03-02 10:00"', 'ticket.created_at: "2026-03-02 10:01"')
    ).failures
    assert failure.message == "ticket.created_at is `2026-03-02 10:00`, expected `2026-03-02 10:01`"


def test_what_is_no_time_and_no_length_is_told_with_what_is_meant() -> None:
    for field, value in (("meet_at", '"soon"'), ("trip", "long"), ("meet_at", '"2026-03-04 09:75"')):
        found, problems = scenarios.read(
            Source("tests/x.yaml", f"- {{name: x, ticket: {{{field}: {value}}}, steps: [{{message: a}}]}}")
        )
        assert problems == []
        (finding,) = scenarios.unknown_words(BOOK, found)
        assert (finding.code, finding.span.text.strip('"')) == ("scenario-invalid", value.strip('"'))
        assert finding.hint is not None and ("4h" in finding.hint) is (field == "trip")


@pytest.mark.parametrize(
    ("message", "expect", "told"),
    [
        ("很急", "ticket.priority: low", "`high` wrote it: ticket.priority = high"),
        ("很急", "ticket.priority: low", '`low` did not act because `message.text contains "慢"` did not hold'),
        ("慢", "ticket.priority: low", "no rule wrote it"),
        ("慢", "ticket.priority: low", "`low` did not act because `member.tier = gold` did not hold"),
        ("很急", "ticket.tags: [slow]", "`high` wrote it: add tag fast"),
        ("a", "ticket.tags: [fast]", "`high` did not act because"),
        ("很急", "not_tags: [fast]", "`high` wrote it: add tag fast"),
        ("你好", "replies: [late]", "what there is comes from `hello`"),
        ("你好", "replies: [late]", "`bye` did not act because"),
        ("你好", "replies: []", "what there is comes from `hello`"),
        ("你好", "reply: 再見", "what there is comes from `hello`"),
        ("a", "opened: [feedback]", "`order` did not act because"),
    ],
)
def test_a_failure_says_which_rule_decided_and_which_nearly_would_have(message: str, expect: str, told: str) -> None:
    (failure,) = run(
        f"- {{name: x, member: {{tier: basic}}, steps: [{{message: {message}, expect: {{{expect}}}}}]}}"
    ).failures
    assert failure.help is not None and told in failure.help, failure.help


def test_what_an_earlier_step_wrote_is_told_with_the_step() -> None:
    text = "- {name: x, steps: [{message: 很急}, {message: a, expect: {ticket.priority: normal}}]}"
    (failure,) = run(text).failures
    assert failure.help is not None and "`high` wrote it in step 1" in failure.help


def test_a_case_that_a_rule_opened_is_looked_at() -> None:
    text = """
- name: x
  agents: {amy: {team: care}}
  steps:
    - message: 要維修
      expect: {opened: [feedback], ticket.priority: normal}
    - case: feedback
      expect: {ticket.kind: feedback, ticket.priority: urgent, ticket.team: care}
    - agent: amy
      set: {priority: low}
      expect: {ticket.priority: low, ticket.kind: feedback}
    - case: inquiry
      expect: {ticket.priority: normal, ticket.kind: inquiry}
"""
    assert [f.message for f in run(text).failures] == []
    (failure,) = run(text.replace("ticket.priority: urgent", "ticket.priority: low")).failures
    assert failure.help is not None and "`marked` wrote it in step 1" in failure.help
    (failure,) = run("- {name: x, steps: [{message: a}, {case: feedback}]}").failures
    assert "no case of kind `feedback`" in failure.message


def test_without_roles_an_agents_step_says_what_is_missing() -> None:
    text = "- {name: x, agents: {amy: {team: care}}, steps: [{message: a}, {agent: amy, reply: b}]}"
    bare = {n: re.sub(r", roles: [^]]*]", "", body) for n, body in TEXTS.items() if n != "roles.yaml"}
    (failure,) = run(text, built(bare)).failures
    assert "`amy` has no rights" in failure.message and "`roles.yaml`" in failure.message
    (failure,) = run(text, built({**bare, "roles.yaml": "agent: {permissions: [ticket.reply]}\n"})).failures
    assert "`amy` has no rights" not in failure.message and "`ticket.view`" in failure.message


def test_a_rule_that_agrees_in_one_thing_and_loses_in_the_other_has_acted() -> None:
    rules = """
rule first priority 5 on message.received when message.text contains "同" then add tag same set ticket.priority to high
rule second on message.received when message.text contains "同" then add tag same set ticket.priority to low
rule third on message.received when message.text contains "同" then set ticket.priority to low
"""
    expect = "fired: [first, second], lost: [second, third], not_fired: [third]"
    text = f"- {{name: x, steps: [{{message: 同, expect: {{{expect}}}}}]}}"
    assert [f.message for f in run(text, built(files(rules))).failures] == []
