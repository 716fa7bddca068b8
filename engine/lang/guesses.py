"""What a name that is not known was meant to be, beyond slips of the pen: parts of a name, and words of other tools."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from engine.lang import ast
from engine.lang.findings import closest
from engine.lang.said import quoted, say
from engine.lang.types import Enum, Type

NOTHING = frozenset({"null", "none", "nil", "undefined", "nan"})
"""How other languages write the empty value."""
_FIELDS = {
    "status": "ticket.state", "ticket.status": "ticket.state", "stage": "ticket.state", "ticket.stage": "ticket.state",
    "狀態": "ticket.state", "状态": "ticket.state", "優先級": "ticket.priority", "优先级": "ticket.priority",
    "標籤": "ticket.tags", "标签": "ticket.tags", "group": "ticket.team", "ticket.group": "ticket.team",
    "團隊": "ticket.team", "team": "ticket.team", "requester": "member.name", "customer": "member.name",
    "text": "message.text", "body": "message.text", "content": "message.text", "comment": "message.text",
    "ticket.description": "message.text", "ticket.body": "message.text", "訊息": "message.text",
    "created": "ticket.created_at", "ticket.created": "ticket.created_at", "ticket.owner": "ticket.assignee",
    "ticket.agent": "ticket.assignee", "vip": "member.tier", "level": "member.tier", "等級": "member.tier",
    "guest": "member.is_guest", "member.guest": "member.is_guest", "time": "now", "today": "now", "date": "now",
}  # fmt: skip
"""Words of other desks for fields."""
_FUNCTIONS = {"len": "length", "size": "length", "count": "length", "strlen": "length", "char_length": "length"}
_TRUTHS = {
    "yes": "true", "y": "true", "on": "true", "1": "true", "是": "true", "真": "true", "對": "true",
    "no": "false", "n": "false", "off": "false", "0": "false", "否": "false", "假": "false", "不是": "false",
}  # fmt: skip


_WEEKENDS = frozenset({"weekend", "週末", "周末", "假日"})


def field_meant(name: str, fields: Collection[str], others: Iterable[str] = ()) -> str | None:
    """The hint for a field that is not known; `others`: names that may stand there as well."""
    ends = [full for full in fields if full.rpartition(".")[2] == name]
    meant = _FIELDS.get(name)
    if meant is None and (len(ends) == 1 or (ends and ends[0].startswith("ticket."))):
        meant = ends[0]
    if meant is not None and meant in fields:
        return say("did you mean `{name}`?", meant)
    return closest(name, [*others, *fields])


def function_meant(name: str, functions: Iterable[str]) -> str | None:
    """The hint for a function that is not known."""
    known = list(functions)
    meant = _FUNCTIONS.get(name.lower())
    if meant in known:
        return say("did you mean `{name}`?", meant)
    return closest(name, known) or say("there are {names}", ", ".join(f"`{one}`" for one in sorted(known)))


def value_meant(text: str, wanted: Type, enums: Mapping[str, Enum] = {}) -> str | None:
    """The hint for a value of another type, or that an enumeration (of all `enums`) does not have."""
    if wanted.enum is not None:
        return _enum_meant(text, wanted.enum, enums)
    if wanted.kind == "flag":
        meant = text.lower() if text.lower() in ("true", "false") else _TRUTHS.get(text.lower())
        return say("write `{meant}`", meant) if meant is not None else say("there are {names}", "`true`, `false`")
    return None


def _enum_meant(text: str, enum: Enum, enums: Mapping[str, Enum]) -> str | None:
    """The hint for a value that an enumeration does not have."""
    if enum.name == "weekday" and text.lower().rstrip("s") in _WEEKENDS:
        return say("write `{meant}`", "weekday in [saturday, sunday]")
    if enum.name == "state" and "category" in enums and text in enums["category"]:
        return say("`{name}` is a category of states: ask `ticket.category`", text)
    near = closest(text, enum.values)
    if near is None and 0 < len(enum.values) <= 12:
        return say("there are {names}", quoted(enum.values))
    return near


def compared_meant(left: ast.Value, wanted: Type, found: Type) -> str | None:
    """The hint for two values that do not compare."""
    if (wanted.kind, found.kind) == ("time", "duration"):
        return say("how long ago it was is `now - {field}`", left.span.text)
    return None


def is_nothing(node: ast.Value, wanted: Type) -> bool:
    """Whether it is how other languages write the empty value, and no value there is."""
    if isinstance(node, ast.TextValue):
        return node.text == "" and wanted.kind != "text"
    known = wanted.enum is not None and isinstance(node, ast.Name) and node.text in wanted.enum.values
    return isinstance(node, ast.Name) and node.text.lower() in NOTHING and not known


def joined_meant(name: str, before: ast.Node | None) -> str | None:
    """The hint for a value alone after a comparison: `type = 退換貨 or 物流配送`."""
    if (
        isinstance(before, ast.Compare)
        and before.op in ("=", "!=")
        and isinstance(before.right, ast.Name | ast.TextValue)
    ):
        wanted = "in" if before.op == "=" else "not in"
        return say("write `{left} {op} [{right}, {name}]`", before.left.span.text, wanted, before.right.span.text, name)
    if isinstance(before, ast.In):
        return say("put it into the list: `in [.., {name}]`", name)
    return None
