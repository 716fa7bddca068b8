"""What came of a decision under one rulebook: values, what was written and said; and how two such outcomes differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.actions import ACTIONS, Lost
from engine.core.actions.fields import risen
from engine.lang import Effect, Rule, Template
from engine.lang.verbs import FIELDS, How, Raised, Write
from engine.replay.compare import ComparedBook, template_words

NOT_RECORDED = "(not recorded)"
_PERHAPS = ("at least ", "at most ", "perhaps ")
"""How a value begins that depends on one which was not recorded."""
_MOVED = ("ticket.category", "ticket.closed", "ticket.reopened", "ticket.waiting", "ticket.updated")
"""What a move brings with it: beginnings of fields."""


Left = Mapping[str, tuple[Any, Any]]
"""What one rulebook left otherwise than another, by target: what the other left, and it."""


class Undecidable(Exception):
    """A value that decides was not recorded; the message is its name."""


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """One stage of a wave under one rulebook: the rules that matched, which of their effects stand, which lost."""

    wave: int
    stage: str
    matched: tuple[Rule, ...]
    standing: tuple[Effect, ...]
    lost: tuple[Lost, ...]
    passed_over: tuple[Rule, ...]
    """What matched in a stage that takes one rule, and was not the first."""
    values: Mapping[str, Any]
    wished: tuple[Effect, ...] = ()
    """What the rules that matched wanted."""


class Outcome:
    """One rulebook's way through a decision: values as its effects leave them, and what it wrote and said."""

    def __init__(self, book: ComparedBook, shop: str) -> None:
        self.book, self.shop = book, shop
        self.first: dict[str, Any] = {}
        """What each field was before anything was written."""
        self.values: dict[str, Any] = {}
        self.lost: set[str] = set()
        """Fields, and beginnings of such, whose value is not known for the rest of the wave: an agent chosen by load,
        what a move brings with it."""
        self.touched: dict[str, Any] = {}
        """The same over all waves, each with what was written then."""
        self.written: dict[str, Any] = {}
        self.by: dict[str, list[Rule]] = {}
        self.said: list[tuple[str, str]] = []
        self.acted: set[str] = set()
        self.stages: list[StageOutcome] = []
        self.stopped = False
        self.speaker: str | None = None
        """As whom a rule wrote the line at hand, if one did."""
        self.wrote: set[str] = set()
        """Targets written since the wave began."""
        self.answered = False
        """Whether the library was asked since then: what it said is not recorded."""

    def begin(self, values: Mapping[str, Any]) -> None:
        """A wave begins with these values."""
        self.first = {**values, **self.first}
        self.values = dict(values)
        self.lost = set()
        self.wrote = set()
        self.answered = False

    def known(self) -> dict[str, Any]:
        """The values that are certain."""
        return {name: value for name, value in self.values.items() if name not in self.lost}

    def perform(self, done: StageOutcome) -> None:
        """Applies what stands of a stage."""
        self.stages.append(done)
        self.acted.update(rule.id for rule in done.matched)
        for effect in done.standing:
            action = ACTIONS[effect.action]
            writes = action.writes(effect.args)
            for write in writes:
                self._apply(effect, write)
            if action.anything(self.book.rulebook, effect.args):
                self._write(effect, "ticket.fields", "perhaps changed")
                self._lose(effect.args, "ticket.tags", "member.tags", *self.book.writable)
            raised = [one for one in action.raises(effect.args) if not one.later]
            if any(one.event == "message.rejected" for one in raised):
                self._write(effect, "rejected", effect.args.get("why") or "yes")
            elif not any(write.how in FIELDS for write in writes):
                self._say(effect)
            self._hear(raised)
            self.stopped |= action.ends

    def _apply(self, effect: Effect, write: Write) -> None:
        """What an action wants of a field, done to the values, as far as it is known what comes of it."""
        match write.how:
            case "set":
                self._put(effect, write.target, write.value)
                if write.target == "ticket.assignee":
                    self._lose(write.value, "agent.")
            case "raise" | "lower":
                self._shift(effect, write.target, write.value, write.how)
            case "add" | "remove":
                self._tag(effect, write)
            case "move":
                self._put(effect, write.target, write.value)
                self._lose(write.value, *_MOVED)
            case "run" if write.target == "route":
                by, skills = write.value
                how = f"{f'by {by}' if by else ''}{' with ' if skills else ''}{', '.join(skills)}".strip()
                if self._keeps(effect):
                    return
                self._write(effect, "ticket.assignee", how)
                self._lose(how, "ticket.assignee", "agent.")

    def _keeps(self, effect: Effect) -> bool:
        """Whether who holds the case keeps it: the team it is routed to is the one it has."""
        args, known = effect.args, self.known()
        if not args.get("by") or args.get("reassign"):
            return False
        same = "ticket.team" in self.first and self.first["ticket.team"] == args["team"]
        return same and known.get("ticket.assignee") is not None

    def _hear(self, raised: Iterable[Raised]) -> None:
        """Notes who wrote the line at hand now, if a rule did; whose line is not known, it is the library's."""
        for one in raised:
            if one.event == "message.sent" and "message.author" in one.known:
                self.speaker = one.known["message.author"]
                self.wrote.add("reply")
            elif one.event == "message.sent":
                self.answered = True

    def _say(self, effect: Effect) -> None:
        args = effect.args
        text = args.get("text")
        own = text if isinstance(text, Template) else None  # in the rule itself
        what = args.get("template") or (own.written if own is not None else "")
        whole = self.book.text(args.get("template"), self.shop) or (template_words(own) if own is not None else what)
        rest = {k: v for k, v in args.items() if k not in ("text", "template", "words")}
        name = effect.action
        if "names" in args:
            name, what = f"{name} {args['to']}", ", ".join(str(one) for one in args["names"])
        elif not what:
            what = ", ".join(str(v) for v in rest.values() if v)
        self.said.append((f"{name}|{what}", f"{whole}|{sorted(rest.items())!r}"))
        self.by.setdefault(name, []).append(effect.rule)

    def _shift(self, effect: Effect, name: str, value: Any, how: How) -> None:
        if name in self.lost or name not in self.values:
            self._write(effect, name, f"{'at least' if how == 'raise' else 'at most'} {value}")
            self._lose(value, name)
        elif risen(self.book.rulebook, name, self.values.get(name), value, how):
            self._put(effect, name, value)

    def _tag(self, effect: Effect, write: Write) -> None:
        name, tag, add = write.field, write.target.partition(" ")[2], write.how == "add"
        known = name in self.values and name not in self.lost
        had = self.values.get(name) or ()
        if not known or (tag in had) is not add:
            self._write(effect, write.target, ("" if known else "perhaps ") + ("there" if add else "gone"))
        if known:
            rest = tuple(one for one in had if add or one != tag)
            self.values[name] = (*rest, tag) if add and tag not in rest else rest

    def _put(self, effect: Effect, name: str, value: Any) -> None:
        self._write(effect, name, value)
        self.values[name] = value
        self.lost.discard(name)

    def _write(self, effect: Effect, target: str, value: Any) -> None:
        self.written[target] = value
        self.wrote.add(target)
        self.by.setdefault(target, []).append(effect.rule)

    def _lose(self, why: Any, *prefixes: str) -> None:
        self.lost.update(name for name in self.values if name.startswith(prefixes))
        self.lost.update(prefixes)
        self.touched.update(dict.fromkeys(prefixes, why))

    def left(self, target: str) -> Any:
        """What holds at the end; what stood there before, where it wrote nothing."""
        if target in self.written:
            return self.written[target]
        if target == "rejected":
            return "no"
        field, _, tag = target.partition(" ")
        if tag and field in self.first:
            return "there" if tag in (self.first[field] or ()) else "gone"
        return self.first.get(target, NOT_RECORDED)

    def spoken(self, name: str) -> list[tuple[str, str]]:
        """What it said of a kind: words for people, and what makes it the same."""
        return sorted((key.partition("|")[2], rest) for key, rest in self.said if key.partition("|")[0] == name)


