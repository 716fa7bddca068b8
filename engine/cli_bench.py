"""`engine bench`: the measurements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.cli_base import DONE, CannotDo, Commands, command


def add_bench(commands: Commands) -> None:
    """The sub-command."""
    parser = command(
        commands,
        "bench",
        "Measure: the ratio within one run is the result.",
        "engine bench http --json http.json",
        run_bench,
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--json", metavar="F", default=None)
    parser.add_argument("--quick", action="store_true", help="shorter runs, to see that it works")


def run_bench(arguments: Any) -> int:
    """Runs benchmarks by name; without a name all of them."""
    from engine import bench

    known = bench.names()
    for name in arguments.names:
        if name not in known:
            raise CannotDo(f"there is no benchmark `{name}`; known: {', '.join(known)}")
    figures = {name: bench.run(name, quick=arguments.quick) for name in arguments.names or known}
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=2), "utf-8")
    return DONE
