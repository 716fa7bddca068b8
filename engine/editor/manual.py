"""Each action of the language, how it is written and what it does, for completion and hover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.lang.keywords import ACTIONS as TOKENS


@dataclass(frozen=True, slots=True)
class Page:
    """How an action is written, and what it does."""

    shape: str
    meaning: str


ACTIONS: Mapping[str, Page] = {
    "set": Page("set FIELD to VALUE", "writes a field that rules may write; `empty` clears it"),
    "raise": Page("raise FIELD to VALUE", "moves an ordered field or a number up, never down"),
    "lower": Page("lower FIELD to VALUE", "moves an ordered field or a number down, never up"),
    "add_tag": Page("add tag T, … [to member]", "adds tags to the ticket or the member"),
    "remove_tag": Page("remove tag T, … [from member]", "takes tags away from the ticket or the member"),
    "move": Page("move to STATE", "a transition of the lifecycle; nothing where it stands there already"),
    "route": Page(
        "route to team T [with skill S, …] [by least_busy|round_robin|longest_idle|last_agent]",
        "the team responsible; with `by` the agent too",
    ),
    "assign": Page("assign to agent A", "the agent responsible, by name or field"),
    "reply": Page(
        'reply template T|"text {member.name}" [as bot|desk] [after 10s]', "a line to the member, sent after the commit"
    ),
    "note": Page('note template T|"text"', "a line only agents see"),
    "notify": Page(
        'notify agent A|team T|role R|recipient "…" template T|"text" [via app, email, sms, webhook]',
        "tells people inside the desk",
    ),
    "answer": Page("answer", "the best answers of the auto-reply library, a menu if there are several"),
    "ask_rating": Page("ask rating", "asks the member to rate, once"),
    "start_timer": Page("start timer NAME for DURATION", "raises `timer.fired` then; starting again restarts it"),
    "cancel_timer": Page("cancel timer NAME", "the timer will not fire"),
    "open": Page("open KIND [to team T|agent A] [template T]", "a new ticket that is linked to this one"),
    "mask": Page("mask WORDS", "hides the words in the message as it is stored and shown"),
    "reject": Page('reject ["why"]', "the message is not taken, no ticket opens, and no later stage follows"),
    "flag": Page('flag "why"', "marks the message or ticket to be looked at"),
    "block": Page('block member [for DURATION] ["why"]', "the member's lines are refused; the longest block counts"),
    "do": Page("do PLUGIN.ACTION(name: value, …)", "an action of a plugin"),
    "stop": Page("stop", "no later stage, no next wave"),
}
"""By the name the tree gives it."""

_VERBS = {
    "ADD": "add_tag",
    "REMOVE": "remove_tag",
    "ASK": "ask_rating",
    "START": "start_timer",
    "CANCEL": "cancel_timer",
}


def verb_of(token: str) -> str | None:
    """The action that begins with a keyword, by its token; None when none does."""
    return _VERBS.get(token, token.lower()) if token in TOKENS else None
