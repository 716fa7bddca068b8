"""Answers of the library in the chat window: a guest narrows them by typing, reads one, and it rises."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, expect

from tests.journeys.support import Person, Served
from tests.support.waiting import until

PICTURES = os.environ.get("YINGDA_LOOK")
"""A folder for pictures to look at."""


def _titles(page: Page) -> list[str]:
    return page.locator("[data-test=offer]").all_inner_texts()


def _look(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def _clicks(shop: Served, title: str) -> int:
    items = shop.get("admin", "/answers", shop="demo")["items"]
    return next(int(one["clicks"]) for one in items if title in one["titles"].values())


def test_a_guest_finds_an_answer_while_typing_and_it_rises(shop: Served, browser: Browser) -> None:
    tickets = shop.get("admin", "/tickets", view="all", count="true")["count"]
    with Person(browser, shop.url, width=390, height=844) as guest:
        page = guest.go("/chat?shop=demo")
        expect(page.locator("[data-test=offers-fold]")).to_have_text("常見問題")
        expect(page.locator("[data-test=offer]")).to_have_count(4)
        assert "退款多久會入帳？" not in _titles(page), "nobody has chosen it yet"
        _look(page, "390-hot")

        composer = page.locator("[data-test=input]")
        composer.press_sequentially("退")
        expect(page.locator("[data-test=offer]", has_text="怎麼退貨？")).to_be_visible()
        expect(page.locator("[data-test=offers-fold]")).to_be_hidden()
        before = len(_titles(page))
        _look(page, "390-typed")
        composer.press_sequentially("款多久入帳")
        expect(page.locator("[data-test=offer]")).to_have_text(["退款多久會入帳？"])
        assert before > 1
        log, offers = page.locator(".log").bounding_box(), page.locator("[data-test=offers]").bounding_box()
        assert log and offers and log["y"] + log["height"] <= offers["y"] + 1, "beside the conversation, not above it"

        composer.press("Escape")
        expect(page.locator("[data-test=offers]")).to_be_hidden()
        composer.press_sequentially("？")
        expect(page.locator("[data-test=offer]")).to_have_count(1)
        composer.press("ArrowUp")
        expect(page.locator("[data-test=offer]")).to_be_focused()
        page.keyboard.press("Enter")
        said = page.locator("[data-test=aside]")
        expect(said).to_contain_text("自動回覆")
        expect(said).to_contain_text("約需五到十個工作天入帳")
        expect(composer).to_be_focused()
        expect(composer).to_have_value("退款多久入帳？")
        _look(page, "390-chosen")
        until(lambda: _clicks(shop, "退款多久會入帳？") == 1, "the click is counted")
        assert shop.get("admin", "/tickets", view="all", count="true")["count"] == tickets, "no ticket of it"

        composer.fill("還是想找真人")
        composer.press("Enter")
        expect(page.locator("[data-test=line][data-kind=member]")).to_contain_text("還是想找真人")
        expect(said).to_be_visible()
        both = page.locator("[data-test=aside], [data-kind=member]")
        order = both.evaluate_all("all => all.map(e => e.dataset.test)")
        assert order == ["aside", "line"], "where it was chosen"
        expect(page.locator("[data-test=offers-fold]")).to_have_attribute("aria-expanded", "false")
        assert guest.troubles == []

    with Person(browser, shop.url, width=1440, height=900) as other:
        page = other.go("/demo")
        page.locator("[data-test=launcher]").click()
        expect(page.locator("[data-test=offer]").first).to_have_text("退款多久會入帳？")
        _look(page, "1440-widget-hot")
        page.locator("[data-test=offer]").first.click()
        expect(page.locator("[data-test=aside]")).to_be_visible()
        page.locator("[data-test=offers-fold]").press("Escape")
        expect(page.locator("[data-test=panel]")).to_be_hidden()
        assert _clicks(shop, "退款多久會入帳？") == 1, "guests of one network count once a day"
        assert other.troubles == []

    with Person(browser, shop.url, locale="en") as stranger:
        page = stranger.go("/chat")  # names no shop: the only one
        with page.expect_response("**/answers/hot?*") as heard:
            page.locator("[data-test=input]").fill("運費")
        assert heard.value.json()["items"] == [], "nothing is there in English"
        expect(page.locator("[data-test=offers]")).to_be_hidden()


def test_a_desk_that_is_asked_too_much_is_left_alone(shop: Served, browser: Browser) -> None:
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=429, json={"code": "too-fast"})

    with Person(browser, shop.url) as guest:
        guest.page.route("**/answers/hot?*", refuse)
        with guest.page.expect_response("**/answers/hot?*"):
            page = guest.go("/chat?shop=demo")
        page.locator("[data-test=input]").press_sequentially("退貨要多久", delay=300)
        page.keyboard.press("Enter")
        expect(page.locator("[data-test=line][data-kind=member]")).to_contain_text("退貨要多久")
        expect(page.locator("[data-test=offers]")).to_be_hidden()
        assert len(asked) == 1
