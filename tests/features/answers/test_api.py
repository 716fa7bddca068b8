"""The auto-reply library by HTTP: entries, question types, trying a line, clicks, suggestions."""

from __future__ import annotations

from typing import Any

import httpx

from engine.core.entities import DAY, Actor
from engine.features.answers import store as answers
from engine.features.answers.commands import ClickAnswer
from engine.features.answers.tables import AnswerClick
from engine.store import Tx
from engine.store.tables import Counter
from tests.web.documented import conforms, refused
from tests.web.support import Site

BODY = {"titles": {"zh-TW": "多久到貨？"}, "texts": {"zh-TW": "三天內"}, "keywords": ["到貨"], "shop": "demo"}


def made(lead: httpx.Client, **values: Any) -> dict[str, Any]:
    """A new entry."""
    return dict(conforms("add_answer", lead.post("/answers", json={**BODY, **values})))


def test_the_auto_reply_library(site: Site, amy: httpx.Client, lead: httpx.Client) -> None:
    body = {"titles": {"zh-TW": "多久到貨？"}, "texts": {"zh-TW": "三天內"}, "keywords": ["到貨"], "shop": "demo"}
    made = lead.post("/answers", json=body)
    answer = conforms("add_answer", made)
    one = made.headers["Location"].removeprefix("/api/v1")
    assert (answer["titles"], answer["enabled"]) == (body["titles"], True)
    assert conforms("change_answer", lead.patch(one, json={"position": 3}))["keywords"] == ["到貨"]
    shown = conforms("list_answers", amy.get("/answers", params={"shop": "demo", "text": "何時到貨"}))
    assert [item["id"] for item in shown["items"]] == [answer["id"]]
    assert conforms("list_answers", amy.get("/answers", params={"text": "貓"}))["items"] == []
    conforms("change_answer", lead.patch(one, json={"enabled": False}))
    assert conforms("list_answers", amy.get("/answers", params={"text": "何時到貨"}))["items"] == [], "not in use"
    assert answer["id"] in [item["id"] for item in conforms("list_answers", amy.get("/answers"))["items"]]
    refused("add_answer", amy.post("/answers", json=body), 403)
    refused("add_answer", lead.post("/answers", json={**body, "texts": {"xx": "?"}}), 422)
    refused("add_answer", lead.post("/answers", json={**body, "shop": "nowhere"}), 422)
    refused("change_answer", lead.patch(one, json={"titles": {"en": " "}}), 422)
    conforms("delete_answer", lead.delete(one))
    refused("delete_answer", lead.delete(one), 404)


def test_the_library_is_listed_by_pages_narrowed_and_sorted(site: Site, amy: httpx.Client, lead: httpx.Client) -> None:
    word = "翻頁測試"
    conforms("save_answer_type", lead.put("/answers/types/pages", json={"label": {"zh-TW": "翻頁"}}))
    own = [
        made(lead, titles={"zh-TW": f"{word} {n}"}, position=9 - n, type="pages" if n % 2 else None) for n in range(5)
    ]
    every = made(lead, titles={"zh-TW": f"{word} 全部"}, texts={"en": "all shops"}, shop="", position=50)
    off = made(lead, titles={"zh-TW": f"{word} 停用"}, enabled=False, position=60)

    def ids(**query: Any) -> list[int]:
        """What all pages of two have."""
        found: list[int] = []
        going: dict[str, Any] = {"q": word, "limit": 2, **query}
        while True:
            page = conforms("list_answers", amy.get("/answers", params=going))
            assert len(page["items"]) <= 2
            found += [item["id"] for item in page["items"]]
            if page["next"] is None:
                assert page["count"] == len(found) == len(set(found))
                return found
            going["cursor"] = page["next"]

    in_order = [one["id"] for one in reversed(own)]
    assert ids() == [*in_order, every["id"], off["id"]]
    assert ids(sort="-created_at") == [off["id"], every["id"], *in_order]
    assert ids(of="demo") == [*in_order, off["id"]] and ids(of="") == [every["id"]]
    assert ids(type="pages") == [own[3]["id"], own[1]["id"]] and own[1]["id"] not in ids(type="")
    assert ids(language="en") == [every["id"]] and ids(enabled="false") == [off["id"]]
    assert ids(q="翻页测试 停用") == [off["id"]], "in simplified characters too"
    conforms("change_answer", lead.patch(f"/answers/{own[0]['id']}", json={"position": 0}))
    assert ids(sort="-updated_at")[0] == ids()[0] == own[0]["id"], "what was changed is listed as it is now"
    assert conforms("show_answer", amy.get(f"/answers/{every['id']}"))["texts"] == {"en": "all shops"}
    refused("show_answer", amy.get("/answers/999999"), 404)
    refused("list_answers", amy.get("/answers", params={"cursor": "x"}), 422)
    refused("list_answers", amy.get("/answers", params={"sort": "text"}), 422)
    with site.client("olga") as olga:
        refused("show_answer", olga.get(f"/answers/{own[0]['id']}"), 404)
        assert [item["id"] for item in olga.get("/answers", params={"q": word}).json()["items"]] == [every["id"]]
    conforms("delete_answers", lead.post("/answers/delete", json={"ids": [*in_order, every["id"], off["id"]]}))
    conforms("delete_answer_type", lead.delete("/answers/types/pages"))


