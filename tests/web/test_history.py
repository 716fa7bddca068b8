"""What people and rules did with a case, one line each: who did it, what was before, and nothing for its member."""

from __future__ import annotations

from typing import Any

import httpx

from tests.web.support import Site


def opened(site: Site) -> int:
    with site.client("ming") as ming:
        return int(ming.post("/tickets", json={"subject": "杯子", "text": "請問杯子有裂痕怎麼辦"}).json()["number"])


def lines(client: httpx.Client, number: int, **query: Any) -> list[dict[str, Any]]:
    return list(client.get(f"/tickets/{number}/history", params=query).json()["items"])


def test_people_and_rules_stand_by_what_they_did(site: Site) -> None:
    number = opened(site)
    with site.client("amy") as amy, site.client("ben") as ben:
        amy.post(f"/tickets/{number}/claim")
        amy.patch(f"/tickets/{number}", json={"priority": "high", "tags": ["vip"]})
        amy.post(f"/tickets/{number}/transfer", json={"agent": "ben", "note": "要換貨"})
        ben.patch(f"/tickets/{number}", json={"order_no": "A1"})
        found = lines(ben, number)
        said = [(one["kind"], (one["actor"] or {}).get("name"), one["rule"] and one["rule"]["id"]) for one in found]
        assert said[0] == ("ticket.changed", "Ben", None)
        assert found[0]["changes"] == [{"field": "order_no", "old": None, "new": "A1"}]
        assert said[1] == ("ticket.transferred", "Amy", None) and found[1]["body"]["to"][1] == "ben"
        change = next(one for one in found if {c["field"] for c in one["changes"]} == {"priority", "tags"})
        assert {c["field"]: (c["old"], c["new"]) for c in change["changes"]} == {
            "priority": ("normal", "high"),
            "tags": ([], ["vip"]),
        }
        assert [one["kind"] for one in found].count("ticket.claimed") == 1
        assert not [one for one in found if one["kind"] == "ticket.assigned" and one["rule"] is None]
        assert found[-1]["kind"] == "ticket.created"
        by_rule = [one for one in found if one["rule"]]
        assert by_rule and all(one["rule"]["file"].endswith(".rules") and one["rule"]["line"] for one in by_rule)


def test_it_is_read_page_by_page_and_each_line_once(site: Site) -> None:
    number = opened(site)
    with site.client("amy") as amy:
        for n in range(9):
            amy.patch(f"/tickets/{number}", json={"order_no": f"A{n}"})
        whole = lines(amy, number)
        pages, cursor = [], None
        while True:
            page = amy.get(
                f"/tickets/{number}/history", params={"limit": 4, **({"cursor": cursor} if cursor else {})}
            ).json()
            pages += page["items"]
            if (cursor := page["next"]) is None:
                break
        assert pages == whole
        assert amy.get(f"/tickets/{number}/history", params={"cursor": "x"}).status_code == 422


def test_it_is_for_staff_that_sees_the_case(site: Site) -> None:
    number = opened(site)
    for name in ("ming", "hua"):
        with site.client(name) as member:
            assert member.get(f"/tickets/{number}/history").status_code == 404
    with site.client("amy") as amy:
        assert amy.get("/tickets/999999/history").status_code == 404
