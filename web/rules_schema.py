"""What goes into and comes out of the rules' part of the API: what is in force, publishing, what an editor asks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from web.schema import LONGEST_LINE, Body, Finding, Id, Name, Place, Query, RulesChange, Short, Time
from web.trace_schema import TraceChange, TraceReason, TriedRefusal, TriedReply

# --- answers --------------------------------------------------------------------------------------------------------


class TextPlace(Struct):
    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class TextEdit(TextPlace):
    text: str
    """What stands there from now on."""


class CompletionItem(Struct):
    label: str
    kind: str
    """keyword, field, event, function, action, code, file, filter, key, or the noun it names."""
    insert: str
    replace: TextPlace
    detail: str
    documentation: str
    """Markdown."""


class Completions(Struct):
    items: list[CompletionItem]
    """Best first."""


class HoverText(TextPlace):
    text: str
    """Markdown."""


class Hovered(Struct):
    hover: HoverText | None


class Defined(Struct):
    definition: TextPlace | None


class References(Struct):
    items: list[TextPlace]


class TextEdits(Struct):
    items: list[TextEdit]
    refused: str | None
    """Why it cannot be named so."""


class Formatted(Struct):
    text: str


class Symbol(Struct):
    name: str
    kind: str
    detail: str
    place: TextPlace
    name_place: TextPlace


class Symbols(Struct):
    items: list[Symbol]


class Remedy(Struct):
    title: str
    code: str
    edits: list[TextEdit]
    finding: TextPlace


class Remedies(Struct):
    items: list[Remedy]


class RulesFile(Struct):
    path: str
    size: int
    rules: int


class Activation(Struct):
    digest: str
    at: Time
    by: str
    note: str
    source: str
    """start, watch, command, signal, api or console."""


class FailedLoad(Struct):
    at: Time
    source: str
    findings: list[Finding]


class Rules(Struct):
    """GET /api/v1/rules."""

    digest: str
    active: Activation
    files: list[RulesFile]
    rules: int
    failed: FailedLoad | None
    """The last load, if it failed and nothing newer is in force."""


class RulesFolder(Struct):
    """The rules folder where it holds something else than what is in force: a broken edit, or one not loaded yet."""

    digest: str
    changes: list[RulesChange]
    files: dict[str, str]
    """The folder's texts of the files that differ."""


class RulesTexts(Struct):
    digest: str
    files: dict[str, str]
    """Path to text."""


class RulesSource(RulesTexts):
    """GET /api/v1/rules/files."""

    folder: RulesFolder | None


class RulesVersion(Struct):
    id: int
    digest: str
    at: Time
    by: str
    source: str
    note: str
    changes: list[RulesChange]
    """What differs from the version before it."""


class RulesVersionPage(Struct):
    items: list[RulesVersion]
    """Newest first."""
    next: str | None


class RuleFigures(Struct):
    rule: str
    title: str | None
    file: str
    line: int
    stage: str
    acted: int
    lost: int
    failed: int
    last_at: Time | None
    """When it last acted, however long ago."""
    micros: float | None
    """Mean µs to ask its condition, on the last recorded decisions; null where none asked it."""


class RulesStatistics(Struct):
    since_at: Time
    """From when on there is something to count."""
    days: int
    items: list[RuleFigures]


class Resettling(Struct):
    """New service times are carried to so many open `tickets` by the job `GET /api/v1/jobs/{job}`; null: none."""

    job: int
    tickets: int


class Published(Struct):
    changed: bool
    digest: str
    findings: list[Finding]
    """Warnings."""
    changes: list[RulesChange]
    resettling: Resettling | None


class Reloaded(Struct):
    changed: bool
    digest: str
    findings: list[Finding]
    resettling: Resettling | None


class Validated(Struct):
    findings: list[Finding]
    errors: int
    warnings: int


Against = Literal["in-force", "recorded"]


class SimulatedDecisions(Struct):
    read: int
    compared: int
    differing: int
    no_snapshot: int
    """Not compared: their snapshots have expired."""
    unreadable: int
    """Not compared: the snapshot or the rules that decided cannot be read."""
    undecidable: int
    """Not compared: a value that decides was not recorded."""
    unfollowed: int
    """Of those compared: a value that decides what would have followed is not known."""


class Unknown(Struct):
    value: str
    decisions: int


class SimulatedTickets(Struct):
    seen: int
    routed: int
    """To another team."""
    assigned: int
    """To somebody else, or chosen in another way."""
    prioritised: int
    answered: int
    escalated: int
    otherwise: int
    differing: int


class TeamLoad(Struct):
    team: str | None
    before: int
    after: int


class Promise(Struct):
    policy: str | None
    targets: dict[str, str]
    calendar: str | None = None


class PromiseMove(Struct):
    before: Promise
    after: Promise
    tickets: int


class SimulatedSla(Struct):
    tickets: int
    """That would have another promise."""
    unknown: int
    moves: list[PromiseMove]


class SimulatedRule(Struct):
    book: Literal["before", "after"]
    """Of which side: what the edit is compared with, or the edit."""
    rule: str
    file: str
    line: int


