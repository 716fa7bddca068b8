"""`engine explain NUMBER --rule NAME`: for every decision why that rule acted or did not, and how far it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine import cli
from engine.core.commands import MemberLine
from engine.core.errors import Refused
from engine.desk import Desk
from engine.replay.past import lasting
from tests.support.house import House, member
from tests.support.old_traces import tell_in_sentences

RULES = """
stage respond
rule tried on message.received
  when message.text contains "貓" and member.tier = gold and ticket.kind = inquiry and not ticket.subject changed
  then add tag cat
rule bounded limit once per ticket on message.received then note "一次"
rule old until "2020-01-31" on message.received then note "從前"
rule halt stage classify on message.received when message.text contains "停住" then stop
rule rated on rating.received then note "評"
rule mild stage prioritise on message.received when message.text contains "急" then set ticket.priority to low
rule harsh stage prioritise priority 2 on message.received when message.text contains "急"
  then set ticket.priority to urgent
"""


async def talk(desk: Desk, tier: str, *texts: str) -> int:
    actor = await member(desk, "貓人", tier)
    number = 0
    for text in texts:
        line = await desk.act(actor, MemberLine("demo", text, number=number or None, kind="inquiry", channel="form"))
        number = int(line["ticket"])
    return number


def told(house: House, tier: str, rule: str, *texts: str) -> list[list[dict[str, Any]]]:
    """What each decision says of the rule, oldest first."""
    house.write("96-tried.rules", RULES)

    async def work(desk: Desk) -> Any:
        found = await desk.explain(await talk(desk, tier, *texts), rule=rule)
        assert found is not None
        return [item["rules"] for item in reversed(found["items"])]

    decisions: list[list[dict[str, Any]]] = house.run(work)
    return decisions


def test_the_first_false_part_and_how_far_it_was(house: House) -> None:
    first = told(house, "silver", "tried", "我的貓")[0]
    entry = next(e for e in first if e["reason"] == "false")
    assert (entry["outcome"], entry["why"], entry["values"]) == ("not", "member.tier = gold", {"member.tier": "silver"})
    assert (entry["held"], entry["parts"]) == (3, 4)
    assert (entry["file"], entry["line"]) == ("96-tried.rules", 3)


def test_what_acted_is_told_as_recorded(house: House) -> None:
    first = told(house, "gold", "tried", "我的貓")[0]
    assert [(e["outcome"], e["changes"]) for e in first] == [("acted", ["add tag cat"])]
    tag = {"action": "add_tag", "target": "ticket.tags", "value": ["cat"], "more": {}, "missed": None}
    assert [(e["reasons"], e["did"]) for e in first] == [([], [tag])]


def test_what_lost_says_to_whom_and_what_as_a_sentence_and_as_data(house: House) -> None:
    (lost,) = told(house, "gold", "mild", "很急")[0]
    assert (lost["outcome"], lost["changes"], lost["did"]) == ("lost", [], [])
    assert lost["why"] == "ticket.priority: `harsh` has the higher priority"
    assert lost["reasons"] == [{"kind": "priority", "winner": "harsh", "target": "ticket.priority", "text": None}]


def test_what_an_older_desk_kept_as_sentences_is_told_as_it_stands(house: House) -> None:
    house.write("96-tried.rules", RULES)
    number = house.run(lambda desk: talk(desk, "gold", "我的貓很急", "停住 貓"))

    def all_told() -> list[Any]:
        async def work(desk: Desk) -> Any:
            asked = [await desk.explain(number), await desk.explain(number, rule="tried")]
            return [[rules["rules"] for rules in (found or {})["items"]] for found in asked]

        found: list[Any] = house.run(work)
        return found

    def without_data(found: list[Any]) -> list[Any]:
        return [
            [[{k: v for k, v in rule.items() if k not in ("reasons", "did")} for rule in rules] for rules in asked]
            for asked in found
        ]

    now = all_told()
    assert tell_in_sentences(house) > 3
    then = all_told()
    assert without_data(then) == without_data(now)
    assert "stopped" in {rule.get("reason") for rules in then[1] for rule in rules}
    old = next(rule for rules in then[0] for rule in rules if rule["rule"] == "mild")
    why = "ticket.priority: `harsh` has the higher priority"
    assert old["reasons"] == [{"kind": "text", "winner": None, "target": None, "text": why}]


@pytest.mark.parametrize(
    ("rule", "texts", "reason", "why"),
    [
        ("bounded", ("一", "二"), "limit", "it was at its limit: once per ticket"),
        ("old", ("一",), "dates", "it acts until 2020-01-31"),
        ("tried", ("停住 貓",), "stopped", "`halt` ended the decision in stage classify"),
        ("rated", ("一",), "not-asked", "it waits for rating.received"),
    ],
)
def test_other_reasons(house: House, rule: str, texts: tuple[str, ...], reason: str, why: str) -> None:
    entries = told(house, "gold", rule, *texts)[-1]
    assert [entry["reason"] for entry in entries] == [reason]
    assert entries[0]["why"].startswith(why)


def test_the_command_prints_it(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.write("96-tried.rules", RULES)
    number = house.run(lambda desk: talk(desk, "silver", "我的貓"))
    call = ["explain", f"#{number:05d}", "--desk", str(house.folder), "--rule", "tried"]
    assert cli.main(call) == 0
    text = capsys.readouterr().out
    assert "did not act: `member.tier = gold` did not hold (3 of 4 parts held)" in text
    assert "member.tier = silver" in text and "96-tried.rules:3" in text
    assert cli.main([*call, "--locale", "zh-TW"]) == 0
    assert "沒有生效：`member.tier = gold` 不成立（4 個部分中有 3 個成立）" in capsys.readouterr().out
    assert cli.main([*call, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["items"][-1]["rules"][0]["rule"] == "tried"
    assert cli.main([*call[:-1], "tryed"]) == 2
    assert "did you mean `tried`?" in capsys.readouterr().err


def test_the_command_speaks_of_what_was_done_in_the_readers_language(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.write("96-tried.rules", RULES)
    number = house.run(lambda desk: talk(desk, "gold", "我的貓很急"))
    call = ["explain", str(number), "--desk", str(house.folder), "--locale", "zh-CN"]
    assert cli.main(call) == 0
    text = capsys.readouterr().out
    assert "-> 加上标签 cat" in text and "-> ticket.priority = urgent" in text
    assert "让给别的规则：ticket.priority：`harsh` 的优先级更高" in text


def test_a_rule_there_is_not_is_refused(house: House) -> None:
    async def work(desk: Desk) -> None:
        number = await talk(desk, "gold", "一")
        with pytest.raises(Refused) as refused:
            await desk.explain(number, rule="nothing")
        assert (refused.value.code, refused.value.pointer) == ("unknown-rule", "/rule")

    house.run(work)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0s"),
        (0.4, "0s"),
        (59, "59s"),
        (60, "1m"),
        (13_427, "3h 43m"),
        (7_203, "2h"),
        (90_061, "1d 1h"),
        (-61, "-1m 1s"),
    ],
)
def test_lengths_of_time_are_told_as_people_say_them(seconds: float, told: str) -> None:
    assert lasting(int(seconds * 1_000_000)) == told


NEAR = """
stage respond
rule whole on message.received when member.tier = gold then note "1"
rule near on message.received when message.text contains "貓" and member.tier = gold then note "2"
rule far on message.received when message.text contains "狗" and member.tier = silver then note "3"
rule placed on message.received when ticket.kind = inquiry and ticket.order_no is set then note "4"
rule asked on message.received
  when ticket.kind = inquiry and member.tier = silver and ticket.order_no is set then note "5"
