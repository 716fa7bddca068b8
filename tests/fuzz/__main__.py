"""`make fuzz`: damaged texts until the time is up. What breaks something is kept in corpus/ and told."""

from __future__ import annotations

import argparse
import hashlib
import signal
import sys
import time
import traceback
from random import Random
from types import FrameType

from tests.fuzz.targets import CORPUS, check, draw

PATIENCE = 20
"""Seconds one text may take: far more than any should, so that a busy machine is no hang."""


class HangError(Exception):
    """A text takes too long."""


def _ring(signum: int, frame: FrameType | None) -> None:
    raise HangError(f"still at it after {PATIENCE} s")


def main() -> int:
    """Goes on for `--seconds`; 1 when something broke."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}, {arguments.seconds:.0f} s")
    random = Random(arguments.seed)
    signal.signal(signal.SIGALRM, _ring)
    end = time.monotonic() + arguments.seconds
    count, slowest, broken = 0, 0.0, 0
    while time.monotonic() < end:
        path, text = draw(random)
        started = time.monotonic()
        signal.alarm(PATIENCE)
        try:
            check(path, text, random)
        except (Exception, RecursionError):
            broken += 1
            name = hashlib.sha256(f"{path}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
            (CORPUS / name).write_bytes(f"{path}\n{text}".encode("utf-8", "surrogatepass"))
            print(f"--- kept as tests/fuzz/corpus/{name}")
            traceback.print_exc(limit=-6)
        finally:
            signal.alarm(0)
        slowest = max(slowest, time.monotonic() - started)
        count += 1
    print(f"{count} texts, the slowest took {slowest:.1f} s, {broken} broke something")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
