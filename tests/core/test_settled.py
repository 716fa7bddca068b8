"""What an event settles is so in every decision the real desk takes: the shipped scenarios run with two rules a fact,
one that hears the event and one that would act if the fact were broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.core import scenarios
from engine.core.building import build
from engine.core.commands import ChangeMember
from engine.core.entities import SYSTEM
from engine.core.errors import Refused
from engine.core.events import EVENTS
from engine.core.settled import FACTS, Fact
from engine.folder import read_folder
from engine.lang import Source
from engine.lang.analysis import Bounds
from engine.reload import is_scenario_file
from tests.core.desk import Stage, book_of

FILES, _ = read_folder(Path(__file__).resolve().parents[2] / "rules")
MORE = """
- name: a call that nobody took and one that was not answered though the exchange says so
  steps:
    - call: {event: ringing}
    - call: {event: missed, result: answered}
- name: a call that was taken and is over
  agents: {lin: {team: front}}
  steps:
    - call: {event: ringing}
    - call: {event: answered, agent: lin}
    - call: {event: ended, result: answered}
- name: an answer that does not arrive
  agents: {lin: {team: front}}
  steps:
    - message: 請問
      kind: inquiry
    - agent: lin
      reply: 您好
    - fail_delivery: no such address
- name: a member who signs in
  member: {tier: gold}
  steps:
    - sign_in: new
    - sign_in: true
"""
PROBES = [(f"{n}_{event.replace('.', '_')}", event, fact) for n, fact in enumerate(FACTS) for event in fact.events]

AFTER = {event.name: event.after for event in EVENTS}


def holds(fact: Fact, book: object) -> str | None:
    """The fact as a condition; None where this desk knows nothing."""
    values = fact.values(book)  # type: ignore[arg-type]
    if values is None:
        return None
    if isinstance(values, Bounds):
        return f"({fact.field} >= {values.lowest} and {fact.field} <= {values.highest})"
    parts = [f"{fact.field} is empty" if value is None else f"{fact.field} = {_written(value)}" for value in values]
    return f"({' or '.join(parts)})"


def _written(value: object) -> str:
    return (
        str(value).lower() if isinstance(value, bool | int) else f'"{value}"' if isinstance(value, str) else f"{value}"
    )


@pytest.fixture(scope="module")
def acted() -> set[str]:
    """The rules that acted in any scenario."""
    book, _ = build(FILES)
    assert book is not None
    rules = []
    for name, event, fact in PROBES:
        condition = holds(fact, book)
        if condition is not None:
            action = "add tag {}"
            if event.startswith("member."):
                action += " to member"
            elif event == "agent.status_changed":
                action = 'notify role supervisor "{}"'
            event += " after 1m" if AFTER[event] == "required" else ""
            rules.append(f"rule heard_{name}\n  on {event}\n  then {action.format(f'heard_{name}')}\n")
            rules.append(
                f"rule broken_{name}\n  on {event}\n  when not {condition}\n  then {action.format(f'broken_{name}')}\n"
            )
    texts = {**FILES, "probes.rules": "stage guard\n\n" + "\n".join(rules)}
    probed, findings = build(texts, analyse=False)
    assert probed is not None, [(f.code, f.message) for f in findings]
    found: set[str] = set()
    texts = {**{path: text for path, text in FILES.items() if is_scenario_file(path)}, "tests/more.yaml": MORE}
    for path, text in texts.items():
        stories, problems = scenarios.read(Source(path, text))
        assert problems == []
        for story in stories:
            steps = tuple(replace(step, expect=None) for step in story.steps)
            found |= scenarios.run(probed, replace(story, steps=steps)).acted
    return found


@pytest.mark.parametrize(("name", "event", "fact"), PROBES, ids=[name for name, _, _ in PROBES])
def test_an_event_of_the_desk_has_what_it_settles(acted: set[str], name: str, event: str, fact: Fact) -> None:
    assert f"heard_{name}" in acted, f"no scenario raises {event}"
    assert f"broken_{name}" not in acted, fact.field


def test_the_table_names_events_and_fields_there_are() -> None:
    events = {event.name: event.objects for event in EVENTS}
    wrong = [(e, f.field) for f in FACTS for e in f.events if f.field.split(".")[0] not in events[e]]
    assert wrong == []


@pytest.mark.parametrize(("guest", "asked", "left"), [(True, "gold", "guest"), (False, "guest", "basic")])
@pytest.mark.parametrize("verb", ["set", "raise", "lower"])
def test_the_first_tier_stays_the_guests_and_they_have_no_other(verb: str, guest: bool, asked: str, left: str) -> None:
    book = book_of(f"rule promote\n  on ticket.created\n  then {verb} member.tier to {asked}\n")
    stage = Stage(book, guest=guest)
    stage.says("hello")
    assert stage.world.members[stage.member.id].tier == left


def test_staff_cannot_give_a_guest_a_members_tier() -> None:
    stage = Stage(book_of(), guest=True)
    with pytest.raises(Refused) as refused:
        stage.world.run(
            ChangeMember(stage.member.id, {"tier": "gold"}), SYSTEM, member_id=stage.member.id, shop=stage.shop
        )
    assert refused.value.code == "wrong-tier"


def test_events_that_set_an_optional_field_stand_in_the_table() -> None:
    told = {(event, fact.field) for fact in FACTS for event in fact.events}
    sure = {(event.name, name) for event in EVENTS for name in event.sets if not name.startswith("agent.")}
    assert sure <= told
