"""Agents: who serves, with teams, skills, shops and roles."""

from __future__ import annotations

from peewee import BigIntegerField, BooleanField, CompositeKey, Model, SmallIntegerField, TextField

from engine.store.tables._base import Row, ref


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
