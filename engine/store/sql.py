"""Statements made once and run often.

peewee writes the SQL, but at 50 to 100 µs a statement; a decision runs a dozen. So a fixed statement is compiled once
a database kind (`Prepared`), and inserts and updates once a set of columns. What varies in shape goes through peewee
as is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import peewee
from peewee import Database, Model, Value

# `executemany` has no door of its own, and peewee's types leave this one out.
_translated: Any = peewee.__exception_wrapper__  # type: ignore[attr-defined]


class Parameter:
    """A value that is known only when the statement runs."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def p(name: str) -> Value:
    """A named parameter inside a prepared query."""
    return Value(Parameter(name), converter=False, unpack=False)


class Prepared:
    """A query whose SQL text never changes. `build` is called once for each kind of database."""

    __slots__ = ("_build", "_compiled", "_lock_rows", "names")

    def __init__(self, build: Callable[[], Any], lock_rows: type[Model] | None = None) -> None:
        self._build = build
        self._lock_rows = lock_rows
        self._compiled: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {}
        """By kind of database: the SQL, the names of its parameters in order, and what those hold that never vary."""
        self.names: dict[str, tuple[str, ...]] = {}
        """The columns it gives, by kind of database, once it has run."""

    def bound(self, database: Database, values: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        """The SQL and its parameters.

        Raises KeyError when a parameter of the query was not given.
        """
        compiled = self._compiled.get(database.param)
        if compiled is None:
            compiled = self._compiled[database.param] = self._compile(database)
        sql, names, fixed = compiled
        if fixed:
            values = {**fixed, **values}
        return sql, tuple(map(values.__getitem__, names))

    def _compile(self, database: Database) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        query = self._build()
        if self._lock_rows is not None and database.for_update:
            query = query.for_update(of=self._lock_rows)
        sql, params = database.get_sql_context().sql(query).query()
        fixed = {f"={place}": item for place, item in enumerate(params) if type(item) is not Parameter}
        names = [item.name if type(item) is Parameter else f"={place}" for place, item in enumerate(params)]
        return sql, tuple(names), fixed


class PreparedOfIds:
    """A query about rows that are known by id; `build` is given the ids, and called once for each power of two of them.

    peewee writes a page of tickets anew for longer than the database takes to read it.
    """

    MOST = 256
    """Ids in one statement."""

    __slots__ = ("_build", "_of")

    def __init__(self, build: Callable[[list[Value]], Any]) -> None:
        self._build = build
        self._of: dict[int, Prepared] = {}

    def asked(self, ids: Sequence[int]) -> Iterator[tuple[Prepared, dict[str, int]]]:
        """The statements that ask for these rows, each with its ids; what is too short is filled up with its last."""
        for start in range(0, len(ids), self.MOST):
            some = ids[start : start + self.MOST]
            size = 1 << (len(some) - 1).bit_length()
            known = self._of.get(size)
            if known is None:
                known = self._of[size] = Prepared(partial(self._build, [p(f"id{n}") for n in range(size)]))
            yield known, {f"id{n}": some[min(n, len(some) - 1)] for n in range(size)}


def quoted(database: Database, name: str) -> str:
    """A column or table name as this database writes it."""
    return name.join(database.quote)


def defaults(model: type[Model]) -> dict[str, Any]:
    """What columns hold when an insert does not name them."""
    found = _defaults.get(model)
    if found is None:
        fields = model._meta.sorted_fields
        found = _defaults[model] = {f.column_name: f.default for f in fields if f.default is not None}
    return found


_defaults: dict[type[Model], dict[str, Any]] = {}
_inserts: dict[tuple[Any, ...], str] = {}
_updates: dict[tuple[Any, ...], str] = {}


class Plus(int):
    """In an update: add this much to what the column holds."""


def insert_sql(
    database: Database,
    model: type[Model],
    columns: tuple[str, ...],
    *,
    rows: int = 1,
    returning: bool = False,
    ignore: bool = False,
    key: tuple[str, ...] = (),
    given: tuple[str, ...] = (),
) -> str:
    """An INSERT of one row, or of so many. `key` makes it write the `given` columns into the row of the same key,
    `ignore` leaves that row alone."""
    cache_key = (database.param, model, columns, rows, returning, ignore, key, given)
    sql = _inserts.get(cache_key)
    if sql is None:

        def q(name: str) -> str:
            return quoted(database, name)

        names = ", ".join(q(c) for c in columns)
        marks = ", ".join([f"({', '.join(database.param for _ in columns)})"] * rows)
        sql = f"INSERT INTO {q(model._meta.table_name)} ({names}) VALUES {marks}"  # noqa: S608 (names are ours)
        if ignore:
            sql += " ON CONFLICT DO NOTHING"
        elif key:
            sets = ", ".join(f"{q(c)} = excluded.{q(c)}" for c in given if c not in key)
            sql += f" ON CONFLICT ({', '.join(q(c) for c in key)}) DO UPDATE SET {sets}"
        if returning and database.returning_clause:
            sql += " RETURNING " + q("id")
        _inserts[cache_key] = sql
    return sql


def update_sql(
    database: Database,
    model: type[Model],
    columns: tuple[tuple[str, bool], ...],
    where: tuple[str, ...],
) -> str:
    """An UPDATE by equality of the `where` columns; a column marked True is added to instead of set."""
    cache_key = (database.param, model, columns, where)
    sql = _updates.get(cache_key)
    if sql is None:

        def q(name: str) -> str:
            return quoted(database, name)

        sets = ", ".join(
            f"{q(c)} = {q(c)} + {database.param}" if plus else f"{q(c)} = {database.param}" for c, plus in columns
        )
        conditions = " AND ".join(f"{q(c)} = {database.param}" for c in where)
        sql = f"UPDATE {q(model._meta.table_name)} SET {sets} WHERE {conditions}"  # noqa: S608 (names are ours)
        _updates[cache_key] = sql
    return sql


Row = dict[str, Any]


class Connection:
    """Runs statements on the calling thread's connection and gives rows as dictionaries."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.statements = 0
        """How many were run: the tests of fixed query counts read it."""
        self._own_cursor: Any = None
        """One for all statements: each is read to its end before the next is run, and making one costs as much as
        binding its values."""

    def _cursor(self, query: Any, values: Mapping[str, Any]) -> Any:
        if type(query) is Prepared:
            sql, params = query.bound(self.database, values)
        else:
            sql, params = self.database.get_sql_context().sql(query).query()
        return self._execute(sql, params)

    def _execute(self, sql: str, params: tuple[Any, ...]) -> Any:
        """A statement as `Database.execute_sql` runs it, without asking peewee's log and hooks each time."""
        self.statements += 1
        try:
            cursor = self._own_cursor or self._new_cursor()
            cursor.execute(sql, params)
        except Exception as error:
            _translated.__exit__(type(error), error, error.__traceback__)
            raise
        return cursor

    def _new_cursor(self) -> Any:
        cursor = self._own_cursor = self.database.cursor()
        return cursor

    def say(self, sql: str) -> None:
        """A statement without values and without an answer: `SAVEPOINT job`."""
        self._execute(sql, ())

    def rows(self, query: Any, **values: Any) -> list[Row]:
        """All rows of a select."""
        cursor = self._cursor(query, values)
        found = cursor.fetchall()
        if not found:
            return []
        names = self._names(query, cursor)
        return [dict(zip(names, row, strict=True)) for row in found]

    def row(self, query: Any, **values: Any) -> Row | None:
        """The first row, or None."""
        cursor = self._cursor(query, values)
        row = cursor.fetchone()
        if row is None:
            return None
        return dict(zip(self._names(query, cursor), row, strict=True))

    def _names(self, query: Any, cursor: Any) -> tuple[str, ...]:
        if type(query) is not Prepared:
            return tuple([column[0] for column in cursor.description])
        names = query.names.get(self.database.param)
        if names is None:
            names = query.names[self.database.param] = tuple([column[0] for column in cursor.description])
        return names

    def value(self, query: Any, **values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self._cursor(query, values).fetchone()
        return None if row is None else row[0]

    def values(self, query: Any, **values: Any) -> list[Any]:
        """The first column of every row."""
        return [row[0] for row in self._cursor(query, values).fetchall()]

    def run(self, query: Any, **values: Any) -> int:
        """A statement without an answer; gives the number of rows it touched."""
        return int(self._cursor(query, values).rowcount)

    def insert(self, model: type[Model], values: Mapping[str, Any], *, ignore: bool = False) -> int:
        """One row; gives its id (0 where `ignore` met a row of the same key)."""
        row = {**defaults(model), **values}
        sql = insert_sql(self.database, model, tuple(row), returning=True, ignore=ignore)
        cursor = self._execute(sql, tuple(row.values()))
        if self.database.returning_clause:
            made = cursor.fetchone()
            return int(made[0]) if made else 0
        return int(cursor.lastrowid or 0) if cursor.rowcount else 0

    def insert_in_order(self, model: type[Model], rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Rows with the same columns in one statement; gives their ids, in order."""
        if len(rows) < 2:
            return [self.insert(model, row) for row in rows]
        base = defaults(model)
        full = [{**base, **row} for row in rows]
        columns = tuple(full[0])
        sql = insert_sql(self.database, model, columns, rows=len(rows), returning=True)
        cursor = self._execute(sql, tuple([value for row in full for value in map(row.__getitem__, columns)]))
        if self.database.returning_clause:
            return sorted(int(made[0]) for made in cursor.fetchall())
        last = int(cursor.lastrowid)  # SQLite has one writer, and counts on by one
        return list(range(last - len(rows) + 1, last + 1))

    def insert_many(
        self,
        model: type[Model],
        rows: Sequence[Mapping[str, Any]],
        *,
        ignore: bool = False,
        key: tuple[str, ...] = (),
    ) -> None:
        """Rows with the same columns, in one statement run for each; `key` replaces rows of the same key."""
        if not rows:
            return
        given = tuple(rows[0])
        full = [{**defaults(model), **row} for row in rows]
        columns = tuple(full[0])
        sql = insert_sql(self.database, model, columns, ignore=ignore, key=key, given=given if key else ())
        if len(rows) == 1:
            self._execute(sql, tuple(full[0].values()))
            return
        self.execute_many(sql, [tuple(map(row.__getitem__, columns)) for row in full])

    def execute_many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """One statement for many rows of parameters."""
        self.statements += 1
        with _translated:
            (self._own_cursor or self._new_cursor()).executemany(sql, rows)

    def update(self, model: type[Model], values: Mapping[str, Any], **where: Any) -> int:
        """Sets columns of the rows whose `where` columns equal; gives how many there were."""
        if not values:
            return 0
        columns = tuple((name, type(value) is Plus) for name, value in values.items())
        sql = update_sql(self.database, model, columns, tuple(where))
        params = tuple([int(v) if type(v) is Plus else v for v in values.values()]) + tuple(where.values())
        return int(self._execute(sql, params).rowcount)


def joined(op: Callable[[Any, Any], Any], tests: Sequence[Any]) -> Any:
    """Tests put together by `and_` or `or_`, at least one.

    Halves of halves: a row of hundreds, each in the parentheses of the one before, is deeper than databases read.
    """
    if len(tests) == 1:
        return tests[0]
    half = len(tests) // 2
    return op(joined(op, tests[:half]), joined(op, tests[half:]))
