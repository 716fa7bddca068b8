"""The command `engine`: each sub-command a thin door to a room. Exit 0: done, 1: what was checked is wrong, 2: no."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import logging
import os
import secrets
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine import __version__
from engine.cli_base import (
    COULD_NOT,
    DONE,
    WRONG,
    CannotDo,
    Commands,
    add_desk_options,
    load_config,
    terminal_locale,
)
from engine.cli_base import command as _command
from engine.cli_bench import add_bench
from engine.cli_desk import add_explain, add_simulate, with_desk
from engine.cli_jobs import add_jobs, add_worker
from engine.cli_lsp import add_lsp
from engine.cli_new import add_new
from engine.cli_rules import add_fmt, add_graph, add_test, add_validate
from engine.cli_user import add_user


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; gives the exit code."""
    logging.getLogger("transitions").setLevel(logging.WARNING)  # it tells every step of every ticket
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal of few characters must not end the command
    parser = argparse.ArgumentParser(
        prog="engine", description="Yingda (應答): a customer-service desk whose every behaviour is rules."
    )
    parser.add_argument("--version", action="version", version=f"yingda {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for add in (
        _init,
        add_validate,
        add_test,
        add_fmt,
        add_graph,
        add_lsp,
        add_explain,
        add_simulate,
        _reload,
        add_user,
        _doctor,
        add_worker,
        add_jobs,
        _demo,
        _migrate,
        _plugin,
        add_new,
        add_bench,
    ):
        add(commands)
    _plugins_add(commands)
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.print_help()
        return COULD_NOT
    try:
        return int(arguments.run(arguments))
    except CannotDo as error:
        print(f"engine {arguments.command}: {error}", file=sys.stderr)
        return COULD_NOT
    except KeyboardInterrupt:
        return COULD_NOT
    except BrokenPipeError:
        return COULD_NOT
    except Exception as error:
        from engine.config import ConfigError
        from engine.core.errors import Refused
        from engine.plugins import PluginError
        from engine.store import StoreError, is_away, unusable

        error = unusable(error) if is_away(error) and not isinstance(error, StoreError) else error
        if os.environ.get("ENGINE_TRACE") or not isinstance(
            error, (ConfigError, StoreError, PluginError, Refused, OSError)
        ):
            raise
        print(f"engine {arguments.command}: {error}", file=sys.stderr)
        return COULD_NOT


# --- engine init ----------------------------------------------------------------------------------------------------


def _init(commands: Commands) -> None:
    parser = _command(
        commands, "init", "Make a new desk: config, rules, storage, first admin.", "engine init my-desk", run_init
    )
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--admin", default="admin", metavar="NAME", help="username of the first admin")


