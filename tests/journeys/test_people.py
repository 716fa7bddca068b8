"""關注 and @提及 in the browser: by keys, found by pinyin, marked in the thread, told by the bell."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.support import Person, Served


def _case(shop: Served, subject: str) -> int:
    made = shop.post("ming", "/tickets", {"subject": subject, "text": "杯子有裂痕，請幫我看看", "shop": "demo"})
    return int(made["number"])


@pytest.mark.parametrize("width", [1440, 390])
def test_a_colleague_is_mentioned_and_the_case_followed(shop: Served, browser: Browser, width: int) -> None:
    number = _case(shop, f"提及 {width}")
    with Person(browser, shop.url, width=width, height=900) as amy:
        page = amy.sign_in("amy", f"/tickets/{number}")
        page.locator("[data-test=composer-mode-internal]").click()
        text = page.locator("[data-test=composer-text]")
        text.press_sequentially("請@lj")
        expect(page.locator("[data-test=mention-lin]")).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Escape")
        expect(page.locator("[data-test=mention-list]")).to_have_count(0)
        text.press_sequentially(" @linjia")
        page.keyboard.press("Enter")
        expect(text).to_have_value("請@lj @林佳蓉 ")
        text.press_sequentially("看照片")
        page.keyboard.press("Enter")
        expect(page.locator("[data-test=mention]")).to_have_text("@林佳蓉")
        page.locator("[data-test=ticket-number]").click()
        page.keyboard.press("f")
        expect(page.locator("[data-test=follow]")).to_have_attribute("aria-pressed", "true")
        if width < 860:
            page.locator("[data-test=pane-facts]").click()
        expect(page.locator("[data-test=follower-amy]")).to_be_visible()
        page.locator("[data-test=followers-add]").click()
        page.locator("[data-test=people-find]").press_sequentially("hbh")
        page.keyboard.press("Enter")
        expect(page.locator("[data-test=follower-ben]")).to_be_visible()
        page.locator("[data-test=follower-amy] button").click()
        expect(page.locator("[data-test=follow]")).to_have_attribute("aria-pressed", "false")
        assert amy.troubles == []
    assert shop.get("lin", f"/tickets/{number}")["followers"] == ["ben"]
    with Person(browser, shop.url, width=width, height=900) as lin:
        page = lin.sign_in("lin", "/")
        page.locator("[data-test=notices]").click()
        page.locator("[data-test=notices-mention]").click()
        notice = page.locator("[data-test=notice]").first
        expect(notice).to_contain_text("吳欣怡 在")
        notice.locator(".row").click()
        expect(page).to_have_url(f"{shop.url}/tickets/{number}")
        expect(page.locator("[data-test=mention]")).to_have_text("@林佳蓉")
        page.locator("[data-test=notices]").click()
        expect(page.locator("[data-test=notice]").filter(has_text="吳欣怡 在").first.locator(".new")).to_have_count(0)
        assert lin.troubles == []
    told = [one for one in shop.get("lin", "/notices")["items"] if one["ticket"] == number and one["kind"] == "mention"]
    assert [(one["rule"], one["read"]) for one in told] == [("mentioned_you", True)]
