"""Tickets of every kind, and what hangs on them: chats, calls, links, tags, fields, deadlines, ratings."""

from __future__ import annotations

from peewee import BigIntegerField, BlobField, CompositeKey, DoubleField, Model, SmallIntegerField, TextField

from engine.store.tables._base import NEVER, Row, ref


class Ticket(Row):
    """A case of any kind."""

    number = BigIntegerField(unique=True)
    kind = TextField()
    shop = TextField()
    type = TextField()
    state = TextField()
    category = TextField()
    priority = TextField()
    priority_rank = SmallIntegerField(default=0)
    team = TextField(null=True)
    assignee_id = ref("agent", null=True)
    member_id = ref("member")
    identity_id = ref("identity", null=True)
    channel = TextField()
    account = TextField(default="")
    """Of the channel's accounts (a mailbox, an official account) the one it came by."""
    subject = TextField(default="")
    order_no = TextField(null=True)
    product = TextField(null=True)
    solution = TextField(null=True)
    language = TextField(default="zh-TW")
    escalation = SmallIntegerField(default=0)
    rating = SmallIntegerField(null=True)
    reopened = SmallIntegerField(default=0)
    reply_count = BigIntegerField(default=0)
    fields = TextField(default="{}")
    merged_into = BigIntegerField(null=True)
    version = BigIntegerField(default=1)
    created_at = BigIntegerField()
    updated_at = BigIntegerField()
    first_replied_at = BigIntegerField(null=True)
    closed_at = BigIntegerField(null=True)
    last_line_at = BigIntegerField(null=True)
    waiting_since = BigIntegerField(null=True)
    route_by = TextField(null=True)
    route_skills = TextField(default="[]")
    left_by = TextField(null=True)
    rating_asked_at = BigIntegerField(null=True)
    opened_by = TextField(default="member")
    nudges = SmallIntegerField(default=0)
    nudged_at = BigIntegerField(null=True)
    due_at = BigIntegerField(default=NEVER)
    """The earliest due time of its unmet clocks, for the overdue view and sorting."""
    last_message_id = BigIntegerField(null=True)
    subject_folded = TextField(null=True)
    order_no_folded = TextField(null=True)
    product_folded = TextField(null=True)
    solution_folded = TextField(null=True)

    class Meta:
        indexes = (
            (("updated_at", "id", "shop"), False),
            (("category", "updated_at", "id", "shop", "waiting_since", "due_at"), False),
            (("assignee_id", "category", "updated_at", "id", "shop"), False),
            (("member_id", "category", "kind"), False),
            (("created_at", "id"), False),
            (("category", "due_at", "shop"), False),
            (("order_no",), False),
            (("order_no_folded",), False),
            (("merged_into",), False),
        )


class Chat(Row):
    """What only a live chat has; one to a ticket."""

    ticket_id = ref("ticket", unique=True)
    page = TextField(null=True)
    referrer = TextField(null=True)
    title = TextField(null=True)
    device = TextField(null=True)
    address = TextField(null=True)
    browser = TextField(null=True)
    language = TextField(null=True)
    """What the browser says its reader reads."""
    visits = BigIntegerField(null=True)
    """Which visit of this browser it is, by its own count."""
    queued_at = BigIntegerField(null=True)
    served_at = BigIntegerField(null=True)
    ended_at = BigIntegerField(null=True)
    silent_since = BigIntegerField(null=True)
    silent_side = TextField(null=True)


class Call(Row):
    """One telephone call; a ticket may have many. Numbers are encrypted."""

    ticket_id = ref("ticket")
    account = TextField(default="phone")
    name = TextField()
    """What the exchange calls it."""
    direction = TextField(default="inbound")
    caller = BlobField(null=True)
    callee = BlobField(null=True)
    agent_id = ref("agent", null=True)
    rang_at = BigIntegerField()
    answered_at = BigIntegerField(null=True)
    ended_at = BigIntegerField(null=True)
    result = TextField(null=True)
    recording = TextField(null=True)

    class Meta:
        indexes = ((("account", "name"), True), (("ticket_id", "id"), False))


class TicketMerge(Row):
    """How a merged ticket was before, while the merge may be undone."""

    ticket_id = ref("ticket", unique=True)
    at = BigIntegerField()
    state = TextField()
    category = TextField()
    closed_at = BigIntegerField(null=True)
    chat = TextField(default="{}")
    timers = TextField(default="[]")


class TicketLink(Row):
    """Parent, split, related, work order: from one ticket to another."""

    from_id = ref("ticket")
    to_id = ref("ticket")
    kind = TextField()
    created_at = BigIntegerField()

    class Meta:
        indexes = ((("from_id", "to_id", "kind"), True), (("to_id",), False))


class TicketAgent(Model):
    """What an agent is to a ticket beside holding it: `follower`."""

    ticket_id = ref("ticket")
    agent_id = ref("agent")
    role = TextField()
    since = BigIntegerField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("ticket_id", "agent_id", "role")
        indexes = ((("agent_id", "role", "ticket_id"), False),)


class Seen(Model):
    """How far somebody has read a ticket: the last event, and the last message not after it."""

    owner_kind = TextField()
    owner_id = BigIntegerField()
    ticket_id = ref("ticket")
    event_id = BigIntegerField()
    message_id = BigIntegerField(default=0)
    at = BigIntegerField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("owner_kind", "owner_id", "ticket_id")


class TagUse(Model):
    """One tag of a ticket or member."""

    owner_kind = TextField()
    owner_id = BigIntegerField()
    name = TextField()
    at = BigIntegerField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("owner_kind", "owner_id", "name")
        indexes = ((("name", "owner_kind", "owner_id"), False),)


class FieldValue(Row):
    """One typed value of a custom field, for filters: text folded, personal ones by blind index only."""

    owner_kind = TextField()
    owner_id = BigIntegerField()
    name = TextField()
    text = TextField(null=True)
    number = DoubleField(null=True)
    time = BigIntegerField(null=True)
    key = TextField(null=True)

    class Meta:
        indexes = (
            (("owner_kind", "owner_id", "name"), False),
            (("name", "number"), False),
            (("name", "time"), False),
            (("name", "key"), False),
        )


class SlaClock(Row):
    """One target of one ticket."""

    ticket_id = ref("ticket")
    target = TextField()
    policy = TextField()
    calendar = TextField()
    total = BigIntegerField()
    started_at = BigIntegerField()
    state = TextField(default="running")
    used = BigIntegerField(default=0)
    running_since = BigIntegerField(null=True)
    due_at = BigIntegerField(null=True)
    warned = TextField(default="[]")
    breached_at = BigIntegerField(null=True)
    met_at = BigIntegerField(null=True)

    class Meta:
        indexes = ((("ticket_id", "target"), True),)


class Rating(Row):
    """A member's verdict on a ticket; revised in place, `created_at` stays the first's."""

    ticket_id = ref("ticket", unique=True)
    member_id = ref("member")
    agent_id = ref("agent", null=True)
    shop = TextField()
    score = SmallIntegerField()
    comment = TextField(null=True)
    created_at = BigIntegerField()
    revised_at = BigIntegerField(null=True)

    class Meta:
        indexes = ((("shop", "created_at"), False),)
