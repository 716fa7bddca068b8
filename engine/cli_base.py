"""What every sub-command of `engine` shares: exit codes, refusing, how a command is declared, where rules lie."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOCALES = ("en", "zh-TW", "zh-CN")
"""As `engine.lang.said` has them; a command that asks for help need not load the language."""
DONE, WRONG, COULD_NOT = 0, 1, 2


class CannotDo(Exception):
    """The command could not do its work; the message says what happened and what to do."""


Commands = Any
"""argparse's sub-parsers: plugins add theirs by `register_commands`."""


def command(
    commands: Commands, name: str, what: str, example: str, run: Callable[[Any], int]
) -> argparse.ArgumentParser:
    """Adds a sub-command: its one sentence, an example of itself, and what runs it (gives the exit code)."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=what,
        description=what,
        epilog=f"example: {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_desk_options(parser: argparse.ArgumentParser) -> None:
    """`--desk` and `--data`, the same for every command that works on a desk."""
    parser.add_argument("--desk", default=".", metavar="DIR", help="the desk's folder (default: this one)")
    parser.add_argument(
        "--data", default=None, metavar="DIR", help="put storage, files and keys there instead of DESK/data"
    )


def load_config(arguments: Any, *, extra: str | None = None, **overrides: Any) -> Any:
    """The configuration of the desk a command names; `extra` is one more settings file. Raises CannotDo."""
    from engine.config import load

    desk = Path(arguments.desk)
    if not (desk / "rules").is_dir() and not (desk / "config").is_dir():
        raise CannotDo(f"`{desk}` is no desk: it has neither rules/ nor config/; make one with `engine init {desk}`")
    return load(desk, arguments.data, overrides, extra)


def add_locale(parser: argparse.ArgumentParser) -> None:
    """`--locale`, the same for every command that speaks of rules."""
    parser.add_argument(
        "--locale", choices=LOCALES, default=None, help="the language of texts (default: the terminal's; JSON: en)"
    )


def locale_for(arguments: Any) -> str:
    """The language a command speaks: `--locale`, else for people (`--format text`) that of the terminal."""
    if arguments.locale is not None:
        return str(arguments.locale)
    if getattr(arguments, "format", "text") != "text":
        return "en"
    return terminal_locale()


def terminal_locale() -> str:
    """The language the terminal is set to (`LC_ALL`, `LC_MESSAGES`, `LANG`), of those we speak."""
    from engine.lang.said import locale_of

    return locale_of(next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), None))


def rules_folder(path: str) -> Path:
    """The rules folder a path means: itself, that of a desk, or the one a file lies in. Raises CannotDo."""
    folder = Path(path)
    if folder.is_dir() and not (folder / "desk.yaml").exists() and (folder / "rules" / "desk.yaml").exists():
        return folder / "rules"
    if folder.is_file():
        for parent in folder.parents:
            if (parent / "desk.yaml").exists():
                return parent
    if not folder.is_dir():
        raise CannotDo(f"there is no rules folder `{path}`")
    return folder


def cache_folder() -> Path:
    """Where commands that have no desk keep what they may make again: the user's own cache (XDG Base Directory)."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".cache") / "yingda" / "rules"
