"""What is asked of the desk: a dictionary question → function, one room a noun.

A function takes the work of a reading transaction and the question, and answers in the API's shapes with times in µs;
None where there is nothing for the actor. It raises Refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.questions import WhoIs
from engine.desk.context import AskAhead, Questions
from engine.desk.handlers import requests
from engine.desk.handlers.sessions import who_is
from engine.desk.queries import agents, chats, files, members, nouns, rules, search, tickets

QUESTIONS: Questions = {
    **tickets.QUESTIONS,
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

QUESTIONS_AHEAD: Mapping[type, AskAhead] = {WhoIs: who_is}
"""Questions that are more than one reading."""
