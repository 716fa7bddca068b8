"""`config/*.yaml` → `Config`: files, overridden by `ENGINE_…` variables, then flags; each value knows where it came
from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.lang import Source, load_plain

DEFAULTS: dict[str, Any] = {
    "server.address": "127.0.0.1",
    "server.port": 8080,
    "server.public_url": "",
    "server.proxies": [],
    "server.secure_cookies": False,
    "server.metrics_secret": "",
    "storage.url": "sqlite:desk.db",
    "files.url": "file:files",
    "bus.url": "local:",
    "clock.step": 2,
    "locale": "zh-TW",
    "rules.path": "rules",
    "rules.hold": True,
    "rules.watch": True,
    "plugins.block": [],
    "plugins.dir": "",
    "plugins.settings": {},
    "plugins.send_within": 60,
    "plugins.answer_within": 20,
    "plugins.decide_within": 2000,
    "plugins.failures": 5,
    "plugins.rest": 60,
    "limits.line": 20_000,
    "limits.body": 1_000_000,
    "limits.rules_body": 32_000_000,
    "limits.upload": 20_000_000,
    "limits.bodies": 256_000_000,
    "limits.picture_pixels": 40_000_000,
    "limits.picture_memory": 700_000_000,
    "limits.picture_seconds": 30,
    "limits.pictures_at_once": 1,
    "limits.pictures_waiting": 20,
    "limits.socket_frame": 100_000,
    "limits.socket_rate": 20,
    "limits.socket_buffer": 1_000_000,
    "limits.connections": 500,
    "limits.guest_rate": 5,
    "limits.api_rate": 50,
    "limits.api_changes": 10,
    "limits.guest_uploads": 20,
    "limits.guest_upload_bytes": 60_000_000,
    "limits.address_uploads": 100,
    "limits.address_upload_bytes": 300_000_000,
    "limits.batch": 20_000,
    "limits.unused_uploads": 2_000_000_000,
    "limits.sign_in_failures": 10,
    "limits.sign_ins_at_once": 2,
    "limits.sign_ins_waiting": 50,
    "limits.guess_rate": 10,
    "checks.seconds": 60,
    "checks.answer": 10,
    "checks.queue": 8,
    "checks.memory": 2_000_000_000,
    "sessions.agent_idle": 12 * 3600,
    "sessions.agent_max": 7 * 86400,
    "sessions.member_max": 30 * 86400,
    "sessions.sign_on_max": 12 * 3600,
    "snapshots.keep_days": 90,
    "jobs.worker": True,
    "logging.level": "INFO",
}
"""Every setting with its default; paths and storage URLs are relative to the data folder."""


class ConfigError(Exception):
    """A configuration that cannot be used; the message says what and where."""


@dataclass(slots=True)
class Config:
    """Settings of one desk folder. `config["server.port"]`; `origin()` tells where a value came from."""

    desk: Path
    data: Path
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A value, or a default for names that are not settings of ours (a plugin's)."""
        return self.values.get(name, default)

    def origin(self, name: str) -> str:
        """`default`, a file's path, a variable's name, or `flag`."""
        return self.origins.get(name, "default")

    def items(self) -> Iterator[tuple[str, Any]]:
        """All settings by name, in order."""
        return iter(sorted(self.values.items()))

    def plugin(self, name: str) -> Mapping[str, Any]:
        """The settings of one plugin (`channels.test`)."""
        settings = self.values["plugins.settings"]
        found = settings.get(name, {}) if isinstance(settings, dict) else {}
        return found if isinstance(found, dict) else {}

    @property
    def rules(self) -> Path:
        """The rules folder."""
        path = Path(self["rules.path"])
        return path if path.is_absolute() else self.desk / path


def load(
    desk: Path | str,
    data: Path | str | None = None,
    overrides: Mapping[str, Any] | None = None,
    extra: Path | str | None = None,
) -> Config:
    """Reads a desk's configuration; `extra` is one more file, over those of `config/`.

    Raises ConfigError naming file and key for what is unknown or of the wrong type.
    """
    desk = Path(desk)
    config = Config(desk=desk, data=Path(data) if data else desk / "data", values=dict(DEFAULTS))
    folder = desk / "config"
    names = ["engine.yaml"]
    environment = os.environ.get("ENGINE_ENV")
    if environment:
        names.append(f"{environment}.yaml")
    for name in names:
        path = folder / name
        if path.is_file():
            _merge(config, _read(path), str(path))
    if extra is not None:
        _merge(config, _read(Path(extra)), str(extra))
    for name in DEFAULTS:
        variable = "ENGINE_" + name.upper().replace(".", "_")
        if variable in os.environ:
            _set(config, name, _value(os.environ[variable], DEFAULTS[name], variable), variable)
    for name, value in (overrides or {}).items():
        if value is not None:
            _set(config, name, value, "flag")
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        loaded = _parse(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise ConfigError(f"{path}: a mapping of settings is wanted")
    return loaded


def _parse(text: str, origin: str) -> Any:
    """YAML by the language's own reader: what it refuses is told with its line."""
    if not text.strip():
        return None
    plain, findings = load_plain(Source(origin, text))
    if plain is None or findings:
        first = findings[0]
        raise ConfigError(f"{origin}:{first.span.line}: {first.message}")
    return plain.data


def _merge(config: Config, tree: Mapping[str, Any], origin: str, prefix: str = "") -> None:
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if name in DEFAULTS:
            _set(config, name, value, origin)
        elif isinstance(value, dict):
            _merge(config, value, origin, f"{name}.")
        else:
            raise ConfigError(f"{origin}: unknown setting `{name}`")


def _value(text: str, like: Any, origin: str) -> Any:
    """A variable's text as the kind of value its setting has."""
    if isinstance(like, str):
        return text
    if isinstance(like, list) and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    return _parse(text, origin)


def _set(config: Config, name: str, value: Any, origin: str) -> None:
    wanted = DEFAULTS[name]
    if isinstance(wanted, bool):
        right = isinstance(value, bool)
    elif isinstance(wanted, int):
        right = isinstance(value, int) and not isinstance(value, bool)
    elif isinstance(wanted, list):
        right = isinstance(value, list)
    elif isinstance(wanted, dict):
        right = isinstance(value, dict)
    else:
        value = "" if value is None else value
        right = isinstance(value, str)
    if not right:
        raise ConfigError(f"{origin}: `{name}` must be a {type(wanted).__name__}, not {value!r}")
    config.values[name] = value
    config.origins[name] = origin


def starter() -> Path:
    """The folder with the starter desk's `rules/` and `config/`: in the wheel `engine/starter`, else the checkout."""
    here = Path(__file__).resolve().parent
    packed = here / "starter"
    return packed if packed.is_dir() else here.parent
