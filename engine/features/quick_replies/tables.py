"""Quick replies, and how often each agent used which."""

from __future__ import annotations

from peewee import BigIntegerField, CompositeKey, Model, TextField

from engine.store.tables import Row, ref


class QuickReply(Row):
    """A ready text: personal (`agent_id`), of a shop, or of every shop (`shop` empty)."""

    shop = TextField(default="")
    agent_id = ref("agent", null=True)
    group = TextField(default="")
    title = TextField()
    text = TextField()
    updated_at = BigIntegerField()

    class Meta:
        indexes = ((("agent_id", "shop"), False),)


class QuickReplyUse(Model):
    """How often an agent put a quick reply into an answer."""

    reply_id = ref("quick_reply")
    agent_id = ref("agent")
    uses = BigIntegerField(default=0)
    last_at = BigIntegerField(default=0)

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("reply_id", "agent_id")
        indexes = ((("agent_id",), False),)
