"""The work log of tickets: written once, never changed; each record bound to the one before it."""

from __future__ import annotations

import json
from typing import Any

from peewee import fn

from engine.core.access import Scope
from engine.store import tables as t
from engine.store import uploads
from engine.store.doctor import STEP, Checked, Trouble
from engine.store.log import keyed, plain_json, to_json
from engine.store.queries import find_ticket
from engine.store.sql import Prepared, Row, p
from engine.store.tx import Tx

_HASHED = (
    "ticket_id", "number", "kind", "agent_id", "at", "created_at", "minutes", "corrects", "round", "body_digest",
)  # fmt: skip
_TICKET = Prepared(
    lambda: t.Ticket.select(t.Ticket.id, t.Ticket.shop, t.Ticket.reopened).where(t.Ticket.id == p("id")),
    lock_rows=t.Ticket,
)
_LAST = Prepared(
    lambda: t.Record.select().where(t.Record.ticket_id == p("id")).order_by(t.Record.number.desc()).limit(1)
)
_ONE = Prepared(lambda: t.Record.select().where((t.Record.ticket_id == p("id")) & (t.Record.number == p("number"))))
_REVIEWED = Prepared(
    lambda: t.Record.select(fn.MAX(t.Record.round)).where(
        (t.Record.ticket_id == p("id")) & (t.Record.kind == "closing")
    )
)
_OF_TICKET = Prepared(
    lambda: (
        t.Record.select(t.Record, t.Agent.username, t.Agent.name)
        .join(t.Agent, on=(t.Agent.id == t.Record.agent_id))
        .where(t.Record.ticket_id == p("id"))
        .order_by(t.Record.number)
    )
)


def locked_ticket(tx: Tx, scope: Scope, number: int) -> Row | None:
    """The ticket with id, shop and how often it was reopened, held to the COMMIT: its records get their numbers one by
    one. None where there is none for the scope."""
    found = find_ticket(tx, scope, number) if scope.staff else None
    return None if found is None else tx.row(_TICKET, id=found["id"])


def one(tx: Tx, ticket_id: int, number: int) -> Row | None:
    """A record by its number within its ticket, as a row."""
    return tx.row(_ONE, id=ticket_id, number=number)


def corrected(tx: Tx, ticket_id: int, number: int) -> bool:
    """Whether another has taken the place of a record."""
    query = t.Record.select(t.Record.number).where((t.Record.ticket_id == ticket_id) & (t.Record.corrects == number))
    return tx.value(query) is not None


def add(tx: Tx, ticket_id: int, values: Row, body: Row, files: tuple[str, ...], uploader: str) -> int:
    """Writes one down at the end of its ticket's; returns its number. Raises FileRefused for another's upload."""
    last = tx.row(_LAST, id=ticket_id)
    number = 1 if last is None else last["number"] + 1
    text = to_json({**body, "files": list(files)})
    row = {**values, "ticket_id": ticket_id, "number": number, "created_at": tx.now, "body": text}
    row["body_digest"] = _digest(tx, text)
    row["hash"] = _link(tx, "" if last is None else last["hash"], row)
    owner = f"{uploads.RECORD}{tx.insert(t.Record, row)}"
    uploads.hold(tx, owner, files, uploader)
    return number


def of_number(tx: Tx, scope: Scope, number: int) -> list[Row] | None:
    """A ticket's records, oldest first, as staff sees them. None: there is no such ticket for them."""
    found = find_ticket(tx, scope, number) if scope.staff else None
    if found is None:
        return None
    rows = tx.rows(_OF_TICKET, id=found["id"])
    files = uploads.held(tx, [f"{uploads.RECORD}{row['id']}" for row in rows])
    later = {row["corrects"]: row["number"] for row in rows if row["corrects"] is not None}
    return [_shown(row, files[f"{uploads.RECORD}{row['id']}"], later.get(row["number"])) for row in rows]


