"""「我要退款」: a guest gets the automatic answer; a gold member the senior team, an answer, and a say at the end."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.journeys.support import Person, Served, strings
from tests.support.waiting import until

ASKED = "我要退款"
AT_ONCE = 3_000
"""Milliseconds within which what was written stands on the other screen."""
LIN = ("林佳蓉", "客服主管 Rita", "lin")
BEN = ("黃柏翰", "Ben", "ben")


def _frames(person: Person) -> list[dict[str, Any]]:
    return [json.loads(frame) for frame in person.frames]


def _number(person: Person) -> int:
    """The ticket of the line this person has sent."""
    acks = [frame for frame in _frames(person) if frame["type"] == "ack"]
    return int(acks[0]["message"]["ticket"])


def _ask(page: Page, text: str) -> None:
    page.locator("[data-test=input]").fill(text)
    page.locator("[data-test=send]").click()
    expect(page.locator("[data-test=line].me", has_text=text)).to_be_visible(timeout=AT_ONCE)


def _line(page: Page, text: str) -> Any:
    return page.locator("[data-test=line]", has_text=text)


def _names(text: str, names: tuple[str, ...]) -> list[str]:
    """Which of a person's names stand in a text, as words of their own."""
    return [name for name in names if re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text)]


def _acted(trace: dict[str, Any]) -> set[str]:
    return {rule["rule"] for item in trace["items"] for rule in item["rules"] if rule["outcome"] == "acted"}


def test_a_guest_gets_the_automatic_answer_only(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url) as guest:
        page = guest.go("/demo")
        page.locator("[data-test=launcher]").click()
        expect(page.locator("[data-test=sign-in]")).to_be_visible()
        _ask(page, ASKED)
        answer = _line(page, "退換貨說明")
        expect(answer).to_be_visible(timeout=AT_ONCE)
        expect(answer).to_have_attribute("data-kind", "bot")
        number = _number(guest)

        ticket = shop.get("admin", f"/tickets/{number}")
        assert (ticket["team"], ticket["assignee"], ticket["priority"]) == (None, None, "normal")
        assert ticket["type"] == "退換貨"
        assert ticket["requester"]["guest"] is True
        assert "遊客自助" in ticket["tags"]
        acted = _acted(shop.get("admin", f"/tickets/{number}/trace"))
        assert {"guest_self_service", "guest_refund"} <= acted
        assert "vip_refund" not in acted
        said = {line["author"]["kind"] for line in shop.get("admin", f"/tickets/{number}/messages")["items"]}
        assert "agent" not in said
        assert not [frame for frame in _frames(guest) if frame["type"] == "queue" and frame["position"] is not None]
        assert not guest.troubles


def test_a_gold_member_is_served_by_the_senior_team(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url, width=1440, height=900) as agent, Person(browser, shop.url) as member:
        desk = agent.sign_in("lin")
        desk.locator("[data-test=status-menu]").click()
        desk.locator("[data-test=status-online]").click()
        until(lambda: shop.get("admin", "/auth/me") and _status(shop, "lin") == "online", "lin is online")
        desk.goto(f"{shop.url}/inbox?view=mine")
        expect(desk.locator("[data-test=view-mine]")).to_be_visible()
        desk.evaluate("window.neverReloaded = true")

        member.listen()
        page = member.sign_in("ming", "/chat")
        expect(page).to_have_url(re.compile(r"/chat"))
        expect(page.locator("[data-test=input]")).to_be_visible()
        _ask(page, ASKED)
        number = _number(member)
        acknowledged = _line(page, f"您的退換貨需求（案件 #{number:05d}）已轉交資深組優先處理")
        expect(acknowledged).to_be_visible(timeout=AT_ONCE)
        ticket = shop.get("admin", f"/tickets/{number}")
        assert (ticket["priority"], ticket["team"], ticket["assignee"]) == ("high", "senior_care", "lin")
        assert (ticket["type"], ticket["language"], ticket["requester"]["tier"]) == ("退換貨", "zh-TW", "gold")

        # The agent's screen, which nobody has touched.
        row = desk.locator(f"[data-test=inbox-row][data-number='{number}']")
        expect(row).to_be_visible(timeout=AT_ONCE)
        expect(row).to_contain_text("資深組")
        expect(row.locator("[data-test=inbox-unread]")).to_be_visible()
        assert desk.evaluate("window.neverReloaded") is True
        row.click()
        expect(_line(desk, ASKED).first).to_be_visible()

        openly = "您好，我是 Rita，這就為您查詢。"
        _answer(desk, "public", openly)
        shown = _line(page, openly)
        expect(shown).to_be_visible(timeout=AT_ONCE)
        expect(shown).to_contain_text("客服主管 Rita")

        told = len(member.frames)
        anonymously = "退款已核准，三個工作天內入帳。"
        _answer(desk, "anonymous", anonymously)
        expect(_line(page, anonymously)).to_be_visible(timeout=AT_ONCE)
        _is_not_by(page, anonymously, LIN, "desk")
        for frame in member.frames[told:]:
            assert not [name for text in strings(json.loads(frame)) for name in _names(text, LIN)], frame
        expect(desk.locator("[data-test=line][data-visibility=anonymous]")).to_have_count(1)

        # A colleague helps out: the member sees it come from the one who serves him, and of the colleague no trace.
        helping = "已請倉庫一併確認。"
        _by_hand(shop, "ben", number, helping)
        expect(_line(page, helping)).to_be_visible(timeout=AT_ONCE)
        expect(_line(desk, helping)).to_be_visible(timeout=AT_ONCE)
        _is_not_by(page, helping, BEN, "agent")

        page.locator("[data-test=end]").click()
        page.locator("[data-test=end-confirm]").click()
        page.locator("[data-test=rate-5]").click()
        page.locator("[data-test=rate-comment]").fill("回覆很快")
        page.locator("[data-test=rate-send]").click()
        expect(page.locator("[data-test=rate]")).to_be_hidden()

        _what_the_member_got(shop, member, number)
        _what_is_kept(shop, number, [ASKED, openly, anonymously, helping])
        _why(desk, number)
        assert desk.evaluate("window.neverReloaded") is True
        assert not agent.troubles
        assert not member.troubles


