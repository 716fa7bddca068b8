"""Every table of the desk, as peewee models without a database: a query is bound when it runs.

Grouped people, tickets, log, desk. Times are whole microseconds UTC, nouns stand by name, ordered ones also by rank.
Foreign keys are plain columns with a REFERENCES clause: rows are read as dictionaries, never as graphs of objects.
The released form of each table is frozen in `migrations/`; a test compares the two.
"""

from __future__ import annotations

from typing import Any

from peewee import (
    SQL,
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    DoubleField,
    Model,
    SmallIntegerField,
    TextField,
)

NEVER = 1 << 62
"""A due time that never comes: kept instead of NULL where a column is sorted by."""


def ref(table: str, **options: Any) -> BigIntegerField:
    """A column that holds the id of a row of `table`."""
    return BigIntegerField(constraints=[SQL(f'REFERENCES "{table}" ("id")')], **options)


class Row(Model):
    """What all rows with an id of their own share."""

    id = BigAutoField()

    class Meta:
        legacy_table_names = False


# ---------------------------------------------------------------------------------------------------------- people


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
    value = BlobField()
    value_key = TextField()
    tail_key = TextField(null=True)
    verified_at = BigIntegerField(null=True)
    created_at = BigIntegerField()

    class Meta:
        indexes = (
            (("shop", "kind", "value_key"), True),
            (("member_id",), False),
            (("tail_key",), False),
        )


class Agent(Row):
    """Who serves."""

    username = TextField(unique=True)
    name = TextField()
    shown_name = TextField(default="", column_name="alias")
    """What members see; the model's own `alias` is a method of peewee."""
    locale = TextField(default="zh-TW")
    zone = TextField(null=True)
    email = TextField(null=True)
    capacity = SmallIntegerField(default=5)
    status = TextField(default="offline")
    status_since = BigIntegerField(default=0)
    last_assigned_at = BigIntegerField(default=0)
    enabled = BooleanField(default=True)
    created_at = BigIntegerField()


class AgentTeam(Model):
    """An agent's membership of a team."""

    agent_id = ref("agent")
    team = TextField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("agent_id", "team")
        indexes = ((("team", "agent_id"), False),)


class AgentSkill(Model):
    """What an agent can do."""

    agent_id = ref("agent")
    skill = TextField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("agent_id", "skill")


class AgentShop(Model):
    """A shop an agent serves; `*` stands for every shop."""

    agent_id = ref("agent")
    shop = TextField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("agent_id", "shop")


class AgentRole(Model):
    """A role an agent has."""

    agent_id = ref("agent")
    role = TextField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("agent_id", "role")


class Login(Row):
    """Password and second factors of an agent or a member. `username` is folded: one name, one person."""

    owner_kind = TextField()
    owner_id = BigIntegerField()
    username = TextField(unique=True)
    password = TextField(null=True)
    otp_secret = BlobField(null=True)
    otp_used = BigIntegerField(default=0)
    failures = SmallIntegerField(default=0)
    locked_until = BigIntegerField(null=True)
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


# --------------------------------------------------------------------------------------------------------- tickets


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
    rating_asked_at = BigIntegerField(null=True)
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
        )


class Chat(Row):
    """What only a live chat has; one to a ticket."""

    ticket_id = ref("ticket", unique=True)
    page = TextField(null=True)
    referrer = TextField(null=True)
    title = TextField(null=True)
    device = TextField(null=True)
    region = TextField(null=True)
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


class Message(Row):
    """A line or a note. `author_id` is a member's or an agent's id, by `author_kind`."""

    ticket_id = ref("ticket")
    author_kind = TextField()
    author_id = BigIntegerField(null=True)
    shown_as = TextField(default="")
    visibility = TextField(default="public")
    direction = TextField(default="inbound")
    automatic = BooleanField(default=False)
    channel = TextField(default="chat")
    channel_account = TextField(default="")
    language = TextField(null=True)
    text = TextField()
    html = TextField(null=True)
    rule = TextField(null=True)
    template = TextField(null=True)
    client_key = TextField(null=True)
    external_id = TextField(null=True)
    created_at = BigIntegerField()
    unsent_at = BigIntegerField(null=True)

    class Meta:
        indexes = (
            (("ticket_id", "id"), False),
            (("author_kind", "author_id", "client_key"), True),
            (("channel_account", "external_id"), True),
        )


