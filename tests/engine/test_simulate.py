"""A changed rulebook over recorded decisions: exactly what would differ, and nothing written."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine import cli, demo
from engine.core.building import build
from engine.core.commands import MemberLine
from engine.core.rulebook import Rulebook
from engine.desk import Desk
from engine.folder import read_folder
from engine.store import wall_clock
from tests.support.house import House, member
from tests.support.old_traces import tell_in_sentences

pytestmark = pytest.mark.slow

ALL = (0, 1 << 60)


def changed(house: House, tmp_path: Path, edits: dict[str, tuple[str, str]], more: str = "") -> Path:
    """A copy of the desk's rules with texts replaced, and rules added."""
    folder = tmp_path / "changed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(house.folder / "rules", folder)
    for name, (old, new) in edits.items():
        text = (folder / name).read_text("utf-8")
        assert old in text, f"{name} no longer has {old}"
        (folder / name).write_text(text.replace(old, new), "utf-8")
    if more:
        (folder / "90-more.rules").write_text(more, "utf-8")
    return folder


def built(desk: Desk, folder: Path) -> Rulebook:
    """The rulebook of a folder, to be compared with the one in force."""
    book, findings = build(read_folder(folder)[0], previous=desk.rulebook, extras=desk.extras, analyse=False)
    assert book is not None, findings
    return book


async def simulate(desk: Desk, folder: Path) -> dict[str, Any]:
    """The report over everything."""
    return await desk.simulate(built(desk, folder), *ALL)


async def talk(desk: Desk) -> dict[str, int]:
    """Three members, three wishes; gives the numbers."""
    numbers = {}
    for name, tier, text in (
        ("vip", "vip", "我要退款，商品有瑕疵"),
        ("gold", "gold", "請問訂單什麼時候出貨"),
        ("plain", "basic", "請問這件還有沒有黑色"),
    ):
        actor = await member(desk, name, tier)
        line = await desk.act(actor, MemberLine("demo", text, kind="inquiry", channel="form", subject=text))
        numbers[name] = line["ticket"]
    return numbers


def dump(house: House) -> list[str]:
    """Everything the storage holds."""
    (path,) = list(house.config.data.glob("*.db")) or list(house.config.data.glob("*.sqlite*"))
    with sqlite3.connect(path) as connection:
        return list(connection.iterdump())


def test_the_same_rules_differ_in_nothing(house: House, tmp_path: Path) -> None:
    asyncio.run(demo.fill(house.config, tickets=40, password="a-password"))
    same = changed(house, tmp_path, {})
    report = house.run(lambda desk: simulate(desk, same))
    assert report["decisions"]["read"] > 100
    assert report["decisions"]["compared"] == report["decisions"]["read"]
    assert report["decisions"]["differing"] == 0
    assert report["examples"] == []
    # Asked again rather than taken as recorded: every noun file counts as changed.
    again = changed(house, tmp_path, {"settings.yaml": ("\n", "\n\n")})
    report = house.run(lambda desk: simulate(desk, again))
    assert report["decisions"]["differing"] == 0, json.dumps(report["examples"], ensure_ascii=False, indent=1)
    assert report["decisions"]["compared"] > report["decisions"]["read"] * 0.9, report["undecidable"]


def test_a_changed_route_tells_which_tickets_and_why(house: House, tmp_path: Path) -> None:
    old = "route to team senior_care with skill refunds by least_busy"
    folder = changed(house, tmp_path, {"40-route.rules": (old, old.replace("senior_care", "aftersales"))})

    async def work(desk: Desk) -> Any:
        numbers = await talk(desk)
        return numbers, await simulate(desk, folder)

    numbers, report = house.run(work)
    assert (report["tickets"]["differing"], report["tickets"]["routed"], report["tickets"]["prioritised"]) == (1, 1, 0)
    (example,) = report["examples"]
    assert example["ticket"] == numbers["vip"]
    assert {"what": "ticket.team", "before": "senior_care", "after": "aftersales"} in example["changes"]
    assert {(r["book"], r["rule"], r["file"]) for r in example["rules"]} >= {
        ("before", "vip_refund", "40-route.rules"),
        ("after", "vip_refund", "40-route.rules"),
    }
    assert all(rule["line"] > 1 for rule in example["rules"])
    teams = {row["team"]: (row["before"], row["after"]) for row in report["teams"]}
    assert teams["senior_care"][0] - teams["senior_care"][1] == 1
    assert teams["aftersales"][1] - teams["aftersales"][0] == 1