def _shown(row: Row, files: list[dict[str, Any]], later: int | None) -> Row:
    body = json.loads(row["body"]) if row["body"] is not None else {}
    return {
        "id": row["number"],
        "kind": row["kind"],
        "text": body.get("text", ""),
        "review": body.get("review"),
        "minutes": row["minutes"],
        "at": row["at"],
        "created_at": row["created_at"],
        "agent": {"username": row["username"], "name": row["name"]},
        "attachments": files,
        "corrects": row["corrects"],
        "reason": body.get("reason"),
        "corrected_by": later,
        "erased": row["body"] is None,
    }


def reviewed_in(tx: Tx, ticket_id: int) -> int | None:
    """In which round the last review of a ticket was written: how often it had been reopened by then."""
    found = tx.value(_REVIEWED, id=ticket_id)
    return None if found is None else int(found)


def erase(tx: Tx, ticket_ids: list[int]) -> int:
    """Erases what the records of some tickets say; that they were written, by whom and when stays, and the chain whole.
    Returns how many."""
    these = t.Record.ticket_id.in_(ticket_ids) & t.Record.body.is_null(is_null=False)
    ids = tx.values(t.Record.select(t.Record.id).where(these))
    uploads.release(tx, [f"{uploads.RECORD}{one}" for one in ids])
    return tx.run(t.Record.update(body=None).where(t.Record.id.in_(ids))) if ids else 0


def _digest(tx: Tx, text: str) -> str:
    """What stands for a body. With the desk's key: short texts could be guessed from a plain one."""
    marked = keyed(tx.ring.chain).copy()
    marked.update(text.encode())
    return marked.hexdigest()


def _link(tx: Tx, previous: str, row: Row) -> str:
    hashed = keyed(tx.ring.chain).copy()
    hashed.update(plain_json((previous, *(row[name] for name in _HASHED))))
    return hashed.hexdigest()


def check_records(tx: Tx, most: int = 50) -> Checked:
    """Walks the work log of every ticket: each record follows from the one before, each body that is there from its
    digest. Finds changed, missing and added records, the last of a ticket by what the log tells of it.

    An erased body is no trouble: its digest stands for it.
    """
    troubles: list[Trouble] = []
    place, count, previous = (0, 0), 0, ""
    told = _told(tx)
    while len(troubles) < most:
        after = (t.Record.ticket_id > place[0]) | ((t.Record.ticket_id == place[0]) & (t.Record.number > place[1]))
        rows = tx.rows(t.Record.select().where(after).order_by(t.Record.ticket_id, t.Record.number).limit(STEP))
        if not rows:
            break
        for row in rows:
            count += 1
            here = (row["ticket_id"], row["number"])
            if here[0] != place[0]:
                troubles += _last(told, place)
                place, previous = (here[0], 0), ""
            name = f"record {row['number']} of the ticket with the id {row['ticket_id']}"
            if row["number"] != place[1] + 1:
                troubles.append(Trouble("record-missing", f"the record before {name} is missing"))
            elif _link(tx, previous, row) != row["hash"]:
                troubles.append(Trouble("record-changed", f"{name} is not what was written"))
            if row["body"] is not None and _digest(tx, row["body"]) != row["body_digest"]:
                troubles.append(Trouble("record-changed", f"what {name} says is not what was written"))
            place, previous = here, row["hash"]
    if len(troubles) < most:
        troubles += _last(told, place)
        for ticket_id in sorted(told):
            troubles.append(Trouble("record-missing", f"the records of the ticket with the id {ticket_id} are missing"))
    return Checked(count, tuple(troubles[:most]))


def _told(tx: Tx) -> dict[int, int]:
    """By ticket, how many records the log tells of."""
    event = t.Event
    query = event.select(event.ticket_id, fn.COUNT(event.id).alias("records")).where(event.kind == "record.added")
    return {row["ticket_id"]: row["records"] for row in tx.rows(query.group_by(event.ticket_id))}


def _last(told: dict[int, int], place: tuple[int, int]) -> list[Trouble]:
    """Whether a ticket's last record is the last the log tells of; takes the ticket out of what is still to be seen."""
    wanted = told.pop(place[0], 0)
    if wanted <= place[1]:
        return []
    what = f"records {place[1] + 1} to {wanted} of the ticket with the id {place[0]} are missing"
    return [Trouble("record-missing", what)]