class File(Row):
    """An upload. `name` is random and public, `shown` is what people see, `digest` finds the bytes."""

    name = TextField(unique=True)
    digest = TextField(index=True)
    shown = TextField()
    media_type = TextField()
    size = BigIntegerField()
    uploader = TextField()
    """`agent:3`, `member:5` or `visitor:KEY`: who alone may name it in a message."""
    created_at = BigIntegerField()
    claimed_at = BigIntegerField(null=True)


class MessageFile(Model):
    """A file that hangs on a message, in order."""

    message_id = ref("message")
    file_id = ref("file")
    position = SmallIntegerField(default=0)

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("message_id", "file_id")
        indexes = ((("file_id",), False),)


class TicketLink(Row):
    """Parent, split, related, work order: from one ticket to another."""

    from_id = ref("ticket")
    to_id = ref("ticket")
    kind = TextField()
    created_at = BigIntegerField()

    class Meta:
        indexes = ((("from_id", "to_id", "kind"), True), (("to_id",), False))


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
            (("name", "text"), False),
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


# ------------------------------------------------------------------------------------------------------------- log


class Event(Model):
    """Something that happened: history, sockets and audit. Numbered in the order of commits, chained by `hash`."""

    id = BigIntegerField(primary_key=True)
    at = BigIntegerField()
    kind = TextField()
    shop = TextField(null=True)
    actor_kind = TextField()
    actor_id = BigIntegerField(default=0)
    object = TextField(null=True)
    ticket_id = BigIntegerField(null=True)
    member_id = BigIntegerField(null=True)
    message_id = BigIntegerField(null=True)
    body = TextField(null=True)
    body_digest = TextField()
    hash = TextField()

    class Meta:
        legacy_table_names = False
        indexes = (
            (("ticket_id", "id"), False),
            (("message_id",), False),
            (("kind", "id"), False),
        )


class Decision(Row):
    """One root event decided: what was known (packed, encrypted), what was wanted and why (packed)."""

    event_id = BigIntegerField()
    ticket_id = BigIntegerField(null=True)
    at = BigIntegerField()
    root = TextField()
    rulebook = TextField()
    snapshot = BlobField()
    trace = BlobField()
    micros = BigIntegerField(default=0)

    class Meta:
        indexes = ((("ticket_id", "id"), False), (("at",), False))


class RuleUse(Row):
    """A rule acted for a scope: what `limit` counts."""

    rule = TextField()
    scope = TextField()
    key = TextField()
    at = BigIntegerField()

    class Meta:
        indexes = ((("rule", "scope", "key", "at"), False),)


# ------------------------------------------------------------------------------------------------------------ desk


class RuleDay(Row):
    """What one rule did on one day (UTC): sums over decision records."""

    rule = TextField()
    day = TextField()
    acted = BigIntegerField(default=0)
    lost = BigIntegerField(default=0)
    failed = BigIntegerField(default=0)
    last_at = BigIntegerField(default=0)

    class Meta:
        indexes = ((("rule", "day"), True), (("day",), False))


class Timer(Row):
    """A moment to come. One of a name for a ticket."""

    ticket_id = ref("ticket")
    name = TextField()
    kind = TextField()
    due_at = BigIntegerField(index=True)
    body = TextField(default="{}")

    class Meta:
        indexes = ((("ticket_id", "name"), True),)


class Schedule(Row):
    """`every …` in a shop: when it runs next, and how far the run going on has come (`since`: when it was due)."""

    shop = TextField()
    key = TextField()
    due_at = BigIntegerField(index=True)
    since = BigIntegerField(null=True)
    done = BigIntegerField(default=0)
    """The last ticket or member of this run that was dealt with, by id, of those `upto` there were at its begin."""
    upto = BigIntegerField(default=0)
    holder = TextField(null=True)
    """The process that runs it, until `held_until`."""
    held_until = BigIntegerField(default=0)

    class Meta:
        indexes = ((("shop", "key"), True),)


class Outbox(Row):
    """Something to leave: waiting, sending, then sent, failed or uncertain."""

    key = TextField(unique=True)
    channel = TextField()
    ticket_id = ref("ticket", null=True)
    message_id = ref("message", null=True)
    body = TextField(default="{}")
    due_at = BigIntegerField()
    state = TextField(default="waiting")
    tries = SmallIntegerField(default=0)
    error = TextField(null=True)
    external_id = TextField(null=True)
    claimed_by = TextField(null=True)
    claimed_at = BigIntegerField(null=True)
    created_at = BigIntegerField()
    settled_at = BigIntegerField(null=True)

    class Meta:
        indexes = ((("state", "due_at"), False), (("message_id",), False))


