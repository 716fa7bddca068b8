"""`engine new feature NAME`: the first version of a feature's room, in a checkout of this project.

What it writes passes lint and tests at once: engine, API, page, words in three languages, a migration, tests. It adds
the line in `FEATURES` and gives the new right to the roles that may keep the auto-reply library.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path

TEMPLATES = Path(__file__).with_name("feature")
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 40
"""Letters of a name: longer ones make lines that lint does not take, and names that PostgreSQL cuts off."""

PLACES = {
    "engine.__init__.py.txt": "engine/features/%names%/__init__.py",
    "engine.tables.py.txt": "engine/features/%names%/tables.py",
    "engine.store.py.txt": "engine/features/%names%/store.py",
    "engine.commands.py.txt": "engine/features/%names%/commands.py",
    "migration.py.txt": "engine/store/migrations/%number%_%names%.py",
    "web.py.txt": "web/features/%names%.py",
    "test_api.py.txt": "tests/features/%names%/test_api.py",
    "ui.index.ts.txt": "web/ui/src/features/%path%/index.ts",
    "ui.api.ts.txt": "web/ui/src/features/%path%/api.ts",
    "ui.Page.vue.txt": "web/ui/src/features/%path%/Page.vue",
    "ui.words.index.ts.txt": "web/ui/src/features/%path%/words/index.ts",
    "ui.words.zh-TW.ts.txt": "web/ui/src/features/%path%/words/zh-TW.ts",
    "ui.words.zh-CN.ts.txt": "web/ui/src/features/%path%/words/zh-CN.ts",
    "ui.words.en.ts.txt": "web/ui/src/features/%path%/words/en.ts",
}
"""What is written where."""


class CannotWrite(Exception):
    """Why a feature cannot be made; the text is for people."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a scaffold wrote: new files, and existing ones it changed, from the checkout's folder."""

    made: tuple[str, ...]
    changed: tuple[str, ...]


def new_feature(root: Path, name: str, one: str | None = None) -> Written:
    """Writes the feature `name` (plural, `snake_case`) into a checkout; `one` is its singular.

    Raises CannotWrite where the name does not do, something of it is there, or `root` is no checkout.
    """
    one = one or _singular(name)
    if not NAME.fullmatch(name) or not NAME.fullmatch(one) or name == one:
        raise CannotWrite(f"`{name}` is no name: a plural in small letters such as `bulletin_notes`, or give --one")
    for given in dict.fromkeys((name, one)):
        if len(given) > LONGEST:
            raise CannotWrite(f"`{given}` is too long: {len(given)} letters, at most {LONGEST} do")
        # A word for a folder, a variable and, in capitals, a class: `none` does for two of them only.
        if taken := [word for word in (given, given.replace("_", ""), _camel(given)) if keyword.iskeyword(word)]:
            raise CannotWrite(
                f"`{given}` is no name: `{taken[0]}` is a word of Python; name it otherwise, or give --one"
            )
    features, roles = root / "engine/features/__init__.py", root / "rules/roles.yaml"
    if not features.is_file() or not roles.is_file():
        raise CannotWrite(f"`{root}` is no checkout of this project: features are written where its code is")
    if (place := _tables(root).get(one)) is not None:
        raise CannotWrite(f"there is a table `{one}` already, in {place}: find another noun, or give --one")
    words = _words(root, name, one)
    if (place := _parameters(root).get(words["param"])) is not None:
        raise CannotWrite(f"addresses have a part `{words['param']}` already, in {place}: find another, or give --one")
    wanted = {
        _filled(place, words): _filled((TEMPLATES / file).read_text("utf-8"), words) for file, place in PLACES.items()
    }
    there = [place for place in wanted if (root / place).exists()]
    if there:
        raise CannotWrite(f"there is a feature `{name}` already: {there[0]}")
    wanted[f"tests/features/{name}/__init__.py"] = ""
    for place, text in wanted.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(text, "utf-8")
    features.write_text(_with_feature(features.read_text("utf-8"), name), "utf-8")
    roles.write_text(_with_right(roles.read_text("utf-8"), f"{name}.edit"), "utf-8")
    return Written(tuple(wanted), ("engine/features/__init__.py", "rules/roles.yaml"))


def _tables(root: Path) -> dict[str, str]:
    """The tables of a checkout, and the file each is written in."""
    found = {}
    for path in (*root.glob("engine/store/tables/*.py"), *root.glob("engine/features/*/tables.py")):
        for body in re.split(r"^(?=class )", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            said = re.search(r'table_name = "(\w+)"', body)
            camel = body[len("class ") :].split("(")[0]
            name = said[1] if said else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", camel).lower()
            found[name] = path.relative_to(root).as_posix()
    return found


def _parameters(root: Path) -> dict[str, str]:
    """The named parts of addresses (`/answers/{answer}`) in a checkout, and the file each is written in."""
    return {
        found[1]: path.relative_to(root).as_posix()
        for path in (root / "web/routes.py", *root.glob("web/features/*.py"))
        if path.is_file()
        for found in re.finditer(r'^(?:path_\w+\(|    )"(\w+)"[,:] ', path.read_text("utf-8"), re.MULTILINE)
    }


def _words(root: Path, name: str, one: str) -> dict[str, str]:
    taken = [int(path.name[:4]) for path in (root / "engine/store/migrations").glob("[0-9][0-9][0-9][0-9]_*.py")]
    return {
        "names": name,
        "name": one,
        "Names": _camel(name),
        "Name": _camel(one),
        "path": name.replace("_", "-"),
        "param": one.replace("_", ""),
        "one": one.replace("_", " "),
        "title": name.replace("_", " "),
        "Title": name.replace("_", " ").capitalize(),
        "number": f"{max(taken, default=0) + 1:04d}",
        "imports": ", ".join(sorted([_camel(name), f"Delete{_camel(one)}", f"Save{_camel(one)}"])),
    }


def _filled(text: str, words: dict[str, str]) -> str:
    return re.sub(r"%(\w+)%", lambda found: words[found[1]], text)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def _with_feature(text: str, name: str) -> str:
    """The import and the row, each in its place."""
    found = re.search(r"from engine\.features import \(\n(.*?)\)\n", text, re.DOTALL)
    if found is None:
        raise CannotWrite("engine/features/__init__.py has no import of its features")
    names = sorted([*(line.strip(" ,") for line in found[1].splitlines()), name])
    lines = "".join(f"    {one},\n" for one in names)
    text = text.replace(found[0], f"from engine.features import (\n{lines})\n")
    return re.sub(r"(FEATURES: .*?)\n\)\n", rf"\1\n    {name}.FEATURE,\n)\n", text, count=1, flags=re.DOTALL)


def _with_right(text: str, right: str) -> str:
    """The right, for the roles that keep the auto-reply library."""
    return text.replace("    - answers.edit\n", f"    - answers.edit\n    - {right}\n")