def test_entries_go_together_or_not_at_all(site: Site, lead: httpx.Client) -> None:
    ids = [made(lead, titles={"zh-TW": f"第 {n} 題"})["id"] for n in range(3)]
    refused("delete_answers", lead.post("/answers/delete", json={"ids": [*ids, 999_999]}), 404)
    there = {item["id"] for item in lead.get("/answers").json()["items"]}
    assert set(ids) <= there, "one that is not there holds all of them"
    with site.client("amy") as amy:
        refused("delete_answers", amy.post("/answers/delete", json={"ids": ids}), 403)
    assert conforms("delete_answers", lead.post("/answers/delete", json={"ids": [*ids, ids[0]]})) == {"deleted": 3}
    refused("delete_answers", lead.post("/answers/delete", json={"ids": []}), 422)
    refused("delete_answers", lead.post("/answers/delete", json={"ids": ids}), 404)


def test_question_types_are_made_renamed_and_taken_out_when_nothing_has_them(
    amy: httpx.Client, lead: httpx.Client
) -> None:
    path = "/answers/types/配送 問題"
    first = conforms("save_answer_type", lead.put(path, json={"label": {"zh-TW": "配送"}}))
    assert first == {"name": "配送 問題", "label": {"zh-TW": "配送"}, "answers": 0}
    assert conforms("save_answer_type", lead.put(path, json={"label": {"zh-TW": "運送", "en": "Delivery"}}))[
        "label"
    ] == {
        "zh-TW": "運送",
        "en": "Delivery",
    }
    entry = made(lead, type="配送 問題")
    assert entry["type"] == "配送 問題"
    listed = conforms("list_answer_types", amy.get("/answers/types"))["items"]
    assert [(one["name"], one["answers"]) for one in listed] == [("配送 問題", 1)]
    refused("delete_answer_type", lead.delete(path), 409)
    refused("add_answer", lead.post("/answers", json={**BODY, "type": "nothing"}), 422)
    conforms("change_answer", lead.patch(f"/answers/{entry['id']}", json={"type": None}))
    conforms("delete_answer_type", lead.delete(path))
    refused("delete_answer_type", lead.delete(path), 404)
    for name, body in (
        ("x" * 61, {"label": {"en": "x"}}),
        ("ok", {"label": {"xx": "x"}}),
        ("ok", {"label": {"en": " "}}),
        ("ok", {"label": {"en": "a\u202eb"}}),
    ):
        assert lead.put(f"/answers/types/{name}", json=body).status_code in (404, 422), (name, body)
    refused("save_answer_type", amy.put("/answers/types/ok", json={"label": {"en": "x"}}), 403)
    for name in ("%2e", "%2e%2e"):
        assert lead.put(f"/answers/types/{name}", json={"label": {"en": "x"}}).status_code == 404, name
    once = conforms("save_answer_type", lead.put("/answers/types/cafe%CC%81", json={"label": {"en": "x"}}))
    assert once["name"] == "caf\u00e9", "one name however its letters are composed"
    conforms("delete_answer_type", lead.delete("/answers/types/caf%C3%A9"))
    lead.delete(f"/answers/{entry['id']}")


