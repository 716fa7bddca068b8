"""Scheduled rules decided: alone in their wave, over tickets, members or the shop, each in its own decision."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core import memory
from engine.core.building import build
from engine.core.changes import Say
from engine.core.commands import ScheduleDue
from engine.core.decide import Decision, Recurring, decide
from engine.core.entities import SYSTEM
from engine.lang import EventRef
from tests.core.desk import Stage, acted, at, book_of, built, clock_of, did, files


def scheduled(stage: Stage, moment: str) -> list[Decision]:
    """What the schedules brought until a local time; deadlines come about in the meantime as well."""
    return [decision for decision in stage.until(moment) if decision.root.startswith("every ")]


NINE = "every day at 09:00 for each ticket"

STALE = """
stage notify
rule stale "Nobody wrote for days"
  limit once per 30d per ticket
  on every day at "09:00" for each ticket
  when ticket.kind = inquiry and ticket.idle > 3d
  then
    reply template hello
    add tag stale
"""


def test_time_fires_what_is_scheduled_and_the_trace_names_it() -> None:
    stage = Stage(book_of(STALE), "2026-03-02 10:00")
    stage.says()
    assert scheduled(stage, "2026-03-05 09:30") == []
    (decision,) = scheduled(stage, "2026-03-06 08:59:59") + scheduled(stage, "2026-03-06 09:00")
    assert acted(decision) == ["stale"] and decision.root == NINE
    assert decision.events[0] == NINE and decision.snapshot["waves"][0]["keys"] == [NINE]
    assert did(decision, "stale") == ["reply template hello", "add tag stale"]
    assert stage.ticket.tags == ("stale",)
    (record,) = stage.records("schedule.due")
    assert record.body == {"schedule": NINE, "due_at": at("2026-03-06 09:00")}
    assert record.ticket == stage.ticket.id


def test_a_limit_counts_over_runs() -> None:
    stage = Stage(book_of(STALE), "2026-03-02 10:00")
    stage.says()
    days = [clock_of(d.snapshot["now"]) for d in scheduled(stage, "2026-05-10 12:00")]
    assert days == ["2026-03-06 09:00", "2026-04-05 09:00", "2026-05-05 09:00"]


def test_a_moment_comes_alone_and_its_changes_are_the_next_wave() -> None:
    stage = Stage(
        book_of(
            """
            rule first on every 1h for each ticket when ticket.priority != urgent then set ticket.priority to urgent
            rule then_changed on ticket.changed when ticket.priority changed to urgent then add tag late
            """
        )
    )
    stage.says()
    (decision,) = scheduled(stage, "2026-03-02 11:30")
    assert [wave["keys"] for wave in decision.snapshot["waves"]] == [
        ["every 1h for each ticket"],
        ["ticket.changed"],
        ["ticket.changed"],
    ]
    assert acted(decision) == ["first", "then_changed"]


def test_two_rules_of_one_moment_are_decided_together_and_two_moments_apart() -> None:
    stage = Stage(
        book_of(
            """
            rule low on every 1h for each ticket then set ticket.priority to low
            rule high priority 5 on every 1h for each ticket then set ticket.priority to high
            rule late on every 2h for each ticket then add tag late
            """
        )
    )
    stage.says()
    decisions = scheduled(stage, "2026-03-02 12:00")
    assert [decision.root for decision in decisions] == ["every 1h for each ticket"] * 2 + ["every 2h for each ticket"]
    assert [(t.rule, t.outcome) for t in decisions[0].trace] == [("high", "acted"), ("low", "lost")]


def test_members_are_asked_each_and_spoken_to_where_they_last_wrote() -> None:
    rules = """
        rule birthday
          on every day at "10:00" for each member
          when member.birthday is set and anniversary(member.birthday) = date(now)
          then
            reply template hello
            add tag vip to member
        rule sent on message.sent then add tag heard
    """
    stage = Stage(book_of(rules), "2026-03-02 11:00", fields={"birthday": "1990-03-04"})
    other = stage.world.add_member("demo", name="小華", fields={"birthday": "1990-03-04"})
    stage.world.add_member("other", name="Carl", fields={"birthday": "1990-03-04"})
    stage.says()
    first, second, carl = scheduled(stage, "2026-03-06 00:00")
    assert [clock_of(d.snapshot["now"]) for d in (first, second, carl)] == [
        "2026-03-04 10:00",
        "2026-03-04 10:00",
        "2026-03-04 17:00",
    ], "ten o'clock in Taipei, and in Berlin"
    assert did(first, "birthday") == ["reply template hello", "add tag vip to member"]
    (line,) = [change for change in first.changes if isinstance(change, Say)]
    assert (line.ticket, line.channel, line.text) == (stage.ticket.id, "form", "小明 您好")
    assert [reply.text for reply in first.replies] == ["小明 您好"]
    assert "heard" not in stage.ticket.tags, "no ticket, so no event of one"
    assert did(second, "birthday") == ["not reply template hello, the member never wrote", "add tag vip to member"]
    assert "vip" in stage.world.members[other.id].tags


def test_the_shop_alone_is_told_and_each_shop_by_its_own_clock() -> None:
    rules = 'rule monday on every monday at "08:30" then notify role supervisor "Good week, {shop.name}"'
    stage = Stage(book_of(rules), "2026-03-01 12:00")
    stage.agent("sue", roles=("supervisor",))
    stage.world.add_member("other")
    decisions = scheduled(stage, "2026-03-02 20:00")
    assert [(d.shop, clock_of(d.snapshot["now"])) for d in decisions] == [
        ("demo", "2026-03-02 08:30"),
        ("other", "2026-03-02 15:30"),
    ]
    assert [notice["text"] for notice in stage.world.notifications] == ["Good week, 示範商店", "Good week, Other"]
    assert all(d.ticket_ref is None for d in decisions)


def test_a_schedule_with_nobody_to_act_on_leaves_nothing() -> None:
    stage = Stage(book_of(STALE))
    stage.says()
    assert scheduled(stage, "2026-03-04 12:00") == []
    assert stage.records("schedule.due") == []
    (asked,) = stage.world.unmoved()
    assert (asked.root, clock_of(asked.snapshot["now"])) == (NINE, "2026-03-04 09:00"), "kept for telling why"


def test_a_shop_runs_its_own_rules_only() -> None:
    book = book_of(
        STALE,
    )
    assert [event.key for event in book.schedules("demo")] == [NINE]
    own = {**book.files, "shops/other/more.rules": 'rule tidy on every 6h then notify role supervisor "x"'}
    book = built(own)
    assert [event.key for event in book.schedules("demo")] == [NINE]
    assert [event.key for event in book.schedules("other")] == [NINE, "every 6h"]
    assert book.schedules("gone") == ()
    assert all(isinstance(event, EventRef) for event in book.schedules("other"))


def test_the_same_moment_twice_is_the_same_decision() -> None:
    stage = Stage(book_of(STALE))
    stage.says()
    stage.world.now = at("2026-03-09 09:00")
    command = ScheduleDue(NINE, stage.world.now)
    case = stage.world.case(None, stage.ticket.id, "demo")
    one, other = (decide(stage.book, command, case, SYSTEM, stage.world.now) for _ in range(2))
    assert one == other


def told(rules: str) -> list[tuple[str, str | None]]:
    """What looking at all rules together says of these, with the example."""
    _, findings = build(files(rules))
    codes = {"never-true", "always-true", "conflicting-actions", "shadowed-rule", "rule-loop", "reply-storm"}
    return [(finding.code, finding.witness) for finding in findings if finding.code in codes]


def test_all_rules_together_are_looked_at_by_the_moment() -> None:
    rule = "rule {name} stage classify on every {every} for each ticket when ticket.idle > 1d then {action}\n"
    low = rule.format(name="low", every="1h", action="set ticket.priority to low")
    high = rule.format(name="high", every="1h", action="set ticket.priority to high")
    ((code, witness),) = told(low + high)
    assert code == "conflicting-actions"
    assert witness is not None and "every 1h for each ticket" in witness
    assert told(low + high.replace("1h", "2h")) == [], "two moments, two decisions"
    assert told(low + high.replace("ticket.idle > 1d", "ticket.idle < 1d")) == []


def test_when_only_time_has_passed_nothing_has_changed() -> None:
    rule = "rule x stage classify on {event} when ticket.priority changed {more} then add tag x\n"
    for event in ("every 1h for each ticket", "timer.fired", "sla.breached"):
        assert told(rule.format(event=event, more="to urgent"))[:1] == [("never-true", None)], event
        assert told(rule.format(event=f"{event}, ticket.changed", more="to urgent")) == [], event
        stage = Stage(book_of(rule.format(event=event, more="")))
        stage.says()
        assert [acted(decision) for decision in stage.until("2026-03-04 10:00") if acted(decision)] == [], event


@pytest.mark.parametrize("day", ["2026-03-03", "2026-03-04", "2026-03-06", "2026-03-09"])
def test_a_moment_is_unheard_where_no_rule_would_act(day: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is skipped unseen is what would have come to nothing."""
    stage = Stage(book_of(STALE))
    stage.says()
    heard: list[bool] = []

    class Watched(Recurring):
        def __init__(self, *asked: Any) -> None:
            super().__init__(*asked)
            self.asked = asked

        def unheard(self, now: int) -> bool:
            quiet = super().unheard(now)
            assert quiet == (not decide(*self.asked[:4], now).trace)
            heard.append(not quiet)
            return quiet

    monkeypatch.setattr(memory, "Recurring", Watched)
    scheduled(stage, f"{day} 12:00")
    assert heard
