"""The work log of tickets, which the database itself keeps from being changed.

A row is written once. The only change it takes is that its body is erased (set to null, nothing else), and that only
where there is one; deleting is refused. `TRUNCATE` and dropping the table are for who owns the database.
"""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigAutoField, BigIntegerField, IntegerField, Model, SmallIntegerField, TextField


def ref(table: str) -> BigIntegerField:
    """A column that holds the id of a row of `table`."""
    return BigIntegerField(constraints=[SQL(f'REFERENCES "{table}" ("id")')])


class Record(Model):
    """What an agent did for a ticket, as written down."""

    id = BigAutoField()
    ticket_id = ref("ticket")
    number = SmallIntegerField()
    kind = TextField()
    agent_id = ref("agent")
    at = BigIntegerField()
    created_at = BigIntegerField()
    minutes = IntegerField(default=0)
    corrects = SmallIntegerField(null=True)
    round = SmallIntegerField(default=0)
    body = TextField(null=True)
    body_digest = TextField()
    hash = TextField()

    class Meta:
        legacy_table_names = False
        indexes = ((("ticket_id", "number"), True), (("ticket_id", "corrects"), True))


_FIXED = (
    "id", "ticket_id", "number", "kind", "agent_id", "at", "created_at", "minutes", "corrects", "round",
    "body_digest", "hash",
)  # fmt: skip
_REFUSED = "a record is never changed or deleted; write a correction"


def up(migrator: Any, db: Any) -> None:
    """Makes the table and what guards it; each step may be run again."""
    with db.bind_ctx([Record], bind_refs=False, bind_backrefs=False):
        db.create_tables([Record])
    for statement in _sqlite() if db.param == "?" else _postgres():
        db.execute_sql(statement)


def _sqlite() -> tuple[str, ...]:
    same = " AND ".join(f'NEW."{name}" IS OLD."{name}"' for name in _FIXED)
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
    erased = f'(OLD."body" IS NOT NULL AND NEW."body" IS NULL AND {same})'
    return (
        f'CREATE TRIGGER IF NOT EXISTS "record_fixed" BEFORE UPDATE ON "record" WHEN NOT {erased} {refuse}',
        f'CREATE TRIGGER IF NOT EXISTS "record_kept" BEFORE DELETE ON "record" {refuse}',
    )


def _postgres() -> tuple[str, ...]:
    same = " AND ".join(f'NEW."{name}" IS NOT DISTINCT FROM OLD."{name}"' for name in _FIXED)
    return (
        "CREATE OR REPLACE FUNCTION record_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f'IF TG_OP = \'UPDATE\' AND OLD."body" IS NOT NULL AND NEW."body" IS NULL AND {same} '
        f"THEN RETURN NEW; END IF; RAISE EXCEPTION '{_REFUSED}'; END $$",
        'DROP TRIGGER IF EXISTS "record_fixed" ON "record"',
        'CREATE TRIGGER "record_fixed" BEFORE UPDATE OR DELETE ON "record" '
        "FOR EACH ROW EXECUTE FUNCTION record_is_fixed()",
    )
