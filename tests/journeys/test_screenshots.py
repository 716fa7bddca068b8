"""The pictures of the manual, taken of a desk at work. `YINGDA_SCREENSHOTS=1` renews those in docs/images."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.journeys.support import ROOT, Person, Served, engine, make_desk, serving

RENEW = bool(os.environ.get("YINGDA_SCREENSHOTS"))
LARGEST = 300_000
"""Bytes of one picture: they lie in the repository."""
OFFICE = """
office:
  zone: Asia/Taipei
  hours: {mon-sun: ["00:00-24:00"]}
  holidays: ["2001-01-01"]  # so that being closed is something to ask for
always:
  zone: Asia/Taipei
  hours: {mon-sun: ["00:00-24:00"]}
"""


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop that is open whenever the test runs, with a month of work behind it."""
    desk = make_desk(tmp_path_factory.mktemp("pictures"), tickets=None)
    (desk / "rules" / "calendars.yaml").write_text(OFFICE, "utf-8")
    shutil.rmtree(desk / "rules" / "tests")
    engine("demo", "--tickets", "200" if RENEW else "20", "--desk", str(desk))
    with serving(desk, demo=True) as served:
        yield served


def test_pictures(open_shop: Served, browser: Browser, tmp_path: Path) -> None:
    shop = open_shop
    folder = ROOT / "docs" / "images" if RENEW else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    with (
        Person(browser, shop.url, width=1440, height=900) as agent,
        Person(browser, shop.url, width=1440, height=900) as member,
    ):
        desk = agent.sign_in("lin")
        desk.locator("[data-test=status-menu]").click()
        desk.locator("[data-test=status-online]").click()
        member.sign_in("ming", "/chat")
        page = member.go("/demo")
        page.locator("[data-test=launcher]").click()
        _say(page, "我要退款，收到的茶壺蓋子有裂痕")
        expect(page.locator("[data-test=line]", has_text="為您服務")).to_be_visible()
        _say(page, "訂單編號 TW20261017")

        desk.goto(f"{shop.url}/inbox?view=all")
        expect(desk.locator("[data-test=inbox-row]").nth(8)).to_be_visible()
        _take(desk, folder / "inbox.png")

        desk.locator("[data-test=inbox-row]", has_text="王小明").first.click()
        _answer(desk, "public", "王先生您好，很抱歉讓您收到有裂痕的茶壺，這就為您查訂單。")
        _answer(desk, "internal", "倉庫確認是運送途中破損，可直接核退。")
        _answer(desk, "public", "已為您核准退款 NT$ 1,680，三個工作天內退回原付款方式，商品不必寄回。")
        expect(page.locator("[data-test=line]", has_text="已為您核准退款")).to_be_visible()
        _say(page, "太好了，謝謝")
        expect(desk.locator("[data-test=line]", has_text="太好了")).to_be_visible()
        desk.locator("[data-test=tab-why]").click()
        rule = desk.locator("[data-test=why-rule][data-rule=vip_refund][data-outcome=acted]")
        expect(rule).to_be_visible()
        rule.evaluate("rule => rule.scrollIntoView({ block: 'center' })")
        _take(desk, folder / "ticket.png")
        _take(page, folder / "widget.png")