def test_no_two_question_types_have_the_same_name(lead: httpx.Client) -> None:
    first = "/answers/types/shipping"
    conforms("save_answer_type", lead.put(first, json={"label": {"zh-TW": "運費", "en": "Shipping"}}))
    for label in ({"zh-TW": "運費"}, {"zh-TW": " 運費 "}, {"zh-TW": "郵寄", "en": "SHIPPING"}, {"en": "運費"}):
        problem = refused("save_answer_type", lead.put("/answers/types/other", json={"label": label}), 409)
        assert problem["code"] == "type-taken", label
    conforms("save_answer_type", lead.put(first, json={"label": {"zh-TW": "運費"}}))
    conforms("save_answer_type", lead.put("/answers/types/other", json={"label": {"en": "Shipping"}}))
    assert refused("save_answer_type", lead.put(first, json={"label": {"en": "shipping"}}), 409)["code"] == "type-taken"
    for name in ("shipping", "other"):
        conforms("delete_answer_type", lead.delete(f"/answers/types/{name}"))


def test_a_line_is_tried_and_told_why(amy: httpx.Client, lead: httpx.Client) -> None:
    one = made(lead, titles={"zh-TW": "退款多久入帳"}, keywords=["退款", "入帳"], texts={"zh-TW": "七天"})
    two = made(lead, titles={"zh-TW": "怎麼申請退款"}, keywords=["退款"], texts={"zh-TW": "按退款"})
    tried = conforms("try_line", amy.get("/answers/try", params={"text": "退款什麼時候入帳", "shop": "demo"}))
    best = tried["items"][0]
    assert (tried["outcome"], best["id"], best["keywords"], best["said"]) == (
        "answer",
        one["id"],
        ["退款", "入帳"],
        True,
    )
    assert 0 < best["title_share"] < 1 and best["points"] > tried["items"][1]["points"]
    menu = conforms("try_line", amy.get("/answers/try", params={"text": "退款", "shop": "demo"}))
    assert menu["outcome"] == "menu" and {item["id"] for item in menu["items"] if item["said"]} == {
        one["id"],
        two["id"],
    }
    nothing = conforms("try_line", amy.get("/answers/try", params={"text": "貓", "shop": "demo"}))
    assert (nothing["outcome"], nothing["items"]) == ("nothing", [])
    refused("try_line", amy.get("/answers/try", params={"text": "貓", "shop": "other"}), 422)
    refused("try_line", amy.get("/answers/try", params={"shop": "demo"}), 422)
    for entry in (one, two):
        lead.delete(f"/answers/{entry['id']}")


def test_near_misses_are_few_and_have_something_of_the_line(amy: httpx.Client, lead: httpx.Client) -> None:
    near = [made(lead, titles={"zh-TW": f"運費怎麼算{last}"}, keywords=[]) for last in "甲乙丙丁"]
    far = made(lead, titles={"zh-TW": "請問你們門市的營業時間到幾點"}, keywords=[])
    tried = conforms("try_line", amy.get("/answers/try", params={"text": "請問寄到外島運費怎麼收", "shop": "demo"}))
    assert tried["outcome"] == "nothing"
    shown = [item["id"] for item in tried["items"]]
    assert shown == [one["id"] for one in near[:3]], "three at most, and none for 請問 alone"
    for entry in (*near, far):
        lead.delete(f"/answers/{entry['id']}")


