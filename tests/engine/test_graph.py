"""Pictures of a rulebook: what they say is true, nothing overlaps, and other tools can read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from engine.cli import main
from engine.core import scenarios
from engine.core.building import build
from engine.core.memory import World
from engine.core.rulebook import Rulebook
from engine.folder import read_folder
from engine.graph import FORMATS, draw, links
from engine.graph._layers import Box, arrange
from engine.lang import Source
from engine.reload import is_scenario_file, load, load_files
from tests.support.house import RULES

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def starter() -> Rulebook:
    loaded = load(RULES, run_scenarios=False)
    assert loaded.rulebook is not None
    return loaded.rulebook


def with_rules(text: str) -> Rulebook:
    """The starter's nouns with other rules."""
    files = {name: body for name, body in read_folder(RULES)[0].items() if name[-6:] != ".rules"}
    book, findings = build({**files, "a.rules": text}, analyse=False)
    assert book is not None, [found.message for found in findings]
    return book


# ---- who wakes whom ------------------------------------------------------------------------------------------------

HEADS = "define waits = ticket.kind = inquiry and ticket.priority changed to urgent\nstage notify\n"
PAIRS = [
    ("raise ticket.priority to urgent", "on ticket.changed when ticket.priority changed to urgent", True),
    ("raise ticket.priority to high", "on ticket.changed when ticket.priority changed to urgent", False),
    ("raise ticket.priority to urgent", "on ticket.changed when waits", True),
    ("raise ticket.priority to high", "on ticket.changed when waits", False),
    ("raise ticket.priority to high", "on ticket.changed when waits or ticket.amount > 5", True),
    ("add tag x", "on ticket.changed when ticket.priority changed", False),
    ("add tag x", "on ticket.changed when ticket.tags changed", True),
    ("add tag x", "on ticket.assigned", False),
    ("add tag x to member", "on ticket.changed", False),
    ("add tag x to member", "on member.changed", True),
    # Another rule of the same wave may have changed the priority.
    ("route to team frontline", "on ticket.assigned when ticket.priority changed", True),
    ("route to team frontline", "on ticket.assigned when ticket.team changed", True),
    ("assign to agent ticket.assignee", "on ticket.assigned when ticket.team changed", False),
    ("route to team frontline", "on chat.waiting", True),
    ("assign to agent ticket.assignee", "on chat.waiting", False),
    ("move to 已結案", "on ticket.state_changed when ticket.category changed to closed", True),
    ("move to 已結案", "on ticket.state_changed when ticket.state changed from 已結案", False),
    ("move to 已結案", "on ticket.state_changed when ticket.kind = chat", False),
    ("move to 已結案", "on chat.ended", False),
    ("move to 已結束", "on chat.ended", True),
    ('reply "x"', "on message.sent when message.author = agent", False),
    ('reply "x"', "on message.sent when message.author in [bot, desk]", True),
    ('reply "x"', "on message.sent when not message.automatic", False),
    ('note "x"', "on message.sent", False),
    ("start timer x for 1d", "on timer.fired when timer.name = x", True),
    ("start timer x for 1d", "on timer.fired when timer.name in [y, z]", False),
    ("add tag x stop", "on ticket.changed", False),
    ("start timer x for 1d stop", "on timer.fired when timer.name = x", True),
]


@pytest.mark.parametrize(("action", "waits", "wakes"), PAIRS)
def test_a_rule_wakes_another_if_it_may_raise_what_that_one_waits_for(action: str, waits: str, wakes: bool) -> None:
    book = with_rules(f"{HEADS}rule one on message.received then {action}\nrule other {waits} then stop\n")
    assert any(link.by == ("one",) and "other" in link.wakes for link in links(book)) is wakes


def test_what_the_first_rule_asks_of_the_case_holds_for_the_second() -> None:
    rules = "rule one on message.received when ticket.kind = inquiry then route to team frontline\n"
    rules += "rule two on chat.waiting then stop\nrule three on ticket.assigned when ticket.kind = chat then stop\n"
    assert links(with_rules(rules)) == ()


def test_a_rule_wakes_itself_only_through_time() -> None:
    rules = "rule one on ticket.changed then add tag x\n"
    rules += "rule two on timer.fired when timer.name = x then start timer x for 1d\n"
    (link,) = links(with_rules(rules))
    assert (link.event, link.what, link.by, link.wakes, link.later) == ("timer.fired", ("x",), ("two",), ("two",), True)