class Agreement:
    """In which fields two outcomes are the same up to now, so that what was recorded later holds for both."""

    def __init__(self, old: Outcome, new: Outcome) -> None:
        targets = old.written.keys() | new.written.keys()
        self._written = {
            target.partition(" ")[0] for target in targets if old.written.get(target) != new.written.get(target)
        }
        prefixes = old.touched.keys() | new.touched.keys()
        self._touched = tuple(p for p in prefixes if old.touched.get(p) != new.touched.get(p))

    def about(self, name: str) -> bool:
        """Whether both left this field alike."""
        return name not in self._written and not name.startswith(self._touched)


def left_otherwise(old: Outcome, new: Outcome, had: Left) -> Left:
    """What the second outcome leaves of tickets and members otherwise than the first, where both are certain.

    `had`: what it began with otherwise.
    """
    found = {}
    for target in {*had, *old.written, *new.written}:
        owner, _, rest = target.partition(".")
        if owner not in ("ticket", "member") or not rest or target == "ticket.fields":
            continue
        if {target, target.partition(" ")[0]} & (old.lost | new.lost):
            continue
        both = (old.left(target), new.left(target))
        if both[0] != both[1] and NOT_RECORDED not in both and not any(str(v).startswith(_PERHAPS) for v in both):
            found[target] = both
    return found


def with_left(left: Left, values: Mapping[str, Any]) -> dict[str, Any]:
    """Recorded values as they were for a rulebook that had left some otherwise; what somebody changed since is not."""
    found = dict(values)
    for target, (recorded, own) in left.items():
        name, _, tag = target.partition(" ")
        if name not in found:
            continue
        if not tag:
            found[name] = own if found[name] == recorded else found[name]
        elif ("there" if tag in (found[name] or ()) else "gone") == recorded:
            rest = tuple(one for one in found[name] or () if one != tag)
            found[name] = (*rest, tag) if own == "there" else rest
    return found


@dataclass(slots=True)
class Difference:
    """One thing that would have come out otherwise."""

    target: str
    before: Any
    after: Any
    rules: tuple[tuple[str, Rule], ...]
    """(`before` or `after`, rule)."""


def differences(old: Outcome, new: Outcome) -> list[Difference]:
    """How two outcomes of one decision differ. Raises Undecidable where that depends on what was not recorded."""
    found: list[Difference] = []
    unsure: list[str] = []

    def note(target: str, before: Any, after: Any) -> None:
        rules = [("before", rule) for rule in old.by.get(target, ())]
        rules += [("after", rule) for rule in new.by.get(target, ())]
        found.append(Difference(target, before, after, tuple(rules)))

    for target in sorted(old.written.keys() | new.written.keys()):
        before, after = old.left(target), new.left(target)
        if before == after:
            continue
        if NOT_RECORDED in (before, after) and any(str(v).startswith(_PERHAPS) for v in (before, after)):
            unsure.append(target.partition(" ")[0])  # whether anything would have moved depends on where it stood
            continue
        note(target, before, after)
    kinds = sorted({key.partition("|")[0] for key, _ in old.said + new.said})
    for name in kinds:
        before, after = old.spoken(name), new.spoken(name)
        if before != after:
            heard, hear = [what for what, _ in before], [what for what, _ in after]
            note(
                name, heard or "nothing", (hear or "nothing") if hear != heard else [f"{w} (other words)" for w in hear]
            )
    if unsure and not found:
        raise Undecidable(unsure[0])
    return found