def _status(shop: Served, username: str) -> str:
    return str(next(one["status"] for one in shop.get("admin", "/agents")["items"] if one["username"] == username))


def _answer(desk: Page, mode: str, text: str) -> None:
    desk.locator(f"[data-test=composer-mode-{mode}]").click()
    desk.locator("[data-test=composer-text]").press_sequentially(text)
    desk.locator("[data-test=composer-send]").click()


def _by_hand(shop: Served, username: str, number: int, text: str) -> None:
    with shop.client(username) as client:
        answer = client.post(f"/tickets/{number}/messages", json={"text": text, "visibility": "anonymous"})
    assert answer.status_code == 201, answer.text


def _is_not_by(page: Page, text: str, names: tuple[str, ...], kind: str) -> None:
    """The line on the member's page names another or nobody."""
    line = _line(page, text)
    expect(line).to_have_attribute("data-kind", kind)
    assert not _names(line.evaluate("line => line.outerHTML"), names)


def _what_the_member_got(shop: Served, member: Person, number: int) -> None:
    """Neither frames nor answers, those he may ask for included, give away who wrote anonymously."""
    mine = shop.sign_in("ming")
    paths = (
        f"/tickets/{number}",
        f"/tickets/{number}/messages",
        "/tickets",
        "/auth/me",
        f"/tickets/{number}/transitions",
    )
    asked = {path: shop.get("ming", path) for path in paths}
    for path in (f"/tickets/{number}/events", f"/tickets/{number}/trace", "/agents", "/search?q=退款"):
        answer = member.context.request.get(f"{shop.url}/api/v1{path}", headers={"Authorization": f"Bearer {mine}"})
        asked[path] = answer.json() if answer.status == 200 else answer.text()
    got = [*_frames(member), *member.answers, *asked.values()]
    assert len(_frames(member)) > 6, "the sockets were not listened to"
    assert len(member.answers) >= 2, "sign-in and who-am-I at least"
    for one in got:
        given_away = [name for text in strings(one) for name in _names(text, BEN)]
        assert not given_away, (given_away, one)
        assert not [text for text in strings(one) if _names(text, ("林佳蓉", "lin"))], one
    anonymous = [line for line in asked[f"/tickets/{number}/messages"]["items"] if line["author"]["kind"] == "desk"]
    assert [line["text"] for line in anonymous if "退款已核准" in line["text"]]
    for line in anonymous:
        assert "username" not in line["author"]
        assert line["visibility"] != "anonymous", "the member need not know that somebody hides"


def _what_is_kept(shop: Served, number: int, texts: list[str]) -> None:
    ticket = shop.get("admin", f"/tickets/{number}")
    assert (ticket["state"], ticket["category"], ticket["rating"]) == ("已結束", "closed", 5)
    assert ticket["first_replied_at"] is not None
    lines = [line["text"] for line in shop.get("admin", f"/tickets/{number}/messages")["items"]]
    assert [line for line in lines if line in texts] == texts, "each line once, in the order they were written"
    events = [event["kind"] for event in shop.get("admin", f"/tickets/{number}/events", limit=200)["items"]]
    wanted = ["ticket.created", "message.received", "ticket.assigned", "message.sent", "chat.ended", "rating.received"]
    coming = iter(events)
    assert all(kind in coming for kind in wanted), events
    acted = _acted(shop.get("admin", f"/tickets/{number}/trace"))
    assert {"vip_refund", "chat_assigned", "chat_ended_rate"} <= acted
    assert "guest_self_service" not in acted


def _why(desk: Page, number: int) -> None:
    """The panel says which rules acted, what they saw, and where they stand."""
    desk.locator("[data-test=why-open]").click()
    rule = desk.locator("[data-test=why-rule][data-rule=vip_refund][data-outcome=acted]")
    expect(rule.first).to_be_visible()
    expect(rule.first).to_contain_text("金卡以上會員的退換貨直達資深組")
    expect(rule.first).to_contain_text(re.compile(r"40-route\.rules:\d+"))
    expect(rule.first).to_contain_text("gold")
