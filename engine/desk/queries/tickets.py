"""Tickets: lists, one, its lines, its history, why it is as it is, the moves allowed now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core import access, rights
from engine.core import questions as ask
from engine.core.draft import Draft
from engine.core.entities import SECOND
from engine.core.errors import Refused
from engine.core.handlers.nudges import nudge_from
from engine.core.handlers.tickets import may_not, review_of
from engine.core.own_settings import own_setting
from engine.desk import results
from engine.desk.context import Questions, Work
from engine.desk.handlers.scheduled import shown, suggested
from engine.desk.rows import Asked
from engine.lang import Condition, Finding, Severity, Source, Span, compile_condition, tree
from engine.replay import history, why
from engine.store import NotFilterable, filters, lines, links, load, queries, scheduled
from engine.store.followers import followers_of


def _tickets(work: Work, q: ask.Tickets) -> Any:
    if q.view is not None and not _told(work, rights.VIEWS, q.view):
        raise Refused("invalid", "unknown-view", f"there is no view `{q.view}`", pointer="/view")
    if not _told(work, rights.SORTS, q.sort.removeprefix("-")):
        raise Refused("invalid", "unknown-sort", f"tickets cannot be sorted by `{q.sort}`", pointer="/sort")
    where = _filter(work, q.filter) if q.filter and q.filter.strip() else None
    percent = results.percent(work.book)
    return queries.tickets(work.tx, work.scope, q, actor_id=work.agent_id, where=where, percent=percent)


def _numbers(work: Work, q: ask.TicketNumbers) -> Any:
    if q.view is not None and not _told(work, rights.VIEWS, q.view):
        raise Refused("invalid", "unknown-view", f"there is no view `{q.view}`", pointer="/view")
    where = _filter(work, q.filter) if q.filter and q.filter.strip() else None
    return queries.numbers(work.tx, work.scope, q, actor_id=work.agent_id, where=where)


def _told(work: Work, table: Mapping[str, str], name: str) -> bool:
    """Whether there is such a view or sort for the actor: it tells of a field that they may read."""
    return name in table and rights.reads(work.actor, table[name])


def _filter(work: Work, text: str) -> Any:
    source = Source("filter", text)
    condition, findings = compile_condition(
        text, Span(source, 0, len(text)), work.book.environment, ("ticket", "member", "shop", "agent")
    )
    errors = [f for f in findings if f.severity is Severity.ERROR]
    if errors or condition is None:
        said = _problem(errors[0]) if errors else "this is no filter"
        raise Refused("invalid", "bad-filter", said, pointer="/filter")
    _check_fields(work, condition)
    try:
        return queries.by_zone(
            {shop: str(work.book.zone(shop)) for shop in work.book.shops},
            lambda zone: filters.where(condition, work.tx.now, work.tx.ring, work.words, zone),
        )
    except NotFilterable as error:
        raise Refused("invalid", "bad-filter", str(error), pointer="/filter") from error


def _check_fields(work: Work, condition: Condition) -> None:
    """Raises Refused where a filter names what its asker may not read; to members there is no such field."""
    for part in tree.walk(condition.tree):
        if isinstance(part, tree.Setting) and not work.actor.staff:
            raise _no_field(part.span.text)
        if not isinstance(part, tree.FieldRef):
            continue
        personal = work.words.is_personal(*part.name.split(".", 1)) if "." in part.name else False
        if rights.reads(work.actor, part.name, personal=personal):
            continue
        if not work.actor.staff:
            raise _no_field(part.name)
        right = rights.reader_of(part.name, personal=personal)
        text = f"to ask for `{part.name}` needs the right `{right}`; ask an administrator for it"
        raise Refused("forbidden", "permission-needed", text, pointer="/filter")


def _no_field(name: str) -> Refused:
    return Refused("invalid", "bad-filter", f"there is no field `{name}`", pointer="/filter")


def _problem(finding: Finding) -> str:
    """What is wrong with a filter. A name without a dot may be a definition of the rules, which no filter knows."""
    said, name = finding.message, finding.span.text
    if finding.code == "unknown-field":
        said = f"there is no field `{name}`" + ("" if "." in name else "; a filter cannot use a `define` of the rules")
    return f"{said} (column {finding.span.column})"


def _check_filter(work: Work, q: ask.CheckFilter) -> None:
    if q.filter.strip():
        _filter(work, q.filter)


def _ticket(work: Work, q: ask.TicketByNumber) -> Any:
    percent = results.percent(work.book)
    found = queries.ticket(work.tx, work.scope, q, actor_id=work.agent_id, percent=percent)
    if found is not None and q.links and work.actor.staff:
        found["links"] = links.links(work.tx, work.scope, q.number)
        found["followers"] = list(followers_of(work.tx, q.number))
        found["took_in"] = links.took_in(work.tx, work.scope, q.number)
        visit = queries.visit(work.tx, work.scope, q.number)
        if visit is not None:
            found["visit"] = visit
    return found


def messages(work: Work, q: ask.Messages) -> Any:
    """The lines of a ticket as its actor sees them."""
    found = lines.messages(work.tx, work.scope, q)
    if found is not None:
        shop = queries.shop_of(work.tx, q.number)
        for item in found["items"]:
            results.name_line(work.book, item, shop, work.actor.locale)
    return found


def _scheduled(work: Work, q: ask.Scheduled) -> Any:
    found = queries.find_ticket(work.tx, work.scope, q.number)
    if found is None:
        return None
    rows = scheduled.of_ticket(work.tx, found["id"], work.agent_id)
    times = suggested(work, found["shop"])
    within = own_setting(work.book, "unsend_within", found["shop"]) // SECOND
    items = [shown(row, work.agent_id) for row in rows]
    return {"items": items, "next": None, "times": times, "unsend_within": within}


def _events(work: Work, q: ask.Events) -> Any:
    return queries.events(work.tx, work.scope, q)


def _trace(work: Work, q: ask.Trace) -> Any:
    if work.actor.kind not in ("agent", "system"):
        return None
    return why.trace(work.tx, work.book, work.actor, q)


def _transitions(work: Work, q: ask.Transitions) -> Any:
    case = load.peek_ticket_case(work.tx, work.words, q.number)
    if case is None or case.ticket is None or not access.sees_ticket(work.actor, case.ticket):
        return None
    draft = Draft(work.book, case, work.actor, work.tx.now)
    items = []
    lifecycle = work.book.lifecycles.get(case.ticket.kind)
    for move in lifecycle.moves(case.ticket.state) if lifecycle and case.ticket.merged_into is None else ():
        refused = may_not(draft, move)
        if refused is not None and refused.code != "field-required":
            continue
        items.append(
            {
                "trigger": move.trigger,
                "to": move.target,
                "label": dict(move.label) or dict(lifecycle.states[move.target].label if lifecycle else {}),
                "requires": [name.removeprefix("ticket.") for name in move.requires],
                "review": review_of(draft, move),
            }
        )
    return {"items": items, "next": None}


def _history(work: Work, q: ask.History) -> Any:
    return history.history(work.tx, work.book, work.actor, q) if work.actor.staff else None


def _nudges(work: Work, q: ask.Nudges) -> Any:
    case = load.peek_ticket_case(work.tx, work.words, q.number)
    if case is None or case.ticket is None or not access.sees_ticket(work.actor, case.ticket):
        return None
    ticket = case.ticket
    at = nudge_from(work.book, ticket, staff=work.actor.staff)
    if not work.actor.staff:  # colleagues nudge too, and that is no affair of the member's
        return {"count": None, "nudged_at": None, "next_at": at}
    return {"count": ticket.nudges, "nudged_at": ticket.nudged_at, "next_at": at}


def _links(work: Work, q: ask.Links) -> Any:
    found = queries.find_ticket(work.tx, work.scope, q.number)
    return None if found is None else {"items": links.links(work.tx, work.scope, q.number), "next": None}


def _repeats(work: Work, q: ask.Repeats) -> Any:
    shop = queries.shop_of(work.tx, q.number)
    within = own_setting(work.book, "repeats_within", shop or "")
    found = links.repeats(work.tx, work.scope, q.number, within)
    return None if found is None else {"items": found, "next": None}


def _views(work: Work, q: ask.Views) -> Any:
    return {**queries.views(work.tx, work.scope, q, actor_id=work.agent_id), "next": None}


QUESTIONS: Questions = {
    ask.Tickets: Asked(_tickets, ("ticket.view",), who="anybody"),
    ask.TicketNumbers: Asked(_numbers, ("ticket.view",)),
    ask.CheckFilter: Asked(_check_filter, ("ticket.view",)),
    ask.TicketByNumber: Asked(_ticket, ("ticket.view",), who="anybody"),
    ask.Messages: Asked(messages, ("ticket.view",), who="anybody"),
    ask.Scheduled: Asked(_scheduled, ("ticket.view",)),
    ask.Events: Asked(_events, ("ticket.view",), who="anybody"),
    ask.Trace: Asked(_trace, ("ticket.view",), who="anybody"),
    ask.Transitions: Asked(_transitions, ("ticket.view",), who="anybody"),
    ask.History: Asked(_history, ("ticket.view",), who="anybody"),
    ask.Nudges: Asked(_nudges, ("ticket.view",), who="anybody"),
    ask.Links: Asked(_links, ("ticket.view",)),
    ask.Repeats: Asked(_repeats, ("ticket.view",)),
    ask.Views: Asked(_views, ("ticket.view",), who="anybody"),
}
