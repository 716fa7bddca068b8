"""子任務, 服務記錄 and 復盤 in the browser: shared out, done, written down, corrected, reviewed at the end."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.support import Person, Served
from tests.journeys.test_access import found


def _case(shop: Served, subject: str) -> int:
    number = int(
        shop.post("ming", "/tickets", {"subject": subject, "text": "杯子有裂痕，請幫我看看", "shop": "demo"})["number"]
    )
    shop.post("lin", f"/tickets/{number}/claim", {})
    return number


@pytest.mark.parametrize("width", [1440, 390])
def test_a_case_is_shared_out_written_down_and_reviewed(shop: Served, browser: Browser, width: int) -> None:
    number = _case(shop, f"分頭處理 {width}")
    with Person(browser, shop.url, width=width, height=900) as lin:
        page = lin.sign_in("lin", f"/tickets/{number}")
        page.locator("[data-test=tab-facts]:visible, [data-test=pane-facts]:visible").first.click()
        tasks = page.locator("[data-test=tasks]")
        page.locator("[data-test=task-add]").fill("請倉庫調監視畫面")
        page.locator("[data-test=task-add-person]").click()
        page.locator("[data-test=people-find]").fill("amy")
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        expect(tasks.locator("[data-test=task-1]")).to_contain_text("請倉庫調監視畫面")
        page.locator("[data-test=task-add]").fill("回電給顧客")
        page.keyboard.press("Enter")
        row = tasks.locator("[data-test=task-2]")
        row.locator("[data-test=task-tick]").click()
        expect(row.locator("[data-test=task-result-field]")).to_be_focused()
        page.keyboard.type("顧客同意補寄")
        page.keyboard.press("Enter")
        expect(row.locator("[data-test=task-result]")).to_have_text("顧客同意補寄")
        expect(page.locator("[data-test=tasks-count]")).to_have_text("1/2 完成")

        page.locator("[data-test=record-add]").click()
        page.locator("[data-test=record-text]").fill("打給物流查件")
        page.locator("[data-test=record-minutes]").fill("75")
        page.locator("[data-test=record-save]").click()
        expect(page.locator("[data-test=records-spent]")).to_have_text("共 1 小時 15 分")
        page.locator("[data-test=record-1] [data-test=record-correct]").click()
        page.locator("[data-test=record-minutes]").fill("15")
        page.locator("[data-test=record-reason]").fill("時間寫錯")
        page.locator("[data-test=record-save]").click()
        expect(page.locator("[data-test=records-spent]")).to_have_text("共 15 分")
        page.locator("[data-test=record-2] [data-test=record-original]").click()
        expect(page.locator("[data-test=record-earlier]")).to_have_count(1)

        assert found(page) == []
        page.locator("[data-test=move-close]").first.click()
        page.locator("[data-test=move-field-solution]").fill("補寄一個")
        page.locator("[data-test=move-review] summary").click()
        assert found(page) == []
        page.locator("[data-test=review-problem]").fill("運送途中受壓")
        page.locator("[data-test=move-confirm]").click()
        expect(page.locator("[data-test=record-3]")).to_contain_text("運送途中受壓")
        expect(page.locator("[data-test=record-3]")).to_have_attribute("data-kind", "closing")
        assert lin.troubles == []
    with Person(browser, shop.url, width=width, height=900) as amy:
        page = amy.sign_in("amy", "/inbox?view=all")
        mark = page.locator(f"[data-number='{number}'] [data-test=inbox-tasks]")
        expect(mark).to_have_text(re.compile("1/2"))
        assert amy.troubles == []
