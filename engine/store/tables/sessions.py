"""Sessions: logins, live tokens, and requests that may be repeated."""

from __future__ import annotations

from peewee import BigIntegerField, BlobField, CompositeKey, Model, SmallIntegerField, TextField

from engine.store.tables._base import Row


class Login(Row):
    """Password and second factors of an agent or a member. `username` is folded: one name, one person."""

    owner_kind = TextField()
    owner_id = BigIntegerField()
    username = TextField(unique=True)
    password = TextField(null=True)
    otp_secret = BlobField(null=True)
    otp_used = BigIntegerField(default=0)
    changed_at = BigIntegerField()

    class Meta:
        indexes = ((("owner_kind", "owner_id"), False),)


class Session(Row):
    """A live token: browser, API token or key. Only its digest is stored."""

    owner_kind = TextField()
    owner_id = BigIntegerField()
    kind = TextField()
    digest = TextField(unique=True)
    scopes = TextField(default="[]")
    device = TextField(default="")
    address = TextField(default="")
    created_at = BigIntegerField()
    used_at = BigIntegerField()
    expires_at = BigIntegerField()
    revoked_at = BigIntegerField(null=True)

    class Meta:
        indexes = ((("owner_kind", "owner_id", "revoked_at"), False),)


class SignOn(Model):
    """A sign-on token of a shop that was used: remembered as long as it would be good."""

    digest = TextField(primary_key=True)
    expires_at = BigIntegerField(index=True)

    class Meta:
        legacy_table_names = False


class RequestKey(Model):
    """An idempotent request and its answer, by who asked."""

    principal = TextField()
    key = TextField()
    digest = TextField()
    status = SmallIntegerField()
    answer = BlobField()
    at = BigIntegerField(index=True)

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("principal", "key")
