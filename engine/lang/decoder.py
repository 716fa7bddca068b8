"""YAML to the entries that a file's class has (`engine.lang.schema`), with the place of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from engine.lang.document import At, Document, Path
from engine.lang.findings import Finding, closest
from engine.lang.said import quoted, say
from engine.lang.schema import LANGUAGES, Entry, Form, Slot, slots
from engine.lang.source import Span
from engine.lang.types import Duration

E = TypeVar("E", bound=Entry)

_WRONG: Final = object()
"""Stands for a value that cannot be read; a finding says why."""
_ANY: Final = Form("any")


class Decoder:
    """Plain data to entries. A value that is wrong is a finding, and the field's default counts.

    A single value counts as a list of one. Another decoder may tell of mistakes in other words.
    """

    def __init__(self, document: Document) -> None:
        self.document = document

    def read(self, cls: type[E], *path: str | int) -> E | None:
        """Returns the document, or a piece of it, as an entry."""
        made = self._entry(At(self.document, path).raw(), cls, path)
        return made if isinstance(made, cls) else None

    # ---- what is told ------------------------------------------------------------------------------------------------

    def wrong(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        """Adds a finding."""
        self.document.findings.append(Finding(code, message, span, hint=hint))

    def unknown_key(self, message: str, known: tuple[str, ...], path: Path) -> None:
        """Tells of a key that means nothing."""
        hint = closest(str(path[-1]), known) or say("known here: {names}", quoted(known))
        self.wrong("unknown-key", message, At(self.document, path).key(), hint)

    def lacks(self, message: str, path: Path) -> None:
        """Tells of an entry without what it must have."""
        At(self.document, path).lacks(message)

    def mismatch(self, form: Form, value: Any, path: Path, usual: str, hint: str | None = None) -> None:
        """Tells of a value of another form."""
        told = form.told(value) if callable(form.told) else form.told
        code = "unknown-value" if form.holds == "text" and form.closed else "type-mismatch"
        self.wrong("bad-duration" if form.holds == "duration" else code, told or usual, self.document.span(*path), hint)

    # ---- values ------------------------------------------------------------------------------------------------------

    def _value(self, value: Any, form: Form, path: Path, *, listed: bool = False) -> Any:
        if value is None and form.optional:
            return None
        if form.flag and isinstance(value, bool):
            return value
        match form.holds:
            case "entry":
                return self._entry(value, form.entry or Entry, path, form)
            case "list":
                return self._list(value, form, path)
            case "label" if isinstance(value, str):
                return dict.fromkeys(LANGUAGES, value)
            case "label" | "mapping":
                return self._mapping(value, form, path)
            case "text":
                return self._text(value, form, path, listed)
            case "flag" if not isinstance(value, bool):
                self.mismatch(form, value, path, say("`true` or `false` must stand here"))
                return False
            case "number" if isinstance(value, bool) or not isinstance(value, int):
                self.mismatch(form, value, path, say("a whole number is wanted here, not `{text}`", value))
                return _WRONG
            case "duration":
                try:
                    return Duration.parse(str(value))
                except ValueError:
                    usual = say("`{text}` is not a duration such as `30s`, `15m`, `4h`, `2d`", value)
                    self.mismatch(form, value, path, usual)
                    return _WRONG
            case _:
                return value

    def _text(self, value: Any, form: Form, path: Path, listed: bool) -> Any:
        if form.closed:
            if isinstance(value, str) and value in form.choices:
                return value
            self.mismatch(form, value, path, say("`{text}` has no meaning here", value))
            return _WRONG
        if isinstance(value, str) or form.loose:
            return str(value)
        return self._no_text(value, form, path, listed)

    def _no_text(self, value: Any, form: Form, path: Path, listed: bool = False) -> Any:
        usual = say("a text is wanted here, not `{text}`", value)
        if not listed:
            usual = say("a name is wanted here, not `{text}`", value)
        self.mismatch(form, value, path, usual, say("put it in quotes"))
        return _WRONG

    def _list(self, value: Any, form: Form, path: Path) -> Any:
        item = form.item or _ANY
        items = self.list_of(value, form, path) or []
        made = (self._value(one, item, (*path, number), listed=True) for number, one in enumerate(items))
        return tuple(one for one in made if one is not _WRONG)

    def list_of(self, value: Any, form: Form, path: Path) -> list[Any] | None:
        """Returns the items of a list, a single value counting as a list of one; None and a finding for no list."""
        if isinstance(value, dict):
            self.mismatch(form, value, path, say("a list is wanted here"))
            return None
        return value if isinstance(value, list) else [] if value is None else [value]

    def _mapping(self, value: Any, form: Form, path: Path) -> Any:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.mismatch(form, value, path, say("a mapping is wanted here"))
            return {}
        if form.holds == "label":
            return {name: str(text) for name, text in value.items()}
        return self._pairs(value, form, path)

    def _pairs(self, pairs: Mapping[str, Any], form: Form, path: Path) -> dict[str, Any]:
        item, key = form.item or _ANY, form.key
        found: dict[str, Any] = {}
        for name, one in pairs.items():
            if key is not None and key.closed and name not in key.choices:
                self.unknown_key(Entry.unknown(name), key.choices, (*path, name))
                self.document.mistyped.add(path)
                continue
            made = self._value(one, item, (*path, name))
            if made is not _WRONG or item.holds == "text":
                found[name] = "" if made is _WRONG else made
        return found

    # ---- entries -----------------------------------------------------------------------------------------------------

    def _entry(self, value: Any, cls: type[Entry], path: Path, form: Form | None = None) -> Any:
        given: dict[str, Any] = {}
        alone = cls.WHOLE or ("" if isinstance(value, dict) else cls.SCALAR)
        if alone:
            slot = next(slot for slot in slots(cls) if slot.name == alone)
            nothing = slot.required and value == ""
            given[alone] = self._no_text(value, slot.form, path) if nothing else self._value(value, slot.form, path)
            if slot.required and given[alone] is _WRONG:
                return _WRONG
        else:
            if not isinstance(value, dict) and (value is not None or not cls.EMPTY):
                self.mismatch(form or Form("entry"), value, path, cls.FORM)
            if not self._keys(value if isinstance(value, dict) else {}, cls, path, given):
                self.lacks(cls.LACKS, path)
                return _WRONG
        return cls(at=At(self.document, path), **{name: one for name, one in given.items() if one is not _WRONG})

    def _keys(self, value: Mapping[str, Any], cls: type[Entry], path: Path, given: dict[str, Any]) -> bool:
        """The fields of a mapping; False when one is missing that must be there."""
        by_key, rest = _table(cls)
        others: dict[str, Any] = {}
        for key, one in value.items():
            slot = by_key.get(key)
            if slot is None and rest is not None:
                others[key] = one
            elif slot is None and key in cls.RETIRED:
                span = At(self.document, (*path, key)).key()
                self.wrong("unused-definition", say("nothing reads `{name}`", key), span, cls.RETIRED[key])
            elif slot is None:
                self.unknown_key(cls.unknown(key), tuple(by_key), (*path, key))
                self.document.mistyped.add(path)
            elif not slot.required or _stands(one, slot.form):
                given[slot.name] = self._value(one, slot.form, (*path, key))
        if rest is not None:
            given[rest.name] = self._pairs(others, rest.form, path)
        return all(slot.name in given for slot in by_key.values() if slot.required)


_TABLES: dict[type[Entry], tuple[dict[str, Slot], Slot | None]] = {}


def _table(cls: type[Entry]) -> tuple[dict[str, Slot], Slot | None]:
    """The fields of an entry by their keys, and the one that takes all other keys."""
    if cls not in _TABLES:
        by_key = {slot.key: slot for slot in slots(cls) if not slot.rest}
        _TABLES[cls] = by_key, next((slot for slot in slots(cls) if slot.rest), None)
    return _TABLES[cls]


def _stands(value: Any, form: Form) -> bool:
    """Whether something stands there that can be what must be there."""
    if form.closed:
        return value in form.choices
    if form.holds == "text":
        return isinstance(value, str) or (form.loose and value is not None)
    return value is not None