def run_init(arguments: Any) -> int:
    """Copies the starter desk and makes the first admin; the password is printed once."""
    from engine.config import load, starter

    folder = Path(arguments.folder)
    if folder.exists() and any(folder.iterdir()):
        raise CannotDo(f"`{folder}` is not empty; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    origin = starter()
    for name in ("rules", "config"):
        shutil.copytree(origin / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (folder / ".gitignore").write_text("data/\n", "utf-8")
    password = secrets.token_urlsafe(12)
    config = load(folder)

    async def work(desk: Any) -> None:
        await add_agent(desk, arguments.admin, password, ["admin"], name="Admin")
        for feature in desk.plugins.tables["features"].values():
            if feature.starter is not None:
                await feature.starter(desk.context)

    asyncio.run(with_desk(config, work, begin=True))
    print(f"A new desk is ready in {folder}\n")
    print(f"  admin:     {arguments.admin}")
    print(f"  password:  {password}   (shown once; change it with `engine user password {arguments.admin}`)\n")
    print(f"Start it with: engine serve --desk {folder}")
    return DONE


async def add_agent(desk: Any, username: str, password: str, roles: list[str], **values: Any) -> None:
    """Makes an agent with a password."""
    from engine.desk.accounts import save_agent

    await save_agent(desk.context, username, password, roles=roles, **values)


# --- engine reload --------------------------------------------------------------------------------------------------


def _reload(commands: Commands) -> None:
    parser = _command(
        commands,
        "reload",
        "Tell the running server to put the rules folder in force.",
        "engine reload --note 'new refund rules'",
        run_reload,
    )
    parser.add_argument("--note", default="")
    add_desk_options(parser)


def run_reload(arguments: Any) -> int:
    """Asks the server of this desk; prints the findings."""
    from engine.lang.said import say

    config = load_config(arguments)
    control = config.data / "control"
    if not control.is_file():
        raise CannotDo(f"no server runs on this desk (there is no {control}); start it with `engine serve`")
    known = json.loads(control.read_text("utf-8"))
    locale = terminal_locale()
    request = urllib.request.Request(
        f"http://127.0.0.1:{known['port']}/api/v1/rules/reload?locale={locale}",
        data=json.dumps({"note": arguments.note}).encode(),
        headers={"Authorization": f"Bearer {known['token']}", "Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            result = json.load(answer)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        raise CannotDo(problem.get("detail", str(error))) from error
    except OSError as error:
        raise CannotDo(f"the server does not answer on port {known['port']}: {error}") from error
    errors = 0
    for finding in result["findings"]:
        errors += finding["severity"] == "error"
        print(f"{finding['severity']}[{finding['code']}]: {finding['message']}")
        print(f"  --> {finding['file']}:{finding['line']}:{finding['column']}")
        if finding.get("hint"):
            print(f"  = {say('help: {hint}', finding['hint']).spoken(locale)}")
    if errors:
        print(f"not put in force: {errors} errors; rulebook {result['digest'][:12]} goes on")
        return WRONG
    print(f"rulebook {result['digest'][:12]} is in force" + ("" if result["changed"] else " (nothing had changed)"))
    return DONE


# --- upkeep ---------------------------------------------------------------------------------------------------------


def _doctor(commands: Commands) -> None:
    parser = _command(
        commands,
        "doctor",
        "Prove that the desk is as it left itself, and show where each setting comes from.",
        "engine doctor --desk my-desk",
        run_doctor,
    )
    parser.add_argument(
        "--repair",
        choices=("show", "do"),
        nargs="?",
        const="show",
        help="shows what can be worked out anew (search, due times, last lines, numbers); `do` does it, with no server",
    )
    add_desk_options(parser)


def run_doctor(arguments: Any) -> int:
    """Prints settings with their origin, plugins set aside, outbox and chain; 1 when something is not right."""
    from engine.desk.accounts import examine

    config = load_config(arguments)
    if arguments.repair is not None:
        return _repair(config, arguments.repair == "do")
    print("settings:")
    for name, value in config.items():
        shown = "(set)" if "secret" in name and value else value
        print(f"  {name:<28} {shown!s:<28} {config.origin(name)}")
    report = asyncio.run(with_desk(config, lambda desk: examine(desk.context)))
    wrong = 0
    for line in report:
        print(f"{'ok   ' if line.ok else 'WRONG'} {line.text}")
        wrong += not line.ok
    return WRONG if wrong else DONE


def _repair(config: Any, do: bool) -> int:
    """Shows what can be worked out again, or does it; 1 where something was only shown."""
    from engine.store import repair

    async def work(desk: Any) -> Any:
        store = desk.context.store
        return (await store.write(repair.mend)).result if do else await store.read(repair.mendable)

    found = asyncio.run(with_desk(config, work, alone="engine doctor --repair" if do else None))
    for one in found:
        print(f"{'mended' if do else 'would mend'}: {one.message}")
    if not found:
        print("nothing here is to be worked out again; `engine doctor` tells of everything else")
    elif not do:
        print("nothing was changed: stop the server and say `engine doctor --repair do`")
    return WRONG if found and not do else DONE


def _demo(commands: Commands) -> None:
    parser = _command(
        commands,
        "demo",
        "Fill a desk with demo data made through the real engine; 100,000 tickets take some minutes.",
        "engine demo --tickets 200",
        run_demo,
    )
    parser.add_argument("--tickets", type=int, default=200, metavar="N")
    add_desk_options(parser)


def run_demo(arguments: Any) -> int:
    """Makes demo accounts, members and tickets over the last month; more than some hundred over the last year."""
    from engine.demo import Stopped, fill

    config = load_config(arguments)
    progress = sys.stderr.isatty()
    try:
        told = asyncio.run(fill(config, tickets=arguments.tickets, progress=progress))
    except Stopped as stopped:
        raise CannotDo(f"{stopped}") from None
    finally:
        if progress:
            print(file=sys.stderr)
    print(told)
    return DONE


def _migrate(commands: Commands) -> None:
    parser = _command(
        commands,
        "migrate",
        "Bring the storage to this version's schema (serve does it by itself).",
        "engine migrate --desk my-desk",
        run_migrate,
    )
    add_desk_options(parser)


def run_migrate(arguments: Any) -> int:
    """Opens the store, which migrates it."""

    async def work(desk: Any) -> None:
        return None

    asyncio.run(with_desk(load_config(arguments), work, alone="engine migrate"))
    print("the storage is at this version's schema")
    return DONE


def _plugin(commands: Commands) -> None:
    parser = _command(commands, "plugin", "The plugins of a desk.", "engine plugin list", run_plugin)
    parser.add_argument("do", choices=("list", "check"))
    add_desk_options(parser)


def run_plugin(arguments: Any) -> int:
    """Lists plugins, and those set aside with their error; `check` tries what they give to rules."""
    from engine.plugins import load

    config = load_config(arguments)
    folder = config.desk / config["plugins.dir"] if config["plugins.dir"] else None
    plugins = load(config.values["plugins.settings"], block=config["plugins.block"], folder=folder)
    plugins.register()
    for item in plugins.describe():
        print(f"{item.name:<24} {', '.join(item.hooks):<40} {item.doc.splitlines()[0] if item.doc else ''}")
    for aside in plugins.set_aside:
        print(f"{aside.name:<24} SET ASIDE: {aside.error}")
    if arguments.do == "list":
        return WRONG if plugins.set_aside else DONE
    return WRONG if _plugin_check(plugins, config["plugins.decide_within"] / 1000) or plugins.set_aside else DONE


def _plugin_check(plugins: Any, within: float) -> bool:
    """Tells how each function for rules takes bad input; whether something is wrong."""
    from engine.trying import tried

    print()
    found = tried(plugins, within)
    for one in found:
        how = f"{one.calls} inputs, {one.longest * 1000:.1f} ms at most" if one.calls else "its signature is right"
        print(f"{'WRONG' if one.troubles else 'ok':<6}{one.name:<24} {'' if one.troubles else how}".rstrip())
        for trouble in one.troubles:
            print(f"      {trouble}")
    if not found:
        print("no plugin gives rules a function or an action")
    return any(one.troubles for one in found)


def _plugins_add(commands: Commands) -> None:
    """Sub-commands that plugins bring: `serve` is one."""
    from engine.plugins import load

    load().extend_commands(commands)


if __name__ == "__main__":
    sys.exit(main())