def test_guests_of_one_network_lift_an_answer_once_a_day(site: Site, lead: httpx.Client) -> None:
    pushed, liked = (
        made(lead, titles={"zh-TW": "被推的"}, position=9),
        made(lead, titles={"zh-TW": "受歡迎的"}, position=9),
    )

    def click(answer: int, visitor: str, address: str) -> None:
        guest = Actor(kind="guest", visitor=visitor, shops=("demo",))
        site.run(lambda: site.desk.act(guest, ClickAnswer(answer, address)))

    def clicks() -> tuple[int, int]:
        by_id = {item["id"]: item["clicks"] for item in lead.get("/answers").json()["items"]}
        return by_id[pushed["id"]], by_id[liked["id"]]

    for n in range(150):
        click(pushed["id"], f"v{n}", f"203.0.113.{n}")
        click(pushed["id"], f"w{n}", f"2001:db8:0:7::{n:x}")
    click(pushed["id"], "mapped", "::ffff:203.0.113.7")
    assert clicks() == (2, 0), "one IPv4 and one IPv6 network"
    for n, address in enumerate(("192.0.2.1", "198.51.100.1", "2001:db8:0:8::1")):
        click(liked["id"], f"x{n}", address)
    assert clicks() == (2, 3)
    hot = [item["id"] for item in lead.get("/answers/hot", params={"shop": "demo"}).json()["items"]]
    assert hot.index(liked["id"]) < hot.index(pushed["id"])
    for n in range(2):
        with site.chat() as tab:
            tab.line(f"我是訪客 {n}")
            visitor = {"X-Visitor": tab.welcome["visitor"], "X-Shop": "demo"}
        with site.client(**visitor) as guest:
            conforms("click_answer", guest.post(f"/answers/{liked['id']}/click"))
    assert clicks() == (2, 4), "by HTTP the address is the connection's"
    conforms("delete_answers", lead.post("/answers/delete", json={"ids": [pushed["id"], liked["id"]]}))


def test_what_is_kept_of_a_click_leads_back_to_nobody_once_its_day_is_over(site: Site, lead: httpx.Client) -> None:
    answer = made(lead, titles={"zh-TW": "匿名的"})["id"]
    store = site.desk.context.store

    def kept(tx: Tx) -> tuple[list[dict[str, Any]], list[str]]:
        rows = tx.rows(AnswerClick.select().where(AnswerClick.answer_id == answer))
        return rows, tx.values(Counter.select(Counter.mark).where(Counter.name == answers.KEY))

    def later(tx: Tx, days: int) -> Tx:
        return Tx(tx.database, tx.ring, {}, tx.now + days * DAY, tx.instance)

    site.run(lambda: store.write(lambda tx: answers.click(tx, answer, "203.0.113.0/24")))
    site.run(lambda: store.write(lambda tx: answers.click(later(tx, 1), answer, "203.0.113.0/24")))
    rows, keys = site.run(lambda: store.read(kept))
    assert len({row["who"] for row in rows}) == 2, "one network has another name each day"
    assert len(keys) == 1, "of the day before there is no key any more"
    site.run(lambda: store.write(lambda tx: answers.forget_clicks(later(tx, 2))))
    rows, keys = site.run(lambda: store.read(kept))
    assert len(rows) == 2 and keys == [], "without a click, too, the key goes when its day is over"
    conforms("delete_answers", lead.post("/answers/delete", json={"ids": [answer]}))


def test_what_is_chosen_most_comes_first_and_one_person_counts_once_a_day(site: Site, lead: httpx.Client) -> None:
    quiet = made(lead, titles={"zh-TW": "安靜的"}, position=0)
    loud = made(lead, titles={"zh-TW": "熱門的"}, position=9)
    for name in ("ming", "hua"):
        with site.client(name) as client:
            for _ in range(3):
                conforms("click_answer", client.post(f"/answers/{loud['id']}/click"))
            hot = conforms("hot_answers", client.get("/answers/hot", params={"shop": "demo"}))["items"]
            assert [item["id"] for item in hot].index(loud["id"]) < [item["id"] for item in hot].index(quiet["id"])
    conforms("click_answer", lead.post(f"/answers/{quiet['id']}/click"))
    by_id = {item["id"]: item for item in lead.get("/answers").json()["items"]}
    assert (by_id[loud["id"]]["clicks"], by_id[quiet["id"]]["clicks"]) == (2, 0)
    with site.client("oscar") as stranger:
        refused("click_answer", stranger.post(f"/answers/{loud['id']}/click"), 404)
        refused("hot_answers", stranger.get("/answers/hot", params={"shop": "demo"}), 422)
    lead.patch(f"/answers/{loud['id']}", json={"enabled": False})
    with site.client("ming") as client:
        refused("click_answer", client.post(f"/answers/{loud['id']}/click"), 404)
    conforms("delete_answers", lead.post("/answers/delete", json={"ids": [quiet["id"], loud["id"]]}))


