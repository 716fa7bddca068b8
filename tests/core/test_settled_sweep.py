"""Every event and every field: what the real desk was never seen to hold otherwise in the shipped scenarios is told by
the table of what events settle, or there is a reason why it may be otherwise all the same."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.core.events import EVENTS
from engine.core.rulebook import COMPARED
from engine.core.settled import FACTS, NEW, STILL
from engine.lang.analysis import Known, OneChanged, Same, Shape
from tests.core.test_settled import BOOK, OBJECTS, Probe, book_with, forms, run

FREE: Mapping[str, str] = {
    "number kind channel opened_by created_at updated_at shop": "each case has its own",
    "type subject priority order_no product solution language tags escalation team": "people and rules set it, always",
    "amount region refund_reason urgency reach difficulty birthday": "a field of this desk's own",
    "nudges nudged_at": "any open case may have been nudged before, or never",
    "agents_here name hours teams skills": "who is there and what they can do, and what the shop is called",
    "tier is_guest complaints_30d signed_up_at blocked": "members are as they are; people and rules block them",
    "followers": "people follow what they like",
    "open_tasks": "any case may have tasks, or none",
    "page referrer device from to direction": "what the window and the exchange say",
}
"""What is whatever it is in any event: the last part of a field's name, and why."""

CALLS = "call.ringing, call.answered, call.ended, call.missed"
SILENT = "chat.agent_silent after, chat.waiting after, chat.member_silent after, chat.agent_gone after"
TASKS = "task.assigned, task.cancelled, task.done"
BREACHED = "sla.breached, sla.breached after"
SLA = f"sla.warning, {BREACHED}"
OTHERWISE = [
    (
        "empty",
        "ticket.first_replied_at ticket.rating",
        f"task.added, task.due, {TASKS}",
        "a case that was answered and rated may have tasks",
    ),
    ("empty", "ticket.closed_at ticket.closed_for", TASKS, "what is left to do for a closed case may still be done"),
    ("one value", "ticket.category", TASKS, "what is left to do for a closed case may still be done"),
    (
        "one value",
        "member.open_tickets ticket.reopened ticket.reply_count ticket.state",
        f"task.added, task.due, {TASKS}",
        "any case may have tasks, old or new",
    ),
    ("one value", "ticket.age ticket.idle ticket.waiting_for", "task.added, task.done", "and at any time"),
    ("one value", "ticket.lines_1m", "task.added, task.cancelled, task.done, task.due", "and at any time"),
    ("set", "ticket.waiting_for", f"task.added, task.due, {TASKS}", "also where no answer is awaited"),
    ("one value", "task.by", "task.added, task.assigned", "any colleague may add and give it"),
    ("set", "task.by", "task.added, task.assigned, task.cancelled, task.done", "or the desk itself"),
    ("set", "task.assignee", "task.done", "a task of nobody may be done"),
    ("set", "task.due_at task.result", "task.cancelled", "neither a time nor a result need be said"),
    ("empty", "task.result", "task.assigned, task.due", "one that was opened again keeps what had come of it"),
    (
        "changed",
        "ticket.category ticket.closed_at ticket.closed_for ticket.state",
        "chat.ended",
        "by a line of thanks a chat is opened and over again in one moment, and has stayed closed",
    ),
    (
        "set",
        "ticket.closed_at ticket.closed_for",
        "chat.ended",
        "a lifecycle may begin in a state that is closed: such a case was never closed",
    ),
    ("one value", "ticket.closed_for", "chat.ended", "one that has stayed closed has been closed for longer"),
    ("one value", "ticket.state", "chat.ended", "a lifecycle may have several ends"),
    ("changed", "ticket.state", f"{CALLS}", "a lifecycle need not have what the exchange raises"),
    ("changed", "ticket.category", "call.ended", "a lifecycle need not have what the exchange raises"),
    ("changed", "ticket.rating", "rating.received", "a case may have come with its rating from elsewhere"),
    (
        "empty",
        "ticket.assignee agent.status agent.load",
        "chat.started",
        "a colleague may open a chat and give it to somebody",
    ),
    ("one value", "ticket.category", "chat.started, ticket.created", "a lifecycle may begin in a pending state"),
    (
        "one value",
        "message.author message.automatic",
        "chat.started",
        "a colleague, or a machine, may write the first line",
    ),
    (
        "empty",
        "ticket.closed_at ticket.closed_for",
        "message.received, delivery.failed",
        "a machine's line may come to a closed case, and a line be lost after the end",
    ),
    ("one value", "ticket.category", "message.received", "a machine's line may come to a closed case"),
    (
        "one value",
        "ticket.idle",
        "message.received",
        "a machine's line is no line of the member; a guest who signs in asks the old question again",
    ),
    (
        "empty",
        "ticket.closed_at ticket.closed_for",
        f"ticket.assigned, {CALLS}",
        "a closed case may be handed over, and the exchange speak of one",
    ),
    (
        "empty",
        "ticket.closed_at ticket.closed_for",
        f"chat.waiting, {SILENT}, {SLA}",
        "what is published may make another state of cases that are there the closed one; clocks go by `sla`",
    ),
    (
        "one value",
        "ticket.category",
        f"chat.agent_silent after, chat.waiting after, {SLA}",
        "what is published may make another state of cases that are there the closed one; clocks go by `sla`",
    ),
    (
        "empty",
        "ticket.first_replied_at",
        f"chat.waiting, chat.waiting after, {CALLS}",
        "one that was served and given back waits again; who is called may have been written to",
    ),
    (
        "one value",
        "ticket.reply_count",
        f"chat.waiting, chat.waiting after, rating.received, {CALLS}",
        "one that was served and given back waits again; agents answer more than once",
    ),
    (
        "set",
        "ticket.first_replied_at ticket.assignee",
        "rating.received",
        "a rating may be asked for where nobody has answered or serves",
    ),
    (
        "one value, set",
        "ticket.assignee agent.status",
        "call.answered, call.ended",
        "the exchange need not say who took the call",
    ),
    (
        "set",
        "agent.load",
        "call.answered, call.ended, rating.received, agent.status_changed",
        "the exchange need not say who took the call; nobody need serve",
    ),
    ("one value, set", "agent.status", "rating.received", "who served may be gone"),
    ("one value", "ticket.assignee", "rating.received", "anybody may serve"),
    ("one value", "agent.load", "rating.received, chat.agent_gone after, call.ended", "an agent may have much to do"),
    (
        "empty",
        "ticket.rating",
        "message.received, ticket.assigned, chat.ended, ticket.state_changed, "
        f"delivery.failed, chat.waiting, {SILENT}, {SLA}, {CALLS}",
        "a case that was rated goes on when it is opened again",
    ),
    ("empty", "ticket.waiting_for", f"rating.received, {CALLS}", "the member may wait for an answer in the same case"),
    (
        "set",
        "ticket.waiting_for",
        "chat.waiting, chat.agent_silent after, chat.waiting after",
        "one that was answered may be given back, and thanks await nothing",
    ),
    (
        "one value",
        "ticket.waiting_for",
        "chat.agent_silent after, chat.waiting after",
        "times are fuzzy, and a wait goes on over several lines",
    ),
    (
        "one value",
        "ticket.idle",
        "chat.agent_silent after, chat.waiting after, chat.member_silent after, "
        "rating.received, delivery.failed, call.ringing, call.missed",
        "times are fuzzy, and a case may be older than what happens",
    ),
    (
        "one value",
        "ticket.age",
        "chat.waiting after, chat.member_silent after, rating.received, delivery.failed, call.ringing, call.missed",
        "times are fuzzy, and a case may be older than what happens",
    ),
    (
        "one value",
        "chat.waited",
        "chat.waiting after, chat.agent_gone after",
        "times are fuzzy, and some wait before they are served",
    ),
    ("one value", "call.waited", "call.answered, call.ended, call.missed", "a telephone rings for a while"),
    ("one value", "call.duration", "call.missed", "an exchange may say so of a call it said was taken"),
    ("one value", "sla.overdue", "sla.breached, sla.breached after", "a server may have been down when it was due"),
    (
        "one value",
        "member.open_tickets",
        "chat.opened, member.signed_in, chat.waiting, chat.ended, delivery.failed, "
        f"chat.agent_silent after, chat.waiting after, chat.member_silent after, chat.agent_gone after, {CALLS}",
        "members have as many cases as they like",
    ),
    (
        "one value",
        "message.answers",
        "message.sent, delivery.failed",
        "an agent's line may be like a question of the library",
    ),
    ("one value", "message.has_attachment", "message.sent, delivery.failed", "agents send files"),
    (
        "one value",
        "ticket.lines_1m",
        f"{SILENT}, {BREACHED}, timer.fired, rating.received, delivery.failed, {CALLS}",
        "a time may be short, and the member may write meanwhile",
    ),
    (
        "one value",
        "ticket.reopened",
        f"chat.waiting, {SILENT}, timer.fired, rating.received, delivery.failed, {CALLS}",
        "any case may have been opened again",
    ),
    (
        "one value",
        "ticket.state ticket.category",
        f"{CALLS}",
        "what state the exchange leads to is the lifecycle's to say",
    ),
    (
        "unchanged",
        "ticket.assignee agent.status agent.load",
        "message.received, chat.ended, call.ringing, call.ended, call.missed",
        "a new case may have been given to somebody at once, and a rule may do two things",
    ),
    ("unchanged", "ticket.first_replied_at", "chat.waiting, chat.ended", "the answer itself may end a chat"),
    (
        "unchanged",
        "ticket.reply_count",
        "chat.waiting, chat.ended, call.ended",
        "the answer itself may end a chat; a call that is first heard of when it ends is a new case",
    ),
    (
        "unchanged",
        "ticket.closed_at ticket.closed_for ticket.reopened",
        "chat.waiting, ticket.assigned",
        "a rule may hand a case over and end it, or open it again, in one moment",
    ),
    (
        "unchanged",
        "ticket.state ticket.category ticket.waiting_for",
        "chat.waiting",
        "a rule may move the case in the same moment",
    ),
    (
        "unchanged",
        "ticket.closed_at ticket.closed_for ticket.waiting_for",
        f"{CALLS}",
        "what the exchange raises may open or close a case",
    ),
    (
        "unchanged",
        "ticket.reopened",
        "chat.ended, call.ended",
        "a rule may do two things in one moment, and what the exchange raises open a case",
    ),
    (
        "unchanged",
        "ticket.idle",
        "chat.waiting, ticket.assigned, chat.ended, call.ended",
        "a line may come in the same moment; a call that is first heard of when it ends is a new case",
    ),
    (
        "unchanged",
        "ticket.lines_1m",
        "chat.ended, call.ended",
        "the line itself may end a chat; a call that is first heard of when it ends is a new case",
    ),
    (
        "unchanged",
        "member.open_tickets ticket.age",
        "call.ended",
        "a call that is first heard of when it ends is a new case",
    ),
    (
        "one value",
        "member.open_tickets ticket.age ticket.idle ticket.lines_1m ticket.reopened",
        "ticket.transferred, ticket.claimed",
        "any case may be handed on, old or new",
    ),
    ("empty", "ticket.rating", "ticket.transferred, ticket.claimed", "a case that was rated may be open again"),
    (
        "unchanged",
        "ticket.state ticket.category ticket.waiting_for ticket.closed_at ticket.closed_for",
        "ticket.transferred, ticket.claimed",
        "`serve` leads where the lifecycle says",
    ),
    (
        "empty",
        "ticket.closed_at ticket.closed_for",
        "ticket.transferred, ticket.claimed",
        "`serve` leads where the lifecycle says",
    ),
    ("one value", "transfer.by transfer.from_agent", "ticket.transferred", "any agent hands on any case"),
    ("set", "transfer.from_agent transfer.from_team", "ticket.transferred", "a case that nobody has may be handed on"),
    ("changed", "ticket.assignee", "ticket.transferred", "one that nobody holds may go to another team"),
    (
        "one value",
        "ticket.assignee agent.status agent.load ticket.state ticket.category ticket.waiting_for ticket.reply_count",
        "ticket.claimed",
        "anybody claims anything that nobody has, answered before or not",
    ),
    ("changed", "agent.status agent.load", "ticket.claimed", "before there may have been none, or as many"),
    ("set", "ticket.waiting_for", "ticket.claimed", "a case that awaits nothing may be claimed, too"),
    ("empty", "ticket.first_replied_at", "ticket.claimed", "one that was answered may have been given back"),
    (
        "one value",
        "ticket.age ticket.idle ticket.state ticket.category ticket.assignee agent.status agent.load",
        "message.unsent",
        "a line of any case may be taken back",
    ),
    (
        "one value",
        "ticket.reply_count ticket.lines_1m ticket.reopened ticket.first_replied_at member.open_tickets",
        "message.unsent",
        "a line of any case may be taken back",
    ),
    (
        "one value",
        "message.length message.has_attachment message.answers message.automatic",
        "message.unsent",
        "any line may be taken back",
    ),
    ("set", "ticket.assignee agent.status agent.load", "message.unsent", "a rule's line, of a case nobody has"),
    ("empty", "ticket.rating", "message.unsent", "a case that was rated may be open again"),
    ("empty", "ticket.closed_at ticket.closed_for", "message.unsent", "the case may have been closed meanwhile"),
    ("empty", "ticket.waiting_for", "message.unsent", "the member may have written again meanwhile"),
    ("set", "ticket.first_replied_at", "message.unsent", "a rule's line is no reply"),
    (
        "one value",
        "member.open_tickets ticket.reopened ticket.reply_count ticket.state",
        "ticket.nudged",
        "any open case may be nudged, old or new",
    ),
    (
        "empty",
        "ticket.first_replied_at ticket.rating",
        "ticket.nudged",
        "a case that was answered and rated may be open",
    ),
    ("set", "ticket.waiting_for", "ticket.nudged", "a colleague may nudge where no answer is awaited"),
    (
        "empty",
        "ticket.closed_at ticket.closed_for ticket.rating",
        "ticket.followed",
        "any case may be followed, by anybody, whenever",
    ),
    (
        "one value",
        "member.open_tickets ticket.age ticket.idle ticket.lines_1m ticket.reopened",
        "ticket.followed",
        "any case may be followed, by anybody, whenever",
    ),
    (
        "empty",
        "agent.load agent.status ticket.assignee ticket.closed_at ticket.closed_for "
        "ticket.first_replied_at ticket.rating",
        "ticket.mentioned",
        "a note may stand in a case that was answered, rated, given to somebody or closed",
    ),
    (
        "one value",
        "member.open_tickets mention.by mention.text message.answers message.author "
        "message.has_attachment message.length ticket.age ticket.category ticket.idle ticket.lines_1m "
        "ticket.reopened ticket.reply_count ticket.state ticket.waiting_for",
        "ticket.mentioned",
        "anybody, or a program, writes any note on any case",
    ),
    (
        "set",
        "ticket.waiting_for",
        "ticket.mentioned",
        "a note may stand in a case that awaits nothing",
    ),
    (
        "unchanged",
        "agent.load agent.status member.open_tickets ticket.age ticket.assignee ticket.category "
        "ticket.closed_at ticket.closed_for ticket.first_replied_at ticket.idle ticket.lines_1m "
        "ticket.rating ticket.reopened ticket.reply_count ticket.state ticket.waiting_for",
        "ticket.mentioned",
        "a transfer's note may mention, and the first line of an internal case is a note",
    ),
    (
        "empty",
        "follower.by ticket.closed_at ticket.closed_for ticket.rating",
        "ticket.unfollowed",
        "any case may be followed, by anybody, whenever",
    ),
    (
        "one value",
        "agent.load agent.status follower.agent member.open_tickets ticket.age ticket.assignee "
        "ticket.category ticket.first_replied_at ticket.idle ticket.lines_1m ticket.reopened "
        "ticket.reply_count ticket.state ticket.waiting_for",
        "ticket.unfollowed",
        "any case may be followed, by anybody, whenever",
    ),
    (
        "set",
        "agent.load agent.status ticket.assignee ticket.first_replied_at ticket.waiting_for",
        "ticket.unfollowed",
        "any case may be followed, by anybody, whenever",
    ),
    ("one value", "ticket.lines_1m", "chat.started", "a colleague may write the first line"),
    ("one value", "chat.queue_position", "chat.waiting, chat.waiting after", "others may wait"),
    ("unchanged", "chat.queue_position chat.waited", "chat.opened", "there was no window before"),
    ("unchanged", "chat.waited", "chat.waiting, chat.ended", "it may be given to somebody in the same moment"),
]
"""What was never seen otherwise in the scenarios, and by what it may be all the same: shapes, fields, events, why."""


