"""What a simulation found, for people at a terminal: in their language, by the shop's clock, only differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.calendar import from_micros
from engine.core.rulebook import Rulebook
from engine.lang.said import Said, say, spoken
from engine.replay.outcome import NOT_RECORDED
from engine.replay.simulate import KINDS


def as_text(report: Mapping[str, Any], book: Rulebook, locale: str) -> str:
    """A `Simulation.report` for people. `book` knows the zone: that of the first shop."""
    return "\n".join(spoken(line, locale) or "" for line in _Telling(report, book, locale).lines())


def _kind(kind: str, count: int) -> Said:
    """How many tickets came out differently in one respect."""
    match kind:
        case "routed":
            return say("{count} routed to another team", count)
        case "assigned":
            return say("{count} given to a colleague in another way", count)
        case "prioritised":
            return say("{count} prioritised", count)
        case "answered":
            return say("{count} answered", count)
        case "escalated":
            return say("{count} escalated", count)
        case _:
            return say("{count} otherwise (tags, types, notices)", count)


class _Telling:
    def __init__(self, report: Mapping[str, Any], book: Rulebook, locale: str) -> None:
        self.report, self.book, self.locale = report, book, locale
        self.zone = book.zone(next(iter(book.shops)))

    def lines(self) -> list[str]:
        """All of it, a sentence a line."""
        found, tickets = self.report["decisions"], self.report["tickets"]
        digest, since, until = self.report["rulebook"][:12], self.at("since"), self.at("until")
        lines: list[str] = [say("rules {digest}, {since} to {until} ({zone})", digest, since, until, self.zone)]
        if self.report["against"] == "recorded":
            lines.append(say("compared with what was decided then"))
        else:
            lines.append(say("compared with what the rules in force would have decided"))
        numbers = (found["read"], found["compared"], found["differing"])
        lines.append(say("decisions: {read} read, {compared} compared, {differing} would have differed", *numbers))
        seen, differing = tickets["seen"], tickets["differing"]
        lines.append(say("tickets: {seen} seen, {differing} would have come out differently", seen, differing))
        lines += [_indented(_kind(kind, tickets[kind]), self.locale) for kind in KINDS if tickets[kind]]
        lines += self.left_out()
        moved = [row for row in self.report["teams"] if row["before"] != row["after"]]
        if moved:
            lines.append(say("tickets that rules give to each team, before and after:"))
        for row in moved:
            team = row["team"] or say("nobody").spoken(self.locale)
            lines.append(f"    {team:<20} {row['before']:>6} -> {row['after']:>6}  ({row['after'] - row['before']:+d})")
        lines += self.promises()
        if self.report["rules"]:
            lines.append(say("rules that make the difference:"))
        for rule in self.report["rules"]:
            place = f"{rule['file']}:{rule['line']}"
            told = say("{rule} ({book}) {place}: {count} decisions", *self.named(rule), place, rule["decisions"])
            lines.append(_indented(told, self.locale))
        for example in self.report["examples"]:
            lines += self.example(example)
        if found["differing"] > len(self.report["examples"]):
            rest = found["differing"] - len(self.report["examples"])
            lines += ["", say("… and {count} more decisions", rest)]
        return lines

    def left_out(self) -> list[str]:
        """What could not be compared."""
        found = self.report["decisions"]
        lines: list[str] = []
        if found["no_snapshot"]:
            lines.append(say("not compared: {count} decisions have no snapshot any more", found["no_snapshot"]))
        if found["unreadable"]:
            told = say("not compared: {count} decisions whose snapshot or rules cannot be read", found["unreadable"])
            lines.append(told)
        if not self.report["complete"]:
            lines.append(say("ended before its time: the period holds more decisions"))
        if found["undecidable"] or found["unfollowed"]:
            told = say(
                "not decidable: {count} decisions lack a value that decides, {others} one that decides what followed:",
                found["undecidable"],
                found["unfollowed"],
            )
            lines += [told, *(f"    {item['value']} ({item['decisions']})" for item in self.report["undecidable"])]
        return lines

    def promises(self) -> list[str]:
        """Service levels that would differ."""
        sla = self.report["sla"]
        lines: list[str] = []
        if sla["tickets"]:
            lines.append(say("service levels: {count} tickets would have another promise:", sla["tickets"]))
        for move in sla["moves"]:
            both = (_promised(move[side], self.locale) for side in ("before", "after"))
            lines.append(f"    {' -> '.join(both)}: {move['tickets']}")
        if sla["unknown"]:
            lines.append(say("service levels: not decidable for {count} tickets", sla["unknown"]))
        return lines

    def example(self, example: Mapping[str, Any]) -> list[str]:
        """One decision that would have differed."""
        number = f"#{example['ticket']:05d}" if example["ticket"] is not None else say("no ticket").spoken(self.locale)
        lines = ["", f"{number}  {example['event']}  {self.at('at', example)}"]
        for change in example["changes"]:
            both = (self.value(change["what"], change[side]) for side in ("before", "after"))
            lines.append(f"    {change['what']}: {' -> '.join(both)}")
        for rule in example["rules"]:
            name, side = self.named(rule)
            lines.append(f"        {side.spoken(self.locale)}: {name} {rule['file']}:{rule['line']}")
        return lines

    def named(self, rule: Mapping[str, Any]) -> tuple[str, Said]:
        """A rule, and of which side it is."""
        return rule["rule"], say("before") if rule["book"] == "before" else say("after")

    def at(self, name: str, of: Mapping[str, Any] | None = None) -> str:
        """A moment by the shop's clock, to the minute."""
        return from_micros((of or self.report)[name], self.zone).strftime("%Y-%m-%d %H:%M")

    def value(self, what: str, value: Any) -> str:
        """What a field was left with, or what was said."""
        if isinstance(value, list):
            return "; ".join(value)
        told: str = say("empty") if value is None else str(value)
        if value == NOT_RECORDED:
            told = say("(not recorded)")
        elif " " in what and what.startswith(("ticket.tags", "member.tags")):
            told = {"there": say("there"), "gone": say("gone")}.get(told, told)
        elif value == "nothing" and "." not in what:
            told = say("nothing")
        return spoken(told, self.locale) or ""


def _promised(told: Mapping[str, Any], locale: str) -> str:
    targets = ", ".join(f"{name} {value}" for name, value in told["targets"].items())
    return f"{told['policy'] or '-'} ({targets or say('nothing').spoken(locale)})"


def _indented(told: Said, locale: str) -> str:
    return f"    {told.spoken(locale)}"
