"""`decide`: an event and a case in, a decision out. Pure and bounded: stages, waves, merging, trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import compress
from operator import attrgetter, is_not
from typing import Any

from engine.core.actions import ACTIONS, Lost, answers, has_its_way, lateness, merge, mute
from engine.core.asking import helpers_for
from engine.core.changes import Change, Create, Record, Say, Set
from engine.core.clocks import settle_clocks
from engine.core.commands import OpenLinked
from engine.core.draft import WAITING, Draft
from engine.core.entities import TRACKED, TRACKED_MEMBER, Actor, Case, Message
from engine.core.handlers import begin
from engine.core.reader import PARTS
from engine.core.rulebook import Rulebook
from engine.core.trace import MASK, Reason, Seen, TraceChange, TraceEntry, all_jsonable, dropped, entry_of, jsonable
from engine.core.values import Struct, replace
from engine.lang import LIMITS, Effect, Rule


class Decision(Struct, frozen=True):
    """What one root event led to: changes to store, why, and from what."""

    root: str
    rulebook: str
    shop: str
    changes: tuple[Change, ...]
    trace: tuple[TraceEntry, ...]
    """Rules that acted, lost or failed."""
    snapshot: Mapping[str, Any]
    """Waves with their keys and values: all that is needed to decide again. `message` refers to the line."""
    events: tuple[str, ...]
    """Keys of all waves, in order."""
    replies: tuple[Say, ...] = ()
    opening: tuple[Mapping[str, Any], ...] = ()
    notified: tuple[str, ...] = ()
    rejected: str | None = None
    flagged: bool = False
    """More waves were wanted than are allowed."""
    opens: tuple[OpenLinked, ...] = ()
    """Cases to be opened beside this one in the same transaction, each by a decision of its own."""
    micros: int = 0
    ticket_ref: int | None = None


_CORE = frozenset(f"ticket.{name}" for name in ("type", "priority", "state", "team", "assignee", "tags"))
"""What a snapshot of a new case holds whoever reads it: what most rules write, so that other rules can be tried."""

_ROOTS = (
    "ticket.created", "message.received", "message.sent", "rating.received", "timer.fired", "chat.ended",
    "ticket.transferred",
)  # fmt: skip


def _plain_root(command: Any) -> str:
    """The name of a root that raises no event for rules: `mark-read`."""
    name = type(command).__name__
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


@dataclass(slots=True)
class _Run:
    line: Message | None = None
    """The line the decision began with."""
    acted: set[str] = field(default_factory=set)
    trace: list[TraceEntry] = field(default_factory=list)
    waves: list[dict[str, Any]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    stopped: bool = False
    flagged: bool = False


def decide(book: Rulebook, command: Any, case: Case, actor: Actor, now: int) -> Decision:
    """What the desk does about a command of an actor, or about a moment that has come.

    The same rulebook, command, case, actor and now give the same decision on every machine. A rule that raises is
    skipped and stands in the trace. Raises Refused where the command cannot be carried out.
    """
    draft = Draft(book, case, actor, now)
    before = _tracked(draft)
    begin(draft, command)
    if case.ticket is None and draft.ticket is not None:
        before = {}  # in a new case all that is set has changed, from empty
    run = _Run(line=draft.message)
    root = next((k for k in _ROOTS if k in draft.keys), min(draft.keys, default="")) or _plain_root(command)
    _note_changes(draft, case.ticket, case.member, new=case.ticket is None)
    run.trace.extend(dropped(book, rule, reason) for rule, reason in draft.dropped)
    keys = _take_keys(draft) - draft.unheard
    wave = 0
    previous = before
    while keys and not run.stopped:
        if wave >= LIMITS.waves:
            run.flagged = True
            draft.record("decision.flagged", {"dropped": sorted(keys)})
            break
        at_start = _tracked(draft)
        run.events.extend(sorted(keys))
        _wave(draft, run, keys, previous, wave)
        if draft.rejected is not None:
            return _rejected(draft, run, root, now)
        keys = _take_keys(draft)
        previous = at_start
        wave += 1
    settle_clocks(draft)
    return Decision(
        root=root,
        rulebook=book.digest,
        shop=case.shop,
        changes=tuple(draft.finish()),
        trace=_masked(draft, run),
        snapshot=_snapshot(draft, run, now),
        events=tuple(run.events),
        replies=tuple(say for say in draft.masked([*draft.replies, *draft.aside]) if isinstance(say, Say)),
        opening=tuple(sorted(draft.opening, key=lambda line: int(line["after"]))),
        notified=tuple(draft.notified),
        flagged=run.flagged,
        opens=tuple(draft.opens),
        ticket_ref=draft.ticket_ref,
    )


class Recurring:
    """Moments of one schedule that come to the same case again and again, until something about it changes."""

    def __init__(self, book: Rulebook, command: Any, case: Case, actor: Actor, now: int) -> None:
        draft = self._draft = Draft(book, case, actor, now)
        self._before = _tracked(draft)
        begin(draft, command)
        keys = self._keys = frozenset(_take_keys(draft))
        self._reader = book.reader(book.rules.reads(keys))
        self._stages = tuple(dict.fromkeys(rule.stage for rule in book.rules.asked(keys, draft.shop)))
        self._helpers = helpers_for(book, draft)

    def unheard(self, now: int) -> bool:
        """Whether no rule takes such a moment at `now` (µs UTC), so that nothing would be decided; quick."""
        draft, helpers = self._draft, self._helpers
        draft.now = now
        values = self._reader.read(draft)
        values["now"] = now
        rules = draft.book.rules
        for stage in self._stages:
            found = rules.matching(stage, self._keys, values, self._before, helpers, draft.shop)
            if helpers.take_failures() or any(_may_act(draft, rule) for rule in found):
                return False
        return True


def unheard(book: Rulebook, command: Any, case: Case, actor: Actor, now: int) -> bool:
    """Whether no rule takes a moment that has come, so that nothing would be decided; quick, to ask it of many."""
    return Recurring(book, command, case, actor, now).unheard(now)


def _snapshot(draft: Draft, run: _Run, now: int) -> dict[str, Any]:
    """What is needed to decide again; a line whose stored text is masked stands in it (it is encrypted) as it was."""
    line = run.line
    snapshot: dict[str, Any] = {"now": now, "message": line.id if line else None, "waves": run.waves}
    if line is not None and line.id in draft.masks:
        snapshot["text"] = line.text
    if draft.library is not None:
        snapshot["library"] = draft.library
    if draft.follows is not None:
        snapshot["sla"] = draft.follows
    return snapshot


def _masked(draft: Draft, run: _Run) -> tuple[TraceEntry, ...]:
    trace = run.trace
    for mask in draft.masks.values():
        trace = [mask.entry(entry) for entry in trace]
    return tuple(trace)


def _take_keys(draft: Draft) -> frozenset[str]:
    keys, draft.keys = frozenset(draft.keys), set()
    return keys


def _wave(draft: Draft, run: _Run, keys: frozenset[str], before: Mapping[str, Any], wave: int) -> None:
    book = draft.book
    ticket, member = draft.ticket, draft.member
    reads = book.rules.reads(keys)
    if not before and ticket is not None:
        reads |= _CORE  # of a case that was there, `before` tells
    reader = book.reader(reads)
    helpers = helpers_for(book, draft)
    record: dict[str, Any] = {"keys": sorted(keys), "before": _plain_before(before), "stages": []}
    if draft.message is not None and draft.message is not run.line:
        record["answer"] = True  # this wave's line is one a rule wrote, not the one the decision began with
    heard = book.rules.heard(keys, draft.shop)
    machine, automatic = draft.chain.machine, draft.message is not None and draft.message.automatic
    last: list[tuple[Effect, list[TraceChange], int]] = []
    values: dict[str, Any] = {}
    seen = Seen(book, values)
    then: tuple[Any, ...] = ()
    for stage in book.environment.stages:
        state = (draft.ticket, draft.member, draft.chat, draft.agent)
        if not then:
            values.update(reader.read(draft))
            values["now"] = draft.now
            record["stages"].append({"stage": stage.name, "values": _for_snapshot(values)})
        elif any(map(is_not, state, then)):
            fresh = reader.again(draft, frozenset(compress(PARTS, map(is_not, state, then))))
            delta = {name: value for name, value in fresh.items() if values[name] != value}
            if delta:
                record["stages"].append({"stage": stage.name, "values": _for_snapshot(delta)})
                values.update(delta)
                for name in delta:
                    seen.pop(name, None)
        then = state
        if stage.name not in heard:
            continue
        found = book.rules.matching(stage.name, keys, values, before, helpers, draft.shop)
        matches = [rule for rule in found if rule.limit is None or _may_act(draft, rule)]
        if helpers.failures:
            for failed_rule, error in helpers.take_failures():
                run.trace.append(entry_of(failed_rule, wave, "failed", seen, _raised(error)))
                draft.record("rule.failed", {"rule": failed_rule.id, "error": str(error)})
        if not matches:
            continue
        if machine or automatic:
            silent = [rule for rule in matches if mute(rule, keys, machine=machine, automatic=automatic)]
            run.trace.extend(entry_of(rule, wave, "lost", seen, Reason("automatic")) for rule in silent)
            matches = [rule for rule in matches if rule not in silent]
        if not matches:
            continue
        if stage.mode == "first":
            best = matches[0]
            first = Reason("stage", best.id, stage.name)
            run.trace.extend(entry_of(rule, wave, "lost", seen, first) for rule in matches if rule is not best)
            matches = [best]
        effects: list[Effect] = []
        for rule in tuple(matches):
            try:
                effects.extend(rule.effects(values, before, helpers))
            except Exception as error:  # a rule that raises never takes the others down
                run.trace.append(entry_of(rule, wave, "failed", seen, _raised(error)))
                draft.record("rule.failed", {"rule": rule.id, "error": str(error)})
                matches.remove(rule)
        wished = [e for e in effects if answers(e.rule, e.action, keys, machine=machine, automatic=automatic)]
        standing, lost = merge(wished)
        repeated = {rule.id for rule in matches if rule.id in run.acted}
        new = [rule for rule in matches if rule.id not in repeated]
        entries = {rule.id: entry_of(rule, wave, "acted", seen) for rule in new}
        for effect in standing:
            if effect.rule.id in repeated:
                continue
            changes, action = entries[effect.rule.id].changes, ACTIONS[effect.action]
            if action.last:
                last.append((effect, changes, len(changes)))
                changes.append(TraceChange(action.name))  # its place: what it did is known when the wave ends
                continue
            changes.append(_performed(draft, effect))
            run.stopped |= action.ends
        losing = {one.effect.rule.id for one in lost}
        stands = frozenset(name for name in losing if has_its_way(name, wished, lost))
        _note_acting(draft, run, new, entries, lost, stands, wave, seen)
        if run.stopped:
            break
    said = len(draft.replies)
    for effect, changes, place in sorted(last, key=lambda one: lateness(one[0])):
        changes[place] = _performed(draft, effect)
    if len(draft.replies) > said:
        draft.keys.add("message.sent")
        draft.message = draft.last_reply()
    _queue(draft)
    _note_changes(draft, ticket, member)
    run.waves.append(record)


def _performed(draft: Draft, effect: Effect) -> TraceChange:
    """What an action did. When one raises, its rule's other actions stand."""
    try:
        return ACTIONS[effect.action].perform(draft, effect)
    except Exception as error:
        draft.record("rule.failed", {"rule": effect.rule.id, "error": str(error)})
        return TraceChange(effect.action, more={"error": str(error)}, missed="error")


