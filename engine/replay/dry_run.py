"""An edit tried on a ticket: what the edited rules would have decided each time, beside what was decided; and what the
member's next line would lead to now, under the rules in force and under the edited ones.

It only reads. What counts for a `limit` is what was recorded before, and what the edited rules did on this ticket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.core import access
from engine.core.actions import ACTIONS, has_its_way
from engine.core.changes import Say, Timer
from engine.core.commands import MemberLine
from engine.core.decide import Decision, decide
from engine.core.entities import INTERNAL, Actor, Case, Ticket
from engine.core.errors import Refused
from engine.core.questions import DryRun, DryRunLine
from engine.core.rulebook import Rulebook
from engine.core.sight import Sight
from engine.core.trace import Reason, Seen, TraceEntry, entry_of
from engine.lang import Effect, Template
from engine.replay.compare import BeforeAfter, ComparedBook
from engine.replay.course import Limits
from engine.replay.outcome import StageOutcome, Undecidable
from engine.replay.past import past_book, readable, spoken
from engine.replay.replaying import Record, Replay, facts_of
from engine.replay.why import nearly
from engine.store import Tx, decisions, load, packing
from engine.store.errors import KeyRingError
from engine.store.sql import Row
from engine.store.values import Lexicon


def dry_run(tx: Tx, book: Rulebook, actor: Actor, question: DryRun) -> dict[str, Any] | None:
    """The decisions about a ticket, newest first, each before and after; None where it is not the actor's to see.

    `undecidable` says why what is after is not known, or not all of it; it is None where it is. What the actor may not
    read was not recorded, for the edited rules.
    """
    if actor.kind not in ("agent", "system"):
        return None
    rows = decisions.of_case(tx, access.scope(actor), question.number, event=question.event)
    ticket = decisions.ticket(tx, question.number)
    if rows is None or ticket is None:
        return None
    sight = Sight.of(actor, book, question.book)
    new = ComparedBook(question.book)
    limits = Limits(question.book)
    if rows:
        limits.seed(tx, rows[-1]["at"])
    compared: dict[str, BeforeAfter | None] = {}
    items = []
    for row in reversed(rows):
        record, why = _record(tx, row, ticket, sight)
        if row["rulebook"] not in compared:
            old = book if row["rulebook"] == book.digest else past_book(tx, row["rulebook"], book.extras)
            compared[row["rulebook"]] = None if old is None else BeforeAfter(ComparedBook(old), new)
        books = compared[row["rulebook"]]
        if books is None:
            why = "the rules that decided"
        after: list[TraceEntry] = []
        if books is not None and why is None:
            after, why = _after(books, record, limits)
        else:
            limits.note(record)
        items.append(
            {
                "event": spoken(record.root),
                "at": record.at,
                "seq": row["event_id"],
                "before": {"rules": readable(book, record.trace, sight, record.shop)},
                "after": {"rules": readable(question.book, after, sight, record.shop)},
                "undecidable": why,
            }
        )
    return {"items": items[::-1]}


def _record(tx: Tx, row: Row, ticket: Row, sight: Sight) -> tuple[Record, str | None]:
    """A decision, and what of it is not there any more."""
    record = Record(
        at=row["at"],
        root=row["root"],
        ticket=ticket["number"],
        shop=ticket["shop"],
        member=ticket["member_id"],
        packed=packing.trace_json(row["trace"]),
        snapshot={},
    )
    try:
        snapshot = packing.unpack_snapshot(tx, row["snapshot"]) if row["snapshot"] else None
    except KeyRingError:
        snapshot = None
    if snapshot is None:
        return record, "the snapshot"
    line = decisions.lines(tx, [snapshot["message"]]).get(snapshot["message"])
    record.take(snapshot, facts_of(ticket, line, row["at"], snapshot), sight)
    record.automatic = bool(line and line["automatic"])
    return record, None


def _after(books: BeforeAfter, record: Record, limits: Limits) -> tuple[list[TraceEntry], str | None]:
    """What the edited rules did, and what for lack of which not all of it is known."""
    replay = Replay(books, record, limits)
    why = None
    found = []
    try:
        if record.shop not in books.after.rulebook.shops or record.shop not in books.before.rulebook.shops:
            raise Undecidable("shop.name")
        found = replay.run(whole=True)
        why = replay.unfollowed
    except Undecidable as error:
        why = str(error)
    limits.note(record, replay.after.acted if found else None)
    entries: list[TraceEntry] = []
    for done in replay.after.stages:
        if done.wave < replay.waves:
            entries.extend(_entries(replay, record, done))
    return entries, why


def _entries(replay: Replay, record: Record, done: StageOutcome) -> Iterable[TraceEntry]:
    """A stage of the edited rules, as a trace tells of it."""
    old = {
        effect.rule.id: [one for one in then.standing if one.rule.id == effect.rule.id]
        for then in replay.before.stages
        if (then.wave, then.stage) == (done.wave, done.stage)
        for effect in then.standing
    }
    told = {entry.rule: entry.changes for entry in record.had_a_say(done.wave) if entry.outcome == "acted"}
    book = replay.after.book
    seen = Seen(book.rulebook, done.values)
    for rule in done.matched:
        effects = [effect for effect in done.standing if effect.rule.id == rule.id]
        lost = [item for item in done.lost if item.effect.rule.id == rule.id]
        if effects or not lost or has_its_way(rule.id, done.wished, done.lost):
            same = _alike(old.get(rule.id, []), effects) and rule.id in told
            acted = entry_of(rule, done.wave, "acted", seen)
            wanted = (ACTIONS[effect.action].wanted(book.rulebook, effect.args) for effect in effects)
            acted.changes.extend(told[rule.id] if same else wanted)
            yield acted
        if lost:
            yield entry_of(rule, done.wave, "lost", seen, *(item.reason for item in lost))
    for rule in done.passed_over:
        first = Reason("stage", done.matched[0].id, done.stage)
        yield entry_of(rule, done.wave, "lost", seen, first)


def _alike(some: list[Effect], others: list[Effect]) -> bool:
    return [(one.action, one.args) for one in some] == [(one.action, one.args) for one in others]


# --- a line that nobody has written ---------------------------------------------------------------------------------


def dry_line(tx: Tx, words: Lexicon, book: Rulebook, actor: Actor, question: DryRunLine) -> dict[str, Any] | None:
    """What the member's next line would lead to now, before and after an edit; None where the ticket is not the
    actor's to see.

    Each has the rules that acted, lost, failed or nearly acted, and every automatic line as it would be sent;
    or `refused`, why the line would not be taken at all. Texts are as the member would read them; but the case is
    without what the actor may not read: `unread` names that of it for which some rule asks that was asked here.
    """
    if actor.kind not in ("agent", "system"):
        return None
    found = load.peek_ticket_case(tx, words, question.number)
    if found is None or found.ticket is None or not access.sees_ticket(actor, found.ticket):
        return None
    books = {"before": book, "after": question.book}
    sight = Sight.of(actor, *books.values())
    return {"at": tx.now, **{name: _heard(tx, words, one, question, sight) for name, one in books.items()}}


def _heard(tx: Tx, words: Lexicon, book: Rulebook, question: DryRunLine, sight: Sight) -> dict[str, Any]:
    """Of one rulebook: the case is read as the rulebook understands it, decided on, and thrown away."""
    told: dict[str, Any] = {"rules": [], "replies": [], "rejected": None, "refused": None, "unread": []}
    own = Lexicon.of(book, words.outbound, words.notifiers, words.lookups)
    case = load.peek_ticket_case(tx, own, question.number, lines=load.LINES)
    try:
        ticket, case = _takes(book, case)
        case = sight.case(case)
        command = MemberLine(ticket.shop, question.text, channel=ticket.channel)
        decision = decide(book, command, case, Actor(kind="guest", id=ticket.member_id, shops=(ticket.shop,)), tx.now)
    except Refused as refused:
        return {**told, "refused": {"code": refused.code, "message": refused.message}}
    entries = list(decision.trace)
    line = next((c.text for c in decision.changes if isinstance(c, Say) and c.author_kind == "member"), question.text)
    close = nearly(book, decision.snapshot, {entry.rule for entry in entries}, ticket.shop, line, sight)
    replies = sorted(_lines(decision), key=lambda one: int(one["at"]))
    return {
        **told,
        "rules": readable(book, [*entries, *close], sight, ticket.shop),
        "replies": replies,
        "rejected": decision.rejected,
        "unread": sight.unread(_asked_for(book, decision.events, ticket.shop)),
    }


def _asked_for(book: Rulebook, events: Iterable[str], shop: str) -> set[str]:
    """The fields that rules ask for or compute with where they hear these events; and those their texts name."""
    compared = ComparedBook(book)
    found: set[str] = set()
    for rule in book.rules.asked(tuple(events), shop):
        found |= compared.needs(rule) | (rule.condition.reads if rule.condition is not None else frozenset())
        for action in rule.actions:
            found.update(*(text.reads for text in _texts(book, action.args, shop)))
    return found


def _texts(book: Rulebook, args: Mapping[str, Any], shop: str) -> Iterator[Template]:
    """What an action may say, in every language."""
    if isinstance(args.get("text"), Template):
        yield args["text"]
    if args.get("template"):
        known = book.shop_templates.get(shop, {}).get(args["template"]) or book.templates.get(args["template"], {})
        yield from known.values()


def _takes(book: Rulebook, case: Case | None) -> tuple[Ticket, Case]:
    """The ticket and its case, if these rules know its words and its member may write in it. Raises Refused."""
    if case is None or case.ticket is None:
        raise Refused("missing", "not-found", "there is no such ticket")
    ticket = case.ticket
    if ticket.channel == INTERNAL:
        raise Refused("conflict", "internal-case", "the member does not see this case and cannot write in it")
    lifecycle = book.lifecycles.get(ticket.kind)
    known = {
        "shop": ticket.shop in book.shops,
        "kind": lifecycle is not None,
        "state": lifecycle is None or ticket.state in lifecycle.states,
        "team": ticket.team is None or ticket.team in book.teams,
    }
    lost = [name for name, there in known.items() if not there]
    if lost:
        said = ", ".join(f"{name} `{getattr(ticket, name)}`" for name in lost)
        raise Refused("conflict", "rules-lack", f"this ticket has the {said}, which these rules lack")
    return ticket, case


def _lines(decision: Decision) -> Iterator[dict[str, Any]]:
    """Every automatic line and note of a decision, those that go out later too."""
    for change in decision.changes:
        if isinstance(change, Say) and change.automatic and change.author_kind != "member":
            yield {
                "text": change.text,
                "author": change.author_kind,
                "visibility": change.visibility,
                "at": change.at,
                "rule": change.rule,
            }
        elif isinstance(change, Timer) and change.kind == "say":
            yield {
                "text": change.body["text"],
                "author": change.body["as"],
                "visibility": "public",
                "at": change.due_at,
                "rule": change.body["rule"],
            }
