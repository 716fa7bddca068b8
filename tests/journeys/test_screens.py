"""What the screens say is so: words of a rating, where a chat went on, the state of the system, no refused question."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.support import Person, Served
from tests.support.waiting import until
from tests.web.support import Socket

PICTURES = Path(__file__).resolve().parents[2] / ".cache" / "pictures"


def _look(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"screens-{name}.png")


def _chat(shop: Served, username: str | None = None, **hello: str) -> Socket:
    token = shop.sign_in(username) if username else None
    return Socket(shop.url, "/ws/chat").hello(shop="demo", token=token, **hello)


@pytest.mark.parametrize(("who", "width", "theme"), [("hua", 1440, "light"), ("ming", 390, "dark")])
def test_the_words_of_a_rating_reach_the_supervisor(
    shop: Served, browser: Browser, who: str, width: int, theme: str
) -> None:
    said = f"等了很久，而且答非所問（{width}）"
    with _chat(shop, who) as member:
        number = member.line("我要退款")["message"]["ticket"]
        shop.post("amy", f"/tickets/{number}/messages", {"text": "您好，為您查詢"})
        with Person(browser, shop.url, width=width, height=900) as lin:
            lin.context.add_init_script(f"localStorage.setItem('yingda.theme', '{theme}')")
            page = lin.sign_in("lin", f"/tickets/{number}")
            expect(page.locator("[data-test=line]").first).to_be_visible()
            first = f"態度不好（{width}）"
            member.send({"type": "rate", "score": 2, "comment": first})
            expect(page.locator("[data-test=rated]")).to_contain_text(first)
            page.locator("[data-test=notices]").click()
            expect(page.locator("[data-test=notice]").filter(has_text=first)).to_be_visible()
            page.keyboard.press("Escape")
            member.send({"type": "rate", "score": 1, "comment": said})
            expect(page.locator("[data-test=rated]")).to_contain_text(said)
            expect(page.locator("[data-test=rated]")).to_contain_text("1/5")
            expect(page.locator("[data-test=rated]")).to_have_count(1)
            expect(page.locator("[data-test=rated]")).to_be_in_viewport()
            _look(page, f"rated-{width}-{theme}")
            other = shop.post(who, "/tickets", {"subject": "再一件", "text": "再問一件事", "shop": "demo"})["number"]
            page = lin.go(f"/tickets/{other}")
            page.locator("[data-test=pane-member]" if width < 860 else "[data-test=tab-member]").click()
            expect(page.locator("[data-test=past-rating]").filter(has_text=said)).to_be_visible()
            _look(page, f"rated-member-{width}-{theme}")
            assert lin.troubles == []
        assert said not in str(member.until_quiet()) + str(shop.get(who, f"/tickets/{number}"))


def test_a_merged_chat_leads_to_where_it_went_on(shop: Served, browser: Browser) -> None:
    with _chat(shop, "ming") as tab:
        own = tab.line("我是會員")["message"]["ticket"]
    with _chat(shop) as guest:
        other = guest.line("我是遊客")["message"]["ticket"]
        proof = guest.welcome["visitor"]
    with _chat(shop, "ming", visitor=proof):
        until(lambda: shop.get("amy", f"/tickets/{other}")["category"] == "closed", "the two are one")
    for width in (1440, 390):
        with Person(browser, shop.url, width=width, height=900) as amy:
            page = amy.sign_in("amy", f"/tickets/{other}")
            link = page.locator("[data-test=merged-into]")
            expect(link).to_be_visible()
            expect(page.get_by_text("還沒有訊息")).to_have_count(0)
            _look(page, f"merged-{width}")
            link.click()
            page.wait_for_url(f"**/tickets/{own}")
            expect(page.locator("[data-test=line]").filter(has_text="我是遊客")).to_be_visible()


PAGES = (
    *("/", "/inbox", "/inbox?view=all", "/tickets/1", "/tickets/999999", "/answers", "/quick-replies", "/settings"),
    *("/rules", *(f"/rules?view={view}" for view in ("edit", "try", "history", "statistics", "diagrams"))),
    *("/system", "/audit", "/account/sessions", "/nowhere"),
)


@pytest.mark.parametrize("who", ["admin", "sys", "lin", "amy"])
def test_no_page_asks_what_is_refused(shop: Served, browser: Browser, who: str) -> None:
    """Every page of the console, as each shipped role: whoever may not be there is told so, without a question."""
    refused: list[str] = []
    with Person(browser, shop.url, width=1440, height=900) as person:
        page = person.page
        page.on("response", lambda answer: refused.append(answer.url) if answer.status in (401, 403) else None)
        person.sign_in(who)
        refused.clear()
        person.troubles.clear()  # before signing in
        for path in PAGES:
            person.go(path)
            expect(page.locator("main h1, main h2, main [role=status]").first).to_be_visible()
            page.wait_for_load_state("networkidle")
            if path == "/tickets/1" and page.locator("[data-test=tab-member]").is_visible():
                for tab in ("member", "why", "facts"):
                    page.locator(f"[data-test=tab-{tab}]").click()
                page.wait_for_load_state("networkidle")
        assert refused == []
        gone = ("/nowhere", "/tickets/999999")
        assert [one for one in person.troubles if not any(path in one for path in gone)] == []


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_the_state_of_the_system_and_acts_are_shown(shop: Served, browser: Browser, width: int, theme: str) -> None:
    with Person(browser, shop.url, width=width, height=1000) as person:
        person.context.add_init_script(f"localStorage.setItem('yingda.theme', '{theme}')")
        page = person.go("/login")
        page.locator("[data-test=login-username]").fill("sys")
        page.locator("[data-test=login-password]").fill("wrong")
        page.locator("[data-test=login-submit]").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page = person.sign_in("sys", "/system")
        state = shop.get("sys", "/system")
        expect(page.locator("[data-test=system-rules]")).to_contain_text(state["rules"]["digest"][:8])
        assert page.locator("[data-test=system-channel]").count() == len(state["channels"])
        expect(page.locator("[data-test=system-store]")).to_contain_text("正常")
        _look(page, f"system-{width}-{theme}")
        person.go("/audit")
        page.locator("[data-test=audit-refused]").check()
        failed = page.locator("[data-test=act][data-kind='session.refused']").first
        expect(failed).to_contain_text("登入失敗")
        expect(failed).to_contain_text("sys")
        expect(failed).to_contain_text("127.0.0.1")
        page.locator("[data-test=audit-refused]").uncheck()
        expect(page.locator("[data-test=act]").filter(has_text="張維安").first).to_be_visible()
        _look(page, f"audit-{width}-{theme}")
