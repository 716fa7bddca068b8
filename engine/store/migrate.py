"""Numbered migrations, run at start, forward only, by one process."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from peewee import PeeweeException
from playhouse.migrations import MigrationError, Runner

from engine.store.errors import StoreError, StoreNewer, StoreOlder, unusable
from engine.store.tables import SEARCHES

log = logging.getLogger(__name__)

FOLDER = Path(__file__).with_name("migrations")


def is_new(storage: Any, folder: Path = FOLDER) -> bool:
    """Whether no migration was ever applied: nobody has used this store. Raises StoreError where it cannot be read."""
    if not storage.exists():
        return True
    try:
        return not any(migration.applied for migration in Runner(storage.database, str(folder)).status())
    except PeeweeException as error:
        raise unusable(error) from error
    finally:
        if not storage.database.is_closed():
            storage.database.close()


def up(storage: Any, folder: Path = FOLDER, *, upgrade: bool = True) -> list[str]:
    """Applies what is pending, under the storage's lock; returns the names applied.

    A store that already holds something is copied first, where the storage can copy itself beside the original. Without
    `upgrade` only an empty one is changed: a server of the version before may be at work on any other.
    Raises StoreNewer when the store knows migrations this version does not, StoreOlder, StoreError when one fails.
    """
    database = storage.database
    with storage.lock("migrate"):
        try:
            runner = Runner(database, str(folder))
            status = runner.status()
            unknown = [m.name for m in status if m.path is None]
            if unknown:
                raise StoreNewer(
                    f"this store was written by a newer version (it has `{unknown[-1]}`): start that version, "
                    "or restore a backup made before the upgrade"
                )
            pending = [m.name for m in status if not m.applied]
            if pending and any(m.applied for m in status):
                if not upgrade:
                    raise StoreOlder(
                        f"this store is of an older version (it lacks `{pending[0]}`): stop what uses it, then start "
                        "the server anew or run `engine migrate`"
                    )
                copy = storage.copy_before(pending[0])
                if copy is not None:
                    log.info("copied the store to %s before migrating", copy)
            applied = list(runner.up())
            for name in SEARCHES:
                storage.index(name).ensure()
            return applied
        except MigrationError as error:
            raise StoreError(f"could not bring the store to this version: {error}") from error
        except PeeweeException as error:
            raise unusable(error) from error
        finally:
            if not database.is_closed():
                database.close()
