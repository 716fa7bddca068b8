"""A store that cannot be written while the desk serves: told plainly, nothing half done, well again by itself."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.web.documented import conforms, refused
from tests.web.support import Site, running

MANY = 1_073_741_823
LONG = "很長的一封信" * 2_000


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A desk of its own: what happens to its store is nobody else's."""
    with running(tmp_path) as site:
        site.add_agent("lead", ["lead"], [])
        yield site


def pages(site: Site, most: int) -> None:
    """How many pages the database may have, on each connection; fewer than it has is a disk that is full."""
    site.run(
        lambda: site.desk.context.store.write(lambda tx: tx.database.pragma("max_page_count", most, permanent=True))
    )


def ready(site: Site) -> httpx.Response:
    return httpx.get(f"{site.url}/readyz")


def letter(client: httpx.Client, n: int) -> httpx.Response:
    body = {"subject": f"信 {n}", "text": LONG, "shop": "demo", "requester": {"name": "客"}}
    return client.post("/tickets", json=body, headers={"Idempotency-Key": f"letter-{n}"})


def test_a_full_disk_is_told_and_gone_when_there_is_room_again(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with site.client("lead") as lead:
        assert conforms("open_ticket", letter(lead, 0))["number"] == 1
        assert conforms("readyz", ready(site))["status"] == "ok"
        pages(site, 1)
        answers = [letter(lead, n) for n in range(1, 40)]
        assert {answer.status_code for answer in answers} <= {201, 503}
        problem = refused("open_ticket", answers[-1], 503)
        assert (problem["code"], answers[-1].headers["Retry-After"]) == ("store-away", "5")
        assert "nothing was changed" in problem["detail"]
        told = ready(site)
        assert told.status_code == 503 and conforms("readyz", told)["checks"] == {"store": "failing", "rules": "ok"}
        assert "full" in told.json()["reason"]
        assert lead.get("/tickets", params={"count": "true"}).json()["count"] == sum(a.is_success for a in answers) + 1
        assert "Traceback" not in caplog.text
        pages(site, MANY)
        assert ready(site).status_code == 200, "by itself"
        again = letter(lead, 39)
        assert again.status_code == 201, again.text
        assert letter(lead, 39).content == again.content, "the key of what was not done is free"


def test_a_store_that_was_never_asked_is_tried(site: Site) -> None:
    """Nobody writes at night: that nothing can be stored is found by asking, not by the first letter."""
    fill(site)
    time.sleep(0.1)
    assert ready(site).status_code == 503


def fill(site: Site) -> None:
    """A full disk on which even what was free inside the database is used up."""

    def take(tx: Any) -> None:
        tx.database.execute_sql("CREATE TABLE filler (x BLOB)")
        free = tx.database.execute_sql("PRAGMA freelist_count").fetchone()[0]
        tx.database.execute_sql("INSERT INTO filler VALUES (zeroblob(?))", (4096 * (free + 2),))

    site.run(lambda: site.desk.context.store.write(take))
    pages(site, 1)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG, errno.ENOENT, errno.EACCES, errno.ESTALE])
def test_files_that_cannot_be_kept_are_told_and_taken_again_by_themselves(
    site: Site, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the folder of uploads has against a file, it is not the file that is wrong."""

    def fails(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    bring = {"file": ("a.bin", b"a file")}
    with site.client("lead") as lead:
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", fails)
            problem = refused("upload", lead.post("/files", files=bring), 503)
            assert problem["code"] == "store-away" and "nothing was changed" in problem["detail"]
        assert lead.post("/files", files=bring).status_code == 201
