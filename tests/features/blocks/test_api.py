"""The blacklist by HTTP: who is on it now, why, until when, by whom; only of one's own shops."""

from __future__ import annotations

from tests.web.documented import conforms, refused
from tests.web.support import Site

PATH = "/blocks"


def test_who_is_blocked_stands_there_until_the_block_ends(site: Site) -> None:
    with site.client("lead") as lead, site.client("amy") as amy:
        ids = [
            lead.post("/members", json={"name": f"惡客 {n}", "shop": shop}).json()["id"]
            for n, shop in enumerate(("demo", "demo", "other"))
        ]
        for n, member in enumerate(ids):
            assert lead.post(
                f"/members/{member}/block", json={"why": f"廣告 {n}"} | ({"seconds": 60} if n else {})
            ).is_success
        listed = conforms("list_blocks", lead.get(PATH))["items"]
        assert [item["member"]["id"] for item in listed][:3] == ids[::-1]
        first = listed[2]
        assert (first["why"], first["by"], first["blocked_until"], first["shop"]) == ("廣告 0", "Lead", None, "demo")
        assert listed[1]["blocked_until"] is not None
        page = conforms("list_blocks", lead.get(PATH, params={"limit": 1}))
        assert conforms("list_blocks", lead.get(PATH, params={"limit": 1, "cursor": page["next"]}))["items"] == [
            listed[1]
        ]
        refused("list_blocks", lead.get(PATH, params={"cursor": "xx"}), 422)
        refused("list_blocks", amy.get(PATH), 403)  # she may not block, so whom others blocked is no business of hers
        assert lead.delete(f"/members/{ids[0]}/block").is_success
        assert ids[0] not in [item["member"]["id"] for item in lead.get(PATH).json()["items"]]
