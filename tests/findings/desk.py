"""The sound desk that every example of a finding is put over."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from engine.lang import Finding
from engine.reload import load_files

BASE = Path(__file__).with_name("base")


@lru_cache(maxsize=1)
def base() -> Mapping[str, str]:
    """Its texts by path."""
    return {
        path.relative_to(BASE).as_posix(): path.read_text("utf-8") for path in sorted(BASE.rglob("*")) if path.is_file()
    }


def found_in(files: Mapping[str, str]) -> list[Finding]:
    """What `engine validate` says of the base desk with these files in place of its own."""
    return load_files({**base(), **files}, run_scenarios=False).findings
