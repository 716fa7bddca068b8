"""What people call something they keep: a title, a name. One line that is seen as it is."""

from __future__ import annotations

from engine.core.errors import Refused

JOINER = "\u200d"
"""Joins emoji into one: the only invisible character a title has a use for."""


def title_of(text: str, pointer: str) -> str:
    """A title as it is kept, without the blanks around it. `pointer` names the field for the one who asks.

    Raises Refused for an empty one, and for one with characters that nobody sees or that turn the line around:
    two titles that look the same would be different ones.
    """
    title = text.strip()
    if not title.replace(JOINER, ""):
        raise Refused("invalid", "text-needed", "write something here", pointer=pointer)
    hidden = next((char for char in title if not char.isprintable() and char != JOINER), None)
    if hidden is not None:
        said = f"there is an invisible character in it (U+{ord(hidden):04X}); take it out"
        raise Refused("invalid", "invisible-character", said, pointer=pointer)
    return title
