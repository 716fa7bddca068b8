"""What came of a decision under one rulebook: values, what was written and said; and how two such outcomes differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.actions import Lost, Wish
from engine.core.trace import TraceChange, fact_of, mask
from engine.lang import Duration, Effect, Rule, Template
from engine.replay.compare import Book, template_words

NOT_RECORDED = "(not recorded)"
_PERHAPS = ("at least ", "at most ", "perhaps ")
"""How a value begins that depends on one which was not recorded."""


class Undecidable(Exception):
    """A value that decides was not recorded; the message is its name."""


@dataclass(frozen=True, slots=True)
class Stood:
    """One stage of a wave under one rulebook: the rules that matched, what stands of their wishes, what lost."""

    wave: int
    stage: str
    matched: tuple[Rule, ...]
    standing: tuple[Wish, ...]
    lost: tuple[Lost, ...]
    passed_over: tuple[Rule, ...]
    """What matched in a stage that takes one rule, and was not the first."""
    values: Mapping[str, Any]


class Side:
    """One rulebook's way through a decision: values as its effects leave them, and what it wrote and said."""

    def __init__(self, book: Book, shop: str, automatic: bool) -> None:
        self.book, self.shop, self.automatic = book, shop, automatic
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
        self.stood: list[Stood] = []
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

    def perform(self, stood: Stood) -> None:
        """Applies what stands of a stage."""
        self.stood.append(stood)
        self.acted.update(rule.id for rule in stood.matched)
        for wish in stood.standing:
            self._apply(wish)
            self.stopped |= wish.effect.action in ("stop", "reject")

    def _apply(self, wish: Wish) -> None:
        effect, args, action = wish.effect, wish.effect.args, wish.effect.action
        if action == "set":
            self._put(wish, args["field"], args["value"])
        elif action in ("raise", "lower"):
            self._shift(wish, args["field"], args["value"], 1 if action == "raise" else -1)
        elif action in ("add_tag", "remove_tag"):
            self._tag(wish, f"{args['owner']}.tags", args["tags"], action == "add_tag")
        elif action == "route":
            self._put(wish, "ticket.team", args["team"])
            by, skills = args.get("by"), args.get("skills") or ()
            if by or skills:
                how = f"{f'by {by}' if by else ''}{' with ' if skills else ''}{', '.join(skills)}".strip()
                self._write(wish, "ticket.assignee", how)
                self._lose(how, "ticket.assignee", "agent.")
        elif action == "assign":
            self._put(wish, "ticket.assignee", args["agent"])
            self._lose(args["agent"], "agent.")
        elif action == "move":
            self._put(wish, "ticket.state", args["state"])
            state = args["state"]
            self._lose(state, "ticket.category", "ticket.closed", "ticket.reopened", "ticket.waiting", "ticket.updated")
        elif action == "do" and not self.book.book.plugin_actions[args["name"]].later:
            self._say(wish, effect)
            self._write(wish, "ticket.fields", "perhaps changed")
            self._lose(effect.args, "ticket.tags", "member.tags", *self.book.writable)
        else:
            self._say(wish, effect)

    def _say(self, wish: Wish, effect: Effect) -> None:
        args = effect.args
        if effect.action == "answer":
            self.answered = True
        elif effect.action == "reply" and not args.get("after"):
            self.speaker = args.get("as_") or "bot"
            self.wrote.add("reply")
        if effect.action == "reject":
            self._write(wish, "rejected", args.get("why") or "yes")
            return
        text = args.get("text")
        what = args.get("template") or (template_words(text) if isinstance(text, Template) else "")
        whole = self.book.text(args.get("template"), self.shop) or what
        rest = {k: v for k, v in args.items() if k not in ("text", "template", "words")}
        label = effect.action
        if effect.action == "notify":
            label = f"notify {args['to']}"
            what = ", ".join(str(name) for name in args["names"])
        elif not what:
            what = ", ".join(str(v) for v in rest.values() if v)
        name = effect.action if effect.action == "reply" else label
        self.said.append((f"{name}|{what}", f"{whole}|{sorted(rest.items())!r}"))
        self.by.setdefault(name, []).append(wish.rule)

    def _shift(self, wish: Wish, name: str, value: Any, direction: int) -> None:
        if name in self.lost or name not in self.values:
            self._write(wish, name, f"{'at least' if direction > 0 else 'at most'} {value}")
            self._lose(value, name)
            return
        current = self.values.get(name)
        if current is not None:
            ranks = self.book.book.ranks(name)
            gap = ranks.get(value, 0) - ranks.get(current, 0) if ranks is not None else value - current
            if gap * direction <= 0:
                return
        self._put(wish, name, value)

    def _tag(self, wish: Wish, name: str, tags: tuple[str, ...], add: bool) -> None:
        known = name in self.values and name not in self.lost
        had = self.values.get(name) or ()
        for tag in tags:
            if not known or (tag in had) is not add:
                self._write(wish, f"{name} {tag}", ("" if known else "perhaps ") + ("there" if add else "gone"))
        if known:
            rest = tuple(tag for tag in had if add or tag not in tags)
            self.values[name] = rest + tuple(tag for tag in tags if add and tag not in rest)

    def _put(self, wish: Wish, name: str, value: Any) -> None:
        self._write(wish, name, value)
        self.values[name] = value
        self.lost.discard(name)

    def _write(self, wish: Wish, target: str, value: Any) -> None:
        self.written[target] = value
        self.wrote.add(target)
        self.by.setdefault(target, []).append(wish.rule)

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
    """In which fields two sides did the same up to now, so that what was recorded later holds for both."""

    def __init__(self, old: Side, new: Side) -> None:
        targets = old.written.keys() | new.written.keys()
        self._written = {
            target.partition(" ")[0] for target in targets if old.written.get(target) != new.written.get(target)
        }
        prefixes = old.touched.keys() | new.touched.keys()
        self._touched = tuple(p for p in prefixes if old.touched.get(p) != new.touched.get(p))

    def about(self, name: str) -> bool:
        """Whether both left this field alike."""
        return name not in self._written and not name.startswith(self._touched)


