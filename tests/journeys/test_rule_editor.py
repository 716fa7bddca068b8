"""Rules are edited in the console: written with help, checked, published with a reason, compared, taken back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.journeys.support import ROOT, Person, Served, make_desk, serving
from tests.support.waiting import until

FILE = "60-respond.rules"
OPENED = "門為您開了"
SLOW = 60_000
"""Milliseconds a whole check with its scenarios may take on a slow machine."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo shop, where supervisors may edit rules but not give rights."""
    folder = tmp_path_factory.mktemp("editor")
    shutil.copytree(ROOT / "rules", folder / "rules")
    roles = folder / "rules" / "roles.yaml"
    text = roles.read_text("utf-8")
    head, supervisor = text.split("supervisor:", 1)
    roles.write_text(head + "supervisor:" + supervisor.replace("- rules.view\n", "- rules.view\n    - rules.edit\n", 1))
    # One file of scenarios says as much as ten: they run at each check before publishing.
    for scenarios in sorted((folder / "rules" / "tests").glob("*.yaml"))[1:]:
        scenarios.unlink()
    with serving(make_desk(folder, rules=folder / "rules")) as served:
        yield served


def _state(house: Served) -> dict[str, Any]:
    return dict(house.get("admin", "/rules"))


def _open(person: Person, path: str, line: int = 1) -> Page:
    page = person.go(f"/rules?file={path}&line={line}")
    expect(page.locator(f"[data-test=rules-code][data-path='{path}'] .cm-line").first).to_be_visible()
    # The first check is over: nothing that is asked now is put off by it.
    expect(page.locator("[data-test=rules-checked]")).to_have_attribute("data-checking", "false", timeout=SLOW)
    return page


def _publish(page: Page, note: str) -> None:
    page.locator("[data-test=rules-publish]").click()
    expect(page.locator("[data-test=publish-checked]")).to_have_attribute("data-errors", "0", timeout=SLOW)
    page.locator("[data-test=publish-confirm]").click()
    expect(page.locator("[data-test=publish-note] + .wrong")).to_be_visible()
    page.locator("[data-test=publish-note]").fill(note)
    page.locator("[data-test=publish-confirm]").click()


def _say(page: Page, text: str) -> None:
    page.locator("[data-test=input]").fill(text)
    page.locator("[data-test=send]").click()
    expect(page.locator("[data-test=line].me", has_text=text)).to_be_visible(timeout=20_000)
    # What rules answer comes with the line itself.
    page.wait_for_timeout(300)


def _opened(page: Page) -> int:
    return page.locator("[data-test=line]", has_text=OPENED).count()


def _end(page: Page, path: str) -> None:
    """Puts the cursor at the end of the open file."""
    page.locator(f"[data-test=rules-code][data-path='{path}'] .cm-content").click()
    page.keyboard.press("Control+End")


def test_a_rule_is_written_published_and_taken_back(house: Served, browser: Browser) -> None:
    with (
        Person(browser, house.url, width=1440, height=900) as admin,
        Person(browser, house.url, width=1440, height=900) as colleague,
        Person(browser, house.url) as member,
    ):
        admin.sign_in("admin")
        colleague.sign_in("lin")
        first = _state(house)["digest"]
        line = next(n for n, text in enumerate(_text(house).splitlines(), 1) if text.startswith("rule welcome_vip"))
        page = _open(admin, FILE, line)
        expect(page.locator(".cm-activeLine").first).to_contain_text("welcome_vip")
        theirs = _open(colleague, FILE)
        theirs.locator(".cm-content").click()
        theirs.keyboard.press("Control+Home")
        theirs.keyboard.type("# 同事改過\n")

        _write(page)
        page.reload()
        expect(page.locator(f"[data-test=rules-file][data-path='{FILE}']")).to_have_attribute("data-change", "changed")
        _publish(page, "開門的通關密語")
        expect(page.locator("[data-test=publish-dialog]")).to_be_hidden(timeout=SLOW)
        mine = _state(house)
        assert mine["digest"] != first
        assert (mine["active"]["by"], mine["active"]["note"]) == ("admin", "開門的通關密語")
        assert mine["active"]["source"] == "publish"
        expect(page.locator("[data-test=rules-publish]")).to_be_disabled()

        chat = member.sign_in("hua", "/chat")
        _say(chat, "芝麻開門一")
        assert _opened(chat) == 1

        _is_refused_and_goes_on(house, theirs, str(mine["digest"]))
        _say(chat, "芝麻開門二")
        assert _opened(chat) == 2, "both edits of the file stand"

        _goes_back(page, str(mine["digest"]))
        assert _state(house)["digest"] == mine["digest"]
        _say(chat, "芝麻開門三")
        assert _opened(chat) == 3
        assert not admin.troubles, "\n".join(admin.troubles)
        assert not member.troubles, "\n".join(member.troubles)
        # The refusal itself is the one thing the browser notes.
        assert [trouble for trouble in colleague.troubles if "409" not in trouble] == []


