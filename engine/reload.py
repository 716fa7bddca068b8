"""From the rules folder to the rulebook in force: read, watch, build, run the scenarios, hand over to `desk.activate`.

A broken edit leaves the old rulebook running; its findings stay in the store, so that the console, the log and the API
show them, also after a restart.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.core import scenarios
from engine.core.building import build, digest_of, shelve
from engine.core.rulebook import NOTHING_MORE, Extras, Rulebook
from engine.folder import fingerprint, read_folder
from engine.lang import Finding, Severity, Source, parse, render
from engine.lang.analysis import expired
from engine.lang.cache import Shelf
from engine.lang.checker import silence
from engine.lang.said import say
from engine.lang.spoken import in_own_words

if TYPE_CHECKING:
    from engine.desk import Desk

log = logging.getLogger(__name__)

SNIPPET = 300
"""Characters of a finding's line that are shown."""
FIRST_WAVES = (
    frozenset({"member.created", "chat.started", "ticket.created", "message.received"}),
    frozenset({"chat.started", "ticket.created", "message.received"}),
    frozenset({"message.received"}),
)
"""What a desk is asked first."""
QUIET = 0.3
"""Seconds without a change before a folder is read: editors write in several steps."""
POLL = 0.2


@dataclass(slots=True)
class Loaded:
    """What reading and building a folder gave."""

    files: Mapping[str, str]
    digest: str
    rulebook: Rulebook | None
    findings: list[Finding]
    failures: list[scenarios.Result] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether it may be put in force: no errors, and every scenario passes."""
        wrong = any(finding.severity is Severity.ERROR for finding in self.findings)
        return self.rulebook is not None and not wrong and not self.failures


def load(
    folder: Path,
    previous: Rulebook | None = None,
    *,
    extras: Extras = NOTHING_MORE,
    shelf: Shelf | None = None,
    run_scenarios: bool = True,
) -> Loaded:
    """Reads and builds a folder; runs its scenarios when it has no errors. `extras` is what plugins add; `shelf`: see
    `engine.core.building.build`."""
    files, findings = read_folder(folder)
    return load_files(files, findings, previous, extras=extras, shelf=shelf, run_scenarios=run_scenarios)


def load_files(
    files: Mapping[str, str],
    findings: list[Finding] | None = None,
    previous: Rulebook | None = None,
    *,
    extras: Extras = NOTHING_MORE,
    shelf: Shelf | None = None,
    run_scenarios: bool = True,
) -> Loaded:
    """Builds texts; `findings` are those of reading them. Without running scenarios it finds what `engine validate`
    does, wherever it is asked."""
    found = list(findings or ())
    unreadable = [f.span.source.path for f in found if f.severity is Severity.ERROR]
    rulebook, more = build(files, previous=previous, extras=extras, shelf=shelf, unreadable=unreadable)
    found.extend(more)
    written = _scenarios(files, found)
    if rulebook is not None:
        found.extend(scenarios.unknown_words(rulebook, written))
        # Only here is it known what day it is: building is the same on every day.
        late = expired(rulebook.rules.rules, date.today().isoformat())  # noqa: DTZ011 - the reader's own day
        paths = {finding.span.source.path for finding in late}
        found.extend(silence(late, [parse(Source(path, files[path]))[0] for path in sorted(paths)]))
    found = list(in_own_words(found))
    if unreadable:
        rulebook = None
    loaded = Loaded(files=files, digest=digest_of(files), rulebook=rulebook, findings=found)
    if rulebook is not None and run_scenarios:
        loaded.failures = failing_scenarios(rulebook, written, found, previous)
    return loaded


def _scenarios(files: Mapping[str, str], findings: list[Finding]) -> list[scenarios.Scenario]:
    """The scenarios of `tests/`; what is wrong with them goes to the findings."""
    written: list[scenarios.Scenario] = []
    for path in sorted(files):
        if is_scenario_file(path):
            found, problems = scenarios.read(Source(path, files[path]))
            findings.extend(problems)
            written.extend(found)
    return written


_FIRED: dict[str, dict[tuple[str, str], frozenset[str]]] = {}
"""By rulebook digest: which rules each scenario, by file and name, made act when it last ran."""


def failing_scenarios(
    rulebook: Rulebook,
    written: Iterable[scenarios.Scenario],
    findings: list[Finding],
    previous: Rulebook | None = None,
) -> list[scenarios.Result]:
    """Runs scenarios, those first that made rules act which differ from `previous`; each that fails is also a finding
    at the step that failed."""
    before = {} if previous is None else {rule.id: rule for rule in previous.rules.rules}
    now = {rule.id: rule for rule in rulebook.rules.rules}
    changed = {name for name in {*before, *now} if before.get(name) is not now.get(name)}
    last = _FIRED.get(previous.digest, {}) if previous is not None else {}
    fired: dict[tuple[str, str], frozenset[str]] = {}
    failed: list[scenarios.Result] = []
    for scenario in sorted(written, key=lambda one: changed.isdisjoint(last.get(_known_as(one), ()))):
        result = scenarios.run(rulebook, scenario, clock=time.monotonic)
        fired[_known_as(scenario)] = frozenset(result.acted)
        if not result.passed:
            failed.append(result)
            failure = result.failures[0]
            message = say("scenario `{name}` fails at step {step}: {why}", scenario.name, failure.step, failure.message)
            findings.append(Finding("scenario-invalid", message, failure.span, hint=failure.help))
    _FIRED.pop(rulebook.digest, None)
    _FIRED[rulebook.digest] = fired
    while len(_FIRED) > 4:
        _FIRED.pop(next(iter(_FIRED)), None)
    return failed


def _known_as(scenario: scenarios.Scenario) -> tuple[str, str]:
    return scenario.at.span().source.path, scenario.name


def is_scenario_file(path: str) -> bool:
    """Scenario files lie in a `tests/` folder."""
    return path.endswith((".yaml", ".yml")) and "tests" in path.split("/")[:-1]


def told(finding: Finding) -> dict[str, Any]:
    """A finding for a screen: as the commands print it, with the line it stands on."""
    line = finding.span.source.line(finding.span.line) if finding.span.source.text else ""
    return {**finding.as_dict(), "snippet": line[:SNIPPET] or None}


async def reload_now(
    desk: Desk,
    *,
    by: str,
    note: str = "",
    source: str = "api",
    known: Rulebook | None = None,
    may_grant: bool = False,
) -> dict[str, Any]:
    """Reads the desk's folder and puts it in force if it is sound. Never raises for what stands in the folder:
    answers {"changed", "digest", "findings"}; the rulebook in force is untouched when there are errors. `known`: the
    one in force as it was built from its texts, when that in force came from the shelf; on a desk that never had rules
    in force, any other, from which what is alike is taken over. `may_grant`: whether roles may be changed; Refused is
    raised where they would be and may not."""
    loop = asyncio.get_running_loop()
    previous = desk.rulebook
    if known is not None and (previous is None or known.digest == previous.digest):
        before: Rulebook | None = known
    else:
        before = previous

    def make() -> Loaded:
        loaded = load(desk.config.rules, before, extras=desk.extras, shelf=desk.shelf)
        if loaded.sound and loaded.rulebook is not None and loaded.rulebook is not before:
            _prepare(loaded.rulebook, previous)
        return loaded

    loaded = await loop.run_in_executor(None, make)
    findings = [told(finding) for finding in loaded.findings]
    if not loaded.sound or loaded.rulebook is None:
        errors = [f for f in loaded.findings if f.severity is Severity.ERROR]
        log.error("the rules folder was not put in force (%s):\n%s", source, render(errors[:20], "text"))
        await desk.activate(None, by=by, note=note, source=source, findings=findings)
        return {"changed": False, "digest": desk.rulebook.digest if desk.rulebook else "", "findings": findings}
    changed = previous is None or previous.digest != loaded.rulebook.digest
    refused = await desk.activate(
        loaded.rulebook, by=by, note=note, source=source, findings=findings, may_grant=may_grant
    )
    if refused:
        digest = desk.rulebook.digest if desk.rulebook is not None else ""
        return {"changed": False, "digest": digest, "findings": findings + refused}
    if changed:
        loop.run_in_executor(None, shelve, loaded.rulebook, desk.shelf)  # for the next start; nobody waits for it
        log.info("rulebook %s is in force (%s, by %s)", loaded.rulebook.digest[:12], source, by)
    return {"changed": changed, "digest": loaded.rulebook.digest, "findings": findings}


def _prepare(book: Rulebook, previous: Rulebook | None) -> None:
    """Makes the indexes that the next decisions ask for here, where nobody waits."""
    waves = previous.rules.waves() if previous is not None else []
    for keys, shop in waves or [(keys, shop) for keys in FIRST_WAVES for shop in book.shops]:
        if shop is None or shop in book.shops:
            book.rules.prepare(keys, shop)


class Watcher:
    """Watches the rules folder and reloads once it has been quiet."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: Rulebook | None = None
        self._task: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def start(self) -> None:
        """Begins to watch, in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._watch())

    async def stop(self) -> None:
        """Ends watching."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def reload(self, *, by: str, note: str = "", source: str, may_grant: bool = False) -> dict[str, Any]:
        """One reload at a time, whoever asks."""
        async with self._lock:
            return await reload_now(self._desk, by=by, note=note, source=source, known=self._known, may_grant=may_grant)

    async def in_turn(self, work: Callable[[Rulebook | None], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Does something to the rules while nobody reloads them; it is given the `known` of `reload_now`."""
        async with self._lock:
            return await work(self._known)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        folder = self._desk.config.rules
        seen = await loop.run_in_executor(None, fingerprint, folder)
        book = self._desk.rulebook
        if book is not None and book.workings.kept is None:
            # It came from the shelf, without what makes the first edit quick: that is caught up with now.
            self._known, _ = await loop.run_in_executor(
                None, lambda: build(book.files, extras=self._desk.extras, analyse=True)
            )
        while True:
            await asyncio.sleep(POLL)
            now = await loop.run_in_executor(None, fingerprint, folder)
            if now == seen:
                continue
            while True:
                await asyncio.sleep(QUIET)
                again = await loop.run_in_executor(None, fingerprint, folder)
                if again == now:
                    break
                now = again
            seen = now
            try:
                await self.reload(by="watch", source="watch", may_grant=True)  # whoever writes there owns the desk
            except Exception:
                log.exception("reloading the rules folder failed")
