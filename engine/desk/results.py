"""What commands and questions answer with, in the API's shapes: rows from the store, words from the rulebook."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from engine import pinyin
from engine.core import rights, sla
from engine.core.changes import Say
from engine.core.entities import Actor, Agent, Clock
from engine.core.errors import missing
from engine.core.questions import MemberById, TicketByNumber
from engine.core.rulebook import Rulebook
from engine.core.values import replace
from engine.desk import actors
from engine.desk.context import Work
from engine.lang import Rule, RuleSet
from engine.store import directory, fresh, lines, people, queries
from engine.store.fresh import NewTicket
from engine.store.show import Percent, show_message


def ticket(work: Work, number: int) -> dict[str, Any] | None:
    """A ticket as its actor sees it."""
    question = TicketByNumber(number)
    return queries.ticket(work.tx, work.scope, question, actor_id=work.agent_id, percent=percent(work.book))


def new_ticket(work: Work, new: NewTicket) -> dict[str, Any] | None:
    """The same of a ticket that this transaction made."""
    return fresh.shown(work.tx, work.scope, new, percent=percent(work.book))


def member(work: Work, member_id: int) -> dict[str, Any] | None:
    """A member as staff sees them, without past tickets."""
    found = directory.member(work.tx, work.scope, MemberById(member_id), lexicon=work.words)
    if found is not None:
        found.pop("tickets", None)
    return found


def line(work: Work, message_id: int, shop: str | None) -> dict[str, Any]:
    """A line as its actor sees it."""
    found = lines.message(work.tx, message_id, staff=work.actor.staff)
    if found is None:
        raise missing("message")
    return name_line(work.book, found, shop, work.actor.locale)


def line_of_member(work: Work, say: Say, message_id: int, number: int | None, shop: str | None) -> dict[str, Any]:
    """The same of a line without attachments that this transaction stored, for the member who wrote it."""
    row = {
        "id": message_id,
        "number": number,
        "author_kind": say.author_kind,
        "shown_as": say.shown_as,
        "text": say.text,
        "visibility": say.visibility,
        "created_at": say.at,
        "automatic": say.automatic,
    }
    return name_line(work.book, show_message(row, [], staff=False), shop, work.actor.locale)


def user(work: Work, actor: Actor) -> dict[str, Any]:
    """The API's `user`, with presence or tier as it is now."""
    status = tier = None
    if actor.kind == "agent":
        agent = people.get_agent(work.tx, work.words, actor.id)
        status = agent.status if agent else None
    else:
        tier, username = people.tier_and_login(work.tx, actor.id)
        if not actor.username:
            actor = replace(actor, username=username or "")
    return dict(actors.user(work.book, actor, status, tier))


def colleague(work: Work, agent: Agent) -> dict[str, Any]:
    """An agent as colleagues see one, and whether tickets may be given to it."""
    assignable = rights.serves_tickets(work.book.roles, agent)
    return {**directory.show_agent(agent), "keys": list(pinyin.keys(agent.name)), "assignable": assignable}


def name_line(book: Rulebook, shown: dict[str, Any], shop: str | None, locale: str) -> dict[str, Any]:
    """A line with the names that the rulebook knows: its author's is the shop's, where the desk or its rules wrote it;
    for staff the rule's title and place, where it is still in force."""
    author = shown["author"]
    if not author["name"] and author["kind"] in ("bot", "desk", "system"):
        author["name"] = shop_label(book, shop, locale)
    rule = _rules_by_id(book.rules).get(shown["rule"]) if "rule" in shown else None
    if rule is not None:
        shown["rule_source"] = {"title": rule.title, "file": rule.file, "line": rule.line}
    return shown


_RULES: WeakKeyDictionary[RuleSet, dict[str, Rule]] = WeakKeyDictionary()


def _rules_by_id(rules: RuleSet) -> dict[str, Rule]:
    known = _RULES.get(rules)
    if known is None:
        known = _RULES[rules] = {rule.id: rule for rule in rules.rules if rule.variant is None}
    return known


def shop_label(book: Rulebook, shop: str | None, locale: str) -> str:
    """A shop's name in a language."""
    if shop is None or shop not in book.shops:
        return ""
    label = book.shops[shop].label
    return label.get(locale) or next(iter(label.values()), shop)


def percent(book: Rulebook) -> Percent:
    """How much of a clock's working time is used, by its calendar in its ticket's shop, and why its policy has it."""

    def known(shop: str, clock: Clock, now: int) -> tuple[float, str]:
        policy = book.policy(clock.policy, shop)
        used = sla.percent(clock, book.calendar(clock.calendar, shop), now)
        return used, "" if policy is None else policy.because

    return known