def test_what_an_older_desk_kept_as_sentences_is_compared_alike(house: House, tmp_path: Path) -> None:
    old = "route to team senior_care with skill refunds by least_busy"
    folder = changed(house, tmp_path, {"40-route.rules": (old, old.replace("senior_care", "aftersales"))})
    now = house.run(lambda desk: _talked(desk, folder))
    assert tell_in_sentences(house) > 3
    then = house.run(lambda desk: simulate(desk, folder))
    assert then == now
    teams = {row["team"]: (row["before"], row["after"]) for row in then["teams"]}
    assert teams["senior_care"] == (2, 1) and sum(before for before, _ in teams.values()) == 3


async def _talked(desk: Desk, folder: Path) -> dict[str, Any]:
    await talk(desk)
    return await simulate(desk, folder)


def test_what_an_earlier_stage_no_longer_writes_later_stages_do_not_see(house: House, tmp_path: Path) -> None:
    """Without its type the order goes to everybody; without the words nobody is thanked."""
    gone = "rule type_order"
    edit = ("(says_order and not", "(message.text contains any spam_words and not")
    folder = changed(house, tmp_path, {"20-classify.rules": edit})
    assert gone in (folder / "20-classify.rules").read_text("utf-8")

    async def work(desk: Desk) -> Any:
        actor = await member(desk, "銀", "basic")
        text = "請問我的訂單"
        line = await desk.act(actor, MemberLine("demo", text, kind="inquiry", channel="form", subject="請問"))
        return line["ticket"], await simulate(desk, folder)

    number, report = house.run(work)
    (example,) = report["examples"]
    assert example["ticket"] == number
    changes = {c["what"]: (c["before"], c["after"]) for c in example["changes"]}
    assert changes["ticket.type"] == ("訂單問題", "其他")
    assert changes["ticket.assignee"] == ("by least_busy with orders", "by round_robin")
    assert {"type_order", "orders_to_frontline", "everything_else"} <= {r["rule"] for r in example["rules"]}


def test_priority_replies_escalation_and_promises(house: House, tmp_path: Path) -> None:
    more = """stage respond
rule more_urgent
  on ticket.created
  when member.tier = gold
  then
    raise ticket.priority to urgent
    raise ticket.escalation to 2
    reply "{member.name}您好，已為您優先處理。"
"""
    folder = changed(house, tmp_path, {"sla.yaml": ("first_reply: 4h", "first_reply: 2h")}, more)

    async def work(desk: Desk) -> Any:
        numbers = await talk(desk)
        return numbers, await simulate(desk, folder)

    numbers, report = house.run(work)
    assert [e["ticket"] for e in report["examples"]] == [numbers["gold"]]
    (example,) = report["examples"]
    assert {"prioritised", "answered", "escalated"} <= set(example["kinds"])
    changes = {c["what"]: (c["before"], c["after"]) for c in example["changes"]}
    assert changes["ticket.priority"][1] == "urgent"
    assert "{member.name}您好，已為您優先處理。" in changes["reply"][1], "as it is written"
    assert [(r["book"], r["rule"], r["line"]) for r in example["rules"] if r["rule"] == "more_urgent"] == [
        ("after", "more_urgent", 2)
    ]
    (move,) = report["sla"]["moves"]
    assert (move["before"]["policy"], move["tickets"]) == ("standard", 1)
    assert (move["before"]["targets"]["first_reply"], move["after"]["targets"]["first_reply"]) == ("4h", "2h")