@pytest.fixture(scope="module")
def seen() -> dict[tuple[str, str], set[str]]:
    """By form of an event and field, what it was seen to be, and whether it had changed."""
    rules = []
    for event in EVENTS:
        names = [name for name in BOOK.fields if name.split(".")[0] in event.objects]
        asked = [f"{name} is set" for name in names]
        asked += [f"{name} changed" for name in names if name.split(".")[0] in COMPARED]
        for number, form in enumerate(forms(event.name) if event.name != "every" else ()):
            probe = Probe(f"{event.name.replace('.', '_')}_{number}", form, Known("", ()))
            rules.append(probe.rule("reads", " or ".join(asked)))
    found: dict[tuple[str, str], set[str]] = {}
    for decision in run(book_with(rules))[1]:
        for wave in decision.snapshot["waves"]:
            values, before = wave["stages"][0]["values"], wave["before"]
            for key in wave["keys"]:
                event, _, after = key.partition(" ")
                form = f"{event} after" if after else event
                for name, value in values.items():
                    if name.split(".")[0] in OBJECTS[event] and event != "every":
                        shapes = found.setdefault((form, name), set())
                        shapes.add(f"= {value}" if value not in (None, "", []) else "empty")
                        if name.split(".")[0] in COMPARED:
                            shapes.add("changed" if value != before.get(name) else "unchanged")
    return found


