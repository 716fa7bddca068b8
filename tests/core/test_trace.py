"""The trace: what rules saw and did as data, its words, and how it is kept."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from engine.core.actions import ACTIONS, ends
from engine.core.actions import in_words as said
from engine.core.changes import Record
from engine.core.commands import ChangeTicket
from engine.core.trace import TEXT, Reason, TraceChange, TraceEntry, acted_rules, routed_team
from engine.lang.said import LOCALES, spoken
from engine.store.log import plain_json
from tests.core.desk import Stage, acted, book_of, did

PHRASES = [
    ("set ticket.amount to 5", "ticket.amount = 5"),
    ("set ticket.amount to empty", "ticket.amount = empty"),
    ("raise ticket.priority to high", "ticket.priority = high"),
    ("raise ticket.priority to low", "ticket.priority = normal"),
    ("lower ticket.priority to low", "ticket.priority = low"),
    ("add tag a, b", "add tag a, b"),
    ('add tag "a b" to member', 'add tag "a b" to member'),
    ("remove tag a from member", "remove tag a from member"),
    ("move to 已結案", "ticket.state = 已結案"),
    ("route to team senior", "ticket.team = senior"),
    ("route to team care by least_busy", "ticket.team = care, ticket.assignee = amy"),
    ("route to team senior by least_busy", "ticket.team = senior, ticket.assignee = empty"),
    ("assign to agent amy", "ticket.assignee = amy"),
    ("assign to agent zoe", "not assign to agent zoe"),
    ("reply template hello", "reply template hello"),
    ('reply "hi {member.name}"', "reply"),
    ("reply template hello after 10s", "reply template hello after 10s"),
    ("note template hello", "note template hello"),
    ('note "x"', "note"),
    ("notify role agent template late", "notify role agent: amy"),
    ("notify role supervisor, agent template late", "notify role supervisor, agent: amy"),
    ('notify role supervisor "x"', "notify role supervisor: empty"),
    ("start timer t for 2d", "start timer t for 2d"),
    ("start timer t for 4h business", "start timer t for 4h business"),
    ("cancel timer t", "cancel timer t"),
    ("ask rating", "ask rating"),
    ('flag "why"', 'flag "why"'),
    ("stop", "stop"),
]


@pytest.mark.parametrize(("action", "phrase"), PHRASES, ids=[a for a, _ in PHRASES])
def test_the_trace_speaks_the_rules_language(action: str, phrase: str) -> None:
    stage = Stage(book_of(f"rule r on ticket.created then {action}"))
    stage.agent()
    assert did(stage.says(), "r") == [phrase]


def test_a_rejection_in_the_trace() -> None:
    decision = Stage(book_of('rule r on message.received then reject "spam"')).says()
    assert did(decision, "r") == ['reject "spam"']


def test_the_trace_says_what_was_seen_and_where_it_stands() -> None:
    when = "ticket.amount > 100 and member.tier = gold"
    rules = f'\n\nrule big "大單" stage guard on ticket.created when {when} then add tag big'
    stage = Stage(book_of(rules), tier="gold")
    (entry,) = stage.says(values={"fields.amount": "5000.50"}).trace
    assert (entry.rule, entry.title, entry.file, entry.line) == ("big", "大單", "all.rules", 3)
    assert (entry.stage, entry.wave, entry.outcome) == ("guard", 0, "acted")
    assert entry.values == {"member.tier": "gold", "ticket.amount": "5000.50"}


def test_who_lost_and_to_whom() -> None:
    rules = """
    rule low on ticket.created then set ticket.amount to 1 add tag a
    rule high priority 2 on ticket.created then set ticket.amount to 2
    rule nothing on ticket.created then set ticket.amount to 3
    """
    decision = Stage(book_of(rules)).says()
    to_high = (Reason("priority", "high", "ticket.amount"),)
    assert [(e.rule, e.outcome, e.changes, e.reasons) for e in decision.trace] == [
        ("high", "acted", [TraceChange("set", "ticket.amount", 2)], ()),
        ("low", "acted", [TraceChange("add_tag", "ticket.tags", ["a"])], ()),
        ("low", "lost", [], to_high),
        ("nothing", "lost", [], to_high),
    ]
    assert [e.why for e in decision.trace] == ["", "", *["ticket.amount: `high` has the higher priority"] * 2]


def test_a_tie_at_run_time_is_settled_by_name_and_recorded() -> None:
    rules = """
    rule b on ticket.created then set ticket.amount to 1
    rule a on ticket.created then set ticket.amount to 2
    """
    stage = Stage(book_of(rules))
    decision = stage.says()
    assert stage.ticket.fields["amount"] == 2
    assert [c.body for c in decision.changes if isinstance(c, Record) and c.kind == "rule.tie"] == [
        {"rule": "b", "winner": "a", "target": "ticket.amount"}
    ]


def test_personal_values_stay_out_of_trace_and_log() -> None:
    rules = """
    rule reads on ticket.changed when ticket.account = "TW-SECRET" and member.birthday is set then add tag seen
    rule writes on ticket.changed when ticket.tags changed then set ticket.account to "TW-OTHER"
    """
    stage = Stage(book_of(rules), fields={"birthday": "1990-05-04"})
    amy = stage.agent()
    stage.says()
    decision = stage.does(ChangeTicket(1, {"fields.account": "TW-SECRET"}), amy)
    assert acted(decision) == ["reads", "writes"]
    assert decision.trace[0].values == {"member.birthday": "•••", "ticket.account": "•••"}
    assert did(decision, "writes") == ["ticket.account = •••"]
    told = [list(decision.trace), [c.body for c in decision.changes if isinstance(c, Record)]]
    for secret in ("TW-SECRET", "TW-OTHER", "1990-05-04"):
        assert secret not in json.dumps(told, default=str)
    assert stage.ticket.fields["account"] == "TW-OTHER"


def test_the_record_is_plain_json_and_the_line_stands_in_it_by_reference() -> None:
    rules = 'rule r on message.received when message.text contains "退款" and ticket.amount > 1.5 then add tag a'
    stage = Stage(book_of(rules))
    decision = stage.says("我要退款", values={"fields.amount": Decimal("2.5")})
    assert acted(decision) == ["r"]
    assert "我要退款" not in json.dumps([decision.snapshot, decision.events])
    assert decision.snapshot["message"] is not None


# --- as it is kept --------------------------------------------------------------------------------------------------

EVERYTHING = """
rule many priority 5 on ticket.created then set ticket.amount to 5 raise ticket.priority to high
  add tag a, "b c" to member
  move to 已結案 route to team care by least_busy reply template hello after 10s note "x"
  notify role supervisor template late start timer t for 2d flag "why" open inquiry to team senior template hello
