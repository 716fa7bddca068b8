"""Sentences the desk itself says to people, in each language. What a shop says for itself stands in its templates."""

from __future__ import annotations

from collections.abc import Mapping

PHRASES: Mapping[str, Mapping[str, str]] = {
    "answer.menu": {
        "zh-TW": "您想了解的是哪一項？請回覆數字：",
        "zh-CN": "您想了解的是哪一项？请回复数字：",
        "en": "Which of these is it about? Please reply with the number:",
    },
    "hours.days": {
        "zh-TW": "週一 週二 週三 週四 週五 週六 週日",
        "zh-CN": "周一 周二 周三 周四 周五 周六 周日",
        "en": "Mon Tue Wed Thu Fri Sat Sun",
    },
    "hours.to": {"zh-TW": "至", "zh-CN": "至", "en": "–"},
    "hours.daily": {"zh-TW": "每天", "zh-CN": "每天", "en": "every day"},
    "hours.always": {"zh-TW": "每天 24 小時", "zh-CN": "每天 24 小时", "en": "around the clock"},
    "hours.never": {"zh-TW": "目前不開放", "zh-CN": "目前不开放", "en": "closed"},
    "hours.next_day": {"zh-TW": "翌日 ", "zh-CN": "次日 ", "en": "the next day "},
    "hours.and": {"zh-TW": "、", "zh-CN": "、", "en": ", "},
    "hours.then": {"zh-TW": "，", "zh-CN": "，", "en": "; "},
}


def phrase(name: str, locale: str) -> str:
    """A sentence in a language; in English where there is none in it."""
    texts = PHRASES[name]
    return texts.get(locale, texts["en"])
