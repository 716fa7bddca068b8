"""The ceiling: one Tornado process whose handler parses the JSON and inserts one row, in the loop thread.

`python -m engine.bench._bare PORT FILE`: SQLite, WAL, `synchronous=NORMAL`, one table with two indexes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import peewee
import tornado.web

database = peewee.SqliteDatabase(None, pragmas={"journal_mode": "wal", "synchronous": 1})


class Row(peewee.Model):
    """One row as a form-based desk would keep it."""

    id = peewee.AutoField()
    subject = peewee.TextField()
    text = peewee.TextField()
    state = peewee.TextField(index=True)
    created_at = peewee.BigIntegerField(index=True)

    class Meta:
        database = database


class Create(tornado.web.RequestHandler):
    """POST: a row from a JSON body."""

    def post(self) -> None:
        body = json.loads(self.request.body)
        row = Row.create(subject=body["subject"], text=body["text"], state="new", created_at=time.time_ns())
        self.set_status(201)
        self.finish({"id": row.id})


async def main(port: int, path: str) -> None:
    """Serves until killed."""
    database.init(path)
    database.create_tables([Row])
    tornado.web.Application([("/", Create)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
