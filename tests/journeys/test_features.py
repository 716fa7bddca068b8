"""Pages that features bring: the auto-reply library tried and used, quick replies kept and put into an answer."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.journeys.support import Person, Served


def _fill(page: Page, hook: str, text: str) -> None:
    page.locator(f"[data-test={hook}]").fill(text)


def test_an_answer_of_the_library_is_made_tried_and_suggested(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url, width=1440, height=900) as boss:
        page = boss.sign_in("admin", "/answers")
        page.locator("[data-test=answer-types]").click()
        page.locator("[data-test=type-new]").click()
        _fill(page, "type-label-zh-TW", "禮物卡")
        page.locator("[data-test=type-save]").click()
        expect(page.locator("[data-test=type]", has_text="禮物卡")).to_be_visible()
        page.keyboard.press("Escape")

        page.locator("[data-test=answer-new]").click()
        page.locator("[data-test=answer-type]").select_option(label="禮物卡")
        _fill(page, "answer-title", "禮物卡可以用多久？")
        _fill(page, "answer-text", "自購買日起兩年內都能使用。")
        _fill(page, "keyword-field", "禮物卡、效期")
        page.locator("[data-test=sheet-save]").click()
        row = page.locator("[data-test=answer]", has_text="禮物卡可以用多久")
        expect(row).to_contain_text("效期")

        _fill(page, "try-text", "請問禮物卡的效期")
        expect(page.locator("[data-test=try-outcome]")).to_have_attribute("data-outcome", "answer")
        expect(page.locator("[data-test=try-item]").first).to_contain_text("自購買日起兩年內都能使用。")

        body = {"subject": "禮物卡", "text": "請問禮物卡的效期多久？", "author": "member"}
        body["requester"] = {"name": "王小明"}
        number = shop.post("lin", "/tickets", body)["number"]
        boss.go(f"/tickets/{number}")
        page.locator("[data-test=suggestion]", has_text="禮物卡可以用多久").click()
        expect(page.locator("[data-test=composer-text]")).to_have_value("自購買日起兩年內都能使用。")

        boss.go("/answers")
        row.locator("[data-test=answer-choose]").check()
        page.locator("[data-test=answer-remove-chosen]").click()
        page.locator("[data-test=ask-confirm]").click()
        expect(row).to_have_count(0)
        assert boss.troubles == []


def test_a_quick_reply_is_found_by_its_initials_and_not_sent_with_a_gap(shop: Served, browser: Browser) -> None:
    body = {"subject": "退貨", "text": "我想退貨", "requester": {"name": "李小華"}}
    number = shop.post("lin", "/tickets", body)["number"]
    with Person(browser, shop.url, width=390, height=844) as agent:
        page = agent.sign_in("lin", "/quick-replies")
        page.locator("[data-test=reply-new]").click()
        _fill(page, "reply-title", "物流取件")
        _fill(page, "reply-text", "{member.name}您好，訂單 {ticket.order_no} 明天有物流來取件。")
        page.locator("[data-test=sheet-save]").click()
        expect(page.locator("[data-test=reply]", has_text="物流取件")).to_be_visible()

        agent.go(f"/tickets/{number}")
        text = page.locator("[data-test=composer-text]")
        text.press_sequentially("/wlqj")
        expect(page.locator("[data-test=quick-option]")).to_have_count(1)
        text.press("Enter")
        expect(text).to_have_value("李小華您好，訂單 【訂單編號】 明天有物流來取件。")
        text.press("Enter")
        expect(page.locator("[data-test=quick-unfilled]")).to_contain_text("訂單編號")
        expect(text).to_have_value(re.compile("【訂單編號】"))
        text.press_sequentially("TW1")
        text.press("Enter")
        page.locator("[data-test=undo-not]").click()
        expect(page.locator("[data-test=line]", has_text="訂單 TW1 明天有物流來取件")).to_be_visible()
        assert agent.troubles == []
