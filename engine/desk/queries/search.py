"""Search: lines and tickets that hold the words."""

from __future__ import annotations

from typing import Any

from engine.core import questions as ask
from engine.desk.context import Questions, Work
from engine.desk.rows import Asked
from engine.store import hits


def _search(work: Work, q: ask.Search) -> Any:
    return hits.search(work.tx, work.scope, q)


QUESTIONS: Questions = {ask.Search: Asked(_search, ("ticket.view",), who="anybody")}
