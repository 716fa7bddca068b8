"""Every table of the machine, as peewee models without a database: a query is bound when it runs.

One room a noun. The released form of each table is frozen in `migrations/`; a test compares the two. Features have
tables of their own.
"""

from __future__ import annotations

from peewee import Model

from engine.store.tables._base import NEVER, Row, ref
from engine.store.tables.agents import Agent, AgentRole, AgentShop, AgentSkill, AgentTeam
from engine.store.tables.drafts import Draft, FileHold, ScheduledLine
from engine.store.tables.jobs import Job, JobSchedule
from engine.store.tables.log import Counter, Decision, Event
from engine.store.tables.members import Block, Identity, Member
from engine.store.tables.messages import File, Message, MessageFile
from engine.store.tables.notifications import Notification
from engine.store.tables.outbox import ChannelAccount, Outbox
from engine.store.tables.records import Record
from engine.store.tables.rules import Activation, Parameter, Rulebook, RuleDay, RuleUse
from engine.store.tables.sessions import Login, RequestKey, Session, SignOn
from engine.store.tables.tasks import Task
from engine.store.tables.tickets import (
    Call,
    Chat,
    FieldValue,
    Rating,
    Seen,
    SlaClock,
    TagUse,
    Ticket,
    TicketAgent,
    TicketLink,
)
from engine.store.tables.time import Schedule, Timer

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
    SignOn,
    Ticket,
    Chat,
    Call,
    Message,
    File,
    MessageFile,
    TicketLink,
    TicketAgent,
    Task,
    Record,
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
    Notification,
    Block,
    ChannelAccount,
    Parameter,
    Draft,
    ScheduledLine,
    FileHold,
    Job,
    JobSchedule,
    RequestKey,
    Counter,
)
"""In the order in which they can be made: what is referred to comes first."""

SEARCHES = ("message", "ticket", "member")
"""Names of the search indexes: lines, subjects, members' names."""

__all__ = [
    "MODELS",
    "NEVER",
    "SEARCHES",
    "Activation",
    "Agent",
    "AgentRole",
    "AgentShop",
    "AgentSkill",
    "AgentTeam",
    "Block",
    "Call",
    "ChannelAccount",
    "Chat",
    "Counter",
    "Decision",
    "Draft",
    "Event",
    "FieldValue",
    "File",
    "FileHold",
    "Identity",
    "Job",
    "JobSchedule",
    "Login",
    "Member",
    "Message",
    "MessageFile",
    "Model",
    "Notification",
    "Outbox",
    "Parameter",
    "Rating",
    "Record",
    "RequestKey",
    "Row",
    "RuleDay",
    "RuleUse",
    "Rulebook",
    "Schedule",
    "ScheduledLine",
    "Seen",
    "Session",
    "SignOn",
    "SlaClock",
    "TagUse",
    "Task",
    "Ticket",
    "TicketAgent",
    "TicketLink",
    "Timer",
    "ref",
]