def _text(house: Served) -> str:
    return str(house.get("admin", "/rules/files")["files"][FILE])


def _write(page: Page) -> None:
    """A rule with a mistake behind Chinese and a wide character: marked where it stands, mended by a click; the rest
    with a completion."""
    _end(page, FILE)
    page.keyboard.type('rule password "通關密語"\n  on message.received\n')
    page.keyboard.type('when "嗨😀" != ticket.subject and mesage.text contains "芝麻開門"\n')
    page.keyboard.type("then rep")
    first = page.locator(".cm-tooltip-autocomplete li[aria-selected]")
    expect(first).to_contain_text("reply", timeout=SLOW)
    expect(page.locator(".cm-completionInfo")).to_contain_text("reply")
    page.wait_for_timeout(200)
    page.keyboard.press("Enter")
    expect(first).to_be_hidden()
    page.keyboard.type(f' "{OPENED}')
    # The quote that closes came by itself.
    finding = page.locator("[data-test=rules-finding][data-code=unknown-field]")
    expect(finding).to_contain_text("沒有 mesage.text 這個欄位", timeout=SLOW)
    # What is found is told in the language of the page, whichever that is.
    for locale, message in (("en", "there is no field mesage.text"), ("zh-TW", "沒有 mesage.text 這個欄位")):
        page.locator("[data-test=account-menu]").click()
        page.locator(f"[data-test=locale-{locale}]").click()
        expect(finding).to_contain_text(message, timeout=SLOW)
    mark = page.locator(".cm-lintRange-error").first
    expect(mark).to_have_text("mesage.text")
    remedy = page.locator(".cm-diagnosticAction", has_text="message.text")

    def offered() -> bool:
        """What mends it comes a moment after the mark."""
        page.mouse.move(0, 0)
        mark.hover()
        page.wait_for_timeout(1_000)
        return remedy.is_visible()

    until(offered, "a remedy is offered", seconds=60)
    remedy.click()
    expect(page.locator("[data-test=rules-finding].error")).to_have_count(0, timeout=SLOW)
    expect(page.locator(".cm-line", has_text="芝麻開門")).to_contain_text("message.text contains")
    page.locator("[data-test=rules-format]").click()
    expect(page.locator(".cm-line", has_text="芝麻開門")).to_contain_text("  when ", timeout=SLOW)
    expect(page.locator("[data-test=rules-outline] [data-symbol=password]")).to_be_visible(timeout=SLOW)


def _is_refused_and_goes_on(house: Served, page: Page, digest: str) -> None:
    expect(page.locator("[data-test=rules-news]")).to_be_visible()
    _publish(page, "只是註解")
    stale = page.locator("[data-test=publish-stale]")
    expect(stale).to_contain_text("有人發布了新版本", timeout=SLOW)
    assert _state(house)["digest"] == digest
    # Their change, and what comes of both: each side wrote elsewhere in the file.
    row = page.locator(f"[data-test=rules-change][data-path='{FILE}']")
    expect(row).to_have_count(2)
    row.first.locator("button").click()
    expect(page.locator("[data-test=rules-diff] .cm-changedLine", has_text="芝麻開門").first).to_be_visible()
    row.last.locator("button").click()
    expect(page.locator("[data-test=rules-diff] .cm-changedLine", has_text="同事改過").first).to_be_visible()
    expect(page.locator("[data-test=merge]")).to_have_attribute("data-open", "0")
    page.locator("[data-test=merge-done]").click()
    expect(page.locator("[data-test=publish-checked]")).to_have_attribute("data-errors", "0", timeout=SLOW)
    page.locator("[data-test=publish-confirm]").click()
    expect(page.locator("[data-test=publish-dialog]")).to_be_hidden(timeout=SLOW)
    assert until(lambda: (state := _state(house)) and state["active"]["by"] == "lin" and state, "it is in force")


