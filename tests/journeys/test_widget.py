"""The chat on a shop's page keeps its word: who signs in keeps it, one browser is one visitor, silence is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute, expect

from tests.journeys.support import PASSWORD, Person, Served, make_desk, serving
from tests.support.waiting import until

PICTURES = Path(__file__).resolve().parents[2] / ".cache" / "pictures"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A demo desk of its own: guests who come in numbers from one place are not held up."""
    desk = make_desk(tmp_path_factory.mktemp("widget"))
    with serving(desk, demo=True) as served:
        yield served


def _open(person: Person) -> Page:
    page = person.go("/demo")
    page.locator("[data-test=launcher]").click()
    expect(page.locator("[data-test=line]").first).to_be_visible()
    return page


def _say(page: Page, text: str) -> None:
    page.locator("[data-test=input]").fill(text)
    page.locator("[data-test=send]").click()
    expect(page.locator("[data-test=line][data-kind=member]").filter(has_text=text)).to_be_visible()


def _numbers(shop: Served) -> set[int]:
    return {one["number"] for one in shop.get("admin", "/tickets", limit=100)["items"]}


def _look(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"widget-{name}.png")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_guest_signs_in_comes_back_and_the_chat_is_hers(shop: Served, browser: Browser, width: int) -> None:
    with Person(browser, shop.url, width=width) as person:
        page = _open(person)
        before = _numbers(shop)
        _say(page, f"我要退款 {width}")
        (number,) = until(lambda: _numbers(shop) - before, "a case")
        _look(page, f"guest-{width}")
        page.locator("[data-test=sign-in] a").click()
        expect(page.locator("[data-test=login-member]")).to_be_visible()
        assert "應答" not in page.locator("main").inner_text(), "members see nothing of the desk behind the shop"
        _look(page, f"login-{width}")
        page.locator("[data-test=login-username]").fill("hua")
        page.locator("[data-test=login-password]").fill(PASSWORD)
        page.locator("[data-test=login-submit]").click()
        page.wait_for_url("**/demo")
        expect(page.locator("[data-test=line]").filter(has_text=f"我要退款 {width}")).to_have_count(1)
        expect(page.locator("[data-test=sign-in]")).to_be_hidden()
        _say(page, "登入好了")
        _look(page, f"member-{width}")
        assert _numbers(shop) - before == {number}, "no second case"
        requester = shop.get("admin", f"/tickets/{number}")["requester"]
        assert not requester["guest"]
        page.locator("[data-test=end]").click()
        page.locator("[data-test=end-confirm]").click()
        expect(page.locator("[data-test=ended]")).to_be_visible()
        expect(page.locator("[data-test=end]")).to_be_hidden()


def test_two_pages_of_one_browser_are_one_visitor_with_one_case(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url) as person:
        before = _numbers(shop)
        first, second = person.page, person.context.new_page()
        for page in (first, second):
            page.goto(f"{shop.url}/demo")
        for page in (first, second):
            page.locator("[data-test=launcher]").click()
        for page in (first, second):
            expect(page.locator("[data-test=line]").first).to_be_visible()
        _say(first, "第一頁")
        _say(second, "第二頁")
        expect(first.locator("[data-test=line]").filter(has_text="第二頁")).to_have_count(1)
        assert len(_numbers(shop) - before) == 1
        first.reload()
        for text in ("第一頁", "第二頁"):
            expect(first.locator("[data-test=line]").filter(has_text=text)).to_have_count(1)


def _deaf(context: BrowserContext, told: dict[str, Any]) -> None:
    """Between page and desk a network that can die without a word."""

    def between(route: WebSocketRoute) -> None:
        told["sockets"] = told.get("sockets", 0) + 1
        server = route.connect_to_server()
        route.on_message(lambda text: None if told.get("dead") else server.send(text))
        server.on_message(lambda text: None if told.get("dead") else route.send(text))

    context.route_web_socket("**/ws/*", between)


def test_a_connection_that_dies_is_told_within_seconds_and_comes_back(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url) as person:
        told: dict[str, Any] = {}
        _deaf(person.context, told)
        page = _open(person)
        _say(page, "在嗎")
        told["dead"] = True
        warning = page.locator(".bar.warn[role=status]")
        expect(warning).to_contain_text("網路中斷", timeout=16_000)
        _look(page, "silent")
        page.locator("[data-test=input]").fill("斷線時寫的")
        page.locator("[data-test=send]").click()
        told["dead"] = False
        expect(page.locator("[data-test=line]").filter(has_text="斷線時寫的")).to_have_count(1, timeout=40_000)
        expect(warning).to_be_hidden()


