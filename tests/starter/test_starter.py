"""The desk that ships: sound, no warning, each rule with a scenario in which it acts, each text in its language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import opencc
import pytest

from engine import config
from engine.core import scenarios
from engine.core.building import build
from engine.core.calendar import to_micros
from engine.core.changes import Create, Set
from engine.core.commands import MemberLine, MoveTicket, OpenChat, OpenTicket, Page, PostMessage
from engine.core.decide import Decision
from engine.core.entities import Actor, Agent
from engine.core.errors import Refused
from engine.core.memory import World
from engine.core.rulebook import Rulebook
from engine.folder import read_folder
from engine.lang import Source
from engine.reload import is_scenario_file

ROOT = Path(__file__).resolve().parents[2]
FILES, UNREADABLE = read_folder(ROOT / "rules")
BOOK, FINDINGS = build(FILES)
SCENARIOS: list[scenarios.Scenario] = []
INVALID = []
for _path in FILES:
    if is_scenario_file(_path):
        _found, _problems = scenarios.read(Source(_path, FILES[_path]))
        SCENARIOS.extend(_found)
        INVALID.extend(_problems)


@pytest.fixture(scope="module")
def book() -> Rulebook:
    """The rulebook in question."""
    assert BOOK is not None, [(f.code, f.span.source.path, f.message) for f in FINDINGS]
    return BOOK


@pytest.fixture(scope="module")
def results(book: Rulebook) -> list[scenarios.Result]:
    """All scenarios, run once."""
    return [scenarios.run(book, scenario) for scenario in SCENARIOS]


def test_nothing_to_complain_about() -> None:
    found = [*UNREADABLE, *FINDINGS, *INVALID]
    assert [(f.code, f.span.source.path, f.message) for f in found] == []


def test_every_scenario_passes(results: list[scenarios.Result]) -> None:
    failures = [f"{r.name}: step {f.step}: {f.message} ({f.help})" for r in results for f in r.failures]
    assert failures == []
    assert len(results) >= 40


def test_scenario_names_are_unique() -> None:
    assert [name for name, count in Counter(s.name for s in SCENARIOS).items() if count > 1] == []


def test_every_rule_acts_in_some_scenario(book: Rulebook, results: list[scenarios.Result]) -> None:
    rules = {rule.id for rule in book.rules.rules}
    assert len(rules) >= 30
    acted = {name for result in results for name in result.acted}
    assert rules - acted == set()


def test_every_stage_has_rules_with_titles(book: Rulebook) -> None:
    assert {rule.stage for rule in book.rules.rules} == {stage.name for stage in book.environment.stages}
    assert len(book.environment.stages) == 8
    assert [rule.id for rule in book.rules.rules if not rule.title] == []


def test_every_transition_is_walked(book: Rulebook, results: list[scenarios.Result]) -> None:
    walked = {move for result in results for move in result.moves}
    missing = [
        f"{kind}: {transition.trigger} to {transition.target}"
        for kind, lifecycle in book.lifecycles.items()
        for transition in lifecycle.transitions
        if not any((kind, source, transition.target, transition.trigger) in walked for source in transition.sources)
    ]
    assert missing == []


class _Closings(scenarios.Coverage):
    """Looks at every closing of a case: the solutions that then stand, and what closed those without one."""

    def __init__(self, book: Rulebook) -> None:
        super().__init__(book)
        self.written: dict[int, str] = {}
        self.said: list[str] = []
        self.silent: list[str] = []

    def take(self, book: Rulebook, decisions: Sequence[Decision], said: str | None = None) -> None:
        for decision in decisions:
            for change in decision.changes:
                if isinstance(change, (Create, Set)) and change.thing == "ticket":
                    solution = change.values.get("solution", self.written.get(change.ref))
                    self.written[change.ref] = solution
                    if change.values.get("category") == "closed":
                        rules = ", ".join(entry.rule for entry in decision.trace)
                        self.said.append(solution) if solution else self.silent.append(f"{decision.root}: {rules}")

    def finish(self, result: scenarios.Result) -> None:
        self.written.clear()


def test_no_case_is_closed_without_a_solution(book: Rulebook) -> None:
    closings = _Closings(book)
    for scenario in SCENARIOS:
        scenarios.run(book, scenario, closings)
    assert closings.silent == []
    assert len(closings.said) >= 40 and len(set(closings.said)) >= 10


@pytest.mark.parametrize(
    "name", ["vip_refund", "guest_self_service", "type_refund", "sla_first_step", "member_silent_end"]
)
def test_a_scenario_notices_when_a_rule_is_gone(name: str) -> None:
    """The scenarios are worth something: without a rule that matters at least one of them fails."""
    without = dict(FILES)
    for path, text in FILES.items():
        if path.endswith(".rules"):
            without[path] = re.sub(rf"(?ms)^rule {name} .*?(?=^rule |^# ──|\Z)", "", text)
    assert without != FILES
    book, findings = build(without, previous=BOOK)
    assert book is not None, [f.message for f in findings]
    assert any(not scenarios.run(book, scenario).passed for scenario in SCENARIOS)


# --- moves of the member's own --------------------------------------------------------------------------------------

AGENT = Agent(id=1000, username="lin", name="林", teams=("frontline",), roles=("agent",), status="online")


def _answered(book: Rulebook) -> tuple[World, Actor, int]:
    """A desk with one answered inquiry, the member whose it is, and the ticket's id."""
    world = World(book=book, now=to_micros(datetime(2026, 3, 2, 10, tzinfo=ZoneInfo("Asia/Taipei"))))
    world.agents["lin"] = AGENT
    member = Actor(kind="member", id=world.add_member("demo").id, shops=("demo",))
    world.run(MemberLine("demo", "你好", kind="inquiry", channel="form"), member, member_id=member.id, shop="demo")
    (ticket,) = world.tickets
    lin = Actor(
        kind="agent",
        id=1000,
        username="lin",
        roles=("agent",),
        permissions=book.roles["agent"].permissions,
        shops=("demo",),
    )
    world.run(PostMessage(1, "您好"), lin, ticket_id=ticket, shop="demo")
    return world, member, ticket


