"""An edit tried by the API: over the recorded decisions of a period, and on one ticket. Nothing is written or sent."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.replay.simulate import Simulation
from tests.support.waiting import until
from tests.web.support import Site, copy_rules, running
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
    copy_rules(rules)
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


def test_a_simulation_ends_when_nobody_waits_for_it(
    site: Site, wen: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that would go on for minutes: the client leaves, it stops, and another may begin at once."""
    for _ in range(4):
        site.open_ticket(text="謝謝你們")
    body = edit(wen, URGENT, days=1)
    began, pages = threading.Event(), []
    page = Simulation.page

    def slowly(self: Simulation, tx: Any) -> bool:
        page(self, tx)
        pages.append(self)
        began.set()
        time.sleep(0.05)
        return len(pages) < 4_000

    monkeypatch.setattr(Simulation, "page", slowly)
    waiting = HTTPConnection("127.0.0.1", site.server.port)
    headers = {"Authorization": f"Bearer {site.token('wen')}", "Content-Type": "application/json"}
    waiting.request("POST", "/api/v1/rules/simulate", json.dumps(body), headers)
    assert began.wait(60)
    problem = wen.post("/rules/simulate", json=body)
    assert refused("simulate_rules", problem, 429)["code"] == "simulation-running"
    waiting.close()
    until(lambda: not site.server.web.simulating, "the simulation ends")
    assert len(pages) < 4_000
    monkeypatch.undo()
    again = conforms("simulate_rules", wen.post("/rules/simulate", json=body))
    assert again["complete"] and again["tickets"]["differing"] == 4


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


ANSWERING = """
rule teapot "茶壺"
  stage respond
  on message.received
  when message.text contains "茶壺" and ticket.priority != high
  then reply "您說的是「{message.text}」嗎？" as desk
       reply "還在嗎？" after 10m
       note "問到茶壺"
       set ticket.priority to low
rule patience "耐心"
  stage respond
  priority 5
  on message.received
  when message.text contains "茶壺" and message.text contains "急"
  then set ticket.priority to high
rule far "差得遠"
  stage respond
  on message.received
  when message.text contains "碗"
  then add tag thanks
"""


def line(client: httpx.Client, number: int, said: str, text: str | None = ANSWERING) -> dict[str, Any]:
    answer = client.post("/rules/dry-run/line", json={**edit(client, text, ticket=number), "text": said})
    return conforms("dry_run_line", answer)


def outcomes(side: dict[str, Any]) -> dict[str, str]:
    return {rule["rule"]: rule["outcome"] for rule in side["rules"]}


def test_a_line_that_nobody_has_written_is_tried(site: Site, wen: httpx.Client) -> None:
    number = site.open_ticket(text="謝謝你們")["number"]
    before = stored(site)
    found = line(wen, number, "茶壺到了嗎")
    assert found["before"]["replies"] == [] and not {"teapot", "patience"} & outcomes(found["before"]).keys()
    after = found["after"]
    # A rule of whose condition nothing held is not told of.
    assert outcomes(after) == {"teapot": "acted", "patience": "nearly"}
    acted, close = after["rules"]
    assert acted["values"] == {"message.text": "茶壺到了嗎", "ticket.priority": "normal"}
    assert acted["changes"] == ["reply", "reply after 10m", "note", "ticket.priority = low"]
    assert close["why"] == 'message.text contains "急"'
    now = found["at"]
    told = [(one["text"], one["author"], one["visibility"], one["rule"]) for one in after["replies"]]
    assert told == [
        ("您說的是「茶壺到了嗎」嗎？", "desk", "public", "teapot"),
        ("問到茶壺", "bot", "internal", "teapot"),
        ("還在嗎？", "bot", "public", "teapot"),
    ]
    assert [one["at"] > now for one in after["replies"]] == [False, False, True]
    assert after["rejected"] is None and after["refused"] is None
    # Lengths of time and moments are told so that people can read them.
    slow = "rule slow on message.received when ticket.age >= 0s and ticket.created_at is set then add tag thanks\n"
    (values,) = [rule["values"] for rule in line(wen, number, "在嗎", slow)["after"]["rules"] if rule["rule"] == "slow"]
    assert values["ticket.age"][-1] in "sm" and datetime.fromisoformat(values["ticket.created_at"]).tzinfo
    # The other rule's priority wins where both write one.
    both = line(wen, number, "茶壺，很急")["after"]
    assert [(r["rule"], r["outcome"]) for r in both["rules"] if r["outcome"] != "nearly"] == [
        ("patience", "acted"),
        ("teapot", "acted"),
        ("teapot", "lost"),
    ]
    assert stored(site) == before
    with site.client("lead") as lead:
        assert conforms("get_ticket", lead.get(f"/tickets/{number}"))["priority"] == "normal"


def test_a_line_that_would_not_be_taken_says_why(site: Site, wen: httpx.Client) -> None:
    ticket = site.open_ticket(text="謝謝你們")
    number = ticket["number"]
    rude = 'rule rude on message.received when message.text contains "笨" then reject "請好好說"\n'
    after = line(wen, number, "笨茶壺", rude)["after"]
    assert after["rejected"] == "請好好說" and outcomes(after)["rude"] == "acted" and after["replies"] == []
    # Rules that have no such state: they could not come into force while the ticket is in it.
    files = wen.get("/rules/files").json()["files"]
    text = files["lifecycles/inquiry.yaml"].replace("open", "fresh").replace("category: fresh", "category: open")
    body = {**edit(wen, None, ticket=number), "text": "在嗎", "files": {"lifecycles/inquiry.yaml": text}}
    found = conforms("dry_run_line", wen.post("/rules/dry-run/line", json=body))
    assert found["before"]["refused"] is None
    assert found["after"]["refused"]["code"] == "rules-lack" and ticket["state"] in found["after"]["refused"]["message"]


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
        said = {**body, "text": "謝謝"}
        assert refused("dry_run_line", amy.post("/rules/dry-run/line", json=said), 403)["code"] == "permission-needed"
    refused("dry_run_line", wen.post("/rules/dry-run/line", json={**said, "ticket": 999_999}), 404)
    refused("dry_run_line", wen.post("/rules/dry-run/line", json={**said, "text": ""}), 422)
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
