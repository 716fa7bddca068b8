"""Runs every scenario of the starter desk and prints one digest over all decisions: run by test_determinism.py."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from engine.core import memory, scenarios
from engine.core.building import build
from engine.core.decide import Decision
from engine.core.values import asdict
from engine.folder import read_folder
from engine.lang import Source
from engine.reload import is_scenario_file

ROOT = Path(__file__).resolve().parents[2]


def plain(decision: Decision) -> str:
    """Everything a decision says, in the order it says it: the order of keys counts too."""
    changes = [[type(change).__name__, asdict(change)] for change in decision.changes]
    record: list[Any] = [decision.root, decision.rulebook, changes, list(decision.trace), decision.snapshot]
    record += [decision.events, decision.notified, decision.rejected, [asdict(say) for say in decision.replies]]
    return json.dumps(record, default=str, ensure_ascii=False)


def main() -> None:
    """Prints how many decisions there were, and their digest."""
    texts, _ = read_folder(ROOT / "rules")
    book, _ = build(texts)
    assert book is not None
    digest, count = hashlib.sha256(), 0
    decide = memory.decide

    def noted(*arguments: Any) -> Decision:
        nonlocal count
        decision = decide(*arguments)
        digest.update(plain(decision).encode())
        count += 1
        return decision

    memory.decide = noted
    for path in sorted(filter(is_scenario_file, texts)):
        for scenario in scenarios.read(Source(path, texts[path]))[0]:
            assert scenarios.run(book, scenario).passed, scenario.name
    print(count, digest.hexdigest())


if __name__ == "__main__":
    main()
