"""The toolchain: checking all rules together, an edit until it is live, scenarios, going through recorded decisions.

The rules folder is made by chance from a seed (`_folder.py`). A command's time is that of its whole process, from
outside; "cold" has an empty cache. What is recorded for the simulation is a month made by the demo through the real
engine; ratios are within this run, seconds are this machine's. What is short of its goal is named at the end, with
where the time goes: the steps of the same work, measured once more with a stopwatch around each.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
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
    goals = Goals()
    with tempfile.TemporaryDirectory(prefix="yingda-bench-") as place:
        root = Path(place)
        figures: dict[str, Any] = {"validate": _validate(root, runs, quick, goals)}
        figures["edit"] = _edit(root, runs, goals)
        figures["test"] = _test(root, runs, goals)
        figures["simulate"] = _simulate(root, runs, goals)
        figures["short"] = goals.told()
    return figures


@dataclass
class Goals:
    """What was measured against a goal."""

    short: list[tuple[str, str, Callable[[], str]]] = field(default_factory=list)

    def most(self, name: str, found: float, goal: float, why: Callable[[], str]) -> None:
        """The figure is to be at most this; `why` says where the time goes."""
        if found > goal:
            self.short.append((name, f"{found / goal:.2f} times the goal", why))

    def least(self, name: str, found: float, goal: float, why: Callable[[], str]) -> None:
        """The figure is to be at least this."""
        if found < goal:
            self.short.append((name, f"{found / goal:.2f} of the goal", why))

    def told(self) -> list[dict[str, str]]:
        """Prints and gives what is short, and why."""
        if not self.short:
            print("nothing is short of its goal")
        found = []
        for name, by, why in self.short:
            found.append({"figure": name, "by": by, "why": why()})
            print(f"short: {name}, {by}: {found[-1]['why']}")
        return found


class Stopwatch:
    """CPU seconds spent in functions, each without those inside it that are watched as well."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._inner: list[float] = []

    @contextlib.contextmanager
    def around(self, **watched: tuple[Any, str]) -> Iterator[Stopwatch]:
        """`name=(module or class, attribute)`."""
        before = {name: getattr(owner, attribute) for name, (owner, attribute) in watched.items()}
        try:
            for name, (owner, attribute) in watched.items():
                setattr(owner, attribute, self._timed(name, before[name]))
            yield self
        finally:
            for name, (owner, attribute) in watched.items():
                setattr(owner, attribute, before[name])

    def _timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            started = time.thread_time()
            try:
                return work(*args, **named)
            finally:
                took = time.thread_time() - started
                self.spent[name] = self.spent.get(name, 0.0) + took - self._inner.pop()
                if self._inner:
                    self._inner[-1] += took

        return timed

    def shown(self, whole: float, rest: str, unit: float = 1.0, name: str = "s") -> str:
        """The parts of a whole, the largest first."""
        parts = {**self.spent, rest: whole - sum(self.spent.values())}
        largest = sorted(parts.items(), key=lambda part: -part[1])
        return ", ".join(f"{what} {took * unit:.3g} {name}" for what, took in largest)


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


def _validate(root: Path, runs: int, quick: bool, goals: Goals) -> dict[str, Any]:
    wanted = {1_000: (3, 1), 10_000: (30, 5)}
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
        cold, warm = wanted[count]
        print(
            f"validate {count:>6} rules, all together: cold {_shown(figures[count]['cold'])} (goal {cold}), "
            f"warm {_shown(figures[count]['warm'])} (goal {warm})"
        )
        title = f"validate {count:,} rules"
        goals.most(f"{title} cold", figures[count]["cold"]["median"], cold, partial(_built, rules))
        goals.most(f"{title} warm", figures[count]["warm"]["median"], warm, partial(_read_again, rules))
    if quick:
        print("skipped: 10,000 rules (--quick)")
        return {"sizes": figures}
    growth = figures[10_000]["cold_cpu"]["median"] / figures[1_000]["cold_cpu"]["median"]
    bound = 10_000 * math.log(10_000) / (1_000 * math.log(1_000))
    print(f"ten times the rules cost {growth:.1f} times the CPU (n log n: {bound:.1f})")
    goals.most("growth of validate", growth, bound, partial(_built, rules))
    return {"sizes": figures, "growth": growth}