rule waits on timer.fired, message.received when ticket.kind = inquiry and ticket.priority changed then note "6"
"""


def test_nearly_is_said_only_of_what_was_near(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Its occasion came and one other part failed; where it belongs is no occasion, one part is never near."""
    house.write("96-near.rules", NEAR)
    tuesday = 1_772_503_200_000_000  # 2026-03-03 10:00 in Taipei
    number = house.run(lambda desk: talk(desk, "silver", "我的貓"), lambda: tuesday)
    call = ["explain", str(number), "--desk", str(house.folder), "--format", "json"]
    assert cli.main(call) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["policy"] for one in told["sla"]} and all(one["calendar"] for one in told["sla"])
    rules = [rule for item in told["items"] for rule in item["rules"]]
    mine = {rule["rule"] for rule in rules if rule["file"] == "96-near.rules" and rule["outcome"] == "nearly"}
    assert mine == {"near", "asked"}
    assert sum(rule["outcome"] == "nearly" for rule in rules) <= sum(rule["outcome"] == "acted" for rule in rules)
    assert cli.main([*call[:-2], "--locale", "zh-TW"]) == 0
    text = capsys.readouterr().out
    for one in told["sla"]:
        assert f"{one['target']}  依政策 {one['policy']}（營業時間 {one['calendar']}）" in text
    assert "2026-03-03 10:00:00  ticket.created（規則" in text and "02:00:00" not in text
    assert "差一點就生效；不成立的是：`member.tier = gold`" in text and "ticket.order_no = 空值" in text
    assert "nearly" not in text and "None" not in text and "rulebook" not in text
