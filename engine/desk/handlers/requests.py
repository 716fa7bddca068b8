"""Answers that were given under an `Idempotency-Key`, kept for a day as they left the house.

A command remembers its own answer in its own transaction (`engine.desk.rows`), so that it is carried out once. What is
kept here is the whole reply made of it, which a repeat gets unchanged, whatever has become of the thing since.
"""

from __future__ import annotations

from typing import Any

from engine.core.commands import KeepReply
from engine.core.questions import ReplyGiven
from engine.desk.actors import principal
from engine.desk.context import Questions, Work
from engine.desk.rows import Asked, PlainCommand
from engine.store import requests


def _owner(work: Work) -> str:
    return f"reply:{principal(work.actor)}"


def _keep(work: Work, command: KeepReply) -> dict[str, Any]:
    requests.keep(work.tx, _owner(work), command.key, command.digest, command.status, command.body)
    return {}


def _given(work: Work, question: ReplyGiven) -> dict[str, Any] | None:
    """`status` and `body`. Raises Refused where the key came with another request."""
    known = requests.recall(work.tx, _owner(work), question.key, question.digest)
    return None if known is None else {"status": known.status, "body": known.answer}


COMMANDS = (PlainCommand(KeepReply, _keep, who="anybody"),)
QUESTIONS: Questions = {ReplyGiven: Asked(_given, who="anybody")}
