"""Checks of rules run beside the server: bounded in number and time, ended when nobody waits, and never in its way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.waiting import until
from tests.web.support import Site, copy_rules, running
from tests.web.test_http import conforms, refused
from tests.web.test_rules import GOOD, WRITER, digest, publish

SLOW = """
rule tick "Every minute, for every case"
  stage classify
  on every 1m for each ticket
  when ticket.idle > 1s and ticket.subject != "never"
  then note "still here"
"""
"""With the scenario below: a year of minutes."""
WAITS = "    - {wait: 300d}\n" * 2
YEARS = "".join(f"- name: years {n}\n  steps:\n    - {{message: 你好}}\n{WAITS}" for n in range(40))
HEAVY = {"slow.rules": SLOW, "tests/slow.yaml": YEARS}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    rules = tmp_path / "desk" / "rules"
    copy_rules(rules)
    roles = rules / "roles.yaml"
    roles.write_text(roles.read_text("utf-8") + WRITER, "utf-8")
    return tmp_path


@pytest.fixture
def site(desk: Path) -> Iterator[Site]:
    with running(desk, checks__seconds=4, checks__queue=3) as site:
        site.add_agent("lead", ["lead"], [])
        site.add_agent("wen", ["writer"], [])
        site.add_member("ming", "demo")
        yield site


@pytest.fixture(scope="module")
def typing_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Where somebody types; a question has little time."""
    folder = tmp_path_factory.mktemp("typing")
    rules = folder / "rules"
    copy_rules(rules)
    roles = rules / "roles.yaml"
    roles.write_text(roles.read_text("utf-8") + WRITER, "utf-8")
    with running(folder, rules=rules, checks__answer=4) as site:
        site.add_agent("lead", ["lead"], [])
        site.add_agent("wen", ["writer"], [])
        site.add_member("ming", "demo")
        yield site


def validate(client: httpx.Client, files: dict[str, str | None], base: str) -> httpx.Response:
    body = {"base": base, "files": files, "scenarios": True}
    return client.post("/rules/validate", json=body, timeout=60)


def test_a_check_without_end_is_ended_and_says_where(site: Site) -> None:
    with site.client("wen") as wen:
        began = time.monotonic()
        found = conforms("validate", validate(wen, HEAVY, digest(wen)))["findings"]
        assert time.monotonic() - began < 12
        (finding,) = (one for one in found if one["severity"] == "error")
        assert finding["code"] == "check-too-long" and finding["file"] == "tests/slow.yaml"
        assert "4" in finding["message"] and "checks.seconds" in finding["message"]
        problem = refused("publish_rules", publish(wen, {**HEAVY}), 422)
        assert [one["code"] for one in problem["findings"]] == ["check-too-long"]
        # The next one begins with a new process.
        assert conforms("validate", validate(wen, {"thanks.rules": GOOD}, digest(wen)))["errors"] == 0


def test_others_are_answered_while_checks_run_and_no_more_than_so_many_wait(site: Site) -> None:
    with site.client("wen") as wen, ThreadPoolExecutor(8) as pool:
        base = digest(wen)
        running_ = [pool.submit(validate, wen, {**HEAVY, "n.rules": f"# {n}\n"}, base) for n in range(8)]
        slowest = 0.0
        site.open_ticket(text="你好")
        while not all(one.done() for one in running_):
            began = time.monotonic()
            site.open_ticket(text="有人在嗎")
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.05)
        answers = [one.result() for one in running_]
    assert slowest < 1.5, "a line waits for no check"
    full = [answer for answer in answers if answer.status_code == 429]
    assert len(full) == 5 and all(int(answer.headers["Retry-After"]) >= 1 for answer in full)
    assert full[0].json()["code"] == "checks-full"
    assert sum(answer.status_code == 200 for answer in answers) == 3


def test_a_server_that_stops_waits_for_no_check(desk: Path) -> None:
    with running(desk, checks__seconds=60) as site:
        site.add_agent("wen", ["writer"], [])
        with site.client("wen") as wen:
            base = digest(wen)
            answers: list[Any] = []
            thread = threading.Thread(target=lambda: answers.append(validate(wen, HEAVY, base)))
            thread.start()
            checks = site.server.web.checks
            until(lambda: checks.state()["running"] and checks.state()["process"], "the check runs")
            began = time.monotonic()
            site.run(checks.stop)
            thread.join(10)
            assert time.monotonic() - began < 2
            assert answers[0].status_code == 429 and answers[0].json()["code"] == "check-stopped"


