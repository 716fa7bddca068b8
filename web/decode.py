"""Bytes to structs, with every fault located: what cannot be read is 400, what is wrong in it 422 with pointers."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, cast, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET, Struct, UnsetType

MOST_ERRORS = 20
"""Faults told of in one answer."""
MOST_QUERY = 50
"""Names in one query."""

_AT = re.compile(r" - at `(?:key in )?(\$.*?)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*)`")


class Unreadable(Exception):
    """Not JSON, not UTF-8, nested too deep, or nothing where something is needed."""


class Wrong(Exception):
    """Read, but not what was asked for. `errors` are `{"pointer", "code", "message"}`."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__(errors[0]["message"] if errors else "wrong")
        self.errors = errors


def body(kind: type[Struct], raw: bytes) -> Struct:
    """The struct in a JSON body; an empty body is an empty object where nothing is required.

    Raises Unreadable or Wrong.
    """
    if not raw.strip():
        if any(field.required for field in msgspec.structs.fields(kind)):
            raise Unreadable("a JSON object is needed")
        raw = b"{}"
    try:
        found = _decoder(kind).decode(raw)
    except msgspec.ValidationError as error:
        raise Wrong(_faults(kind, raw, error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"the body is not JSON: {error}") from None
    if b"\\u0000" in raw:
        _refuse_nul(msgspec.to_builtins(found), "")
    return cast(Struct, found)


def query(kind: type[Struct], text: str) -> Struct:
    """The struct in the query of an address. Raises Unreadable or Wrong."""
    try:
        pairs = _pairs(text) if text else []
    except ValueError as error:
        raise Unreadable(f"the query cannot be read: {error}") from None
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise Wrong([_fault(f"/{_escaped(name)}", "given-twice", f"`{name}` stands twice in the query")])
        values[name] = value
    _refuse_nul(values, "")
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Wrong(_all_faults(kind, values, error, strict=False)) from None


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MOST_QUERY)


def first(text: str, name: str) -> str | None:
    """One value of a query that was read before."""
    return next((value for key, value in parse_qsl(text, keep_blank_values=True) if key == name), None)


def located(error: msgspec.ValidationError) -> dict[str, str]:
    """One fault as `{"pointer", "code", "message"}`."""
    text = str(error)
    found = _AT.search(text)
    pointer = "".join(f"/{_escaped(a or b)}" for a, b in _STEP.findall(found[1])) if found else ""
    pointer = pointer.partition("/...")[0]
    message = text[: found.start()] if found else text
    if unknown := _UNKNOWN.match(message):
        return _fault(f"{pointer}/{_escaped(unknown[1])}", "unknown-field", f"there is no field `{unknown[1]}`")
    if missing := _MISSING.match(message):
        return _fault(f"{pointer}/{_escaped(missing[1])}", "missing-field", f"`{missing[1]}` is needed")
    return _fault(pointer, "wrong-value", message[:1].lower() + message[1:])


def _faults(kind: type[Struct], raw: bytes, first: msgspec.ValidationError) -> list[dict[str, str]]:
    try:
        given = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"the body is not JSON: {error}") from None
    if not isinstance(given, dict):
        return [located(first)]
    return _all_faults(kind, given, first, strict=True)


def _all_faults(
    kind: type[Struct], given: Mapping[str, Any], first: msgspec.ValidationError, *, strict: bool
) -> list[dict[str, str]]:
    """msgspec tells of the first fault only; people who fill in a form want all of them."""
    fields = msgspec.structs.fields(kind)
    known = {field.encode_name for field in fields}
    errors = [
        _fault(f"/{_escaped(str(name))}", "unknown-field", f"there is no field `{name}`")
        for name in given
        if name not in known
    ]
    errors += [
        _fault(f"/{field.encode_name}", "missing-field", f"`{field.encode_name}` is needed")
        for field in fields
        if field.required and field.encode_name not in given
    ]
    rest = {name: value for name, value in given.items() if name in known}
    loose = _loose(kind)
    while rest and len(errors) < MOST_ERRORS:
        try:
            msgspec.convert(rest, loose, strict=strict)
            break
        except msgspec.ValidationError as error:
            fault = located(error)
            errors.append(fault)
            rest.pop(fault["pointer"].split("/")[1].replace("~1", "/").replace("~0", "~"), None)
    return errors[:MOST_ERRORS] or [located(first)]


@functools.cache
def _loose(kind: type[Struct]) -> type[Struct]:
    """The same fields, none of them needed."""
    hints = get_type_hints(kind, include_extras=True)
    return msgspec.defstruct(
        f"Loose{kind.__name__}",
        [(field.encode_name, hints[field.name] | UnsetType, UNSET) for field in msgspec.structs.fields(kind)],
    )


@functools.cache
def _decoder(kind: type[Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _refuse_nul(value: Any, pointer: str) -> None:
    """No database of ours agrees with another on what a NUL in a text is."""
    if isinstance(value, str):
        if "\x00" in value:
            raise Wrong([_fault(pointer, "wrong-value", "a text cannot contain the character U+0000")])
    elif isinstance(value, dict):
        for name, item in value.items():
            _refuse_nul(name, f"{pointer}/{_escaped(str(name))}")
            _refuse_nul(item, f"{pointer}/{_escaped(str(name))}")
    elif isinstance(value, list):
        for n, item in enumerate(value):
            _refuse_nul(item, f"{pointer}/{n}")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1").replace("\x00", "\ufffd")


def _fault(pointer: str, code: str, message: str) -> dict[str, str]:
    return {"pointer": pointer, "code": code, "message": message}
