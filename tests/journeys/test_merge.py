"""合併, 拆分 and 重複進線 in the browser: bar, dialog with its undo, lines moved; on a desk and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.support import Person, Served


def _case(shop: Served, subject: str, text: str, **more: str) -> int:
    body = {"subject": subject, "text": text, "shop": "demo", **more}
    return int(shop.post("ming", "/tickets", body)["number"])


@pytest.mark.parametrize("width", [1440, 390])
def test_two_cases_become_one_and_two_again(shop: Served, browser: Browser, width: int) -> None:
    order = f"M{width}"
    first = _case(shop, f"杯子破了 {width}", "收到的杯子有裂痕", order_no=order)
    second = _case(shop, f"換貨 {width}", "請問可以換貨嗎", order_no=order)
    with Person(browser, shop.url, width=width, height=900) as lin:
        page = lin.sign_in("lin", f"/tickets/{second}")
        expect(page.locator("[data-test=repeats]")).to_contain_text("未結案")
        page.locator("[data-test=ticket-more]").click()
        page.locator("[data-test=more-merge]").click()
        expect(page.locator("[data-test=pick-search]")).to_be_focused()
        page.locator(f"[data-test=merge] [data-test=pick-{first}]").click()
        page.locator("[data-test=merge-confirm]").click()
        expect(page).to_have_url(f"{shop.url}/tickets/{first}")
        expect(page.locator("[data-test=line-from]")).to_have_count(1)
        expect(page.locator("[data-test=line][data-kind=member]")).to_have_count(2)
        page.locator("[data-test=toast-action]").click()
        expect(page.locator("[data-test=line-from]")).to_have_count(0)
        expect(page.locator("[data-test=line][data-kind=member]")).to_have_count(1)
        assert lin.troubles == []
    assert shop.get("lin", f"/tickets/{second}")["merged"] is False


def test_lines_go_into_a_case_of_their_own_and_what_is_apart_stays_so(shop: Served, browser: Browser) -> None:
    other = _case(shop, "先前的事", "之前問過的")
    number = _case(shop, "兩件事", "杯子破了")
    shop.post("ming", f"/tickets/{number}/messages", {"text": "發票抬頭也錯了"})
    with Person(browser, shop.url, width=1440, height=900) as lin:
        page = lin.sign_in("lin", f"/tickets/{number}")
        page.locator("[data-test=repeats-apart]").click()
        expect(page.locator("[data-test=repeats]")).to_have_count(0)
        page.locator("[data-test=ticket-more]").click()
        page.locator("[data-test=more-split]").click()
        expect(page.locator("[data-test=split-confirm]")).to_be_disabled()
        page.get_by_role("checkbox", name="發票抬頭也錯了").check()
        page.locator("[data-test=split-confirm]").click()
        expect(page).not_to_have_url(f"{shop.url}/tickets/{number}")
        expect(page.locator("h1").first).to_have_text("發票抬頭也錯了")
        expect(page.locator("[data-test=line][data-kind=member]")).to_have_count(1)
        expect(page.locator("[data-test=ticket-links]")).to_contain_text("兩件事")
        page.goto(f"{shop.url}/tickets/{number}")
        expect(page.locator("[data-test=line][data-kind=member]")).to_have_count(1)
        assert lin.troubles == []
    assert all(one["number"] != other for one in shop.get("lin", f"/tickets/{number}/repeats")["items"])
