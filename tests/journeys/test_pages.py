"""Every page, in every language, on a desk and on a phone: no error, no gap in the words, nothing beyond the edge."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.support import LOCALES, Person, Served
from tests.support.waiting import until

SIZES = {"desk": (1440, 900), "phone": (390, 844)}
SPOKEN = {"zh-TW": "zh-Hant-TW", "zh-CN": "zh-Hans-CN", "en": "en"}

# What people and rules have written is not ours to translate: names of rules, files, values, addresses, lines.
_TEXTS = """
() => {
  const theirs = 'code, pre, dl, time, style, script, svg, .bubble, .last, option, [data-test=why-rule] li, ' +
    '.text, [data-test=rules-tree], [data-test=rules-outline]'
  const found = []
  const look = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      if (node.data.trim()) found.push(node.data.trim())
      return
    }
    if (node.nodeType === Node.ELEMENT_NODE) {
      if (node.matches(theirs) || !node.checkVisibility()) return
      for (const name of ['placeholder', 'aria-label', 'title', 'alt']) {
        if (node.hasAttribute(name) && !node.matches('.event')) found.push(node.getAttribute(name))
      }
      if (node.shadowRoot) look(node.shadowRoot)
    }
    for (const child of node.childNodes) look(child)
  }
  look(document.body)
  return [document.title, ...found]
}
"""

# A button that cannot be reached is one the visitor does not have; what scrolls on purpose may be wider.
_BEYOND = """
() => {
  const out = []
  const root = document.scrollingElement
  if (root.scrollWidth > innerWidth) out.push(`the page is ${root.scrollWidth} wide`)
  const scrolls = (element) => {
    for (let up = element.parentElement; up; up = up.parentElement) {
      if (['auto', 'scroll'].includes(getComputedStyle(up).overflowX) && up.scrollWidth > up.clientWidth) return true
    }
    return false
  }
  const look = (scope) => {
    for (const element of scope.querySelectorAll('*')) {
      if (element.shadowRoot) look(element.shadowRoot)
      if (!element.matches('a, button, input, select, textarea, h1, h2, h3') || !element.checkVisibility()) continue
      const box = element.getBoundingClientRect()
      const shown = box.width > 1 && getComputedStyle(element).position !== 'fixed'
      if (shown && (box.right > innerWidth + 1 || box.left < -1) && !scrolls(element)) {
        out.push(`${element.tagName} “${(element.textContent || element.name || '').trim().slice(0, 30)}” ` +
          `${Math.round(box.left)}–${Math.round(box.right)}`)
      }
    }
  }
  look(document)
  return out
}
"""

# The demo shop's page is Chinese; this is the page of a shop that speaks another language.
_SPEAK = """
new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) {
    if (node.nodeName === 'SCRIPT' && node.dataset.shop) node.dataset.lang = 'LANG'
  }
}).observe(document, { childList: true, subtree: true })
"""

_RAW = re.compile(r"\b[a-z]+(?:\.[a-z_]+)+\b")
_HOLE = re.compile(r"\bundefined\b|\bnull\b|\bNaN\b|\[object |\{[a-z]\w*\}")


def _faults(page: Page) -> list[str]:
    """What a reader of this page would stumble over."""
    faults = list(page.evaluate(_BEYOND))
    texts: list[str] = page.evaluate(_TEXTS)
    assert len(texts) > 3, f"hardly a word on {page.url}: {texts}"
    for text in texts:
        if not text:
            faults.append("a label without a word")
        known = re.sub(r"\S+@\S+|https?://\S+", "", text)
        faults += [f"{what} in “{text}”" for what in (*_RAW.findall(known), *_HOLE.findall(known))]
    return [f"{page.url}: {fault}" for fault in faults]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("locale", LOCALES)
def test_console(shop: Served, browser: Browser, locale: str, size: str) -> None:
    width, height = SIZES[size]
    number = shop.get("admin", "/tickets", limit=1)["items"][0]["number"]
    faults: list[str] = []
    with Person(browser, shop.url, locale=locale, width=width, height=height) as admin:
        page = admin.go("/login")
        page.locator(f"nav button[lang='{locale}']").click()
        expect(page.locator("html")).to_have_attribute("lang", SPOKEN[locale])
        faults += _faults(page)
        admin.sign_in("admin")
        for path, ready in (
            ("/", "home-mine"),
            ("/inbox?view=all", "inbox-row"),
            ("/inbox?view=all&q=nothing-is-called-so", "inbox-find"),
            (f"/tickets/{number}", "line"),
            ("/rules", "rules-digest"),
            ("/rules?view=edit&file=60-respond.rules", "rules-file" if size == "desk" else "rules-pick"),
            ("/rules?view=try", "dry-run"),
            ("/rules?view=history", "rules-version"),
            ("/rules?view=statistics", "stats-row"),
            ("/rules?view=diagrams", "rules-diagram"),
            ("/account/sessions", "session"),
        ):
            admin.go(path)
            page.locator(f"[data-test={ready}]").first.wait_for()
            expect(page.locator("html")).to_have_attribute("lang", SPOKEN[locale])
            page.wait_for_load_state("networkidle")
            faults += _faults(page)
        page.locator("[data-test=account-menu]").click()
        page.locator("[data-test=sign-out]").wait_for()
        faults += _faults(page)

        admin.go(f"/tickets/{number}")
        page.locator("[data-test=line]").first.wait_for()
        panes = {"facts": "[data-test=facts]", "member": "[data-test=member-card]", "why": "[data-outcome=acted]"}
        for pane, shown in panes.items():
            page.locator(f"[data-test={'tab' if size == 'desk' else 'pane'}-{pane}]").click()
            page.locator(shown).first.wait_for()
            faults += _faults(page)
        assert not faults, "\n".join(faults)
        assert not admin.troubles, "\n".join(admin.troubles)


def test_a_guest_sees_no_error_in_the_log_of_the_browser(shop: Served, browser: Browser) -> None:
    """Nobody is signed in: nothing is asked that would be refused, on any page that a visitor comes to."""
    with Person(browser, shop.url) as guest:
        asked: list[str] = []
        guest.page.on("request", lambda request: asked.append(request.url))
        for path in ("/chat?shop=demo", "/login", "/", "/inbox"):
            page = guest.go(path)
            page.locator("[data-test=input]" if "chat" in path else "[data-test=login-username]").wait_for()
            page.wait_for_load_state("networkidle")
        assert not guest.troubles, "\n".join(guest.troubles)
        assert not [url for url in asked if url.endswith("/auth/me")]
        # And who has signed in is known again after a reload, here and in the chat.
        guest.sign_in("ming", "/chat?shop=demo")
        page = guest.go("/chat?shop=demo")
        page.locator("[data-test=input]").wait_for()
        until(lambda: [url for url in asked if url.endswith("/auth/me")], "the chat asks who is there")
        assert not guest.troubles, "\n".join(guest.troubles)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("locale", LOCALES)
def test_widget_and_chat(shop: Served, browser: Browser, locale: str, size: str) -> None:
    width, height = SIZES[size]
    with Person(browser, shop.url, locale=locale, width=width, height=height) as guest:
        guest.page.add_init_script(_SPEAK.replace("LANG", locale))
        page = guest.go("/demo")
        page.locator("[data-test=launcher]").click()
        _talk(guest, locale)
        faults = _faults(page)
        page = guest.go("/chat?shop=demo")
        expect(page.locator("html")).to_have_attribute("lang", locale)
        # The same guest, the same conversation.
        expect(page.locator("[data-test=line].me")).to_have_count(1)
        faults += _faults(page)
        page.locator("[data-test=end]").click()
        page.locator("[data-test=end-confirm]").wait_for()
        faults += _faults(page)
        page.locator("[data-test=end-confirm]").click()
        page.locator("[data-test=ended]").wait_for()
        faults += _faults(page)
        assert not faults, "\n".join(faults)
        assert not guest.troubles, "\n".join(guest.troubles)


def _talk(guest: Person, locale: str) -> None:
    """Says something and reads the answer."""
    asked, answered = {
        "zh-TW": ("我要退款", "退換貨說明"),
        "zh-CN": ("请问怎么退货？我的订单还没发货", "退换货"),
        "en": ("I would like to have a refund, please", "sign in"),
    }[locale]
    page = guest.page
    page.locator("[data-test=input]").fill(asked)
    page.locator("[data-test=send]").click()
    expect(page.locator("[data-test=line].bot", has_text=answered).first).to_be_visible()