rule loses on ticket.created then set ticket.amount to 6
"""


def test_what_is_kept_is_read_back_as_it_was() -> None:
    stage = Stage(book_of(EVERYTHING))
    stage.agent()
    trace = stage.says().trace
    assert {entry.outcome for entry in trace} == {"acted", "lost"}
    kept = plain_json([entry.stored() for entry in trace])
    assert [TraceEntry.read(row) for row in json.loads(kept)] == list(trace)
    assert acted_rules(kept) == {entry.rule for entry in trace if entry.outcome == "acted"} == {"many"}


def test_what_is_empty_at_the_end_is_not_kept() -> None:
    changes = [TraceChange("stop"), TraceChange("set", "ticket.amount", 0), TraceChange("mask", "w", missed="stored")]
    changes.append(TraceChange("set", "ticket.list", []))
    row = TraceEntry("r", None, "a.rules", 3, "guard", 0, "acted", changes=changes).stored()
    kept = [["stop"], ["set", "ticket.amount", 0], ["mask", "w", None, {}, "stored"], ["set", "ticket.list", []]]
    assert row == ["r", None, "a.rules", 3, "guard", 0, "acted", {}, kept]


OLD = {
    "rule": "low",
    "title": None,
    "file": "a.rules",
    "line": 3,
    "stage": "guard",
    "wave": 1,
    "outcome": "lost",
    "why": "ticket.amount: `high` has the higher priority; reply: `a` comes first by its name",
    "values": {"member.tier": "gold"},
    "changes": [],
}
"""An entry of a desk that kept sentences."""


def test_an_entry_with_sentences_is_read_as_it_stands() -> None:
    lost = TraceEntry.read(OLD)
    assert (lost.rule, lost.stage, lost.wave, lost.outcome) == ("low", "guard", 1, "lost")
    assert (lost.why, lost.values) == (OLD["why"], {"member.tier": "gold"})
    assert acted_rules(plain_json([OLD, {**OLD, "rule": "high", "outcome": "acted"}])) == {"high"}
    done = TraceEntry.read({**OLD, "outcome": "acted", "why": "", "changes": ["ticket.team = care", 'reject "spam"']})
    assert (done.reasons, done.why) == ((), "")
    assert [(said(change), ends(change)) for change in done.changes] == [
        ("ticket.team = care", False),
        ('reject "spam"', True),
    ]


@pytest.mark.parametrize("team", ["care", "售後", 'the "best"', "a\\b"])
def test_where_rules_routed_is_found_without_reading_the_whole(team: str) -> None:
    tempting = {"message.text": '["route","ticket.team","no"', "ticket.subject": 'x "ticket.team = no'}
    changes = [
        TraceChange("route", "ticket.team", "first"),
        TraceChange("route", "ticket.team", team, {"assignee": None}),
    ]
    entries = [TraceEntry("r", values=tempting, changes=changes), TraceEntry("s", values=tempting)]
    assert routed_team(plain_json([entry.stored() for entry in entries])) == team
    sentences = [{**OLD, "values": tempting, "changes": ["ticket.team = first", f"ticket.team = {team}, x = y"]}]
    assert routed_team(plain_json(sentences)) == team
    assert routed_team(plain_json([entries[1].stored(), OLD])) is None


# --- in the reader's language ---------------------------------------------------------------------------------------


MOVED = "未執行「移到對話中」：ticket.state = 已結案"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (TraceChange("set", "ticket.amount"), "ticket.amount = 空值"),
        (TraceChange("add_tag", "member.tags", ["a", "b c"]), '會員加上標籤 a、"b c"'),
        (TraceChange("move", "ticket.state", "已結案", {"to": "對話中"}, "transition"), MOVED),
        (TraceChange("reply", "hello", more={"after": "10s"}), "10s 後回覆範本 hello"),
        (TraceChange("reply", "hello", missed="silent"), "未執行「回覆範本 hello」：會員從未來訊"),
        (TraceChange("block", None, "詐騙", {"for": "1d"}), '封鎖會員，為期 1d "詐騙"'),
        (
            TraceChange("notify", "team", ["care"], {"agents": [], "lacking": ["sms"]}),
            "通知 team care：空值（沒有外掛提供 sms）",
        ),
        (TraceChange("do", missed="error", more={"error": "boom"}), "do 執行失敗：boom"),
        (TraceChange("of_tomorrow", "x", "y"), "y"),
    ],
)
def test_changes_are_said_in_the_readers_language(change: TraceChange, words: str) -> None:
    assert spoken(said(change), "zh-TW") == words


def test_reasons_are_said_in_every_language() -> None:
    entry = TraceEntry("r", reasons=(Reason("priority", "a", "ticket.team"), Reason("name", "b", "route")))
    assert [spoken(entry.why, locale) for locale in LOCALES] == [
        "ticket.team: `a` has the higher priority; route: `b` comes first by its name",
        "ticket.team：`a` 的優先級更高; route：`b` 的名稱排在前面",
        "ticket.team：`a` 的优先级更高; route：`b` 的名称排在前面",
    ]
    assert spoken(TraceEntry("r", reasons=(Reason("closed"),)).why, "zh-TW") == "輪到這則回覆時，工單已經結案"


def test_only_stop_and_reject_end_a_decision() -> None:
    assert {name for name in ACTIONS if ends(TraceChange(name))} == {"stop", "reject"}
    assert {first for first in ACTIONS if ends(TraceChange(TEXT, value=f"{first} x"))} == {"stop", "reject"}
