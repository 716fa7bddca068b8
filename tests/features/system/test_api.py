"""The state of the system by HTTP: each part says what is so."""

from __future__ import annotations

import shutil

import pytest

from engine.plugins import SetAside
from engine.store import Tx, jobs
from engine.store import tables as t
from tests.web.documented import conforms, refused
from tests.web.support import Site


@pytest.fixture(scope="module")
def keeper(site: Site) -> str:
    """Who keeps the system running, and sees no case."""
    site.add_agent("keeper", ["keeper"], [])
    return "keeper"


def test_each_part_says_what_is_so(site: Site, keeper: str) -> None:
    with site.client(keeper) as client:
        before = conforms("system_state", client.get("/system"))
        assert "chat" in {one["name"] for one in before["channels"]}
        assert before["store"]["ok"] and before["store"]["bytes"] > 0
        assert before["store"]["disk_total"] == shutil.disk_usage(site.folder).total
        assert before["rules"]["digest"] == site.desk.context.book.digest and before["rules"]["failed"] is None

        def trouble(tx: Tx) -> None:
            line = {"channel": "email", "due_at": tx.now + 60_000_000, "created_at": tx.now}
            failed = {"state": "failed", "error": "mail.example refuses: 550", "settled_at": tx.now}
            tx.insert(t.Outbox, {**line, "key": "system-1"})
            tx.insert(t.Outbox, {**line, **failed, "key": "system-2"})
            job_id = jobs.add(tx, "tidy", {})
            tx.update(t.Job, {"state": "failed", "error": "the disk is full"}, id=job_id)

        site.run(lambda: site.desk.context.store.write(trouble))
        site.desk.plugins.set_aside.append(SetAside("channels.broken", "ImportError: no module"))
        client.post("/rules/validate", json={"files": {"a.rules": "rule x on nothing then"}})
        after = conforms("system_state", client.get("/system"))
    (mail,) = [one for one in after["channels"] if one["name"] == "email"]
    assert (mail["waiting"], mail["failed"], mail["error"]) == (1, 1, "mail.example refuses: 550")
    assert mail["since_at"] and mail["last_at"]
    assert after["set_aside"] == [{"name": "channels.broken", "error": "ImportError: no module"}]
    assert after["jobs"]["failed"] == before["jobs"]["failed"] + 1
    assert after["jobs"]["last_failed"][0]["error"] == "the disk is full"
    assert after["checks"]["process"] and not after["checks"]["running"] and after["checks"]["seconds"] > 0


def test_it_is_for_who_keeps_the_system(site: Site) -> None:
    with site.client("amy") as amy:
        refused("system_state", amy.get("/system"), 403)
