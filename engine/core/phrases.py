"""Sentences the desk itself says to people, in each language. What a shop says for itself stands in its templates."""

from __future__ import annotations

from collections.abc import Mapping

PHRASES: Mapping[str, Mapping[str, str]] = {
    "answer.menu": {
        "zh-TW": "您想了解的是哪一項？請回覆數字：",
        "zh-CN": "您想了解的是哪一项？请回复数字：",
        "en": "Which of these is it about? Please reply with the number:",
    },
}


def phrase(name: str, locale: str) -> str:
    """A sentence in a language; in English where there is none in it."""
    texts = PHRASES[name]
    return texts.get(locale, texts["en"])