def test_a_start_over_rules_that_cannot_be_checked_leaves_the_last_in_force(desk: Path) -> None:
    with running(desk) as site:
        before = site.desk.rulebook.digest
    for path, text in HEAVY.items():
        target = desk / "desk" / "rules" / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, "utf-8")
    with running(desk, checks__seconds=3) as site:
        site.add_agent("wen", ["writer"], [])
        with site.client("wen") as wen:
            state = conforms("rules", wen.get("/rules"))
            assert state["digest"] == before
            assert [one["code"] for one in state["failed"]["findings"]] == ["check-too-long"]


def test_who_leaves_makes_room(desk: Path) -> None:
    with running(desk, checks__seconds=60) as site:
        site.add_agent("wen", ["writer"], [])
        with site.client("wen") as wen:
            base = digest(wen)
            with pytest.raises(httpx.ReadTimeout):
                wen.post("/rules/validate", json={"base": base, "files": HEAVY, "scenarios": True}, timeout=0.5)
            began = time.monotonic()
            assert conforms("validate", validate(wen, {"thanks.rules": GOOD}, base))["errors"] == 0
            assert time.monotonic() - began < 50, "before the other's time is over"


def test_memory_is_bounded(desk: Path) -> None:
    with running(desk, checks__memory=450_000_000) as site:
        site.add_agent("wen", ["writer"], [])
        with site.client("wen") as wen:
            listed = {f"words/w{n}.txt": "\n".join(f"w{n}x{k}" for k in range(99_000)) for n in range(16)}
            rule = "rule r{n}\n  stage classify\n  on ticket.created\n  when message.text contains any many{n}\n"
            rules = f'words many{{n}} from "words/w{{n}}.txt"\n{rule}  then add tag a{{n}}\n'
            files = {**listed, "w.rules": "".join(rules.format(n=n) for n in range(16))}
            found = conforms("validate", validate(wen, files, digest(wen)))["findings"]
            assert "check-too-long" in [one["code"] for one in found]
            assert conforms("validate", validate(wen, {"thanks.rules": GOOD}, digest(wen)))["errors"] == 0


def many(count: int) -> str:
    """So many rules in one file."""
    rule = 'rule r{n} "Rule {n}"\n  on ticket.created\n  when message.text contains "w{n}" and ticket.tags has x{n}\n'
    return "stage classify\n\n" + "\n".join(rule.format(n=n) + f"  then add tag y{n}\n" for n in range(count))


def test_others_are_answered_while_eight_type_in_two_hundred_rules(typing_site: Site) -> None:
    text, site = many(200), typing_site
    with site.client("wen") as wen, ThreadPoolExecutor(8) as pool:
        base = digest(wen)
        site.open_ticket(text="你好")

        def types(n: int) -> list[httpx.Response]:
            edit = f"{text}\n# {n}\n"
            at = {"base": base, "files": {"many.rules": edit}, "path": "many.rules", "line": 5, "column": 8}
            return [wen.post(f"/rules/{what}", json=at, timeout=60) for what in ("complete", "hover", "references")]

        typing = [pool.submit(types, n) for n in range(8)]
        slowest = 0.0
        while not all(one.done() for one in typing):
            began = time.monotonic()
            site.open_ticket(text="有人在嗎")
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.05)
        answers = [answer for one in typing for answer in one.result()]
    assert {answer.status_code for answer in answers} <= {200, 429}
    assert any(answer.status_code == 200 for answer in answers)
    assert all(answer.json()["code"] == "checks-full" for answer in answers if answer.status_code == 429)
    assert slowest < 1.0, f"a line waited {slowest:.1f} s for somebody who types"


def test_a_question_of_the_editor_has_its_time_and_the_next_one_is_answered(typing_site: Site) -> None:
    with typing_site.client("wen") as wen:
        at = {"base": digest(wen), "path": "many.rules", "line": 5, "column": 8}
        short = "rule {0}{1} on ticket.created then add tag y{1}\n"
        files = {f"{name}.rules": "stage classify\n" + "".join(short.format(name, n) for n in range(15_000))
                 for name in ("many", "more", "most", "yet")}  # fmt: skip
        long = {**at, "files": files}
        began = time.monotonic()
        problem = refused("hover", wen.post("/rules/hover", json=long, timeout=60), 422)
        assert problem["code"] == "check-too-long" and "checks.answer" in problem["detail"]
        assert time.monotonic() - began < 12
        again = wen.post("/rules/complete", json={**at, "files": {"many.rules": many(2)}}, timeout=60)
        assert again.status_code == 200, again.text
