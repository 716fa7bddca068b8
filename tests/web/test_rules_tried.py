"""An edit tried by the API: over the recorded decisions of a period, and on one ticket. Nothing is written or sent."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.web.support import RULES, Site, running
from tests.web.test_http import conforms, refused

WRITER = "writer: {permissions: [ticket.view, ticket.create, rules.view, rules.edit, shops.all]}\n"
THANKS = """
rule thanks "謝謝"
  stage classify
  on ticket.created
  when message.text contains "謝謝"
  then add tag thanks
"""
URGENT = THANKS.replace("add tag thanks", "raise ticket.priority to high")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    rules = tmp_path / "rules"
    shutil.copytree(RULES, rules)
    roles = rules / "roles.yaml"
    roles.write_text(roles.read_text("utf-8") + WRITER, "utf-8")
    (rules / "thanks.rules").write_text(THANKS, "utf-8")
    with running(tmp_path, rules=rules) as site:
        site.add_agent("lead", ["lead"], [])
        site.add_agent("wen", ["writer"], [])
        site.add_agent("amy", ["agent"], ["demo"])
        yield site


@pytest.fixture
def wen(site: Site) -> Iterator[httpx.Client]:
    with site.client("wen") as client:
        yield client


def stored(site: Site) -> list[str]:
    """Everything the storage holds, but for when sessions were last used."""
    (path,) = list((site.folder / "data").glob("*.db"))
    with sqlite3.connect(path) as connection:
        return [line for line in connection.iterdump() if not line.startswith('INSERT INTO "session"')]


def edit(client: httpx.Client, text: str | None, **more: Any) -> dict[str, Any]:
    base = conforms("rules", client.get("/rules"))["digest"]
    return {"base": base, "files": {"thanks.rules": text}, **more}


def test_a_period_is_simulated_and_nothing_is_written(site: Site, wen: httpx.Client) -> None:
    thanked = site.open_ticket(text="謝謝你們")["number"]
    site.open_ticket(text="請問")
    before = stored(site)
    answer = wen.post("/rules/simulate", json=edit(wen, URGENT, days=1))
    report = conforms("simulate_rules", answer)
    assert report["complete"] and report["decisions"]["read"] >= 2
    assert report["tickets"]["differing"] == report["tickets"]["prioritised"] == 1
    (example,) = report["examples"]
    assert example["ticket"] == thanked and example["at"].endswith("Z")
    assert report["since"] < example["at"] < report["until"]
    assert {change["what"] for change in example["changes"]} == {"ticket.priority", "ticket.tags thanks"}
    assert [rule["rule"] for rule in example["rules"]] == ["thanks", "thanks"]
    assert stored(site) == before
    same = conforms("simulate_rules", wen.post("/rules/simulate", json=edit(wen, THANKS)))
    assert same["decisions"]["differing"] == 0


def test_one_simulation_at_a_time(site: Site, wen: httpx.Client) -> None:
    body = edit(wen, URGENT, days=1)
    site.server.web.simulating = True
    problem = wen.post("/rules/simulate", json=body)
    assert refused("simulate_rules", problem, 429)["code"] == "simulation-running"
    assert int(problem.headers["Retry-After"]) > 0
    site.server.web.simulating = False
    assert wen.post("/rules/simulate", json=body).status_code == 200
    # One that fails leaves the way free.
    broken = refused("simulate_rules", wen.post("/rules/simulate", json=edit(wen, "rule x")), 422)
    assert broken["code"] == "rules-broken" and broken["findings"][0]["file"] == "thanks.rules"
    assert wen.post("/rules/simulate", json=body).status_code == 200


def test_an_edit_is_tried_on_a_ticket(site: Site, wen: httpx.Client) -> None:
    number = site.open_ticket(text="謝謝你們")["number"]
    before = stored(site)
    items = conforms("dry_run_rules", wen.post("/rules/dry-run", json=edit(wen, URGENT, ticket=number)))["items"]
    created = items[-1]
    assert created["event"] == "ticket.created" and created["undecidable"] is None
    acted = {side: {r["rule"]: r for r in created[side]["rules"]} for side in ("before", "after")}
    assert acted["before"]["thanks"]["changes"] == ["add tag thanks"]
    assert acted["after"]["thanks"]["changes"] == ["raise ticket.priority to high"]
    assert acted["after"]["thanks"]["outcome"] == "acted" and acted["after"]["thanks"]["line"] == 2
    assert acted["after"]["thanks"]["values"] == {"message.text": "謝謝你們"}
    for name in acted["before"].keys() - {"thanks"}:
        assert acted["after"][name]["changes"] == acted["before"][name]["changes"], name
    # One of its decisions, and a rule that is gone.
    only = wen.post("/rules/dry-run", json=edit(wen, None, ticket=number, event=created["seq"]))
    (item,) = conforms("dry_run_rules", only)["items"]
    assert item["seq"] == created["seq"] and "thanks" not in {r["rule"] for r in item["after"]["rules"]}
    assert stored(site) == before


def test_what_was_not_recorded_is_told(site: Site, wen: httpx.Client) -> None:
    number = site.open_ticket(text="謝謝你們")["number"]
    text = THANKS.replace('message.text contains "謝謝"', "member.signed_up_at is set")
    (item,) = conforms("dry_run_rules", wen.post("/rules/dry-run", json=edit(wen, text, ticket=number)))["items"]
    assert item["undecidable"] == "member.signed_up_at"
    assert "thanks" in {rule["rule"] for rule in item["before"]["rules"]}


def test_who_may_try(site: Site, wen: httpx.Client) -> None:
    number = site.open_ticket(text="謝謝你們")["number"]
    body = edit(wen, URGENT, ticket=number)
    with site.client("amy") as amy:
        assert refused("dry_run_rules", amy.post("/rules/dry-run", json=body), 403)["code"] == "permission-needed"
        refused("simulate_rules", amy.post("/rules/simulate", json={k: body[k] for k in ("base", "files")}), 403)
    refused("dry_run_rules", wen.post("/rules/dry-run", json={**body, "ticket": 999_999}), 404)
    refused("dry_run_rules", wen.post("/rules/dry-run", json={**body, "base": "0" * 64}), 422)
    refused("simulate_rules", wen.post("/rules/simulate", json={**edit(wen, URGENT), "days": 0}), 422)


def test_why_one_rule_did_not_act(site: Site) -> None:
    number = site.open_ticket(text="請問")["number"]
    with site.client("lead") as lead:
        items = conforms("trace", lead.get(f"/tickets/{number}/trace", params={"rule": "thanks"}))["items"]
        (entry,) = items[-1]["rules"]
        assert (entry["outcome"], entry["reason"], entry["held"], entry["parts"]) == ("not", "false", 0, 1)
        assert entry["why"] == 'message.text contains "謝謝"' and entry["values"] == {"message.text": "請問"}
        unknown = refused("trace", lead.get(f"/tickets/{number}/trace", params={"rule": "thank"}), 422)
        assert unknown["code"] == "unknown-rule" and unknown["errors"][0]["pointer"] == "/rule"
