"""What the state of the system is read from: the outbox by channel, jobs, the rules in force, room of the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from peewee import fn

from engine.core.rulebook import Rulebook
from engine.store import Tx, rulebooks
from engine.store.tables import Job, Outbox

NOTHING: Final[Mapping[str, Any]] = {
    "waiting": 0,
    "sending": 0,
    "failed": 0,
    "uncertain": 0,
    "since_at": None,
    "error": None,
    "last_at": None,
}
"""Of a channel by which nothing is to leave."""
FAILED = 5
"""Jobs that failed, which are shown."""


def outbox(tx: Tx, since: int) -> dict[str, dict[str, Any]]:
    """Of each channel with lines in hand or in trouble: how many wait, are being sent, failed or are uncertain; since
    when the oldest waits; the last error, and when it came. Failed ones count from `since` on."""
    late = (Outbox.state.in_(("failed", "uncertain"))) & (Outbox.settled_at >= since)
    open_ = Outbox.state.in_(("waiting", "sending"))
    found: dict[str, dict[str, Any]] = {}
    counted = tx.rows(
        Outbox.select(
            Outbox.channel, Outbox.state, fn.COUNT(Outbox.id).alias("n"), fn.MIN(Outbox.created_at).alias("oldest")
        )
        .where(open_ | late)
        .group_by(Outbox.channel, Outbox.state)
    )
    for row in counted:
        one = found.setdefault(row["channel"], dict(NOTHING))
        one[row["state"]] = row["n"]
        if row["state"] == "waiting":
            one["since_at"] = row["oldest"]
    for name, one in found.items():
        last = tx.row(
            Outbox.select(Outbox.error, fn.COALESCE(Outbox.settled_at, Outbox.claimed_at).alias("at"))
            .where((Outbox.channel == name) & (open_ | late) & Outbox.error.is_null(False))
            .order_by(fn.COALESCE(Outbox.settled_at, Outbox.claimed_at).desc())
            .limit(1)
        )
        if last is not None:
            one.update(error=last["error"], last_at=last["at"])
    return found


def jobs(tx: Tx) -> dict[str, Any]:
    """How many wait, run, and failed, and the last of these."""
    rows = tx.rows(Job.select(Job.state, fn.COUNT(Job.id).alias("n")).group_by(Job.state))
    counts = {row["state"]: row["n"] for row in rows}
    shown = Job.select(Job.id, Job.kind, Job.error, Job.updated_at)
    failed = tx.rows(shown.where(Job.state == "failed").order_by(Job.id.desc()).limit(FAILED))
    return {**{name: counts.get(name, 0) for name in ("waiting", "running", "failed")}, "last_failed": failed}


def rules(tx: Tx, book: Rulebook) -> dict[str, Any]:
    """What is in force and since when, and the last load that failed since."""
    last = rulebooks.activations(tx, 1)
    failed = rulebooks.parameters(tx).get("rules.failed")
    told = {"at": failed["at"], "source": failed["source"], "findings": len(failed["findings"])} if failed else None
    return {
        "digest": book.digest,
        "since_at": last[0]["at"] if last else tx.now,
        "rules": len(book.rules.rules),
        "failed": told,
    }
