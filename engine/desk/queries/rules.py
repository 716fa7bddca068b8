"""Rules: what is in force, what was, how each rule fares, an edit tried on a ticket."""

from __future__ import annotations

from typing import Any

from engine.core import questions as ask
from engine.desk import rule_results
from engine.desk.context import Questions, Work
from engine.desk.rows import Asked
from engine.replay.dry_run import dry_line, dry_run
from engine.store import rulebooks


def _state(work: Work, q: ask.RulesState) -> Any:
    return rule_results.state(work.tx, work.book)


def _texts(work: Work, q: ask.RulesTexts) -> Any:
    texts = rulebooks.rulebook_texts(work.tx, q.digest)
    return None if texts is None else {"digest": q.digest, "files": texts}


def _versions(work: Work, q: ask.RulesVersions) -> Any:
    return rule_results.versions(work.tx, q)


def _statistics(work: Work, q: ask.RulesStatistics) -> Any:
    return rule_results.statistics(work.tx, work.book, work.scope, q)


def _dry_run(work: Work, q: ask.DryRun) -> Any:
    return dry_run(work.tx, work.book, work.actor, q)


def _dry_line(work: Work, q: ask.DryRunLine) -> Any:
    return dry_line(work.tx, work.words, work.book, work.actor, q)


SEEN, TRIED = ("rules.view",), ("rules.edit",)

QUESTIONS: Questions = {
    ask.RulesState: Asked(_state, SEEN),
    ask.RulesTexts: Asked(_texts, SEEN),
    ask.RulesVersions: Asked(_versions, SEEN),
    ask.RulesStatistics: Asked(_statistics, SEEN),
    ask.DryRun: Asked(_dry_run, TRIED, also="ticket.view"),
    ask.DryRunLine: Asked(_dry_line, TRIED, also="ticket.view"),
}
