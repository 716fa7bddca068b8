"""Many tickets at once in the browser: ten late ones closed in four clicks, a stretch with Shift, all taken back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.support import Person, Served

MOST_CLICKS = 4


def _cases(shop: Served, order_no: str, count: int) -> list[int]:
    made = []
    for n in range(count):
        body = {"subject": f"批次 {n}", "text": "請幫我看看", "shop": "demo", "order_no": order_no}
        made.append(int(shop.post("ming", "/tickets", body)["number"]))
    return made


@pytest.mark.parametrize("width", [1440, 390])
def test_ten_are_closed_in_four_clicks_and_taken_back(shop: Served, browser: Browser, width: int) -> None:
    order = f"B{width}"
    numbers = _cases(shop, order, 10)
    view = shop.post("lin", "/views", {"name": f"v{width}", "filter": f'ticket.order_no = "{order}"'})["id"]
    with Person(browser, shop.url, width=width, height=900) as lin:
        page = lin.sign_in("lin", f"/inbox?view={view}")
        clicks = 1  # the tile of the home page, or the view's own
        expect(page.locator("[data-test=choose]")).to_have_count(10)
        for name in ("choose-all", "batch-move"):
            page.locator(f"[data-test={name}]").click()
            clicks += 1
        expect(page.locator("[data-test=batch-field-solution]")).to_be_focused()
        page.keyboard.type("已補寄")
        page.locator("[data-test=batch-go]").click()
        clicks += 1
        expect(page.locator("[data-test=batch-undo]")).to_be_visible()
        expect(page.locator("[data-test=batch-told]")).to_contain_text("已處理 10 件")
        assert clicks <= MOST_CLICKS
        assert {shop.get("lin", f"/tickets/{n}")["category"] for n in numbers} == {"closed"}
        page.locator("[data-test=batch-undo]").click()
        expect(page.locator("[data-test=batch-told]")).to_contain_text("已復原 10 件")
        expect(page.locator("[data-test=batch-close]")).to_be_visible()
        assert lin.troubles == []


def test_a_stretch_is_chosen_with_shift_and_tagged(shop: Served, browser: Browser) -> None:
    numbers = _cases(shop, "BS", 5)
    view = shop.post("lin", "/views", {"name": "vs", "filter": 'ticket.order_no = "BS"', "sort": "number"})["id"]
    with Person(browser, shop.url, width=1440, height=900) as lin:
        page = lin.sign_in("lin", f"/inbox?view={view}")
        boxes = page.locator("[data-test=choose]")
        expect(boxes).to_have_count(5)
        boxes.nth(1).click()
        boxes.nth(3).click(modifiers=["Shift"])
        expect(page.locator("[data-test=batch-count]")).to_have_text("已選 3 件")
        page.locator("[data-test=batch-tags]").click()
        page.locator("[data-test=batch-add]").fill("補寄，急件")
        page.locator("[data-test=batch-go]").press("Enter")
        expect(page.locator("[data-test=batch-undo]")).to_be_visible()
        assert lin.troubles == []
    tagged = [set(shop.get("lin", f"/tickets/{n}")["tags"]) >= {"補寄", "急件"} for n in numbers]
    assert tagged == [False, True, True, True, False]
