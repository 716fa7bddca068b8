"""What no text of a desk holds: U+0000, on which databases do not agree, and half a character (a lone surrogate), which
is no text at all. Asked where things come into the desk: people are told, what a channel or a shop's page brings is
cleaned, since nobody is there to write it again."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

from engine.core.errors import Refused

T = TypeVar("T")

_BAD: Final = re.compile("[\x00\ud800-\udfff]")
REPLACED: Final = "\ufffd"


_PLAIN: Final = frozenset({int, float, bool})


@lru_cache(maxsize=1024)
def _names(kind: Any) -> tuple[str, ...]:
    """The fields of a dataclass; of anything else there are none to look at."""
    return tuple(getattr(kind, "__dataclass_fields__", ()))


def check(value: Any, pointer: str = "") -> None:
    """Raises Refused, with a pointer to the field, for a command that holds such a text anywhere."""
    if isinstance(value, str):
        if not clean(value):
            text = "a text cannot contain the character U+0000, nor half a character"
            raise Refused("invalid", "wrong-value", text, pointer=pointer)
    elif isinstance(value, (list, tuple)):
        for n, item in enumerate(value):
            check(item, f"{pointer}/{n}")
    elif names := _names(value.__class__):
        for name in names:
            item = getattr(value, name)
            # Most are missing, plain or sound texts: nothing is asked again of these.
            if item and type(item) not in _PLAIN and not (type(item) is str and clean(item)):
                check(item, f"{pointer}/{name}")
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if not (type(name) is str and clean(name)):
                check(name, pointer)
            if item and type(item) not in _PLAIN and not (type(item) is str and clean(item)):
                check(item, f"{pointer}/{_BAD.sub(REPLACED, str(name))}")


def cleaned(value: T) -> T:
    """The same with `REPLACED` for each such character."""
    found: Any = value
    if isinstance(value, str):
        found = _BAD.sub(REPLACED, value)
    elif isinstance(value, Mapping):
        found = {cleaned(name): cleaned(item) for name, item in value.items()}
    elif isinstance(value, (list, tuple)):
        found = type(value)(cleaned(item) for item in value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [one.name for one in dataclasses.fields(value) if one.init]
        found = dataclasses.replace(value, **{name: cleaned(getattr(value, name)) for name in names})
    return found  # type: ignore[no-any-return]


def clean(text: str) -> bool:
    """Whether a text has none of them. Asked of all that comes in: encoding sees half a character many times sooner
    than the pattern does."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
