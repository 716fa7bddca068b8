"""What a shop changes first is accepted: validate and every shipped scenario, as publishing asks for it (A13)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pytest
import yaml

from engine.lang import Severity
from engine.reload import load_files
from tests.starter.test_starter import BOOK, FILES

Files = dict[str, str]
Edit = Callable[[Files], None]


def _swap(path: str, old: str, new: str, count: int = -1) -> Edit:
    def edit(files: Files) -> None:
        assert old in files[path], f"{path} has no `{old}`"
        files[path] = files[path].replace(old, new, count)

    return edit


def _add(path: str, text: str) -> Edit:
    def edit(files: Files) -> None:
        files[path] = files[path].rstrip("\n") + "\n" + text + "\n"

    return edit


def _rename(old: str, new: str) -> Edit:
    """A team by its name, wherever it stands: what the editor's rename does."""

    def edit(files: Files) -> None:
        for path, text in files.items():
            files[path] = re.sub(rf"\b{old}\b", new, text)

    return edit


def _without(rule: str, scenario: str) -> Edit:
    """A rule that the shop does not want, and the scenario that is about it."""

    def edit(files: Files) -> None:
        for path, text in files.items():
            if path.endswith(".rules"):
                files[path] = re.sub(rf"(?ms)^rule {rule} .*?(?=^rule |^# ──|\Z)", "", text)
            elif path.startswith("tests/"):
                files[path] = re.sub(rf"(?ms)^- name: {re.escape(scenario)}.*?(?=^- name: |\Z)", "", text)

    return edit


def _setting(name: str, value: str) -> Edit:
    def edit(files: Files) -> None:
        pattern = rf"(?m)(^{name}:\n(?:  type: \w+\n)?  value: ).*$"
        assert re.search(pattern, files["settings.yaml"]), name
        files["settings.yaml"] = re.sub(pattern, rf"\g<1>{value}", files["settings.yaml"])

    return edit


LABEL = "label: {zh-TW: 直播組, zh-CN: 直播组, en: Live sales}"
MONTH: list[Mapping[str, Edit]] = [
    {
        "other opening hours": _swap("calendars.yaml", '["09:00-12:00", "13:00-18:00"]', '["12:00-21:00"]'),
        "closed on Saturdays": _swap("calendars.yaml", '    sat: ["10:00-14:00"]\n', ""),
        "a holiday of its own": _swap("calendars.yaml", '    - "2026-05-01"', '    - "2026-03-02"\n    - "2026-05-01"'),
        "the shop's name": _swap("desk.yaml", "示範商店, zh-CN: 示范商店", "花店, zh-CN: 花店"),
        "a word for returns": _add("words/refund.txt", "不要了"),
        "a word for complaints": _add("words/complaint.txt", "消費爭議"),
        "its own receipt": _swap("templates/replies.yaml", "您好，我們已收到您的來信，", "謝謝您找我們，"),
    },
    {
        "another zone": _swap("desk.yaml", "zone: Asia/Taipei", "zone: Asia/Tokyo"),
        "a calendar elsewhere": _swap("calendars.yaml", "zone: Asia/Taipei", "zone: Asia/Shanghai"),
        "sooner answers": _swap("sla.yaml", "{first_reply: 4h, next_reply: 8h, resolve: 3d}", "{first_reply: 2h}"),
        "more for gold": _swap("sla.yaml", "{first_reply: 1h, next_reply: 2h, resolve: 8h}", "{first_reply: 30m}"),
        "other words for who serves": _swap("templates/chat.yaml", "您好，接下來由 {", "嗨，我是 {"),
        "a team's label": _swap("teams.yaml", "一線客服, zh-CN: 一线客服", "門市, zh-CN: 门店"),
        "a type's label": _swap("desk.yaml", "label: {zh-TW: 商品諮詢,", "label: {zh-TW: 問商品,"),
    },
    {
        "no promotion": _setting("promotion_on", "false"),
        "no greeting": _setting("welcome_on", "false"),
        "guests may write more": _setting("guest_lines", "30"),
        "agents have longer": _setting("agent_silent_after", "4m"),
        "a higher bar": _setting("low_score", "3"),
        "larger orders": _setting("big_amount", "50000"),
    },
    {
        "a team more": _add("teams.yaml", f"live:\n  {LABEL}\n  shops: [demo]\n  calendar: always"),
        "a skill more": _swap("desk.yaml", "  - {name: english,", f"  - {{name: live, {LABEL}}}\n  - {{name: english,"),
        "a team's name": _rename("aftersales", "returns_team"),
        "a rule less": _without("monday_reminder", "RU8 每週一早上八點半提醒主管"),
        "a right more": _swap("roles.yaml", "    - rules.view\n", "    - answers.edit\n    - rules.view\n", 1),
    },
]  # fmt: skip


@pytest.mark.parametrize("week", range(len(MONTH)))
def test_the_edits_of_a_shops_first_weeks_are_accepted(week: int) -> None:
    files = dict(FILES)
    for edits in MONTH[: week + 1]:
        for edit in edits.values():
            edit(files)
    loaded = load_files(files, previous=BOOK)
    wrong = [f"{f.span.source.path}: {f.message}" for f in loaded.findings if f.severity is Severity.ERROR]
    assert wrong == [], f"after {', '.join(MONTH[week])}"
    assert loaded.rulebook is not None and loaded.failures == []
    assert sum(len(edits) for edits in MONTH) >= 20


@pytest.mark.parametrize("name", ["calendars", "sla", "settings"])
def test_what_scenarios_are_given_is_what_ships(name: str) -> None:
    """So the shipped scenarios try the shipped desk."""
    ships, given = (yaml.safe_load(FILES[f"{folder}{name}.yaml"]) for folder in ("", "tests/given/"))
    if name == "settings":
        ships = {setting: {"value": entry["value"]} for setting, entry in ships.items()}
    assert given == ships


def test_what_is_given_must_build() -> None:
    files = {**FILES, "tests/given/calendars.yaml": "office:\n  zone: Asia/Nowhere\n  hours: {}\n"}
    loaded = load_files(files, previous=BOOK)
    told = [(f.span.source.path, f.message) for f in loaded.findings if f.severity is Severity.ERROR]
    assert [path for path, _ in told] == ["tests/given/calendars.yaml"]
    assert "tests/given/" in told[0][1]
