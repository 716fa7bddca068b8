"""Members: found by name, account or contact; one with identities and past tickets."""

from __future__ import annotations

from typing import Any

from engine.core import access
from engine.core import questions as ask
from engine.desk import results
from engine.desk.context import Questions, Work
from engine.store import directory


def _members(work: Work, q: ask.Members) -> Any:
    if work.actor.staff:
        access.require(work.actor, "member.view")
    return directory.members(work.tx, work.scope, q, lexicon=work.words)


def _member(work: Work, q: ask.MemberById) -> Any:
    if work.actor.kind == "agent":
        access.require(work.actor, "member.view")
    percent = results.percent(work.book)
    return directory.member(work.tx, work.scope, q, actor_id=work.agent_id, lexicon=work.words, percent=percent)


QUESTIONS: Questions = {ask.Members: _members, ask.MemberById: _member}
