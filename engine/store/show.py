"""Rows as the API shows them, for staff and for members: the one place that decides what a member gets to see of a row.

Times stay whole microseconds; the web writes them as text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from engine.core.access import Scope
from engine.core.entities import Clock
from engine.store.secret import KeyRing
from engine.store.values import MASK, show_fields

Percent = Callable[[str, Clock, int], tuple[float, str]]
"""What a rulebook knows of a shop's clock at a moment: how much of its time is used, in percent, and by which condition
its policy took the case."""


def straight_percent(shop: str, clock: Clock, now: int) -> tuple[float, str]:
    """Used time by the wall clock between start of running and due time: exact where the calendar never closes."""
    if clock.total <= 0:
        return 100.0, ""
    used = clock.used
    if clock.running_since is not None and clock.due_at is not None and clock.met_at is None:
        span = max(clock.due_at - clock.running_since, 1)
        used += round((clock.total - clock.used) * (now - clock.running_since) / span)
    return round(max(used, 0) * 100 / clock.total, 1), ""


def show_sla(shop: str, clocks: Iterable[Clock], now: int, percent: Percent) -> list[dict[str, Any]]:
    """Every target, with the policy and calendar it follows; a dropped one says that it is."""
    shown = []
    for clock in clocks:
        one = {"target": clock.target, "due_at": clock.due_at, "status": clock.state}
        used, because = percent(shop, clock, now)
        follows = {"policy": clock.policy, "calendar": clock.calendar, "because": because}
        shown.append({**one, "percent": used, **follows})
    return sorted(shown, key=lambda one: _TARGETS.index(one["target"]) if one["target"] in _TARGETS else 9)


_TARGETS = ("first_reply", "next_reply", "resolve")


def show_ticket(
    row: Mapping[str, Any],
    tags: list[str],
    sla: list[dict[str, Any]],
    ring: KeyRing,
    scope: Scope,
) -> dict[str, Any]:
    """A ticket. `row` has the ticket's columns, the member's as `m_…`, `assignee`, and for staff the last line's."""
    staff = scope.staff
    shown: dict[str, Any] = {
        "number": row["number"],
        "kind": row["kind"],
        "shop": row["shop"],
        "subject": row["subject"],
        "type": row["type"],
        "state": row["state"],
        "category": row["category"],
        "priority": row["priority"],
        "team": row["team"] if staff else None,
        "assignee": row["assignee"] if staff else None,
        "requester": {
            "id": row["member_id"],
            "name": row["m_name"],
            "tier": row["m_tier"],
            "guest": bool(row["m_guest"]),
        },
        "channel": row["channel"],
        "opened_by": row["opened_by"],
        "tags": tags if staff else [],
        "order_no": row["order_no"],
        "product": row["product"],
        "solution": row["solution"],
        "language": row["language"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "first_replied_at": row["first_replied_at"],
        "closed_at": row["closed_at"],
        "sla": sla if staff else [],
        "fields": show_fields("ticket", row["fields"], ring, scope),
        "rating": row["rating"],
        "merged_into": row["merged_number"],
        "version": row["version"],
    }
    if staff:
        shown["nudges"] = row["nudges"]
        shown["nudged_at"] = row["nudged_at"]
        shown["tasks"] = {"open": row["open_tasks"], "all": row["tasks"]}
        shown["records"] = row["records"]
        shown["rating_comment"] = row["r_comment"]
        shown["rated_at"] = row["r_at"]
        shown["unread"] = row["unread"]
        shown["last_line"] = None
        if row["last_message_id"] is not None:
            name = row["l_agent"] or row["l_shown_as"] or (row["m_name"] if row["l_author_kind"] == "member" else "")
            shown["last_line"] = {
                "author_kind": row["l_author_kind"],
                "name": name or "",
                "text": row["l_text"][:200],
                "at": row["l_created_at"],
                **({"unsent": True} if row["l_unsent_at"] is not None else {}),
            }
    return shown


def show_message(row: Mapping[str, Any], attachments: list[dict[str, Any]], *, staff: bool) -> dict[str, Any]:
    """A line. `row` has the message's columns, `number`, and for staff `agent_name`, `agent_username`, `delivery`.

    To a member an anonymous line reads as public, by the name fixed when it was sent or by the desk; who wrote it
    stands in nothing they get. Of a line that was taken back they read that there was one. Callers keep internal lines
    from members.
    """
    kind, visibility = row["author_kind"], row["visibility"]
    shown: dict[str, Any] = {
        "id": row["id"],
        "ticket": row["number"],
        "author": {"kind": kind, "name": row["shown_as"] or ""},
        "text": row["text"],
        "visibility": visibility,
        "attachments": attachments,
        "created_at": row["created_at"],
        "automatic": bool(row["automatic"]),
    }
    unsent = row.get("unsent_at")
    if unsent is not None:
        shown["unsent"] = {"at": unsent, "by": row["unsent_name"]} if staff else {"at": unsent}
    if not staff:
        if unsent is not None:
            shown.update(text="", attachments=[])
        if visibility == "anonymous":
            shown["visibility"] = "public"
        if kind == "agent" and not row["shown_as"]:
            shown["author"]["kind"] = "desk"
        return shown
    if row["agent_username"] is not None:
        shown["author"].update(name=row["agent_name"], username=row["agent_username"])
    elif kind == "member" and not row["shown_as"]:
        shown["author"]["name"] = row.get("m_name") or ""
    if row["rule"] is not None:
        shown["rule"] = row["rule"]
    if row.get("sender") is not None:
        shown["sender"] = json.loads(row["sender"])
    if row["delivery"] is not None:
        shown["delivery"] = "waiting" if row["delivery"] == "sending" else row["delivery"]
    return shown


def show_place(row: Mapping[str, Any], hidden: Collection[str], *, personal: bool) -> dict[str, Any]:
    """From where somebody came or did something; what may tell who it is stays `hidden` from who has no right to
    that."""
    covered = () if personal else hidden
    return {name: MASK if name in covered and value is not None else value for name, value in row.items()}


MEMBER_EVENTS = frozenset(
    {
        "ticket.created",
        "ticket.state_changed",
        "message.received",
        "message.sent",
        "message.unsent",
        "chat.started",
        "chat.waiting",
        "chat.ended",
        "rating.requested",
        "rating.received",
    }
)
"""What of a ticket's history its member may see; the rest is the desk's own affair."""

MEMBER_FILE = frozenset({"member.changed", "member.blocked", "member.unblocked"})
"""What of a ticket's history tells of the member's own file: for who may see members."""

_MEMBER_BODY = frozenset({"message", "from", "to", "number", "kind", "score"})


def show_event(row: Mapping[str, Any], body: Mapping[str, Any], *, staff: bool) -> dict[str, Any]:
    """An event. `row` has the event's columns, `agent_name`, `agent_username`, and `shown_as` of its line."""
    kind = row["actor_kind"]
    actor: dict[str, Any] = {"kind": "member" if kind == "guest" else kind, "name": row["shown_as"] or ""}
    if staff:
        if row["agent_username"] is not None:
            actor.update(name=row["agent_name"], username=row["agent_username"])
    else:
        if kind == "agent" and not actor["name"]:
            actor["kind"] = "desk"
        body = {name: value for name, value in body.items() if name in _MEMBER_BODY}
    return {"seq": row["id"], "at": row["at"], "kind": row["kind"], "actor": actor, "body": dict(body)}
