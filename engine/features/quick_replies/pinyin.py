"""What one types to find a Chinese title with Latin letters: its pinyin, and the initials."""

from __future__ import annotations

import unicodedata


def keys(title: str) -> list[str]:
    """The keys of a title: `退款進度` → `["tuikuanjindu", "tkjd"]`; empty where it has no Chinese.

    Readings are those of the word a character stands in, from the package pypinyin.
    """
    from pypinyin import Style, lazy_pinyin  # its dictionaries take a moment: loaded with the first title that is saved

    text = unicodedata.normalize("NFKC", title).lower()
    if not any("\u3400" <= character <= "\u9fff" for character in text):
        return []
    whole = _joined(lazy_pinyin(text, style=Style.NORMAL, errors=_as_they_are))
    initials = _joined(lazy_pinyin(text, style=Style.FIRST_LETTER, errors=_as_they_are))
    return [whole, initials]


def _as_they_are(rest: str) -> str:
    """What has no reading: Latin letters, digits, marks."""
    return rest


def _joined(parts: list[str]) -> str:
    return "".join(letter for part in parts for letter in part if letter.isalnum())