def suspicious(name: str, shapes: set[str]) -> set[str]:
    """What of a field was never seen otherwise: always empty, always set, one value, always or never changed."""
    values = {shape for shape in shapes if shape == "empty" or shape.startswith("=")}
    found = {"one value" if values != {"empty"} else "empty"} if len(values) == 1 else set()
    if BOOK.fields[name][0].optional and "empty" not in values:
        found.add("set")
    return found | (shapes - values if len(shapes - values) == 1 else set())


def test_what_was_never_seen_otherwise_is_told_or_there_is_a_reason(seen: dict[tuple[str, str], set[str]]) -> None:
    free = frozenset(" ".join(FREE).split())
    reasons = {
        (form, name, shape)
        for shapes, names, forms_, _ in OTHERWISE
        for shape in shapes.split(", ")
        for name in names.split()
        for form in forms_.split(", ")
    }
    unsaid = {
        (form, name, shape)
        for (form, name), shapes in seen.items()
        if name.split(".")[1] not in free
        for shape in suspicious(name, shapes) - settled_shapes(form, name)
    }
    assert unsaid - reasons == set(), "a fact of the desk, or chance? say it in FACTS, or here why it may be otherwise"
    assert reasons - unsaid == set(), "it has been seen otherwise since, or is a fact now: no reason is needed"


def _shapes_of(settled: object) -> set[str]:
    if isinstance(settled, tuple):
        return {"empty", "set", "one value"}
    return {"unchanged"} if settled is Shape.UNCHANGED else set() if isinstance(settled, Same) else {"set"}


def settled_shapes(form: str, name: str) -> set[str]:
    """The shapes that the table says, of a field in a form of an event."""
    event, _, after = form.partition(" ")
    found: set[str] = {"changed", "unchanged"} if event in NEW else set()
    if (event in STILL or after) and name not in STILL.get(event, ()):
        found.add("unchanged")
    for fact in FACTS:
        if event not in fact.events or (fact.plain and after):
            continue
        for known in fact.known(BOOK):
            if isinstance(known.settled, OneChanged):
                found |= {"changed"} if known.settled.fields == (name,) else set()
            elif known.field == name:
                found |= _shapes_of(known.settled)
    return found
