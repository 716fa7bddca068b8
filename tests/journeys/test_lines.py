"""Drafts, 復原, 稍後送出 and 收回 in the browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, expect

from tests.journeys.support import Person, Served


def _case(shop: Served, subject: str) -> int:
    ticket = shop.post("ming", "/tickets", {"subject": subject, "text": "杯子有裂痕，請幫我看看", "shop": "demo"})
    shop.post("lin", f"/tickets/{ticket['number']}/claim", {})
    return int(ticket["number"])


def test_what_was_begun_is_found_again_elsewhere_in_its_mode(shop: Served, browser: Browser) -> None:
    number = _case(shop, "草稿")
    with Person(browser, shop.url, width=1440, height=900) as lin:
        page = lin.sign_in("lin", f"/tickets/{number}")
        page.locator("[data-test=composer-mode-internal]").click()
        page.locator("[data-test=composer-text]").fill("顧客很急，先查庫存")
        expect(page.locator("[data-test=tab-draft]")).to_be_visible()
        with Person(browser, shop.url, width=390, height=800) as phone:
            other = phone.sign_in("lin", f"/tickets/{number}")
            expect(other.locator("[data-test=composer-text]")).to_have_value("顧客很急，先查庫存")
            expect(other.locator("[data-test=composer-mode-internal] input")).to_be_checked()
            other.locator("[data-test=composer-text]").fill("顧客很急，庫存還有三個")
            expect(page.locator("[data-test=composer-text]")).to_have_value("顧客很急，庫存還有三個")
            other.locator("[data-test=composer-send]").click()
            expect(other.locator("[data-test=line]", has_text="庫存還有三個")).to_be_visible()
            expect(page.locator("[data-test=composer-text]")).to_have_value("")
            expect(page.locator("[data-test=tab-draft]")).to_have_count(0)
            assert phone.troubles == []
        assert lin.troubles == []


def test_an_answer_is_taken_back_sent_later_and_at_once(shop: Served, browser: Browser) -> None:
    number = _case(shop, "復原")
    with Person(browser, shop.url, width=1440, height=900) as lin:
        page = lin.sign_in("lin", f"/tickets/{number}")
        text = page.locator("[data-test=composer-text]")
        text.fill("您好，這邊幫您換")
        text.press("Enter")
        expect(page.locator("[data-test=undo-bar]")).to_contain_text("您好，這邊幫您換")
        page.locator("[data-test=undo]").click()
        expect(text).to_have_value("您好，這邊幫您換")
        expect(page.locator("[data-test=undo-bar]")).to_have_count(0)
        page.locator("[data-test=composer-later]").click()
        page.locator("[data-test=later-next_day]").click()
        expect(page.locator("[data-test=later-line]")).to_contain_text("顧客先來訊就不送")
        before = page.locator("[data-test=later-line] .when").inner_text()
        page.locator("[data-test=later-time]").click()
        page.locator("[data-test=later-own]").fill(f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%dT%H:%M}")
        page.locator("[data-test=later-confirm]").click()
        expect(page.locator("[data-test=later-line] .when")).not_to_have_text(before)
        page.locator("[data-test=later-cancel]").click()
        expect(page.locator("[data-test=ask]")).to_contain_text("修改")
        page.keyboard.press("Escape")
        page.locator("[data-test=later-edit]").click()
        expect(text).to_have_value("您好，這邊幫您換")
        text.press("Enter")
        page.locator("[data-test=undo-not]").click()
        line = page.locator("[data-test=line]", has_text="您好，這邊幫您換")
        expect(line).to_be_visible()
        line.locator("[data-test=line-unsend]").click()
        expect(page.locator("[data-test=line-unsent]")).to_contain_text("顧客已看不到內容")
        assert lin.troubles == []
    lines = shop.get("ming", f"/tickets/{number}/messages")["items"]
    assert not any("幫您換" in one["text"] for one in lines) and any("unsent" in one for one in lines)


def test_another_tab_drops_the_bar_when_the_line_goes_out_or_comes_back(shop: Served, browser: Browser) -> None:
    number = _case(shop, "兩個分頁")
    with (
        Person(browser, shop.url, width=1440, height=900) as lin,
        Person(browser, shop.url, width=1440, height=900) as same,
    ):
        page, other = (one.sign_in("lin", f"/tickets/{number}") for one in (lin, same))
        page.locator("[data-test=composer-text]").fill("稍等，我查一下")
        expect(other.locator("[data-test=composer-text]")).to_have_value("稍等，我查一下")
        page.locator("[data-test=composer-send]").click()
        expect(other.locator("[data-test=undo-bar]")).to_contain_text("即將送出")
        page.locator("[data-test=undo]").click()
        expect(other.locator("[data-test=undo-bar]")).to_have_count(0, timeout=4_000)
        page.locator("[data-test=composer-send]").click()
        expect(other.locator("[data-test=undo-bar]")).to_be_visible()
        page.locator("[data-test=undo-not]").click()
        expect(other.locator("[data-test=line]", has_text="稍等，我查一下")).to_be_visible()
        expect(other.locator("[data-test=undo-bar]")).to_have_count(0, timeout=2_000)
        assert lin.troubles == same.troubles == []


def test_the_members_window_reads_that_a_line_was_taken_back(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url, width=390, height=800) as guest:
        page = guest.page
        page.goto(f"{shop.url}/chat?shop=demo")
        page.locator("[data-test=input]").fill("在嗎")
        page.locator("[data-test=input]").press("Enter")
        expect(page.locator("[data-test=line]", has_text="在嗎")).to_be_visible()
        number = max(t["number"] for t in shop.get("lin", "/tickets?view=all&limit=5&sort=-number")["items"])
        sent = shop.post("lin", f"/tickets/{number}/messages", {"text": "您的訂單號是錯的"})
        expect(page.locator("[data-test=line]", has_text="您的訂單號是錯的")).to_be_visible()
        shop.post("lin", f"/tickets/{number}/messages/{sent['id']}/unsend", {})
        expect(page.locator("[data-test=line]", has_text="已收回一則訊息")).to_be_visible()
        expect(page.get_by_text("您的訂單號是錯的")).to_have_count(0)
        page.reload()
        expect(page.locator("[data-test=line]", has_text=re.compile("已收回一則訊息"))).to_be_visible()
        assert guest.troubles == []
