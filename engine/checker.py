"""The process that checks rules: reads requests from its standard input, answers on its standard output.

It is begun by `engine.checks`, keeps what it has built so that an edit costs what it changes, and ends with the server.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import resource
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from engine.core.building import shelf_in, shelve
from engine.core.rulebook import Extras, Rulebook
from engine.editor import Refusal, Workspace
from engine.extras import extras
from engine.folder import read_folder
from engine.lang.said import to_json
from engine.plugins import load as load_plugins
from engine.reload import Loaded, Verdict, load_files

SIZE = struct.Struct(">Q")
NICE = 5
"""How much lower its priority is than the server's, which people wait for."""
KEPT = 8
"""Answers, and workspaces, that are kept: one for each state that somebody's edit began from."""
ANSWER, PLACE, BROKEN = "answer", "place", "broken"
"""What a frame is: an answer; where the checks are, in case they do not come to an end; why there is no answer."""


@dataclass(frozen=True, slots=True)
class Begin:
    """What a checker is told first. `memory`: bytes it may use."""

    settings: Mapping[str, Any]
    block: tuple[str, ...]
    plugins: Path | None
    cache: Path
    memory: int


def encode(frame: Any) -> bytes:
    """A frame with its length before it."""
    body = pickle.dumps(frame, protocol=pickle.HIGHEST_PROTOCOL)
    return SIZE.pack(len(body)) + body


def _read(stream: BinaryIO) -> Any:
    """The next frame. Raises EOFError."""
    head = stream.read(SIZE.size)
    if len(head) < SIZE.size:
        raise EOFError
    return pickle.loads(stream.read(SIZE.unpack(head)[0]))  # noqa: S301 - of the process that began this one


@dataclass
class Checker:
    """What was built so far, and the questions about it."""

    extras: Extras
    cache: Path
    tell: Callable[[str, Any], None]
    book: Rulebook | None = None
    known: dict[Any, Verdict] = field(default_factory=dict)
    workspaces: dict[str, Workspace] = field(default_factory=dict)

    def folder(self, path: Path) -> Verdict:
        """A rules folder as it would be put in force."""
        files, findings = read_folder(path)
        return self._check(files, findings, scenarios=True, keep=not findings)

    def texts(self, files: Mapping[str, str], scenarios: bool) -> Verdict:
        """Texts, with or without their scenarios."""
        return self._check(files, [], scenarios=scenarios, keep=True)

    def ask(self, base: Mapping[str, str], digest: str, files: Mapping[str, str | None], name: str, *at: Any) -> Any:
        """A question to the workspace of an edit: plain data."""
        workspace = self.workspaces.pop(digest, None) or Workspace(base, self.extras)
        self.workspaces[digest] = workspace
        _forget(self.workspaces)
        found = getattr(workspace.with_files(files), name)(*at)
        if isinstance(found, Refusal):
            return to_json(found.message)
        if found is None or isinstance(found, str):
            return found
        return [to_json(one.as_dict()) for one in found] if isinstance(found, list) else to_json(found.as_dict())

    def shelve(self, digest: str) -> bool:
        """Keeps what was built of these texts for the next start."""
        return self.book is not None and self.book.digest == digest and shelve(self.book, shelf_in(self.cache))

    def _check(self, files: Mapping[str, str], findings: list[Any], *, scenarios: bool, keep: bool) -> Verdict:
        today = date.today()  # noqa: DTZ011 - the reader's own day: a rule may have ended since
        key = (tuple(sorted(files.items())), scenarios, today)
        if keep and key in self.known:
            return self.known[key]
        loaded = self._load(files, findings, scenarios)
        verdict = Verdict.of(loaded, book=False)
        verdict = replace(verdict, findings=to_json(verdict.findings))
        if keep:
            self.known[key] = verdict
            _forget(self.known)
        return verdict

    def _load(self, files: Mapping[str, str], findings: list[Any], scenarios: bool) -> Loaded:
        self.tell(PLACE, None)
        previous, shelf = self.book, None if self.book is not None else shelf_in(self.cache)
        loaded = load_files(
            files,
            findings,
            previous,
            extras=self.extras,
            shelf=shelf,
            run_scenarios=scenarios,
            at=lambda span: self.tell(PLACE, (span.source.path, span.line)),
        )
        if loaded.rulebook is not None and loaded.rulebook.workings.kept is not None:
            self.book = loaded.rulebook
        return loaded


def _forget(held: dict[Any, Any]) -> None:
    while len(held) > KEPT:
        held.pop(next(iter(held)))


def main() -> None:
    """Serves until its standard input ends."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what plugins print is no answer
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    os.nice(NICE)
    asked: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def listen() -> None:
        try:
            while True:
                asked.put(_read(sys.stdin.buffer))
        finally:
            # The server is gone, perhaps in the midst of a word, or wants this gone, whatever is checked.
            os._exit(0)

    def tell(kind: str, what: Any) -> None:
        answers.write(encode((kind, what)))

    threading.Thread(target=listen, daemon=True).start()
    begin: Begin = asked.get()
    resource.setrlimit(resource.RLIMIT_AS, (begin.memory, begin.memory))
    plugins = load_plugins(begin.settings, block=begin.block, folder=begin.plugins)
    plugins.register()
    checker = Checker(extras(plugins), begin.cache, tell)
    while True:
        name, arguments = asked.get()
        try:
            answer = getattr(checker, name)(*arguments)
        except MemoryError:
            tell(BROKEN, "memory")
            os._exit(1)
        except FileNotFoundError as error:
            tell(BROKEN, error)
        except Exception:
            logging.getLogger(__name__).exception("rules could not be checked")
            tell(BROKEN, "error")
        else:
            tell(ANSWER, answer)


if __name__ == "__main__":
    main()
