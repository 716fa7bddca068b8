"""Migrations: run at start, once, by one process; what they make is what the models say; newer stores are refused."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playhouse.migrations import Runner

from engine.core.entities import SYSTEM, Actor
from engine.features import FEATURES
from engine.store import KeyRing, Store, StoreError, StoreNewer, StoreOlder, migrate, sessions
from engine.store import tables as t
from engine.store.doctor import check_chain, check_store
from tests.store.desk import agent, guest, line

MODELS = (*t.MODELS, *(model for feature in FEATURES for model in feature.tables))


def test_the_first_start_makes_the_tables_and_a_second_changes_nothing(
    empty_url: str, plugins: Any, ring: KeyRing
) -> None:
    storage = plugins.open("storage", empty_url, {})
    assert migrate.up(storage) == sorted(path.stem for path in migrate.FOLDER.glob("[0-9]*.py"))
    assert migrate.up(storage) == []
    store = Store.open(storage, keys=ring)
    member = guest(store)
    store.write_sync(lambda tx: line(tx, member, "hi"))
    store.close()
    storage = plugins.open("storage", empty_url, {})
    assert migrate.up(storage) == []
    store = Store.open(storage, keys=ring)
    assert store.read_sync(check_chain).events == 2
    store.close()


def test_the_migrations_make_what_the_models_say(store: Store, storage_url: str, plugins: Any) -> None:
    database = store.storage.database

    def schema() -> dict[str, Any]:
        found: dict[str, Any] = {}
        for model in MODELS:
            name = model._meta.table_name
            columns = {c.name: (c.data_type.lower(), c.null, c.primary_key) for c in database.get_columns(name)}
            indexes = {(tuple(i.columns), i.unique) for i in database.get_indexes(name)}
            foreign = {(f.column, f.dest_table, f.dest_column) for f in database.get_foreign_keys(name)}
            found[name] = (columns, indexes, foreign)
        return found

    try:
        migrated = schema()
        for model in reversed(MODELS):
            database.execute_sql(f'DROP TABLE "{model._meta.table_name}"')
        with database.bind_ctx(MODELS, bind_refs=False, bind_backrefs=False):
            for model in MODELS:
                database.create_tables([model])
        assert schema() == migrated
    finally:
        database.close()


def test_a_store_of_a_newer_version_is_refused_untouched(
    open_store: Callable[[], Store], storage_url: str, plugins: Any
) -> None:
    store = open_store()
    store.write_sync(
        lambda tx: tx.database.execute_sql(
            "INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')"
        )
    )
    store.close()
    storage = plugins.open("storage", storage_url, {})
    with pytest.raises(StoreNewer, match="9999_later"):
        Store.open(storage, keys=KeyRing.fresh())
    storage.close()


def test_who_may_not_upgrade_leaves_a_store_of_an_older_version_alone(
    open_store: Callable[[], Store], storage_url: str, plugins: Any, tmp_path: Path
) -> None:
    open_store().close()
    folder = later(tmp_path / "migrations", "    db.execute_sql('ALTER TABLE ticket ADD COLUMN later INTEGER')\n")
    storage = plugins.open("storage", storage_url, {})
    with pytest.raises(StoreOlder, match="9000_later"):
        migrate.up(storage, folder, upgrade=False)
    assert migrate.up(storage, upgrade=False) == [], "one of this version is opened as ever"
    assert migrate.up(storage, folder) == ["9000_later"]
    storage.close()


def later(folder: Path, body: str) -> Path:
    """The migrations with one more."""
    shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "9000_later.py").write_text(f"def up(migrator, db):\n{body}")
    return folder


def test_drafts_of_before_stay_under_their_visibility(
    open_store: Callable[[], Store], storage_url: str, plugins: Any
) -> None:
    """As a store of the version before has them; run twice, as after a stop in between."""
    store = open_store()
    member, writer = guest(store), agent(store, "amy")
    ticket = store.write_sync(lambda tx: line(tx, member, "hi")).result.ticket_id

    def before(tx: Any) -> None:
        run = tx.database.execute_sql
        run("DROP TABLE draft")
        run(
            "CREATE TABLE draft (agent_id BIGINT NOT NULL, ticket_id BIGINT NOT NULL, text TEXT NOT NULL, "
            "visibility TEXT NOT NULL, updated_at BIGINT NOT NULL, PRIMARY KEY (agent_id, ticket_id))"
        )
        run(f"INSERT INTO draft VALUES ({writer}, {ticket}, 'half', 'internal', 7)")
        run("DELETE FROM schema_migration WHERE name = '0028_drafts'")

    store.write_sync(before)
    store.close()
    for expected in (["0028_drafts"], []):
        storage = plugins.open("storage", storage_url, {})
        assert migrate.up(storage) == expected
        storage.close()
    store = open_store()
    rows = store.read_sync(lambda tx: tx.rows(t.Draft.select()))
    assert rows == [
        {
            "agent_id": writer,
            "ticket_id": ticket,
            "visibility": "internal",
            "text": "half",
            "revision": 1,
            "updated_at": 7,
        }
    ]
    store.close()


def test_a_later_migration_runs_on_a_filled_store(
    open_store: Callable[[], Store], storage_url: str, plugins: Any, tmp_path: Path
) -> None:
    store = open_store()
    member = guest(store)
    store.write_sync(lambda tx: line(tx, member, "before"))
    store.close()
    folder = later(tmp_path / "migrations", "    db.execute_sql('ALTER TABLE ticket ADD COLUMN later INTEGER')\n")
    storage = plugins.open("storage", storage_url, {})
    assert migrate.up(storage, folder) == ["9000_later"]
    storage.close()
    if storage_url.startswith("sqlite:"):
        copy = Path(storage_url.removeprefix("sqlite:") + ".before-9000_later")
        connection = sqlite3.connect(copy)
        assert connection.execute("SELECT text FROM message").fetchall() == [("before",)]
        assert "later" not in [row[1] for row in connection.execute("PRAGMA table_info(ticket)")]
        connection.close()


def test_a_migration_that_fails_leaves_nothing_half_done(
    open_store: Callable[[], Store], storage_url: str, plugins: Any, tmp_path: Path
) -> None:
    open_store().close()
    body = "    db.execute_sql('CREATE TABLE half (id INTEGER)')\n    db.execute_sql('SELECT * FROM nowhere')\n"
    storage = plugins.open("storage", storage_url, {})
    with pytest.raises(StoreError, match="nowhere"):
        migrate.up(storage, later(tmp_path / "migrations", body))
    assert "half" not in storage.database.get_tables()
    storage.close()
    assert open_store().write_sync(lambda tx: tx.next_number()).result == 1, "the store opens as it was"


def test_an_address_that_a_guest_told_stands_beside_the_members_own(
    empty_url: str, plugins: Any, ring: KeyRing
) -> None:
    """Of a store from before `0017`: nothing proved is lost, nothing told is taken for proved."""
    storage = plugins.open("storage", empty_url, {})
    database = storage.database
    Runner(database, str(migrate.FOLDER)).up("0016_dropped_clocks")
    people = {1: (True, "email", None), 2: (True, "phone", 5), 3: (False, "email", None), 4: (True, "visitor", None)}
    mark = database.param
    with database.atomic():
        for id, (is_guest, kind, verified) in people.items():
            database.execute_sql(
                "INSERT INTO member (id, shop, guest, tier, tier_rank, language, fields, created_at, updated_at) "
                f"VALUES ({mark}, 'demo', {mark}, 'guest', 0, 'zh-TW', '{{}}', 1, 1)",
                (id, is_guest),
            )
            value = ring.encrypt_text(f"{id}@x", f"identity:{kind}")
            database.execute_sql(
                "INSERT INTO identity (member_id, shop, kind, value, value_key, verified_at, created_at) "
                f"VALUES ({mark}, 'demo', {mark}, {mark}, {mark}, {mark}, 1)",
                (id, kind, value, ring.blind(kind, f"{id}@x"), verified),
            )
    migrate.up(storage)
    rows = database.execute_sql("SELECT member_id, issuer, verified_at FROM identity ORDER BY member_id").fetchall()
    assert [tuple(row) for row in rows] == [(1, "self", None), (2, "", 5), (3, "", None), (4, "", None)]
    storage.close()


def test_processes_that_start_together_migrate_once(empty_url: str, plugins: Any, ring: KeyRing) -> None:
    stores: list[Store] = []
    errors: list[BaseException] = []

    def start() -> None:
        try:
            stores.append(Store.open(plugins.open("storage", empty_url, {}), keys=ring))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    numbers = [store.write_sync(lambda tx: tx.next_number()).result for store in stores]
    for store in stores:
        store.close()
    assert errors == [] and numbers == [1, 2, 3, 4]


def test_cases_of_before_get_their_opener_from_the_log(
    open_store: Callable[[], Store], storage_url: str, plugins: Any, tmp_path: Path
) -> None:
    store = open_store()
    amy = Actor(kind="agent", id=agent(store), username="amy", name="Amy")
    for visitor, actor in (("v1", SYSTEM), ("v2", amy)):
        member = guest(store, visitor)
        store.write_sync(lambda tx, member=member, actor=actor: line(tx, member, "hi", actor=actor))
    store.close()
    storage = plugins.open("storage", storage_url, {})
    runner = Runner(storage.database, str(migrate.FOLDER))
    with storage.database.atomic():
        storage.database.execute_sql("INSERT INTO ticket_link (from_id, to_id, kind, created_at) VALUES (2, 1, 'x', 0)")
        storage.database.execute_sql("ALTER TABLE ticket DROP COLUMN opened_by")
        runner.History.delete().where(runner.History.name == "0021_opened_by").execute()
    storage.database.close()
    assert migrate.up(storage) == ["0021_opened_by"]
    found = storage.database.execute_sql("SELECT number, opened_by FROM ticket ORDER BY number").fetchall()
    assert [tuple(row) for row in found] == [(1, "desk"), (2, "agent")]
    storage.close()


def test_logins_of_before_lose_the_spaces_around_their_names(
    open_store: Callable[[], Store], storage_url: str, plugins: Any
) -> None:
    """Each can sign in again; two that would be one stay two, and the doctor tells of the one that cannot."""
    store = open_store()
    for owner, name in enumerate(("ming", "hua", "fang"), start=1):
        store.write_sync(lambda tx, owner=owner, name=name: sessions.save_login(tx, "member", owner, name, "digest"))
    store.close()
    storage = plugins.open("storage", storage_url, {})
    runner = Runner(storage.database, str(migrate.FOLDER))
    with storage.database.atomic():
        for owner, kept in ((1, " ming "), (2, "hua　"), (3, " hua")):
            storage.database.execute_sql(f"UPDATE login SET username = '{kept}' WHERE owner_id = {owner}")
        runner.History.delete().where(runner.History.name == "0022_login_names").execute()
    storage.database.close()
    assert migrate.up(storage) == ["0022_login_names"]
    storage.close()
    store = open_store()
    found = [store.read_sync(lambda tx, name=name: sessions.find_login(tx, name)) for name in ("ming", " hua ", "fang")]
    assert [one and one["owner_id"] for one in found] == [1, 2, None]
    (trouble,) = store.read_sync(check_store)
    assert trouble.code == "login-unreachable" and "` hua` of the member with the id 3" in trouble.message
    store.close()
