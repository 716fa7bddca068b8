"""The log of who did what, for who may read it."""

from __future__ import annotations

from typing import Any

from engine.core import questions as ask
from engine.desk.context import Questions, Work
from engine.desk.rows import Asked
from engine.store import audit


def _log(work: Work, q: ask.Audit) -> Any:
    return audit.log(work.tx, work.scope, q)


QUESTIONS: Questions = {ask.Audit: Asked(_log, ("audit.view",))}