def test_what_was_not_recorded_is_counted_and_never_guessed(house: House, tmp_path: Path) -> None:
    rule = "rule asks\n  on ticket.created\n  when member.signed_up_at is set\n  then add tag vip\n"
    folder = changed(house, tmp_path, {}, f"stage respond\n{rule}")

    async def work(desk: Desk) -> Any:
        await talk(desk)
        first = await simulate(desk, folder)
        await desk.context.store.write(lambda tx: tx.database.execute_sql("UPDATE decision SET snapshot = x''") and {})
        return first, await simulate(desk, folder)

    first, second = house.run(work)
    assert first["decisions"]["undecidable"] == 3
    assert first["undecidable"] == [{"value": "member.signed_up_at", "decisions": 3}]
    assert first["decisions"]["differing"] == 0
    assert second["decisions"]["no_snapshot"] == second["decisions"]["read"] == first["decisions"]["read"]
    assert second["decisions"]["compared"] == 0


def test_a_limit_is_kept_over_the_period(house: House, tmp_path: Path) -> None:
    more = 'stage respond\nrule once\n  limit once per ticket\n  on message.received\n  then reply "收到。"\n'
    folder = changed(house, tmp_path, {}, more)

    async def work(desk: Desk) -> Any:
        actor = await member(desk, "三句", "silver")
        for text in ("一", "二", "三"):
            await desk.act(actor, MemberLine("demo", text, kind="chat", channel="chat"))
        return await simulate(desk, folder)

    report = house.run(work)
    assert sum("收到。" in str(c["after"]) for e in report["examples"] for c in e["changes"]) == 1