def _goes_back(page: Page, digest: str) -> None:
    """In two clicks, from the history."""
    page.locator("[data-test=rules-view-history]").click()
    versions = page.locator("[data-test=rules-version]")
    expect(versions.first).to_contain_text("只是註解")
    versions.first.locator("[data-test=version-before]").click()
    page.locator(f"[data-test=rules-change][data-path='{FILE}'] button").click()
    expect(page.locator("[data-test=rules-diff] .cm-changedLine", has_text="同事改過").first).to_be_visible()
    page.locator(f"[data-test=rules-version][data-digest='{digest}'] [data-test=version-back]").click()
    page.locator("[data-test=ask-confirm]").click()
    expect(page.locator("[data-test=ask]")).to_be_hidden(timeout=SLOW)
    expect(versions.first).to_have_attribute("data-digest", digest)


def test_files_names_and_places(house: Served, browser: Browser) -> None:
    with Person(browser, house.url, width=1440, height=900) as admin:
        admin.sign_in("admin")
        page = _open(admin, "terms.rules")
        page.locator("[data-test=rules-new]").click()
        page.locator("[data-test=ask-text]").fill("../x.rules")
        page.locator("[data-test=ask-confirm]").click()
        expect(page.locator("[data-test=ask-problem]")).to_contain_text("路徑")
        page.locator("[data-test=ask-text]").fill("shops/own.rules")
        page.locator("[data-test=ask-confirm]").click()
        own = page.locator("[data-test=rules-file][data-path='shops/own.rules']")
        expect(own).to_have_attribute("data-change", "added")
        _end(page, "shops/own.rules")
        page.keyboard.type("define calm = ticket.state = 待處理\n")
        page.keyboard.press("Control+a")
        page.keyboard.press("Control+x")
        page.keyboard.insert_text('define calm = member.is_guest\nrule one "一"\n  on ticket.created\n  when calm\n')
        page.keyboard.insert_text("  then add tag vip\n")
        expect(page.locator("[data-test=rules-outline] [data-symbol=calm]")).to_be_visible(timeout=SLOW)

        used = page.locator(".cm-line", has_text="when calm")
        used.click()
        page.keyboard.press("End")
        page.keyboard.press("F12")
        expect(page.locator(".cm-activeLine", has_text="define calm")).to_be_visible(timeout=SLOW)
        page.keyboard.press("Shift+F12")
        expect(page.locator("[data-test=rules-reference]")).to_have_count(2, timeout=SLOW)
        page.keyboard.press("F2")
        page.locator("[data-test=ask-text]").fill("quiet one")
        page.locator("[data-test=ask-confirm]").click()
        expect(page.locator("[data-test=ask-problem]")).to_contain_text("quiet one", timeout=SLOW)
        page.locator("[data-test=ask-text]").fill("quiet")
        page.locator("[data-test=ask-confirm]").click()
        expect(page.locator(".cm-line", has_text="when quiet")).to_be_visible(timeout=SLOW)
        expect(page.locator(".cm-line", has_text="define quiet")).to_be_visible()

        page.locator("[data-test=rules-move]").click()
        page.locator("[data-test=ask-text]").fill("quiet.rules")
        page.locator("[data-test=ask-confirm]").click()
        expect(own).to_be_hidden()
        page.locator("[data-test=rules-remove]").click()
        page.locator("[data-test=ask-confirm]").click()
        expect(page.locator("[data-test=rules-file][data-path='quiet.rules']")).to_be_hidden()
        expect(page.locator("[data-test=rules-publish]")).to_be_disabled()
        assert not admin.troubles, "\n".join(admin.troubles)


