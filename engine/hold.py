"""Who must be alone holds a desk: a lock in its data folder that the system lets go of when the process ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.config import ConfigError

NAME = "in-use"
"""The lock's file in the data folder."""


class InUse(ConfigError):
    """Another process holds the desk; the text says which, since when, and what to do."""


class Hold:
    """Files held by this process, until `release`."""

    def __init__(self) -> None:
        self._held: list[int] = []

    def take(self, paths: Iterable[Path], what: str) -> None:
        """Holds all of these, or none more than before; `what` is told to who comes later: `engine serve`.

        Raises InUse where another holds one, ConfigError where a file cannot be written.
        """
        for path in paths:
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise ConfigError(f"{path}: cannot be written: {error.strerror}; see who owns the folder") from error
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = os.pread(descriptor, 1000, 0)
                os.close(descriptor)
                if isinstance(error, BlockingIOError):
                    raise InUse(_told(path, holder)) from None
                raise ConfigError(f"{path}: cannot be locked: {error.strerror}") from error
            self._held.append(descriptor)
            now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            with contextlib.suppress(OSError):  # a full disk: the lock holds without its text
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "since": now, "what": what}).encode(), 0)

    def release(self) -> None:
        """Lets go. The files stay: who takes one away may take it from under another."""
        for descriptor in self._held:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
            os.close(descriptor)
        self._held.clear()


def _told(path: Path, text: bytes) -> str:
    folder = path.parent
    holder: dict[str, Any] = {}
    with contextlib.suppress(ValueError):
        holder = dict(json.loads(text))
    who = f"`{holder['what']}`, process {holder['pid']}, since {holder['since']}" if holder else "another process"
    stop = f"end it first (`kill {holder['pid']}`)" if holder else "end it first"
    return f"the desk in {folder} is in use by {who}; {stop}, or give this one a folder of its own (`--data`)"
