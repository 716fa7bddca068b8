"""Members: the persons served, the ways to recognise them, the blacklist."""

from __future__ import annotations

from peewee import BigIntegerField, BlobField, BooleanField, SmallIntegerField, TextField

from engine.store.tables._base import Row, ref


class Member(Row):
    """A person served in one shop, guest or not."""

    shop = TextField()
    guest = BooleanField()
    tier = TextField()
    tier_rank = SmallIntegerField(default=0)
    name = TextField(null=True)
    name_folded = TextField(null=True)
    """As filters compare it (`search.marked`)."""
    language = TextField(default="zh-TW")
    blocked_until = BigIntegerField(null=True)
    """The end of the longest block, past or to come; NEVER for one without end."""
    note = TextField(null=True)
    fields = TextField(default="{}")
    signed_up_at = BigIntegerField(null=True)
    merged_into = BigIntegerField(null=True)
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        indexes = ((("shop", "id"), False),)


class Identity(Row):
    """One way to recognise a member. The value is encrypted; equality goes by its blind index."""

    member_id = ref("member")
    shop = TextField()
    kind = TextField()
    issuer = TextField(default="")
    """Who gave the id out or vouches for it: empty for the shop, `self` for who only says so, else an account."""
    value = BlobField()
    value_key = TextField()
    tail_key = TextField(null=True)
    verified_at = BigIntegerField(null=True)
    created_at = BigIntegerField()

    class Meta:
        indexes = (
            (("shop", "kind", "issuer", "value_key"), True),
            (("member_id",), False),
            (("tail_key",), False),
        )


class Block(Row):
    """The blacklist: whom, why, until when."""

    shop = TextField()
    kind = TextField()
    member_id = ref("member", null=True)
    value = BlobField(null=True)
    value_key = TextField(null=True)
    reason = TextField(default="")
    until = BigIntegerField(null=True)
    actor_kind = TextField()
    actor_id = BigIntegerField(default=0)
    created_at = BigIntegerField()

    class Meta:
        indexes = ((("member_id",), False), (("shop", "kind", "value_key"), False))
