"""What is asked of the desk, answered in the API's shapes: rows from the store, words from the rulebook."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.core import access, sla
from engine.core import questions as ask
from engine.core.access import Scope
from engine.core.draft import Draft
from engine.core.entities import Actor, Clock
from engine.core.errors import Refused, missing
from engine.core.intake import may_not
from engine.core.rulebook import Noun, Rulebook
from engine.desk import actors, library, rule_answers, why
from engine.desk.dry_run import dry_line, dry_run
from engine.lang import Severity, Source, Span, compile_condition
from engine.store import Tx, directory, load, people, queries, rulebooks, stream, uploads, waiting
from engine.store import tables as t
from engine.store.errors import BadCursor, NotFilterable
from engine.store.show import Percent
from engine.store.values import Lexicon

log = logging.getLogger(__name__)


def percent_of(book: Rulebook, shop: str) -> Percent:
    """How much of a clock's working time is used, by its calendar."""

    def percent(clock: Clock, now: int) -> float:
        if clock.total <= 0:
            return 100.0
        until = min(now, clock.met_at) if clock.met_at is not None else now
        return round(100.0 * sla.used(clock, book.calendar(clock.calendar, shop), until) / clock.total, 1)

    return percent


def any_percent(book: Rulebook) -> Percent:
    """The same for lists over shops: calendars of shops share names, so the first that has it answers."""
    return percent_of(book, next(iter(book.shops)))


def answer(tx: Tx, book: Rulebook, words: Lexicon, actor: Actor, question: Any, blobs: Any) -> Any:
    """The answer to a question, or None where there is nothing for the actor. Raises Refused."""
    try:
        return _ANSWERS[type(question)](_Asking(tx, book, words, actor, blobs), question)
    except BadCursor as error:
        raise Refused("invalid", "bad-cursor", str(error), pointer="/cursor") from error
    except NotFilterable as error:
        raise Refused("invalid", "bad-filter", str(error), pointer="/filter") from error


