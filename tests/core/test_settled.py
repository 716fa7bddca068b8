"""What an event settles is so in every decision the real desk takes: the shipped scenarios run with two rules a fact,
one that hears the event and one that would act if the fact were broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engine.core import scenarios
from engine.core.building import build
from engine.core.commands import ChangeMember
from engine.core.decide import Decision
from engine.core.entities import SYSTEM
from engine.core.errors import Refused
from engine.core.events import EVENTS
from engine.core.rulebook import Rulebook
from engine.core.scenarios.coverage import Coverage
from engine.core.settled import FACTS
from engine.folder import read_folder
from engine.lang import Source
from engine.lang.analysis import Bounds, Known, OneChanged, Same, Shape
from engine.reload import is_scenario_file
from tests.core.desk import FILES as DESK
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
AFTER = {event.name: event.after for event in EVENTS}
OBJECTS = {event.name: event.objects for event in EVENTS}


def forms(event: str) -> tuple[str, ...]:
    """How a rule may wait for an event."""
    return {"required": (f"{event} after 1m",), "optional": (event, f"{event} after 1m")}.get(AFTER[event], (event,))


@dataclass(frozen=True)
class Probe:
    """A fact of an event in one of its forms, as two rules. `late`: of the last stage, before which rules wrote."""

    name: str
    form: str
    known: Known
    late: bool = False

    def rule(self, which: str, condition: str) -> str:
        """A rule that acts when the condition holds."""
        event = self.form.partition(" ")[0]
        action = "add tag {} to member" if event.startswith("member.") else "add tag {}"
        if event in ("agent.status_changed", "chat.opened"):
            action = 'notify role supervisor "{}"' if event != "chat.opened" else 'reply "{}"'
        name = f"{which}_{self.name}"
        when = f"  when {condition}\n" if condition else ""
        return f"rule {name}\n  on {self.form}\n{when}  then {action.format(name)}\n"


def holds(known: Known) -> str:
    """A fact as a condition."""
    name = known.field
    match known.settled:
        case Bounds() as bounds:
            ends = [f"{name} {op} {end}" for op, end in zip((">=", "<="), bounds.ends, strict=True) if end is not None]
            return f"({' and '.join(ends)})"
        case Shape.SET:
            return f"{name} is set"
        case Shape.UNCHANGED:
            return f"(not {name} changed)"
        case OneChanged(fields=fields):
            return f"({' or '.join(f'{one} changed' for one in fields)})"
        case Same(other=other):
            return f"{name} = {other}"
        case values:
            length = "s" if BOOK.fields[name][0].type.kind == "duration" else ""
            parts = [f"{name} is empty" if one is None else f"{name} = {_written(one)}{length}" for one in values]
            return f"({' or '.join(parts)})"


def _written(value: object) -> str:
    return (
        str(value).lower() if isinstance(value, bool | int) else f'"{value}"' if isinstance(value, str) else f"{value}"
    )


def book_with(probes: Sequence[str], late: Sequence[str] = ()) -> Rulebook:
    stages = {"probes": ("guard", probes), "late": ("housekeeping", late)}
    texts = {f"{name}.rules": f"stage {stage}\n\n" + "\n".join(rules) for name, (stage, rules) in stages.items()}
    book, findings = build({**FILES, **texts}, analyse=False)
    assert book is not None, [(f.code, f.message, f.span.text) for f in findings]
    return book


BOOK = book_with(())


def _probes() -> Iterator[Probe]:
    for number, fact in enumerate(FACTS):
        for event in fact.events:
            for known in fact.known(BOOK):
                for form in forms(event):
                    if known.plain and form != event:
                        continue
                    name = f"{number}_{form}_{known.field}".replace(".", "_").replace(" ", "_")
                    yield Probe(name, form, known)
                    if not known.until & WRITTEN:
                        yield Probe(f"{name}_late", form, known, late=True)


WRITTEN = frozenset(
    {name for name, (field, _) in BOOK.fields.items() if field.writable}
    | {"ticket.state", "ticket.team", "ticket.assignee", "ticket.tags", "member.tags", "member.blocked_until"}
)
"""What rules write."""
PROBES = list(_probes())


class Decisions(Coverage):
    """Keeps every decision of the scenarios."""

    def __init__(self, book: Rulebook) -> None:
        super().__init__(book)
        self.all: list[Decision] = []

    def take(self, book: Rulebook, decisions: Sequence[Decision], said: str | None = None) -> None:
        """See Coverage."""
        self.all.extend(decisions)


def run(book: Rulebook) -> tuple[set[str], list[Decision]]:
    """The rules that acted in any scenario, and every decision."""
    acted: set[str] = set()
    seen = Decisions(book)
    texts = {**{path: text for path, text in FILES.items() if is_scenario_file(path)}, "tests/more.yaml": MORE}
    for path, text in texts.items():
        stories, problems = scenarios.read(Source(path, text))
        assert problems == []
        for story in stories:
            steps = tuple(replace(step, expect=None) for step in story.steps)
            acted |= scenarios.run(book, replace(story, steps=steps), seen).acted
    return acted, seen.all


@pytest.fixture(scope="module")
def acted() -> set[str]:
    """The rules that acted in any scenario."""
    written: dict[bool, list[str]] = {False: [], True: []}
    for probe in PROBES:
        written[probe.late] += [probe.rule("heard", ""), probe.rule("broken", f"not {holds(probe.known)}")]
    return run(book_with(written[False], written[True]))[0]


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_an_event_of_the_desk_has_what_it_settles(acted: set[str], probe: Probe) -> None:
    assert f"heard_{probe.name}" in acted, f"no scenario raises {probe.form}"
    assert f"broken_{probe.name}" not in acted, probe.known.field


def test_the_table_names_events_and_fields_there_are() -> None:
    wrong = [(e, name) for f in FACTS for e in f.events for name in f.fields if name.split(".")[0] not in OBJECTS[e]]
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
    told = {(event, name) for fact in FACTS for event in fact.events for name in fact.fields}
    sure = {(event.name, name) for event in EVENTS for name in event.sets if not name.startswith("agent.")}
    assert sure <= told


# --- what is told -----------------------------------------------------------------------------------------------------

NEVER = [
    ("ticket.created", "ticket.age > 1d"),
    ("ticket.created", "ticket.idle > 0s"),
    ("ticket.created", "ticket.waiting_for > 5m"),
    ("ticket.created", "ticket.closed_at is set"),
    ("ticket.created", "ticket.escalation > 0"),
    ("ticket.created", "ticket.lines_1m > 3"),
    ("ticket.created", "member.open_tickets = 0"),
    ("chat.started", "ticket.reply_count > 0"),
    ("chat.started", "chat.waited > 1m"),
    ("chat.opened", "chat.queue_position is set"),
    ("ticket.state_changed", "not ticket.state changed"),
    ("ticket.assigned", "not ticket.team changed and not ticket.assignee changed"),
    ("ticket.changed", "ticket.kind changed"),
    ("ticket.changed", "ticket.age changed"),
    ("member.changed", "member.open_tickets changed"),
    ("chat.waiting", "ticket.assignee is set"),
    ("chat.waiting", "agent.status = online"),
    ("chat.waiting", "chat.waited > 1m"),
    ("chat.waiting after 5m", "ticket.assignee is set"),
    ("chat.ended", "ticket.category = open"),
    ("chat.agent_gone after 5m", "ticket.assignee is empty"),
    ("chat.member_silent after 5m", "ticket.tags changed"),
    ("delivery.failed", "ticket.priority changed"),
    ("call.ringing", "call.duration > 1m"),
    ("rating.received", "rating.score = 5 and ticket.rating = 1"),
    ("rating.received", "rating.score >= 4 and ticket.rating < 3"),
    ("sla.warning", "sla.overdue > 0s"),
    ("sla.breached after 1h", "sla.due_at is empty"),
    ("agent.status_changed", "not agent.status changed"),
]
SOMETIMES = [
    ("message.received", "ticket.lines_1m = 0"),  # of a guest who signs in a while after the last line
    ("ticket.changed", "ticket.reply_count changed"),  # who answers first takes the case
    ("ticket.changed", "ticket.first_replied_at changed"),
    ("ticket.created", "ticket.waiting_for = 0s"),
    ("ticket.created", "ticket.team is set"),
    ("ticket.created", "ticket.number changed"),
    ("ticket.assigned", "not ticket.team changed"),
    ("ticket.assigned", "not ticket.assignee changed"),
    ("chat.waiting after 5m", "ticket.team is empty"),
    ("chat.waiting after 5m", "chat.waited > 1m"),
    ("rating.received", "rating.score >= 4 and ticket.rating > 4"),
    ("sla.breached", "sla.overdue > 0s"),
    ("message.sent", "ticket.number changed"),  # an agent opens a case by a line of hers
]


SMALL = {
    **DESK,
    "lifecycles/call.yaml": """\