def _raised(error: object) -> Reason:
    return Reason("error", text=str(error))


def _note_acting(
    draft: Draft,
    run: _Run,
    rules: list[Rule],
    entries: Mapping[str, TraceEntry],
    lost: list[Lost],
    stands: frozenset[str],
    wave: int,
    seen: Seen,
) -> None:
    """`stands`: where some lost, the rules of whose wishes something stands, be it because another wished the same."""
    losers: dict[str, list[Reason]] = {}
    for item in lost:
        losers.setdefault(item.effect.rule.id, []).append(item.reason)
        if item.tie:
            loser, winner = item.effect.rule.id, item.winner.rule.id
            draft.record("rule.tie", {"rule": loser, "winner": winner, "target": item.target})
    for rule in rules:
        run.acted.add(rule.id)
        entry = entries[rule.id]
        if entry.changes or rule.id not in losers or rule.id in stands:
            run.trace.append(entry)
            if rule.limit is not None:
                scope, key = _limit_key(draft, rule)
                if key is not None:
                    draft.use(rule.id, scope, key)
        if rule.id in losers:
            run.trace.append(entry_of(rule, wave, "lost", seen, *losers[rule.id]))


def _may_act(draft: Draft, rule: Rule) -> bool:
    """A rule at its `limit` does not match; its dates were looked at with its condition."""
    if rule.limit is None:
        return True
    scope, key = _limit_key(draft, rule)
    if key is None or (key.startswith("-") and scope == "ticket"):
        return True
    since = None if rule.limit.per is None else draft.now - rule.limit.per
    return draft.case.lookups.rule_uses(rule.id, scope, key, since) < rule.limit.count


