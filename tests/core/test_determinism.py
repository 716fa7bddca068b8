"""The same events give the same decisions, bit for bit, in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.core.commands import TimerDue
from engine.core.decide import decide
from tests.core.decisions import plain
from tests.core.desk import Stage, book_of, built, files

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_two_processes_with_different_hash_seeds_decide_alike() -> None:
    command = [sys.executable, "-m", "tests.core.decisions"]
    running = [
        subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, stdout=subprocess.PIPE, text=True
        )
        for seed in ("1", "2")
    ]
    said = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert said[0] == said[1]
    assert int(said[0].split()[0]) > 200, "many decisions, or this proves little"


def test_the_order_of_files_and_rules_means_nothing() -> None:
    rules = [
        f'rule r{n} priority {n % 3} on ticket.created then add tag t{n} reply "{n}" raise ticket.escalation to {n}'
        for n in range(6)
    ]
    told = []
    for order in (rules, rules[::-1]):
        texts = dict(reversed(files("\n".join(order)).items()))
        stage = Stage(built(texts))
        decision = stage.says()
        told.append(([s.text for s in decision.replies], sorted(stage.ticket.tags), stage.ticket.escalation))
    assert told[0] == told[1] == (["2", "5", "1", "4", "0", "3"], [f"t{n}" for n in range(6)], 5)


def test_deciding_again_gives_the_same_and_changes_nothing() -> None:
    rules = "rule r on ticket.created then route to team care by least_busy start timer t for 4h business"
    stage = Stage(book_of(rules))
    stage.agent()
    stage.says()
    timer = stage.world.timers[(stage.ticket.id, "rule:t")]
    case = stage.world.case(None, stage.ticket.id, "demo")
    command = TimerDue(timer.ticket, timer.name, timer.kind, timer.due_at, timer.body)
    first, second = (decide(stage.book, command, case, stage.customer, timer.due_at) for _ in range(2))
    assert plain(first) == plain(second)
    assert stage.world.case(None, stage.ticket.id, "demo") == case