def test_a_reading_agent_is_told_that_the_connection_died(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url) as agent:
        told: dict[str, Any] = {}
        _deaf(agent.context, told)
        page = agent.sign_in("lin")
        until(lambda: told.get("sockets"), "a socket")
        page.wait_for_timeout(1500)
        before = page.locator("body").inner_text()
        told["dead"] = True
        until(lambda: page.wait_for_timeout(300) or page.locator("body").inner_text() != before, "a word", seconds=16)
        _look(page, "agent-silent")


def test_a_page_that_swaps_its_body_keeps_the_widget_and_its_one_socket(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url) as person:
        page = _open(person)
        _say(page, "換頁前")
        opened = len(person.sockets)
        page.evaluate(
            """() => {
                const body = document.createElement('body')
                body.append(document.createElement('h1'))
                document.body.replaceWith(body)
                const script = document.createElement('script')
                Object.assign(script, { src: '/widget.js' })
                script.dataset.shop = 'demo'
                return new Promise((done) => { script.onload = done; body.append(script) })
            }"""
        )
        expect(page.locator("yingda-chat")).to_have_count(1)
        expect(page.locator("[data-test=line]").filter(has_text="換頁前")).to_be_visible()
        page.evaluate("() => { document.body.innerHTML = '' }")
        _say(page, "換頁後")
        assert len(person.sockets) == opened


def test_what_is_half_written_or_not_sent_survives_a_reload(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url) as person:
        told: dict[str, Any] = {}
        _deaf(person.context, told)
        page = _open(person)
        _say(page, "先說一句")
        told["dead"] = True
        page.locator("[data-test=input]").fill("送不出去的")
        page.locator("[data-test=send]").click()
        page.locator("[data-test=input]").fill("寫到一半")
        page.reload()
        expect(page.locator("[data-test=input]")).to_have_value("寫到一半")
        expect(page.locator("[data-test=pending]").filter(has_text="送不出去的")).to_be_visible()
        told["dead"] = False
        expect(page.locator("[data-test=line]").filter(has_text="送不出去的")).to_have_count(1, timeout=40_000)


def test_a_file_let_go_anywhere_is_attached(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url) as person:
        page = _open(person)
        drop = """(element) => {
            const data = new DataTransfer()
            data.items.add(new File(['單號 123'], '收據.txt', { type: 'text/plain' }))
            const how = { bubbles: true, cancelable: true, composed: true, dataTransfer: data }
            const event = (kind) => new DragEvent(kind, how)
            element.dispatchEvent(event('dragover'))
            return !element.dispatchEvent(event('drop'))
        }"""
        assert page.locator(".log").evaluate(drop), "the browser would leave the page for the file"
        expect(page.locator(".files span").filter(has_text="收據.txt")).to_be_visible()