def _limit_key(draft: Draft, rule: Rule) -> tuple[str, str | None]:
    scope = rule.limit.scope if rule.limit is not None else "ticket"
    if scope == "ticket":
        return scope, str(draft.ticket.number) if draft.ticket else None
    if scope == "member":
        return scope, str(draft.member.id) if draft.member else None
    if scope == "agent":
        return scope, draft.agent.username if draft.agent else None
    return scope, draft.shop


def _queue(draft: Draft) -> None:
    """A chat that has a team and nobody to serve it waits from now on; so does one that was taken from its agent."""
    ticket, chat = draft.ticket, draft.chat
    if ticket is None or chat is None or ticket.category == "closed":
        return
    was = draft.case.ticket
    again = was is not None and was.assignee is not None and chat.served_at is not None
    new = chat.queued_at is None and chat.served_at is None
    if ticket.team is not None and ticket.assignee is None and (new or again):
        draft.chat = replace(chat, queued_at=draft.now, served_at=None)
        draft.record("chat.waiting", {"team": ticket.team})
        draft.keys.add("chat.waiting")
        draft.arm_silence("chat.waiting", draft.now, 0)
    elif ticket.assignee is not None and chat.queued_at is not None and chat.served_at is None:
        draft.timers[WAITING] = None


# --- what changed ---------------------------------------------------------------------------------------------------