class _Asking:
    """One question being answered."""

    def __init__(self, tx: Tx, book: Rulebook, words: Lexicon, actor: Actor, blobs: Any) -> None:
        self.tx = tx
        self.book = book
        self.words = words
        self.actor = actor
        self.blobs = blobs
        self.scope = access.scope(actor)

    @property
    def agent_id(self) -> int | None:
        return self.actor.id if self.actor.kind == "agent" else None

    # --- tickets ----------------------------------------------------------------------------------------------------

    def tickets(self, q: ask.Tickets) -> Any:
        if q.view is not None and q.view not in queries.VIEWS:
            raise Refused("invalid", "unknown-view", f"there is no view `{q.view}`", pointer="/view")
        if q.sort.removeprefix("-") not in queries.SORTS:
            raise Refused("invalid", "unknown-sort", f"tickets cannot be sorted by `{q.sort}`", pointer="/sort")
        where = self._filter(q.filter) if q.filter and q.filter.strip() else None
        return queries.tickets(
            self.tx, self.scope, q, actor_id=self.agent_id, where=where, percent=any_percent(self.book)
        )

    def _filter(self, text: str) -> Any:
        from engine.store import filters

        source = Source("filter", text)
        condition, findings = compile_condition(
            text, Span(source, 0, len(text)), self.book.environment, ("ticket", "member", "shop", "agent")
        )
        errors = [f for f in findings if f.severity is Severity.ERROR]
        if errors or condition is None:
            first = errors[0] if errors else None
            said = f"{first.message} (column {first.span.column})" if first else "this is no filter"
            raise Refused("invalid", "bad-filter", said, pointer="/filter")
        return filters.where(
            condition, self.tx.now, self.tx.ring, self.words, str(self.book.zone(next(iter(self.book.shops))))
        )

    def ticket(self, q: ask.TicketByNumber) -> Any:
        found = queries.ticket(self.tx, self.scope, q, actor_id=self.agent_id, percent=any_percent(self.book))
        if found is not None and q.links and self.actor.staff:
            found["links"] = queries.links(self.tx, self.scope, q.number)
        return found

    def messages(self, q: ask.Messages) -> Any:
        found = queries.messages(self.tx, self.scope, q)
        if found is not None:
            shop = self.tx.value(t.Ticket.select(t.Ticket.shop).where(t.Ticket.number == q.number))
            for item in found["items"]:
                name_author(self.book, item, shop, self.actor.locale)
        return found

    def events(self, q: ask.Events) -> Any:
        return queries.events(self.tx, self.scope, q)

    def trace(self, q: ask.Trace) -> Any:
        if self.actor.kind not in ("agent", "system"):
            return None
        return why.trace(self.tx, self.book, self.actor, q)

    def moves(self, q: ask.Moves) -> Any:
        case = load.peek_ticket_case(self.tx, self.words, q.number)
        if case is None or case.ticket is None or not access.sees_ticket(self.actor, case.ticket):
            return None
        draft = Draft(self.book, case, self.actor, self.tx.now)
        items = []
        lifecycle = self.book.lifecycles.get(case.ticket.kind)
        for move in lifecycle.moves(case.ticket.state) if lifecycle else ():
            why = may_not(draft, move)
            if why is not None and why.code != "field-required":
                continue
            items.append(
                {
                    "trigger": move.trigger,
                    "to": move.target,
                    "label": dict(move.label) or dict(lifecycle.states[move.target].label if lifecycle else {}),
                    "requires": [name.removeprefix("ticket.") for name in move.requires],
                }
            )
        return {"items": items, "next": None}

    def library(self, q: ask.Answers) -> Any:
        return library.listed(self.tx, self.actor, q)

    def views(self, q: ask.Views) -> Any:
        return {**queries.views(self.tx, self.scope, q, actor_id=self.agent_id), "next": None}

    def search(self, q: ask.Search) -> Any:
        return {"next": None, **queries.search(self.tx, self.scope, q)}

    def queue_place(self, q: ask.QueuePlace) -> Any:
        return waiting.queue_place(self.tx, self.scope, q.number)

    def open_chat(self, q: ask.OpenChatOf) -> Any:
        seq = stream.last_id(self.tx)
        nothing = {"ticket": None, "history": [], "seq": seq}
        if self.actor.staff or self.actor.id <= 0:
            return nothing
        number = waiting.latest_number(self.tx, self.actor.id, self.book.live_kinds, open_only=True)
        if number is None:
            return nothing
        lines = self.messages(ask.Messages(number, limit=q.limit))
        return {"ticket": number, "history": lines["items"] if lines else [], "seq": seq}

    # --- people -----------------------------------------------------------------------------------------------------

    def members(self, q: ask.Members) -> Any:
        if self.actor.staff:
            access.require(self.actor, "member.view")
        return directory.members(self.tx, self.scope, q, lexicon=self.words)

    def member(self, q: ask.MemberById) -> Any:
        if self.actor.kind == "agent":
            access.require(self.actor, "member.view")
        return directory.member(
            self.tx, self.scope, q, actor_id=self.agent_id, lexicon=self.words, percent=any_percent(self.book)
        )

    def agents(self, q: ask.Agents) -> Any:
        self._staff()
        return {**directory.agents(self.tx, self.scope, q, lexicon=self.words), "next": None}

    def teams(self, q: ask.Teams) -> Any:
        self._staff()
        found = {row["name"]: row for row in directory.teams(self.tx, self.scope, q)["items"]}
        items = []
        for name, team in self.book.teams.items():
            if team.shops and self.scope.shops is not None and not set(team.shops) & set(self.scope.shops):
                continue
            row = found.get(name, {"agents": [], "open": 0, "waiting": 0})
            shops = list(team.shops or self.book.shops)
            items.append({**row, "name": name, "label": dict(team.label), "shops": shops})
        return {"items": items, "next": None}

    def sessions(self, q: ask.Sessions) -> Any:
        if self.actor.session_id is None:
            return {"items": [], "next": None}
        kind = "agent" if self.actor.kind == "agent" else "member"
        return directory.sessions(self.tx, kind, self.actor.id, current=self.actor.session_id)

    def notices(self, q: ask.Notices) -> Any:
        self._staff()
        return directory.notices(self.tx, self.scope, q, actor_id=self.actor.id)

    def _staff(self) -> None:
        if not self.actor.staff:
            raise Refused("forbidden", "agents-only", "this is for agents")

    # --- files, words, rules ------------------------------------------------------------------------------------------

    def file(self, q: ask.FileById) -> Any:
        row = None
        for uploader in actors.uploaders_of(self.actor) or ("",):
            row = row or uploads.find_file(self.tx, q.id, self.scope, uploader)
        if row is None:
            return None
        try:
            with self.blobs.open(row["digest"]) as stream_:
                data = stream_.read()
        except FileNotFoundError:
            return None
        return {"name": row["shown"], "media_type": row["media_type"], "data": data}

    def nouns(self, q: ask.Nouns) -> Any:
        return nouns(self.book)

    def me(self, q: ask.Me) -> Any:
        return user(self.tx, self.book, self.words, self.actor)

    def rules(self, q: ask.RulesState) -> Any:
        self._may_see_rules()
        return rule_answers.state(self.tx, self.book)

    def rules_texts(self, q: ask.RulesTexts) -> Any:
        self._may_see_rules()
        texts = rulebooks.rulebook_texts(self.tx, q.digest)
        return None if texts is None else {"digest": q.digest, "files": texts}

    def rules_versions(self, q: ask.RulesVersions) -> Any:
        self._may_see_rules()
        return rule_answers.versions(self.tx, q)

    def rules_statistics(self, q: ask.RulesStatistics) -> Any:
        self._may_see_rules()
        return rule_answers.statistics(self.tx, self.book, q)

    def dry_run(self, q: ask.DryRun) -> Any:
        return dry_run(self.tx, self.book, self.actor, q)

    def dry_line(self, q: ask.DryRunLine) -> Any:
        return dry_line(self.tx, self.words, self.book, self.actor, q)

    def _may_see_rules(self) -> None:
        if self.actor.kind != "system":
            self._staff()
        access.require(self.actor, "rules.view")


