"""Audit: who did what, when, on what and from where, and who tried in vain to sign in; newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.desk import Asked, Questions, Work
from engine.features.audit import store


@dataclass(frozen=True, slots=True)
class Audit:
    """A page of the log, newest first; only of one kind of event, only of one agent."""

    kind: str | None = None
    actor: str | None = None
    """A username."""
    people: bool = False
    """Only what agents did, and sign-ins that failed: not what the desk did by itself, nor members."""
    limit: int = 50
    cursor: str | None = None


def _log(work: Work, question: Audit) -> dict[str, Any]:
    return store.log(
        work.tx, work.scope, question.kind, question.actor, question.people, question.limit, question.cursor
    )


QUESTIONS: Questions = {Audit: Asked(_log, ("audit.view",))}
