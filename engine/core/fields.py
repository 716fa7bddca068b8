"""The fields rules may read: name, type, and how each is got from the case a decision is working on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.calendar import from_micros
from engine.core.entities import MINUTE
from engine.core.followers import followers
from engine.core.hours import hours_in_words
from engine.core.reader import Attribute, Custom, Of
from engine.core.rights import may_answer
from engine.core.tasks import open_tasks
from engine.core.view import Getter
from engine.core.view import View as Draft
from engine.lang import DURATION, FLAG, NUMBER, TEXT, TIME, WEEKDAYS, Enum, Field, Type, entity, enum_of, list_of
from engine.lang.text import written_in


def _since(name: str) -> Getter:
    def get(draft: Draft) -> Any:
        at = getattr(draft.ticket, name) if draft.ticket is not None else None
        return None if at is None else max(draft.now - at, 0)

    return Of(get, "ticket")


def _ticket(name: str) -> Getter:
    return Attribute("ticket", name)


def _member(name: str) -> Getter:
    return Attribute("member", name)


def _message(name: str) -> Getter:
    return Attribute("message", name)


def _agent(name: str) -> Getter:
    return Attribute("agent", name)


def _chat(name: str) -> Getter:
    return Attribute("chat", name)


def _call(name: str) -> Getter:
    def get(draft: Draft) -> Any:
        return (getattr(draft.call, name) or None) if draft.call is not None else None

    return Of(get)


def _lines_1m(draft: Draft) -> Any:
    ticket, line = draft.ticket, draft.message
    if ticket is None:
        return 0
    now = line is not None and line.author_kind == "member" and line.id < 0 and line.ticket_id == ticket.id
    return now + (draft.case.lookups.member_lines(ticket.id, draft.now - MINUTE) if ticket.id > 0 else 0)


_recent_lines = Of(_lines_1m, "ticket")


def _place_in_line(draft: Draft) -> Any:
    ticket, chat, member = draft.ticket, draft.chat, draft.member
    waits = chat is not None and chat.queued_at is not None and chat.served_at is None and chat.ended_at is None
    if not waits or ticket is None or member is None or ticket.assignee is not None:
        return None
    return draft.case.lookups.before_in_line(ticket, member.tier) + 1


_queue_position = Of(_place_in_line, "ticket", "member", "chat")


def _rang(draft: Draft) -> Any:
    call = draft.call
    if call is None:
        return 0
    return max(next(at for at in (call.answered_at, call.ended_at, draft.now) if at is not None) - call.rang_at, 0)


def _talked(draft: Draft) -> Any:
    call = draft.call
    if call is None or call.answered_at is None:
        return 0
    return max((call.ended_at if call.ended_at is not None else draft.now) - call.answered_at, 0)


def _extra(name: str) -> Getter:
    def get(draft: Draft) -> Any:
        return draft.extra.get(name)

    return Of(get)


def _idle(draft: Draft) -> Any:
    ticket = draft.ticket
    if ticket is None:
        return None
    return max(draft.now - (ticket.last_line_at if ticket.last_line_at is not None else ticket.created_at), 0)


def _waited(draft: Draft) -> Any:
    chat = draft.chat
    if chat is None or chat.queued_at is None:
        return 0
    return max((chat.served_at if chat.served_at is not None else draft.now) - chat.queued_at, 0)


def _weekday(draft: Draft) -> str:
    return WEEKDAYS.values[from_micros(draft.now, draft.book.zone(draft.shop)).weekday()]


def _language(draft: Draft) -> Any:
    line = draft.message
    if line is None:
        return None
    seen = written_in(line.text, draft.book.locales) if line.author_kind == "member" else None
    return seen or line.language


def _text_length(draft: Draft) -> Any:
    return len(draft.message.text) if draft.message is not None else None


def _has_attachment(draft: Draft) -> Any:
    return bool(draft.message.attachments) if draft.message is not None else None


def _fits(draft: Draft) -> Any:
    return len(draft.fits()) if draft.message is not None else None


def _load(draft: Draft) -> Any:
    if draft.agent is None:
        return None
    return draft.agent.load + draft.given.get(draft.agent.username, 0)


def _agents_here(draft: Draft) -> int:
    roles = draft.book.roles
    return sum(may_answer(roles, given) for given in draft.case.lookups.at_the_desk(draft.shop))


def _agents_for(draft: Draft) -> int:
    ticket, roles = draft.ticket, draft.book.roles
    if ticket is None or ticket.team is None:
        return _agents_here(draft)
    here = draft.case.lookups.at_the_desk(draft.shop, ticket.team)
    return sum(may_answer(roles, given) for given in here)


def _hours(draft: Draft) -> Any:
    return hours_in_words(draft.book.calendar_of(draft.shop, None), draft.book.spoken(draft.shop))


def built_in(enums: Mapping[str, Enum]) -> dict[str, tuple[Field, Getter]]:
    """The fields that are always there. `enums` holds the rulebook's: kind, type, state, category, priority, tier,
    team, channel, shop, tag, skill, language, status, weekday, direction, author, opener, task_state, target, policy,
    role."""

    def one(name: str) -> Type:
        return enum_of(enums[name])

    tags = list_of(one("tag"))
    table: list[tuple[str, Type, str, Getter, str]] = [
        # name, type, marks, getter, what it is
        # marks: ? may be empty, w rules write it, p personal, n a count (whole, never below zero)
        ("ticket.number", NUMBER, "", _ticket("number"), "the human number, shown as #00234"),
        ("ticket.kind", one("kind"), "", _ticket("kind"), "which lifecycle it follows"),
        ("ticket.type", one("type"), "w", _ticket("type"), "what it is about (問題類型)"),
        ("ticket.subject", TEXT, "w", _ticket("subject"), "the subject line"),
        ("ticket.state", one("state"), "", _ticket("state"), "where in its lifecycle it stands"),
        ("ticket.category", one("category"), "", _ticket("category"), "of the state: open, pending or closed"),
        ("ticket.priority", one("priority"), "w", _ticket("priority"), "how urgent, in the declared order"),
        ("ticket.team", entity("team"), "?", _ticket("team"), "the team responsible"),
        ("ticket.assignee", entity("agent"), "?", _ticket("assignee"), "the agent responsible"),
        (
            "ticket.agents_here",
            NUMBER,
            "n",
            Of(_agents_for, "ticket"),
            "agents to whom it may go and who are there: of its team; of the shop while it has no team",
        ),
        ("ticket.followers", list_of(entity("agent")), "", Of(followers), "agents who follow it"),
        ("ticket.open_tasks", NUMBER, "n", Of(open_tasks), "how many sub-tasks are open"),
        ("ticket.channel", one("channel"), "", _ticket("channel"), "the way it came in"),
        (
            "ticket.opened_by",
            one("opener"),
            "",
            _ticket("opened_by"),
            "who opened it: the member, an agent in his name, or the desk by a rule",
        ),
        ("ticket.shop", one("shop"), "", _ticket("shop"), "the shop it belongs to"),
        ("ticket.tags", tags, "", _ticket("tags"), "its tags"),
        ("ticket.order_no", TEXT, "?w", _ticket("order_no"), "the order it is about"),
        ("ticket.product", TEXT, "?w", _ticket("product"), "the product it is about"),
        ("ticket.created_at", TIME, "", _ticket("created_at"), "when it was opened"),
        ("ticket.updated_at", TIME, "", _ticket("updated_at"), "when it last changed"),
        ("ticket.first_replied_at", TIME, "?", _ticket("first_replied_at"), "when an agent first answered"),
        ("ticket.closed_at", TIME, "?", _ticket("closed_at"), "when it was closed"),
        ("ticket.age", DURATION, "n", _since("created_at"), "how long it has been there"),
        ("ticket.idle", DURATION, "n", Of(_idle, "ticket"), "since either side's last line"),
        ("ticket.waiting_for", DURATION, "?n", _since("awaiting_since"), "since the member's first unanswered line"),
        ("ticket.closed_for", DURATION, "?n", _since("closed_at"), "how long it has been closed"),
        ("ticket.reply_count", NUMBER, "n", _ticket("reply_count"), "how many open answers agents gave"),
        ("ticket.lines_1m", NUMBER, "n", _recent_lines, "how many lines the member wrote here within the last minute"),
        ("ticket.reopened", NUMBER, "n", _ticket("reopened"), "how often it was reopened"),
        ("ticket.nudges", NUMBER, "n", _ticket("nudges"), "how often somebody asked to hurry with it (催單)"),
        ("ticket.nudged_at", TIME, "?", _ticket("nudged_at"), "when somebody last did"),
        ("ticket.escalation", NUMBER, "w", _ticket("escalation"), "how far it was escalated, 0 at first"),
        ("ticket.rating", NUMBER, "?", _ticket("rating"), "the member's verdict, 5 best"),
        ("ticket.solution", TEXT, "?w", _ticket("solution"), "what solved it"),
        ("ticket.language", one("language"), "w", _ticket("language"), "the language it is answered in"),
        ("message.text", TEXT, "", _message("text"), "the line"),
        ("message.direction", one("direction"), "", _message("direction"), "inbound from the member, or outbound"),
        (
            "message.author",
            one("author"),
            "",
            _message("author_kind"),
            "who wrote it: member, agent, desk, bot, system",
        ),
        ("message.channel", one("channel"), "", _message("channel"), "the way it came or goes"),
        ("message.automatic", FLAG, "", _message("automatic"), "written by a machine (auto-reply, rule)"),
        ("message.has_attachment", FLAG, "", Of(_has_attachment), "whether files hang on it"),
        ("message.length", NUMBER, "n", Of(_text_length), "characters of the line"),
        ("message.language", one("language"), "?", Of(_language), "the language it seems to be in"),
        ("message.answers", NUMBER, "n", Of(_fits), "how many answers of the auto-reply library fit the line"),
        ("member.name", TEXT, "?", _member("name"), "how the member is called"),
        ("member.tier", one("tier"), "w", _member("tier"), "the member's tier, in the declared order"),
        ("member.tags", tags, "", _member("tags"), "the member's tags"),
        ("member.is_guest", FLAG, "", _member("guest"), "not signed in"),
        ("member.blocked", FLAG, "", _member("blocked"), "on the blacklist"),
        (
            "member.open_tickets",
            NUMBER,
            "n",
            _member("open_tickets"),
            "tickets of the member not closed, counted up to 1,000",
        ),
        (
            "member.complaints_30d",
            NUMBER,
            "n",
            _member("complaints_30d"),
            "complaints in the last 30 days, counted up to 1,000",
        ),
        ("member.language", one("language"), "w", _member("language"), "the member's language"),
        ("member.shop", one("shop"), "", _member("shop"), "the shop the member belongs to"),
        ("member.signed_up_at", TIME, "?", _member("signed_up_at"), "when the account was made"),
        ("agent.name", TEXT, "?", _agent("name"), "the agent's name"),
        ("agent.teams", list_of(one("team")), "?", _agent("teams"), "the agent's teams"),
        ("agent.skills", list_of(one("skill")), "?", _agent("skills"), "the agent's skills"),
        ("agent.status", one("status"), "?", _agent("status"), "online, busy, away or offline"),
        ("agent.load", NUMBER, "?n", Of(_load, "agent", "ticket"), "open tickets assigned to the agent"),
        ("chat.page", TEXT, "?", _chat("page"), "the address the chat was opened on"),
        ("chat.referrer", TEXT, "?", _chat("referrer"), "where the visitor came from"),
        ("chat.device", TEXT, "?", _chat("device"), "what the visitor uses"),
        ("chat.queue_position", NUMBER, "?", _queue_position, "the place in the line, 1 is next"),
        ("chat.waited", DURATION, "n", Of(_waited, "chat"), "how long the chat waited for an agent"),
        ("call.direction", one("call_direction"), "", _call("direction"), "inbound, or outbound"),
        ("call.from", TEXT, "?p", _call("caller"), "the number that called"),
        ("call.to", TEXT, "?p", _call("callee"), "the number that was called"),
        ("call.waited", DURATION, "n", Of(_rang), "how long it rang"),
        ("call.duration", DURATION, "n", Of(_talked), "how long was spoken"),
        ("call.result", one("call_result"), "?", _call("result"), "answered, missed, busy or failed"),
        ("sla.policy", one("policy"), "", _extra("sla.policy"), "the policy the target belongs to"),
        ("sla.target", one("target"), "", _extra("sla.target"), "first_reply, next_reply or resolve"),
        ("sla.percent", NUMBER, "", _extra("sla.percent"), "how much of the time is used up (80% is 0.8)"),
        ("sla.overdue", DURATION, "n", _extra("sla.overdue"), "how long past due, 0 before it"),
        ("sla.due_at", TIME, "?", _extra("sla.due_at"), "when it is due"),
        ("rating.score", NUMBER, "", _extra("rating.score"), "5 (best) to 1"),
        ("rating.comment", TEXT, "?", _extra("rating.comment"), "what the member wrote with it"),
        ("transfer.by", TEXT, "?", _extra("transfer.by"), "who handed the ticket on, where somebody just did"),
        ("transfer.from_team", entity("team"), "?", _extra("transfer.from_team"), "the team that had it before"),
        ("transfer.from_agent", entity("agent"), "?", _extra("transfer.from_agent"), "the agent who had it before"),
        ("transfer.note", TEXT, "?", _extra("transfer.note"), "what colleagues are told with it"),
        (
            "transfer.tell_member",
            FLAG,
            "",
            Of(lambda draft: bool(draft.extra.get("transfer.tell_member"))),
            "whether the member is to hear of it",
        ),
        ("follower.agent", entity("agent"), "?", _extra("follower.agent"), "who begins or ends to follow"),
        ("follower.by", TEXT, "?", _extra("follower.by"), "the colleague who wanted that, where it is not the agent"),
        ("mention.by", TEXT, "?", _extra("mention.by"), "who wrote the note that names colleagues"),
        ("mention.text", TEXT, "?", _extra("mention.text"), "how that note begins"),
        ("task.title", TEXT, "", _extra("task.title"), "what is to be done"),
        ("task.assignee", entity("agent"), "?", _extra("task.assignee"), "who has the sub-task"),
        ("task.team", entity("team"), "?", _extra("task.team"), "the team of which somebody does it"),
        ("task.state", one("task_state"), "", _extra("task.state"), "open, done or cancelled"),
        ("task.result", TEXT, "?", _extra("task.result"), "what came of it"),
        ("task.due_at", TIME, "?", _extra("task.due_at"), "by when it is to be done"),
        ("task.by", entity("agent"), "?", _extra("task.by"), "whose doing this is; empty where its time has come"),
        ("nudge.by", TEXT, "?", _extra("nudge.by"), "which colleague asks to hurry; empty where the member does"),
        ("nudge.note", TEXT, "?", _extra("nudge.note"), "what the colleague says with it"),
        ("timer.name", one("timer"), "", _extra("timer.name"), "the name the rule gave the timer"),
        ("shop.name", one("shop"), "", Of(lambda draft: draft.shop), "the shop this happens in"),
        ("shop.hours", TEXT, "", Of(_hours), "the shop's working hours, as people read them"),
        (
            "shop.agents_here",
            NUMBER,
            "n",
            Of(_agents_here),
            "agents who may answer the shop's members and are there: online or busy",
        ),
        ("now", TIME, "", Of(lambda draft: draft.now), "the moment of the decision"),
        ("weekday", one("weekday"), "", Of(_weekday), "the day of the week in the shop's zone"),
    ]
    return {
        name: (
            Field(
                name=name,
                type=kind,
                optional="?" in marks,
                writable="w" in marks,
                personal="p" in marks,
                doc=doc,
                count="n" in marks,
                follows="ticket.assignee" if name.startswith("agent.") else None,
            ),
            getter,
        )
        for name, kind, marks, getter, doc in table
    }


def custom(owner: str, name: str) -> Getter:
    """How a declared custom field (`ticket.amount`) is read."""
    return Custom("member" if owner == "member" else "ticket", name)
