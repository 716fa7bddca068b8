"""Patterns: RE2 only, so that time stays linear whatever the text, within a memory bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import re2

from engine.lang.limits import LIMITS
from engine.lang.said import say

_REASONS: Mapping[str, str] = {
    one: one
    for one in (
        say("invalid escape sequence"),
        say("invalid character class"),
        say("invalid character class range"),
        say("missing ]"),
        say("missing )"),
        say("unexpected )"),
        say("trailing \\"),
        say("no argument for repetition operator"),
        say("invalid repetition size"),
        say("bad repetition operator"),
        say("invalid perl operator"),
        say("invalid UTF-8"),
        say("invalid named capture group"),
        say("pattern too large - compile failed"),
        say("cannot be read"),
    )
}
"""RE2's own words, which we know by heart."""


def pattern_problem(pattern: str, flags: str = "") -> str | None:
    """What RE2 has against a pattern, or None."""
    if flags not in ("", "i"):
        return say("there is no flag `{flags}`, only `i`", flags)
    if len(pattern) > LIMITS.pattern_chars:
        return say("a pattern has at most {most} characters", LIMITS.pattern_chars)
    try:
        compile_pattern(pattern.replace("\\/", "/"), flags == "i")
    except re2.error as error:
        said = error.args[0] if error.args else "cannot be read"
        reason, colon, piece = (said.decode() if isinstance(said, bytes) else str(said)).partition(": ")
        reason = _REASONS.get(reason, reason)
        if colon:
            return say("the pattern cannot be read: {reason}: {piece}", reason, piece)
        return say("the pattern cannot be read: {reason}", reason)
    return None


def compile_pattern(pattern: str, ignore_case: bool) -> Any:
    """The RE2 object; raises `re2.error` when it cannot be read or grows past the memory bound."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = LIMITS.pattern_memory
    options.case_sensitive = not ignore_case
    return re2.compile(pattern, options)


def finder(pattern: str, ignore_case: bool) -> Callable[[str], bool]:
    """Whether the pattern is found in a text, as `search` of its RE2 object says, without making a match to say where:
    most patterns of rules are not found, and the wrapper in Python takes several times what RE2 itself does."""
    match = compile_pattern(pattern, ignore_case)._regexp.Match
    anywhere = re2._Anchor.UNANCHORED

    def found(text: str) -> bool:
        octets = text.encode()
        return bool(match(anywhere, octets, 0, len(octets))[0] != _NOWHERE)

    return found


_NOWHERE = (-1, -1)
"""The span that RE2 gives where nothing is found."""