def test_the_member_confirms_and_reopens(book: Rulebook) -> None:
    world, member, ticket = _answered(book)
    world.run(MoveTicket(1, "confirm"), member, ticket_id=ticket, shop="demo")
    assert world.tickets[ticket].state == "已結案"
    world.run(MoveTicket(1, "reopen"), member, ticket_id=ticket, shop="demo")
    assert (world.tickets[ticket].state, world.tickets[ticket].priority) == ("對話中", "high")


@pytest.mark.parametrize(
    "values", [{"priority": "urgent"}, {"team": "senior_care"}, {"assignee": None}, {"solution": "x"}]
)
def test_the_member_changes_nothing_on_the_way(book: Rulebook, values: dict[str, str | None]) -> None:
    world, member, ticket = _answered(book)
    with pytest.raises(Refused) as refused:
        world.run(MoveTicket(1, "confirm", values), member, ticket_id=ticket, shop="demo")
    assert refused.value.kind == "forbidden"
    assert world.tickets[ticket].state == "已回覆"


@pytest.mark.parametrize("trigger", ["close", "agent_replied", "member_replied"])
def test_the_member_cannot_make_moves_of_others(book: Rulebook, trigger: str) -> None:
    world, member, ticket = _answered(book)
    with pytest.raises(Refused):
        world.run(MoveTicket(1, trigger), member, ticket_id=ticket, shop="demo")


@pytest.mark.parametrize(
    "values", [{"priority": "urgent"}, {"team": "senior_care"}, {"assignee": "lin"}, {"solution": "x"}]
)
def test_the_member_opens_a_case_without_choosing_its_rank(book: Rulebook, values: dict[str, str]) -> None:
    world = World(book=book, now=0)
    member = Actor(kind="member", id=world.add_member("demo").id, shops=("demo",))
    with pytest.raises(Refused):
        line = MemberLine("demo", "你好", kind="inquiry", channel="form", values=values)
        world.run(line, member, member_id=member.id, shop="demo")
    world.run(OpenTicket("退貨", "壞了", values={"type": "退換貨"}), member, member_id=member.id, shop="demo")
    assert [t.type for t in world.tickets.values()] == ["退換貨"]


# --- texts ----------------------------------------------------------------------------------------------------------