@dataclass(slots=True)
class Difference:
    """One thing that would have come out otherwise."""

    target: str
    before: Any
    after: Any
    rules: tuple[tuple[str, Rule], ...]
    """(`recorded` or `changed`, rule)."""


def differences(old: Side, new: Side) -> list[Difference]:
    """How two outcomes of one decision differ. Raises Undecidable where that depends on what was not recorded."""
    found: list[Difference] = []
    unsure: list[str] = []

    def note(target: str, before: Any, after: Any) -> None:
        rules = [("recorded", rule) for rule in old.by.get(target, ())]
        rules += [("changed", rule) for rule in new.by.get(target, ())]
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


def wished(book: Book, effect: Effect) -> TraceChange:
    """An action as a trace holds it; what depends on who is free or on what stood there before is not known."""
    action, args = effect.action, effect.args
    after = _lasting(args["after"]) if args.get("after") else None
    if action in ("set", "move", "assign"):
        field = {"move": "ticket.state", "assign": "ticket.assignee"}.get(action) or args["field"]
        return fact_of(book.book, action, field, args.get("value", args.get("state", args.get("agent"))))
    if action in ("raise", "lower"):
        return TraceChange(action, args["field"], more={"to": mask(book.book, args["field"], args["value"])})
    if action in ("add_tag", "remove_tag"):
        return TraceChange(action, f"{args['owner']}.tags", list(args["tags"]))
    if action == "route":
        more = {"skills": list(args.get("skills") or ()), "by": args.get("by")}
        return TraceChange(action, "ticket.team", args["team"], _given(more))
    if action == "start_timer":
        return TraceChange(action, args["name"], after)
    if action == "notify":
        return TraceChange(action, args["to"], list(args["names"]))
    if action == "open":
        return TraceChange(action, args["kind"], more=_given({name: args.get(name) for name in ("team", "agent")}))
    more = _given({"for" if action == "block" else "after": after})
    return TraceChange(action, args.get("name") or args.get("template"), args.get("why"), more)


def _given(more: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in more.items() if value}


def _lasting(after: Any) -> str:
    return str(after if isinstance(after, Duration) else Duration(after))
