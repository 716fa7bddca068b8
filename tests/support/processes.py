"""Child processes that cannot outlive the test run."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


class StartError(Exception):
    """A server did not come up; the text carries the end of its log."""


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    death: signal.Signals = signal.SIGTERM,
    owner: tuple[int, int] | None = None,
    cwd: Path | str | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server that the kernel ends with `death` when this process is gone, even when it was killed.

    Args:
        command: the program and its arguments.
        log: file that gets both outputs.
        owner: user and group id to run as; needs root.
    """

    def tie() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(death))

    identity = {} if owner is None else {"user": owner[0], "group": owner[1], "extra_groups": []}
    output: IO[bytes]
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=environment,
            preexec_fn=tie,
            start_new_session=True,
            **identity,
        )


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, *, seconds: float = 120) -> None:
    """Return when `ready()` holds.

    Raises:
        StartError: the process ended, or the time is over.
    """
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise StartError(f"{process.args!r} did not come up (exit {process.poll()}):\n{tail}")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, *, seconds: float = 10) -> None:
    """End one process: politely first, then not."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