kind: call
for: [calls]
initial: ringing
states:
  ringing: {sla: running, category: open}
  dealt: {sla: stopped, category: closed}
transitions:
  - {trigger: close, from: ringing, to: dealt}
  - {trigger: again, from: dealt, to: ringing}
""",
}


def told(*rules: tuple[str, str, str, str], code: str = "never-true") -> list[str]:
    """Of which rules that is told on the small desk; each rule by stage, event, condition and action."""
    text = "\n\n".join(
        f"stage {stage}\nrule r{number}\n  on {event}\n  when {condition}\n  then {action}\n"
        for number, (stage, event, condition, action) in enumerate(rules)
    )
    _, findings = build({**SMALL, "all.rules": text})
    wrong = [f.message for f in findings if f.code.startswith(("unknown", "syntax", "type", "field", "bad"))]
    assert wrong == []
    return [f.message for f in findings if f.code == code]


def _acts(event: str) -> str:
    if event.startswith(("member.", "agent.")):
        return 'notify role supervisor "there"'
    return 'reply "there"' if event == "chat.opened" else 'note "there"'


@pytest.fixture(scope="module")
def all_told() -> str:
    """What is told of all of them in one look, as one text."""
    return "\n".join(told(*(("guard", event, when, _acts(event)) for event, when in (*NEVER, *SOMETIMES))))


@pytest.mark.parametrize(("number", "event", "condition"), [(n, *one) for n, one in enumerate(NEVER)])
def test_a_condition_against_what_an_event_settles_is_told(
    all_told: str, number: int, event: str, condition: str
) -> None:
    assert f"`r{number}`" in all_told


@pytest.mark.parametrize(("number", "event", "condition"), [(n + len(NEVER), *one) for n, one in enumerate(SOMETIMES)])
def test_what_may_be_is_not_told(all_told: str, number: int, event: str, condition: str) -> None:
    assert f"`r{number}`" not in all_told


@pytest.mark.parametrize(
    ("event", "condition", "action"),
    [
        ("chat.agent_gone after 2m", "agent.status = online", "route to team care by least_busy"),
        ("ticket.assigned", "not ticket.team changed and not ticket.assignee changed", "route to team care"),
        ("ticket.state_changed", "not ticket.state changed", "move to 對話中"),
        ("ticket.created", "ticket.escalation > 0", "raise ticket.escalation to 1"),
        ("sla.warning", "ticket.priority changed", "raise ticket.priority to urgent"),
        ("timer.fired", "ticket.assignee changed", "assign to agent lin"),
        ("timer.fired", "member.blocked changed", "block member for 1d"),
    ],
)
def test_what_a_rule_of_an_earlier_stage_may_make_otherwise_is_not_told(
    event: str, condition: str, action: str
) -> None:
    def asks(stage: str) -> tuple[str, str, str, str]:
        return (stage, event, condition, 'note "there"')

    def writes(stage: str) -> tuple[str, str, str, str]:
        return (stage, event, "ticket.priority != lowest", action)

    assert told(asks("guard"), writes("classify")) != [], "in the first stage nothing has been written"
    assert told(asks("classify"), writes("classify")) != [], "what is written in the same stage is not seen"
    assert told(asks("respond"), writes("notify")) != [], "what is written later is not seen"
    assert told(asks("notify"), writes("classify")) == []


def test_what_comes_along_may_make_it_otherwise_too() -> None:
    asks = ("notify", "ticket.created", "ticket.escalation > 0", 'note "there"')
    writes = ("guard", "call.ringing", "ticket.priority != lowest", "raise ticket.escalation to 1")
    assert told(asks) != []
    assert told(asks, writes) == []


def test_a_call_that_a_rule_closes_at_once_is_a_new_case_that_is_closed() -> None:
    asks = ("notify", "ticket.created", "ticket.state = dealt", 'note "there"')
    assert told(asks) != []
    assert told(asks, ("guard", "call.ringing", "ticket.state = ringing", "move to dealt")) == []


def test_a_chat_that_a_rule_may_open_again_in_the_moment_it_ends_is_not_sure_to_be_over() -> None:
    asks = ("notify", "chat.ended", "ticket.category = open", 'note "there"')
    ends = ("guard", "message.received", "ticket.kind = chat", "move to 已結束")
    opens = ("respond", "message.received", "ticket.kind = chat", "move to 待接入")
    assert told(asks, ends) != []
    assert told(asks, ends, opens) == []


def test_what_a_claim_leads_to_may_be_undone_in_its_own_wave() -> None:
    takes = ("guard", "ticket.assigned", "ticket.assignee is set", "route to team senior")
    assert told(("notify", "ticket.claimed", "ticket.assignee is empty", 'note "nobody"')) != []
    assert told(("notify", "ticket.claimed", "ticket.assignee is empty", 'note "nobody"'), takes) == []