@contextmanager
def _elsewhere(html: str) -> Iterator[str]:
    """A page of another site, which is a real one: browsers guard this machine from pages that are not."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_foreign_site_is_told_and_left_alone(shop: Served, browser: Browser) -> None:
    html = f'<!doctype html><html lang="zh-Hant"><body><script src="{shop.url}/widget.js" data-shop="demo"></script>'
    with Person(browser, shop.url) as person, _elsewhere(html) as address:
        page = person.page
        page.goto(address)
        page.locator("[data-test=launcher]").click()
        expect(page.locator(".bar.warn[role=status]")).to_contain_text("沒有登記")
        expect(page.locator("[data-test=input]")).to_be_hidden()
        _look(page, "foreign")
        page.wait_for_timeout(4000)
        assert len(person.sockets) == 1


def test_the_title_of_a_page_may_end_in_an_emoji(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url) as person:
        page = person.go("/demo")
        page.evaluate("() => { document.title = 'x'.repeat(299) + '🎉🎉' }")
        page.locator("[data-test=launcher]").click()
        expect(page.locator("[data-test=line]").first).to_be_visible()
        page.locator("[data-test=input]").evaluate(
            "(e) => { e.value = '半個 \\ud83d'; e.dispatchEvent(new Event('input')) }"
        )
        page.locator("[data-test=send]").click()
        expect(page.locator("[data-test=line][data-kind=member]").filter(has_text="半個")).to_be_visible()
        assert len(person.sockets) == 1


def test_the_next_member_of_a_browser_has_a_card_and_a_mark_of_her_own(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url) as person:
        page = person.sign_in("hua", "/chat?shop=demo")
        before = _numbers(shop)
        _say(page, "我有問題")
        open_one = shop.get("admin", "/tickets", limit=100)["items"]
        (number,) = _numbers(shop) - before or {
            one["number"] for one in open_one if one["requester"]["name"] == "李小華"
        }
        shop.post("amy", f"/tickets/{number}/messages", {"text": "已為您處理", "visibility": "public"})
        expect(page.locator("[data-test=line]").filter(has_text="已為您處理")).to_be_visible()
        shop.post("amy", f"/tickets/{number}/transitions", {"trigger": "end"})
        expect(page.locator("[data-test=rate]")).to_be_visible()
        _look(page, "rate")
        page.set_viewport_size({"width": 390, "height": 422})
        assert page.locator(".log").evaluate("(e) => e.clientHeight") > 100, "on half a screen the dialogue is read on"
        assert (
            page.locator("[data-test=rate-comment]").evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)") >= 16
        )
        _look(page, "rate-half")
        page.context.clear_cookies()
        page = person.sign_in("ming", "/chat?shop=demo")
        expect(page.locator("[data-test=line]").first).to_be_visible()
        expect(page.locator("[data-test=rate]")).to_be_hidden()
        page.context.clear_cookies()
        page = person.sign_in("hua", "/chat?shop=demo")
        expect(page.locator("[data-test=rate]")).to_be_visible()


def test_an_agent_opens_an_ended_chat_again_and_the_window_shows_it(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url) as member, Person(browser, shop.url) as agent:
        page = _open(member)
        before = _numbers(shop)
        _say(page, "我要退款，謝謝")
        (number,) = until(lambda: _numbers(shop) - before, "a case")
        page.locator("[data-test=end]").click()
        page.locator("[data-test=end-confirm]").click()
        expect(page.locator("[data-test=ended]")).to_be_visible()
        desk = agent.sign_in("amy", f"/tickets/{number}")
        desk.get_by_role("button", name="重新開啟").first.click()
        expect(page.locator("[data-test=ended]")).to_be_hidden()
        expect(page.locator("[data-test=end]")).to_be_visible()
        _look(desk, "resumed")
        _say(page, "還有一件事")
        assert _numbers(shop) - before == {number}


@pytest.mark.parametrize("width", [1440, 390])
def test_who_left_before_the_answer_finds_it_rates_and_revises(shop: Served, browser: Browser, width: int) -> None:
    with Person(browser, shop.url, width=width) as person:
        page = _open(person)
        before = _numbers(shop)
        _say(page, f"請問保固多久？我先離開 {width}")
        (number,) = until(lambda: _numbers(shop) - before, "a case")
        person.go("/demo")
        person.page.goto("about:blank")
        answered = f"保固兩年 {width}"
        shop.post("lin", f"/tickets/{number}/messages", {"text": answered})
        shop.post("lin", f"/tickets/{number}/rating-request", {})
        shop.post("lin", f"/tickets/{number}/transitions", {"trigger": "end"})
        page = person.go("/demo")
        if not page.locator("[data-test=panel]").is_visible():
            page.locator("[data-test=launcher]").click()
        expect(page.locator("[data-test=line]").filter(has_text=answered)).to_be_visible()
        page.locator("[data-test=rate-4]").click()
        page.locator("[data-test=rate-send]").click()
        expect(page.locator("[data-test=rated]")).to_be_visible()
        page.reload()
        expect(page.locator("[data-test=line]").filter(has_text=answered)).to_be_visible()
        page.locator("[data-test=rate-revise]").click()
        page.locator("[data-test=rate-2]").click()
        page.locator("[data-test=rate-send]").click()
        until(lambda: shop.get("lin", f"/tickets/{number}")["rating"] == 2, "the rating as it was revised")
        _look(page, f"back-{width}")


def test_a_shop_that_is_not_there_is_told_and_takes_no_line(shop: Served, browser: Browser) -> None:
    with Person(browser, shop.url) as person:
        page = person.go("/chat?shop=nope")
        expect(page.get_by_text("找不到這家商店")).to_be_visible()
        expect(page.locator("[data-test=input]")).to_be_hidden()
