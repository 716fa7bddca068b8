"""Quick replies by HTTP: whose they are, who changes what colleagues use, how they are found and counted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from engine.pinyin import MOST, keys
from tests.web.documented import conforms, refused
from tests.web.support import Site

PATH = "/quick-replies"
READINGS = {
    "銀行帳號": "yinhang yhzh yinxing",
    "重複付款": "chongfu cffk zhongfu",
    "長度": "changdu cd",
    "會計": "kuaiji kj huiji",
    "退還": "tuihuan th tuihai",
    "還款": "huankuan hk haikuan",
    "女裝": "nvzhuang nuzhuang nz",
    "绿色": "lvse luse ls",
}


def made(client: httpx.Client, title: str = "退款進度", **values: Any) -> dict[str, Any]:
    """A new reply."""
    return dict(conforms("add_quick_reply", client.post(PATH, json={"title": title, "text": "處理中", **values})))


def ids(client: httpx.Client, **query: str) -> list[int]:
    """The replies somebody may use, in their order."""
    return [item["id"] for item in conforms("list_quick_replies", client.get(PATH, params=query))["items"]]


def test_an_own_reply_is_found_by_chinese_pinyin_and_initials_and_nobody_else_sees_it(
    site: Site, amy: httpx.Client
) -> None:
    reply = made(amy, group="退款")
    assert (reply["scope"], reply["mine"], reply["uses"], reply["keys"][:2]) == (
        "personal",
        True,
        0,
        ["tuikuanjindu", "tkjd"],
    )
    for q in ("退款", "tuikuan", "TKJD", "處理"):
        assert reply["id"] in ids(amy, q=q), q
    assert reply["id"] not in ids(amy, q="發票")
    one = f"{PATH}/{reply['id']}"
    for name in ("ben", "lead"):
        with site.client(name) as other:
            assert reply["id"] not in ids(other)
            refused("change_quick_reply", other.patch(one, json={"title": "x"}), 404)
            refused("use_quick_reply", other.post(f"{one}/use"), 404)
            refused("delete_quick_reply", other.delete(one), 404)
    changed = conforms("change_quick_reply", amy.patch(one, json={"title": "Refund 到哪了"}))
    assert changed["keys"][:2] == ["refunddaonale", "refunddnl"] and changed["text"] == "處理中"
    conforms("delete_quick_reply", amy.delete(one))
    refused("delete_quick_reply", amy.delete(one), 404)


def test_shared_replies_are_kept_by_who_may_share(site: Site, amy: httpx.Client, lead: httpx.Client) -> None:
    shop = made(lead, scope="shop", shop="demo")
    desk = made(lead, scope="desk")
    assert (shop["shop"], shop["mine"], desk["scope"], desk["shop"]) == ("demo", False, "desk", None)
    assert {shop["id"], desk["id"]} <= set(ids(amy))
    with site.client("olga") as olga:
        assert desk["id"] in ids(olga) and shop["id"] not in ids(olga)
        refused("change_quick_reply", olga.patch(f"{PATH}/{shop['id']}", json={"title": "x"}), 404)
    for reply in (shop, desk):
        refused("change_quick_reply", amy.patch(f"{PATH}/{reply['id']}", json={"title": "x"}), 403)
        refused("delete_quick_reply", amy.delete(f"{PATH}/{reply['id']}"), 403)
    refused("add_quick_reply", amy.post(PATH, json={"title": "a", "text": "b", "scope": "desk"}), 403)
    refused("add_quick_reply", lead.post(PATH, json={"title": "a", "text": "b", "scope": "shop"}), 422)
    refused("add_quick_reply", lead.post(PATH, json={"title": "a", "text": "b", "scope": "shop", "shop": "no"}), 422)
    for scope in ("personal", "desk"):
        body = {"title": "a", "text": "b", "scope": scope, "shop": "demo"}
        assert refused("add_quick_reply", lead.post(PATH, json=body), 422)["code"] == "no-shop"
    moved = conforms("change_quick_reply", lead.patch(f"{PATH}/{shop['id']}", json={"scope": "personal"}))
    assert (moved["scope"], moved["mine"], moved["shop"]) == ("personal", True, None)
    assert shop["id"] not in ids(amy)
    for reply in (shop, desk):
        conforms("delete_quick_reply", lead.delete(f"{PATH}/{reply['id']}"))


def test_what_i_use_most_comes_first_also_when_many_count_at_once(amy: httpx.Client, lead: httpx.Client) -> None:
    first, second = made(lead, "甲", scope="desk"), made(lead, "乙", scope="desk")
    use = f"{PATH}/{second['id']}/use"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: amy.post(use).status_code, range(40)))
    assert answers == [204] * 40
    listed = {item["id"]: item["uses"] for item in amy.get(PATH).json()["items"]}
    assert (listed[second["id"]], listed[first["id"]]) == (40, 0)
    mine = ids(amy)
    assert mine.index(second["id"]) < mine.index(first["id"])
    assert {item["id"]: item["uses"] for item in lead.get(PATH).json()["items"]}[second["id"]] == 0, "each counts own"
    for reply in (first, second):
        conforms("delete_quick_reply", lead.delete(f"{PATH}/{reply['id']}"))


def test_bad_replies_are_named_and_members_have_none(site: Site, amy: httpx.Client) -> None:
    for body, pointer in (
        ({"title": " ", "text": "b"}, "/title"),
        ({"title": "a", "text": " \n"}, "/text"),
        ({"title": "", "text": "b"}, "/title"),
        ({"title": "a" * 61, "text": "b"}, "/title"),
        ({"title": "a", "text": "b" * 2001}, "/text"),
        ({"title": "a", "text": "b", "scope": "team"}, "/scope"),
        ({"title": "a", "text": "b", "uses": 3}, "/uses"),
    ):
        problem = refused("add_quick_reply", amy.post(PATH, json=body), 422)
        assert problem["errors"][0]["pointer"] == pointer, problem
    with site.client("ming") as member:
        refused("list_quick_replies", member.get(PATH), 403)
        refused("add_quick_reply", member.post(PATH, json={"title": "a", "text": "b"}), 403)
    with site.client("nina") as nobody:
        refused("list_quick_replies", nobody.get(PATH), 403)


def test_a_title_is_found_by_every_reading_of_its_characters(amy: httpx.Client) -> None:
    for title, wanted in READINGS.items():
        reply = made(amy, title)
        for q in wanted.split():
            assert reply["id"] in ids(amy, q=q), (title, q)
            assert any(key.startswith(q) for key in reply["keys"]), (title, q)
        conforms("delete_quick_reply", amy.delete(f"{PATH}/{reply['id']}"))


def test_readings_of_a_long_title_are_bounded_and_that_of_its_words_is_first() -> None:
    found = keys("重複付款的銀行長度" * 7)
    assert len(found) <= 2 * MOST
    assert found[0].startswith("chongfufukuandeyinhangchangdu") and found[1].startswith("cffkdyhcd")
    assert keys("Plain title") == ()
