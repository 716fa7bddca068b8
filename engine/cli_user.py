"""`engine user`: agents' accounts, straight in the storage."""

from __future__ import annotations

import asyncio
import getpass
import secrets
import sys
from typing import Any

from engine.cli_base import DONE, CannotDo, Commands, add_desk_options, command, load_config
from engine.cli_desk import with_desk


def add_user(commands: Commands) -> None:
    """Adds `user`."""
    parser = command(
        commands,
        "user",
        "Agents' accounts: add, list, password, capacity, disable.",
        "engine user add amy --role agent --team frontline --shop demo",
        run_user,
    )
    parser.add_argument("do", choices=("add", "list", "password", "capacity", "disable"))
    parser.add_argument("username", nargs="?")
    parser.add_argument("chats", nargs="?", type=int, help="with `capacity`: live chats at once")
    parser.add_argument("--name")
    parser.add_argument("--alias", help="what members see")
    parser.add_argument("--role", action="append", default=None)
    parser.add_argument("--team", action="append", default=None)
    parser.add_argument("--skill", action="append", default=None)
    parser.add_argument("--shop", action="append", default=None)
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    add_desk_options(parser)


def _set_capacity(config: Any, username: str, chats: int | None) -> int:
    from engine.core.errors import Refused
    from engine.desk import accounts

    if chats is None:
        raise CannotDo(f"say how many chats at once: `engine user capacity {username} 5`")
    try:
        found = asyncio.run(with_desk(config, lambda desk: accounts.set_capacity(desk.context, username, chats)))
    except Refused as refused:
        raise CannotDo(refused.message) from refused
    if not found:
        raise CannotDo(f"there is no agent `{username}`; `engine user list` names all")
    print(f"{username} is given up to {chats} live chats at once")
    return DONE


def run_user(arguments: Any) -> int:
    """Works on accounts straight in the storage."""
    from engine.desk import accounts

    config = load_config(arguments)
    if arguments.do == "list":
        rows = asyncio.run(with_desk(config, lambda desk: accounts.list_agents(desk.context)))
        for row in rows:
            state = "" if row["enabled"] else "  (disabled)"
            print(
                f"{row['username']:<16} {row['name']:<16} {', '.join(row['roles'])}  {', '.join(row['teams'])}{state}"
            )
        return DONE
    if not arguments.username:
        raise CannotDo(f"`engine user {arguments.do}` needs a username")
    if arguments.do == "disable":
        found = asyncio.run(with_desk(config, lambda desk: accounts.disable(desk.context, arguments.username)))
        if not found:
            raise CannotDo(f"there is no agent `{arguments.username}`")
        print(f"{arguments.username} can no longer sign in; open sessions are ended")
        return DONE
    if arguments.do == "capacity":
        return _set_capacity(config, arguments.username, arguments.chats)
    password, told = _password(arguments)
    values = {k: v for k, v in (("name", arguments.name), ("alias", arguments.alias)) if v is not None}

    async def work(desk: Any) -> Any:
        if arguments.do == "password":
            return await accounts.set_password(desk.context, arguments.username, password)
        _known(desk, arguments)
        return await accounts.save_agent(
            desk.context,
            arguments.username,
            password,
            roles=arguments.role or ["agent"],
            teams=arguments.team or [],
            skills=arguments.skill or [],
            shops=arguments.shop or ["*"],
            **values,
        )

    if asyncio.run(with_desk(config, work, begin=arguments.do == "add")) is False:
        raise CannotDo(f"there is no agent `{arguments.username}`; add it with `engine user add {arguments.username}`")
    print(f"{arguments.username} is saved" + (f"; password: {password}" if told else ""))
    return DONE


def _known(desk: Any, arguments: Any) -> None:
    from engine.lang import suggest

    book = desk.rulebook
    for what, given, known in (
        ("role", arguments.role, book.roles),
        ("team", arguments.team, book.teams),
        ("skill", arguments.skill, book.skills),
        ("shop", arguments.shop, book.shops),
    ):
        for name in given or ():
            if name not in known:
                close = suggest(name, known)
                raise CannotDo(
                    f"there is no {what} `{name}`"
                    + (f"; did you mean `{close}`?" if close else f"; known: {', '.join(known)}")
                )


def _password(arguments: Any) -> tuple[str, bool]:
    if arguments.password_stdin:
        return sys.stdin.readline().rstrip("\n"), False
    if sys.stdin.isatty():
        first = getpass.getpass("password (empty: make one): ")
        if first:
            if first != getpass.getpass("again: "):
                raise CannotDo("the two passwords are not the same")
            return first, False
    return secrets.token_urlsafe(12), True
