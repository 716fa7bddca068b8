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
    whole = _joined(lazy_pinyin(text, style=Style.NORMAL, errors=lambda rest: list(rest)))
    initials = _joined(lazy_pinyin(text, style=Style.FIRST_LETTER, errors=lambda rest: list(rest)))
    return [whole, initials]


def _joined(parts: list[str]) -> str:
    return "".join(part for part in parts if part.isalnum())
