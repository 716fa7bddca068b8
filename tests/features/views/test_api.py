"""Saved views by HTTP: own and shared ones beside those everybody has, with counts; a broken filter says so."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from engine.features.views import commands
from engine.features.views.tables import View
from engine.store import queries
from tests.web.documented import conforms, refused
from tests.web.support import Site

PATH = "/views"
GIVEN = ["mine", "unassigned", "waiting", "overdue", "followed", "all"]


def shown(client: httpx.Client) -> list[dict[str, Any]]:
    """The views somebody has."""
    return list(conforms("list_views", client.get(PATH))["items"])


def test_own_views_stand_behind_those_everybody_has_and_count_what_they_show(site: Site, amy: httpx.Client) -> None:
    ticket = site.open_ticket(text="我要退貨", subject="特別的主旨")
    body = {
        "name": "特別的",
        "filter": 'ticket.subject contains "特別的主旨"',
        "sort": "-created_at",
        "columns": ["number"],
    }
    made = amy.post(PATH, json=body)
    view = conforms("add_view", made)
    assert (view["count"], view["shared"], view["broken"], view["columns"]) == (1, False, None, ["number"])
    listed = amy.get("/tickets", params={"filter": view["filter"], "sort": view["sort"]}).json()["items"]
    assert [item["number"] for item in listed] == [ticket["number"]]
    names = [item["name"] for item in shown(amy)]
    assert names[: len(GIVEN)] == GIVEN and "特別的" in names[len(GIVEN) :]
    one = made.headers["Location"].removeprefix("/api/v1")
    with site.client("ben") as ben:
        assert view["id"] not in [item["id"] for item in shown(ben)]
        refused("change_view", ben.patch(one, json={"name": "x"}), 404)
        refused("delete_view", ben.delete(one), 404)
    assert conforms("change_view", amy.patch(one, json={"filter": "ticket.subject = nothing_like_it"}))["count"] == 0
    conforms("delete_view", amy.delete(one))
    refused("delete_view", amy.delete(one), 404)


def test_a_filter_counts_only_what_its_reader_may_see(site: Site, amy: httpx.Client, lead: httpx.Client) -> None:
    site.open_ticket(text="hello", subject="他店的事", shop="other")
    view = conforms(
        "add_view",
        lead.post(PATH, json={"name": "他店", "filter": 'ticket.subject contains "他店的事"', "shared": True}),
    )
    assert (view["count"], view["shared"]) == (1, True)
    seen = next(item for item in shown(amy) if item["id"] == view["id"])
    assert seen["count"] == 0
    refused("change_view", amy.patch(f"{PATH}/{view['id']}", json={"name": "x"}), 403)
    refused("add_view", amy.post(PATH, json={"name": "x", "shared": True}), 403)
    one = f"{PATH}/{view['id']}"
    assert conforms("change_view", lead.patch(one, json={"shop": "demo"}))["shop"] == "demo"
    assert conforms("change_view", lead.patch(one, json={"name": "他店二"}))["shop"] == "demo"
    assert conforms("change_view", lead.patch(one, json={"shop": None}))["shop"] is None, "shared with every shop again"
    conforms("delete_view", lead.delete(f"{PATH}/{view['id']}"))


def test_bad_views_are_named_and_one_whose_filter_lost_its_meaning_says_so(site: Site, amy: httpx.Client) -> None:
    for body, pointer in (
        ({"name": " "}, "/name"),
        ({"name": "x", "filter": "ticket.nothing = 1"}, "/filter"),
        ({"name": "x", "sort": "nothing"}, "/sort"),
        ({"name": "x", "shared": True, "shop": "nowhere"}, "/shop"),
        ({"name": "x", "shop": "nowhere"}, "/shop"),
        ({"name": "x", "filter": "ticket.number / 0 = 1"}, "/filter"),
        ({"name": "x", "filter": "ticket.number > 9223372036854775808"}, "/filter"),
        ({"name": "x" * 61}, "/name"),
    ):
        problem = refused("add_view", amy.post(PATH, json=body), 422)
        assert problem["errors"][0]["pointer"] == pointer, problem
    for name, said in (
        ("vip", "there is no field `vip`; a filter cannot use a `define` of the rules (column 5)"),
        ("ticket.gone", "there is no field `ticket.gone` (column 5)"),
    ):
        told = refused("add_view", amy.post(PATH, json={"name": "x", "filter": f"not {name}"}), 422)
        assert told["errors"][0]["message"] == said
    view = conforms("add_view", amy.post(PATH, json={"name": "壞掉的", "filter": "ticket.priority >= high"}))

    for lost, said in (("ticket.gone = 1", "gone"), ("ticket.number / 0 = 1", "memory")):

        def spoil(tx: Any, lost: str = lost) -> None:
            tx.update(View, {"filter": lost}, id=view["id"])

        site.run(lambda: site.desk.context.store.write(spoil))
        broken = next(item for item in shown(amy) if item["id"] == view["id"])
        assert broken["count"] == 0 and said in broken["broken"]
        assert conforms("change_view", amy.patch(f"{PATH}/{view['id']}", json={"name": "改名"}))["broken"]
    conforms("delete_view", amy.delete(f"{PATH}/{view['id']}"))


def test_counting_ends_when_it_took_its_time(site: Site, amy: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    view = conforms("add_view", amy.post(PATH, json={"name": "慢", "filter": "ticket.number > 0"}))
    monkeypatch.setattr(commands, "SECONDS", 0.0)
    assert next(item for item in shown(amy) if item["id"] == view["id"])["count"] is None
    conforms("delete_view", amy.delete(f"{PATH}/{view['id']}"))


def test_a_view_is_saved_without_running_its_filter(
    site: Site, amy: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writer serves everybody: a slow filter there would hold every line of chat."""
    where: list[str] = []
    tickets = queries.tickets

    def watched(tx: Any, *args: Any, **kwargs: Any) -> Any:
        where.append(threading.current_thread().name)
        return tickets(tx, *args, **kwargs)

    monkeypatch.setattr(queries, "tickets", watched)
    view = conforms("add_view", amy.post(PATH, json={"name": "急件", "filter": "ticket.number > 0"}))
    conforms("change_view", amy.patch(f"{PATH}/{view['id']}", json={"filter": "ticket.number > 1"}))
    conforms("delete_view", amy.delete(f"{PATH}/{view['id']}"))
    assert len(where) == 2 and all(name.startswith("store-reader") for name in where), where


def test_members_have_the_one_view_of_their_cases(site: Site) -> None:
    with site.client("ming") as member:
        assert [item["name"] for item in shown(member)] == ["all"]
        refused("add_view", member.post(PATH, json={"name": "x"}), 403)