def test_the_command_prints_and_writes_nothing(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house.run(talk)
    old = "route to team senior_care with skill refunds by least_busy"
    folder = changed(house, tmp_path, {"40-route.rules": (old, old.replace("senior_care", "aftersales"))})
    before = dump(house)
    call = ["simulate", "--desk", str(house.folder), "--rules", str(folder), "--since", "2020-01-01"]
    assert cli.main(call) == 0
    text = capsys.readouterr().out
    assert "1 routed to another team" in text
    assert "ticket.team: senior_care -> aftersales" in text
    assert "40-route.rules:" in text
    assert cli.main([*call, "--format", "json", "--until", "2021-01-01T00:00:00Z"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["decisions"]["read"], report["until"]) == (0, "2021-01-01T00:00:00.000Z")
    assert cli.main([*call, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["tickets"]["routed"] == 1
    assert dump(house) == before

    (folder / "40-route.rules").write_text("rule broken\n  on nothing.at_all\n  then stop\n", "utf-8")
    assert cli.main(call) == 2
    assert "40-route.rules" in capsys.readouterr().err
    assert cli.main([*call[:-1], "yesterday"]) == 2
    assert "yesterday" in capsys.readouterr().err


SCHEDULED = """
stage housekeeping
rule hourly on every 1h for each ticket when ticket.kind = inquiry then add tag looked_at
rule member_hour on every 1h for each member when member.tier = gold then add tag of_gold to member
rule shop_hour on every 1h then notify role admin "an hour"
"""


def test_what_the_clock_brought_is_looked_at_like_the_rest(house: House, tmp_path: Path) -> None:
    """Scheduled decisions are replayed: of tickets, of members and of the shop alone."""
    house.write("hourly.rules", SCHEDULED)
    ahead = 0

    async def work(desk: Desk) -> tuple[dict[str, int], dict[str, Any], dict[str, Any]]:
        nonlocal ahead
        numbers = await talk(desk)
        await desk.tick()
        ahead += 3_600_000_000
        await desk.tick()
        same = await simulate(desk, house.folder / "rules")
        other = await simulate(
            desk, changed(house, tmp_path, {"hourly.rules": ("add tag looked_at", "raise ticket.priority to urgent")})
        )
        return numbers, same, other

    numbers, same, other = house.run(work, lambda: wall_clock() + ahead)
    assert same["tickets"]["differing"] == 0
    assert other["tickets"]["differing"] == len(numbers)
    assert {example["event"] for example in other["examples"]} == {"every 1h for each ticket"}


CHAIN = """
stage classify
rule first on ticket.created when message.text contains "甲" then add tag one
stage notify
rule second on ticket.changed when ticket.tags has one and ticket.tags changed then notify role admin "一"
rule third on ticket.changed when ticket.tags has two and ticket.tags changed then add tag three
rule fourth on ticket.changed when ticket.tags has three and ticket.tags changed then notify role supervisor "三"
rule loud on message.sent when message.automatic and ticket.tags has two then note "回了"
"""


def test_what_follows_is_followed(house: House, tmp_path: Path) -> None:
    """Another first wave wakes other rules, and those again others; what they say counts, and what no more."""
    house.write("95-chain.rules", CHAIN)

    async def work(desk: Desk) -> Any:
        actor = await member(desk, "甲", "silver")
        line = await desk.act(actor, MemberLine("demo", "甲", kind="inquiry", channel="form", subject="甲"))
        reports = {}
        for name, edit in (
            ("other", ("then add tag one", "then add tag two")),
            ("both", ("then add tag one", "then add tag one, two")),
            ("spoken", ("then add tag one", 'then add tag two reply "好的"')),
        ):
            reports[name] = await simulate(desk, changed(house, tmp_path, {"95-chain.rules": edit}))
        return line["ticket"], reports

    number, reports = house.run(work)
    expected = {
        "other": {"notify role": (["admin"], ["supervisor"]), "ticket.tags one": ("there", "gone")},
        "both": {"notify role": (["admin"], ["admin", "supervisor"])},
        "spoken": {"note": ("nothing", ["回了"]), "reply": None},
    }
    for name, wanted in expected.items():
        report = reports[name]
        assert report["decisions"]["unfollowed"] == 0, report["undecidable"]
        (example,) = report["examples"]
        assert example["ticket"] == number
        changes = {c["what"]: (c["before"], c["after"]) for c in example["changes"]}
        assert {"ticket.tags two", "ticket.tags three"} <= changes.keys(), name
        for what, change in wanted.items():
            assert change is None or changes[what] == change, (name, what)
            assert what in changes
        assert {"third", "fourth"} <= {r["rule"] for r in example["rules"] if r["book"] == "after"}


def test_what_would_have_followed_from_what_is_not_known_is_counted(house: House, tmp_path: Path) -> None:
    """A rule that is woken by a changed first wave asks for what no snapshot holds: the first difference stands."""
    house.write("95-chain.rules", CHAIN)
    asks = ("ticket.tags has two and ticket.tags changed", "member.signed_up_at is set")

    async def work(desk: Desk) -> Any:
        actor = await member(desk, "甲", "silver")
        await desk.act(actor, MemberLine("demo", "甲", kind="inquiry", channel="form", subject="甲"))
        text = CHAIN.replace(*asks)
        folder = changed(house, tmp_path, {})
        (folder / "95-chain.rules").write_text(text.replace("then add tag one", "then add tag two"), "utf-8")
        return await simulate(desk, folder)

    report = house.run(work)
    assert report["decisions"]["unfollowed"] == 1
    assert report["undecidable"] == [{"value": "member.signed_up_at", "decisions": 1}]
    (example,) = report["examples"]
    assert "ticket.tags two" in {c["what"] for c in example["changes"]}


HOURS = """
stage classify
rule by_hours on ticket.created when now in hours office then add tag in_hours
rule by_words on message.received when message.text contains "退款" then add tag back_then
"""
ADDED = """
stage classify
rule added on ticket.created when member.tier = gold then add tag golden
"""


def test_the_change_alone_is_told_and_not_what_was_changed_since(house: House, tmp_path: Path) -> None:
    """Hours and a rule were changed after the decisions: what an edit does is told against the rules in force."""
    tuesday = 1_772_503_200_000_000  # 2026-03-03 10:00 in Taipei
    house.write("95-hours.rules", HOURS)
    numbers = house.run(talk, lambda: tuesday)
    calendars = house.folder / "rules" / "calendars.yaml"
    old = 'mon-fri: ["09:00-12:00", "13:00-18:00"]'
    assert old in calendars.read_text("utf-8")
    calendars.write_text(calendars.read_text("utf-8").replace(old, 'mon-fri: ["13:00-18:00"]'), "utf-8")
    house.write("95-hours.rules", HOURS.replace("back_then", "from_now"))
    same, folder = house.folder / "rules", changed(house, tmp_path, {}, ADDED)

    async def work(desk: Desk) -> Any:
        book = built(desk, folder)
        recorded = await desk.simulate(book, *ALL, against="recorded")
        return await simulate(desk, same), await simulate(desk, folder), recorded

    nothing, added, recorded = house.run(work, lambda: tuesday + 3_600_000_000)
    assert (nothing["against"], nothing["tickets"]["differing"], nothing["examples"]) == ("in-force", 0, [])
    assert added["tickets"]["differing"] == 1
    (example,) = added["examples"]
    assert example["ticket"] == numbers["gold"]
    assert example["changes"] == [{"what": "ticket.tags golden", "before": "gone", "after": "there"}]
    assert [(r["book"], r["rule"]) for r in added["rules"]] == [("after", "added")]
    assert (recorded["against"], recorded["tickets"]["differing"]) == ("recorded", 3)
    assert {"by_hours", "by_words", "added"} <= {r["rule"] for r in recorded["rules"]}


RAISED = """
stage prioritise
rule raised on message.received when message.text contains "貓" then raise ticket.priority to high
rule told on ticket.changed when ticket.priority changed to high then notify role supervisor "高了"
"""


def test_what_one_line_did_the_next_one_finds_done(house: House, tmp_path: Path) -> None:
    """Of two lines of a ticket the first raises it; the second has nothing left to raise, and wakes nobody again."""
    folder = changed(house, tmp_path, {}, RAISED)

    async def work(desk: Desk) -> Any:
        actor = await member(desk, "貓", "silver")
        number = None
        for text in ("我的貓", "貓呢", "還是貓"):
            line = await desk.act(actor, MemberLine("demo", text, number=number, kind="inquiry", channel="form"))
            number = line["ticket"]
        return number, await simulate(desk, folder)

    number, report = house.run(work)
    assert (report["decisions"]["differing"], report["tickets"]["differing"]) == (1, 1), report["examples"]
    (example,) = report["examples"]
    assert example["ticket"] == number
    changes = {c["what"]: (c["before"], c["after"]) for c in example["changes"]}
    assert changes == {"ticket.priority": ("normal", "high"), "notify role": ("nothing", ["supervisor"])}


def test_another_way_to_choose_is_no_other_team(house: House, tmp_path: Path) -> None:
    old = "route to team senior_care with skill refunds by least_busy"
    folder = changed(house, tmp_path, {"40-route.rules": (old, old.replace("least_busy", "round_robin"))})

    async def work(desk: Desk) -> Any:
        await talk(desk)
        return await simulate(desk, folder)

    report = house.run(work)
    assert (report["tickets"]["routed"], report["tickets"]["assigned"], report["tickets"]["differing"]) == (0, 1, 1)
    assert all(row["before"] == row["after"] for row in report["teams"])


def test_the_command_speaks_the_readers_language_and_the_shops_time(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuesday = 1_772_503_200_000_000
    house.run(talk, lambda: tuesday)
    folder = changed(house, tmp_path, {}, ADDED)
    call = ["simulate", "--desk", str(house.folder), "--rules", str(folder), "--since", "2026-03-03"]
    call += ["--until", "2026-03-03", "--locale", "zh-TW"]
    assert cli.main(call) == 0
    text = capsys.readouterr().out
    assert "與目前生效的規則相比" in text and "2026-03-03 10:00" in text and "2026-03-03 00:00" in text
    assert "tickets" not in text and "decisions" not in text and "02:00" not in text
    assert cli.main([*call, "--against", "recorded"]) == 0
    assert "與當時的決定相比" in capsys.readouterr().out
    assert cli.main([*call[:-1], "zh-CN"]) == 0
    assert "与目前生效的规则相比" in capsys.readouterr().out
