"""Every page is read by axe: names, roles, contrast, order of headings, focus (A25)."""

from __future__ import annotations

from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.support import ROOT, Person, Served

AXE: Final = ROOT / "web" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
# Page, and what is clicked there where more than the page is to be seen.
CONSOLE: Final = (
    "/",
    "/inbox",
    "/tickets/1",
    "/tickets/1 [data-test=tab-member]",
    "/tickets/1 [data-test=why-open]",
    "/tickets/1 [data-test=notices]",
    "/rules",
    *(f"/rules?view={view}" for view in ("edit", "try", "history", "stats", "diagrams")),
    "/answers",
    "/answers [data-test=answer-new]",
    "/quick-replies",
    "/quick-replies [data-test=reply-new]",
    "/settings",
    "/account/sessions",
    "/nowhere",
)
OUTSIDE: Final = ("/login", "/chat?shop=demo", "/demo", "/nowhere")


def found(page: Page) -> list[str]:
    """What axe finds, one line each: rule, place, why."""
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE.read_text("utf-8"))
    result: Any = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} at {node['target']}: {node['failureSummary']}"
        for one in result["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_the_console_has_no_finding(shop: Served, browser: Browser, width: int, theme: str) -> None:
    with Person(browser, shop.url, width=width, height=900) as admin:
        admin.context.add_init_script(f"localStorage.setItem('yingda.theme', '{theme}')")
        page = admin.sign_in("admin")
        wrong = {}
        for place in CONSOLE:
            path, _, button = place.partition(" ")
            admin.go(path)
            expect(page.locator("main")).to_be_visible()
            if button and page.locator(button).is_visible():
                page.locator(button).click()
            if told := found(page):
                wrong[place] = told
        assert wrong == {}


@pytest.mark.slow
def test_a_page_that_is_opened_has_the_focus(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url) as admin:
        page = admin.sign_in("admin", "/inbox?view=all")
        page.locator("main li a").first.click()
        expect(page.locator("[data-test=ticket-number]")).to_be_visible()
        expect(page.locator("#main")).to_be_focused()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("path", OUTSIDE)
def test_pages_outside_have_no_finding(shop: Served, browser: Browser, path: str, width: int) -> None:
    with Person(browser, shop.url, width=width, height=900) as guest:
        assert found(guest.go(path)) == []
