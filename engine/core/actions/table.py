"""Every action there is, and what is said of one that was taken."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.actions import fields, guard, plugin, speech, tickets
from engine.core.actions.action import Action
from engine.core.trace import TEXT, TraceChange
from engine.lang.said import say

ACTIONS: Mapping[str, Action] = {
    action.name: action
    for action in (
        fields.SET,
        fields.RAISE,
        fields.LOWER,
        fields.ADD_TAG,
        fields.REMOVE_TAG,
        tickets.MOVE,
        tickets.ROUTE,
        tickets.ASSIGN,
        speech.REPLY,
        speech.NOTE,
        speech.NOTIFY,
        speech.ANSWER,
        tickets.ASK_RATING,
        tickets.START_TIMER,
        tickets.CANCEL_TIMER,
        tickets.OPEN,
        guard.MASK,
        guard.REJECT,
        guard.FLAG,
        guard.BLOCK,
        plugin.DO,
        guard.STOP,
    )
}
"""By the name the tree has, in the order of the manual."""


def in_words(change: TraceChange) -> str:
    """A phrase for people: what holds or what was done, in English as the rules language says it."""
    if change.missed == "error":
        return say("{action} failed: {error}", change.action, str(change.more.get("error")))
    action = ACTIONS.get(change.action)
    if action is None:
        return str(change.value)
    why = action.misses.get(change.missed or "")
    told = action.words(change)
    return say("not {action}, {why}", told, why(change)) if why is not None else told


def ends(change: TraceChange) -> bool:
    """Whether it ended the decision; of a row that is a sentence, by its first word."""
    name = str(change.value).partition(" ")[0] if change.action == TEXT else change.action
    return name in ACTIONS and ACTIONS[name].ends
