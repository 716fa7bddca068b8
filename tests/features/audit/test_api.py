"""The list of acts by HTTP: failed sign-ins and what agents did, from where; nothing of members."""

from __future__ import annotations

import httpx
import pytest

from tests.web.documented import conforms, refused
from tests.web.support import PASSWORD, Site


@pytest.fixture(scope="module")
def keeper(site: Site) -> str:
    """Who may read the log of acts, and sees no case."""
    site.add_agent("keeper", ["keeper"], [])
    return "keeper"


def test_who_tried_in_vain_and_who_did_what_from_where(site: Site, keeper: str) -> None:
    with site.client(**{"User-Agent": "guesser/1.0"}) as nobody:
        for name in ("ben", "ming", "no-such-account"):
            nobody.post("/auth/login", json={"username": name, "password": "wrong"})
    with site.client("amy", **{"User-Agent": "amy/7"}) as amy:
        assert amy.post("/me/status", json={"status": "busy"}).is_success
    with site.client(keeper) as client:
        page = conforms("audit_log", client.get("/audit", params={"people": True}))
        failed = conforms("audit_log", client.get("/audit", params={"kind": "session.refused"}))
        first = conforms("audit_log", client.get("/audit", params={"limit": 1}))
        second = conforms("audit_log", client.get("/audit", params={"limit": 1, "cursor": first["next"]}))
    assert all(one["actor"]["kind"] == "agent" or one["kind"] == "session.refused" for one in page["items"])
    tried = [one for one in failed["items"] if one["device"] == "guesser/1.0"]
    assert [one["account"] for one in tried] == [None, None, "ben"], "a member's account is nothing for this list"
    assert {one["kind"] for one in failed["items"]} == {"session.refused"}
    assert all(one["address"] == "127.0.0.1" and one["actor"]["username"] is None for one in tried)
    (act,) = [one for one in page["items"] if one["device"] == "amy/7" and one["kind"] == "agent.status_changed"]
    assert (act["actor"]["username"], act["actor"]["name"], act["address"]) == ("amy", "Amy", "127.0.0.1")
    assert second["items"][0]["seq"] < first["items"][0]["seq"]


def test_it_is_for_who_may_read_the_log(site: Site) -> None:
    with site.client("amy") as amy:
        refused("audit_log", amy.get("/audit"), 403)
    assert httpx.post(f"{site.url}/api/v1/auth/login", json={"username": "amy", "password": PASSWORD}).is_success