def test_an_edit_is_tried_before_it_counts(house: Served, browser: Browser) -> None:
    decided = house.get("admin", "/tickets", limit=1, filter="ticket.kind = inquiry")["items"][0]["number"]
    waiting = house.get("admin", "/tickets", limit=1, filter="ticket.category = open and ticket.kind = inquiry")
    before = _state(house)["digest"]
    with Person(browser, house.url, width=1440, height=900) as admin:
        admin.sign_in("admin")
        page = _open(admin, "20-classify.rules")
        _end(page, "20-classify.rules")
        page.keyboard.insert_text("\nrule everybody\n  on ticket.created\n  then add tag vip\n")
        expect(page.locator("[data-test=rules-publish]")).to_be_enabled()
        page.locator("[data-test=rules-view-try]").click()
        page.locator("[data-test=dry-number]").fill("987654")
        page.locator("[data-test=dry-go]").click()
        expect(page.locator("[data-test=dry-run] [role=alert]")).to_be_visible(timeout=SLOW)
        page.locator("[data-test=dry-number]").fill(f"#{decided:05}")
        page.locator("[data-test=dry-go]").click()
        events = page.locator("[data-test=dry-event]")
        expect(events.last).to_be_visible(timeout=SLOW)
        # The first that comes out otherwise is shown; another one alone after a click, and in the address.
        assert page.locator("[data-test=dry-decision][data-differs=true]").count() == 1
        after = page.locator("[data-test=dry-after] [data-rule=everybody][data-outcome=acted]")
        expect(after).to_be_visible()
        assert page.locator("[data-test=dry-before] [data-rule=everybody]").count() == 0
        events.last.click()
        expect(page.locator("[data-test=dry-decision]")).to_have_count(1)
        seq = str(events.last.get_attribute("data-seq"))
        page.wait_for_url(lambda address: f"event={seq}" in address)
        page.reload()
        expect(page.locator("[data-test=dry-event][aria-current=true]")).to_have_attribute(
            "data-seq", seq, timeout=SLOW
        )
        expect(page.locator("[data-test=dry-decision]")).to_be_visible()
        _what_if(page, waiting["items"][0]["number"])
        page.locator("[data-test=simulate]").click()
        report = page.locator("[data-test=simulated]")
        expect(report).to_be_visible(timeout=2 * SLOW)
        assert int(str(report.get_attribute("data-differing"))) > 0
        expect(report.locator("[data-test=sim-example]").first).to_contain_text("vip")
        # The one thing the browser notes is the ticket that is not there.
        assert [trouble for trouble in admin.troubles if "404" not in trouble] == []
    assert _state(house)["digest"] == before


def _what_if(page: Page, ticket: int) -> None:
    """A line that nobody has written: what the edited rules would say to it, and those in force would not."""
    page.locator("[data-test=rules-view-edit]").click()
    _end(page, "20-classify.rules")
    page.keyboard.insert_text('\nrule echo\n  on message.received\n  when message.text contains "茶壺"\n')
    page.keyboard.insert_text('  then reply "您是說「{message.text}」嗎？"\n')
    page.locator("[data-test=rules-view-try]").click()
    number = page.locator("[data-test=dry-number]")
    number.fill(str(ticket))
    page.locator("[data-test=dry-go]").click()
    page.locator("[data-test=dry-what-if]").click()
    page.locator("[data-test=dry-line-text]").fill("我的茶壺呢")
    page.locator("[data-test=dry-line-go]").click()
    expect(page.locator("[data-test=dry-line-found]")).to_have_attribute("data-differs", "true", timeout=SLOW)
    expect(
        page.locator("[data-test=line-after] [data-test=line-reply]", has_text="您是說「我的茶壺呢」嗎？")
    ).to_be_visible()
    expect(page.locator("[data-test=line-after] [data-rule=echo][data-outcome=acted]")).to_contain_text("我的茶壺呢")
    assert page.locator("[data-test=line-before] [data-rule=echo]").count() == 0


def test_a_simulation_is_stopped_by_who_asked_for_it(house: Served, browser: Browser) -> None:
    with Person(browser, house.url, width=1440, height=900) as admin:
        admin.sign_in("admin")
        page = admin.go("/rules?view=try")
        # On its way to the desk it takes as long as it likes: what is tried here is the page.
        waiting: list[Route] = []
        page.route("**/api/v1/rules/simulate", lambda route: waiting.append(route), times=1)
        page.locator("[data-test=simulate]").click()
        expect(page.locator("[data-test=simulate-seconds]")).to_contain_text("1", timeout=SLOW)
        page.locator("[data-test=simulate-stop]").click()
        expect(page.locator("[data-test=simulate-stopped]")).to_be_visible()
        assert len(waiting) == 1
        page.locator("[data-test=simulate]").click()
        expect(page.locator("[data-test=simulated]")).to_be_visible(timeout=2 * SLOW)
        assert not admin.troubles, "\n".join(admin.troubles)


