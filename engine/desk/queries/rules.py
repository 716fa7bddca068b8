"""Rules: what is in force, what was, how each rule fares, an edit tried on a ticket."""

from __future__ import annotations

from typing import Any

from engine.core import questions as ask
from engine.desk import rule_results
from engine.desk.context import Questions, Work
from engine.desk.rows import check_who
from engine.replay.dry_run import dry_line, dry_run
from engine.store import rulebooks


def _state(work: Work, q: ask.RulesState) -> Any:
    _may_see(work)
    return rule_results.state(work.tx, work.book)


def _texts(work: Work, q: ask.RulesTexts) -> Any:
    _may_see(work)
    texts = rulebooks.rulebook_texts(work.tx, q.digest)
    return None if texts is None else {"digest": q.digest, "files": texts}


def _versions(work: Work, q: ask.RulesVersions) -> Any:
    _may_see(work)
    return rule_results.versions(work.tx, q)


def _statistics(work: Work, q: ask.RulesStatistics) -> Any:
    _may_see(work)
    return rule_results.statistics(work.tx, work.book, q)


def _dry_run(work: Work, q: ask.DryRun) -> Any:
    return dry_run(work.tx, work.book, work.actor, q)


def _dry_line(work: Work, q: ask.DryRunLine) -> Any:
    return dry_line(work.tx, work.words, work.book, work.actor, q)


def _may_see(work: Work) -> None:
    check_who(work.actor, "agents", "rules.view")


QUESTIONS: Questions = {
    ask.RulesState: _state,
    ask.RulesTexts: _texts,
    ask.RulesVersions: _versions,
    ask.RulesStatistics: _statistics,
    ask.DryRun: _dry_run,
    ask.DryRunLine: _dry_line,
}
