"""催單 by the API: what members and colleagues get, bad bodies, forty at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.web.support import Site


def opened(site: Site) -> int:
    with site.client("ming") as ming:
        return int(ming.post("/tickets", json={"subject": "杯子", "text": "請問杯子有裂痕怎麼辦"}).json()["number"])


def test_a_colleague_asks_and_the_member_hears_nothing_of_it(site: Site) -> None:
    number = opened(site)
    with site.client("amy") as amy, site.client("ben") as ben, site.client("ming") as ming:
        amy.post(f"/tickets/{number}/claim")
        ticket = ben.post(f"/tickets/{number}/nudge", json={"note": "她剛剛又打來"}).json()
        assert ticket["nudges"] == 1 and ticket["nudged_at"]
        state = ben.get(f"/tickets/{number}/nudge").json()
        assert (state["count"], state["nudged_at"]) == (1, ticket["nudged_at"]) and state["next_at"] > state[
            "nudged_at"
        ]
        found = ben.get("/tickets", params={"filter": f"ticket.nudges > 0 and ticket.number = {number}"}).json()[
            "items"
        ]
        assert [one["number"] for one in found] == [number]
        again = ben.post(f"/tickets/{number}/nudge", json={})
        assert (again.status_code, again.json()["code"]) == (429, "nudged-already")
        assert 0 < int(again.headers["Retry-After"]) <= 3600
        page = ming.get(f"/tickets/{number}/messages").text + ming.get(f"/tickets/{number}/events").text
        page += ming.get(f"/tickets/{number}").text
        assert "又打來" not in page and "nudge" not in page


def test_who_may_and_with_what(site: Site) -> None:
    number = opened(site)
    with site.client("ming") as ming, site.client("hua") as hua, site.client("amy") as amy:
        early = ming.post(f"/tickets/{number}/nudge", json={})
        assert (early.status_code, early.json()["code"]) == (429, "too-early")
        assert ming.post(f"/tickets/{number}/nudge", json={"note": "快"}).json()["errors"][0]["pointer"] == "/note"
        assert hua.post(f"/tickets/{number}/nudge", json={}).status_code == 404
        assert hua.get(f"/tickets/{number}/nudge").status_code == 404
        amy.post(f"/tickets/{number}/claim")
        assert amy.post(f"/tickets/{number}/nudge", json={}).json()["code"] == "own-ticket"
        for bad in ({"note": "長" * 30_000}, {"note": 5}, {"text": "x"}):
            assert amy.post(f"/tickets/{number}/nudge", json=bad).status_code == 422


def test_of_forty_at_once_one_counts(site: Site) -> None:
    number = opened(site)
    with site.client("ben") as ben, ThreadPoolExecutor(40) as pool:
        done = list(pool.map(lambda _: ben.post(f"/tickets/{number}/nudge", json={}).status_code, range(40)))
        assert sorted(done) == [200] + [429] * 39
        assert ben.get(f"/tickets/{number}").json()["nudges"] == 1
