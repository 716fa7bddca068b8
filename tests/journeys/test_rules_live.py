"""Rules are edited while people chat: a sound edit counts from the next line on, a broken one changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.journeys.support import Person, Served
from tests.support.waiting import until

RULE = """
rule password "通關密語"
  on message.received
  when message.text contains "芝麻開門"
  then reply "門為您開了"
"""
OPENED = "門為您開了"
SLOW = 60_000
"""Milliseconds until an edit of the folder counts on a slow machine: it is checked with all its scenarios first."""


def _rules(shop: Served) -> dict[str, Any]:
    return dict(shop.get("admin", "/rules"))


def _say(page: Page, text: str) -> None:
    page.locator("[data-test=input]").fill(text)
    page.locator("[data-test=send]").click()
    expect(page.locator("[data-test=line].me", has_text=text)).to_be_visible(timeout=20_000)
    # What rules answer comes with the line itself.
    page.wait_for_timeout(300)


def _opened(page: Page) -> int:
    return page.locator("[data-test=line]", has_text=OPENED).count()


def test_an_edit_counts_from_the_next_line(shop: Served, browser: Browser) -> None:
    file = shop.desk / "rules" / "60-respond.rules"
    sound = file.read_text("utf-8")
    with Person(browser, shop.url) as admin, Person(browser, shop.url) as member:
        console = admin.sign_in("admin")
        admin.go("/rules")
        digest = console.locator("[data-test=rules-digest]")
        first = str(digest.get_attribute("data-digest"))
        assert first == _rules(shop)["digest"]

        page = member.sign_in("hua", "/chat")
        _say(page, "芝麻開門一")
        assert _opened(page) == 0

        file.write_text(sound + RULE, "utf-8")
        expect(digest).not_to_have_attribute("data-digest", first, timeout=SLOW)
        second = str(digest.get_attribute("data-digest"))
        assert _rules(shop)["active"]["source"] == "watch"
        _say(page, "芝麻開門二")
        assert _opened(page) == 1

        line = _break(file, sound)
        finding = console.locator("[data-test=rules-finding]").first
        expect(finding).to_contain_text(f"60-respond.rules:{line}:", timeout=SLOW)
        expect(digest).to_have_attribute("data-digest", second)
        _is_explained(shop, second, line)
        assert f"60-respond.rules:{line}:" in shop.log.read_text("utf-8")
        _say(page, "芝麻開門三")
        assert _opened(page) == 2
        assert len(member.sockets) == 1, "one connection all the while"
        assert not member.sockets[0].is_closed()

        shop.stop()
        shop.start()
        _is_explained(shop, second, line)
        assert f"60-respond.rules:{line}:" in shop.log.read_text("utf-8"), "told again at the start"
        admin.go("/rules")
        expect(finding).to_contain_text(f"60-respond.rules:{line}:")
        expect(digest).to_have_attribute("data-digest", second)
        until(lambda: _reconnected(member), "the chat is connected again", seconds=20)
        _say(page, "芝麻開門四")
        assert _opened(page) == 3

        file.write_text(sound, "utf-8")
        expect(finding).to_be_hidden(timeout=SLOW)
        expect(digest).to_have_attribute("data-digest", first)
        assert _rules(shop)["failed"] is None
        _say(page, "芝麻開門五")
        assert _opened(page) == 3


def _break(file: Path, sound: str) -> int:
    """Saves the file with a rule that cannot be read; the line of the mistake."""
    broken = sound + RULE.replace("message.text contains", "message.text containz")
    file.write_text(broken, "utf-8")
    return next(n for n, text in enumerate(broken.splitlines(), 1) if "containz" in text)


def _is_explained(shop: Served, digest: str, line: int) -> None:
    rules = until(lambda: (state := _rules(shop)) and state["failed"] and state, "the failed load is told")
    assert rules["digest"] == digest
    errors = [one for one in rules["failed"]["findings"] if one["severity"] == "error"]
    assert (errors[0]["file"], errors[0]["line"]) == ("60-respond.rules", line)
    assert "containz" in errors[0]["snippet"]


def _reconnected(member: Person) -> bool:
    member.page.wait_for_timeout(100)
    return len(member.sockets) > 1 and any('"welcome"' in frame for frame in member.frames[-20:])
