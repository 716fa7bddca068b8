"""Members: found by name, or by account and contact; one with identities and past tickets."""

from __future__ import annotations

from typing import Any

from engine.core import access
from engine.core import questions as ask
from engine.desk import results
from engine.desk.context import Questions, Work
from engine.desk.rows import Asked
from engine.store import directory
from engine.store.secret import is_contact


def _members(work: Work, q: ask.Members) -> Any:
    if work.actor.staff and q.q is not None and is_contact(q.q):
        access.require(work.actor, "member.personal")  # told alike whether anybody has it or not
    return directory.members(work.tx, work.scope, q, lexicon=work.words)


def _member(work: Work, q: ask.MemberById) -> Any:
    percent = results.percent(work.book)
    return directory.member(work.tx, work.scope, q, actor_id=work.agent_id, lexicon=work.words, percent=percent)


QUESTIONS: Questions = {
    ask.Members: Asked(_members, ("member.view",), who="anybody"),
    ask.MemberById: Asked(_member, ("member.view",), who="anybody"),
}
