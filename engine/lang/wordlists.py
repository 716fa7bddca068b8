"""Words of a list that change nothing beside the others: they are found wherever another one is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.lang.findings import Finding, Related
from engine.lang.said import say
from engine.lang.source import Span
from engine.lang.text import WordSet, fold


def redundant_words(entries: Sequence[tuple[str, Span]], mode: str, exact: bool = False) -> Iterator[Finding]:
    """On each such word. `mode`: of `any` a longer word says nothing beside one that stands in it, of `all` that one
    beside the longer; of `only` just the same word does."""
    forms = [(text if exact else fold(text), text, span) for text, span in entries]
    words = WordSet((text for text, _ in entries), exact)
    written = {form: text for form, text, _ in reversed(forms)}
    first: dict[str, Span] = {}
    inside: dict[str, str] = {}
    for form, text, span in forms:
        if form in first:
            related = (Related(first[form], say("already here")),)
            yield Finding("redundant-word", say("`{text}` stands in the list already", text), span, related=related)
            continue
        first[form] = span
        for start, end in words.places(form) if mode != "only" else ():
            if end - start < len(form) and mode == "any":
                message = say(
                    "`{text}` is found by `{other}` already", text, written.get(form[start:end], form[start:end])
                )
                yield Finding("redundant-word", message, span)
                break
            if end - start < len(form):
                inside.setdefault(form[start:end], text)
    for form, text, span in forms:
        if form in inside and first[form] is span:
            yield Finding("redundant-word", say("`{text}` is found by `{other}` already", text, inside[form]), span)
