"""Sub-commands of `engine` that work on rule files alone, without a desk: `fmt` and `graph`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from engine.cli_base import COULD_NOT, DONE, WRONG, CannotDo, Commands, command, rules_folder

# --- engine fmt -----------------------------------------------------------------------------------------------------


def add_fmt(commands: Commands) -> None:
    """Adds `engine fmt`."""
    parser = command(
        commands,
        "fmt",
        "Write rule files in the one layout; a file with mistakes is left alone.",
        "engine fmt rules/ --check",
        run_fmt,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a rules folder or a .rules file")
    parser.add_argument("--check", action="store_true", help="change nothing, list what would change (exit 1)")
    parser.add_argument("--keywords", choices=("en", "zh"), default=None, help="turn keywords into English or Chinese")


def run_fmt(arguments: Any) -> int:
    """Lays out `.rules` files in place; 1 with --check when one would change, 2 when one has mistakes."""
    from engine.lang import CannotFormat, Source, format_text, render

    changed = broken = 0
    files = list(dict.fromkeys(file for path in arguments.paths for file in _rule_files(path)))
    for file in files:
        raw = file.read_bytes()
        try:
            text = raw.decode("utf-8-sig").replace("\r\n", "\n")
            laid = format_text(Source(str(file), text), arguments.keywords).encode()
        except UnicodeDecodeError as error:
            broken += 1
            print(f"{file}: not UTF-8 at byte {error.start}; save the file as UTF-8", file=sys.stderr)
            continue
        except CannotFormat as error:
            broken += 1
            print(render(error.findings, "text"), file=sys.stderr)
            continue
        if laid != raw:
            changed += 1
            print(file)
            if not arguments.check:
                file.write_bytes(laid)
    done = "would change" if arguments.check else "changed"
    left = f", {broken} left alone for their mistakes" if broken else ""
    print(f"{changed} of {len(files)} files {done}{left}", file=sys.stderr)
    if broken:
        return COULD_NOT
    return WRONG if changed and arguments.check else DONE


def _rule_files(path: str) -> list[Path]:
    """A `.rules` file, or all those of a folder and below, but for hidden ones."""
    start = Path(path)
    if start.is_file():
        if start.suffix != ".rules":
            raise CannotDo(f"`{path}` is no .rules file; only these have a layout of their own")
        return [start]
    if not start.is_dir():
        raise CannotDo(f"there is no file or folder `{path}`")
    found = sorted(start.rglob("*.rules"))
    return [f for f in found if f.is_file() and not any(p.startswith(".") for p in f.relative_to(start).parts)]


# --- engine graph ---------------------------------------------------------------------------------------------------


def add_graph(commands: Commands) -> None:
    """Adds `engine graph`."""
    parser = command(
        commands,
        "graph",
        "Draw lifecycles, stages and which rule may wake which.",
        "engine graph rules/ > desk.svg",
        run_graph,
    )
    parser.add_argument("path", metavar="PATH", help="a rules folder")
    parser.add_argument("--format", choices=("svg", "mermaid", "dot"), default="svg", help="mermaid: as Markdown")


def run_graph(arguments: Any) -> int:
    """Prints the picture; the rules must build."""
    from engine.graph import draw
    from engine.lang import Severity, render
    from engine.reload import load

    loaded = load(rules_folder(arguments.path), run_scenarios=False)
    if loaded.rulebook is None:
        print(render([f for f in loaded.findings if f.severity is Severity.ERROR], "text"), file=sys.stderr)
        raise CannotDo("the rules have errors; mend them first (`engine validate`)")
    sys.stdout.write(draw(loaded.rulebook, arguments.format))
    return DONE