_TICKET = tuple(name for name in TRACKED if name != "fields")
_TICKET_NAMES = (*(f"ticket.{name}" for name in _TICKET), "ticket.category")
_ticket_values = attrgetter(*_TICKET, "category")
_MEMBER = tuple(name for name in TRACKED_MEMBER if name != "fields")
_MEMBER_NAMES = tuple(f"member.{name}" for name in _MEMBER)
_member_values = attrgetter(*_MEMBER)


def _tracked(draft: Draft) -> dict[str, Any]:
    """The values `changed` looks at, by field name."""
    values: dict[str, Any] = {}
    if draft.ticket is not None:
        values.update(zip(_TICKET_NAMES, _ticket_values(draft.ticket), strict=True))
        values.update({f"ticket.{name}": value for name, value in draft.ticket.fields.items()})
    if draft.member is not None:
        values.update(zip(_MEMBER_NAMES, _member_values(draft.member), strict=True))
        values.update({f"member.{name}": value for name, value in draft.member.fields.items()})
    for name, get in draft.book.compared:
        values.setdefault(name, get(draft))
    return values


def _note_changes(draft: Draft, ticket_before: Any, member_before: Any, *, new: bool = False) -> None:
    """Net changes since an earlier state become events of the next wave and one record in the log.

    Of a `new` ticket the member is left out: who opened it is what began the decision.
    """
    ticket = draft.ticket
    if ticket is not None and ticket_before is not None and ticket is not ticket_before:
        sides = zip(_TICKET, _ticket_values(ticket), _ticket_values(ticket_before), strict=False)  # category apart
        changes = {name: now for name, now, then in sides if now != then}
        fields = {k: v for k, v in ticket.fields.items() if ticket_before.fields.get(k) != v}
        if changes or fields:
            body = {k: list(v) if isinstance(v, tuple) else v for k, v in changes.items()}
            old = {k: jsonable(getattr(ticket_before, k)) for k in changes}
            if "state" in changes:
                body["category"] = ticket.category
            if fields:
                body["fields"] = {
                    k: (MASK if f"ticket.{k}" in draft.book.personal else jsonable(v)) for k, v in fields.items()
                }
            draft.record("ticket.changed", {"changes": body, "old": old})
            draft.keys.add("ticket.changed")
            if "state" in changes:
                draft.keys.add("ticket.state_changed")
            if "team" in changes or "assignee" in changes:
                moved = [name for name in ("team", "assignee") if name in changes]
                told = {"team": ticket.team, "assignee": ticket.assignee, "changed": moved}
                draft.record("ticket.assigned", {**told, "old": {name: old[name] for name in moved}})
                draft.keys.add("ticket.assigned")
    if new and ticket is not None:
        return
    member = draft.member
    if member is not None and member_before is not None and member is not member_before:
        changed = [n for n in TRACKED_MEMBER if getattr(member, n) != getattr(member_before, n)]
        if changed and "member.changed" not in draft.keys:
            draft.record("member.changed", {"changed": changed})
            draft.keys.add("member.changed")


