"""A case that a rule opens beside another (`open work_order`): its own ticket and decision, linked to the first."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from engine.core import rights
from engine.core.calendar import from_micros
from engine.core.changes import Create, Record
from engine.core.commands import OpenLinked
from engine.core.draft import Draft
from engine.core.entities import Case
from engine.core.handlers._beginning import Beginning
from engine.core.opening import open_ticket


def open_linked(draft: Draft, command: OpenLinked) -> None:
    """Opens the case with what is known of its origin, and with the conversation so far as its first note."""
    origin = draft.case.origin
    if origin is None:
        raise LookupError("a linked case needs the one it comes from")
    draft.chain = command.chain
    open_ticket(
        draft,
        kind=command.kind,
        channel=origin.channel,
        account=origin.account,
        subject=origin.subject,
        values={},
        opened_by="desk",
    )
    draft.change_ticket(
        type=origin.type,
        priority=origin.priority,
        order_no=origin.order_no,
        product=origin.product,
        language=origin.language,
        team=command.team,
    )
    agent = rights.assignee(draft.book.roles, draft.find_agent(command.agent)) if command.agent else None
    if agent is not None:
        draft.assign(agent)
    ticket = draft.need_ticket()
    draft.log.append(Create("link", draft.ref(), {"from": origin.id, "to": ticket.id, "kind": ticket.kind}))
    both = {"origin": origin.number, "number": ticket.number, "kind": ticket.kind, "rule": command.rule}
    draft.record("ticket.linked", both)
    draft.log.append(Record("ticket.linked", both, ticket=origin.id, member=origin.member_id))
    draft.say(
        author_kind="bot",
        text="\n\n".join(part for part in (command.text, transcript(draft.case, draft.book.zone(draft.shop))) if part),
        visibility="internal",
        automatic=True,
        rule=command.rule,
        template=command.template,
    )


def transcript(case: Case, zone: ZoneInfo) -> str:
    """The conversation of the case's origin, line by line, as the member knows it: notes stay where they are."""
    origin = case.origin
    if origin is None:
        return ""
    rows = [f"#{origin.number:05d} {origin.subject}".rstrip()]
    for line in case.messages:
        if line.visibility != "internal":
            at = from_micros(line.created_at, zone).strftime("%m-%d %H:%M")
            rows.append(f"[{at}] {line.shown_as or line.author or line.author_kind}: {line.text}")
    return "\n".join(rows)


BEGIN: Mapping[type, Beginning] = {
    OpenLinked: Beginning(open_linked),
}
