"""What `engine bench tools` takes the time of is there: benches run by hand, so a move would break them unseen."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "engine" / "bench" / "tools.py"


def test_every_function_that_is_watched_is_there() -> None:
    tree = ast.parse(SOURCE.read_text("utf-8"))
    known: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("engine"):
            for name in node.names:
                module = importlib.import_module(node.module)
                found = getattr(module, name.name, None) or importlib.import_module(f"{node.module}.{name.name}")
                known[name.asname or name.name] = found
    watched = [
        (ast.unparse(pair.elts[0]), pair.elts[1].value)
        for pair in ast.walk(tree)
        if isinstance(pair, ast.Tuple)
        and len(pair.elts) == 2
        and isinstance(pair.elts[0], ast.Name | ast.Attribute)
        and isinstance(pair.elts[1], ast.Constant)
        and isinstance(pair.elts[1].value, str)
        and ast.unparse(pair.elts[0]).partition(".")[0] in known
    ]
    assert len(watched) > 10, "the watched functions were not found"
    for owner, attribute in watched:
        first, *rest = owner.split(".")
        thing = known[first]
        for part in rest:
            thing = getattr(thing, part)
        assert hasattr(thing, attribute), f"engine/bench/tools.py watches `{owner}.{attribute}`, which is gone"
