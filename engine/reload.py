"""From the rules folder to the rulebook in force: read, watch, build, run the scenarios, hand over to `desk.activate`.

A broken edit leaves the old rulebook running; its findings stay in the store, so that the console, the log and the API
show them, also after a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.core import scenarios
from engine.core.building import build, digest_of, shelve
from engine.core.errors import Refused
from engine.core.rulebook import NOTHING_MORE, Extras, Rulebook
from engine.desk import resettling
from engine.folder import fingerprint, read_folder
from engine.lang import Finding, Severity, Source, Span, parse
from engine.lang.analysis import expired
from engine.lang.cache import Shelf
from engine.lang.said import say
from engine.lang.silence import silence
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
    at: Callable[[Span], None] = lambda span: None,
) -> Loaded:
    """Builds texts; `findings` are those of reading them. Without running scenarios it finds what `engine validate`
    does, wherever it is asked. `at` is told of each scenario before it runs."""
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
    if rulebook is not None and run_scenarios and not _wrongly_given(rulebook, found):
        loaded.failures = failing_scenarios(rulebook, written, found, previous, at)
    return loaded


def _wrongly_given(rulebook: Rulebook, findings: list[Finding]) -> bool:
    """Whether scenarios have no desk to run on; told once, at the first file of what they are given."""
    _, wrong = scenarios.given(rulebook)
    if wrong is not None:
        path = min(path for path in rulebook.files if path.startswith(scenarios.GIVEN))
        findings.append(Finding("scenario-invalid", wrong, Source(path, rulebook.files[path]).span(0, 0)))
    return wrong is not None


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
    at: Callable[[Span], None] = lambda span: None,
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
        at(scenario.at.span())
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
    """Scenario files lie in a `tests/` folder; what lies in `tests/given/` is the desk they speak of."""
    yaml = path.endswith((".yaml", ".yml")) and "tests" in path.split("/")[:-1]
    return yaml and not path.startswith(scenarios.GIVEN)


def told(finding: Finding) -> dict[str, Any]:
    """A finding for a screen: as the commands print it, with the line it stands on."""
    line = finding.span.source.line(finding.span.line) if finding.span.source.text else ""
    return {**finding.as_dict(), "snippet": line[:SNIPPET] or None}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking rules came to. `findings`: as `told`; `errors`: how many of them keep it from being used; `sound`:
    whether it may be put in force; `book`: what was built, where that was done in this process."""

    files: Mapping[str, str]
    digest: str
    findings: list[dict[str, Any]]
    errors: int
    sound: bool
    book: Rulebook | None = None

    @classmethod
    def of(cls, loaded: Loaded, *, book: bool = True) -> Verdict:
        """Of what was loaded; with the book or without."""
        errors = sum(finding.severity is Severity.ERROR for finding in loaded.findings)
        findings = [told(finding) for finding in loaded.findings]
        built = loaded.rulebook if book else None
        return cls(loaded.files, loaded.digest, findings, errors, loaded.sound, built)


class Checking(Protocol):
    """What checks rules: `engine.checks.Checks` beside a server, else `Here`."""

    async def folder(self) -> Verdict:
        """The desk's folder, with its scenarios. Raises FileNotFoundError, and Refused where it is not done now."""

    async def texts(self, files: Mapping[str, str], *, scenarios: bool = True) -> Verdict:
        """Texts. Raises Refused where it is not done now."""

    def shelve(self, digest: str) -> None:
        """Has what was built of these texts kept for the next start; nobody waits for it."""


class Here:
    """Checks on a thread of this process: of a command, which has nobody else to serve."""

    def __init__(self, desk: Desk, before: Rulebook | None) -> None:
        self._desk = desk
        self._before = before
        self._book: Rulebook | None = None

    async def folder(self) -> Verdict:
        """See `Checking`."""
        return await self._check(partial(load, self._desk.config.rules, self._before))

    async def texts(self, files: Mapping[str, str], *, scenarios: bool = True) -> Verdict:
        """See `Checking`."""
        return await self._check(partial(load_files, files, None, self._before, run_scenarios=scenarios))

    def shelve(self, digest: str) -> None:
        """See `Checking`."""
        if self._book is not None and self._book.digest == digest:
            asyncio.get_running_loop().run_in_executor(None, shelve, self._book, self._desk.shelf)

    async def _check(self, make: Callable[..., Loaded]) -> Verdict:
        made = partial(make, extras=self._desk.extras, shelf=self._desk.shelf)
        loaded = await asyncio.get_running_loop().run_in_executor(None, made)
        self._book = loaded.rulebook
        return Verdict.of(loaded)


async def assemble(desk: Desk, verdict: Verdict, before: Rulebook | None) -> Rulebook:
    """The rulebook of texts that were found sound, ready to decide; they are not looked at together again. `before`:
    what an edit did not touch is taken from there."""
    previous = desk.rulebook

    def make() -> Rulebook:
        book = verdict.book
        if book is None:
            # What comes off the shelf makes the next edit slow: only where nothing is at hand to begin from.
            shelf = desk.shelf if before is None or before.workings.kept is None else None
            book, findings = build(verdict.files, previous=before, extras=desk.extras, analyse=False, shelf=shelf)
            if book is None:
                raise RuntimeError(f"rules that were found sound cannot be built: {findings[0].message}")
        if book is not before:
            _prepare(book, previous)
        return book

    return await asyncio.get_running_loop().run_in_executor(None, make)