def test_where_both_changed_a_line_somebody_chooses(house: Served, browser: Browser) -> None:
    """A draft is left; meanwhile somebody publishes. Opened again it says so, shows what changed, and asks."""
    was = house.get("admin", "/rules/files")
    (line,) = [text for text in was["files"]["terms.rules"].splitlines() if text.startswith("#")][:1] or [""]
    assert line, "terms.rules begins with a comment"
    with Person(browser, house.url, width=1440, height=900) as admin:
        admin.sign_in("admin")
        page = _open(admin, "terms.rules")
        for text in ("# 我寫的\n", "define mine_only = member.is_guest\n"):
            page.locator("[data-test=rules-code] .cm-content").click()
            page.keyboard.press("Control+Home" if text.startswith("#") else "Control+End")
            page.keyboard.insert_text(text)
        page.goto("about:blank")
        files = {"terms.rules": "# 對方寫的\n" + was["files"]["terms.rules"]}
        house.post("lin", "/rules/publish", {"base": was["digest"], "files": files, "note": "對方"})
        page = _open(admin, "terms.rules")
        expect(page.locator("[data-test=rules-file][data-path='terms.rules']")).to_have_attribute(
            "data-change", "changed"
        )
        page.locator("[data-test=rules-news] [data-test=rules-take-over]").click()
        merge = page.locator("[data-test=merge]")
        expect(merge).to_have_attribute("data-open", "1")
        expect(merge.locator("[data-test=rules-change][data-path='terms.rules']")).to_be_visible()
        conflict = page.locator("[data-test=merge-conflict]")
        expect(conflict).to_contain_text("我寫的")
        expect(conflict).to_contain_text("對方寫的")
        expect(page.locator("[data-test=merge-done]")).to_be_disabled()
        conflict.locator("[data-test=merge-both]").check()
        page.locator("[data-test=merge-done]").click()
        expect(page.locator("[data-test=merge-dialog]")).to_have_count(0)
        expect(page.locator("[data-test=rules-news]")).to_have_count(0)
        shown = page.locator("[data-test=rules-code] .cm-content")
        expect(shown).to_contain_text("# 我寫的")
        expect(shown).to_contain_text("# 對方寫的")
        page.locator("[data-test=rules-discard]").click()
        page.locator("[data-test=ask-confirm]").click()
        assert not admin.troubles, "\n".join(admin.troubles)
    house.post("admin", "/rules/rollback", {"base": _state(house)["digest"], "digest": was["digest"], "note": "復原"})


def test_two_tabs_do_not_write_over_each_other(house: Served, browser: Browser) -> None:
    with Person(browser, house.url, width=1440, height=900) as admin:
        admin.sign_in("admin")
        page = _open(admin, "terms.rules")
        _end(page, "terms.rules")
        page.keyboard.insert_text("# 第一個分頁\n")
        tab = admin.context.new_page()
        tab.goto(f"{house.url}/rules?file=20-classify.rules")
        other = tab.locator("[data-test=rules-other]")
        expect(other).to_be_visible(timeout=SLOW)
        assert tab.locator("[data-test=rules-file][data-change]").count() == 0, "it is the other tab's"
        _end(tab, "20-classify.rules")
        tab.keyboard.insert_text("# 第二個分頁\n")
        # The first hears of it too; each still has its own.
        expect(page.locator("[data-test=rules-other]")).to_be_visible()
        expect(page.locator("[data-test=rules-file][data-change]")).to_have_count(1)
        tab.reload()
        expect(tab.locator("[data-test=rules-file][data-path='20-classify.rules']")).to_have_attribute(
            "data-change", "changed"
        )
        tab.locator("[data-test=rules-other-take]").click()
        tab.locator("[data-test=merge-done]").click()
        expect(tab.locator("[data-test=rules-file][data-change]")).to_have_count(2)
        expect(other).to_have_count(0)
        tab.locator("[data-test=rules-file][data-path='terms.rules']").click()
        _end(tab, "terms.rules")
        expect(tab.locator("[data-test=rules-code] .cm-content")).to_contain_text("第一個分頁")
        # Closed without publishing, it is offered by what is left on the device.
        tab.close()
        page.reload()
        left = page.locator("[data-test=rules-other]")
        expect(left).to_be_visible(timeout=SLOW)
        left.locator("[data-test=rules-other-drop]").click()
        expect(left).to_have_count(0)
        assert not admin.troubles, "\n".join(admin.troubles)


