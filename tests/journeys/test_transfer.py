"""轉接 in the browser: three clicks with a note, by keys alone, on a phone; who is away cannot be chosen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.support import Person, Served
from tests.web.support import Socket

MOST_CLICKS = 3


class Clicks:
    """Clicks that a person needed; typing and Enter do not count."""

    def __init__(self, person: Person) -> None:
        self.page, self.count = person.page, 0

    def on(self, name: str) -> None:
        self.page.locator(f"[data-test={name}]").click()
        self.count += 1


def _case(shop: Served, subject: str) -> int:
    number = int(
        shop.post("ming", "/tickets", {"subject": subject, "text": "杯子有裂痕，請幫我看看", "shop": "demo"})["number"]
    )
    shop.post("lin", f"/tickets/{number}/claim", {})
    return number


@pytest.mark.parametrize("width", [1440, 390])
def test_a_case_is_handed_on_in_three_clicks(shop: Served, browser: Browser, width: int) -> None:
    number = _case(shop, f"轉接 {width}")
    with Person(browser, shop.url, width=width, height=900) as lin:
        page = lin.sign_in("lin", f"/tickets/{number}")
        clicks = Clicks(lin)
        clicks.on("transfer-open")
        expect(page.locator("[data-test=transfer-search]")).to_be_focused()
        page.keyboard.type("售後")
        expect(page.locator("[data-test='to-team:frontline']")).to_have_count(0)
        clicks.on("'to-team:aftersales'")
        page.locator("[data-test=transfer-note]").fill("照片在第二則，顧客希望換貨")
        clicks.on("transfer-confirm")
        expect(page.locator("[data-test=transfer]")).to_have_count(0)
        expect(page).not_to_have_url(f"{shop.url}/tickets/{number}")
        assert clicks.count <= MOST_CLICKS and lin.troubles == []
    ticket = shop.get("lin", f"/tickets/{number}")
    assert (ticket["team"], ticket["assignee"]) == ("aftersales", None)
    notes = [
        m["text"] for m in shop.get("lin", f"/tickets/{number}/messages")["items"] if m["visibility"] == "internal"
    ]
    assert notes == ["照片在第二則，顧客希望換貨"]


def test_keys_alone_hand_a_case_on_but_not_while_somebody_writes(shop: Served, browser: Browser) -> None:
    number = _case(shop, "轉接只用鍵盤")
    with Person(browser, shop.url, width=1440, height=900) as lin:
        page = lin.sign_in("lin", f"/tickets/{number}")
        page.locator("[data-test=composer-text]").fill("t")
        page.keyboard.press("t")
        expect(page.locator("[data-test=transfer]")).to_have_count(0)
        page.locator("h1").first.click()
        page.keyboard.press("t")
        expect(page.locator("[data-test=transfer-search]")).to_be_focused()
        page.keyboard.type("資深組")
        page.keyboard.press("ArrowDown")
        expect(page.locator("[data-test='to-team:senior_care']")).to_have_attribute("aria-checked", "true")
        page.locator("[data-test=transfer-confirm]").press("Enter")
        expect(page).not_to_have_url(f"{shop.url}/tickets/{number}")
        assert lin.troubles == []
    assert shop.get("lin", f"/tickets/{number}")["team"] == "senior_care"


def test_who_claims_second_reads_that_somebody_has_it(shop: Served, browser: Browser) -> None:
    number = int(
        shop.post("ming", "/tickets", {"subject": "先到先得", "text": "請問幾點開門", "shop": "demo"})["number"]
    )
    with Person(browser, shop.url, width=1440, height=900) as lin:
        page = lin.sign_in("lin", f"/tickets/{number}")
        expect(page.locator("[data-test=ticket-claim]")).to_be_visible()
        lin.context.set_offline(False)
        shop.post("amy", f"/tickets/{number}/claim", {})
        expect(page.locator("[data-test=ticket-claim]")).to_have_count(0)
        expect(page.locator("[data-test=ticket-take]")).to_be_visible()


def test_a_chat_cannot_be_handed_to_who_is_away(shop: Served, browser: Browser) -> None:
    with Socket(shop.url, "/ws/chat").hello(shop="demo", token=shop.sign_in("ming")) as member:
        number = member.line("我要找人")["message"]["ticket"]
        shop.post("lin", f"/tickets/{number}/messages", {"text": "您好"})
        with Person(browser, shop.url, width=1440, height=900) as lin:
            page = lin.sign_in("lin", f"/tickets/{number}")
            page.locator("[data-test=transfer-open]").click()
            away = next(
                one["username"]
                for one in shop.get("lin", "/agents")["items"]
                if one["status"] == "offline" and one["assignable"] and one["username"] != "lin"
            )
            expect(page.locator(f"[data-test='to-agent:{away}']")).to_be_disabled()
            assert lin.troubles == []
