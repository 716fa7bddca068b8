"""Finding plugins, and asking each once: after start, what they gave stands in plain tables.

Found are every module under `plugins/`, entry points of the group `engine` (other distributions, and our own web),
and files in the desk's `plugins_dir`. The path is the name: `plugins/channels/email.py` is `channels.email` in
settings, log and findings. A plugin that cannot be imported or raises when asked is set aside with its error; the
rest goes on. `ENGINE_TRACE=hooks` prints every call of a hook.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import logging
import os
import pkgutil
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pluggy

from engine import hookspecs

log = logging.getLogger(__name__)

HOOKS = tuple(sorted(name for name, thing in vars(hookspecs).items() if hasattr(thing, "engine_spec")))
"""Every hook there is."""

TABLES: Mapping[str, str] = MappingProxyType(
    {
        "channels": "name",
        "authenticators": "name",
        "notifiers": "name",
        "functions": "name",
        "actions": "name",
        "permissions": "name",
        "features": "name",
    }
)
"""What `register_*` hooks fill: table to the attribute that names a row."""


class PluginError(Exception):
    """Plugins that cannot stand together; the text names both."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A plugin that does not run, and why: shown to admins."""

    name: str
    error: str


@dataclass(frozen=True, slots=True)
class Described:
    """A plugin as `engine plugin list` shows it."""

    name: str
    doc: str
    hooks: tuple[str, ...]
    origin: str


class Plugins:
    """The plugins of one desk. Made by `load`."""

    def __init__(self, manager: pluggy.PluginManager, settings: Mapping[str, Any]) -> None:
        self._manager = manager
        self._settings = settings
        self._origins: dict[str, str] = {}
        self.set_aside: list[SetAside] = []
        self.errors: Counter[str] = Counter()
        """What listeners raised, by plugin: for the metrics."""
        self.tables: Mapping[str, Mapping[str, Any]] = MappingProxyType({name: {} for name in TABLES})

    def _calls(self, hook: str, arguments: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
        """The implementations of a hook, by plugin name, each ready to be called with what it takes."""
        found = sorted(getattr(self._manager.hook, hook).get_hookimpls(), key=lambda impl: impl.plugin_name)
        for impl in found:
            own = {**arguments}
            if "config" in own and own["config"] is None:
                own["config"] = self.settings(impl.plugin_name)
            taken = {name: own[name] for name in impl.argnames}
            yield impl.plugin_name, _traced(hook, impl.plugin_name, impl.function, taken)

    def settings(self, name: str) -> Mapping[str, Any]:
        """The settings of a plugin: the section `channels.email`, or `email` inside `channels`."""
        section: Any = self._settings.get(name)
        if section is None:
            section = self._settings
            for step in name.split("."):
                section = section.get(step, {}) if isinstance(section, Mapping) else {}
        return section if isinstance(section, Mapping) else {}

    def register(self) -> None:
        """Asks every `register_*` hook once and fills `tables`.

        Raises PluginError when two plugins give one name.
        """
        tables: dict[str, Mapping[str, Any]] = {}
        for table, key in TABLES.items():
            rows: dict[str, Any] = {}
            givers: dict[str, str] = {}
            for plugin, call in self._calls(f"register_{table}", {"config": None}):
                try:
                    given = [(_name_of(thing, key, f"register_{table}"), thing) for thing in call() or ()]
                except Exception as error:
                    self._put_aside(plugin, error)
                    continue
                for name, thing in given:
                    if name in rows:
                        raise PluginError(
                            f"two plugins give the {table[:-1]} `{name}`: `{givers[name]}` and `{plugin}`; "
                            "block one of them (`plugins: {block: […]}`)"
                        )
                    rows[name] = thing
                    givers[name] = plugin
            tables[table] = MappingProxyType(rows)
        self.tables = MappingProxyType(tables)

    def open(self, what: str, url: str, config: Mapping[str, Any]) -> Any:
        """What the first plugin that knows the address opens; `what` is `storage`, `blobs` or `bus`.

        Raises PluginError when none knows it, and whatever the plugin raised.
        """
        for plugin, call in self._calls(f"open_{what}", {"url": url, "config": config}):
            try:
                opened = call()
            except ImportError as error:
                raise PluginError(f"`{plugin}` cannot open `{url.partition(':')[0]}:…`: {error}") from error
            if opened is not None:
                return opened
        scheme = url.partition(":")[0]
        hint = "".join(f"; `{aside.name}` was set aside: {aside.error}" for aside in self.set_aside)
        raise PluginError(f"no plugin opens a {what} at `{scheme}:…`{hint}")

    def tell(self, hook: str, **arguments: Any) -> None:
        """Calls every listener of a `desk_*` or `event_*` hook; what one raises is logged and counted."""
        for plugin, call in self._calls(hook, arguments):
            try:
                call()
            except Exception:
                self.errors[plugin] += 1
                log.exception("plugin `%s` failed in `%s`", plugin, hook)

    def listens(self, hook: str) -> bool:
        """Whether anybody implements the hook: spares making arguments for nobody."""
        return bool(getattr(self._manager.hook, hook).get_hookimpls())

    def extend_commands(self, commands: Any) -> None:
        """Lets every plugin add its sub-commands; one that raises is set aside."""
        for plugin, call in self._calls("register_commands", {"commands": commands}):
            try:
                call()
            except Exception as error:
                self._put_aside(plugin, error)

    def describe(self) -> list[Described]:
        """Every plugin that runs, by name."""
        found = []
        for name, plugin in self._manager.list_name_plugin():
            if plugin is None:
                continue
            hooks = tuple(sorted(caller.name for caller in self._manager.get_hookcallers(plugin) or ()))
            doc = (plugin.__doc__ or "").strip().partition("\n")[0]
            found.append(Described(name, doc, hooks, self._origins.get(name, "")))
        return sorted(found, key=lambda one: one.name)

    def _put_aside(self, name: str, error: BaseException) -> None:
        log.error("plugin `%s` is set aside: %s", name, error)
        self.set_aside.append(SetAside(name, f"{type(error).__name__}: {error}"))

    def _add(self, name: str, module: Any, origin: str) -> None:
        if self._manager.has_plugin(name):
            raise PluginError(f"two plugins are called `{name}`: `{self._origins[name]}` and `{origin}`")
        try:
            self._manager.register(module, name)
        except (pluggy.PluginValidationError, ValueError) as error:
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            self._put_aside(name, error)
            return
        self._origins[name] = origin
        unknown = [one.name for one in self._manager.get_hookcallers(module) or () if not one.has_spec()]
        if unknown:
            self._manager.unregister(name=name)
            self._put_aside(name, PluginError("; ".join(map(_no_hook, unknown))))


def _no_hook(name: str) -> str:
    near = difflib.get_close_matches(name, HOOKS, 1)
    told = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(HOOKS)}"
    return f"there is no hook `{name}`; {told}"


