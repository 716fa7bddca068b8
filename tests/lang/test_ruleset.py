"""Whole rule files: which rules match, in what order, for which shop, and what they want done."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.actions import ACTIONS
from engine.lang import Duration, RuleSet, Severity, Source, check, compile_rules, parse
from engine.lang.functions import moment
from tests.lang.world import DAY, TEMPLATE_FILE, Help, Text, world


def rules_of(*texts: str | tuple[str, str], files: dict[str, str] | None = None) -> RuleSet:
    """Rules of files (a text, or path and text); fails on any error."""
    parsed = []
    found = []
    for number, item in enumerate(texts):
        path, text = item if isinstance(item, tuple) else (f"{number}.rules", item)
        file, findings = parse(Source(path, text))
        parsed.append(file)
        found += findings
    checked, findings = check(parsed, world(), files or {})
    errors = [(item.code, item.message) for item in [*found, *findings] if item.severity is Severity.ERROR]
    assert errors == []
    return compile_rules(checked, world())


def matched(rules: RuleSet, values: dict[str, Any], key: str = "message.received", shop: str = "demo") -> list[str]:
    return [rule.id for rule in rules.matching("housekeeping", [key], values, {}, Help(), shop)]


def effects(
    actions: str, values: dict[str, Any] | None = None, event: str = "message.received"
) -> list[tuple[str, dict[str, Any]]]:
    rules = rules_of(f"words rude = [笨蛋]\nrule a on {event} then {actions}")
    made = rules.rules[0].effects(values or {}, {}, Help())
    return [(effect.action, dict(effect.args)) for effect in made]


def test_order_is_priority_then_name() -> None:
    rules = rules_of(
        "rule b on message.received then stop rule a on message.received then stop\n"
        "rule z priority 5 on message.received then stop rule y priority -5 on message.received then stop"
    )
    assert matched(rules, {}) == ["z", "a", "b", "y"]


def test_only_rules_that_name_the_event_are_asked_once_a_wave() -> None:
    rules = rules_of(
        "rule a on message.received, ticket.created then stop rule b on ticket.changed then stop\n"
        "rule c on chat.agent_silent after 2m, chat.agent_silent after 5m then stop"
    )
    assert [rule.id for rule in rules.asked(["ticket.created", "message.received"], "demo")] == ["a"]
    assert [rule.id for rule in rules.asked(["chat.agent_silent after 120000000"], "demo")] == ["c"]
    assert rules.asked(["chat.agent_silent"], "demo") == []
    assert rules.after("chat.agent_silent") == (120_000_000, 300_000_000)
    assert rules.after("chat.waiting") == ()


def test_stages_of_files_and_of_rules() -> None:
    rules = rules_of(
        "rule none on message.received then stop\nstage route\nrule a on message.received then stop\n"
        "rule b stage guard on message.received then stop\nrule c on message.received then stop\nstage respond\n"
        "rule d on message.received then stop"
    )
    assert {rule.id: rule.stage for rule in rules.rules} == {
        "none": "housekeeping",
        "a": "route",
        "b": "guard",
        "c": "route",
        "d": "respond",
    }
    assert [rule.id for rule in rules.asked(["message.received"], None)] == ["b", "a", "c", "d", "none"]


def test_a_rule_that_raises_is_skipped_and_told() -> None:
    rules = rules_of(
        "rule a on message.received when explode(ticket.amount) then stop rule b on message.received then stop"
    )
    helpers = Help()
    found = rules.matching("housekeeping", ["message.received"], {"ticket.amount": 1}, {}, helpers, "demo")
    assert [rule.id for rule in found] == ["b"]
    assert helpers.failures == [("a", "cannot do 1")]


def test_first_and_last_day_are_included_in_the_shops_zone() -> None:
    rules = rules_of('rule a from "2026-03-01" until "2026-03-02" on message.received then stop')
    for time, wanted in (
        ("2026-02-28 23:59", []),
        ("2026-03-01 00:00", ["a"]),
        ("2026-03-02 23:59", ["a"]),
        ("2026-03-03 00:00", []),
    ):
        assert matched(rules, {"now": moment("Asia/Taipei", time)}) == wanted


def test_a_shops_rule_replaces_the_shared_one_of_its_name_there_only() -> None:
    rules = rules_of(
        "rule greet on message.received then stop rule other on message.received then stop",
        ("shops/demo/a.rules", "rule greet on message.received then stop rule zeal on message.received then stop"),
    )
    assert matched(rules, {}, shop="demo") == ["demo/greet", "demo/zeal", "other"]
    assert matched(rules, {}, shop="other") == ["greet", "other"]


def test_a_shops_definition_and_words_change_shared_rules_there_only() -> None:
    rules = rules_of(
        'define vip = member.tier >= gold\ndefine good = vip\nwords rude = [笨蛋]\nwords listed from "words/x.txt"\n'
        "rule a on message.received when good then stop\n"
        "rule b on message.received when message.text contains any rude then stop\n"
        "rule c on message.received when message.text contains any listed then stop\n",
        ("shops/demo/a.rules", "define vip = member.tier >= silver\nwords rude = [蠢]"),
        files={"words/x.txt": "# c\n\n甲\n", "shops/demo/words/x.txt": "乙\n"},
    )
    silver = {"member.tier": "silver", "message.text": "x"}
    assert matched(rules, silver, shop="demo") == ["a"]
    assert matched(rules, silver, shop="other") == []
    assert matched(rules, {"message.text": "蠢 乙"}, shop="demo") == ["b", "c"]
    assert matched(rules, {"message.text": "蠢 乙"}, shop="other") == []
    assert matched(rules, {"message.text": "笨蛋甲"}, shop="other") == ["b", "c"]


def test_reads_of_conditions_actions_and_texts() -> None:
    rules = rules_of(
        "define vip = member.tier >= gold\n"
        "rule a on message.received when vip and ticket.idle > 1d business and ticket.amount > setting.big\n"
        'then reply "{member.name}" reply template quote notify agent ticket.assignee "x"\n'
        "  set ticket.subject to ticket.product raise ticket.priority to high\n"
        "rule b on ticket.created when ticket.reopened > 1 then stop"
    )
    assert rules.reads(["message.received"]) == {
        "member.tier",
        "ticket.idle",
        "now",
        "ticket.amount",
        "member.name",
        "message.text",
        "ticket.assignee",
        "ticket.product",
        "ticket.priority",
    }
    assert rules.reads(["ticket.created"]) == {"ticket.reopened"}
    assert rules.reads(["nothing"]) == frozenset()


def test_headers() -> None:
    rules = rules_of(
        'rule a "標題" priority 7 limit 3 per 1d per member owner "lin" note "n" on message.received\n'
        "when message.automatic then stop\nrule b limit once per ticket on message.received then stop"
    )
    first, second = rules.rules
    assert (first.title, first.priority, first.owner, first.note, first.line) == ("標題", 7, "lin", "n", 1)
    assert first.limit is not None and second.limit is not None
    assert (first.limit.count, first.limit.per, first.limit.scope) == (3, DAY, "member")
    assert (second.limit.count, second.limit.per, second.limit.scope) == (1, None, "ticket")
    assert (first.names_automatic, second.names_automatic) == (True, False)


def test_schedules_parse_where_the_desk_has_them() -> None:
    text = (
        'rule a on every day at "09:00" for each ticket, every 15m, every monday at "08:30" for each member,'
        ' every month on 1 at "07:00" when now > "2026-01-01" then notify role supervisor "x"'
    )
    file, findings = parse(Source("a.rules", text))
    checked, more = check([file], world())
    assert [*findings, *more] == []
    assert [event.key for event in checked.rules[0].events] == [
        "every day at 09:00 for each ticket",
        "every 15m",
        "every mon at 08:30 for each member",
        "every month on 1 at 07:00",
    ]


@pytest.mark.parametrize(
    ("actions", "wanted"),
    [
        ("set ticket.type to 退換貨", [("set", {"field": "ticket.type", "value": "退換貨"})]),
        ("set ticket.region to empty", [("set", {"field": "ticket.region", "value": None})]),
        ("raise ticket.priority to high", [("raise", {"field": "ticket.priority", "value": "high"})]),
        ("lower ticket.amount to 5", [("lower", {"field": "ticket.amount", "value": 5})]),
        ("add tag a, b, a", [("add_tag", {"tags": ("a", "b"), "owner": "ticket"})]),
        ("remove tag vip from member", [("remove_tag", {"tags": ("vip",), "owner": "member"})]),
        ("move to 已結案", [("move", {"state": "已結案"})]),
        (
            "route to team finance with skill orders, refunds by last_agent",
            [("route", {"team": "finance", "skills": ("orders", "refunds"), "by": "last_agent"})],
        ),
        ("route to team ticket.team", []),
        ("assign to agent lin", [("assign", {"agent": "lin"})]),
        ("assign to agent ticket.assignee", []),
        (
            "reply template ack as bot after 10s",
            [("reply", {"template": "ack", "text": None, "as_": "bot", "after": 10_000_000})],
        ),
        ("note template ack", [("note", {"template": "ack", "text": None})]),
        (
            "notify team finance, senior_care template ack via app, email",
            [
                (
                    "notify",
                    {
                        "to": "team",
                        "names": ("finance", "senior_care"),
                        "template": "ack",
                        "text": None,
                        "via": ("app", "email"),
                    },
                )
            ],
        ),
        ("answer", [("answer", {})]),
        ("ask rating", [("ask_rating", {})]),
        (
            "start timer close for 3d business",
            [("start_timer", {"name": "close", "after": Duration(3 * DAY, 3, True)})],
        ),
        ("start timer close for setting.patience", [("start_timer", {"name": "close", "after": Duration.parse("2h")})]),
        ("cancel timer close", [("cancel_timer", {"name": "close"})]),
        (
            "open work_order to agent lin",
            [("open", {"kind": "work_order", "team": None, "agent": "lin", "template": None})],
        ),
        ("mask rude", [("mask", {"words": ("笨蛋",), "name": "rude"})]),
        ('reject "no" flag "odd"', [("reject", {"why": "no"}), ("flag", {"why": "odd"})]),
        ("reject", [("reject", {"why": None})]),
        ('block member for 1d "rude"', [("block", {"after": Duration.parse("1d"), "why": "rude"})]),
        ("do shop.coupon(amount: x)", None),
        (
            'do shop.coupon(amount: 5, code: "x")',
            [("do", {"name": "shop.coupon", "arguments": {"amount": 5, "code": "x"}, "commutes": True})],
        ),
        ("stop", [("stop", {})]),
    ],
)
def test_effects(actions: str, wanted: list[tuple[str, dict[str, Any]]] | None) -> None:
    if wanted is None:
        with pytest.raises(AssertionError):
            effects(actions)
    else:
        assert effects(actions) == wanted


def test_effects_computed_from_fields() -> None:
    values = {"ticket.amount": 5, "ticket.assignee": "lin", "ticket.team": "finance", "ticket.product": None}
    assert effects(
        "set ticket.amount to ticket.amount * 2 set ticket.subject to ticket.product\n"
        'notify agent ticket.assignee "x" route to team ticket.team do shop.coupon(amount: ticket.amount)',
        values,
    )[:2] == [
        ("set", {"field": "ticket.amount", "value": 10}),
        ("set", {"field": "ticket.subject", "value": None}),
    ]
    assert [
        args.get("names") or args.get("team")
        for _, args in effects('notify agent ticket.assignee "x" route to team ticket.team', values)
    ] == [
        ("lin",),
        "finance",
    ]


def test_inline_texts_are_templates() -> None:
    ((_, args),) = effects('reply "Dear {member.name | default(\\"friend\\")}"')
    assert args["text"].render({}, "en") == "Dear friend"


def test_constant_effects_are_shared_and_know_their_targets() -> None:
    rules = rules_of(
        "rule a on message.received then route to team finance by least_busy set ticket.amount to 5 add tag x"
        " start timer t for 1h"
    )
    made = rules.rules[0].effects({}, {}, Help())
    assert made[0].args is rules.rules[0].effects({}, {}, Help())[0].args
    assert [[write.target for write in ACTIONS[effect.action].writes(effect.args)] for effect in made] == [
        ["ticket.team", "ticket.assignee", "route"],
        ["ticket.amount"],
        ["ticket.tags x"],
        ["timer t"],
    ]


def test_templates_of_the_environment_are_checked_once() -> None:
    text = TEMPLATE_FILE.text
    span = TEMPLATE_FILE.span(text.index("{member.name}"), text.index(" 您好"))
    broken = {"ack": {"zh-TW": Text("{member.nam}", span)}}
    _, findings = check([], world(templates=broken))
    assert sorted((found.code, found.span.source.path) for found in findings) == [
        ("template-missing-language", "templates/replies.yaml"),
        ("unknown-field", "templates/replies.yaml"),
    ]
