"""What people read, in their language. The English stands in the code; `i18n/` has the Chinese by the English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self, overload

import yaml

__all__ = [
    "CODE",
    "LOCALES",
    "PLACE",
    "Label",
    "Said",
    "both",
    "either",
    "from_json",
    "joined",
    "locale_of",
    "quoted",
    "say",
    "spoken",
    "to_json",
]

LOCALES = ("en", "zh-TW", "zh-CN")
"""The languages people are spoken to in, the source of all texts first."""

Value = str | tuple[str, ...]
"""What a sentence is filled with: a text (which may be a Said of its own), or several."""

_FOLDER = Path(__file__).parent / "i18n"
_JOINTS = {"en": ", ", "zh-TW": "、", "zh-CN": "、"}
PLACE = re.compile(r"\{([a-z_][a-z_0-9]*)\}")
"""Where a value goes in a text."""
CODE = re.compile(r"`([^`\n]{1,200})`")
"""A piece of code in a text for people."""
_SAID = "said()"
"""The one key of a kept text."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Said(str):
    """An English text that can be said in other languages, too: equal to its English, and as good as any other str.

    `template`: the English with `{name}` where values go. `values`: by name. `code`: pieces in backticks that stand
    otherwise in this text (keywords of a Chinese rule file).
    """

    __slots__ = ("code", "template", "values")
    template: str
    values: Mapping[str, Value]
    code: Mapping[str, str]

    def __new__(
        cls, template: str, values: Mapping[str, Value] | None = None, code: Mapping[str, str] | None = None
    ) -> Self:
        values, code = values or {}, code or {}
        made = super().__new__(cls, _filled(template, values, code, "en"))
        made.template, made.values, made.code = template, values, code
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Said, (self.template, dict(self.values), dict(self.code))

    def spoken(self, locale: str) -> str:
        """The text in a language of `LOCALES`; in English where it has no translation."""
        if locale == "en":
            return str.__str__(self)
        return _filled(translation(self.template, locale) or self.template, self.values, self.code, locale)

    def recoded(self, code: Mapping[str, str]) -> Said:
        """The same text with other pieces of code in it."""
        return Said(self.template, self.values, {**self.code, **code})


class Label(Said):
    """A text that somebody wrote in several languages, by language; as a str it is the first of them."""

    __slots__ = ("texts",)
    texts: Mapping[str, str]

    def __new__(cls, texts: Iterable[tuple[str, str]]) -> Self:
        by_language: dict[str, str] = {}
        for language, text in texts:
            by_language.setdefault(language, text)
        made = super().__new__(cls, next(iter(by_language.values()), ""))
        made.texts = by_language
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Label, (tuple(self.texts.items()),)

    def spoken(self, locale: str) -> str:
        """The text in this language, else in one like it, else the first."""
        like = (text for language, text in self.texts.items() if language[:2] == locale[:2])
        return self.texts.get(locale) or next(like, str.__str__(self))


def say(template: str, *values: object) -> Said:
    """A sentence for people. `template`: a literal, in the catalogues of `i18n/`; its `{name}`s are filled in order.

    A tuple is a list for people; a Said is said in the same language; all else stands as `str` of it.
    """
    names = dict.fromkeys(PLACE.findall(template))
    filled = (value if isinstance(value, str | tuple) else str(value) for value in values)
    return Said(template, dict(zip(names, filled, strict=True)))


def quoted(names: Iterable[object]) -> tuple[str, ...]:
    """Names in backticks, to fill a sentence with."""
    return tuple(f"`{name}`" for name in names)


def joined(parts: Iterable[str], between: str) -> Said:
    """Texts one after another; what stands between them is no sentence."""
    values: dict[str, Value] = {f"part_{number}": part for number, part in enumerate(parts)}
    return Said(between.join(f"{{{name}}}" for name in values), values)


def either(items: Iterable[str]) -> str:
    """ "a, b or c": for people."""
    return _joined("{some} or {last}", tuple(items))