def _name_of(thing: Any, key: str, hook: str) -> str:
    """What names a thing that a hook gave. Raises TypeError, which says what is to be given."""
    name = getattr(thing, key, None)
    if not isinstance(name, str) or not name:
        raise TypeError(f"`{hook}` gives a list of things with a `{key}`, and this has none: {thing!r:.100}")
    return name


def load(
    settings: Mapping[str, Any] | None = None,
    *,
    block: Collection[str] = (),
    folder: Path | None = None,
    shelves: str = "plugins",
    group: str | None = "engine",
) -> Plugins:
    """Finds and registers every plugin that is not blocked, in the order of names.

    `settings` are the plugins' own, `folder` is the desk's `plugins_dir`. Raises PluginError when two have one name.
    """
    manager = pluggy.PluginManager("engine")
    manager.add_hookspecs(hookspecs)
    plugins = Plugins(manager, settings or {})
    found: dict[str, list[tuple[str, Any]]] = {}
    for name in _shelved(shelves):
        found.setdefault(name.removeprefix(f"{shelves}."), []).append((name, importlib.import_module))
    for point in entry_points(group=group) if group else ():
        found.setdefault(point.name, []).append((point.value, lambda _value, point=point: point.load()))
    for path in sorted(folder.glob("*.py")) if folder is not None and folder.is_dir() else ():
        if not path.name.startswith("_"):
            found.setdefault(path.stem, []).append((str(path), _from_file))
    for name in sorted(found):
        if name in block:
            continue
        if len(found[name]) > 1:
            raise PluginError(f"two plugins are called `{name}`: `{found[name][0][0]}` and `{found[name][1][0]}`")
        origin, bring = found[name][0]
        try:
            module = bring(origin)
        except Exception as error:
            plugins._put_aside(name, error)
            continue
        plugins._add(name, module, origin)
    return plugins


def _shelved(shelves: str) -> list[str]:
    """Modules two floors down: `plugins.SHELF.NAME`; names with an underscore in front are a plugin's own helpers."""
    try:
        root = importlib.import_module(shelves)
    except ModuleNotFoundError:
        return []
    names = []
    for shelf in pkgutil.iter_modules(root.__path__, f"{shelves}."):
        if not shelf.ispkg:
            continue
        package = importlib.import_module(shelf.name)
        for module in pkgutil.iter_modules(package.__path__, f"{shelf.name}."):
            if not module.name.rpartition(".")[2].startswith("_"):
                names.append(module.name)
    return names


def _from_file(path: str) -> ModuleType:
    name = f"engine_plugin_{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load `{path}`")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _traced(hook: str, plugin: str, function: Any, arguments: Mapping[str, Any]) -> Any:
    def call() -> Any:
        if os.environ.get("ENGINE_TRACE") != "hooks":
            return function(**arguments)
        names = ", ".join(arguments)
        try:
            result = function(**arguments)
        except Exception as error:
            print(f"hook {hook}({names}) {plugin}: raised {type(error).__name__}: {error}", file=sys.stderr)
            raise
        print(f"hook {hook}({names}) {plugin}: {type(result).__name__}", file=sys.stderr)
        return result

    return call
