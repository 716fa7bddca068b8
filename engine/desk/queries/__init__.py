"""What is asked of the desk: a row a question (`Asked`), one room a noun.

A function takes the work of a reading transaction and the question, and answers in the API's shapes with times in µs;
None where there is nothing for the actor. It raises Refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.entities import HOUR, SECOND, Actor
from engine.core.questions import Notes, StoreTrouble, WhoIs
from engine.core.times import rfc3339
from engine.desk.context import AskAhead, Context, Questions
from engine.desk.handlers import requests
from engine.desk.handlers.sessions import who_is
from engine.desk.queries import agents, chats, files, members, nouns, rules, search, tasks, tickets

QUESTIONS: Questions = {
    **tickets.QUESTIONS,
    **tasks.QUESTIONS,
    **chats.QUESTIONS,
    **search.QUESTIONS,
    **members.QUESTIONS,
    **agents.QUESTIONS,
    **files.QUESTIONS,
    **nouns.QUESTIONS,
    **rules.QUESTIONS,
    **requests.QUESTIONS,
}
"""Every question of the machine; features bring their own."""


async def _trouble(context: Context, actor: Actor, question: StoreTrouble) -> str | None:
    return await context.health.trouble()


async def _notes(context: Context, actor: Actor, question: Notes) -> list[str]:
    notes = [trouble for state in context.lanes.states() if (trouble := state.trouble) is not None]
    notes += [f"the plugin `{aside.name}` is set aside: {aside.error}" for aside in context.plugins.set_aside]
    step = context.store.clock.stepped_within(HOUR)
    if step is not None:
        way, by = ("back" if step.back else "forward"), abs(step.after - step.before) // SECOND
        notes.append(f"the machine's clock was set {way} by {by} s, to {rfc3339(step.after)}")
    return notes


QUESTIONS_AHEAD: Mapping[type, AskAhead] = {WhoIs: who_is, StoreTrouble: _trouble, Notes: _notes}
"""Questions that are more than one reading."""