def test_who_may_not_change_may_read(house: Served, browser: Browser) -> None:
    with Person(browser, house.url, width=1440, height=900) as reader:
        reader.sign_in("amy")
        page = _open(reader, FILE)
        expect(page.locator("[data-test=rules-read-only]")).to_be_visible()
        expect(page.locator(".cm-content")).to_have_attribute("contenteditable", "false")
        expect(page.locator("[data-test=rules-publish]")).to_have_count(0)
        assert not reader.troubles, "\n".join(reader.troubles)
    with Person(browser, house.url, width=1440, height=900) as lead:
        lead.sign_in("lin")
        page = _open(lead, "roles.yaml")
        expect(page.locator("[data-test=rules-locked]")).to_contain_text("roles.grant")
        expect(page.locator(".cm-content")).to_have_attribute("contenteditable", "false")
        page.locator(f"[data-test=rules-file][data-path='{FILE}']").click()
        expect(page.locator("[data-test=rules-locked]")).to_be_hidden()
        expect(page.locator(".cm-content")).to_have_attribute("contenteditable", "true")
        assert not lead.troubles, "\n".join(lead.troubles)


def test_figures_and_pictures(house: Served, browser: Browser) -> None:
    with Person(browser, house.url, width=1440, height=900) as admin:
        admin.sign_in("admin")
        page = admin.go("/rules?view=statistics")
        rows = page.locator("[data-test=stats-row]")
        expect(rows.first).to_be_visible()
        total = rows.count()
        counts = [int(text) for text in page.locator("[data-test=stats-row] td:nth-child(3)").all_inner_texts()]
        assert counts == sorted(counts, reverse=True) and counts[0] > 0
        page.locator("[data-test=stats-idle]").check()
        assert 0 < rows.count() == counts.count(0) < total
        name = str(rows.first.get_attribute("data-rule"))
        rows.first.locator("a").click()
        expect(page.locator(".cm-activeLine", has_text=f"rule {name}")).to_be_visible()

        page.locator("[data-test=rules-view-diagrams]").click()
        picture = page.locator("[data-test=rules-diagram]")
        for what in ("stages", "triggers", "lifecycles"):
            page.locator(f"[data-test=diagram-{what}]").click()
            until(lambda: picture.evaluate("one => one.complete && one.naturalWidth > 100"), f"a picture of {what}")
        # What is edited is drawn as well, unless it is not right.
        page.locator("[data-test=rules-view-edit]").click()
        page.locator("[data-test=rules-file][data-path='terms.rules']").click()
        _end(page, "terms.rules")
        page.keyboard.insert_text("\nrule afterwards stage classify on ticket.created then add tag vip\n")
        page.locator("[data-test=rules-view-diagrams]").click()
        expect(picture).to_have_attribute("data-of", "edit", timeout=SLOW)
        with page.expect_request(lambda asked: '"stages"' in (asked.post_data or ""), timeout=SLOW) as asked:
            page.locator("[data-test=diagram-stages]").click()
        assert "afterwards" in str(asked.value.post_data)
        until(lambda: picture.evaluate("one => one.complete && one.naturalWidth > 100"), "the edit is drawn")
        assert str(picture.get_attribute("src")).startswith("blob:")
        page.locator("[data-test=diagram-active]").click()
        expect(picture).to_have_attribute("data-of", "active")
        page.locator("[data-test=rules-view-edit]").click()
        _end(page, "terms.rules")
        page.keyboard.insert_text("rule\n")
        page.locator("[data-test=rules-view-diagrams]").click()
        expect(page.locator("[data-test=diagram-problem]")).to_be_visible(timeout=SLOW)
        # The one thing the browser notes is the picture that could not be drawn.
        admin.troubles = [trouble for trouble in admin.troubles if "422" not in trouble]
        assert not admin.troubles, "\n".join(admin.troubles)