_ANSWERS: Mapping[type, Callable[[_Asking, Any], Any]] = {
    ask.Tickets: _Asking.tickets,
    ask.TicketByNumber: _Asking.ticket,
    ask.Messages: _Asking.messages,
    ask.Events: _Asking.events,
    ask.Trace: _Asking.trace,
    ask.Moves: _Asking.moves,
    ask.Views: _Asking.views,
    ask.Answers: _Asking.library,
    ask.Search: _Asking.search,
    ask.QueuePlace: _Asking.queue_place,
    ask.OpenChatOf: _Asking.open_chat,
    ask.Members: _Asking.members,
    ask.MemberById: _Asking.member,
    ask.Agents: _Asking.agents,
    ask.Teams: _Asking.teams,
    ask.Sessions: _Asking.sessions,
    ask.Notices: _Asking.notices,
    ask.FileById: _Asking.file,
    ask.Nouns: _Asking.nouns,
    ask.RulesState: _Asking.rules,
    ask.RulesTexts: _Asking.rules_texts,
    ask.RulesVersions: _Asking.rules_versions,
    ask.RulesStatistics: _Asking.rules_statistics,
    ask.DryRun: _Asking.dry_run,
    ask.DryRunLine: _Asking.dry_line,
    ask.Me: _Asking.me,
}


# --- pieces used after a command ------------------------------------------------------------------------------------


def ticket(tx: Tx, book: Rulebook, actor: Actor, number: int) -> dict[str, Any] | None:
    """A ticket as its actor sees it."""
    agent_id = actor.id if actor.kind == "agent" else None
    question = ask.TicketByNumber(number)
    return queries.ticket(tx, access.scope(actor), question, actor_id=agent_id, percent=any_percent(book))


def member(tx: Tx, words: Lexicon, scope: Scope, member_id: int) -> dict[str, Any] | None:
    """A member as staff sees them, without past tickets."""
    found = directory.member(tx, scope, ask.MemberById(member_id), lexicon=words)
    if found is not None:
        found.pop("tickets", None)
    return found


def line(tx: Tx, book: Rulebook, actor: Actor, message_id: int, shop: str) -> dict[str, Any]:
    """A line as its actor sees it."""
    found = queries.message(tx, message_id, staff=actor.staff)
    if found is None:
        raise missing("message")
    return name_author(book, found, shop, actor.locale)


def name_author(book: Rulebook, shown: dict[str, Any], shop: str | None, locale: str) -> dict[str, Any]:
    """Gives the desk and its rules a name where the line has none: the shop's."""
    author = shown["author"]
    if not author["name"] and author["kind"] in ("bot", "desk", "system"):
        author["name"] = shop_label(book, shop, locale)
    return shown


def shop_label(book: Rulebook, shop: str | None, locale: str) -> str:
    """A shop's name in a language."""
    if shop not in book.shops:
        return ""
    label = book.shops[shop].label
    return label.get(locale) or next(iter(label.values()), shop)


def user(tx: Tx, book: Rulebook, words: Lexicon, actor: Actor) -> dict[str, Any]:
    """The API's `user`."""
    status = tier = None
    if actor.kind == "agent":
        agent = people.get_agent(tx, words, actor.id)
        status = agent.status if agent else None
    else:
        tier = tx.value(t.Member.select(t.Member.tier).where(t.Member.id == actor.id))
        if not actor.username:
            owner = (t.Login.owner_kind == "member") & (t.Login.owner_id == actor.id)
            name = tx.value(t.Login.select(t.Login.username).where(owner).limit(1))
            actor = replace(actor, username=name or "")
    return dict(actors.user(book, actor, status, tier))


# --- words ----------------------------------------------------------------------------------------------------------


def nouns(book: Rulebook) -> dict[str, Any]:
    """All that screens need to show names of the rulebook."""

    def listed(items: Mapping[str, Noun]) -> list[dict[str, Any]]:
        return [
            {"name": n.name, "label": dict(n.label) or {}, "colour": n.colour, "group": n.group} for n in items.values()
        ]

    return {
        "digest": book.digest,
        "shops": [{"name": s.name, "label": dict(s.label), "colour": None, "group": None} for s in book.shops.values()],
        "locales": list(book.locales),
        "kinds": [
            {"name": kind, "label": dict(life.label), "colour": None, "group": None}
            for kind, life in book.lifecycles.items()
        ],
        "types": listed(book.types),
        "tiers": listed(book.tiers),
        "priorities": listed(book.priorities),
        "teams": [{"name": x.name, "label": dict(x.label), "colour": None, "group": None} for x in book.teams.values()],
        "skills": listed(book.skills),
        "tags": listed(book.known_tags),
        "states": [
            {"kind": kind, "name": state.name, "label": dict(state.label), "category": state.category}
            for kind, life in book.lifecycles.items()
            for state in life.states.values()
        ],
        "fields": [
            {
                "name": name,
                "type": spec.field.type.kind,
                "label": dict(spec.label),
                "optional": spec.field.optional,
                "personal": spec.field.personal,
                "values": listed(spec.values) if spec.field.type.enum else None,
            }
            for name, spec in book.custom_fields.items()
        ],
    }