def test_every_template_and_word_list_is_used(book: Rulebook) -> None:
    rules = "\n".join(text for path, text in FILES.items() if path.endswith(".rules"))
    unused = [name for name in book.templates if not re.search(rf"\btemplate {name}\b", rules)]
    assert unused == []
    assert [path for path in FILES if path.startswith("words/") and f'"{path}"' not in rules] == []


def test_every_template_speaks_the_shops_languages_about_the_same_things(book: Rulebook) -> None:
    for name, texts in book.templates.items():
        assert set(texts) == {"zh-TW", "zh-CN", "en"}, name
        named = {locale: {f for f in text.reads if not f.startswith("setting.")} for locale, text in texts.items()}
        assert named["zh-TW"] == named["zh-CN"], name


def test_simplified_texts_are_simplified_and_traditional_ones_traditional(book: Rulebook) -> None:
    simplify, traditional = opencc.OpenCC("t2s"), opencc.OpenCC("s2tw")
    for name in book.templates:
        for source in (text for path, text in FILES.items() if path.startswith("templates/")):
            block = re.search(rf"(?m)^{name}:\n((?:  .*\n?)+)", source)
            if block is None:
                continue
            by_locale = dict(re.findall(r"(?m)^  (\S+): (.*)$", block[1]))
            assert simplify.convert(by_locale["zh-CN"]) == by_locale["zh-CN"], name
            # A text that turning into Traditional changes in most of its characters was written in Simplified.
            text = by_locale["zh-TW"]
            assert sum(a != b for a, b in zip(text, traditional.convert(text), strict=False)) <= len(text) // 20, name


def test_mainland_words_do_not_leak_into_taiwan_texts_nor_the_other_way() -> None:
    texts = "\n".join(text for path, text in FILES.items() if path.startswith("templates/"))
    taiwan = "\n".join(re.findall(r"(?m)^  zh-TW: (.*)$", texts))
    mainland = "\n".join(re.findall(r"(?m)^  zh-CN: (.*)$", texts))
    foreign_there = ("短信", "登錄", "快遞", "訂單號", "包郵", "視頻", "信息", "反饋", "郵費", "溫馨提示")
    foreign_here = ("简讯", "宅配", "品质", "登入", "订单编号", "免运", "影片", "资讯", "线上", "讯息", "案件")
    assert [word for word in foreign_there if word in taiwan] == []
    assert [word for word in foreign_here if word in mainland] == []


# --- config ---------------------------------------------------------------------------------------------------------


def test_engine_yaml_names_every_setting_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_variables(monkeypatch)
    loaded = config.load(ROOT)
    assert {name: loaded[name] for name in config.DEFAULTS} == config.DEFAULTS
    assert [name for name in config.DEFAULTS if loaded.origin(name) == "default"] == []


@pytest.mark.parametrize(
    ("environment", "name", "value"),
    [
        ("development", "logging.level", "DEBUG"),
        ("production", "server.secure_cookies", True),
        ("production", "rules.watch", False),
        ("production", "plugins.block", ["channels.test"]),
    ],
)
def test_overlays(monkeypatch: pytest.MonkeyPatch, environment: str, name: str, value: object) -> None:
    _without_variables(monkeypatch)
    monkeypatch.setenv("ENGINE_ENV", environment)
    loaded = config.load(ROOT)
    assert loaded[name] == value
    assert Path(loaded.origin(name)).name == f"{environment}.yaml"


def _without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENV", *(n.upper().replace(".", "_") for n in config.DEFAULTS)):
        monkeypatch.delenv(f"ENGINE_{name}", raising=False)


@pytest.mark.parametrize("hour", [10, 23])
def test_a_greeting_stands_above_what_is_advertised(book: Rulebook, hour: int) -> None:
    at = to_micros(datetime(2026, 3, 2, hour, tzinfo=ZoneInfo("Asia/Taipei")))
    world = World(book=book, now=at)
    guest = world.add_member("demo", guest=True)
    actor = Actor(kind="guest", id=guest.id, shops=("demo",))
    opening = world.run(OpenChat("demo", Page()), actor, member_id=guest.id, shop="demo").opening
    rules = [line["rule"] for line in opening]
    assert len(rules) == 2 and rules[0].startswith("welcome") and rules[1] == "promotion"
