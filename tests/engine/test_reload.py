"""From the folder to the rulebook in force: built aside, checked, one assignment; a broken edit changes nothing."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from engine import reload
from engine.core.commands import MemberLine, OpenTicket
from engine.core.entities import SYSTEM
from engine.core.questions import RulesState, TicketByNumber
from engine.desk import Desk
from engine.folder import MAX_FILE, fingerprint, read_folder
from engine.lang import Severity
from engine.reload import Watcher, load, reload_now
from tests.support.house import House, member, sign_in
from tests.support.waiting import until_async

MARK = 'stage classify\nrule mark\n  on message.received\n  when message.text contains "暗號"\n  then add tag {tag}\n'


async def tags_after(desk: Desk, text: str) -> list[str]:
    """The tags of a fresh case with this text."""
    amy = await sign_in(desk, "amy", "frontline", ("admin",))
    answer = await desk.act(amy, OpenTicket("試", text, requester={"name": "甲"}, author="member"))
    return list(answer["ticket"]["tags"])


def test_an_edit_is_live_and_a_broken_one_changes_nothing(house: House) -> None:
    house.write("mark.rules", MARK.format(tag="one"))

    async def work(desk: Desk) -> None:
        assert "one" in await tags_after(desk, "暗號")
        house.write("mark.rules", MARK.format(tag="two"))
        assert (await reload_now(desk, by="me", source="command"))["changed"]
        assert "two" in await tags_after(desk, "暗號")
        good = desk.rulebook
        house.write("mark.rules", MARK.format(tag="three").replace("message.text", "message.txet"))
        result = await reload_now(desk, by="me", source="command")
        assert not result["changed"]
        assert [(f["code"], f["file"], f["line"]) for f in result["findings"] if f["severity"] == "error"] == [
            ("unknown-field", "mark.rules", 4)
        ]
        assert desk.rulebook is good
        assert "two" in await tags_after(desk, "暗號")

    house.run(work)


def test_a_broken_folder_at_start_leaves_the_last_rulebook_and_its_findings_are_shown(house: House) -> None:
    house.write("mark.rules", MARK.format(tag="one"))
    house.run(lambda desk: tags_after(desk, "暗號"))
    house.write("mark.rules", "rule broken\n  on nothing.at_all\n  then stop\n")

    async def work(desk: Desk) -> Any:
        assert "one" in await tags_after(desk, "暗號")
        return await desk.query(SYSTEM, RulesState())

    state = house.run(work)
    assert state["failed"]["findings"][0]["file"] == "mark.rules"
    house.write("mark.rules", MARK.format(tag="one"))
    assert house.run(lambda desk: desk.query(SYSTEM, RulesState()))["failed"] is None


def test_a_failing_scenario_keeps_the_old_rules(house: House) -> None:
    async def work(desk: Desk) -> Any:
        before = desk.rulebook
        tests = house.folder / "rules" / "tests"
        tests.mkdir()
        (tests / "no.yaml").write_text(
            "- name: never\n  steps:\n    - message: 你好\n      expect: {fired: [vip_refund]}\n", "utf-8"
        )
        result = await reload_now(desk, by="me", source="command")
        assert desk.rulebook is before
        return result

    findings = [f for f in house.run(work)["findings"] if f["severity"] == "error"]
    assert [(f["code"], f["file"]) for f in findings] == [("scenario-invalid", "tests/no.yaml")]


def test_rules_without_a_state_that_open_tickets_have_are_refused_with_how_many_and_where(house: House) -> None:
    async def work(desk: Desk) -> Any:
        ming = await member(desk)
        line = await desk.act(ming, MemberLine("demo", "我要退款", kind="inquiry", channel="form"))
        ticket = await desk.query(SYSTEM, TicketByNumber(line["ticket"]))
        before = desk.rulebook
        for path in house.folder.joinpath("rules").rglob("*"):
            if path.is_file() and path.suffix in (".yaml", ".rules"):
                text = path.read_text("utf-8")
                path.write_text(text.replace(ticket["state"], ticket["state"] + "啊"), "utf-8")
        result = await reload_now(desk, by="me", source="command")
        assert desk.rulebook is before
        return ticket, result

    ticket, result = house.run(work)
    (found,) = [f for f in result["findings"] if f["severity"] == "error"]
    assert ticket["state"] in found["message"]
    assert "1 open" in found["message"]
    assert f"#{ticket['number']:05d}" in found["hint"]


def test_the_folder_is_watched(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Event()

    def noted(folder: Path) -> Any:
        found = fingerprint(folder)
        looked.set()
        return found

    monkeypatch.setattr(reload, "fingerprint", noted)

    async def work(desk: Desk) -> None:
        async def seen() -> bool:
            return desk.rulebook is not None and "mark.rules" in desk.rulebook.files

        watcher = Watcher(desk)
        watcher.start()
        assert await asyncio.to_thread(looked.wait, 30), "it has not looked at the folder as it was"
        house.write("mark.rules", MARK.format(tag="seen"))
        await until_async(seen, "the new file is in force")
        assert "seen" in await tags_after(desk, "暗號")
        await watcher.stop()

    house.run(work)


def test_what_cannot_be_read_is_a_finding_with_its_file(house: House) -> None:
    folder = house.folder / "rules"
    (folder / "latin.rules").write_bytes("rule é".encode("latin-1"))
    (folder / "huge.rules").write_text("#" * (MAX_FILE + 1), "utf-8")
    outside = house.folder / "secret.yaml"
    outside.write_text("a: 1", "utf-8")
    (folder / "leak.yaml").symlink_to(outside)
    (folder / "dangling.rules").symlink_to(folder / "nowhere")
    files, findings = read_folder(folder)
    assert {f.span.source.path: f.code for f in findings} == {
        "latin.rules": "not-utf8",
        "huge.rules": "syntax-error",
        "leak.yaml": "file-not-found",
        "dangling.rules": "file-not-found",
    }
    assert "leak.yaml" not in files
    loaded = load(folder, run_scenarios=False)
    assert loaded.rulebook is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("desk.yaml", ""),
        ("desk.yaml", "- a\n- list\n"),
        ("desk.yaml", "shops: 7\n"),
        ("desk.yaml", "a: &x [1]\nb: *x\n"),
        ("desk.yaml", "!!python/object/apply:os.system ['true']"),
        ("sla.yaml", "- when: member.tier >= gold\n"),
        ("lifecycles/chat.yaml", "kind: chat\ninitial: 沒有\nstates: {}\n"),
        ("calendars.yaml", "office: {hours: {moon: ['25:00-26:00']}}\n"),
        ("roles.yaml", "agent: {permissions: [everything]}\n"),
        ("teams.yaml", "x: {shops: [nowhere]}\n"),
        ("templates/replies.yaml", "x: {zh-TW: 7}\n"),
        ("words/abuse.txt", "\0"),
        ("more.rules", "rule" * 10_000),
        ("more.rules", "rule x on message.received when " + "(" * 10_000 + "true" + ")" * 10_000 + " then stop"),
        ("more.rules", "\u202erule x"),
    ],
)
def test_bad_files_give_located_findings_and_never_a_crash(house: House, name: str, text: str) -> None:
    house.write(name, text)
    loaded = load(house.folder / "rules", run_scenarios=False)
    if loaded.rulebook is None:
        errors = [f for f in loaded.findings if f.severity is Severity.ERROR]
        assert errors
        assert all(f.span.source.path and f.span.line >= 1 for f in errors)
    else:
        assert name == "words/abuse.txt"


def test_a_name_that_is_no_text_does_not_stop_the_start(house: House) -> None:
    house.write("mark.rules", MARK.format(tag="one"))
    house.run(lambda desk: tags_after(desk, "暗號"))
    folder = os.fsencode(house.folder / "rules")
    Path(os.fsdecode(folder + b"/" + "退貨".encode("big5") + b".rules")).write_text("# nothing\n", "utf-8")

    async def work(desk: Desk) -> Any:
        assert "one" in await tags_after(desk, "暗號")
        fingerprint(desk.config.rules)
        return await desk.query(SYSTEM, RulesState())

    (finding,) = (f for f in house.run(work)["failed"]["findings"] if f["severity"] == "error")
    assert (finding["code"], finding["file"]) == ("not-utf8", "\\xb0h\\xb3f.rules")