def both(items: Iterable[str]) -> str:
    """ "a, b and c": for people."""
    return _joined("{some} and {last}", tuple(items))


def _joined(template: str, items: tuple[str, ...]) -> str:
    return Said(template, {"some": items[:-1], "last": items[-1]}) if len(items) > 1 else next(iter(items), "")


@overload
def spoken(text: str, locale: str) -> str: ...
@overload
def spoken(text: None, locale: str) -> None: ...
def spoken(text: str | None, locale: str) -> str | None:
    """A text in a language of `LOCALES`: what was `said` from its parts, any other as it stands in the catalogue."""
    if isinstance(text, Said):
        return text.spoken(locale)
    return text if text is None or locale == "en" else translation(text, locale) or text


def to_json(value: Any) -> Any:
    """JSON data with the texts in it as they are kept, to be spoken when they are read back."""
    if isinstance(value, Said):
        values = {name: to_json(list(one) if isinstance(one, tuple) else one) for name, one in value.values.items()}
        return {_SAID: [value.template, values, dict(value.code)]}
    if isinstance(value, Mapping):
        return {key: to_json(one) for key, one in value.items()}
    return [to_json(one) for one in value] if isinstance(value, list | tuple) else value


def from_json(data: Any) -> Any:
    """What `to_json` was given."""
    if isinstance(data, list):
        return [from_json(one) for one in data]
    if not isinstance(data, dict):
        return data
    if data.keys() != {_SAID}:
        return {key: from_json(one) for key, one in data.items()}
    template, values, code = data[_SAID]
    filled = {name: from_json(one) for name, one in values.items()}
    return Said(template, {n: tuple(one) if isinstance(one, list) else one for n, one in filled.items()}, code)


def translation(template: str, locale: str) -> str | None:
    """What the catalogue has for an English text; None for what it has not."""
    return _catalogue(locale).get(template)


def locale_of(wanted: str | None) -> str:
    """The one of `LOCALES` for a tag such as `zh-Hant-HK`, `zh_TW.UTF-8`, `en-GB`; English for what we do not speak."""
    tag = re.split(r"[.@]", wanted or "")[0].replace("_", "-").lower()
    if not re.match(r"zh\b", tag):
        return "en"
    return "zh-TW" if re.search(r"-(hant|tw|hk|mo)\b", tag) and "-hans" not in tag else "zh-CN"


def _filled(template: str, values: Mapping[str, Value], code: Mapping[str, str], locale: str) -> str:
    def value(place: re.Match[str]) -> str:
        if place[1] not in values:
            return place[0]
        text = _shown(values[place[1]], locale)
        if not locale.startswith("zh"):
            return text
        # Between Chinese and other letters stands a space.
        before, after = template[: place.start()][-1:], template[place.end() :][:1]
        lead = " " if _is_han(before) and _is_latin(text[:1]) else ""
        return f"{lead}{text} " if _is_han(after) and _is_latin(text[-1:]) else lead + text

    text = PLACE.sub(value, template) if values else template
    return CODE.sub(lambda piece: f"`{code.get(piece[1], piece[1])}`", text) if code else text


def _shown(value: Value, locale: str) -> str:
    if isinstance(value, tuple):
        return _JOINTS.get(locale, ", ").join(_shown(one, locale) for one in value)
    return value.spoken(locale) if isinstance(value, Said) else value


def _is_han(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"


def _is_latin(char: str) -> bool:
    return char == "`" or (char.isascii() and char.isalnum())


@cache
def _catalogue(locale: str) -> Mapping[str, str]:
    """English to another language; nothing for English itself."""
    found: dict[str, str] = {}
    for path in sorted(_FOLDER.glob(f"*.{locale}.yaml")):
        found |= yaml.load(path.read_text("utf-8"), Loader=_LOADER)  # noqa: S506 - a safe one
    return found
