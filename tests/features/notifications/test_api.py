"""Notifications by HTTP: what rules told an agent, and reading it."""

from __future__ import annotations

import httpx

from engine.store.tables import Notification
from tests.web.documented import conforms, refused
from tests.web.support import Site

PATH = "/notices"


def told(site: Site, username: str, *texts: str) -> list[int]:
    """Notifications of an agent, as a rule leaves them."""
    with site.client(username) as client:
        agent = client.get("/auth/me").json()["user"]["id"]

    def job(tx: object) -> list[int]:
        rows = [{"agent_id": agent, "text": text, "created_at": tx.now} for text in texts]  # type: ignore[attr-defined]
        return [tx.insert(Notification, row) for row in rows]  # type: ignore[attr-defined]

    return list(site.run(lambda: site.desk.context.store.write(job)).result)


def unread(client: httpx.Client) -> set[int]:
    """What the agent has not read."""
    return {item["id"] for item in conforms("list_notices", client.get(PATH))["items"] if not item["read"]}


def test_what_is_told_is_read_one_by_one_or_at_once_and_by_nobody_else(site: Site, amy: httpx.Client) -> None:
    one, two, three = told(site, "amy", "一", "二", "三")
    assert {one, two, three} <= unread(amy)
    assert conforms("read_notices", amy.post(f"{PATH}/read", json={"ids": [one, one, 999_999]})) == {"read": 1}
    with site.client("ben") as ben:
        assert conforms("read_notices", ben.post(f"{PATH}/read", json={"ids": [two]})) == {"read": 0}
        assert not {one, two, three} & {item["id"] for item in ben.get(PATH).json()["items"]}
    assert {two, three} <= unread(amy) and one not in unread(amy)
    assert conforms("read_notices", amy.post(f"{PATH}/read", json={"all": True}))["read"] >= 2
    assert unread(amy) == set()
    assert conforms("read_notices", amy.post(f"{PATH}/read", json={"all": True})) == {"read": 0}


def test_which_are_read_is_said_one_way(amy: httpx.Client) -> None:
    for body in (
        {},
        {"ids": [1], "all": True},
        {"all": False},
        {"ids": ["x"]},
        {"ids": [0]},
        {"ids": list(range(1, 600))},
    ):
        refused("read_notices", amy.post(f"{PATH}/read", json=body), 422)
