"""The trace of a decision: what each rule that had a say saw and did, as data. `actions.words` puts it into words.

Kept for as long as the decision: a kind is never renamed. Rows of desks that kept sentences are read as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

from engine.core.rulebook import Rulebook
from engine.core.values import Struct, field, replace
from engine.lang import Rule
from engine.lang.said import joined, say

MASK = "•••"
"""Stands for a personal value."""
LONGEST = 200
"""Characters of a text that a trace keeps."""
TEXT = "text"
"""The kind of a reason and the action of a change that are a sentence, as older desks kept all of them."""


class Reason(Struct, frozen=True):
    """Why a rule did not act.

    `kind`: priority, name (the winner is first at equal priority), stage (the target takes one rule), closed (the case,
    before the reply was due), automatic (a line it may not answer), error, text; false, not-asked, limit, dates, shop,
    stopped, repeated, unknown where it was asked again afterwards. Others than the first five are told by `text`.
    """

    kind: str
    winner: str | None = None
    """The rule it lost to."""
    target: str | None = None
    """What it lost: a field, a tag, a timer; or the stage."""
    text: str | None = None
    held: int = 0
    """Parts of its condition that held, of `parts`, where it was asked again."""
    parts: int = 0

    @property
    def words(self) -> str:
        """A sentence for people."""
        if self.kind == "priority":
            return say("{what}: `{rule}` has the higher priority", self.target, self.winner)
        if self.kind == "name":
            return say("{what}: `{rule}` comes first by its name", self.target, self.winner)
        if self.kind == "stage":
            return say("stage {stage} takes one rule: `{rule}` came first", self.target, self.winner)
        if self.kind == "closed":
            return say("its reply was due after the case was closed")
        if self.kind == "automatic":
            return say("an automatic message gets no reply from a rule that does not name `message.automatic`")
        return self.text or ""


class TraceChange(Struct, frozen=True):
    """What one action did, or what kept it from doing anything.

    `action`: as in `Effect`. `target`: what it is about: a field, a timer, a template. `value`: what holds after it.
    `more`: what else it says, by name. `missed`: why nothing was done: transition, agent, stored, longer, internal,
    silent, depth, again, fits, error. All are values JSON can hold, personal ones hidden.
    """

    action: str
    target: str | None = None
    value: Any = None
    more: Mapping[str, Any] = {}
    missed: str | None = None

    def hidden(self, hide: Callable[[str], str]) -> TraceChange:
        """The same with every text in it as `hide` leaves it."""
        return replace(self, value=_hidden(self.value, hide), more=_hidden(self.more, hide))


class TraceEntry(Struct, frozen=True):
    """How a rule fared in one wave of a decision.

    `outcome`: acted, lost, failed; of rules asked again afterwards also nearly and not.
    """

    rule: str
    title: str | None = None
    file: str = ""
    line: int = 0
    stage: str = ""
    wave: int = 0
    outcome: str = "acted"
    reasons: tuple[Reason, ...] = ()
    values: Mapping[str, Any] = {}
    """What its condition read."""
    changes: list[TraceChange] = field(default_factory=list)
    """Filled until its wave ends."""

    @property
    def why(self) -> str:
        """The reasons as a sentence for people, empty where it acted."""
        if len(self.reasons) == 1:
            return self.reasons[0].words
        return joined((reason.words for reason in self.reasons), "; ") if self.reasons else ""

    def stored(self) -> list[Any]:
        """The entry as it is kept: a list, as all within it, without what is empty at its end."""
        head = (self.rule, self.title, self.file, self.line, self.stage, self.wave, self.outcome, self.values)
        changes = [_change(one) for one in self.changes]
        reasons = [_short(one.kind, one.winner, one.target, one.text) for one in self.reasons]
        return _short(*head, changes, reasons, empty=({}, []))

    @classmethod
    def read(cls, row: Any) -> TraceEntry:
        """An entry as it was kept: a list, or what desks kept that had sentences, a mapping."""
        if isinstance(row, list):
            rule, title, file, line, stage, wave, outcome, values, changes, reasons = row + _EMPTY[len(row) :]
            did = [TraceChange(*one) for one in changes]
            return cls(rule, title, file, line, stage, wave, outcome, tuple(Reason(*o) for o in reasons), values, did)
        place = (row["title"], row["file"], row["line"], row["stage"], row["wave"], row["outcome"])
        reasons = (Reason(TEXT, text=row["why"]),) if row["why"] else ()
        said = [TraceChange(TEXT, value=words) for words in row["changes"]]
        return cls(row["rule"], *place, reasons, row["values"], said)


_EMPTY: list[Any] = [None, None, "", 0, "", 0, "", {}, [], []]
"""What stands for what was left out of an entry."""
_ROUTED = b'["route","ticket.team",'
"""How a routing begins in JSON: within a text there would be `\\` before its quotes."""
_ROUTED_TEXT = b'"ticket.team = '
"""The same where changes are sentences; what stands before the quote tells whether it is within a text."""
_decoder = json.JSONDecoder()


def routed_team(trace: bytes) -> str | None:
    """The team that rules routed to last, of a trace as JSON; None where none did. Most is not read: it is quick."""
    if _ROUTED in trace:
        return str(_decoder.raw_decode(trace[trace.rindex(_ROUTED) + len(_ROUTED) :].decode())[0])
    start = max(trace.rfind(b"[" + _ROUTED_TEXT), trace.rfind(b"," + _ROUTED_TEXT)) if _ROUTED_TEXT in trace else -1
    if start < 0:
        return None
    said, _ = _decoder.raw_decode(trace[start + 1 :].decode())
    return str(said).partition(",")[0].removeprefix("ticket.team = ")


def acted_rules(trace: bytes) -> set[str]:
    """The rules that acted, of a trace as JSON, without making entries of it."""
    rows = json.loads(trace)
    if rows and isinstance(rows[0], list):
        return {row[0] for row in rows if row[6] == "acted"}
    return {row["rule"] for row in rows if row["outcome"] == "acted"}


class Seen(dict[str, Any]):
    """Values as they may stand in a trace, each worked out when it is first asked for: rules of one stage read much the
    same ones. Who changes the values takes out what stands here of them."""

    __slots__ = ("_book", "_personal", "_values")

    def __init__(self, book: Rulebook, values: Mapping[str, Any]) -> None:
        super().__init__()
        self._book = book
        self._personal = book.personal
        self._values = values

    def __missing__(self, name: str) -> Any:
        value = self._values.get(name)
        plain = type(value) in PLAIN and name not in self._personal
        short = plain and not (type(value) is str and len(value) > LONGEST)
        shown = self[name] = value if short else mask(self._book, name, value)
        return shown


def entry_of(rule: Rule, wave: int, outcome: str, seen: Seen, *reasons: Reason) -> TraceEntry:
    """How a rule fared that saw these values; those its condition read are kept."""
    names = _in_order(rule.condition.reads) if rule.condition is not None else ()
    values = dict(zip(names, map(seen.__getitem__, names), strict=True))
    return TraceEntry(rule.id, rule.title, rule.file, rule.line, rule.stage, wave, outcome, reasons, values)


def dropped(book: Rulebook, name: str, reason: Reason) -> TraceEntry:
    """Of a rule that acted earlier and whose reply does not come; it may have gone from the book meanwhile."""
    rule = next((rule for rule in book.rules.rules if rule.id == name), None)
    if rule is None:
        return TraceEntry(name, outcome="lost", reasons=(reason,))
    return TraceEntry(rule.id, rule.title, rule.file, rule.line, rule.stage, 0, "lost", (reason,))


def fact_of(book: Rulebook, action: str, target: str, value: Any, **more: Any) -> TraceChange:
    """A change that leaves a field with a value; a personal one stays hidden."""
    return TraceChange(action, target, _kept(book, target, value), more)


def mask(book: Rulebook, name: str, value: Any) -> Any:
    """A value as it may stand in a trace: personal ones hidden, long texts cut."""
    kept = _kept(book, name, value)
    return kept[:LONGEST] + "…" if isinstance(kept, str) and len(kept) > LONGEST else kept


def _kept(book: Rulebook, name: str, value: Any) -> Any:
    return MASK if value is not None and name in book.personal else jsonable(value)


def covered(body: Mapping[str, Any], personal: Collection[str]) -> dict[str, Any]:
    """What the log says of a ticket, without values of fields that are personal now and were not then."""
    changes: Any = body.get("changes")
    fields = changes.get("fields") if isinstance(changes, Mapping) else None
    if not isinstance(fields, Mapping) or not any(f"ticket.{name}" in personal for name in fields):
        return dict(body)
    hidden = {name: MASK if f"ticket.{name}" in personal else value for name, value in fields.items()}
    return {**body, "changes": {**changes, "fields": hidden}}


PLAIN = frozenset({str, int, bool, float, type(None)})
"""Types JSON holds as they are."""


def jsonable(value: Any) -> Any:
    """A value of a field as JSON holds it."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, (str, int, float)) else str(value)


def all_jsonable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of fields by name as JSON holds them. Most are plain, which is seen without a call: there are hundreds."""
    return {name: value if type(value) in PLAIN else jsonable(value) for name, value in values.items()}


@lru_cache(maxsize=10_000)
def _in_order(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _change(one: TraceChange) -> list[Any]:
    """As `_short`, told by itself for what most changes are."""
    if one.missed is None and not one.more and type(one.value) in _TOLD:
        return [one.action, one.target, one.value]
    return _short(one.action, one.target, one.value, one.more, one.missed)


_TOLD = PLAIN - {type(None)}


def _short(*row: Any, empty: tuple[Any, ...] = (None, {})) -> list[Any]:
    """A row without what is empty at its end; its first is not."""
    last = len(row)
    while row[last - 1] in empty:
        last -= 1
    return list(row[:last])


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        return {name: _hidden(one, hide) for name, one in value.items()}
    return [_hidden(one, hide) for one in value] if isinstance(value, list) else value
