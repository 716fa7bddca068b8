"""What `engine bench` runs: one file a name. A figure is a ratio within one run; absolute times differ from machine to
machine. Each bench prints what it measured and against what, and names what it skipped."""

from __future__ import annotations

import importlib
import pkgutil
import platform
import sqlite3
from typing import Any

import tornado

from engine import __version__


def names() -> list[str]:
    """The benchmarks there are."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def run(name: str, *, quick: bool = False) -> dict[str, Any]:
    """Runs one and gives its figures; prints them as it goes."""
    print(f"# {name}")
    print(
        f"yingda {__version__}, Python {platform.python_version()}, tornado {tornado.version}, "
        f"SQLite {sqlite3.sqlite_version}, {platform.system()} {platform.machine()}"
    )
    figures: dict[str, Any] = importlib.import_module(f"engine.bench.{name}").measure(quick=quick)
    return figures
