"""What the shipped rules say is so: nothing is promised that nobody can keep, and what is named is there (A10, E27)."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from engine.core.building import build
from engine.core.calendar import to_micros
from engine.core.commands import MemberLine
from engine.core.entities import SYSTEM, Actor, Agent, AgentStatus
from engine.core.library import Answer, Library
from engine.core.memory import World
from engine.core.scenarios.made import with_settings
from tests.starter.test_starter import BOOK, FILES, ROOT

SOMEBODY = {"chat_queueing", "chat_waiting_1m", "chat_waiting_3m", "agent_silent", "guest_person"}
"""Texts that are true only while somebody is there."""
NOBODY = {"chat_nobody_here", "chat_off_hours", "guest_person_nobody", "guest_person_off_hours", "agent_away"}
"""Texts that say that nobody is."""
LINES = ("可以分期嗎", "你好", "請轉真人", "我要退款", "包裹還沒到", "可以分期嗎，請轉真人")
HOURS = {"open": 10, "lunch": 12, "night": 22}
STATUSES: tuple[AgentStatus, ...] = ("online", "busy", "away", "offline")


@pytest.mark.parametrize("setting", ["", "answers_first", "guests_automatic"])
@pytest.mark.parametrize("hour", HOURS)
@pytest.mark.parametrize("status", STATUSES)
def test_nothing_is_promised_that_is_not_so(status: AgentStatus, hour: str, setting: str) -> None:
    assert BOOK is not None
    book = with_settings(BOOK, "demo", {setting: setting == "answers_first"})[0] if setting else BOOK
    at = to_micros(datetime(2026, 3, 2, HOURS[hour], 15, tzinfo=ZoneInfo("Asia/Taipei")))
    here = status in ("online", "busy")
    answered = 0
    for (tier, guest), first, second in product([("guest", True), ("basic", False), ("gold", False)], LINES, LINES[:3]):
        world = World(book=book, now=at)
        for n, team in enumerate(("frontline", "aftersales", "senior_care")):
            world.agents[team] = Agent(
                id=n + 1, username=team, name=team, teams=(team,), roles=("agent",), status=status,
                skills=("orders", "refunds", "english"),
            )  # fmt: skip
        world.kept[Library] = Library(1, (Answer(1, {"zh-TW": "可以分期嗎"}, {"zh-TW": "三期零利率"}, ("分期",)),))
        member = world.add_member("demo", tier=tier, guest=guest)
        actor = Actor(kind="guest" if guest else "member", id=member.id, shops=("demo",))
        told: list[set[str]] = []
        for text in (first, second):
            line = MemberLine("demo", text, kind="chat", channel="widget")
            ticket = next(iter(world.tickets), None)
            said = world.run(line, actor, member_id=member.id, ticket_id=ticket, shop="demo").replies
            told.append({one.template or "answer" for one in said})
        later = world.advance(world.now + 6 * 60_000_000, SYSTEM)
        told.append({one.template or "answer" for decision in later for one in decision.replies})
        case = f"{tier}, {hour}, {status}: {first} / {second}: {told}"
        for step in told:
            assert not ("answer" in step and step & NOBODY), case
            answered += "answer" in step
            if not here:
                assert not step & SOMEBODY, case
            elif hour == "open":
                assert not step & NOBODY, case
        if not guest and not here:
            # Who waits for a person has an answer or hears how it stands, at once; and hears it with the first line
            # that the library cannot answer.
            assert told[0] & {"answer", *NOBODY}, case
            assert bool(set.union(*told) & NOBODY) == ("分期" not in first or "分期" not in second), case
    assert answered or (here and setting == "guests_automatic")


# --- what is named is there -------------------------------------------------------------------------------------------

SHOP_PAGES = {"我的訂單", "我的订单", "My orders"}
"""Pages of the shop itself, which texts to its members may name."""
PLACES = r"(?:清單|列表|頁面|選單|專區|後台|檢視(?!整)|菜单|页面|视图|专区|后台|\b(?:views|pages?|lists?|menus?)\b)"
HERE = r"(?:本|這個|此|the )(?:頁面|页面)"


def _shown() -> dict[str, list[str]]:
    """Every text that rules and templates show to people, by language; texts of rules are in the desk's own."""
    found: dict[str, list[str]] = {"zh-TW": [], "zh-CN": [], "en": []}
    for path, text in FILES.items():
        if path.startswith("templates/"):
            for locale in found:
                found[locale] += re.findall(rf"(?m)^  {locale}: (.*)$", text)
        elif path.endswith(".rules"):
            # The `note` of a rule's head is for its authors and stands less far in.
            said = (
                r'(?:^    |then )(?:notify|note|reply|reject|flag|block|set ticket\.solution)\b[^"\n]*'
                r'"((?:[^"\\]|\\.)*)"'
            )
            found["zh-TW"] += re.findall(said, text, re.MULTILINE)
    return found


def _words_of_the_screens(locale: str) -> set[str]:
    source = ROOT / "web/ui/src"
    files = [source / f"shared/i18n/{locale}.ts", *source.glob(f"features/*/words/{locale}.ts")]
    return {
        word for file in files for word in re.findall(r": ['\"](.+?)['\"],$", file.read_text("utf-8"), re.MULTILINE)
    }


@pytest.mark.parametrize("locale", ["zh-TW", "zh-CN", "en"])
def test_texts_name_only_pages_that_exist(locale: str) -> None:
    there = _words_of_the_screens(locale) | SHOP_PAGES
    lost, unnamed, named = [], [], 0
    for text in _shown()[locale]:
        names = re.findall(r"[「『“]([^」』”]+)[」』”]", text)
        named += len(names)
        lost += [f"{name}: {text}" for name in names if name not in there]
        # A place without its name in quotes cannot be looked for, neither by people nor here.
        for place in re.finditer(PLACES, re.sub(HERE, "", text)):
            before = re.sub(HERE, "", text)[: place.start()].rstrip()
            if not before.endswith(("」", "』", "”")):
                unnamed.append(text)
    assert lost == [] and unnamed == []
    assert named >= 2


# --- hours ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "hours"), [("zh-TW", "每天 12:00"), ("zh-CN", "每天 12:00"), ("en", "every day 12:00")]
)
def test_texts_tell_the_hours_of_the_calendar(language: str, hours: str) -> None:
    """They stand in `calendars.yaml` alone: who changes them there changes what members read."""
    said = [text for path, text in FILES.items() if path.startswith("templates/") or path == "settings.yaml"]
    assert [time for text in said for time in re.findall(r"\d\d:\d\d", text)] == []
    week = re.compile(r"    mon-fri: .*\n    sat: .*\n")
    changed = {path: week.sub('    mon-sun: ["12:00-21:00"]\n', text, count=1) for path, text in FILES.items()}
    assert changed["calendars.yaml"] != FILES["calendars.yaml"]
    book, findings = build(changed)
    assert book is not None, [finding.message for finding in findings]
    world = World(book=book, now=to_micros(datetime(2026, 3, 2, 22, tzinfo=ZoneInfo("Asia/Taipei"))))
    member = world.add_member("demo", language=language)
    line = MemberLine("demo", "你好", kind="inquiry", channel="form")
    actor = Actor(kind="member", id=member.id, shops=("demo",))
    (reply,) = world.run(line, actor, member_id=member.id, shop="demo").replies
    assert f"{hours}–21:00" in reply.text