def _built(rules: Path) -> str:
    """Where building a folder from its texts spends its time."""
    from engine.core import building
    from engine.folder import read_folder
    from engine.lang.kept import Kept

    texts, _ = read_folder(rules)
    with Stopwatch().around(
        parsing=(Kept, "parse"),
        checking=(building, "check"),
        compiling=(building, "compile_rules"),
        together=(building, "whole_set"),
    ) as watch:
        started = time.thread_time()
        building.build(texts)
        whole = watch.shown(time.thread_time() - started, "nouns and files")
    return f"of the CPU of one build, {whole}; starting the command {_start(rules):.2g} s"


def _start(rules: Path) -> float:
    """Seconds of CPU of the command before it looks at any rule."""
    with tempfile.TemporaryDirectory(prefix="yingda-bench-") as place:
        folder = Path(place) / "rules"
        folder.mkdir()
        shutil.copy(rules / "desk.yaml", folder)
        return _command(["validate", str(folder)], Path(place))[1]


def _read_again(rules: Path) -> str:
    """Where a folder whose rules are in the cache spends its time."""
    from engine.core import building
    from engine.folder import read_folder
    from engine.lang.cache import Shelf

    texts, _ = read_folder(rules)
    with tempfile.TemporaryDirectory(prefix="yingda-bench-") as place:
        shelf = building.shelf_in(Path(place))
        book, _ = building.build(texts)
        if book is None:
            raise RuntimeError("the rules of this bench have errors")
        building.shelve(book, shelf)
        with Stopwatch().around(cache=(Shelf, "load"), nouns=(building._Build, "_nouns")) as watch:
            started = time.thread_time()
            building.build(texts, shelf=shelf)
            whole = watch.shown(time.thread_time() - started, "the rest")
    return f"of the CPU of one load, {whole}; starting the command {_start(rules):.2g} s"


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


def _edit(root: Path, runs: int, goals: Goals) -> dict[str, Any]:
    """One file of a thousand rules changes; from the folder being quiet to the rulebook in force."""
    desk = root / "edited"
    rules = _write(desk / "rules", 1_000)
    (desk / "config").mkdir()
    config = load_config(desk, desk / "data")
    file = rules / "005.rules"

    from engine import reload
    from engine.core import building
    from engine.lang.kept import Kept

    watch = Stopwatch()

    async def work() -> list[float]:
        open_desk = await Desk.open(config)
        times: list[float] = []
        try:
            await reload_now(open_desk, by="bench", source="start")
            for number in range(runs + 2):
                text = file.read_text("utf-8").replace(f"rule r{500 + number}\n", f"rule x{500 + number}\n")
                file.write_text(text, "utf-8")
                last = number == runs + 1  # not counted: this one goes with a stopwatch
                with (
                    watch.around(
                        **{
                            "reading the folder": (reload, "read_folder"),
                            "parsing": (Kept, "parse"),
                            "checking": (building, "check"),
                            "compiling": (building, "compile_rules"),
                            "together": (building, "whole_set"),
                            "indexes": (reload, "_prepare"),
                        }
                    )
                    if last
                    else contextlib.nullcontext()
                ):
                    started = time.perf_counter()
                    answer = await reload_now(open_desk, by="bench", source="bench")
                    times.append(1000 * (time.perf_counter() - started))
                if not answer["changed"]:
                    raise RuntimeError(f"the edit did not get in force: {answer['findings'][:1]}")
        finally:
            await open_desk.close()
        return times[1:]

    *times, watched = asyncio.run(work())
    found = _of(times)
    print(f"an edit of one file among 1,000 rules is live after {_shown(found, 'ms', 0)} (goal 300)")
    why = "of one edit, " + watch.shown(watched / 1000, "the store, and waiting for the machine", 1000, "ms")
    goals.most("an edit live", found["median"], 300, lambda: why)
    return found


# ---- engine test --------------------------------------------------------------------------------------------------