def test_no_scenario_of_the_starter_shows_a_wake_that_is_not_drawn(
    starter: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What really happened, wave after wave, is among what may happen."""
    seen: list[Any] = []
    run = World.run

    def watched(self: World, *args: Any, **kwargs: Any) -> Any:
        decision = run(self, *args, **kwargs)
        seen.append(decision)
        return decision

    monkeypatch.setattr(World, "run", watched)
    for path, text in starter.files.items():
        if is_scenario_file(path):
            for scenario in scenarios.read(Source(path, text))[0]:
                assert scenarios.run(starter, scenario).passed
    drawn = {(by, woken) for link in links(starter) if not link.later for by in link.by for woken in link.wakes}
    later_waves = 0
    for decision in seen:
        waves: dict[int, set[str]] = {}
        for entry in decision.trace:
            if entry.outcome == "acted":
                waves.setdefault(entry.wave, set()).add(entry.rule)
        for number in sorted(waves)[1:]:
            for woken in waves[number]:
                later_waves += 1
                before = waves.get(number - 1, set())
                assert any((by, woken) in drawn for by in before), (woken, before, decision.events)
    assert later_waves > 20, "the scenarios show too few waves for this to say anything"


def test_schedules_stand_where_the_clock_brings_them() -> None:
    book = with_rules(
        """
        rule tidy stage housekeeping on every day at "09:00" for each ticket then add tag old
        rule both stage housekeeping on ticket.created, every day at "09:00" for each ticket, every 15m for each ticket
          then add tag new
        rule heard stage housekeeping on ticket.changed when ticket.tags has old then stop
        """
    )
    found = {link.event: (link.by, link.wakes) for link in links(book)}
    assert found["every day at 09:00 for each ticket"] == ((), ("tidy", "both"))
    assert found["every 15m for each ticket"] == ((), ("both",))
    assert found["ticket.changed"] == (("tidy", "both"), ("heard",))
    for form in FORMATS:
        assert "every day at 09" in draw(book, form), form


# ---- the layout ----------------------------------------------------------------------------------------------------


@st.composite
def layered(draw: st.DrawFn) -> tuple[list[Box], list[tuple[str, str]]]:
    sizes = st.tuples(st.integers(8, 200), st.integers(8, 120))
    boxes = [
        Box(f"{layer}-{n}", layer, *map(float, draw(sizes)))
        for layer in range(draw(st.integers(1, 5)))
        for n in range(draw(st.integers(1, 6)))
    ]
    possible = [(a.name, b.name) for a in boxes for b in boxes if abs(a.layer - b.layer) == 1]
    edges = draw(st.lists(st.sampled_from(possible), max_size=25, unique=True)) if possible else []
    return boxes, edges


@settings(max_examples=150, deadline=None)
@given(layered())
def test_boxes_stand_in_their_columns_and_never_overlap(case: tuple[list[Box], list[tuple[str, str]]]) -> None:
    boxes, edges = case
    shown = arrange(boxes, edges, fixed=(0,))
    for one, other in combinations(boxes, 2):
        if one.layer == other.layer:
            assert abs(one.y - other.y) >= (one.height + other.height) / 2 + 14 - 1e-6
    for box in boxes:
        assert shown.left[box.layer] <= box.x - box.width / 2 + 1e-6
        assert box.x + box.width / 2 <= shown.right[box.layer] + 1e-6
        assert box.y - box.height / 2 >= -1e-6
        assert box.y + box.height / 2 <= shown.height + 1e-6
    first = [box.y for box in boxes if box.layer == 0]
    assert first == sorted(first)


def test_a_chain_is_a_straight_line() -> None:
    boxes = [Box(str(n), n, 50.0, 20.0 + 10 * n) for n in range(5)]
    arrange(boxes, [(str(n), str(n + 1)) for n in range(4)])
    assert len({round(box.y, 3) for box in boxes}) == 1


# ---- the SVG -------------------------------------------------------------------------------------------------------

HARD = """\
kind: repair
label: {zh-TW: 維修單<急>, en: Repair & "more"}
initial: 收件
states:
  收件: {sla: running, category: open}
  檢測中: {sla: running, category: open}
  等零件: {sla: paused, category: pending}
  等待顧客同意非常非常長的報價單: {sla: paused, category: pending}
  完修: {sla: paused, category: pending}
  已取件: {sla: stopped, category: closed}
  報廢: {sla: stopped, category: closed}
transitions:
  - {trigger: begin, from: 收件, to: 檢測中, roles: [agent]}
  - {trigger: order, from: [檢測中, 等待顧客同意非常非常長的報價單], to: 等零件}
  - {trigger: arrived, from: 等零件, to: 檢測中}
  - {trigger: ask, from: 檢測中, to: 等待顧客同意非常非常長的報價單, when: ticket.amount > 5000 and not member.is_guest}
  - {trigger: done, from: [檢測中, 等零件], to: 完修, requires: [ticket.solution]}
  - {trigger: collect, from: 完修, to: 已取件, roles: [agent, supervisor]}
  - {trigger: scrap, from: "*", to: 報廢, roles: [supervisor]}
  - {trigger: again, from: [已取件, 報廢], to: 收件, when: ticket.closed_for <= 7d}
"""


@pytest.fixture(scope="module")
def books(starter: Rulebook) -> dict[str, Rulebook]:
    loaded = load_files({**starter.files, "lifecycles/repair.yaml": HARD}, run_scenarios=False)
    assert loaded.rulebook is not None, [found.message for found in loaded.findings]
    return {"starter": starter, "hard": loaded.rulebook}


def texts_of(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_the_picture_names_every_state_transition_stage_and_link(books: dict[str, Rulebook]) -> None:
    for book in books.values():
        text = draw(book, "svg", "en")
        root = ElementTree.fromstring(text)
        said = texts_of(root)
        for life in book.lifecycles.values():
            assert set(life.states) <= set(said)
            for transition in life.transitions:
                assert any(line.split(" ")[0] == transition.trigger for line in said)
        assert "requires ticket.solution" in said
        assert "when ticket.closed_for <= 7d" in said
        assert set(book.rules.stages) <= set(said)
        for link in links(book):
            assert {link.event, *link.by, *link.wakes} <= set(said)
        assert not re.search(r"<(script|image|foreignObject|style)|href|url\((?!#arrow\))", text)


ENGLISH = re.compile(
    r"\b(sla|running|paused|stopped|pending|closed|requires|roles|more|rules|which|stages|when)\b", re.I
)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("locale", "words"), [("zh-TW", "條規則"), ("zh-CN", "条规则")])
def test_our_own_words_are_the_readers(books: dict[str, Rulebook], form: str, locale: str, words: str) -> None:
    text = draw(books["hard"], form, locale)
    assert words in text
    if form == "svg":
        said = texts_of(ElementTree.fromstring(text))
        of_rules = {rule.id for rule in books["hard"].rules.rules} | set(books["hard"].rules.stages)
        for line in said:
            if line in of_rules or line.startswith(("ticket.", "member.")):
                continue  # names and conditions are the rules' own
            plain = re.sub(r"條件 .*|条件 .*", "", line)
            assert not ENGLISH.search(plain.split(" ", 1)[1]) if " " in plain else True, line
        assert any(line in ("等待這些事件的規則", "等待这些事件的规则") for line in said)
    assert draw(books["hard"], form) == draw(books["hard"], form, "zh-TW"), "the desk's first language"


LOOK = """() => {
  const svg = document.documentElement
  const shapes = [...svg.querySelectorAll('rect')].slice(1).map((r) => r.getBBox())
  const inside = (b, x, y) => x > b.x + 2 && x < b.x + b.width - 2 && y > b.y + 2 && y < b.y + b.height - 2
  const wrong = []
  shapes.forEach((a, i) => shapes.slice(i + 1).forEach((b) => {
    if (a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)
      wrong.push(['boxes overlap', a.x, a.y, b.x, b.y])
  }))
  for (const text of svg.querySelectorAll('text')) {
    const t = text.getBBox()
    const around = shapes.filter((b) => inside(b, t.x + 1, t.y + t.height / 2))
    if (around.some((b) => t.x + t.width > b.x + b.width - 3)) wrong.push(['a text leaves its box', text.textContent])
    if (t.x + t.width > svg.width.baseVal.value || t.y + t.height > svg.height.baseVal.value)
      wrong.push(['a text leaves the picture', text.textContent])
  }
  for (const path of svg.querySelectorAll('path[stroke]')) {
    const length = path.getTotalLength()
    for (let at = 0; at <= length; at += 3) {
      const p = path.getPointAtLength(at)
      if (shapes.some((b) => inside(b, p.x, p.y))) { wrong.push(['a line crosses a box', p.x, p.y]); break }
    }
  }
  return { wrong, boxes: shapes.length, lines: svg.querySelectorAll('path[stroke]').length }
}"""


@pytest.mark.parametrize(("which", "locale"), [("starter", "zh-TW"), ("starter", "en"), ("hard", "zh-CN")])
def test_in_a_browser_nothing_overlaps_and_every_text_is_in_its_box(
    books: dict[str, Rulebook], which: str, locale: str, page: Page, tmp_path: Path
) -> None:
    picture = tmp_path / "desk.svg"
    picture.write_text(draw(books[which], "svg", locale), "utf-8")
    page.goto(picture.as_uri())
    found = page.evaluate(LOOK)
    assert found["wrong"] == []
    assert found["boxes"] > 50
    assert found["lines"] > 80


# ---- the others ----------------------------------------------------------------------------------------------------


def test_mermaid_has_a_diagram_for_each_part_and_no_sign_that_breaks_it(books: dict[str, Rulebook]) -> None:
    text = draw(books["hard"], "mermaid")
    blocks = re.findall(r"```mermaid\n(.*?)\n```", text, re.DOTALL)
    kinds = [block.split("\n")[0].split(" ")[0] for block in blocks]
    lives = len(books["hard"].lifecycles)
    assert kinds == ["stateDiagram-v2"] * lives + ["flowchart"] * 2
    (repair,) = [block for block in blocks if "收件" in block]
    assert 'state "等待顧客同意非常非常長的報價單" as s3' in repair
    assert "  s5 --> s0: again, 條件 ticket.closed_for ≤ 7d" in repair
    for line in "\n".join(blocks[:lives]).split("\n"):
        assert line.count(":") == (1 if ("-->" in line and "[*]" not in line) or "fill:" in line else 0), line
    for block in blocks[lives:]:
        names = set(re.findall(r"^  (\w+)[\[(]", block, re.MULTILINE))
        for one, other in re.findall(r"^  (\w+) -.?->? ?>? ?(\w+)$", block, re.MULTILINE):
            assert {one, other} <= names


def brackets(text: str) -> Iterator[str]:
    """What is outside of quoted texts."""
    yield from re.sub(r'"(?:[^"\\]|\\.)*"', "T", text)


def test_dot_is_one_graph_whose_every_edge_has_its_nodes(books: dict[str, Rulebook]) -> None:
    text = draw(books["hard"], "dot")
    bare = "".join(brackets(text))
    assert '"' not in bare
    assert bare.count("{") == bare.count("}") == 1 + len(books["hard"].lifecycles) + 2
    names = set(re.findall(r"^ +(\w+) \[", bare, re.MULTILINE))
    edges = re.findall(r"^ +(\w+) -> (\w+)", bare, re.MULTILINE)
    assert len(edges) > 60
    assert {name for edge in edges for name in edge} <= names


def test_the_command_prints_each_format_and_refuses_broken_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for form, start in (("svg", "<svg "), ("mermaid", "## "), ("dot", "digraph ")):
        assert main(["graph", str(RULES), "--format", form]) == 0
        assert capsys.readouterr().out.startswith(start)
    assert set(FORMATS) == {"svg", "mermaid", "dot"}
    (tmp_path / "desk.yaml").write_text("language: 9\n", "utf-8")
    assert main(["graph", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "mend them first" in told.err


def test_a_part_of_the_picture_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    """What wakes one rule or is woken by it, and no more; a name there is not is told of."""
    whole = ["graph", str(RULES), "--format", "mermaid"]
    assert main(whole) == 0
    every = capsys.readouterr().out
    assert main([*whole, "--rule", "auto_close", "--around", "0"]) == 0
    alone = capsys.readouterr().out
    assert main([*whole, "--rule", "auto_close"]) == 0
    near = capsys.readouterr().out
    assert "auto_close" in near and len(alone) <= len(near) < len(every) / 3
    assert "vip_refund" in every and "vip_refund" not in near
    assert main([*whole[:2], "--stage", "guard"]) == 0
    assert capsys.readouterr().out.startswith("<svg")
    assert main([*whole, "--rule", "auto_clos"]) == 2
    assert "auto_close" in capsys.readouterr().err
