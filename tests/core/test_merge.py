"""Two rules, one target: who wins, what stands side by side, what is done once."""

from __future__ import annotations

import itertools

import pytest

from engine.core.actions import merge
from engine.core.asking import helpers_for
from engine.core.building import build
from engine.lang import Effect
from tests.core.desk import Stage, book_of, files

# Each row: the actions of `low` (priority 0) and `high` (priority 5), and which rules' actions stand.
TABLE = [
    ("set ticket.priority to low", "set ticket.priority to high", ["high"]),
    ("set ticket.priority to low", "set ticket.priority to low", ["high"]),  # equal: once
    ("set ticket.priority to low", "raise ticket.priority to high", ["high"]),
    ("raise ticket.priority to high", "raise ticket.priority to urgent", ["high", "low"]),
    ("raise ticket.priority to high", "lower ticket.priority to low", ["high"]),
    ("lower ticket.priority to low", "lower ticket.priority to lowest", ["high", "low"]),
    ("set ticket.type to 退換貨", "set ticket.priority to low", ["high", "low"]),
    ("set ticket.amount to 5", "set ticket.amount to 6", ["high"]),
    ("set ticket.amount to empty", "set ticket.amount to 6", ["high"]),
    ("add tag a", "add tag b", ["high", "low"]),
    ("add tag a", "add tag a", ["high"]),
    ("add tag a", "remove tag a", ["high"]),
    ("add tag a", "remove tag a from member", ["high", "low"]),
    ("move to 已結案", "move to 對話中", ["high"]),
    ("move to 已結案", "move to 已結案", ["high"]),
    ("route to team care", "route to team senior", ["high"]),
    ("route to team care", "route to team care", ["high"]),
    ("route to team care by least_busy", "route to team care", ["high", "low"]),
    ("route to team care by least_busy", "route to team care by round_robin", ["high"]),
    ("route to team care with skill refunds", "route to team care with skill english", ["high"]),
    ("route to team care with skill refunds", "assign to agent amy", ["high", "low"]),
    ("route to team care by least_busy", "assign to agent amy", ["high"]),
    ("route to team care", "assign to agent amy", ["high", "low"]),
    ("assign to agent amy", "assign to agent ben", ["high"]),
    ("start timer t for 1d", "cancel timer t", ["high"]),
    ("start timer t for 1d", "cancel timer u", ["high", "low"]),
    ("start timer t for 1d", "start timer t for 2d", ["high"]),
    ('reply "a"', 'reply "b"', ["high", "low"]),
    ('reply "a"', 'reply "a"', ["high"]),
    ("reply template hello", "reply template hello", ["high"]),
    ('note "a"', 'note "b"', ["high", "low"]),
    ("ask rating", "ask rating", ["high"]),
    ("stop", "stop", ["high"]),
    ('flag "a"', 'flag "b"', ["high", "low"]),
]


def effects(low: str, high: str, priority: int = 5) -> list[Effect]:
    """The effects two rules want; at equal priority, which the validator may refuse, the names decide."""
    texts = f"rule low on message.received then {low}\nrule high priority {priority} on message.received then {high}"
    book, findings = build(files(texts), analyse=False)
    assert book is not None, [f.message for f in findings]
    stage = Stage(book)
    helpers = helpers_for(book, _draft(stage))
    return [effect for rule in book.rules.rules for effect in rule.effects({}, {}, helpers)]


def _draft(stage: Stage) -> object:
    from engine.core.draft import Draft

    return Draft(stage.book, stage.world.case(stage.member.id, None, "demo"), stage.customer, stage.world.now)


@pytest.mark.parametrize(("low", "high", "stand"), TABLE, ids=[f"{row[0]} / {row[1]}" for row in TABLE])
def test_the_higher_priority_wins(low: str, high: str, stand: list[str]) -> None:
    wanted = effects(low, high)
    for order in itertools.permutations(wanted):
        standing, lost = merge(list(order))
        assert [w.rule.id for w in standing] == stand, "whatever the order they come in"
        assert [loss.winner.rule.id for loss in lost] == ["high"] * len(lost)
        assert all(not loss.tie for loss in lost)


def test_the_rest_of_a_losing_rule_stands() -> None:
    wanted = effects("set ticket.priority to low add tag a", "set ticket.priority to high")
    standing, lost = merge(wanted)
    assert [(w.rule.id, w.action) for w in standing] == [("high", "set"), ("low", "add_tag")]
    assert [(loss.effect.rule.id, loss.target) for loss in lost] == [("low", "ticket.priority")]


def test_of_several_tags_only_the_contested_one_is_lost() -> None:
    standing, lost = merge(effects("add tag a, b, c", "remove tag b, d"))
    assert [(w.rule.id, w.action, w.args["tags"]) for w in standing] == [
        ("high", "remove_tag", ("b", "d")),
        ("low", "add_tag", ("a", "c")),
    ]
    assert [(loss.effect.rule.id, loss.target) for loss in lost] == [("low", "ticket.tags b")]


def test_at_equal_priority_the_name_decides_and_it_is_told() -> None:
    standing, lost = merge(effects('reply "x" set ticket.amount to 1', "set ticket.amount to 2", priority=0))
    assert [(w.rule.id, w.action) for w in standing] == [("high", "set"), ("low", "reply")]
    assert [(loss.effect.rule.id, loss.tie) for loss in lost] == [("low", True)]


def test_a_rule_does_not_fight_itself() -> None:
    standing, lost = merge(effects("route to team care assign to agent amy", "add tag a"))
    assert lost == []
    assert [(w.rule.id, w.action) for w in standing] == [
        ("high", "add_tag"),
        ("low", "route"),
        ("low", "assign"),
    ]


def test_replies_go_out_in_the_order_of_priority_then_name() -> None:
    rules = "\n".join(
        f'rule {name} priority {priority} on message.received then reply "{name}"'
        for name, priority in (("b", 1), ("c", 9), ("a", 1), ("d", -3))
    )
    stage = Stage(book_of(rules))
    assert [say.text for say in stage.says().replies] == ["c", "a", "b", "d"]


def test_a_plain_route_to_the_same_team_leaves_how_it_was_routed() -> None:
    rules = """
    rule fine priority 5 on ticket.created then route to team care with skill refunds by least_busy
    rule plain on ticket.created then route to team care
    """
    stage = Stage(book_of(rules, desk_yaml=files()["desk.yaml"].replace("mode: first", "mode: all")))
    stage.says()
    assert (stage.ticket.team, stage.ticket.route_by, stage.ticket.route_skills) == ("care", "least_busy", ("refunds",))
