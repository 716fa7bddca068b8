"""Another name for something, in all files at once: what may be renamed, and how each place is written then."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from engine.editor.knowledge import Knowledge
from engine.editor.mentions import Mention
from engine.editor.results import Edit, Place, Refusal
from engine.editor.spelling import is_name, noun, quoted, scalar
from engine.lang import Environment, Finding, Severity, Span
from engine.lang.said import say
from engine.lang.types import noun as type_noun


class Folder(Protocol):
    """The texts of a rules folder and what is known of their names: a `Workspace`."""

    files: Mapping[str, str]

    @property
    def environment(self) -> Environment:
        """What rules may name."""

    @property
    def mentions(self) -> Mapping[tuple[str, str], list[Mention]]:
        """Every mention of every name, by kind and name."""

    @property
    def knowledge(self) -> Knowledge:
        """What is known about each name."""

    def unread(self) -> list[str]:
        """The files whose names are not all known."""

    def findings(self, *, with_scenarios: bool = False) -> list[Finding]:
        """What is wrong with the texts."""

    def with_files(self, changes: Mapping[str, str | None]) -> Folder:
        """The folder with several files changed."""


_FIXED = {
    "event": say("events are the desk's own"),
    "function": say("functions are the desk's own, or a plugin's"),
    "action": say("actions are part of the language"),
    "code": say("findings are part of the language"),
    "trigger": say("the desk and other programs move tickets by this name"),
    "file": say("move the file, then name its new path"),
}
_BARE = frozenset({"definition", "words", "rule"})
"""What is never written in quotes."""


def refused(folder: Folder, mention: Mention | None) -> Refusal | None:
    """Why what is mentioned cannot be renamed; None when it can."""
    if mention is None:
        return Refusal(say("there is no name here that could be changed"))
    if mention.kind in _FIXED:
        return Refusal(say("`{name}` cannot be renamed: {why}", mention.name, _FIXED[mention.kind]))
    if not any(other.declares for other in folder.mentions[mention.kind, mention.name]):
        why = say("`{name}` is declared in no file of this folder, so it cannot be renamed here", mention.name)
        return Refusal(why)
    return None


def rename(folder: Folder, mention: Mention, new: str) -> list[Edit] | Refusal:
    """The edits that give what is mentioned the name `new`, or why it cannot have it."""
    old, kind = mention.name, mention.kind
    owner, dot, _ = old.partition(".") if kind in ("field", "setting") else ("", "", "")
    if dot and not new.startswith(f"{owner}."):
        new = f"{owner}.{new}"
    if new == old:
        return []
    wrong = _unusable(folder, kind, new)
    if wrong is not None:
        return wrong
    word = old.rpartition(".")[2] if dot else old
    for path in folder.unread():
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", folder.files[path]):
            return Refusal(say("`{path}` names `{name}` and has mistakes of syntax; mend it first", path, word))
    edits = [Edit(Place.of(other.span), _written(other, new)) for other in _once(folder.mentions[kind, old])]
    return _proved(folder, old, new, edits) or edits


def _unusable(folder: Folder, kind: str, new: str) -> Refusal | None:
    last = new.rpartition(".")[2] if kind in ("field", "setting") else new
    if not new.strip() or new != new.strip() or not new.isprintable():
        return Refusal(say("a name needs letters, and nothing that is not seen"))
    if (kind in _BARE or kind in ("field", "setting")) and not (
        is_name(last) or (kind in ("field", "setting") and last.isidentifier())
    ):
        return Refusal(say("`{name}` is not a name: letters, digits and `_`, no word that is reserved", last))
    if kind in ("definition", "words") and new in folder.environment.fields:
        return Refusal(say("`{name}` is a field already", new))
    if new in folder.knowledge.names(kind):
        return Refusal(say("there is a {what} `{name}` already", type_noun(kind), new))
    return None


def _once(mentions: Iterable[Mention]) -> list[Mention]:
    seen: dict[tuple[str, int, int], Mention] = {}
    for mention in mentions:
        seen.setdefault((mention.span.source.path, mention.span.start, mention.span.end), mention)
    return list(seen.values())


def _written(mention: Mention, new: str) -> str:
    """`new` as it has to stand in the place of a mention: in quotes where it stood in quotes."""
    raw = mention.span.text
    if mention.form == "short":
        new = new.partition(".")[2]
    if mention.form in ("name", "path", "slot"):
        return new
    if raw[:1] in "\"'“「『＂":
        return quoted(new)
    return noun(new) if mention.form == "noun" else scalar(new)


def bare_span(mention: Mention) -> Span:
    """The name without its quotes."""
    span = mention.span
    if span.text[:1] in ('"', "'") and len(span.text) > 1:
        return Span(span.source, span.start + 1, span.end - 1)
    return span


def _proved(folder: Folder, old: str, new: str, edits: list[Edit]) -> Refusal | None:
    """The new name is tried, scenarios too: what gives errors that were not there is refused with the first of them."""
    after = folder.with_files(applied(folder, edits)).findings(with_scenarios=True)
    errors = [f for f in after if f.severity is Severity.ERROR]
    if not errors:
        return None
    before = [f for f in folder.findings(with_scenarios=True) if f.severity is Severity.ERROR]
    if len(errors) <= len(before):
        return None
    known = {(f.code, f.message) for f in before}
    first = next((f for f in errors if (f.code, f.message) not in known), errors[0])
    place = f"{first.span.source.path}:{first.span.line}"
    return Refusal(say("`{name}` cannot be called `{other}`: {why} ({place})", old, new, first.message, place))


def applied(folder: Folder, edits: Iterable[Edit]) -> dict[str, str | None]:
    """The texts of the files that edits change, as they are after them."""
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.place.path, []).append(edit)
    return {path: apply(folder.files[path], found) for path, found in by_path.items()}


def apply(text: str, edits: Iterable[Edit]) -> str:
    """`text` after edits that do not overlap."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    done = sorted(edits, key=lambda edit: (edit.place.line, edit.place.column), reverse=True)
    for edit in done:
        place = edit.place
        start = starts[place.line - 1] + place.column - 1
        end = starts[place.end_line - 1] + place.end_column - 1
        text = text[:start] + edit.text + text[end:]
    return text
