"""The work log as agents keep it: entries are added, and nothing else; who errs adds a correction, with the reason.

Who may write notes on a ticket may add. Members get none of it, by no way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from engine.core.entities import MINUTE
from engine.core.errors import Refused, missing
from engine.core.reviews import Reviews
from engine.core.rights import WRITING
from engine.desk import Asked, PlainCommand, Questions, Work
from engine.store import Tx, records

RecordKind = Literal["inquiry", "handling", "solution", "feedback", "closing"]
AHEAD = MINUTE
"""How far in the time to come an entry may lie: clocks of browsers differ."""


@dataclass(frozen=True, slots=True)
class Records:
    """The work log of a ticket, oldest first."""

    number: int


@dataclass(frozen=True, slots=True)
class AddRecord:
    """An entry. `corrects`: the number of the one whose place it takes, with the `reason`. `at`: when that was, µs UTC;
    None: now. `review`: its parts."""

    number: int
    kind: RecordKind
    text: str = ""
    minutes: int = 0
    at: int | None = None
    attachments: tuple[str, ...] = ()
    corrects: int | None = None
    reason: str = ""
    review: Mapping[str, str] = field(default_factory=dict)


def _of_ticket(work: Work, question: Records) -> dict[str, Any] | None:
    items = records.of_number(work.tx, work.scope, question.number)
    if items is None:
        return None
    spent = sum(item["minutes"] for item in items if item["corrected_by"] is None)
    return {"items": items, "minutes": spent, "next": None}


def _add(work: Work, command: AddRecord) -> dict[str, Any]:
    tx = work.tx
    ticket = records.locked_ticket(tx, work.scope, command.number)
    if ticket is None or work.agent_id is None:
        raise missing("ticket")
    body = _body(command)
    at = tx.now if command.at is None else command.at
    if at > tx.now + AHEAD:
        raise Refused("invalid", "in-the-future", "what is still to come is no record", pointer="/at")
    turn = ticket["reopened"]
    if command.corrects is not None:
        before = _corrected(tx, ticket["id"], command)
        at, turn = (before["at"] if command.at is None else at), before["round"]
    values = {
        "kind": command.kind,
        "agent_id": work.agent_id,
        "at": at,
        "minutes": command.minutes,
        "corrects": command.corrects,
        "round": turn,
    }
    uploader = f"agent:{work.agent_id}"
    number = records.add(tx, ticket["id"], values, body, command.attachments, uploader)
    told = {"record": number, "kind": command.kind, "minutes": command.minutes}
    if command.corrects is not None:
        told["corrects"] = command.corrects
    tx.record("record.added", told, actor=work.actor, shop=ticket["shop"], ticket_id=ticket["id"])
    found = records.of_number(tx, work.scope, command.number) or []
    return {"record": next(one for one in found if one["id"] == number)}


def _body(command: AddRecord) -> dict[str, Any]:
    """What it says. Raises Refused for one that says nothing."""
    review = {name: text.strip() for name, text in command.review.items() if text.strip()}
    if review and command.kind != "closing":
        raise Refused(
            "invalid", "review-closes", "a review belongs to an entry of the kind `closing`", pointer="/review"
        )
    text = command.text.strip()
    if not text and not review:
        raise Refused("invalid", "empty-record", "say what was done", pointer="/text")
    return {"text": text, **({"review": review} if review else {}), **_why(command)}


def _why(command: AddRecord) -> dict[str, str]:
    reason = command.reason.strip()
    if command.corrects is not None and not reason:
        raise Refused("invalid", "reason-needed", "say why it is corrected", pointer="/reason")
    if command.corrects is None and reason:
        raise Refused("invalid", "corrects-needed", "a reason belongs to a correction", pointer="/corrects")
    return {"reason": reason} if reason else {}


def _corrected(tx: Tx, ticket_id: int, command: AddRecord) -> dict[str, Any]:
    """The entry that is corrected. Raises Refused: of several corrections at once the first is taken, so that the
    others correct what stands there then."""
    number = command.corrects or 0
    before = records.one(tx, ticket_id, number)
    if before is None:
        raise Refused("invalid", "unknown-record", f"this case has no record {number}", pointer="/corrects")
    if records.corrected(tx, ticket_id, number):
        raise Refused("conflict", "record-corrected", "somebody corrected this record already; read it again")
    if before["kind"] != command.kind:
        reason = f"a correction stays of its kind, `{before['kind']}`"
        raise Refused("invalid", "another-kind", reason, pointer="/kind")
    return before


def reviews(tx: Tx) -> Reviews:
    """What the desk asks before an agent closes a case."""
    return Reviews(partial(records.reviewed_in, tx))


COMMANDS = (PlainCommand(AddRecord, _add, right=WRITING["internal"]),)
QUESTIONS: Questions = {Records: Asked(_of_ticket, ("ticket.view",))}
