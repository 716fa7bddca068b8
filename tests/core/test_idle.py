"""Actions that do nothing wherever their rule acts are told of, and words that change nothing beside others."""

from __future__ import annotations

import pytest

from engine.core.building import build
from tests.core.test_settled import SMALL

NOTHING = [
    ("chat.waiting", "ticket.priority != lowest", 'notify agent ticket.assignee "x"'),
    ("timer.fired", "ticket.assignee is empty", 'notify agent ticket.assignee "x"'),
    ("timer.fired", "ticket.team is empty", 'notify team ticket.team "x"'),
    ("timer.fired", "ticket.team = care", "route to team care"),
    ("timer.fired", "ticket.assignee = ann", "assign to agent ann"),
    ("timer.fired", "ticket.priority = urgent", "raise ticket.priority to high"),
    ("timer.fired", "ticket.priority = high", "raise ticket.priority to high"),
    ("timer.fired", "ticket.priority <= low", "lower ticket.priority to normal"),
    ("timer.fired", "ticket.type = 退換貨", "set ticket.type to 退換貨"),
    ("timer.fired", "ticket.amount = 5", "set ticket.amount to 5"),
    ("timer.fired", "ticket.amount > 5", "raise ticket.amount to 5"),
    ("timer.fired", "ticket.amount is empty", "set ticket.amount to empty"),
    ("timer.fired", "ticket.tags has vip", "add tag vip"),
    ("timer.fired", "not ticket.tags has vip", "remove tag vip"),
    ("timer.fired", "ticket.state = 對話中", "move to 對話中"),
    ("timer.fired", "ticket.priority != lowest", "block member for 0s"),
    ("message.sent", "message.author = bot", 'reply "x"'),
    ("message.sent", "message.author in [bot, desk] and ticket.priority = high", 'reply "x" after 1m'),
]
SOMETHING = [
    ("ticket.assigned", "ticket.priority != lowest", 'notify agent ticket.assignee "x"'),
    ("timer.fired", "ticket.assignee is empty", 'notify agent ticket.assignee, ann "x"'),
    ("timer.fired", "ticket.team = care", "route to team care by least_busy"),
    ("timer.fired", "ticket.team = care", "route to team care with skill english"),
    ("timer.fired", "ticket.team = care or ticket.team = senior", "route to team care"),
    ("timer.fired", "ticket.priority >= normal", "raise ticket.priority to high"),
    ("timer.fired", "ticket.amount > 5", "raise ticket.amount to 6"),
    ("timer.fired", "ticket.amount is empty", "raise ticket.amount to 6"),
    ("timer.fired", 'ticket.subject = "abc"', 'set ticket.subject to "ABC"'),
    ("timer.fired", "ticket.tags has vip", "add tag vip, handled"),
    ("timer.fired", "ticket.tags has vip", "add tag vip to member"),
    ("timer.fired", "ticket.priority != lowest", "block member for 1s"),
    ("message.sent", "message.author != agent and message.automatic", 'reply "x"'),
    ("message.sent", "message.author in [bot, agent]", 'reply "x"'),
    ("message.sent, ticket.assigned", "ticket.priority = high", 'reply "x"'),
    ("message.sent", "message.author = bot", 'note "x"'),
]


def told(*rules: tuple[str, str, str], code: str = "redundant-action") -> list[tuple[str, str]]:
    """Of which pieces that is told on the small desk, and what; each rule by event, condition and action."""
    text = "stage respond\n\n" + "\n\n".join(
        f"rule r{number}\n  on {event}\n  when {condition}\n  then {action}\n"
        for number, (event, condition, action) in enumerate(rules)
    )
    _, findings = build({**SMALL, "all.rules": text})
    wrong = [f.message for f in findings if f.code.startswith(("unknown", "syntax", "type", "field", "bad"))]
    assert wrong == []
    return [(f.span.text, f.message) for f in findings if f.code == code]


@pytest.mark.parametrize("rule", NOTHING, ids=lambda rule: f"{rule[1]}: {rule[2]}")
def test_an_action_that_does_nothing_wherever_its_rule_acts_is_told(rule: tuple[str, str, str]) -> None:
    assert [piece for piece, _ in told(rule)] == [rule[2]]


@pytest.mark.parametrize("rule", SOMETHING, ids=lambda rule: f"{rule[1]}: {rule[2]}")
def test_one_that_may_do_something_is_not(rule: tuple[str, str, str]) -> None:
    assert told(rule) == []


def test_one_that_holds_on_against_another_of_the_stage_is_not() -> None:
    keeps = ("timer.fired", "ticket.type = 退換貨 and ticket.tags has vip", "set ticket.type to 退換貨")
    takes = ("timer.fired", "ticket.tags has vip", "set ticket.type to 其他")
    assert told(keeps) != []
    assert told(keeps, takes) == []


WORDS = [
    ('contains any ["急", "很急"]', ['"很急"']),
    ('contains any ["很急", "急", "急"]', ['"很急"', '"急"']),
    ('contains all ["急", "很急"]', ['"急"']),
    ('contains only ["急", "很急"]', []),
    ('contains any ["急", "快"]', []),
    ('contains any ["art", "party"]', []),
]


@pytest.mark.parametrize(("test", "words"), WORDS, ids=lambda value: str(value))
def test_words_of_a_condition_that_change_nothing_are_told(test: str, words: list[str]) -> None:
    found = told(("message.received", f"message.text {test}", 'note "x"'), code="redundant-word")
    assert sorted(piece for piece, _ in found) == sorted(words)


def test_what_a_route_beside_it_would_undo_is_not_idle() -> None:
    both = ("timer.fired", "ticket.assignee = ann", "route to team senior assign to agent ann")
    assert told(both) == []
    assert (
        told(
            ("timer.fired", "ticket.assignee = ann", "assign to agent ann"),
            ("timer.fired", "ticket.priority = low", "route to team senior"),
        )
        == []
    )


def test_what_keeps_others_from_acting_is_not_idle() -> None:
    text = "stage route\nrule keep on timer.fired when ticket.priority = normal then set ticket.priority to normal\n"
    _, findings = build({**SMALL, "all.rules": text})
    assert [f.code for f in findings if f.code == "redundant-action"] == []


def test_who_answers_machines_is_not_implied_by_who_does_not() -> None:
    rules = (
        ("message.sent", "message.automatic", 'reply "x"'),
        ("message.sent", "ticket.priority != lowest", 'reply "x"'),
    )
    assert told(*rules, code="implied-rule") == []


def test_a_list_that_hides_words_may_hold_a_word_and_a_longer_one() -> None:
    words = 'words rude = ["refund", "refund policy"]'
    rule = "rule hide on message.received when message.text contains any rude then mask rude"
    text = f"stage guard\n{words}\n{rule}\n"
    _, findings = build({**SMALL, "all.rules": text})
    assert [f.message for f in findings if f.code == "redundant-word"] == []
