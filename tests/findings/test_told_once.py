"""What must be told of a folder, and what must not: each line of the table a folder over the sound desk, with the
findings it has, by code and the text they stand on. Nothing else is told, and nothing twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.core import scenarios
from engine.core.building import build
from engine.core.rulebook import Rulebook
from engine.folder import read_folder
from engine.lang import Source
from tests.findings.desk import base, found_in


@dataclass
class Shown:
    """A rule file (and other files) and what is told of it, as `code text` in the order of path and place."""

    name: str
    rules: str = ""
    told: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)


def one(event: str, condition: str, action: str = "add tag hello") -> str:
    return f"rule shown\n  on {event}\n  when {condition}\n  then {action}\n"


def never(event: str, condition: str) -> Shown:
    return Shown(f"{event} / {condition}", one(event, condition), (f"never-true {condition}",))


def fine(event: str, condition: str, action: str = "add tag hello") -> Shown:
    return Shown(f"{event} / {condition}", one(event, condition, action))


CASES = base()["lifecycles/inquiry.yaml"]
ARCHIVED = (
    CASES.replace("transitions:", "  封存: {sla: stopped, category: closed}\ntransitions:").rstrip()
    + "\n  - {trigger: archive, from: 已結案, to: 封存}\n"
)
NORTH = {
    "desk.yaml": base()["desk.yaml"].replace(
        "stages:", "  north: {label: North, zone: Asia/Taipei, locales: [en], calendar: office}\nstages:"
    )
}

SETTLED = [
    never("sla.warning", "sla.percent > 80"),
    never("sla.warning", "sla.percent >= 90%"),
    never("sla.breached", "sla.percent < 100%"),
    never("sla.warning", "sla.target = next_reply"),
    never("sla.breached after 2h", "sla.target = next_reply"),
    never("rating.received", "ticket.rating is empty"),
    never("call.missed", "call.result = answered"),
    never("call.ringing", "call.result is set"),
    never("ticket.created", "ticket.reopened >= 1"),
    never("ticket.created", "ticket.state = 已結案"),
    Shown(
        "a guest does not sign in",
        one("member.signed_in", "member.is_guest", "add tag hello to member"),
        ("never-true member.is_guest",),
    ),
    fine("sla.breached after 2h", "sla.percent < 100%"),
    fine("sla.warning", "sla.percent >= 80%"),
    fine("call.ended", "call.result = answered"),
    fine("ticket.changed", "ticket.reopened >= 1"),
    fine("sla.breached", "sla.target = resolve"),
    fine("rating.received", "ticket.rating != 5"),
    fine("agent.status_changed", "agent.status != online", 'notify role supervisor "hello"'),
    fine("ticket.changed", "ticket.assignee is set and agent.status != online"),
    Shown(
        "a shop's own rule asks for another shop",
        told=("never-true shop.name = demo",),
        files={**NORTH, "shops/north/own.rules": one("ticket.changed", "shop.name = demo")},
    ),
    Shown(
        "the first tier is the guests' alone",
        "rule a\n  on ticket.created\n  when member.is_guest\n  then set ticket.subject to x\n"
        "rule b\n  on ticket.created\n  when member.tier >= basic\n  then set ticket.subject to y\n",
    ),
    Shown(
        "a new ticket is in no later state",
        "rule a\n  on ticket.created\n  then move to 已結案\n",
        files={"lifecycles/inquiry.yaml": ARCHIVED},
    ),
    Shown(
        "unless a rule moves it there at once",
        "rule a\n  stage classify\n  on ticket.created\n  when ticket.channel = api\n  then move to 已結案\n"
        "rule b\n  stage respond\n  on ticket.created\n  when ticket.state = 已結案\n  then add tag hello\n",
    ),
]


POLICIES = """\
- {name: urgent, when: ticket.priority >= high, targets: {resolve: 1h}}
- {name: gold, when: member.tier >= gold, targets: {resolve: 8h}}
- {name: vip, when: member.tier = vip, targets: {resolve: 2h}}
- {name: plain, targets: {resolve: 3d}}
"""


def subjects(*rules: tuple[str, str]) -> str:
    """Rules that each give a new ticket a subject of its own."""
    return "".join(f"rule {n}\n  on ticket.created\n{when}  then set ticket.subject to {n}\n" for n, when in rules)


def guards(one: str, other: str) -> dict[str, str]:
    """The lifecycle with two ways back, each under its condition."""
    old = "  - {trigger: reopen, from: 已結案, to: 對話中}"
    assert old in CASES
    ways = f'  - {{trigger: reopen, from: 已結案, to: 對話中, when: "{one}"}}\n'
    ways += f'  - {{trigger: reopen, from: 已結案, to: 待回覆, when: "{other}"}}'
    return {"lifecycles/inquiry.yaml": CASES.replace(old, ways)}


def guarded(condition: str) -> dict[str, str]:
    """The lifecycle with one way back, under a condition."""
    old = "{trigger: reopen, from: 已結案, to: 對話中}"
    assert old in CASES
    return {"lifecycles/inquiry.yaml": CASES.replace(old, old[:-1] + f', when: "{condition}"}}')}


def policy(condition: str) -> dict[str, str]:
    """A policy under a condition, before the one for all."""
    return {
        "sla.yaml": f"- {{name: some, when: '{condition}', targets: {{resolve: 1h}}}}\n"
        "- {name: all, targets: {resolve: 3d}}\n"
    }


def hours(*spans: str) -> dict[str, str]:
    """The office with these hours."""
    return {"calendars.yaml": f"office: {{zone: Asia/Taipei, hours: {{mon-fri: {list(spans)}}}}}\n"}


TWO_WAYS = "nondeterministic-transition "
BETWEEN = [
    Shown("two overlapping guards", told=(TWO_WAYS,), files=guards("ticket.amount > 5", "ticket.amount > 3")),
    Shown("two equal guards", told=(TWO_WAYS,), files=guards("member.tier = vip", "member.tier = vip")),
    Shown("a policy for nobody", told=("never-true 'member.tier > vip'",), files=policy("member.tier > vip")),
    Shown(
        "a policy whose parts exclude each other",
        told=("never-true 'ticket.amount > 5 and ticket.amount < 3'",),
        files=policy("ticket.amount > 5 and ticket.amount < 3"),
    ),
    Shown("a policy for some", files=policy("member.tier >= vip")),
    Shown("a guard that never holds", told=('never-true "member.tier > vip"',), files=guarded("member.tier > vip")),
    Shown("a guard that may hold", files=guarded("member.tier = vip")),
    Shown("hours of no length", told=("doubtful-hours '09:00-09:00'",), files=hours("09:00-09:00")),
    Shown("hours in each other", told=("doubtful-hours '11:00-14:00'",), files=hours("09:00-12:00", "11:00-14:00")),
    Shown("hours twice", told=("doubtful-hours '09:00-12:00'",), files=hours("09:00-12:00", "09:00-12:00")),
    Shown("hours one after another", files=hours("09:00-12:00", "12:00-14:00", "22:00-06:00")),
    Shown("the whole day", files=hours("00:00-24:00")),
    Shown("two guards apart", files=guards("ticket.amount > 5", "ticket.amount <= 5")),
    Shown(
        "a policy that another takes all from", told=("shadowed-rule member.tier = vip",), files={"sla.yaml": POLICIES}
    ),
    Shown(
        "a trigger that is nearly the desk's",
        told=("unknown-value agent_repleid",),
        files={"lifecycles/inquiry.yaml": CASES.replace("trigger: agent_replied", "trigger: agent_repleid")},
    ),
]


@pytest.mark.parametrize("shown", BETWEEN, ids=lambda shown: shown.name)
def test_conditions_of_yaml_are_compared(shown: Shown) -> None:
    rules = {"shown.rules": shown.rules} if shown.rules else {}
    told = [f"{f.code} {f.span.text}" for f in found_in({**rules, **shown.files})]
    assert len(told) == len(shown.told), told
    assert all(one.startswith(wanted) for one, wanted in zip(told, shown.told, strict=True)), told


@pytest.mark.parametrize("count", [2, 3, 5, 12])
def test_of_rules_that_all_disagree_none_is_nameless(count: int) -> None:
    names = [f"r{n}" for n in range(count)]
    (finding,) = found_in({"shown.rules": subjects(*((name, "") for name in names))})
    assert finding.code == "conflicting-actions"
    where = [finding.span.line, *(other.span.line for other in finding.related)]
    assert where == [3 * (n + 1) for n in range(count)]


def test_those_who_disagree_about_something_else_are_told_of_by_themselves() -> None:
    rules = subjects(("a", "  when ticket.amount = 1\n"), ("b", "  when ticket.amount = 1\n"))
    rules += subjects(("c", "  when ticket.amount = 2\n"), ("d", "  when ticket.amount = 2\n"))
    found = [f for f in found_in({"shown.rules": rules}) if f.code == "conflicting-actions"]
    assert [(f.span.line, [o.span.line for o in f.related]) for f in found] == [(4, [8]), (12, [16])]


@pytest.mark.parametrize("count", [2, 4])
def test_of_rules_that_may_each_come_first_none_is_nameless(count: int) -> None:
    rules = "".join(
        f"rule r{n}\n  stage route\n  priority 50\n  on ticket.created\n  then set ticket.subject to r{n}\n"
        for n in range(count)
    )
    found = [f for f in found_in({"shown.rules": rules}) if f.code == "ambiguous-first"]
    assert [len(f.related) for f in found] == [count - 1]


@pytest.mark.parametrize("shown", SETTLED, ids=lambda shown: shown.name)
def test_what_an_event_settles_is_known(shown: Shown) -> None:
    check(shown)


def check(shown: Shown) -> None:
    rules = {"shown.rules": shown.rules} if shown.rules else {}
    findings = found_in({**rules, **shown.files})
    assert [f"{f.code} {f.span.text}" for f in findings] == list(shown.told), [(f.message, f.hint) for f in findings]


def test_eighty_percent_is_written_with_its_sign() -> None:
    (finding,) = found_in({"shown.rules": one("sla.warning", "sla.percent >= 80")})
    assert finding.hint == "1 is the whole: write `80%`"


@pytest.mark.parametrize(
    ("event", "condition"),
    [("sla.breached", "sla.percent > 80"), ("sla.breached", "sla.percent > 150%"), ("sla.warning", "sla.percent > 80")],
)
def test_a_percent_sign_is_not_proposed_where_it_would_not_help(event: str, condition: str) -> None:
    found = found_in({"shown.rules": one(event, condition)})
    assert [f.code for f in found] == ["never-true"]
    assert not any("%" in (f.hint or "") for f in found), [f.hint for f in found]


def rule(*actions: str, event: str = "ticket.created", when: str = "") -> str:
    """A rule with several actions."""
    lines = "".join(f"    {action}\n" for action in actions)
    return f"rule shown\n  on {event}\n{when}  then\n{lines}"


DESK = base()["desk.yaml"].rstrip()
ONCE = [
    Shown(
        "a policy's unknown field",
        told=("unknown-field member.teir",),
        files={"sla.yaml": base()["sla.yaml"].replace("member.tier", "member.teir")},
    ),
    Shown(
        "a state called y",
        told=("yaml-ambiguous-scalar y",),
        files={"lifecycles/inquiry.yaml": CASES.replace("對話中", "y")},
    ),
    Shown("a rule called when", "rule when\n  on ticket.created\n  then add tag x\n", ("syntax-error when",)),
    Shown(
        "definitions that use each other over two files",
        told=("recursive-definition one",),
        files={
            "a.rules": "define one = two and ticket.amount > 1\n" + rule("add tag x", when="  when one\n"),
            "b.rules": "define two = one and ticket.amount > 2\n",
        },
    ),
    Shown(
        "yes for a truth",
        told=("yaml-ambiguous-scalar yes",),
        files={"desk.yaml": f"{DESK}\n  ticket.urgent: {{type: flag, default: yes}}\n"},
    ),
    Shown(
        "yes for an option",
        told=("yaml-ambiguous-scalar yes",),
        files={"desk.yaml": f"{DESK}\n  ticket.urgent: {{type: flag, optional: yes}}\n"},
    ),
    Shown(
        "two subjects",
        rule("set ticket.subject to a", "set ticket.subject to b"),
        ("conflicting-actions set ticket.subject to b",),
    ),
    Shown("a tag added and removed", rule("add tag a", "remove tag a"), ("conflicting-actions remove tag a",)),
    Shown(
        "raised and lowered",
        rule("raise ticket.priority to high", "lower ticket.priority to low"),
        ("conflicting-actions lower ticket.priority to low",),
    ),
    Shown(
        "a timer started and cancelled",
        rule("start timer remind for 1h", "cancel timer remind"),
        ("conflicting-actions cancel timer remind",),
    ),
    Shown(
        "two teams",
        rule("route to team front", "route to team senior"),
        ("conflicting-actions route to team senior",),
    ),
    Shown(
        "three subjects",
        rule(*(f"set ticket.subject to {n}" for n in "abc")),
        (
            "conflicting-actions set ticket.subject to b",
            "conflicting-actions set ticket.subject to c",
        ),
    ),
    Shown("a team and a colleague of it", rule("route to team front", "assign to agent lin")),
    Shown("two tags", rule("add tag a", "remove tag b")),
    Shown("a tag again", rule("add tag a", "add tag a, b"), ("redundant-action add tag a, b",)),
    Shown("a tag twice", rule("add tag a, a"), ("redundant-word a",)),
    Shown(
        "a value twice",
        rule("add tag x", when="  when ticket.type in [物流配送, 物流配送]\n"),
        ("redundant-word 物流配送",),
    ),
    Shown("a comma as it is typed in Chinese", one("ticket.created", "ticket.amount > 5，vip"), ("syntax-error ，",)),
    Shown("if … then is one mistake", rule("if vip then add tag x"), ("syntax-error if",)),
]


@pytest.mark.parametrize("shown", ONCE, ids=lambda shown: shown.name)
def test_one_mistake_is_one_finding(shown: Shown) -> None:
    check(shown)


@pytest.mark.parametrize("name", ["more.rule", "more.RULES", "desk.YAML", "words/more.text"])
def test_a_file_that_is_nearly_a_rule_file_is_told_of(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("rule a\n", "utf-8")
    (tmp_path / "README.md").write_text("about", "utf-8")
    files, findings = read_folder(tmp_path)
    assert files == {}
    assert [(f.code, f.span.source.path) for f in findings] == [("file-not-loaded", name)]


def test_a_tab_is_called_a_tab() -> None:
    (finding,) = found_in({"sla.yaml": base()["sla.yaml"] + "- name: x\n\ttargets: {resolve: 3d}\n"})
    assert (finding.code, finding.hint) == ("bad-yaml", "indent with spaces")


ZH = "規則 甲\n  於 ticket.created\n  當 {}\n  則 加上 標籤 x\n"
CN = "规则 甲\n  于 ticket.created\n  当 {}\n  则 加上 标签 x\n"
HELPS = [
    (one("ticket.created", "ticket.subject is not empty"), "write `ticket.subject is set`"),
    (one("ticket.created", 'ticket.subject does not contain "x"'), 'write `not ticket.subject contains "x"`'),
    (one("ticket.changed", "ticket.idle > 3 小時"), "write `ticket.idle > 3h`"),
    (rule("assign to team front"), "write `route to team front`"),
    (rule("else add tag x"), "there is no `else`: write a second rule whose condition is the contrary"),
    (one("ticket.created", "ticket.assignee = null"), "`ticket.assignee is empty`"),
    (
        one("ticket.created", 'now >= "18:30"'),
        "an hour of the day is asked with `hour(now) >= 18`",
    ),
    (
        rule('set ticket.subject to "{ticket.type}: x"'),
        "write the text without fields",
    ),
    (
        one("ticket.created", "ticket.subject contains ticket.order_no"),
        "a text is searched for words as they are written, not for what another field has",
    ),
    (ZH.format("ticket.amount 為"), "a condition is such as"),
    (ZH.format("ticket.amount != 5"), "say which is meant: `ticket.amount 為 有值 且 …`"),
    (
        ZH.format("ticket.subject 為 非 空值"),
        "write `ticket.subject 為 有值`",
    ),
]


def acts(action: str) -> str:
    """A rule with one action; of a kind whose states are 待回覆, 對話中, 已回覆 and 已結案."""
    return rule(action, when="  when vip\n")


def asks(condition: str, event: str = "ticket.changed") -> str:
    return one(event, condition)


PROPOSED = [
    # names of this desk: its states, teams, roles and people
    (acts("close"), "move to 已結案"),
    (acts("close ticket"), "move to 已結案"),
    (acts("end"), "move to 已結案"),
    (acts("結案"), "move to 已結案"),
    (acts("reopen"), "move to 對話中"),
    (acts("set status closed"), "move to 已結案"),
    (acts("add tag a and move to 已結案"), "add tag a move to 已結案"),
    (acts('notify lin "x"'), 'notify agent lin "x"'),
    (acts('notify front "x"'), 'notify team front "x"'),
    (acts('notify supervisor "x"'), 'notify role supervisor "x"'),
    (acts("set priority high"), "set ticket.priority to high"),
    (acts("route to agent amy"), "assign to agent amy"),
    (acts('send "hi"'), 'reply "hi"'),
    (asks("ticket.state is closed"), "ticket.category = closed"),
    (asks("weekday is weekend"), "weekday in [saturday, sunday]"),
    (asks("today is monday"), "weekday = monday"),
    (asks("today is monday|saturday"), "weekday in [monday, saturday]"),
    (asks("member is guest"), "member.is_guest"),
    (asks("message.text ~ /急/", "message.received"), "message.text matches /急/"),
    (rule("add tag x", event='daily "09:00"'), 'every day at "09:00"'),
    ('規則 甲\n  於 每天 "09:00"\n  則 通知 角色 supervisor "x"\n', '每逢 day 在 "09:00"'),
    (asks("ticket.amount > 5 unless vip"), "ticket.amount > 5 and not vip"),
    (asks("unless vip"), "not vip"),
    # two slips on one line
    (
        asks('ticket.order_no is not empty and message.text does not contain "好"', "message.received"),
        'ticket.order_no is set and not message.text contains "好"',
    ),
    (asks("ticket.team is frnt and ticket.order_no is null"), "ticket.team = front and ticket.order_no is empty"),
    (asks("ticket.order_no is null && ticket.tags contains x"), "ticket.order_no is empty and ticket.tags has x"),
    # what is not so, in both scripts
    (ZH.format('ticket.subject 不包含 "x"'), '非 ticket.subject 包含 "x"'),
    (ZH.format("ticket.type 不屬於 [物流配送]"), "ticket.type 非 屬於 [物流配送]"),
    (ZH.format("ticket.amount 不為 空值"), "ticket.amount 為 有值"),
    (ZH.format("ticket.tags 不帶有 vip"), "非 ticket.tags 帶有 vip"),
    (ZH.format("ticket.tags 沒有 vip"), "非 ticket.tags 帶有 vip"),
    (ZH.format("ticket.amount 未變更"), "非 ticket.amount 已變更"),
    (ZH.format("ticket.amount 大於 5"), "ticket.amount > 5"),
    (CN.format('ticket.subject 不包含 "x"'), '非 ticket.subject 包含 "x"'),
    (CN.format("ticket.amount 不为 空值"), "ticket.amount 为 有值"),
    (CN.format("ticket.tags 没有 vip"), "非 ticket.tags 带有 vip"),
    (CN.format("ticket.amount 未变更"), "非 ticket.amount 已变更"),
]


@pytest.mark.parametrize(("text", "meant"), PROPOSED, ids=[meant for _, meant in PROPOSED])
def test_what_is_proposed_is_right_on_this_desk(text: str, meant: str) -> None:
    (finding,) = found_in({"shown.rules": text})
    assert finding.hint == f"write `{meant}`"


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("ticket.state = closed", "`closed` is a category of states: ask `ticket.category`"),
        ("weekday = weekend", "write `weekday in [saturday, sunday]`"),
        ("now > 18:30", "an hour of the day is asked with `hour(now) >= 18`, working hours with `now in hours NAME`"),
    ],
)
def test_what_is_no_value_is_said_otherwise(condition: str, hint: str) -> None:
    (finding,) = found_in({"shown.rules": asks(condition)})
    assert finding.hint == hint


@pytest.mark.parametrize(("text", "hint"), HELPS)
def test_a_first_try_gets_a_help_that_is_right(text: str, hint: str) -> None:
    (finding,) = found_in({"shown.rules": text})
    assert (finding.hint or "").startswith(hint), finding.hint


@pytest.mark.parametrize(
    ("expected", "near"),
    [
        ("replies: [akc_now]", None),
        ("timers: [remnd]", "remind"),
        ("notified: [supervisr]", "supervisor"),
        ("opened: [inqury]", "inquiry"),
        ("fired: [base_ak]", "base_ack"),
    ],
)
def test_a_scenario_expects_what_there_is(expected: str, near: str | None) -> None:
    text = f"- name: hello\n  steps:\n    - message: hi\n      expect: {{{expected}}}\n"
    stories, problems = scenarios.read(Source("tests/x.yaml", text))
    (finding,) = scenarios.unknown_words(book(), stories)
    assert problems == [] and finding.code == "scenario-invalid"
    assert finding.hint == (None if near is None else f"did you mean `{near}`?")


@pytest.mark.parametrize(
    ("step", "near"), [("agent: linn\n      reply: hi", "lin"), ("agent: lin\n      move: clsoe", "close")]
)
def test_a_step_names_what_there_is(step: str, near: str) -> None:
    text = f"- name: hello\n  agents: {{lin: {{team: front}}}}\n  steps:\n    - message: hi\n    - {step}\n"
    (finding,) = scenarios.unknown_words(book(), scenarios.read(Source("tests/x.yaml", text))[0])
    assert finding.hint == f"did you mean `{near}`?"


def test_a_field_with_its_noun_is_told_its_short_name() -> None:
    text = "- name: hello\n  agents: {lin: {team: front}}\n  steps:\n    - message: hi\n"
    text += "    - agent: lin\n      set: {ticket.order_no: x}\n"
    (finding,) = scenarios.unknown_words(book(), scenarios.read(Source("tests/x.yaml", text))[0])
    assert finding.hint == "write `order_no`"


def book() -> Rulebook:
    """The sound desk."""
    found, _ = build(base())
    assert found is not None
    return found
