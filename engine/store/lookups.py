"""What a decision asks the store for only when it needs it: who serves, who is before whom, what a rule did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from peewee import JOIN, SQL, fn

from engine.core.entities import PRESENT, Agent, Lookups, Place, Task, Ticket
from engine.store import tables as t
from engine.store.followers import followers
from engine.store.roster import everybody, serving, serving_ids
from engine.store.sql import Prepared, p
from engine.store.tasks import tasks
from engine.store.tx import Tx
from engine.store.values import Lexicon

T = TypeVar("T")

_MEMBER_LOCK = Prepared(lambda: t.Member.select(t.Member.id).where(t.Member.id == p("id")), lock_rows=t.Member)
_OPEN_CHAT = Prepared(
    lambda: (
        t.Ticket.select(t.Ticket.number)
        .where((t.Ticket.member_id == p("member_id")) & (t.Ticket.kind == p("kind")) & (t.Ticket.category != "closed"))
        .limit(1)
    )
)
_PRESENT = Prepared(
    lambda: (
        t.Agent.select(t.Agent.id, t.AgentRole.role)
        .join(t.AgentRole, on=(t.AgentRole.agent_id == t.Agent.id))
        .where(t.Agent.id.in_(serving_ids()) & t.Agent.status.in_(PRESENT))
    )
)
_OF_TEAM = Prepared(lambda: t.AgentTeam.select(t.AgentTeam.agent_id).where(t.AgentTeam.team == p("team")))
_LAST_AGENT = Prepared(
    lambda: (
        t.Message.select(t.Agent.username)
        .join(t.Ticket, on=(t.Ticket.id == t.Message.ticket_id))
        .join(t.Agent, on=(t.Agent.id == t.Message.author_id))
        .where(
            (t.Ticket.member_id == p("member_id"))
            & (t.Message.author_kind == "agent")
            & (t.Message.visibility == "public")
            & (t.Agent.enabled == True)  # noqa: E712 (SQL)
        )
        .order_by(t.Message.id.desc())
        .limit(1)
    )
)
_LAST_LINE = Prepared(
    lambda: (
        t.Message.select(t.Message.ticket_id, t.Ticket.channel, t.Ticket.account)
        .join(t.Ticket, on=(t.Ticket.id == t.Message.ticket_id))
        .where((t.Ticket.member_id == p("member_id")) & (t.Message.author_kind == "member"))
        .order_by(t.Message.id.desc())
        .limit(1)
    )
)


def _last_lines(whose: Callable[[Any], Any]) -> Any:
    """Counts those of a ticket's last hundred lines that are somebody's, since a moment."""
    last = (
        t.Message.select(t.Message.author_kind, t.Message.rule, t.Message.visibility, t.Message.created_at)
        .where(t.Message.ticket_id == p("id"))
        .order_by(t.Message.id.desc())
        .limit(100)
        .alias("last")
    )
    return last.select_from(fn.COUNT(SQL("*"))).where(whose(last.c) & (last.c.created_at > p("since")))


_MEMBER_LINES = Prepared(lambda: _last_lines(lambda line: line.author_kind == "member"))
_RULE_LINES = Prepared(
    lambda: _last_lines(lambda line: line.rule.is_null(is_null=False) & (line.visibility == "public"))
)
_USES = Prepared(
    lambda: t.RuleUse.select(fn.COUNT(t.RuleUse.id)).where(
        (t.RuleUse.rule == p("rule"))
        & (t.RuleUse.scope == p("scope"))
        & (t.RuleUse.key == p("key"))
        & (t.RuleUse.at > p("since"))
    )
)


def _before_in_line() -> Any:
    same_tier = t.Member.tier_rank == p("tier_rank")
    before = (
        (t.Member.tier_rank > p("tier_rank"))
        | (same_tier & (t.Ticket.priority_rank > p("priority_rank")))
        | (same_tier & (t.Ticket.priority_rank == p("priority_rank")) & (t.Ticket.id < p("newer")))
    )
    return (
        t.Ticket.select(fn.COUNT(t.Ticket.id))
        .join(t.Member, on=(t.Member.id == t.Ticket.member_id))
        .switch(t.Ticket)
        .join(t.Chat, JOIN.INNER, on=(t.Chat.ticket_id == t.Ticket.id))
        .where(
            (t.Ticket.team == p("team"))
            & (t.Ticket.shop == p("shop"))
            & t.Ticket.category.in_(("open", "pending"))
            & t.Ticket.assignee_id.is_null()
            & (t.Ticket.id != p("id"))
            & t.Chat.served_at.is_null()
            & before
        )
    )


_BEFORE_IN_LINE = Prepared(_before_in_line)


def before_in_line(tx: Tx, ticket_id: int, team: str | None, shop: str, tier_rank: int, priority_rank: int) -> int:
    """How many chats that wait for a team are served before this one: higher tiers first, then urgency, then age."""
    newer = ticket_id if ticket_id > 0 else 2**62  # one that is not stored yet is the newest
    ranks = {"tier_rank": tier_rank, "priority_rank": priority_rank}
    return int(tx.value(_BEFORE_IN_LINE, id=ticket_id, newer=newer, team=team, shop=shop, **ranks))


class StoreLookups(Lookups):
    """What a decision asks for only when it needs it, inside the same transaction."""

    def __init__(self, tx: Tx, lexicon: Lexicon, *, lock: bool = True) -> None:
        """`lock`: who may be given work is locked; False where nothing will be written."""
        self._tx = tx
        self._lexicon = lexicon
        self._lock = lock
        self._rosters: dict[str, tuple[Agent, ...]] = {}
        self._present: dict[str, dict[int, tuple[str, ...]]] = {}
        self._teams: dict[str, list[int]] = {}
        self._member_lines: dict[tuple[int, int], int] = {}

    def roster(self, shop: str) -> tuple[Agent, ...]:
        """Every enabled agent who serves the shop, by username."""
        if shop not in self._rosters:
            self._rosters[shop] = tuple(serving(self._tx, self._lexicon, shop, lock=self._lock))
        return self._rosters[shop]

    def at_the_desk(self, shop: str, team: str | None = None) -> Sequence[tuple[str, ...]]:
        """The roles of each enabled agent who serves the shop and is there, of a team where one is named. Nobody is
        locked: it is only told."""
        if shop not in self._present:
            roles: dict[int, list[str]] = {}
            for row in self._tx.rows(_PRESENT, shop=shop):
                roles.setdefault(row["id"], []).append(row["role"])
            self._present[shop] = {id: tuple(sorted(given)) for id, given in roles.items()}
        here = self._present[shop]
        if team is None:
            return tuple(here.values())
        if team not in self._teams:
            self._teams[team] = self._tx.values(_OF_TEAM, team=team)
        return tuple(here[id] for id in self._teams[team] if id in here)

    def colleagues(self) -> tuple[Agent, ...]:
        """Every enabled agent, whatever shop they serve. Nobody is locked."""
        return tuple(everybody(self._tx, self._lexicon))

    def followers(self, ticket_id: int) -> tuple[str, ...]:
        """The usernames of those who follow a ticket."""
        return followers(self._tx, ticket_id)

    def tasks(self, ticket_id: int) -> tuple[Task, ...]:
        """A ticket's sub-tasks, in their order."""
        return tasks(self._tx, ticket_id)

    def last_agent(self, member_id: int) -> str | None:
        """The username of the agent who last served this member, if any."""
        return None if (found := self._tx.value(_LAST_AGENT, member_id=member_id)) is None else str(found)

    def last_line(self, member_id: int) -> Place | None:
        """Where the member last wrote; None when the member never did."""
        row = self._tx.row(_LAST_LINE, member_id=member_id)
        return None if row is None else Place(row["ticket_id"], row["channel"], row["account"])

    def open_chat(self, member_id: int, kind: str) -> int | None:
        """The number of the member's open case of a live kind. The member is locked to the COMMIT."""
        if self._lock:
            self._tx.value(_MEMBER_LOCK, id=member_id)
        found = self._tx.value(_OPEN_CHAT, member_id=member_id, kind=kind)
        return None if found is None else int(found)

    def member_lines(self, ticket_id: int, since: int) -> int:
        """How many of the ticket's last hundred lines its member wrote since a moment, µs UTC."""
        key = (ticket_id, since)  # each wave asks again, and nothing is written before all are over
        if key not in self._member_lines:
            self._member_lines[key] = int(self._tx.value(_MEMBER_LINES, id=ticket_id, since=since))
        return self._member_lines[key]

    def rule_lines(self, ticket_id: int, since: int) -> int:
        """How many of the ticket's last hundred lines rules said to its member since a moment, µs UTC."""
        return int(self._tx.value(_RULE_LINES, id=ticket_id, since=since))

    def before_in_line(self, ticket: Ticket, tier: str) -> int:
        """How many chats that wait for the ticket's team are served before it; `tier` is its member's."""
        ranks = (self._lexicon.tiers.get(tier, 0), self._lexicon.priorities.get(ticket.priority, 0))
        return before_in_line(self._tx, ticket.id, ticket.team, ticket.shop, *ranks)

    def rule_uses(self, rule: str, scope: str, key: str, since: int | None) -> int:
        """How often the rule acted for this scope since a moment (None: ever), in earlier transactions."""
        return int(self._tx.value(_USES, rule=rule, scope=scope, key=key, since=-1 if since is None else since))

    def __getitem__(self, kind: type[T]) -> T:
        """What a feature keeps for rules, by its type."""
        found: T = self._lexicon.lookups[kind](self._tx)
        return found