class ResponsibleRule(SimulatedRule):
    decisions: int


class SimulatedChange(Struct):
    what: str
    """A field, `reply`, `notify role` …"""
    before: Any
    after: Any


class SimulatedExample(Struct):
    ticket: int | None
    event: str
    at: Time
    kinds: list[Literal["routed", "assigned", "prioritised", "answered", "escalated", "otherwise"]]
    changes: list[SimulatedChange]
    rules: list[SimulatedRule]


class Simulated(Struct):
    """What an edit would have decided otherwise, from the recorded decisions of a period."""

    rulebook: str
    against: Against
    """What it is compared with: what the rules in force would have decided, or what was decided then."""
    since: Time
    until: Time
    complete: bool
    """False when it ended before its time: the period holds more decisions."""
    decisions: SimulatedDecisions
    undecidable: list[Unknown]
    tickets: SimulatedTickets
    teams: list[TeamLoad]
    """Tickets that rules routed."""
    sla: SimulatedSla
    rules: list[ResponsibleRule]
    examples: list[SimulatedExample]


class TriedRule(Struct):
    rule: str
    title: str | None
    file: str
    line: int
    stage: str
    wave: int
    outcome: Literal["acted", "lost", "failed", "nearly"]
    """`nearly` (one part of the condition was false) is told of lines only."""
    why: str
    reasons: list[TraceReason]
    values: dict[str, Any]
    changes: list[str]
    did: list[TraceChange]


class TriedRules(Struct):
    rules: list[TriedRule]


class TriedDecision(Struct):
    event: str
    at: Time
    seq: int
    """Of the event that was decided."""
    before: TriedRules
    """As it was decided."""
    after: TriedRules
    """As the edited rules would have."""
    undecidable: str | None
    """A value for lack of which what is after is not known, or not all of it; also one that I may not read."""


class DryRan(Struct):
    items: list[TriedDecision]
    """Newest first, at most 50."""


class TriedLine(TriedRules):
    replies: list[TriedReply]
    rejected: str | None
    """What the member would be told by a rule that takes no such line; the line would not be kept then."""
    refused: TriedRefusal | None
    """Why the desk itself would not take the line."""
    unread: list[str]
    """Fields that rules ask for here and I may not read: they were tried as if these were empty."""


class DryRanLine(Struct):
    """What the member's next line on a ticket would lead to now."""

    at: Time
    before: TriedLine
    """Under the rules in force."""
    after: TriedLine
    """Under the edited rules."""


# --- bodies and queries ---------------------------------------------------------------------------------------------


class ValidateBody(Body):
    files: dict[str, str | None]
    """Path to text. With `base` they are an edit of it: what is not named stays, null takes a file away."""
    base: str | None = None
    """A digest as of GET /rules/files; without it `files` is the whole folder."""
    scenarios: bool = False
    """Whether the scenarios are run as well; each that fails is a finding."""


class ReloadBody(Body):
    note: Short = ""


class PublishBody(Body):
    base: str
    """The digest the edit began from: of what is in force, or of the folder (`folder.digest` of GET /rules/files)."""
    files: dict[str, str | None]
    """Path to text; null takes the file away. What is not named stays."""
    note: Short = ""


class RollbackBody(Body):
    base: str
    """The digest in force that is to be left."""
    digest: str
    """Of the version to go back to."""
    note: Short = ""


class SimulateBody(Body):
    """An edit of `base`, and how far to look back."""

    base: str
    files: dict[str, str | None]
    days: Annotated[int, Meta(ge=1, le=366)] = 30
    against: Against = "in-force"


class DryRunBody(Body):
    """An edit of `base`, and the ticket to try it on."""

    base: str
    files: dict[str, str | None]
    ticket: Id
    event: Id | None = None
    """Only the decision of this event (`seq`)."""


class GraphBody(Body):
    """An edit of `base`, and which of its pictures."""

    base: str
    files: dict[str, str | None]
    what: Literal["lifecycles", "stages", "triggers"] = "lifecycles"
    locale: Annotated[str, Meta(max_length=20)] | None = None


class DryRunLineBody(Body):
    """An edit of `base`, a ticket, and what its member might write next."""

    base: str
    files: dict[str, str | None]
    ticket: Id
    text: Annotated[str, Meta(min_length=1, max_length=LONGEST_LINE)]


class FileBody(Body):
    """An edit of `base`, and a file in it."""

    base: str
    files: dict[str, str | None]
    path: str


class AtBody(FileBody):
    """A place in a file of an edit; lines and columns count from 1, columns in characters."""

    line: Place
    column: Place


class SpanBody(AtBody):
    end_line: Place
    end_column: Place


class RenameBody(AtBody):
    name: Name


class VersionsQuery(Query):
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: str | None = None


class GraphQuery(Query):
    what: Literal["lifecycles", "stages", "triggers"] = "lifecycles"
    locale: Annotated[str, Meta(max_length=20)] | None = None
    """Of labels; without it the first shop's."""


class StatisticsQuery(Query):
    days: Annotated[int, Meta(ge=1, le=366)] = 30
