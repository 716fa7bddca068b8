"""Another company's rules (tests/shops/voyage): what works for the starter desk works for them, with no code of their
own."""

from __future__ import annotations

import asyncio
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine import cli
from engine.config import load
from engine.core import scenarios
from engine.core.building import build
from engine.core.calendar import to_micros
from engine.core.commands import CreateMember, MemberLine
from engine.core.entities import SYSTEM, Actor
from engine.core.rulebook import Rulebook
from engine.desk import Desk, actors
from engine.folder import read_folder
from engine.graph import draw
from engine.lang import Source
from engine.reload import is_scenario_file

VOYAGE = Path(__file__).resolve().parents[1] / "shops" / "voyage"
FILES, UNREADABLE = read_folder(VOYAGE)


@pytest.fixture(scope="module")
def book() -> Rulebook:
    """The rulebook of the two shops; nothing is said against a file of it, nor against all rules together."""
    built, findings = build(FILES)
    told = [f"{f.code} {f.span.source.path}: {f.message}" for f in [*UNREADABLE, *findings]]
    assert built is not None and told == []
    return built


def test_it_is_another_business(book: Rulebook) -> None:
    starter = read_folder(VOYAGE.parents[2] / "rules")[0]
    shipped, _ = build(starter, analyse=False)
    assert shipped is not None
    assert len(book.rules.rules) >= 300 and len(book.shops) == 2
    shared = {rule.name for rule in book.rules.rules} & {rule.name for rule in shipped.rules.rules}
    assert len(shared) < 10, shared
    for ours, theirs in ((book.types, shipped.types), (book.tiers, shipped.tiers), (book.teams, shipped.teams)):
        assert set(ours).isdisjoint(theirs)
    assert {"repair", "rebooking", "claim"} <= set(book.lifecycles)
    assert any("規則 " in text for path, text in FILES.items() if path.endswith(".rules"))


def test_its_scenarios_pass_and_every_rule_acts(book: Rulebook) -> None:
    failures, acted, count = [], set(), 0
    for path, text in FILES.items():
        if is_scenario_file(path):
            found, problems = scenarios.read(Source(path, text))
            assert problems == []
            for scenario in found:
                result = scenarios.run(book, scenario)
                failures += [f"{path}: {result.name}: step {f.step}: {f.message} ({f.help})" for f in result.failures]
                acted |= result.acted
                count += 1
    assert failures == []
    assert count >= 60
    assert {rule.id for rule in book.rules.rules} - acted == set()


def test_its_layout_is_the_one_layout_and_it_draws(book: Rulebook) -> None:
    assert cli.main(["fmt", "--check", str(VOYAGE)]) == 0
    assert "waiting_part" in draw(book, "mermaid")
    assert "<svg" in draw(book)


async def _member(desk: Desk, shop: str, name: str, tier: str) -> Actor:
    made = await desk.act(SYSTEM, CreateMember(shop, name, tier=tier))
    found = await desk.context.store.read(lambda tx: actors.member_actor(tx, made["member"]["id"]))
    assert found is not None
    return found


def test_a_desk_of_theirs_explains_and_simulates(
    book: Rulebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "desk"
    shutil.copytree(VOYAGE, home / "rules")
    changed = tmp_path / "changed"
    shutil.copytree(VOYAGE, changed)
    refunds = changed / "shops" / "skyline" / "assign.rules"
    text = refunds.read_text("utf-8")
    assert "then route to team claims by round_robin" in text
    refunds.write_text(
        text.replace("then route to team claims by round_robin", "then route to team groups by round_robin")
    )

    noon = to_micros(datetime(2026, 3, 4, 12, tzinfo=ZoneInfo("Asia/Tokyo")))

    async def work() -> tuple[int, dict[str, Any]]:
        desk = await Desk.open(load(home), clock=lambda: noon)  # a Wednesday, both shops are open
        try:
            await desk.activate(book, by="test")
            numbers = []
            for shop, tier, text in (
                ("skyline", "explorer", "I want a refund, saver fare"),
                ("skyline", "partner", "do I need a visa"),
                ("homecare", "traveller", "冰箱不冷了"),
                ("homecare", "ambassador", "廚房有瓦斯味"),
            ):
                author = await _member(desk, shop, text, tier)
                line = MemberLine(shop, text, kind="inquiry", channel="form", subject=text)
                numbers.append((await desk.act(author, line))["ticket"])
            other, findings = build(read_folder(changed)[0], extras=desk.extras, analyse=False)
            assert other is not None, findings
            return numbers[0], await desk.simulate(other, 0, 1 << 60)
        finally:
            await desk.close()

    number, report = asyncio.run(work())
    assert report["decisions"]["read"] >= 4
    assert 0 < report["decisions"]["differing"] < report["decisions"]["compared"]
    assert any("groups" in str(example) for example in report["examples"])
    assert cli.main(["explain", str(number), "--desk", str(home)]) == 0
    told = capsys.readouterr().out
    assert "sky_refunds" in told and "adv_refund_saver" in told
