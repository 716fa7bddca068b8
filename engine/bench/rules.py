"""Deciding: which of so many rules match an event, through the index, rule by rule, and in other engines.

One rule set, one list of events, all rules on one event kind, all matches wanted. Figures are µs of CPU an event; the
ratio to asking our own compiled rules one by one is the result. Loading is measured from text and from the cache on
disk, the latter in a process of its own.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.bench import _rivals
from engine.bench._rule_set import EVENT, STAGE, Specimen, keep, load, sources, specimen
from engine.lang import RuleSet
from engine.lang.text import fold

SIZES = (10, 100, 1_000, 10_000)
KEYS = frozenset({EVENT})
SPENT = 0.2
"""Seconds of CPU one run takes at least: shorter ones measure the clock."""

Event = Mapping[str, Any]


class Quiet:
    """What the rules of this bench ask of a host: nothing but that none of them fails."""

    zone = "Asia/Taipei"

    def in_hours(self, calendar: str, at: int) -> bool:
        """Never asked."""
        raise NotImplementedError

    def add_business(self, at: int, duration: Any) -> int:
        """Never asked."""
        raise NotImplementedError

    def failed(self, rule: Any, error: Exception) -> None:
        """A rule that fails would make a figure of something else."""
        raise error


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Measures and prints; `quick`: up to 1,000 rules, one run, no rivals."""
    sizes, runs = (SIZES[:3], 1) if quick else (SIZES, 5)
    fold("款")  # the table behind it is made at first use
    print(f"{runs} runs, median (min to max), µs of CPU an event; seed 20260302, 200 events of 20 to 40 characters")
    rows: dict[int, dict[str, Any]] = {}
    made: dict[int, Specimen] = {}
    for size in sizes:
        made[size] = specimen(size, 200)
        rows[size] = _ours(made[size], runs)
        print(f"{size:>6} rules: {_shown(rows[size])}")
    largest = sizes[-1]
    last = rows[largest]
    print(f"{largest} rules: {last['ratio']:.4f} of the naive loop (goal 0.004 at 10,000)")
    growth = last["index"]["median"] / rows[100]["index"]["median"]
    print(f"{largest} rules: {growth:.1f} times the cost at 100 rules (goal 3 at 10,000)")
    print(f"load from text: {last['load_ms_per_rule']:.2f} ms a rule, first index {last['index_ms']:.0f} ms (goal 1.5)")
    warm = _warm(made[largest])
    print(
        f"load from the cache: {largest} rules in {warm['load'] + warm['prepare']:.2f} s of CPU "
        f"({warm['load']:.2f} s the rules, {warm['prepare']:.2f} s their index; goal 1 for 10,000); "
        f"written in {warm['save']:.1f} s, {warm['bytes'] / 1e6:.0f} MB"
    )
    rivals = {} if quick else _others(made, {size: row["naive"]["median"] for size, row in rows.items()})
    if quick:
        print("skipped: other engines, 10,000 rules (--quick)")
    return {"rules": rows, "growth": growth, "cache": warm, "rivals": rivals}


def _shown(row: Mapping[str, Any]) -> str:
    index, naive = row["index"], row["naive"]
    return (
        f"index {index['median']:.2f} ({index['min']:.2f} to {index['max']:.2f}), "
        f"naive {naive['median']:.1f} ({naive['min']:.1f} to {naive['max']:.1f}), ratio {row['ratio']:.4f}, "
        f"{row['matches']:.1f} matches an event"
    )


def _ours(of: Specimen, runs: int) -> dict[str, Any]:
    texts = sources(of.conditions)
    started = time.process_time()
    rules, _ = load(texts)
    loaded = time.process_time()
    rules.prepare(KEYS, None)
    indexed = time.process_time()
    help_ = Quiet()

    def through(event: Event) -> Any:
        return rules.matching(STAGE, KEYS, event, {}, help_, None)

    def one_by_one(event: Event) -> Any:
        return rules.matching_naive(STAGE, KEYS, event, {}, help_, None)

    matches = _agree(rules, of, through, one_by_one)
    index = _spent(through, of.events, runs)
    naive = _spent(one_by_one, of.events[:40], runs)
    return {
        "index": index,
        "naive": naive,
        "ratio": index["median"] / naive["median"],
        "matches": matches,
        "load_ms_per_rule": 1000 * (loaded - started) / len(of.conditions),
        "index_ms": 1000 * (indexed - loaded),
    }


def _agree(rules: RuleSet, of: Specimen, through: Callable[..., Any], one_by_one: Callable[..., Any]) -> float:
    """Matches an event; a figure counts only when both ways give the same rules."""
    total = 0
    for event in of.events:
        found = through(event)
        if found != one_by_one(event):
            raise RuntimeError("not a figure: the index gives other rules than asking one by one")
        total += len(found)
    return total / len(of.events)


def _spent(ask: Callable[[Event], Any], events: Sequence[Event], runs: int) -> dict[str, float]:
    """CPU of one call, µs."""
    started = time.process_time()
    for event in events:  # warms up and tells how often
        ask(event)
    once = time.process_time() - started
    times = max(1, int(SPENT / max(once, 1e-6)))
    found = []
    for _ in range(runs):
        started = time.process_time()
        for _ in range(times):
            for event in events:
                ask(event)
        found.append(1e6 * (time.process_time() - started) / times / len(events))
    return {"median": statistics.median(found), "min": min(found), "max": max(found)}


def _warm(of: Specimen) -> dict[str, float]:
    """Loading from the cache in a new process, as a start does."""
    with tempfile.TemporaryDirectory(prefix="yingda-bench-") as folder:
        rules, checked = load(sources(of.conditions))
        started = time.process_time()
        keep(Path(folder), rules, checked)
        saved = time.process_time() - started
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        done = [
            subprocess.run(
                [sys.executable, "-m", "engine.bench._rule_set", folder, str(len(of.conditions))],
                capture_output=True,
                check=True,
                text=True,
            ).stdout
            for _ in range(3)
        ]
    each = [json.loads(one) for one in done]
    return {
        **{name: statistics.median(one[name] for one in each) for name in ("load", "prepare")},
        "save": saved,
        "bytes": float(size),
    }


def _others(made: Mapping[int, Specimen], naive: Mapping[int, float]) -> dict[str, dict[int, float]]:
    figures: dict[str, dict[int, float]] = {}
    for rival, here in _rivals.found():
        if not here:
            print(f"skipped: {rival.name}, not installed")
            continue
        of_it = figures[rival.name] = {size: _other(rival, of) for size, of in made.items() if size <= rival.most}
        shown = ", ".join(f"{size}: {spent:.0f}" for size, spent in of_it.items())
        largest = max(of_it)
        print(f"{rival.name}: {shown}; {of_it[largest] / naive[largest]:.2g} of the naive loop at {largest}")
        left = [str(size) for size in made if size > rival.most]
        if left:
            print(f"skipped: {rival.name} at {', '.join(left)} rules, which it takes minutes to load")
    print("skipped: Drools, which wants a Java machine of its own")
    return figures


def _other(rival: _rivals.Rival, of: Specimen) -> float:
    ask = rival.load(of.conditions)
    rules, _ = load(sources(of.conditions))
    events = of.events[: max(2, min(100, 20_000 // len(of.conditions)))]
    for event in events[:20]:
        wanted = {int(one.name[1:]) for one in rules.matching(STAGE, KEYS, event, {}, Quiet(), None)}
        if ask(_rivals.flat(event)) != wanted:
            raise RuntimeError(f"not a figure: {rival.name} gives other rules than we do")
    return _spent(ask, [_rivals.flat(event) for event in events], 3)["median"]
