"""Every door by which rules come into force: rights stay where they are, and what was cut off is finished once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.core.building import digest_of
from engine.folder import read_folder
from tests.web.support import Site, copy_rules, running
from tests.web.test_http import conforms, refused
from tests.web.test_rules import GOOD, WRITER, digest, on_disk, publish

GIVES = "agent: {permissions: [roles.grant, agents.manage, "
KEY = {"Idempotency-Key": "publish-1"}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    rules = tmp_path / "desk" / "rules"
    copy_rules(rules)
    roles = rules / "roles.yaml"
    roles.write_text(roles.read_text("utf-8") + WRITER, "utf-8")
    return tmp_path


@pytest.fixture
def site(desk: Path) -> Iterator[Site]:
    with running(desk) as site:
        people(site)
        yield site


def people(site: Site) -> None:
    site.add_agent("wen", ["writer"], [])
    site.add_agent("boss", ["owner"], [])


def given(text: str) -> str:
    """A roles.yaml in which every agent may do anything."""
    changed = text.replace("agent: {permissions: [", GIVES)
    assert changed != text
    return changed


def _publish_something_else(site: Site, wen: httpx.Client) -> httpx.Response:
    return publish(wen, {"thanks.rules": GOOD}, digest_of(read_folder(site.folder / "rules")[0]))


def _publish_roles(site: Site, wen: httpx.Client) -> httpx.Response:
    files = on_disk(site)
    return publish(wen, {"roles.yaml": files["roles.yaml"]}, digest_of(read_folder(site.folder / "rules")[0]))


def _reload(site: Site, wen: httpx.Client) -> httpx.Response:
    return wen.post("/rules/reload", json={})


DOORS: dict[str, Callable[[Site, httpx.Client], httpx.Response]] = {
    "publish something else": _publish_something_else,
    "publish roles": _publish_roles,
    "reload": _reload,
}


@pytest.mark.parametrize("door", DOORS)
def test_roles_changed_on_disk_do_not_come_into_force_by_an_editor(site: Site, door: str) -> None:
    roles = site.folder / "rules" / "roles.yaml"
    with site.client("wen") as wen, site.client("boss") as boss:
        before = digest(wen)
        roles.write_text(given(roles.read_text("utf-8")), "utf-8")
        answer = DOORS[door](site, wen)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission-needed")
        assert digest(wen) == before and not (site.folder / "rules" / "thanks.rules").exists()
        assert GIVES in roles.read_text("utf-8"), "what stands on the disk is not undone"
        assert DOORS[door](site, boss).status_code in (200, 403)


def test_roles_under_another_name_are_roles(site: Site) -> None:
    roles = on_disk(site)["roles.yaml"]
    with site.client("wen") as wen:
        problem = refused("publish_rules", publish(wen, {"roles.yaml": None, "roles.yml": given(roles)}), 403)
        assert problem["code"] == "permission-needed"


def test_going_back_to_a_book_with_other_rights_needs_the_right(site: Site) -> None:
    roles = on_disk(site)["roles.yaml"]
    with site.client("wen") as wen, site.client("boss") as boss:
        generous = conforms("publish_rules", publish(boss, {"roles.yaml": given(roles)}))["digest"]
        conforms("publish_rules", publish(boss, {"roles.yaml": roles}))
        now = digest(wen)
        body = {"base": now, "digest": generous}
        assert refused("rollback_rules", wen.post("/rules/rollback", json=body), 403)["code"] == "permission-needed"
        assert digest(wen) == now and on_disk(site)["roles.yaml"] == roles


def test_words_about_roles_are_no_rights(site: Site) -> None:
    roles = on_disk(site)["roles.yaml"]
    with site.client("wen") as wen:
        conforms("publish_rules", publish(wen, {"roles.yaml": f"# for the shop\n{roles}"}))


# --- cut off --------------------------------------------------------------------------------------------------------

CUT = """
import asyncio, os, sys
from pathlib import Path
from engine import publishing
from engine.config import load
from engine.desk import Desk
from engine.reload import reload_now

async def main(folder, base, where, note, text):
    desk = await Desk.open(load(folder, None, {"rules.watch": False}))
    await reload_now(desk, by="start", source="start", may_grant=True)
    real = publishing._put
    async def activated(*_, **__):
        os._exit(9)
    def put(*arguments):
        real(*arguments)
        os._exit(9)
    if where == "between":
        desk.activate = activated
    else:
        publishing._put = put
    files = {"thanks.rules": text, "more.rules": text.replace("thanks", "more").replace("add tag", "add tag also,")}
    await publishing.publish(desk, publishing.Edit(base, files, "wen", note, "publish"))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("where", ["between", "half-written"])
def test_a_publication_killed_before_it_was_in_force_is_finished_under_its_authors_name(desk: Path, where: str) -> None:
    with running(desk) as site:
        people(site)
        base = site.desk.rulebook.digest
    cut = subprocess.run(
        [sys.executable, "-c", CUT, str(desk / "desk"), base, where, "為了感謝", GOOD], capture_output=True, check=False
    )
    assert cut.returncode == 9, cut.stderr.decode()
    files = {"thanks.rules": GOOD, "more.rules": GOOD.replace("thanks", "more").replace("add tag", "add tag also,")}
    with running(desk) as site, site.client("wen") as wen:
        newest, before, *_ = conforms("rules_versions", wen.get("/rules/versions"))["items"]
        assert (newest["by"], newest["note"], newest["source"]) == ("wen", "為了感謝", "publish")
        assert before["digest"] == base and {c["path"] for c in newest["changes"]} == set(files)
        count = len(conforms("rules_versions", wen.get("/rules/versions"))["items"])
        body = {"base": base, "files": files, "note": "為了感謝"}
        answers = [conforms("publish_rules", wen.post("/rules/publish", json=body, headers=KEY)) for _ in range(2)]
        assert answers[0] == answers[1] and answers[0]["changed"] and answers[0]["digest"] == newest["digest"]
        assert {c["path"] for c in answers[0]["changes"]} == set(files)
        assert len(conforms("rules_versions", wen.get("/rules/versions"))["items"]) == count


def test_a_publication_cut_off_is_not_finished_over_what_somebody_wrote(desk: Path) -> None:
    with running(desk) as site:
        people(site)
        base = site.desk.rulebook.digest
    arguments = [str(desk / "desk"), base, "between", "", GOOD]
    assert subprocess.run([sys.executable, "-c", CUT, *arguments], check=False).returncode == 9
    (desk / "desk" / "rules" / "thanks.rules").write_text(GOOD.replace("謝謝", "多謝"), "utf-8")
    with running(desk) as site:
        assert "多謝" in on_disk(site)["thanks.rules"]
        state: Any = site.desk.rulebook
        assert "多謝" in state.files["thanks.rules"], "the folder is the truth"


def test_two_copies_of_a_publication_at_once_are_one(site: Site) -> None:
    with site.client("wen") as wen:
        base = digest(wen)
        body = {"base": base, "files": {"thanks.rules": GOOD}, "note": "once"}

        def send(_: int) -> httpx.Response:
            return wen.post("/rules/publish", json=body, headers=KEY)

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(send, range(4)))
        assert [answer.status_code for answer in answers] == [200] * 4
        assert len({answer.text for answer in answers}) == 1
        versions = conforms("rules_versions", wen.get("/rules/versions"))["items"]
        assert [version["note"] for version in versions].count("once") == 1
