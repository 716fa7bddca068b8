"""Patterns: RE2 only, so that time stays linear whatever the text, within a memory bound."""

from __future__ import annotations

from typing import Any

import re2

from engine.lang.limits import LIMITS


def pattern_problem(pattern: str, flags: str = "") -> str | None:
    """What RE2 has against a pattern, or None."""
    if flags not in ("", "i"):
        return f"there is no flag `{flags}`, only `i`"
    if len(pattern) > LIMITS.pattern_chars:
        return f"a pattern has at most {LIMITS.pattern_chars} characters"
    try:
        compile_pattern(pattern.replace("\\/", "/"), flags == "i")
    except re2.error as error:
        reason = error.args[0] if error.args else "cannot be read"
        return f"the pattern cannot be read: {reason.decode() if isinstance(reason, bytes) else reason}"
    return None


def compile_pattern(pattern: str, ignore_case: bool) -> Any:
    """The RE2 object; raises `re2.error` when it cannot be read or grows past the memory bound."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = LIMITS.pattern_memory
    options.case_sensitive = not ignore_case
    return re2.compile(pattern, options)