def _test(root: Path, runs: int, goals: Goals) -> dict[str, Any]:
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
        goals.least(f"test, {name}", figures[name]["median"], 1_000, partial(_slowest, book, found))
    steps = sum(len(scenario.steps) for scenario in written)
    seconds, cpu, code = _command(["test", str(starter() / "rules")], root / "tested-cache")
    if code:
        raise RuntimeError(f"engine test ended with {code}")
    figures["command"] = {"seconds": seconds, "cpu": cpu, "steps": steps}
    print(f"the command from start to end, nothing in the cache: {seconds:.1f} s for {steps} steps (no goal)")
    return figures


def _slowest(book: Any, found: list[Any]) -> str:
    """Which scenarios take half of the time."""
    took: list[tuple[float, str, int]] = []
    for scenario in found:
        run(book, scenario)
        started = time.process_time()
        steps = run(book, scenario).steps
        took.append((time.process_time() - started, scenario.name, steps))
    whole, part, names = sum(one[0] for one in took), 0.0, 0
    for seconds, _, _ in sorted(took, reverse=True):
        if part > whole / 2:
            break
        part, names = part + seconds, names + 1
    seconds, name, steps = max(took)
    return (
        f"half of the time is spent in {names} of {len(took)} scenarios; the slowest, `{name}`, "
        f"takes {1000 * seconds:.0f} ms for {steps} steps: long waits are thousands of scheduled moments"
    )


def _rate(work: Callable[[], int], runs: int) -> dict[str, float]:
    work()
    rates = []
    for _ in range(runs):
        started = time.process_time()
        done = work()
        rates.append(done / (time.process_time() - started))
    return _of(rates)


# ---- engine simulate ----------------------------------------------------------------------------------------------


def _simulate(root: Path, runs: int, goals: Goals) -> dict[str, Any]:
    from engine.demo import fill
    from engine.replay.simulate import Simulation
    from engine.store import Tx, packing

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

    watch = Stopwatch()

    async def work() -> tuple[list[float], dict[str, Any], float]:
        from engine.reload import load_files

        open_desk = await Desk.open(config)
        rates: list[float] = []
        report: dict[str, Any] = {}
        try:
            loaded = load_files(changed, None, open_desk.rulebook, extras=open_desk.extras, run_scenarios=False)
            if loaded.rulebook is None:
                raise RuntimeError(f"the changed rules have errors: {[f.message for f in loaded.findings][:1]}")
            until = int(time.time() * 1_000_000)
            gc.freeze()  # as the command does
            for number in range(runs + 1):
                started = time.process_time()
                report = await open_desk.simulate(loaded.rulebook, until - 60 * DAY, until)
                if number:
                    rates.append(report["decisions"]["read"] / (time.process_time() - started))
            with watch.around(
                **{
                    "reading rows": (Tx, "rows"),
                    "unpacking snapshots": (packing, "snapshot_json"),
                    "unpacking traces": (packing, "trace_json"),
                    "deciding again": (Simulation, "_replay"),
                    "comparing the rulebooks": (Simulation, "_pair"),
                }
            ):
                started = time.process_time()
                await open_desk.simulate(loaded.rulebook, until - 60 * DAY, until)
                watched = time.process_time() - started
        finally:
            gc.unfreeze()
            await open_desk.close()
        return rates, report, watched

    rates, report, watched = asyncio.run(work())
    found = _of(rates)
    with sqlite3.connect(next((desk / "data").glob("*.db"))) as store:
        size, total = store.execute("SELECT AVG(LENGTH(snapshot)), COUNT(*) FROM decision").fetchone()
    print(f"simulate, one rule changed: {_shown(found, 'recorded events/s', 0)} of one core (goal 20,000)")
    each = 1e6 / report["decisions"]["read"]
    why = "of the CPU for one recorded event, " + watch.shown(watched, "sorting out", each, "µs")
    goals.least("simulate", found["median"], 20_000, lambda: why)
    print(f"a snapshot takes {size:.0f} bytes on average of {total:,} (goal 1,024)")
    goals.most("a snapshot", size, 1_024, lambda: "it holds every value the rules of its waves read")
    counts = json.loads(json.dumps(report["decisions"]))
    return {"rate": found, "snapshot_bytes": size, "decisions": total, "counts": counts}
