"""The toolchain: checking all rules together, an edit until it is live, scenarios, going through recorded decisions.

The rules folder is made by chance from a seed (`_folder.py`). A command's time is that of its whole process, from
outside; "cold" has an empty cache. What is recorded for the simulation is a month made by the demo through the real
engine; ratios are within this run, seconds are this machine's.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.bench._folder import folder, scenarios
from engine.config import load as load_config
from engine.config import starter
from engine.core.scenarios import read, run
from engine.desk import Desk
from engine.lang import Source
from engine.reload import load, reload_now

DAY = 86_400_000_000


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Measures and prints; `quick`: one run, no 10,000 rules."""
    runs = 1 if quick else 5
    print(f"{runs} runs, median (min to max); seed 20260302")
    with tempfile.TemporaryDirectory(prefix="yingda-bench-") as place:
        root = Path(place)
        figures: dict[str, Any] = {"validate": _validate(root, runs, quick)}
        figures["edit"] = _edit(root, runs)
        figures["test"] = _test(root, runs)
        figures["simulate"] = _simulate(root, runs)
    return figures


def _write(into: Path, count: int) -> Path:
    for path, text in folder(count).items():
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return into


def _of(runs: list[float]) -> dict[str, float]:
    return {"median": statistics.median(runs), "min": min(runs), "max": max(runs)}


def _shown(figure: dict[str, float], unit: str = "s", digits: int = 2) -> str:
    low, high = figure["min"], figure["max"]
    return f"{figure['median']:.{digits}f} {unit} ({low:.{digits}f} to {high:.{digits}f})"


# ---- engine validate ----------------------------------------------------------------------------------------------


def _validate(root: Path, runs: int, quick: bool) -> dict[str, Any]:
    goals = {1_000: (3, 1), 10_000: (30, 5)}
    figures: dict[int, dict[str, Any]] = {}
    for count in (1_000,) if quick else (1_000, 10_000):
        rules = _write(root / f"rules-{count}", count)
        times: dict[str, list[float]] = {"cold": [], "warm": [], "cold_cpu": [], "warm_cpu": []}
        for _ in range(runs if count < 10_000 else min(runs, 3)):
            cache = root / "cache"
            shutil.rmtree(cache, ignore_errors=True)
            for name in ("cold", "warm"):
                seconds, cpu, code = _command(["validate", str(rules)], cache)
                if code:
                    raise RuntimeError(f"engine validate ended with {code}: the rules of this bench have errors")
                times[name].append(seconds)
                times[f"{name}_cpu"].append(cpu)
        figures[count] = {name: _of(values) for name, values in times.items()}
        cold, warm = goals[count]
        print(
            f"validate {count:>6} rules, all together: cold {_shown(figures[count]['cold'])} (goal {cold}), "
            f"warm {_shown(figures[count]['warm'])} (goal {warm})"
        )
    if quick:
        print("skipped: 10,000 rules (--quick)")
        return {"sizes": figures}
    growth = figures[10_000]["cold_cpu"]["median"] / figures[1_000]["cold_cpu"]["median"]
    bound = 10_000 * math.log(10_000) / (1_000 * math.log(1_000))
    print(f"ten times the rules cost {growth:.1f} times the CPU (n log n: {bound:.1f})")
    return {"sizes": figures, "growth": growth}