def test_picture_of_the_rule_editor(open_shop: Served, browser: Browser, tmp_path: Path) -> None:
    folder = ROOT / "docs" / "images" if RENEW else tmp_path
    with Person(browser, open_shop.url, width=1440, height=900) as admin:
        desk = admin.sign_in("admin")
        admin.go("/rules?file=30-prioritise.rules")
        code = desk.locator("[data-test=rules-code][data-path='30-prioritise.rules'] .cm-content")
        code.click()
        desk.keyboard.press("Control+End")
        desk.keyboard.insert_text('\n\nrule late_parcel "包裹遲到，金卡以上先處理"\n  on message.received\n')
        desk.keyboard.insert_text('  when message.text contains "還沒收到" and mesage.length < 200\n')
        desk.keyboard.insert_text("   and member.tier >= gold\n  then raise ticket.priority to high\n")
        finding = desk.locator("[data-test=rules-finding]")
        expect(finding).to_have_attribute("data-code", "unknown-field", timeout=60_000)
        expect(desk.locator(".cm-lintRange-error").first).to_be_visible()
        # What may stand where the tier is named; the text stays as it is.
        for key in ("ArrowUp", "ArrowUp", "End", *["ArrowLeft"] * len("er >= gold"), "Control+Space"):
            desk.keyboard.press(key)
        expect(desk.locator(".cm-completionInfo")).to_contain_text("gold", timeout=60_000)
        _take(desk, folder / "rules.png")


def test_picture_of_a_line_that_is_tried(open_shop: Served, browser: Browser, tmp_path: Path) -> None:
    folder = ROOT / "docs" / "images" if RENEW else tmp_path
    case = {"subject": "包裹", "text": "包裹顯示已送達，但我沒有收到", "requester": {"name": "謝欣妤"}}
    number = open_shop.post("admin", "/tickets", case)["number"]
    for text in ("謝小姐您好，這就向物流公司查詢。", "物流公司說明天上午會再送一次，請您留意。"):
        open_shop.post("lin", f"/tickets/{number}/messages", {"text": text})
    with Person(browser, open_shop.url, width=1440, height=900) as admin:
        desk = admin.sign_in("admin")
        admin.go("/rules?file=60-respond.rules")
        desk.locator("[data-test=rules-code][data-path='60-respond.rules'] .cm-content").click()
        desk.keyboard.press("Control+End")
        desk.keyboard.insert_text('\n\nrule parcel_on_its_way "包裹問題先安撫"\n  on message.received\n')
        desk.keyboard.insert_text('  when message.text contains "還沒收到" and ticket.type = 物流配送\n')
        desk.keyboard.insert_text('  then reply "{member.name}您好，包裹的事我們馬上為您查，有消息就通知您。"\n')
        desk.keyboard.insert_text('       reply "包裹收到了嗎？" after 1d\n')
        expect(desk.locator("[data-test=rules-publish]")).to_be_enabled()
        admin.go(f"/rules?view=try&ticket={number}")
        expect(desk.locator("[data-test=dry-event]").first).to_be_visible(timeout=60_000)
        desk.locator("[data-test=dry-what-if]").click()
        desk.locator("[data-test=dry-line-text]").fill("請問包裹到哪了？我還沒收到")
        desk.locator("[data-test=dry-line-go]").click()
        expect(desk.locator("[data-test=line-after] [data-test=line-reply]").first).to_be_visible(timeout=60_000)
        _take(desk, folder / "rules-try.png")


def _say(page: Page, text: str) -> None:
    page.locator("[data-test=input]").fill(text)
    page.locator("[data-test=send]").click()
    expect(page.locator("[data-test=line].me", has_text=text)).to_be_visible()


def _answer(desk: Page, mode: str, text: str) -> None:
    desk.locator(f"[data-test=composer-mode-{mode}]").click()
    desk.locator("[data-test=composer-text]").fill(text)
    desk.locator("[data-test=composer-send]").click()
    expect(desk.locator("[data-test=line]", has_text=text)).to_be_visible()


def _take(page: Page, path: Path) -> None:
    """A picture with few colours, small enough to be kept; one of an empty page fails."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    picture = Image.open(BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    assert picture.size == (1440, 900)
    colours = picture.getcolors(maxcolors=picture.width * picture.height)
    assert colours is not None
    assert len(colours) > 200, f"{path.name} has hardly a letter on it"
    assert max(count for count, _ in colours) < 0.95 * picture.width * picture.height, f"{path.name} is blank"
    # This method keeps the small spots of colour, such as the green of "online".
    few = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    assert path.stat().st_size < LARGEST