class Rulebook(Model):
    """The texts of a rulebook by its digest, packed."""

    digest = TextField(primary_key=True)
    texts = BlobField()
    created_at = BigIntegerField()

    class Meta:
        legacy_table_names = False


class Activation(Row):
    """When a rulebook was put in force, by whom and why."""

    digest = TextField()
    at = BigIntegerField()
    actor_kind = TextField()
    actor_id = BigIntegerField(default=0)
    note = TextField(default="")


class Notice(Row):
    """What an agent is told inside the desk."""

    agent_id = ref("agent")
    ticket_id = BigIntegerField(null=True)
    text = TextField()
    rule = TextField(null=True)
    created_at = BigIntegerField()
    read_at = BigIntegerField(null=True)

    class Meta:
        indexes = ((("agent_id", "id"), False),)


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


class ChannelAccount(Row):
    """A mailbox or official account; its secrets encrypted."""

    channel = TextField()
    name = TextField()
    shop = TextField()
    settings = TextField(default="{}")
    secret = BlobField(null=True)
    enabled = BooleanField(default=True)
    created_at = BigIntegerField()

    class Meta:
        indexes = ((("channel", "name"), True),)


class Parameter(Model):
    """A setting made in the UI beside the rules. The desk's own keep `shop` empty."""

    shop = TextField(default="")
    name = TextField()
    value = TextField()
    at = BigIntegerField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("shop", "name")


class QuickReply(Row):
    """A ready text; personal (`agent_id`) or shared in a shop."""

    shop = TextField(default="")
    agent_id = ref("agent", null=True)
    folder = TextField(default="")
    name = TextField()
    text = TextField()
    updated_at = BigIntegerField()

    class Meta:
        indexes = ((("agent_id", "shop"), False),)


class Answer(Row):
    """An entry of the auto-reply library; titles and texts by language, as JSON. Every shop's where `shop` is empty."""

    shop = TextField(default="")
    titles = TextField()
    keywords = TextField(default="[]")
    texts = TextField()
    enabled = BooleanField(default=True)
    position = BigIntegerField(default=0)
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        indexes = ((("shop", "position"), False),)


class View(Row):
    """A saved filter; shared or of one agent."""

    shop = TextField(default="")
    agent_id = ref("agent", null=True)
    name = TextField()
    expression = TextField(default="", column_name="filter")
    sort = TextField(default="-updated_at")
    columns = TextField(default="[]")
    updated_at = BigIntegerField()

    class Meta:
        indexes = ((("agent_id", "shop"), False),)


class Draft(Model):
    """An unsent text of an agent on a ticket."""

    agent_id = ref("agent")
    ticket_id = ref("ticket")
    text = TextField()
    visibility = TextField(default="public")
    updated_at = BigIntegerField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("agent_id", "ticket_id")


class Job(Row):
    """Long work with its progress: the truth that the queue only points at."""

    name = TextField()
    state = TextField(default="waiting")
    arguments = TextField(default="{}")
    done = BigIntegerField(default=0)
    total = BigIntegerField(null=True)
    result = TextField(null=True)
    error = TextField(null=True)
    owner_kind = TextField()
    owner_id = BigIntegerField(default=0)
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        indexes = ((("state", "id"), False),)


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


class Counter(Model):
    """The last number given: `ticket`, and `event` with the last hash of the chain in `mark`."""

    name = TextField(primary_key=True)
    value = BigIntegerField(default=0)
    mark = TextField(default="")

    class Meta:
        legacy_table_names = False


MODELS: tuple[type[Model], ...] = (
    Member,
    Identity,
    Agent,
    AgentTeam,
    AgentSkill,
    AgentShop,
    AgentRole,
    Login,
    Session,
    Ticket,
    Chat,
    Call,
    Message,
    File,
    MessageFile,
    TicketLink,
    Seen,
    TagUse,
    FieldValue,
    SlaClock,
    Rating,
    Event,
    Decision,
    RuleUse,
    RuleDay,
    Timer,
    Schedule,
    Outbox,
    Rulebook,
    Activation,
    Notice,
    Block,
    ChannelAccount,
    Parameter,
    QuickReply,
    Answer,
    View,
    Draft,
    Job,
    RequestKey,
    Counter,
)
"""In the order in which they can be made: what is referred to comes first."""

SEARCHES = ("message", "ticket", "member")
"""Names of the search indexes: lines, subjects, members' names."""
