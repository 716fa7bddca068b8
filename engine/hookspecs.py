"""The contract: every hook the house knows, and what it expects of each.

Three shapes, and the name tells the shape: `register_*` is asked once at start and collected into a typed table,
where two plugins with one name are a start-up error; `open_*` is answered by the first plugin that knows the address;
`desk_*` and `event_*` tell, and what a listener raises is logged and counted, never passed on. A plugin takes only
the arguments it names. Hooks are never called inside a decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pluggy

from engine.api import (
    Action,
    Authenticator,
    Blobs,
    Bus,
    Channel,
    Function,
    Notifier,
    Permission,
    Storage,
)

hookspec = pluggy.HookspecMarker("engine")


# --------------- asked once at start: register_*


@hookspec
def register_channels(config: Mapping[str, Any]) -> Iterable[Channel]:
    """Gives ways in and out of the desk. Asked once at start, before the store is opened.

    `config`: the plugin's own section of the setting `plugins.settings`, by its name: `channels.NAME`.
    Return the channels that are to run under these settings; an empty list where none is set up.
    Errors: what is raised sets this plugin aside with its error, where an admin sees it; the desk starts.

    Example::

        class Pager(Channel):
            name, can = "pager", Can(refuses_twins=True)

        @hookimpl
        def register_channels(config):
            return [Pager()] if config.get("number") else []
    """


@hookspec
def register_authenticators(config: Mapping[str, Any]) -> Iterable[Authenticator]:
    """Gives ways to sign in; tried by the plugins' names in order. Asked once at start.

    `config`: the settings of the plugin's own section.
    Return the authenticators; each says for whom (`audience`) it is.
    Errors: what is raised sets this plugin aside with its error; the other ways to sign in stay.

    Example::

        class Badge(Authenticator):
            name, audience = "badge", "agent"

        @hookimpl
        def register_authenticators(config):
            return [Badge()]
    """


@hookspec
def register_notifiers(config: Mapping[str, Any]) -> Iterable[Notifier]:
    """Gives ways to tell somebody something outside a conversation: `notify … via NAME` in rules. Asked once at start.

    `config`: the settings of the plugin's own section.
    Return the notifiers.
    Errors: what is raised sets this plugin aside with its error.

    Example::

        class Bell(Notifier):
            name = "bell"

        @hookimpl
        def register_notifiers(config):
            return [Bell()]
    """


@hookspec
def register_functions() -> Iterable[Function]:
    """Gives pure functions that rules may call. Asked once at start; rule calls are direct calls afterwards.

    No parameters.
    Return functions; their types and manual are read from signature and docstring.
    Errors: what is raised sets this plugin aside; rules that call its functions are then `unknown-function`.

    Example::

        def vowels(text: str) -> int:
            return sum(c in "aeiou" for c in text)

        @hookimpl
        def register_functions():
            return [Function("vowels", vowels)]
    """


@hookspec
def register_actions(config: Mapping[str, Any]) -> Iterable[Action]:
    """Gives actions that rules may name: `do shop.coupon(amount: 50)`. Asked once at start.

    `config`: the settings of the plugin's own section.
    Return actions; their arguments are read from the signature. A plain function is pure and gives changes at once, an
    `async` one is carried out after the commit, from the outbox, with a key that stays the same at every try.
    Errors: what is raised sets this plugin aside; rules that name its actions are then `unknown-action`.

    Example::

        async def coupon(doing, amount: int):
            await shop.give(amount, key=doing.key)

        @hookimpl
        def register_actions(config):
            return [Action("shop.coupon", coupon)]
    """


@hookspec
def register_permissions() -> Iterable[Permission]:
    """Gives rights that roles may be granted, beside the desk's own. Asked once at start.

    No parameters.
    Return permissions with a title in each language and the roles that have them by default.
    Errors: what is raised sets this plugin aside; nobody has a right that is not registered.

    Example::

        @hookimpl
        def register_permissions():
            return [Permission("pager.use", {"en": "Use the pager"}, roles=("supervisor",))]
    """


@hookspec
def register_features() -> Iterable[Any]:
    """Gives features: nouns that are only kept and shown, each with its tables, rights, commands and pages. Asked once
    at start, before the store is opened.

    No parameters.
    Return `engine.desk.Feature` values; `engine/features/README.md` tells what stands in one.
    Errors: what is raised sets this plugin aside; two features that answer one command end the start, naming both.

    Example::

        from engine.desk import Feature

        @hookimpl
        def register_features():
            return [Feature("bulletin", permissions={"bulletin.write": "write on the bulletin board"})]
    """


@hookspec
def register_commands(commands: Any) -> None:
    """Adds sub-commands to `engine`. Called once by the command line, before arguments are read.

    `commands`: the sub-parsers object of `argparse`; a parser's default `run` is called with the arguments.
    Return nothing.
    Errors: what is raised is shown, and the command line goes on without the commands.

    Example::

        @hookimpl
        def register_commands(commands):
            parser = commands.add_parser("beep", help="beeps")
            parser.set_defaults(run=lambda arguments: print("\\a"))
    """


# --------------- answered by who knows the address: open_*


@hookspec(firstresult=True)
def open_storage(url: str, config: Mapping[str, Any]) -> Storage | None:
    """Opens the database that the address names. Called at start of every process.

    `url`: as in the setting `storage.url`; `config`: the section `storage` of the setting `plugins.settings`.
    Return the storage, or None when the scheme is not yours.
    Errors: what is raised ends the start with its text; nothing has been written.

    Example::

        @hookimpl
        def open_storage(url, config):
            return Sqlite(url.removeprefix("sqlite:")) if url.startswith("sqlite:") else None
    """


@hookspec(firstresult=True)
def open_blobs(url: str, config: Mapping[str, Any]) -> Blobs | None:
    """Opens the place where uploaded bytes lie. Called at start of every process.

    `url`: as in the setting `files.url`; `config`: the section `files` of the setting `plugins.settings`.
    Return the blobs, or None when the scheme is not yours.
    Errors: what is raised ends the start with its text.

    Example::

        @hookimpl
        def open_blobs(url, config):
            return Files(url.removeprefix("file:")) if url.startswith("file:") else None
    """


@hookspec(firstresult=True)
def open_bus(url: str, config: Mapping[str, Any]) -> Bus | None:
    """Opens what wakes the processes of one desk. Called at start of every process.

    `url`: as in the setting `bus.url`; `config`: the section `bus` of the setting `plugins.settings`.
    Return the bus, or None when the scheme is not yours.
    Errors: what is raised ends the start with its text.

    Example::

        @hookimpl
        def open_bus(url, config):
            return Local() if url == "local:" else None
    """


# --------------- told: desk_* and event_*


@hookspec
def desk_started(desk: Any) -> None:
    """Tells that the desk is open and takes work.

    `desk`: the `Desk`.
    Return nothing.
    Errors: logged and counted, never passed on.

    Example::

        @hookimpl
        def desk_started(desk):
            print("open")
    """


@hookspec
def desk_stopping(desk: Any) -> None:
    """Tells that the desk is about to close: no new work is taken, what runs is finished.

    `desk`: the `Desk`.
    Return nothing.
    Errors: logged and counted, never passed on.

    Example::

        @hookimpl
        def desk_stopping(desk):
            print("closing")
    """


@hookspec
def event_committed(event: Any) -> None:
    """Tells of an event after its commit, in the process that committed it. To act, write a rule or an action.

    `event`: id, at, kind, actor, ticket and member ids, body.
    Return nothing; return soon, the caller waits.
    Errors: logged and counted, never passed on.

    Example::

        @hookimpl
        def event_committed(event):
            counts[event.kind] += 1
    """
