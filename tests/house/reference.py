"""The pages of the manual that are made from the code: `python -m tests.house.reference` writes them.

`plugins/HOOKS.md` from the docstrings of the hooks, `docs/commands.md` from the command line itself, `docs/settings.md`
from the defaults and the comments of `config/engine.yaml`, `docs/vocabulary.md` from what rules may name; `docs/sla.md`
from the cases of service times that tests play; and the colours of rule files from the keywords.
`test_documented.py` fails when a page is not what the code says.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine import cli, hookspecs
from engine.config import DEFAULTS
from engine.core.access import PERMISSIONS
from engine.core.events import EVENTS
from engine.core.own_settings import OWN_SETTINGS
from engine.core.settled import FACTS, STILL, Fact
from engine.editor import textmate
from engine.features import FEATURES
from engine.lang import CODES, DURATION, Duration, Severity, Type
from engine.lang.functions import BUILTINS
from tests.house import language_page, rights_page, sla_page

ROOT = Path(__file__).resolve().parents[2]
MADE = "<!-- Made by `python -m tests.house.reference`; change the code, not this page. -->\n\n"

# --- hooks ----------------------------------------------------------------------------------------------------------


def hooks() -> dict[str, Callable[..., Any]]:
    """Every hook by name, in the order of the file."""
    return {name: thing for name, thing in vars(hookspecs).items() if hasattr(thing, "engine_spec")}


def is_asked(name: str) -> bool:
    """Whether the house asks for what a hook gives: some line outside the collecting of plugins names it."""
    kind, _, rest = name.partition("_")
    wanted = {
        "register": rf"""tables(\.get\(|\[)["']{rest}["']""",
        "open": rf"""\.open\(\s*["']{rest}["']""",
    }.get(kind, rf"""\.tell(\(|,)\s*["']{name}["']""")
    if name == "register_commands":
        wanted = r"\.extend_commands\("
    return any(re.search(wanted, text) for text in sources().values())


@functools.cache
def sources() -> Mapping[str, str]:
    """The Python files of the house by their path; the web's front end and the tests are not among them."""
    found = [path for room in ("engine", "plugins") for path in (ROOT / room).rglob("*.py")]
    found += [path for room in (".", "handlers", "features") for path in (ROOT / "web" / room).glob("*.py")]
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in found}


def is_named(word: str, *, but: str) -> bool:
    """Whether a file other than `but`, where the word is declared, has it as a text."""
    return any(f'"{word}"' in text for path, text in sources().items() if path != but)


def hooks_page() -> str:
    """`plugins/HOOKS.md`."""
    rows, bodies = [], []
    for name, hook in hooks().items():
        doc = inspect.getdoc(hook) or ""
        head, _, example = doc.partition("\nExample::\n")
        what, _, rest = head.strip().partition("\n\n")
        asked = is_asked(name)
        signature = f"{name}({', '.join(inspect.signature(hook).parameters)})"
        rows.append(f"| [`{name}`](#{name}) | {_first_sentence(what)} | {'yes' if asked else '**not yet**'} |")
        text = [f"## {name}", f"`{signature}`", _joined(what)]
        if not asked:
            text.append("*Collected at start and kept; nothing in this version asks for it yet.*")
        text.extend(f"- {part}" for part in _parts(rest))
        text.append(f"```python\n{textwrap.dedent(example).strip()}\n```")
        bodies.append("\n\n".join(text).replace("\n\n- ", "\n- ").replace("\n- ", "\n\n- ", 1))
    return (
        f"# Hooks\n\n{MADE}How to write a plugin stands in [README.md](README.md); the shapes named here (`Channel`, "
        "`Storage` …) in `engine/api.py`.\nA plugin takes only the arguments it names.\n\n"
        "| Hook | For | In use |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n\n" + "\n\n".join(bodies) + "\n"
    )


def _parts(text: str) -> Iterator[str]:
    """Parameters, what to return, errors: each begins a line of the docstring with its own word."""
    part: list[str] = []
    for line in text.splitlines():
        if part and re.match(r"(`[a-z_]+`:|No parameters|Return|Errors:)", line):
            yield " ".join(part)
            part = []
        if line.strip():
            part.append(line.strip())
    if part:
        yield " ".join(part)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.:])\s", _joined(text), maxsplit=1)[0].rstrip(".:")


def _joined(text: str) -> str:
    return " ".join(text.split())


# --- commands -------------------------------------------------------------------------------------------------------


