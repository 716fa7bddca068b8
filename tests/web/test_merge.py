"""Merge, unmerge and split by the API: where lines go, who sees what, chains, circles, forty at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.features.batches.test_batches import batch, state, worked
from tests.web.support import Site


def opened(client: httpx.Client, text: str = "請問杯子有裂痕怎麼辦", **body: Any) -> int:
    answer = client.post("/tickets", json={"subject": text[:20], "text": text, **body})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["number"])


def merge(client: httpx.Client, number: int, into: int, **body: Any) -> httpx.Response:
    return client.post(f"/tickets/{number}/merge", json={"into": into, **body})


def texts(client: httpx.Client, number: int) -> list[tuple[int, str]]:
    answer = client.get(f"/tickets/{number}/messages")
    assert answer.status_code == 200, answer.text
    return [(line["ticket"], line["text"]) for line in answer.json()["items"]]


def ticket(client: httpx.Client, number: int) -> dict[str, Any]:
    return dict(client.get(f"/tickets/{number}").json())


def test_a_merged_case_keeps_its_lines_and_goes_on_in_the_other(site: Site) -> None:
    with site.client("ming") as ming, site.client("amy") as amy:
        a, b, c = (opened(ming, text) for text in ("第一件", "第二件", "第三件"))
        done = merge(amy, a, b, note="同一個包裹")
        assert done.status_code == 200, done.text
        gone = done.json()
        assert (gone["category"], gone["merged"], gone["merged_into"]) == ("closed", True, b)
        assert {clock["status"] for clock in gone["sla"]} == {"dropped"}
        assert texts(amy, b) == [(a, "第一件"), (b, "第二件"), (b, "同一個包裹")]
        assert texts(ming, b) == [(a, "第一件"), (b, "第二件")]
        assert texts(amy, a) == [(a, "第一件")]
        assert ticket(amy, b)["took_in"] == [{"number": a, "subject": "第一件", "member": None}]
        # a chain: what comes late for the first lands on the last
        assert merge(amy, b, c).status_code == 200
        assert ticket(amy, a)["merged_into"] == c == ticket(ming, a)["merged_into"]
        late = ming.post(f"/tickets/{a}/messages", json={"text": "還在嗎"}).json()
        assert late["ticket"] == c
        assert texts(amy, c)[-1] == (c, "還在嗎")
        assert [number for number, _ in texts(ming, c)] == [a, b, c, c]
        for path, body in (
            ("messages", {"text": "好"}),
            ("messages", {"text": "記一下", "visibility": "internal"}),
            ("transitions", {"trigger": "reopen"}),
            ("transfer", {"team": "front"}),
            ("claim", None),
            ("merge", {"into": b}),
        ):
            refused = amy.post(f"/tickets/{a}/{path}", json=body)
            assert (refused.status_code, refused.json()["code"]) == (409, "merged"), (path, refused.text)
            assert refused.json()["into"] == c
        # a circle, itself, what is not there, a closed one
        assert merge(amy, c, a).json()["code"] == "same-ticket"
        assert merge(amy, c, c).json()["code"] == "same-ticket"
        assert merge(amy, c, 999_999).status_code == 404
        assert amy.post(f"/tickets/{c}/unmerge").json()["code"] == "not-merged"
        assert a not in [
            one["number"] for one in ming.get("/tickets", params={"filter": "ticket.category = open"}).json()["items"]
        ]
        found = amy.get("/tickets", params={"q": str(a)}).json()["items"]
        assert [(one["number"], one["merged_into"]) for one in found] == [(a, c)]
        history = [one["kind"] for one in amy.get(f"/tickets/{c}/history").json()["items"]]
        assert "ticket.took_in" in history
        assert amy.get(f"/tickets/{a}/trace").status_code == 200


def test_undone_it_is_as_it_was_and_what_came_since_stays(site: Site) -> None:
    with site.client("ming") as ming, site.client("amy") as amy:
        a, b = opened(ming, "甲"), opened(ming, "乙")
        amy.post(f"/tickets/{a}/claim")
        before = ticket(amy, a)
        merge(amy, a, b)
        ming.post(f"/tickets/{a}/messages", json={"text": "後來的"})
        back = amy.post(f"/tickets/{a}/unmerge").json()
        same = ("state", "category", "closed_at", "assignee", "team", "merged_into", "first_replied_at")
        assert {name: back[name] for name in same} == {name: before[name] for name in same}
        assert [(one["target"], one["status"]) for one in back["sla"]] == [
            (one["target"], one["status"]) for one in before["sla"]
        ]
        assert texts(amy, a) == [(a, "甲")] and texts(amy, b) == [(b, "乙"), (b, "後來的")]
        assert amy.post(f"/tickets/{a}/messages", json={"text": "好"}).status_code == 201
        assert merge(amy, a, b).status_code == 200, "and merged again"
        assert amy.post(f"/tickets/{a}/unmerge").json()["state"] == "answered"


def test_two_members_keep_their_own_door(site: Site) -> None:
    with site.client("ming") as ming, site.client("hua") as hua, site.client("amy") as amy, site.client("olga") as olga:
        a, b = opened(hua, "花的事"), opened(ming, "明的事")
        asked = merge(amy, a, b)
        assert (asked.status_code, asked.json()["code"]) == (409, "two-members")
        assert merge(amy, a, b, confirm=True).status_code == 200
        amy.post(f"/tickets/{b}/messages", json={"text": "回覆明"})
        line = hua.post(f"/tickets/{a}/messages", json={"text": "花又寫了"})
        assert (line.status_code, line.json()["ticket"]) == (201, a)
        # staff see all in one place, each member only what is theirs
        assert texts(amy, b) == [(a, "花的事"), (b, "明的事"), (b, "回覆明"), (a, "花又寫了")]
        assert texts(hua, a) == [(a, "花的事"), (a, "花又寫了")]
        assert texts(ming, b) == [(b, "明的事"), (b, "回覆明")]
        door = ticket(hua, a)
        assert (door["merged"], door["merged_into"]) == (True, None)
        assert hua.get(f"/tickets/{b}").status_code == 404 and hua.get(f"/tickets/{b}/messages").status_code == 404
        for client, number, words in ((hua, a, "明"), (ming, b, "花")):
            for path in ("", "/messages", "/events"):
                assert words not in client.get(f"/tickets/{number}{path}").text
        assert f'"{b}"' not in hua.get(f"/tickets/{a}/events").text
        refused = hua.post(f"/tickets/{a}/rating", json={"score": 5})
        assert refused.status_code == 409 and str(b) not in refused.json()["detail"] + str(
            refused.json().get("details")
        )
        waiting = ticket(amy, b)
        assert waiting["category"] == "open" and waiting["state"] == "open", "her line reopens the work"
        assert "ticket.line_came" in [one["kind"] for one in amy.get(f"/tickets/{b}/history").json()["items"]]
        # members merge nothing, another shop sees nothing
        assert merge(ming, b, a).status_code == 404 and merge(ming, b, b).status_code == 403
        assert merge(olga, b, a).status_code == 404
        other = site.open_ticket(shop="other")["number"]
        with site.client("lead") as lead:
            assert merge(lead, b, other, confirm=True).json()["code"] == "other-shop"
        assert merge(amy, b, other).status_code == 404
        amy.post(f"/tickets/{a}/unmerge")
        assert texts(amy, a) == [(a, "花的事"), (a, "花又寫了")] and ticket(hua, a)["category"] == "open"


def test_forty_at_once_make_one_of_two_and_lose_no_line(site: Site) -> None:
    with site.client("ming") as ming, site.client("amy") as amy, ThreadPoolExecutor(40) as pool:
        a, b = opened(ming, "左"), opened(ming, "右")

        def one(n: int) -> int:
            if n % 4 == 3:
                return ming.post(f"/tickets/{a}/messages", json={"text": f"行{n}"}).status_code
            pair = (a, b) if n % 2 else (b, a)
            return merge(amy, *pair).status_code

        done = list(pool.map(one, range(40)))
        assert done.count(200) == 1 and done.count(201) == 10, done
        ends = {ticket(amy, number)["merged_into"] for number in (a, b)}
        assert ends in ({a, None}, {b, None})
        (end,) = ends - {None}
        assert len(texts(amy, end)) == 12 == len(texts(ming, end))


def test_lines_that_are_split_off_are_moved(site: Site) -> None:
    with site.client("ming") as ming, site.client("amy") as amy, site.client("hua") as hua:
        a = opened(ming, "杯子破了")
        amy.post(f"/tickets/{a}/messages", json={"text": "我們換一個"})
        second = ming.post(f"/tickets/{a}/messages", json={"text": "另外發票呢"}).json()
        other = opened(hua, "別人的")
        others = amy.get(f"/tickets/{other}/messages").json()["items"][0]["id"]
        everything = [line["id"] for line in amy.get(f"/tickets/{a}/messages").json()["items"]]

        def split(ids: Any, client: httpx.Client = amy, **body: Any) -> httpx.Response:
            return client.post(f"/tickets/{a}/split", json={"messages": ids, "subject": "發票", **body})

        for ids, code in (
            (everything, "all-lines"),
            ([others], "unknown-line"),
            ([second["id"], 10**12], "unknown-line"),
        ):
            assert split(ids).json()["code"] == code
        for bad in ([], ["x"], [0], list(range(1, 600)), None):
            assert split(bad).status_code == 422
        assert split([second["id"]], kind="chat").json()["code"] == "live-kind"
        assert split([second["id"]], kind="nothing").status_code == 422
        assert split([second["id"]], ming).status_code == 403 and split([second["id"]], hua).status_code == 404
        done = split([second["id"]])
        assert done.status_code == 201, done.text
        new = done.json()
        assert (new["subject"], new["created_at"], new["category"]) == ("發票", second["created_at"], "open")
        assert new["last_line"]["text"] == "另外發票呢" and ticket(amy, a)["last_line"]["text"] == "我們換一個"
        assert texts(ming, new["number"]) == [(new["number"], "另外發票呢")]
        assert texts(amy, a) == [(a, "杯子破了"), (a, "我們換一個")]
        waits = "ticket.waiting_for is set"
        found = [one["number"] for one in amy.get("/tickets", params={"filter": waits, "limit": 200}).json()["items"]]
        assert new["number"] in found and a not in found, "what is awaited went along"
        (link,) = ticket(amy, a)["links"]
        assert (link["number"], link["link"], link["by_hand"]) == (new["number"], "split", False)
        for number in (a, new["number"]):
            assert "ticket.split" in [one["kind"] for one in amy.get(f"/tickets/{number}/history").json()["items"]]
        assert merge(amy, new["number"], a).status_code == 200, "and that is how it is undone"
        assert len(texts(ming, a)) == 3


def test_links_and_the_same_trouble_again(site: Site) -> None:
    with site.client("ming") as ming, site.client("amy") as amy, site.client("hua") as hua:
        a = opened(ming, "訂單的事", order_no="A-77")
        b = opened(ming, "又是訂單的事", order_no="A-77")
        c = opened(hua, "幫他問", order_no="A-77")
        told = amy.get(f"/tickets/{b}/repeats").json()["items"]
        why = {one["number"]: one["why"] for one in told}
        assert why[a] == ["member", "order", "type"] and why[c] == ["order", "type"]
        assert amy.delete(f"/tickets/{b}/repeats").status_code == 200
        assert amy.get(f"/tickets/{b}/repeats").json()["items"] == [], "said once, remembered"
        assert b not in [one["number"] for one in amy.get(f"/tickets/{a}/repeats").json()["items"]]
        for client in (ming, hua):
            assert client.get(f"/tickets/{b}/repeats").status_code in (403, 404)

        def link(number: int, to: int, kind: str, client: httpx.Client = amy) -> httpx.Response:
            return client.post(f"/tickets/{number}/links", json={"to": to, "kind": kind})

        assert link(a, b, "parent").status_code == 200
        assert len(link(b, a, "child").json()["items"]) == 1, "the same said from the other side"
        assert link(b, c, "parent").status_code == 200
        assert link(c, a, "parent").json()["code"] == "link-circle"
        assert link(a, a, "related").json()["code"] == "same-ticket"
        assert link(a, 999_999, "related").status_code == 404 and link(a, b, "friend").status_code == 422
        assert link(a, b, "related", ming).status_code == 403
        (below,) = amy.get(f"/tickets/{a}/links").json()["items"]
        assert (below["number"], below["link"], below["origin"], below["by_hand"]) == (b, "parent", False, True)
        assert amy.delete(f"/tickets/{c}/links/{below['id']}").status_code == 404, "a link of others"
        assert amy.delete(f"/tickets/{b}/links/{below['id']}").status_code == 204
        assert amy.get(f"/tickets/{a}/links").json()["items"] == []
        assert amy.delete(f"/tickets/{b}/links/{below['id']}").status_code == 404
        kinds = [one["kind"] for one in amy.get(f"/tickets/{a}/events").json()["items"]]
        assert "ticket.linked" in kinds and "ticket.unlinked" in kinds


def test_nothing_of_the_other_one_is_pushed_to_a_member(site: Site) -> None:
    with site.client("ming") as ming, site.client("hua") as hua, site.client("amy") as amy:
        a, b = opened(hua, "花推"), opened(ming, "明推")
        with site.chat(token=site.token("ming")) as his, site.chat(token=site.token("hua")) as hers:
            with site.agent("ben") as staff:
                merge(amy, a, b, confirm=True, note="同事才看")
                hua.post(f"/tickets/{a}/messages", json={"text": "花的新行"})
                amy.post(f"/tickets/{b}/messages", json={"text": "明的回覆"})
                amy.post(f"/tickets/{a}/unmerge")
                seen = str(staff.until_quiet())
                assert "花的新行" in seen and "明的回覆" in seen
            to_him, to_her = str(his.until_quiet()), str(hers.until_quiet())
        assert "花" not in to_him and "同事才看" not in to_him and f"'ticket': {a}" not in to_him
        assert "明" not in to_her and "同事才看" not in to_her and f"'ticket': {b}" not in to_her


def test_many_at_once_and_the_reasons_of_a_merged_one(site: Site) -> None:
    with site.client("ming") as ming, site.client("lead") as lead:
        a, b = opened(ming, "批次一", order_no="BB-1"), opened(ming, "批次二")
        merge(lead, a, b)
        made = batch(lead, {"priority": "high"}, numbers=[a, b])
        worked(site)
        assert [(one["number"], one["code"]) for one in state(lead, made)["failed"]] == [(a, "merged")]
        found = lead.get("/search", params={"q": "批次一"})
        assert found.status_code == 200 and str(a) in found.text
        assert lead.get(f"/tickets/{a}/trace").status_code == 200
        assert lead.get(f"/tickets/{a}/transitions").json()["items"] == []
        for bad in ({}, {"into": "x"}, {"into": 0}, {"into": b, "note": "長" * 30_000}, {"into": b, "more": 1}):
            assert lead.post(f"/tickets/{a}/merge", json=bad).status_code == 422