def _command(arguments: list[str], cache: Path) -> tuple[float, float, int]:
    """Seconds, seconds of CPU, exit code of `engine …`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "engine", *arguments],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
    )
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, done.returncode


# ---- an edit until it is live -------------------------------------------------------------------------------------


def _edit(root: Path, runs: int) -> dict[str, Any]:
    """One file of a thousand rules changes; from the folder being quiet to the rulebook in force."""
    desk = root / "edited"
    rules = _write(desk / "rules", 1_000)
    (desk / "config").mkdir()
    config = load_config(desk, desk / "data")
    file = rules / "005.rules"

    async def work() -> list[float]:
        open_desk = await Desk.open(config)
        times: list[float] = []
        try:
            await reload_now(open_desk, by="bench", source="start")
            for number in range(runs + 1):
                text = file.read_text("utf-8").replace(f"rule r{500 + number}\n", f"rule x{500 + number}\n")
                file.write_text(text, "utf-8")
                started = time.perf_counter()
                answer = await reload_now(open_desk, by="bench", source="bench")
                times.append(1000 * (time.perf_counter() - started))
                if not answer["changed"]:
                    raise RuntimeError(f"the edit did not get in force: {answer['findings'][:1]}")
        finally:
            await open_desk.close()
        return times[1:]

    found = _of(asyncio.run(work()))
    print(f"an edit of one file among 1,000 rules is live after {_shown(found, 'ms', 0)} (goal 300)")
    return found


# ---- engine test --------------------------------------------------------------------------------------------------


def _test(root: Path, runs: int) -> dict[str, Any]:
    starter_rules = load(starter() / "rules", run_scenarios=False)
    written = [
        scenario
        for path, text in sorted(starter_rules.files.items())
        if path.startswith("tests/")
        for scenario in read(Source(path, text))[0]
    ]
    many = load(_write(root / "tested", 1_000), run_scenarios=False)
    more = read(Source("tests/bench.yaml", scenarios(500)))[0]
    figures: dict[str, Any] = {}
    for name, loaded, found in (("starter rules", starter_rules, written), ("1,000 rules", many, more)):
        book = loaded.rulebook
        if book is None:
            raise RuntimeError(f"{name}: {[str(finding.message) for finding in loaded.findings][:1]}")

        def once(book: Any = book, found: Any = found) -> int:
            results = [run(book, scenario) for scenario in found]
            wrong = [result for result in results if not result.passed]
            if wrong:
                raise RuntimeError(f"a scenario of this bench fails: {wrong[0].failures[0].message}")
            return sum(result.steps for result in results)

        figures[name] = _rate(once, runs)
        print(f"test, {name}: {_shown(figures[name], 'steps/s', 0)} of one core (goal 1,000)")
    return figures


def _rate(work: Callable[[], int], runs: int) -> dict[str, float]:
    work()
    rates = []
    for _ in range(runs):
        started = time.process_time()
        done = work()
        rates.append(done / (time.process_time() - started))
    return _of(rates)


# ---- engine simulate ----------------------------------------------------------------------------------------------


def _simulate(root: Path, runs: int) -> dict[str, Any]:
    from engine.demo import fill

    desk = root / "recorded"
    shutil.copytree(starter() / "rules", desk / "rules")
    (desk / "config").mkdir()
    config = load_config(desk, desk / "data")
    asyncio.run(fill(config, tickets=400, password="bench-only-0123"))
    with sqlite3.connect(next((desk / "data").glob("*.db"))) as store:
        # The demo's month four times over, so that comparing the two rulebooks, done once, is not what is measured.
        columns = [row[1] for row in store.execute("PRAGMA table_info(decision)") if row[1] != "id"]
        names = ", ".join(columns)
        for _ in range(2):
            store.execute(f"INSERT INTO decision ({names}) SELECT {names} FROM decision ORDER BY id")
    changed = dict(load(desk / "rules", run_scenarios=False).files)
    changed["99-bench.rules"] = (
        "rule bench_change\n  stage prioritise\n  on ticket.created, message.received\n"
        '  when message.text contains any ["退款", "退貨"] and member.tier >= silver\n'
        "  then raise ticket.priority to urgent\n"
    )

    async def work() -> tuple[list[float], dict[str, Any]]:
        from engine.reload import load_files

        open_desk = await Desk.open(config)
        rates: list[float] = []
        report: dict[str, Any] = {}
        try:
            loaded = load_files(changed, None, open_desk.rulebook, extras=open_desk.extras, run_scenarios=False)
            if loaded.rulebook is None:
                raise RuntimeError(f"the changed rules have errors: {[f.message for f in loaded.findings][:1]}")
            until = int(time.time() * 1_000_000)
            for number in range(runs + 1):
                started = time.process_time()
                report = await open_desk.simulate(loaded.rulebook, until - 60 * DAY, until)
                if number:
                    rates.append(report["decisions"]["read"] / (time.process_time() - started))
        finally:
            await open_desk.close()
        return rates, report

    rates, report = asyncio.run(work())
    found = _of(rates)
    with sqlite3.connect(next((desk / "data").glob("*.db"))) as store:
        size, total = store.execute("SELECT AVG(LENGTH(snapshot)), COUNT(*) FROM decision").fetchone()
    print(f"simulate, one rule changed: {_shown(found, 'recorded events/s', 0)} of one core (goal 20,000)")
    print(f"a snapshot takes {size:.0f} bytes on average of {total:,} (goal 1,024)")
    counts = json.loads(json.dumps(report["decisions"]))
    return {"rate": found, "snapshot_bytes": size, "decisions": total, "counts": counts}
