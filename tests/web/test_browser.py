"""The pages in a real browser: what the policies forbid is not needed, and a line goes both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.web.support import PASSWORD, Site, running
from web.folder import STATIC

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.skipif(not (STATIC / "demo.html").exists(), reason="the front end is not built here")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("pages"), demo=True) as site:
        site.add_agent("amy", ["agent"], ["demo"])
        site.add_member("ming", "demo")
        yield site


def _watch(page: Page) -> list[str]:
    """What the browser complains of: policies violated, files that are missing."""
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type in ("error", "warning") else None)
    return told


def test_console_signs_in_under_its_policy(shop: Site, page: Page) -> None:
    told = _watch(page)
    page.goto(f"{shop.url}/login")
    page.locator("[data-test=login-username]").fill("amy")
    page.locator("[data-test=login-password]").fill(PASSWORD)
    page.locator("[data-test=login-submit]").click()
    page.wait_for_url(lambda url: "/login" not in url)
    with shop.client("amy") as amy:
        body = {"subject": "瀏覽器", "text": "看得到嗎", "requester": {"name": "小明"}}
        number = amy.post("/tickets", json=body).json()["number"]
    page.goto(f"{shop.url}/tickets/{number}")
    page.locator("[data-test=line]", has_text="看得到嗎").wait_for()
    assert not [line for line in told if "Content Security Policy" in line or "404" in line], told


def test_a_guest_talks_from_the_shop_page(shop: Site, page: Page) -> None:
    told = _watch(page)
    page.goto(f"{shop.url}/demo")
    page.locator("[data-test=launcher]").click()
    page.locator("[data-test=input]").fill("請問有貨嗎")
    page.locator("[data-test=send]").click()
    page.locator("[data-test=line]", has_text="請問有貨嗎").wait_for()
    with shop.client("amy") as amy:
        number = amy.get("/tickets", params={"q": "", "sort": "-created_at"}).json()["items"][0]["number"]
        amy.post(f"/tickets/{number}/messages", json={"text": "有的，今天出貨"})
    page.locator("[data-test=line]", has_text="有的，今天出貨").wait_for()
    page.reload()
    # A conversation under way connects by itself; the panel may be open again or not.
    if not page.locator("[data-test=panel]").is_visible():
        page.locator("[data-test=launcher]").click()
    page.locator("[data-test=line]", has_text="請問有貨嗎").wait_for()
    assert page.locator("[data-test=line]", has_text="請問有貨嗎").count() == 1
    assert not [line for line in told if "Content Security Policy" in line], told
