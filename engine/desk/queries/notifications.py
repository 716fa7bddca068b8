"""Notifications: what the rules told the actor inside the desk."""

from __future__ import annotations

from typing import Any

from engine.core import questions as ask
from engine.desk.context import Work
from engine.desk.rows import check_who
from engine.store import directory


def _notices(work: Work, q: ask.Notices) -> Any:
    check_who(work.actor, "agents", None)
    return directory.notices(work.tx, work.scope, q, actor_id=work.actor.id)


QUESTIONS = {ask.Notices: _notices}
