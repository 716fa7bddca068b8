"""Links between tickets that people make, and what is not the same trouble after all."""

from __future__ import annotations

from typing import Any

from engine.core.entities import Case, Ticket
from engine.core.errors import Refused, missing
from engine.core.joining import KeepApart, LinkTickets, UnlinkTickets
from engine.core.own_settings import own_setting
from engine.desk import locate
from engine.desk.context import Work
from engine.desk.rows import PlainCommand
from engine.store import links, load, merges

ENDS = ("from_id", "to_id")


def _link(work: Work, command: LinkTickets) -> dict[str, Any]:
    """All links of the ticket. The same link twice is one."""
    tx = work.tx
    ends = {merges.id_of(tx, command.number), merges.id_of(tx, command.to)} - {None}
    merges.lock(tx, {one for one in ends if one is not None})  # of two at once neither makes a circle
    this, other = work.ticket(command.number), work.ticket(command.to)
    if this.id == other.id:
        raise Refused("invalid", "same-ticket", "a case is not linked with itself", pointer="/to")
    if this.shop != other.shop:
        raise Refused("invalid", "other-shop", "these cases are of two shops", pointer="/to")
    kind, start, end = command.kind, this, other
    if kind == "child":
        kind, start, end = "parent", other, this
    if kind == "parent" and links.is_under(tx, start.id, end.id):
        raise Refused("conflict", "link-circle", "that case stands above this one already", pointer="/to")
    if max(links.count(tx, this.id), links.count(tx, other.id)) >= links.MOST:
        raise Refused("conflict", "too-many-links", f"a case has at most {links.MOST} links")
    if links.add(tx, start.id, end.id, kind) is not None:
        _tell(work, "ticket.linked", start, end, kind)
    return {"items": links.links(tx, work.scope, command.number), "next": None}


def _unlink(work: Work, command: UnlinkTickets) -> dict[str, Any]:
    tx, this = work.tx, work.ticket(command.number)
    row = links.one(tx, command.link_id)
    if row is None or this.id not in (row["from_id"], row["to_id"]):
        raise missing("ticket")
    start, end = (_ticket(locate.need(load.ticket_case(tx, work.words, ticket_id=row[name], lines=0))) for name in ENDS)
    links.remove(tx, command.link_id)
    _tell(work, "ticket.unlinked", start, end, row["kind"])
    return {}


def _keep_apart(work: Work, command: KeepApart) -> dict[str, Any]:
    this = work.ticket(command.number)
    within = own_setting(work.book, "repeats_within", this.shop)
    for other in links.repeats(work.tx, work.scope, command.number, within) or ():
        other_id = merges.id_of(work.tx, other["number"])
        if other_id is not None:
            links.add(work.tx, this.id, other_id, links.APART)
    return {"items": [], "next": None}


def _tell(work: Work, kind: str, start: Ticket, end: Ticket, link: str) -> None:
    """Both cases have it in their history; rules do not hear of what people order for themselves."""
    body = {"origin": start.number, "number": end.number, "kind": link}
    for ticket in (start, end):
        work.tx.record(kind, body, actor=work.actor, shop=ticket.shop, ticket_id=ticket.id)


def _ticket(case: Case) -> Ticket:
    if case.ticket is None:
        raise missing("ticket")
    return case.ticket


COMMANDS = (
    PlainCommand(LinkTickets, _link, right="ticket.change"),
    PlainCommand(UnlinkTickets, _unlink, right="ticket.change"),
    PlainCommand(KeepApart, _keep_apart, right="ticket.change"),
)
