"""`kill -9` at random moments while six people write: nothing promised is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.config import load
from engine.desk import Actor, Desk, OpenTicket, SignIn
from engine.reload import reload_now
from plugins.channels.test import read
from tests.journeys.support import PASSWORD, Served, make_desk
from tests.journeys.writers import ApiWriter, RulesWriter, SocketWriter, Writer
from tests.support.waiting import until

RULES = """
stage housekeeping

rule journey_alarm "鬧鐘"
  on ticket.created
  when ticket.subject contains "鬧鐘"
  then start timer alarm for 1s

rule journey_rings "鬧鐘響了"
  on timer.fired
  when timer.name = alarm
  then note "鬧鐘響了"
"""
Tell = Callable[[str, object], None]
OUTSIDE = 3
"""Tickets whose answers leave by the test channel."""


def test_ten_kills(tmp_path: Path, record_property: Tell) -> None:
    took = _story(tmp_path, record_property, kills=10, refuses_twins=False)
    assert took < 300, "ten kills and ten starts"


def test_kills_with_an_outside_that_refuses_duplicates(tmp_path: Path, record_property: Tell) -> None:
    _story(tmp_path, record_property, kills=4, refuses_twins=True)


@pytest.mark.soak
@pytest.mark.parametrize("refuses_twins", [True, False])
def test_fifty_kills(tmp_path: Path, refuses_twins: bool, record_property: Tell) -> None:
    _story(tmp_path, record_property, kills=50, refuses_twins=refuses_twins, between=3.0, published=20)


@pytest.mark.soak
def test_fifty_kills_on_postgres(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, record_property: Tell
) -> None:
    monkeypatch.setenv("ENGINE_STORAGE_URL", postgres_url)
    _story(tmp_path, record_property, kills=50, refuses_twins=False, between=3.0, published=20)


def _story(
    folder: Path, tell: Tell, *, kills: int, refuses_twins: bool, between: float = 1.2, published: int = 1
) -> float:
    """Gives the seconds that the killing took. `between`: at most so many from start to kill, but where it is to live
    until rules were published so often. `tell` is told what was left behind."""
    seed = int(os.environ.get("YINGDA_SEED", random.randrange(1_000_000)))
    print(f"YINGDA_SEED={seed}")
    tell("seed", seed)
    tell("kills", kills)
    desk, config, journal = _desk(folder, refuses_twins)
    outside = asyncio.run(_open_outside(desk, config))
    server = Served(desk, config=config).start()
    try:
        writers = _writers(server, outside)
        for writer in writers.values():
            writer.start()
        begin = time.monotonic()
        _kill(server, kills, between, random.Random(seed), writers["sue"], published)
        took = time.monotonic() - begin
        # Those who ask stay until those who answer have gone: they are to hear the last word.
        for writer in reversed(writers.values()):
            writer.finish()
        assert server.starts == kills + 1
        tell("seconds", round(took))
        tell("lines acknowledged and kept", _lines(server, writers, kills))
        _resumed(writers)
        sent, unsure = _sent(server, outside, journal, refuses_twins)
        tell("sent", sent)
        tell("uncertain", unsure)
        tell("alarms rung once", _rang(server, writers["ben"]))
        tell("publications acknowledged and kept", _published(server, writers["sue"], published))
    except BaseException:
        server.kill()
        raise
    server.stop()
    _chain(desk)
    return took


# --- before -----------------------------------------------------------------------------------------------------------


def _desk(folder: Path, refuses_twins: bool) -> tuple[Path, Path, Path]:
    """The starter desk with alarms; its scenarios stay at home, they have nothing to say here."""
    desk = make_desk(folder, tickets=3)
    (desk / "rules" / "90-journey.rules").write_text(RULES, "utf-8")
    shutil.rmtree(desk / "rules" / "tests")
    journal = folder / "outside.jsonl"
    # Slow enough that a kill finds lines half sent.
    channel = {"journal": str(journal), "refuses_twins": refuses_twins, "delay": 0.02}
    config = folder / "journey.yaml"
    config.write_text(yaml.safe_dump({"plugins": {"settings": {"channels.test": channel}}}), "utf-8")
    return desk, config, journal


async def _open_outside(desk_folder: Path, config: Path) -> list[int]:
    """Tickets that came by the test channel. Nothing comes in by it, so they are opened by hand."""
    desk = await Desk.open(load(desk_folder, extra=config))
    try:
        await reload_now(desk, by="journey", source="start")
        amy: Actor = (await desk.act(Actor(kind="guest"), SignIn("amy", PASSWORD)))["actor"]
        numbers = []
        for n in range(OUTSIDE):
            who = {"name": f"外面的人{n}", "email": f"outside{n}@example.com"}
            command = OpenTicket(
                f"外面來的{n}", "請問可以退貨嗎", channel="test", shop="demo", requester=who, author="member"
            )
            numbers.append(int((await desk.act(amy, command))["ticket"]["number"]))
        return numbers
    finally:
        await desk.close()


def _writers(server: Served, outside: list[int]) -> dict[str, Any]:
    """Three who ask and three who answer."""
    people: dict[str, Any] = {
        name: SocketWriter(name, server.url, "/ws/chat", token=token, pace=pace)
        # A guest may say ten lines a minute, by the rules.
        for name, token, pace in (
            ("ming", server.sign_in("ming"), 0.05),
            ("hua", server.sign_in("hua"), 0.08),
            ("guest", None, 6.5),
        )
    }

    def chats() -> list[int]:
        known = [people[name].acknowledged.values() for name in ("ming", "hua")]
        return [next(iter(journal))["ticket"] for journal in known if journal]

    lin = SocketWriter("lin", server.url, "/ws/agent", token=server.sign_in("lin"), pace=0.05)
    lin.tickets = chats

    def reply(count: int, text: str) -> tuple[str, dict[str, Any]]:
        return f"/tickets/{outside[count % len(outside)]}/messages", {"text": text}

    def alarm(count: int, text: str) -> tuple[str, dict[str, Any]]:
        who = {"name": "早起的人", "email": f"early{count}@example.com"}
        return "/tickets", {"subject": f"鬧鐘 {text}", "text": text, "shop": "demo", "requester": who}

    amy = ApiWriter("amy", server.url, server.sign_in("amy"), reply, pace=0.02)
    ben = ApiWriter("ben", server.url, server.sign_in("ben"), alarm, pace=0.1)
    sue = RulesWriter("sue", server.url, server.sign_in("admin"), pace=0.3)
    return {**people, "lin": lin, "amy": amy, "ben": ben, "sue": sue}


# --- while ------------------------------------------------------------------------------------------------------------


def _kill(server: Served, kills: int, between: float, dice: random.Random, sue: Writer, published: int) -> None:
    """One in five dies while it starts. Publications are spread among the kills: a check takes longer than most lives
    last, so a server whose turn it is lives until another one is acknowledged, and dies in the midst of the next."""
    for done in range(kills):
        if len(sue.acknowledged) < published * done // kills:
            server.wait()
            wanted = len(sue.acknowledged) + 1
            until(lambda: len(sue.acknowledged) >= wanted, "something is published", seconds=120)  # noqa: B023
            time.sleep(dice.uniform(0.1, between))
        elif dice.random() < 0.2:
            time.sleep(dice.uniform(0.2, 1.0))
        else:
            server.wait()
            time.sleep(dice.uniform(0.1, between))
        server.kill()
        server.start(wait=False)
    server.wait()


# --- after ------------------------------------------------------------------------------------------------------------


def _messages(server: Served, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["id"] if found else 0
        page = server.get("admin", f"/tickets/{number}/messages", after=after, limit=200)["items"]
        if not page:
            return found
        found += page


def _lines(server: Served, writers: Mapping[str, Writer], kills: int) -> int:
    """Each acknowledged line stands once, by the id that was told; gives how many there are."""
    for writer in writers.values():
        # That there was something to lose at each kill; how much depends on the machine.
        least = max(1, kills // 5)
        enough = 1 if isinstance(writer, RulesWriter) else least
        assert len(writer.acknowledged) >= enough, f"{writer.name} hardly wrote: {len(writer.acknowledged)}"
        assert writer.interruptions, f"{writer.name} never noticed a kill"
    told: dict[int, dict[str, int]] = {}
    for name, writer in writers.items():
        if isinstance(writer, RulesWriter):
            continue
        for text, answer in writer.acknowledged.items():
            ticket = answer["number"] if name == "ben" else answer["ticket"]
            told.setdefault(ticket, {})[text] = 0 if name == "ben" else answer["id"]
    for number, lines in told.items():
        kept = [line for line in _messages(server, number) if re.search(r"第\d+句$", line["text"])]
        assert Counter(line["text"] for line in kept) == Counter(lines.keys()), f"ticket {number}"
        for line in kept:
            assert lines[line["text"]] in (line["id"], 0)
        ids = [line["id"] for line in kept]
        assert ids == sorted(ids)
    guest = writers["guest"]
    assert isinstance(guest, SocketWriter)
    assert len(guest.visitors) == 1, "the guest's proof outlives the server"
    assert len({answer["ticket"] for answer in guest.acknowledged.values()}) == 1, "and so does his chat"
    return sum(len(lines) for lines in told.values())


def _resumed(writers: Mapping[str, Writer]) -> None:
    """What came by sockets came in order and once, over all connections."""
    for writer in writers.values():
        if isinstance(writer, SocketWriter):
            places = [seq for seq, _ in writer.seen]
            assert places == sorted(set(places)), f"{writer.name} was told twice or out of order"
    answered = {answer["id"] for answer in writers["lin"].acknowledged.values()}
    heard = {id for name in ("ming", "hua") for _, id in writers[name].seen}  # type: ignore[attr-defined]
    assert answered <= heard, "the members have got every answer"


def _sent(server: Served, outside: list[int], journal: Path, refuses_twins: bool) -> tuple[int, int]:
    """What left stands in the journal once; or it is shown that nobody can know. Gives how many of each."""

    def settled() -> bool:
        return all(line.get("delivery") not in ("waiting", "sending") for line in outgoing())

    def outgoing() -> list[dict[str, Any]]:
        lines = [line for number in outside for line in _messages(server, number)]
        return [line for line in lines if line["author"]["kind"] != "member" and line["visibility"] != "internal"]

    until(settled, "the outbox is empty", seconds=120)
    left = Counter((line["ticket"], line["text"]) for line in read(journal))
    lines = outgoing()
    assert {line.get("delivery") for line in lines} <= {"sent", "uncertain"}
    sent = Counter((line["ticket"], line["text"]) for line in lines if line["delivery"] == "sent")
    unsure = Counter((line["ticket"], line["text"]) for line in lines if line["delivery"] == "uncertain")
    if refuses_twins:
        assert not unsure, "the channel can be asked again, so nothing is left open"
    assert not sent - left, "told as sent, but it never left"
    assert not left - (sent + unsure), "it left twice, or nobody said it"
    return sent.total(), unsure.total()


def _rang(server: Served, ben: Writer) -> int:
    """Each alarm rang once, those that fell due while nobody was there too; gives how many."""

    def rings(number: int) -> list[str]:
        events = server.get("admin", f"/tickets/{number}/events", limit=200)["items"]
        return [event["kind"] for event in events if event["kind"] in ("timer.fired", "timer.failed")]

    numbers = [answer["number"] for answer in ben.acknowledged.values()]
    assert len(set(numbers)) == len(numbers)
    until(lambda: all(rings(number) for number in numbers[-3:]), "the last alarms ring")
    for number in numbers:
        assert rings(number) == ["timer.fired"], number
        assert [line["text"] for line in _messages(server, number)].count("鬧鐘響了") == 1, number
    return len(numbers)


def _published(server: Served, sue: Writer, least: int) -> int:
    """Each acknowledged publication is in the history once, in order, with its author; the last one is in force.
    Gives how many."""
    versions, cursor = [], None
    while not versions or cursor:
        page = server.get("admin", "/rules/versions", limit=100, **({"cursor": cursor} if cursor else {}))
        versions, cursor = [*versions, *page["items"]], page["next"]
    notes = [version["note"] for version in reversed(versions) if (version["note"] or "").startswith("sue ")]
    assert notes == list(sue.acknowledged), "a publication was lost, doubled or out of order"
    assert {version["by"] for version in versions if version["note"] in sue.acknowledged} == {"admin"}
    assert len(notes) >= least, f"hardly anything was published: {len(notes)}"
    assert server.get("admin", "/rules")["active"]["note"] == notes[-1]
    return len(notes)


def _chain(desk: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "engine", "doctor", "--desk", str(desk)], capture_output=True, text=True, timeout=60
    )
    told = [line for line in done.stdout.splitlines() if line.startswith(("ok ", "WRONG"))]
    assert any("the chain of" in line and line.startswith("ok") for line in told), done.stdout + done.stderr
    wrong = [line for line in told if line.startswith("WRONG") and not line.startswith("WRONG outbox")]
    assert not wrong, wrong