def commands() -> dict[str, argparse.ArgumentParser]:
    """Every sub-command of `engine` with its parser, as the program itself builds them."""
    found: dict[str, argparse.ArgumentParser] = {}

    class Stop(Exception):
        """Parsing has begun: everything is there."""

    def spy(self: argparse.ArgumentParser, *_: Any) -> Any:
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                found.update(action.choices)
        raise Stop

    original = argparse.ArgumentParser.parse_args
    argparse.ArgumentParser.parse_args = spy  # type: ignore[method-assign, assignment]
    try:
        cli.main([])
    except Stop:
        pass
    finally:
        argparse.ArgumentParser.parse_args = original  # type: ignore[method-assign]
    return found


def commands_page() -> str:
    """`docs/commands.md`."""
    text = [
        f"# The command `engine`\n\n{MADE}In a checkout it is `.venv/bin/engine`. Every command has `--help`.\n"
        "Exit code 0: done; 1: what was checked is not right; 2: the command could not do its work."
    ]
    for name, parser in commands().items():
        text.append(f"## engine {name}\n\n{parser.description}\n\n```\n{parser.epilog}\n```")
        rows = []
        for action in parser._actions:
            if isinstance(action, argparse._HelpAction):
                continue
            shown = ", ".join(action.option_strings) or f"{action.metavar or action.dest}"
            if action.option_strings and action.nargs != 0:
                shown += f" {action.metavar or _choices(action) or action.dest.upper()}"
            elif not action.option_strings and action.choices:
                shown = _choices(action)
            rows.append(f"- `{shown}`" + (f": {action.help}" if action.help else ""))
        text.extend(["\n".join(rows)] if rows else [])
    return "\n\n".join(text) + "\n"


def _choices(action: argparse.Action) -> str:
    return "|".join(str(choice) for choice in action.choices) if action.choices else ""


# --- settings -------------------------------------------------------------------------------------------------------


def settings() -> dict[str, str]:
    """Every setting that `config/engine.yaml` has, with the comment beside it."""
    found: dict[str, str] = {}
    section = ""
    for line in (ROOT / "config" / "engine.yaml").read_text("utf-8").splitlines():
        match = re.match(r"( *)([a-z_]+):(.*?)(?:\s#\s*(.*))?$", line)
        if match is None:
            continue
        indent, key, value, comment = match.groups()
        if not indent:
            section = key
        name = f"{section}.{key}" if indent else key
        if indent or value.strip():
            found[name] = comment or ""
    return found


def has_effect(name: str) -> bool:
    """Whether anything reads the setting."""
    return is_named(name, but="engine/config.py") or f'["{name}"]' in sources()["engine/config.py"]


def settings_page() -> str:
    """`docs/settings.md`."""
    said = settings()
    rows = []
    for name, default in DEFAULTS.items():
        text = said.get(name, "")
        if not has_effect(name):
            text = f"**no effect yet**: {text}"
        shown = "(empty)" if default == "" else f"`{_plain(default)}`"
        rows.append(f"| `{name}` | {shown} | {text} |")
    return (
        f"# Settings\n\n{MADE}They stand in `config/engine.yaml`. `config/NAME.yaml` comes over it where "
        "`ENGINE_ENV=NAME`,\nthen variables (`server.port` is `ENGINE_SERVER_PORT`, and so for every setting), then\n"
        "flags of the command line. `engine doctor` prints each value and where it came from. "
        "An unknown setting, or one of\nthe wrong kind, keeps the server from starting, with its file and name.\n\n"
        "| Setting | Default | What it is |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n\n" + _own_settings()
    )


def _own_settings() -> str:
    """What of a rulebook's `settings.yaml` the desk itself reads."""
    rows = [
        f"| `{name}` | {own.type} | `{Duration(own.default) if own.type == DURATION else own.default}` | {own.doc} |"
        for name, own in OWN_SETTINGS.items()
    ]
    return (
        "## In the rulebook\n\nThese are the shop's, not the server's: they stand in `rules/settings.yaml`, and"
        "  in a shop's own\n`settings.yaml` where it differs. One that is not there has its default. "
        "Other settings there are read by rules only.\n\n"
        "| Setting | Type | Default | What it is |\n| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n"
    )