async def reload_now(
    desk: Desk,
    *,
    by: str,
    note: str = "",
    source: str = "api",
    known: Rulebook | None = None,
    may_grant: bool = False,
    checks: Checking | None = None,
) -> dict[str, Any]:
    """Reads the desk's folder and puts it in force if it is sound. Never raises for what stands in the folder:
    answers {"changed", "digest", "findings", "resettling"}; the rulebook in force is untouched when there are errors.
    `known`: the one in force as it was built from its texts, when that in force came from the shelf; on a desk that
    never had rules in force, any other, from which what is alike is taken over. `may_grant`: whether roles may be
    changed; Refused is raised where they would be and may not. `checks`: who checks; this process, unless given."""
    previous = desk.rulebook
    before = known if known is not None and (previous is None or known.digest == previous.digest) else previous
    if checks is not None and source == "start" and previous is not None and await _as_in_force(desk):
        # It was found sound when it came into force; who starts a server waits for its first page.
        await desk.activate(previous, by=by, note=note, source=source)
        return {"changed": False, "digest": previous.digest, "findings": [], "resettling": None}
    checks = checks or Here(desk, before)
    verdict = await checks.folder()
    findings = verdict.findings
    if not verdict.sound:
        errors = [finding for finding in findings if finding["severity"] == "error"]
        lines = "\n".join(f"{e['file']}:{e['line']}: [{e['code']}] {e['message']}" for e in errors[:20])
        log.error("the rules folder was not put in force (%s):\n%s", source, lines)
        await desk.activate(None, by=by, note=note, source=source, findings=findings)
        digest = desk.rulebook.digest if desk.rulebook else ""
        return {"changed": False, "digest": digest, "findings": findings, "resettling": None}
    book = await assemble(desk, verdict, before)
    changed = previous is None or previous.digest != book.digest
    refused = await desk.activate(book, by=by, note=note, source=source, findings=findings, may_grant=may_grant)
    if refused:
        digest = desk.rulebook.digest if desk.rulebook is not None else ""
        return {"changed": False, "digest": digest, "findings": findings + refused, "resettling": None}
    if changed:
        checks.shelve(book.digest)  # for the next start
        log.info("rulebook %s is in force (%s, by %s)", book.digest[:12], source, by)
    carried = await desk.context.read(lambda tx: resettling.begun(tx, book.digest)) if changed else None
    return {"changed": changed, "digest": book.digest, "findings": findings, "resettling": carried}


async def _as_in_force(desk: Desk) -> bool:
    """Whether the folder holds what is in force."""
    files, findings = await asyncio.get_running_loop().run_in_executor(None, read_folder, desk.config.rules)
    return not findings and desk.rulebook is not None and digest_of(files) == desk.rulebook.digest


def _prepare(book: Rulebook, previous: Rulebook | None) -> None:
    """Makes the indexes that the next decisions ask for here, where nobody waits."""
    waves = previous.rules.waves() if previous is not None else []
    for keys, shop in waves or [(keys, shop) for keys in FIRST_WAVES for shop in book.shops]:
        if shop is None or shop in book.shops:
            book.rules.prepare(keys, shop)


class Watcher:
    """Watches the rules folder and reloads once it has been quiet."""

    def __init__(self, desk: Desk, checks: Checking | None = None) -> None:
        self._desk = desk
        self._checks = checks
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
            return await reload_now(
                self._desk,
                by=by,
                note=note,
                source=source,
                known=self._known,
                may_grant=may_grant,
                checks=self._checks,
            )

    async def in_turn(self, work: Callable[[Rulebook | None], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Does something to the rules while nobody reloads them; it is given the `known` of `reload_now`."""
        async with self._lock:
            return await work(self._known)

    async def _warm(self, checks: Checking) -> None:
        """Checks what is in force, so that the first edit costs what it changes; what another version of the desk finds
        wrong with it is told of."""
        with contextlib.suppress(Refused, FileNotFoundError):
            verdict = await checks.folder()
            book = self._desk.rulebook
            if not verdict.sound and book is not None and verdict.digest == book.digest:
                await self._desk.activate(None, by="start", source="start", findings=verdict.findings)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        folder = self._desk.config.rules
        seen = await loop.run_in_executor(None, fingerprint, folder)
        book = self._desk.rulebook
        if book is not None and book.workings.kept is None:
            # It came from the shelf, without what makes the first edit quick: that is caught up with now.
            self._known, _ = await loop.run_in_executor(
                None, lambda: build(book.files, extras=self._desk.extras, analyse=self._checks is None)
            )
        if self._checks is not None:
            await self._warm(self._checks)
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
