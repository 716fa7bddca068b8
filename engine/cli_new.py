"""`engine new feature NAME`: for developers, in a checkout of this project."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli_base import DONE, WRONG, CannotDo, Commands, command

if TYPE_CHECKING:
    from engine.scaffold import Written


NEXT = """
The room is engine/features/{name}/. Say what it is in its first sentence; begin with its test.

To see it: build the page (`python -m web.build`) and restart the server, `engine serve`: one that runs knows nothing
of it. It makes the table when it starts. A desk with rules of its own gives a role `{name}.edit` in its roles.yaml.

To take it out again:
  rm -r {gone}
  Take the lines with `{name}` out of {lines}.
  python -m tests.house.reference, and `npm run types` in web/ui: they make the other changed files anew.
  A store that a server has opened since is refused then. One for trying is made anew; in another:
  drop the table, and DELETE FROM schema_migration WHERE name = '{migration}'."""


def add_new(commands: Commands) -> None:
    """The sub-command."""
    parser = command(
        commands, "new", "Write the first version of a feature's room.", "engine new feature bulletin_notes", run_new
    )
    parser.add_argument("what", choices=("feature",))
    parser.add_argument("name", metavar="NAME", help="what it is about, in the plural: bulletin_notes")
    parser.add_argument("--one", metavar="NAME", default=None, help="the singular, where it is not NAME without its s")
    parser.add_argument("--root", metavar="DIR", default=".", help="the checkout (the folder one stands in)")


def run_new(arguments: Any) -> int:
    """Writes the files, lays them out, and makes the generated pages and types anew."""
    from engine.scaffold import CannotWrite, new_feature

    root = Path(arguments.root).resolve()
    try:
        written = new_feature(root, arguments.name, arguments.one)
    except CannotWrite as error:
        raise CannotDo(str(error)) from error
    for place in written.made:
        print(f"  new      {place}")
    before = _generated(root)
    python = [str(root / place) for place in written.made if place.endswith(".py")]
    reference = ("python -m tests.house.reference", [sys.executable, "-m", "tests.house.reference"], root)
    steps: list[tuple[str, Sequence[str], Path]] = [reference]
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is not None:
        steps += [
            ("ruff format", [ruff, "format", "--quiet", *python], root),
            ("ruff check --fix", [ruff, "check", "--fix", "--quiet", *python], root),
        ]
    npm = shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))
    if npm is not None and (root / "web/ui/node_modules").is_dir():
        steps.append(("npm run types (in web/ui)", [npm, "run", "--silent", "types"], root / "web/ui"))
    left = [name for name, step, folder in steps if not _done(step, folder)]
    if npm is None or not (root / "web/ui/node_modules").is_dir():
        left.append("npm run types (in web/ui)")
    after = _generated(root)
    anew = [place for place in after if after[place] != before.get(place)]
    for place in written.changed:
        print(f"  changed  {place}")
    for place in anew:
        print(f"  changed  {place} (made from the code)")
    for name in left:
        print(f"  still to do: {name}", file=sys.stderr)
    print(_what_next(arguments.name, written))
    return WRONG if left else DONE


def _generated(root: Path) -> dict[str, bytes]:
    """What is made from the code and kept in the checkout: pages of the manual, types of the front end."""
    kept = ("docs/*.md", "docs/**/*.json", "rules/*.md", "plugins/*.md", "web/ui/src/**/*.gen.ts")
    paths = sorted({path for pattern in kept for path in root.glob(pattern)})
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def _what_next(name: str, written: Written) -> str:
    """How one goes on, and how one goes back."""
    folders = [f"engine/features/{name}", f"tests/features/{name}", f"web/ui/src/features/{name.replace('_', '-')}"]
    single = [place for place in written.made if not place.startswith(tuple(f"{folder}/" for folder in folders))]
    migration = next(Path(place).stem for place in single if "/migrations/" in place)
    return NEXT.format(
        name=name, gone=" ".join([*folders, *single]), migration=migration, lines=" and ".join(written.changed)
    )


def _done(step: Sequence[str], folder: Path) -> bool:
    found = Path(sys.executable).parent
    environment = {"PATH": f"{found}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    return subprocess.run(step, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0