def test_what_fits_the_members_last_line_is_suggested(site: Site, amy: httpx.Client, lead: httpx.Client) -> None:
    entry = made(lead, titles={"zh-TW": "發票怎麼改統編"}, keywords=["統編"], texts={"zh-TW": "七天內可以改"})
    ticket = site.open_ticket(text="發票可以改統編嗎", subject="發票", author="member")
    path = f"/tickets/{ticket['number']}/suggestions"
    found = conforms("suggestions", amy.get(path))["items"]
    assert [(item["id"], item["text"]) for item in found] == [(entry["id"], "七天內可以改")]
    amy.post(f"/tickets/{ticket['number']}/messages", json={"text": "備註", "visibility": "internal"})
    assert len(conforms("suggestions", amy.get(path))["items"]) == 1, "a note is no answer"
    amy.post(f"/tickets/{ticket['number']}/messages", json={"text": "可以的"})
    assert conforms("suggestions", amy.get(path))["items"] == [], "the last line is ours"
    with site.client("olga") as stranger:
        refused("suggestions", stranger.get(path), 404)
    lead.delete(f"/answers/{entry['id']}")


def test_a_visitor_gets_fewer_answers_with_each_word_and_only_those_meant_for_him(
    site: Site, lead: httpx.Client
) -> None:
    word = "窄化"
    quiet = made(lead, titles={"zh-TW": f"{word}後多久入帳"}, texts={"zh-TW": "七天"}, keywords=[], position=0)
    liked = made(lead, titles={"zh-TW": f"怎麼申請{word}"}, texts={"zh-TW": "按一下"}, keywords=[], position=1)
    english = made(lead, titles={"en": "narrowing"}, texts={"en": "yes"}, keywords=[word], position=2)
    half = made(lead, titles={"zh-TW": f"{word}半套"}, texts={"en": "only"}, keywords=[], position=3)
    off = made(lead, titles={"zh-TW": f"{word}停用"}, enabled=False)
    with site.chat() as tab:
        visitor = {"X-Visitor": tab.welcome["visitor"], "X-Shop": "demo"}
    with site.client(**visitor) as guest:

        def seen(**query: str) -> list[int]:
            return [item["id"] for item in conforms("hot_answers", guest.get("/answers/hot", params=query))["items"]]

        assert seen(text=word[0]) == seen(text=word) == [quiet["id"], liked["id"]], "from the first character on"
        conforms("click_answer", guest.post(f"/answers/{liked['id']}/click"))
        assert seen(text=word) == [liked["id"], quiet["id"]], "what fits alike: the most chosen first"
        assert seen(text=f"{word}後多久會入帳") == [quiet["id"]] == seen(text=f" {word}后多久会入帐 ")[:1], "best first"
        assert seen(text="貓咪") == []
        assert seen(text=word, language="en") == [english["id"]] and seen(text=word, language="zh-CN")[0] == liked["id"]
        assert liked["id"] in seen(shop="demo") and not {english["id"], half["id"], off["id"]} & set(seen())
        refused("hot_answers", guest.get("/answers/hot", params={"shop": "other"}), 422)
        refused("hot_answers", guest.get("/answers/hot", params={"text": "x" * 201}), 422)
    ids = [one["id"] for one in (quiet, liked, english, half, off)]
    conforms("delete_answers", lead.post("/answers/delete", json={"ids": ids}))
