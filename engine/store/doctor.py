"""Proofs an operator may ask for: is the log whole, does the store hold together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from peewee import JOIN, SQL, fn

from engine.core.entities import DAY
from engine.store import tables as t
from engine.store.errors import KeyRingError
from engine.store.log import GENESIS, LINE, digest_of, keyed, line_mark, link
from engine.store.search import is_indexed
from engine.store.sessions import login_name
from engine.store.tables import NEVER
from engine.store.tx import Tx

STEP = 5_000
"""Events read at a time: flat memory, whatever the length of the log."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not right. `event_id` is where the log is broken."""

    code: str
    message: str
    event_id: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of the log found."""

    events: int
    troubles: tuple[Trouble, ...]


def check_chain(tx: Tx, most: int = 50) -> Checked:
    """Walks the whole log: every event's hash follows from the one before, every body that is still there from its
    digest, the last from the counter. Finds edited, missing, added and reordered rows; at most `most` of them are
    told.

    An erased body is no trouble: its digest stands for it.
    """
    troubles: list[Trouble] = []
    previous, last_id, count = GENESIS, 0, 0
    key = keyed(tx.ring.chain)
    while len(troubles) < most:
        rows = tx.rows(t.Event.select().where(t.Event.id > last_id).order_by(t.Event.id).limit(STEP))
        if not rows:
            break
        for row in rows:
            count += 1
            number = row["id"]
            if number != last_id + 1:
                troubles.append(_missing(last_id + 1, number - 1))
            elif link(key, previous, row) != row["hash"]:
                troubles.append(Trouble("event-changed", f"event {number} is not what was written", number))
            if row["body"] is not None and digest_of(row["body"]) != row["body_digest"]:
                troubles.append(Trouble("event-body-changed", f"the body of event {number} is not what it was", number))
            previous, last_id = row["hash"], number
    counter = tx.row(t.Counter.select().where(t.Counter.name == "event"))
    if counter is None:
        troubles.append(Trouble("counter-missing", "the counter row of the log is gone"))
    elif len(troubles) < most:
        if counter["value"] > last_id:
            troubles.append(_missing(last_id + 1, counter["value"]))
        elif counter["value"] < last_id:
            troubles.append(
                Trouble("event-added", f"events after {counter['value']} were not written by the desk", last_id)
            )
        elif count and counter["mark"] != previous:
            troubles.append(Trouble("event-changed", f"event {last_id}, the last, is not what was written", last_id))
    return Checked(count, tuple(troubles[:most]))


def _missing(first: int, last: int) -> Trouble:
    what = f"event {first} is missing" if first == last else f"events {first} to {last} are missing"
    return Trouble("event-missing", what, first)


def check_lines(tx: Tx, most: int = 50) -> Checked:
    """Compares every line with the mark of its text in the log. Finds edited and missing ones.

    Lines of before marks were kept are not bound, and counted among none.
    """
    troubles: list[Trouble] = []
    last, count, key = 0, 0, keyed(tx.ring.chain)
    event, message = t.Event, t.Message
    told = (event.message_id.is_null(False)) & event.object.startswith(LINE)
    query = event.select(event.id, event.object, event.message_id, message.text).join(
        message, JOIN.LEFT_OUTER, on=(message.id == event.message_id)
    )
    while len(troubles) < most:
        rows = tx.rows(query.where((event.id > last) & told).order_by(event.id).limit(STEP))
        if not rows:
            break
        for row in rows:
            count += 1
            if row["text"] is None:
                what = f"line {row['message_id']} is missing; event {row['id']} tells of it"
                troubles.append(Trouble("line-missing", what, row["id"]))
            elif line_mark(key, row["text"]) != row["object"]:
                what = f"the text of line {row['message_id']} is not what was written (event {row['id']})"
                troubles.append(Trouble("line-changed", what, row["id"]))
        last = rows[-1]["id"]
    return Checked(count, tuple(troubles[:most]))


def searched() -> Mapping[str, tuple[Any, Any]]:
    """What the search indexes hold, by their names: the table and the column of the text."""
    return {
        "message": (t.Message, t.Message.text),
        "ticket": (t.Ticket, t.Ticket.subject),
        "member": (t.Member, t.Member.name),
    }


def earliest_due() -> Any:
    """When the first service target of a ticket that waits is due, as a query inside one of tickets."""
    clock = t.SlaClock
    runs = clock.met_at.is_null() & clock.state.in_(("running", "breached")) & (clock.due_at > 0)
    return clock.select(fn.COALESCE(fn.MIN(clock.due_at), NEVER)).where((clock.ticket_id == t.Ticket.id) & runs)


def newest_line() -> Any:
    """The last line of a ticket that its member may see, as a query inside one of tickets."""
    line = t.Message
    return line.select(fn.MAX(line.id)).where((line.ticket_id == t.Ticket.id) & (line.visibility != "internal"))


def check_search(tx: Tx, most: int = 20) -> list[Trouble]:
    """Whether what can be searched for is in the indexes, and nothing else."""
    troubles: list[Trouble] = []
    for name, (model, column) in searched().items():
        last, missing, added = 0, 0, 0
        while True:
            rows = tx.rows(
                model.select(model.id, column.alias("text")).where(model.id > last).order_by(model.id).limit(STEP)
            )
            upto = rows[-1]["id"] if len(rows) == STEP else NEVER
            wanted = {row["id"] for row in rows if is_indexed(row["text"] or "")}
            found = {id for id in tx.indexes[name].ids(last, 4 * STEP) if id <= upto}
            missing += len(wanted - found)
            added += len(found - wanted)
            if upto == NEVER:
                break
            last = upto
        if missing or added:
            what = f"the search index `{name}` lacks {missing} rows and has {added} that are not there"
            troubles.append(Trouble("search-differs", what))
    return troubles[:most]


def check_files(tx: Tx, known: Collection[str], most: int = 50) -> list[Trouble]:
    """Whether every upload has its bytes. `known`: digests of the bytes that are there and are what they say."""
    troubles: list[Trouble] = []
    query = t.File.select(t.File.name, t.File.shown, t.File.digest).order_by(t.File.id)
    for row in tx.rows(query):
        if row["digest"] not in known and len(troubles) < most:
            troubles.append(Trouble("file-missing", f"the bytes of the upload `{row['name']}` are missing or changed"))
    return troubles


def strays(tx: Tx, known: Collection[str]) -> int:
    """How many bytes lie there that no upload has: a crash may leave some, they only take room."""
    ours = set(tx.values(t.File.select(t.File.digest).distinct()))
    return len(set(known) - ours)


def check_sums(tx: Tx, most: int = 20) -> list[Trouble]:
    """Recomputes what is kept twice: due times, last lines, whose tags and fields they are, numbers given."""
    ticket, clock, use, value = t.Ticket, t.SlaClock, t.TagUse, t.FieldValue
    troubles: list[Trouble] = []

    def told(code: str, what: str, query: Any) -> None:
        found = tx.values(query.limit(most))
        if found:
            troubles.append(Trouble(code, f"{what}: {', '.join(f'#{one:05d}' for one in found)}"))

    known = ticket.select(ticket.number)
    told("due-differs", "the due time is not that of the service targets", known.where(ticket.due_at != earliest_due()))
    last = ticket.last_message_id
    told("last-line-differs", "the last line is another", known.where(last.is_null(False) & (last != newest_line())))
    paused = (clock.state == "running") & clock.running_since.is_null()
    tickets = clock.select(clock.ticket_id).where(paused | (clock.used < 0) | (clock.started_at > tx.now + DAY))
    told("clock-wrong", "a service target's clock cannot be right", known.where(ticket.id.in_(tickets)))
    for what, owned in (("tag", use), ("field", value)):
        for kind, model in (("ticket", t.Ticket), ("member", t.Member)):
            stray = (owned.owner_kind == kind) & owned.owner_id.not_in(model.select(model.id))
            count = int(tx.value(owned.select(fn.COUNT(SQL("*"))).where(stray)) or 0)
            if count:
                troubles.append(Trouble("stray-" + what, f"{count} {what}s are of a {kind} that is not there"))
    return troubles


ADVICE = {
    "event-changed": "somebody wrote to the database past the desk: compare with a backup",
    "event-body-changed": "somebody wrote to the database past the desk: compare with a backup",
    "event-missing": "somebody wrote to the database past the desk: compare with a backup",
    "event-added": "somebody wrote to the database past the desk: compare with a backup",
    "line-changed": "somebody wrote to the database past the desk: compare with a backup",
    "line-missing": "somebody wrote to the database past the desk: compare with a backup",
    "record-changed": "somebody wrote to the database past the desk: compare with a backup",
    "record-missing": "somebody wrote to the database past the desk: compare with a backup",
    "counter-missing": "restore a backup",
    "counter-behind": "stop the server, numbers would be given twice: `engine doctor --repair` counts again",
    "identity-unreadable": "put the right `keys` back",
    "message-without-ticket": "restore a backup, or ask for help with the database as it is",
    "login-unreachable": "disable the account that is not used, and add it anew under another name (`engine user`)",
    "search-differs": "stop the server; `engine doctor --repair` makes it anew, not all is found until then",
    "file-missing": "put the files back from a backup",
    "due-differs": "`engine doctor --repair` works it out again; if it comes again, tell the makers",
    "last-line-differs": "`engine doctor --repair` works it out again; if it comes again, tell the makers",
    "clock-wrong": "see whether the machine's clock was right; a change of the ticket's targets mends it",
    "stray-tag": "they show nowhere; if it comes again, tell the makers",
    "stray-field": "they show nowhere; if it comes again, tell the makers",
    "damaged": "keep the file for a look, and put a backup in its place",
}
"""What to do, by the code of a trouble."""


def check_store(tx: Tx) -> list[Trouble]:
    """Looks for what should never be: unreadable identities, numbers ahead of their counter, messages without a
    ticket, logins that nobody can sign in with."""
    troubles: list[Trouble] = []
    highest: Any = tx.value(t.Ticket.select(fn.COALESCE(fn.MAX(t.Ticket.number), 0)))
    counted = tx.value(t.Counter.select(t.Counter.value).where(t.Counter.name == "ticket"))
    if counted is None or highest > counted:
        troubles.append(Trouble("counter-behind", f"ticket numbers went to {highest}, the counter says {counted}"))
    last = 0
    while rows := tx.rows(t.Identity.select().where(t.Identity.id > last).order_by(t.Identity.id).limit(STEP)):
        for row in rows:
            try:
                tx.ring.decrypt_text(row["value"], f"identity:{row['kind']}")
            except KeyRingError:
                what = f"identity {row['id']} does not open with this key ring"
                troubles.append(Trouble("identity-unreadable", what))
        last = rows[-1]["id"]
        if len(troubles) > 50:
            break
    strays = tx.value(
        t.Message.select(fn.COUNT(SQL("*"))).where(t.Message.ticket_id.not_in(t.Ticket.select(t.Ticket.id)))
    )
    if strays:
        troubles.append(Trouble("message-without-ticket", f"{strays} messages belong to no ticket"))
    for row in tx.rows(t.Login.select(t.Login.username, t.Login.owner_kind, t.Login.owner_id).order_by(t.Login.id)):
        if login_name(row["username"]) != row["username"]:
            whose = f"the {row['owner_kind']} with the id {row['owner_id']}"
            what = f"the login `{row['username']}` of {whose} cannot be signed in with: another has that name"
            troubles.append(Trouble("login-unreachable", what))
    return troubles
