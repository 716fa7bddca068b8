"""What a decision does with the rules: stages, waves, limits, stop and reject, failures, and what the trace tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.core.changes import Create, Record, Say, Timer
from engine.core.commands import ChangeMember, ChangeTicket, MarkRead, OpenChat, RateTicket, SetStatus
from engine.core.decide import Decision
from engine.core.entities import SYSTEM
from engine.lang import FLAG, LIMITS, NUMBER, Function
from tests.core.desk import FILES, Stage, acted, book_of, files, outcomes


def kinds(decision: Decision) -> list[str]:
    """What the decision puts into the log."""
    return [change.kind for change in decision.changes if isinstance(change, Record)]


# --- stages ---------------------------------------------------------------------------------------------------------


def test_a_stage_sees_what_the_stage_before_left() -> None:
    rules = """
    stage respond
    rule sees on ticket.created when ticket.amount = 5 and ticket.tags has a then reply "saw it"
    rule too_early stage guard on ticket.created when ticket.amount is set then reply "no"
    rule sets stage classify on ticket.created then set ticket.amount to 5 add tag a
    """
    assert acted(Stage(book_of(rules)).says()) == ["sets", "sees"]


def test_within_a_stage_all_see_the_same() -> None:
    rules = """
    stage classify
    rule a on ticket.created when ticket.amount is empty then set ticket.amount to 1
    rule b on ticket.created when ticket.amount is empty then add tag also
    rule c on ticket.created when ticket.amount = 1 then add tag never
    """
    stage = Stage(book_of(rules))
    assert acted(stage.says()) == ["a", "b"]
    assert stage.ticket.tags == ("also",)


def test_an_exclusive_stage_takes_the_best_with_all_it_does_and_nobody_else() -> None:
    rules = """
    stage route
    rule low on ticket.created then route to team care add tag low
    rule best priority 9 on ticket.created then route to team senior add tag best
    rule misses priority 20 on ticket.created when ticket.amount > 5 then add tag misses
    """
    stage = Stage(book_of(rules))
    decision = stage.says()
    assert outcomes(decision) == [("low", "lost"), ("best", "acted")]
    assert decision.trace[0].why == "stage route takes one rule: `best` came first"
    assert (stage.ticket.team, stage.ticket.tags) == ("senior", ("best",))


def test_a_shop_rule_replaces_one_of_the_same_name_and_wins_a_tie() -> None:
    texts = files(
        """
        rule greet on ticket.created then reply "shared"
        rule amount on ticket.created then set ticket.amount to 1
        """
    )
    texts["shops/demo/own.rules"] = """
        rule greet on ticket.created then reply "own"
        rule zz_amount on ticket.created then set ticket.amount to 2
    """
    from tests.core.desk import built

    book = built(texts)
    stage = Stage(book)
    decision = stage.says()
    assert [say.text for say in decision.replies] == ["own"]
    assert stage.ticket.fields["amount"] == 2
    assert [(e.rule, e.outcome) for e in decision.trace if e.rule == "amount"] == [("amount", "lost")]
    other = Stage(book, shop="other")
    assert [say.text for say in other.says().replies] == ["shared"]
    assert other.ticket.fields["amount"] == 1


# --- waves ----------------------------------------------------------------------------------------------------------


def test_what_changed_becomes_the_next_wave() -> None:
    rules = """
    rule first on ticket.created then raise ticket.priority to high
    rule second on ticket.changed when ticket.priority changed to high then route to team care
    rule third on ticket.assigned when ticket.team = care then add tag done
    rule last on ticket.changed when ticket.tags changed then note "x"
    """
    decision = Stage(book_of(rules)).says()
    assert [(e.rule, e.wave) for e in decision.trace] == [("first", 0), ("second", 1), ("third", 2), ("last", 3)]
    assert not decision.flagged


def test_what_is_not_net_different_is_no_event() -> None:
    rules = """
    rule on_off stage guard on ticket.created then add tag a
    rule off stage respond on ticket.created then remove tag a
    rule never on ticket.changed then note "x"
    """
    decision = Stage(book_of(rules)).says()
    assert acted(decision) == ["on_off", "off"]
    assert "ticket.changed" not in decision.events


def test_the_desks_own_counts_and_times_are_no_change() -> None:
    stage = Stage(book_of('rule never on ticket.changed then note "x"'))
    stage.says()
    assert stage.says("noch einmal").events == ("message.received",)


def chain(length: int) -> str:
    """Rules of which each wakes the next."""
    rules = ["rule r0 on ticket.created then set ticket.step to 1"]
    for n in range(1, length):
        rules.append(f"rule r{n} on ticket.changed when ticket.step = {n} then set ticket.step to {n + 1}")
    return "\n".join(rules)


@pytest.mark.parametrize(("length", "waves", "flagged"), [(7, 8, False), (8, 8, True), (12, 8, True)])
def test_there_are_at_most_eight_waves(length: int, waves: int, flagged: bool) -> None:
    stage = Stage(book_of(chain(length)))
    decision = stage.says()
    assert len(decision.snapshot["waves"]) == waves <= LIMITS.waves
    assert decision.flagged is flagged
    assert stage.ticket.fields["step"] == min(length, LIMITS.waves), "what was done is kept"
    assert kinds(decision).count("decision.flagged") == int(flagged)


def test_a_rule_acts_once_in_a_transaction() -> None:
    rules = """
    rule ping on ticket.created, ticket.changed then reply "ping"
    rule grow on ticket.created, ticket.changed when ticket.step < 5 then set ticket.step to ticket.step + 1
    """
    stage = Stage(book_of(rules))
    decision = stage.says()
    assert sorted(acted(decision)) == ["grow", "ping"]
    assert stage.ticket.fields["step"] == 1
    assert len(decision.replies) == 1
    assert sorted(acted(stage.does(ChangeTicket(1, {"subject": "x"}), stage.agent()))) == ["grow", "ping"]


def test_a_rule_that_acted_keeps_its_place_against_others() -> None:
    rules = """
    rule strong priority 9 on ticket.created, ticket.changed then set ticket.priority to high
    rule weak on ticket.changed then set ticket.priority to low
    """
    stage = Stage(book_of(rules))
    decision = stage.says()
    assert outcomes(decision) == [("strong", "acted"), ("weak", "lost")]
    assert stage.ticket.priority == "high"


# --- changed --------------------------------------------------------------------------------------------------------


def test_changed_compares_with_before_the_wave() -> None:
    rules = """
    rule up on ticket.changed when ticket.priority changed from normal to high then add tag up
    rule again on ticket.changed when ticket.priority changed and ticket.tags changed then add tag wrong
    rule tagged on ticket.changed when ticket.tags changed and not ticket.priority changed then add tag right
    """
    stage = Stage(book_of(rules))
    amy = stage.agent()
    stage.says()
    decision = stage.does(ChangeTicket(1, {"priority": "high"}), amy)
    assert [(e.rule, e.wave) for e in decision.trace] == [("up", 0), ("tagged", 1)]
    assert acted(stage.does(ChangeTicket(1, {"priority": "urgent"}), amy)) == []


def test_in_a_new_ticket_everything_set_has_changed() -> None:
    rules = """
    rule set_things on ticket.created when ticket.priority changed and ticket.type changed to 其他 then add tag a
    rule empty_things on ticket.created when ticket.amount changed or ticket.order_no changed then add tag b
    """
    assert acted(Stage(book_of(rules)).says()) == ["set_things"]


def test_a_members_change_is_compared_without_a_ticket_too() -> None:
    rules = """
    rule promoted on member.changed when member.tier changed to gold then add tag promoted to member
    rule renamed on member.changed when member.name changed then add tag renamed to member
    """
    stage = Stage(book_of(rules))
    decision = stage.world.run(ChangeMember(1, {"tier": "gold"}), SYSTEM, member_id=1, shop="demo")
    assert acted(decision) == ["promoted"]
    assert stage.world.members[1].tags == ("promoted",)


# --- limits and dates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "minutes", "said"),
    [
        ("once per ticket", [0, 5, 5000], [1, 0, 0]),
        ("2 per ticket", [0, 1, 2, 3], [1, 1, 0, 0]),
        ("once per 1h per ticket", [0, 59, 60, 61, 121], [1, 0, 1, 0, 1]),
        ("2 per 1h per member", [0, 10, 20, 60, 65, 70], [1, 1, 0, 1, 0, 1]),
        ("once per 1d per shop", [0, 1439, 1440], [1, 0, 1]),
    ],
)
def test_a_limit_counts_a_sliding_window(limit: str, minutes: list[int], said: list[int]) -> None:
    stage = Stage(book_of(f'rule hi limit {limit} on message.received then reply "hi"'))
    start, got = stage.world.now, []
    for minute in minutes:
        stage.world.now = start + minute * 60_000_000
        got.append(len(stage.says().replies))
    assert got == said


def test_limits_are_kept_apart_by_what_they_count() -> None:
    rules = """
    rule one limit once per ticket on message.received then reply "ticket"
    rule two limit once per member on message.received then reply "member"
    """
    stage = Stage(book_of(rules))
    said = [[say.text for say in stage.says(new=new).replies] for new in (True, True, False)]
    assert said == [["ticket", "member"], ["ticket"], []]
    stage.member = stage.world.add_member("demo")
    assert [say.text for say in stage.says(new=True).replies] == ["ticket", "member"]


def test_at_its_limit_a_rule_is_no_match_and_wins_nothing() -> None:
    rules = """
    rule strong priority 9 limit once per ticket on message.received then set ticket.priority to high
    rule weak on message.received then set ticket.priority to low
    """
    stage = Stage(book_of(rules))
    assert outcomes(stage.says()) == [("strong", "acted"), ("weak", "lost")]
    assert outcomes(stage.says()) == [("weak", "acted")]


@pytest.mark.parametrize(
    ("now", "acts"),
    [
        ("2026-02-28 23:59", False),
        ("2026-03-01 00:00", True),
        ("2026-03-31 23:59", True),
        ("2026-04-01 00:00", False),
    ],
)
def test_dates_include_both_days_in_the_shops_zone(now: str, acts: bool) -> None:
    rules = 'rule spring from "2026-03-01" until "2026-03-31" on ticket.created then add tag spring'
    assert bool(acted(Stage(book_of(rules), now).says())) is acts


# --- stop and reject ------------------------------------------------------------------------------------------------


def test_stop_ends_stages_and_waves_but_not_its_own_stage() -> None:
    rules = """
    rule halt stage classify on ticket.created then set ticket.amount to 5 stop
    rule beside stage classify on ticket.created then reply "beside"
    rule later stage respond on ticket.created then reply "later"
    rule next on ticket.changed then reply "next"
    """
    stage = Stage(book_of(rules))
    decision = stage.says()
    assert sorted(acted(decision)) == ["beside", "halt"]
    assert [say.text for say in decision.replies] == ["beside"]
    assert (stage.ticket.fields["amount"], len(stage.world.messages[stage.ticket.id])) == (5, 2)
    assert not decision.flagged


def test_a_rejected_first_line_leaves_nothing_but_the_record() -> None:
    rules = """
    rule spam stage guard on message.received when message.text contains "http"
      then reject "links" flag "link" set ticket.amount to 5 start timer t for 1h
    rule all_the_same stage respond on message.received then reply "hi" add tag a
    """
    stage = Stage(book_of(rules))
    decision = stage.says("see http://x")
    assert decision.rejected == "links"
    assert stage.world.tickets == {} and stage.world.messages == {} and stage.world.timers == {}
    assert kinds(decision) == ["message.flagged", "message.rejected"]
    assert [type(change) for change in decision.changes] == [Record, Record]
    assert decision.changes[-1] == Record("message.rejected", {"why": "links", "length": 12}, member=stage.member.id)
    assert "http://x" not in json.dumps(decision.snapshot, default=str)
    stage.says("a real question")
    assert len(stage.world.tickets) == 1


def test_what_a_rejecting_rule_tells_colleagues_is_kept_without_the_ticket() -> None:
    rules = (
        'rule spam stage guard on message.received then reject "links" notify role supervisor "{ticket.number} spam"'
    )
    stage = Stage(book_of(rules))
    stage.agent("rita", roles=("supervisor",))
    decision = stage.says()
    assert [(n["agent"], n["ticket"]) for n in stage.world.notifications] == [("rita", None)]
    assert kinds(decision) == ["notice.created", "message.rejected"]
    assert all(change.ticket is None for change in decision.changes if isinstance(change, Record))


def test_a_rejected_later_line_leaves_the_ticket_as_it_was() -> None:
    rules = 'rule spam stage guard on message.received when message.text contains "http" then reject'
    stage = Stage(book_of(rules))
    stage.says()
    before = (stage.ticket, dict(stage.world.timers), list(stage.world.messages[stage.ticket.id]))
    decision = stage.says("http://x")
    assert decision.rejected == ""
    assert (stage.ticket, dict(stage.world.timers), list(stage.world.messages[stage.ticket.id])) == before
    assert decision.changes[-1].ticket == stage.ticket.id  # type: ignore[union-attr]


def test_a_rejecting_rule_reaches_its_limit() -> None:
    rules = """
    rule spam stage guard limit 2 per 1h per member on message.received then reject
    rule ticketwise stage guard limit once per ticket on message.received then flag "x"
    """
    stage = Stage(book_of(rules))
    assert [stage.says(new=True).rejected for _ in range(2)] == ["", ""]
    assert stage.says().rejected is None
    assert [use[:2] for use in stage.world.uses] == [("spam", "member")] * 2 + [("ticketwise", "ticket")]


# --- automatic lines ------------------------------------------------------------------------------------------------


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


# --- failures -------------------------------------------------------------------------------------------------------


def _explode(number: Any) -> Any:
    raise RuntimeError("the plugin is broken")


FUNCTIONS = [Function("explode", (NUMBER,), FLAG, _explode), Function("burn", (NUMBER,), NUMBER, _explode)]


def test_a_condition_that_raises_is_skipped_and_recorded() -> None:
    rules = """
    rule broken on ticket.created when explode(5) then reply "never"
    rule sound on ticket.created then reply "sound"
    """
    decision = Stage(book_of(rules, FUNCTIONS)).says()
    assert outcomes(decision) == [("broken", "failed"), ("sound", "acted")]
    assert decision.trace[0].why == "the plugin is broken"
    assert [c.body for c in decision.changes if isinstance(c, Record) and c.kind == "rule.failed"] == [
        {"rule": "broken", "error": "the plugin is broken"}
    ]
    assert [say.text for say in decision.replies] == ["sound"]


def test_an_action_that_raises_takes_only_its_rule_down() -> None:
    rules = """
    rule broken on ticket.created then set ticket.amount to burn(5) add tag broken
    rule sound on ticket.created then add tag sound
    """
    stage = Stage(book_of(rules, FUNCTIONS))
    decision = stage.says()
    assert outcomes(decision) == [("broken", "failed"), ("sound", "acted")]
    assert stage.ticket.tags == ("sound",)


def test_a_failing_guard_of_an_exclusive_stage_leaves_the_others_their_turn() -> None:
    rules = """
    stage route
    rule broken priority 9 on ticket.created when explode(5) then route to team senior
    rule sound on ticket.created then route to team care
    """
    stage = Stage(book_of(rules, FUNCTIONS))
    stage.says()
    assert stage.ticket.team == "care"


# --- texts ----------------------------------------------------------------------------------------------------------


def test_texts_are_made_as_the_wave_leaves_the_fields() -> None:
    rules = """
    rule tells stage guard on ticket.created then reply "{ticket.priority} {ticket.amount} {ticket.team}"
    rule sets stage classify on ticket.created then raise ticket.priority to high set ticket.amount to 1.50
    rule routes stage route on ticket.created then route to team senior
    """
    assert [say.text for say in Stage(book_of(rules)).says().replies] == ["high 1.5 資深組"]


def test_members_are_spoken_to_in_their_language_and_colleagues_in_theirs() -> None:
    rules = """
    rule tells on ticket.created then reply template hello notify team care template late note template hello
    """
    stage = Stage(book_of(rules), language="en")
    for name, locale in (("amy", "zh-TW"), ("ben", "en"), ("cho", "fr")):
        stage.agent(name, locale=locale)
    decision = stage.says()
    assert [say.text for say in decision.replies] == ["Dear 小明"]
    assert {n["agent"]: n["text"] for n in stage.world.notifications} == {
        "amy": "#00001 逾時",
        "ben": "#00001 is late",
        "cho": "#00001 逾時",
    }
    notes = [c.text for c in decision.changes if isinstance(c, Say) and c.visibility == "internal"]
    assert notes == ["小明 您好"], "a note is for the house, in the shop's first language"


def test_a_notice_comes_once_however_many_rules_say_it() -> None:
    rules = """
    rule one on ticket.created then notify team care "new" notify agent amy "new"
    """
    stage = Stage(book_of(rules))
    stage.agent()
    stage.says()
    assert [n["text"] for n in stage.world.notifications] == ["new"]


# --- edges ----------------------------------------------------------------------------------------------------------


def test_a_window_that_opens_decides_without_a_ticket() -> None:
    stage = Stage(book_of("rule hi on chat.opened then reply template hello as desk"))
    decision = stage.world.run(OpenChat("demo"), stage.customer, member_id=1, shop="demo")
    assert [(line["text"], line["as"]) for line in decision.opening] == [("小明 您好", "desk")]
    assert decision.changes == () and stage.world.tickets == {}
    stage.says(kind="chat", channel="chat", opening=({**decision.opening[0], "at": stage.world.now - 1},))
    assert [m.text for m in stage.world.messages[stage.ticket.id]] == ["小明 您好", "你好"]


def test_an_event_without_rules_makes_no_wave() -> None:
    stage = Stage(book_of())
    stage.says()
    decision = stage.does(MarkRead(1, 3), stage.customer)
    assert (decision.events, decision.trace, kinds(decision)) == ((), (), ["ticket.read"])
    assert decision.root == "mark-read"


def test_a_timer_fires_once_and_restarts_when_started_again() -> None:
    rules = """
    rule start on message.received then start timer wake for 1h
    rule wake on timer.fired when timer.name = wake then note "awake"
    """
    stage = Stage(book_of(rules))
    stage.says()
    stage.until("2026-03-02 10:30")
    stage.says()
    stage.until("2026-03-02 11:29")
    assert stage.records("timer.fired") == []
    stage.until("2026-03-02 18:00")
    assert [e.body for e in stage.records("timer.fired")] == [{"name": "wake"}]


def test_a_planned_reply_is_dropped_when_the_case_is_closed() -> None:
    rules = """
    rule plan on ticket.created then reply "later" after 10m
    rule close_it on message.sent when message.author = agent then move to 已結案
    """
    stage = Stage(book_of(rules))
    amy = stage.agent()
    stage.says()
    stage.until("2026-03-02 10:11")
    assert [m.text for m in stage.world.messages[stage.ticket.id]] == ["你好", "later"]
    stage.says(new=True)
    stage.answers(amy)
    stage.until("2026-03-02 12:00")
    assert [m.text for m in stage.world.messages[stage.ticket.id]] == ["你好", "您好"]


def test_lines_leave_by_the_outbox_where_the_channel_needs_one() -> None:
    stage = Stage(book_of('rule hi on ticket.created then reply "hi"'))
    stage.says(channel="test")
    assert [entry.channel for entry in stage.world.outbox] == ["test"]
    stage.says(new=True, channel="form")
    assert len(stage.world.outbox) == 1


def test_notices_are_rows_and_records() -> None:
    stage = Stage(book_of('rule r on ticket.created then notify team care "x"'))
    stage.agent()
    decision = stage.says()
    (row,) = [c for c in decision.changes if isinstance(c, Create) and c.thing == "notification"]
    assert row.values["agent"] == "amy" and "notice.created" in kinds(decision)


def test_a_members_field_with_a_default_is_never_empty() -> None:
    desk = FILES["desk.yaml"].replace(
        "  member.birthday:", "  member.points: {type: number, default: 3}\n  member.birthday:"
    )
    rules = "rule few on message.received when member.points < 4 then set member.points to member.points + 1"
    stage = Stage(
        book_of(
            rules + "\nrule grew on member.changed when member.points changed from 3 to 4 then stop", desk_yaml=desk
        )
    )
    assert acted(stage.says("一")) == ["few", "grew"]
    assert stage.world.members[1].fields["points"] == 4
    assert acted(stage.says("二")) == []


def test_the_desks_own_counts_and_times_are_compared_with_before_too() -> None:
    rules = """
    rule first on message.sent when ticket.reply_count changed from 0 to 1 then note "first"
    rule more on message.sent when ticket.reply_count changed then note "more"
    rule rated on rating.received when ticket.rating changed from empty then note "rated"
    rule older on message.received when ticket.created_at changed then note "never"
    rule left on agent.status_changed when agent.status changed from online to away then notify agent amy "left"
    rule back on agent.status_changed when agent.status changed from away then notify agent amy "back"
    """
    stage = Stage(book_of(rules))
    amy = stage.agent()
    assert acted(stage.says("一")) == ["older"], "in a new case all that is set has changed"
    assert acted(stage.answers(amy)) == ["first", "more"]
    assert acted(stage.says("二")) == []
    assert acted(stage.answers(amy)) == ["more"]
    assert acted(stage.does(RateTicket(stage.ticket.number, 5), stage.customer)) == ["rated"]
    assert acted(stage.world.run(SetStatus("away"), amy, shop="demo", agent="amy")) == ["left"]
    assert acted(stage.world.run(SetStatus("online"), amy, shop="demo", agent="amy")) == ["back"]


def test_a_line_has_the_language_it_is_written_in() -> None:
    rule = "rule english on message.received when message.language = en then set ticket.language to en"
    stage = Stage(book_of(rule))
    assert acted(stage.says("我的包裹呢")) == []
    assert acted(stage.says("OK thanks")) == [], "that cannot be told: the ticket's"
    assert acted(stage.says("Where is my parcel?")) == ["english"]
    assert stage.ticket.language == "en"
    assert acted(stage.says("OK")) == ["english"]