_APART = frozenset({"message.text", "now"})


def _for_snapshot(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the decision record keeps them (encrypted as one piece); the line's text stands there by reference."""
    kept = all_jsonable(values)
    for name in _APART:
        kept.pop(name, None)
    return kept


def _plain_before(before: Mapping[str, Any]) -> dict[str, Any]:
    return all_jsonable(dict(sorted(before.items())))


_OUTLASTING = frozenset({"notice.created", "message.flagged", "member.blocked", "rule.failed"})
"""What stays in the log of a message that was rejected."""


def _rejected(draft: Draft, run: _Run, root: str, now: int) -> Decision:
    """A rejected message leaves no ticket and no line: only the record of it, what the same rules told agents, and
    the member's block."""
    message = draft.message
    existing = draft.case.ticket
    kept: list[Change] = [
        change
        for change in draft.log
        if (isinstance(change, Create) and change.thing in ("notification", "block"))
        or (isinstance(change, Record) and change.kind in _OUTLASTING)
    ]
    clean: list[Change] = []
    for change in kept:
        if existing is None and isinstance(change, Record):
            change = replace(change, ticket=None)
        elif existing is None and isinstance(change, Create):
            change = replace(change, values={**change.values, "ticket": None})
        clean.append(change)
    was, member = draft.case.member, draft.member
    if was is not None and member is not None and member.blocked_until != was.blocked_until:
        clean.append(Set("member", member.id, {"blocked_until": member.blocked_until}))
    # A limited rule has acted, else one that rejects would never reach its limit.
    clean.extend(use for use in draft.uses if existing is not None or use.values["scope"] != "ticket")
    body = {"why": draft.rejected, "length": len(message.text) if message else 0}
    clean.append(
        Record(
            "message.rejected",
            body,
            ticket=existing.id if existing else None,
            member=draft.member.id if draft.member else None,
        )
    )
    return Decision(
        root=root,
        rulebook=draft.book.digest,
        shop=draft.shop,
        changes=tuple(clean),
        trace=_masked(draft, run),
        snapshot={"now": now, "message": None, "waves": run.waves},
        events=tuple(run.events),
        notified=tuple(draft.notified),
        rejected=draft.rejected,
        ticket_ref=existing.id if existing else None,
    )