def _plain(value: Any) -> str:
    """As YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- what rules may say ---------------------------------------------------------------------------------------------


def vocabulary_page() -> str:
    """`docs/vocabulary.md`."""
    events = [
        f"| `{e.name}`{' `after D`' if e.after == 'required' else ''} | {', '.join(e.objects)} | {e.doc} |"
        for e in EVENTS
    ]
    settled = [
        f"| {_all(fact.events)}{' without `after`' if fact.plain and _waits(fact) else ''} | {_all(fact.fields)} "
        f"| {fact.told} |"
        for fact in FACTS
    ]
    fields = [
        f"| `{f.name}` | {type_name(f.type)}{', may be empty' if f.optional else ''} | {'yes' if f.writable else ''} | "
        f"{f.doc} |"
        for f in built_in_fields().values()
    ]
    functions = [
        f"| `{f.name}({', '.join(type_name(p) for p in f.parameters)})` | {type_name(f.result)} | {f.doc} |"
        for forms in BUILTINS.values()
        for f in (form.function for form in forms)
    ]
    permissions = [f"| `{name}` | {doc} |" for name, doc in rights().items()]
    text = [
        f"# What rules may name\n\n{MADE}How rules are written stands in [rules.md](rules.md), with every action. "
        "A desk's own\nfields, settings, states and word lists come on top; they are declared in its `rules/`.",
        _table("Events", "Event | Brings | Happens when", events),
        _table("What an event settles", "Event | Field | Is then", settled),
        "It is so until a rule of an earlier stage writes the field, or what it follows, in the same moment; a\n"
        "condition that asks for the contrary is told as `never-true`. A new ticket is moved on at once where the\n"
        "desk or a rule of the same moment does that; reopened so, it counts one.\n\n"
        f"In an event that comes `after` a while nothing has changed by itself. Nor, but for what they are about, in\n"
        f"{_all(STILL)}.",
        _table("Fields", "Field | Type | Rules write it | What it is", fields),
        _table("Functions", "Function | Gives | What it does", functions),
        _table("Rights", "Right | Lets one", permissions),
        "`rules/roles.yaml` gives rights to roles.",
    ]
    for severity, title in ((Severity.ERROR, "Errors"), (Severity.WARNING, "Warnings")):
        rows = [f"| [`{c.code}`](findings.md#{c.code}) | {c.why} |" for c in CODES.values() if c.severity is severity]
        text.append(_table(f"Findings: {title.lower()}", "Code | Means", rows))
    return "\n\n".join(text) + "\n"


def findings_page() -> str:
    """`docs/findings.md`."""
    text = [
        f"# Findings\n\n{MADE}What `engine validate`, the console, the API and `engine lsp` find, each with texts "
        "that show it.\n`engine validate --explain CODE` prints one. An error keeps rules from being put in force; "
        'a warning does not, and\n`allow CODE "why"` silences it in its rule, or, outside of rules, in its file.'
    ]
    for code in CODES.values():
        text.append(f"## {code.code}\n\n*{code.severity}.* {code.why}")
        for name, examples in (("Not so", code.bad), ("But so", code.good)):
            text += [f"{name}:\n\n```text\n{example}\n```" for example in examples]
    return "\n\n".join(text) + "\n"


def rights() -> dict[str, str]:
    """Every right there is, of the desk and of its features."""
    return {**PERMISSIONS, **{name: doc for feature in FEATURES for name, doc in feature.permissions.items()}}


def built_in_fields() -> Mapping[str, Any]:
    """The fields that are always there, whatever a desk declares."""
    from engine.core import fields
    from engine.lang import Enum

    class Enums(dict[str, Enum]):
        """Whatever enumeration is asked for, without values."""

        def __missing__(self, name: str) -> Enum:
            return Enum(name, ())

    return {name: field for name, (field, _) in fields.built_in(Enums()).items()}


def type_name(type_: Type) -> str:
    """A type in words."""
    if type_.kind == "list" and type_.item is not None:
        return f"list of {type_name(type_.item)}"
    if type_.enum is not None:
        return f"{type_.enum.name}"
    return type_.entity or type_.kind


def _all(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _waits(fact: Fact) -> bool:
    """Whether one of its events may come `after` a while."""
    return any(event.after == "optional" for event in EVENTS if event.name in fact.events)


def _table(title: str, head: str, rows: Iterable[str]) -> str:
    columns = head.count("|") + 1
    return f"## {title}\n\n| {head} |\n|{' --- |' * columns}\n" + "\n".join(rows)


PAGES: Mapping[str, Callable[[], str]] = {
    "plugins/HOOKS.md": hooks_page,
    "docs/commands.md": commands_page,
    "docs/settings.md": settings_page,
    "docs/vocabulary.md": vocabulary_page,
    "docs/findings.md": findings_page,
    "docs/sla.md": lambda: sla_page.page(MADE),
    "docs/rights.md": lambda: rights_page.page(MADE, rights()),
    "rules/LANGUAGE.md": lambda: language_page.page(MADE, built_in_fields(), type_name),
    f"engine/editor/{textmate.FILE}": textmate.text,
    "web/ui/src/console/rules/keywords.gen.ts": textmate.for_console,
}
"""Page to what makes it."""


def main() -> None:
    """Writes every page."""
    for name, make in PAGES.items():
        (ROOT / name).write_text(make(), "utf-8")
        print(name)


if __name__ == "__main__":
    main()
