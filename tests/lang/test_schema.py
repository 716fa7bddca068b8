"""YAML by classes: values, defaults, places, and what is told of everything that is not as its class says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import pytest

from engine.lang import Duration, Finding, Source
from engine.lang.decoder import Decoder
from engine.lang.document import Document
from engine.lang.said import say
from engine.lang.schema import LOOSE, REST, Choices, Declares, Else, Entry, Label, Names, slots

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value(Entry):
    SCALAR: ClassVar[str] = "name"
    LACKS: ClassVar[str] = say("this needs a `name`")

    name: str
    label: Label = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(Entry):
    LACKS: ClassVar[str] = say("a transition needs `trigger`, `from` and `to`")

    trigger: str
    from_: Annotated[tuple[str, ...], say('the states it leads from; `"*"`: all others')] = ()
    mode: Annotated[Literal["all", "first"], Else(lambda mode: f"no {mode}")] = "all"
    open: bool = False
    share: int = 3
    loose: Annotated[str | None, LOOSE] = None
    live: bool | Value = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk(Entry):
    types: tuple[Annotated[Value, Declares("type")], ...] = ()
    targets: Mapping[Annotated[str, Choices("reply", "resolve", closed=True)], Duration] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()
    calendar: Annotated[str | None, Names("calendar")] = None
    anything: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loose(Entry):
    kind: str = ""
    others: Annotated[Mapping[str, int], REST] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Values(Entry):
    WHOLE: ClassVar[str] = "values"

    values: Mapping[str, Value] = field(default_factory=dict)


def load(text: str, cls: type[E]) -> tuple[E | None, list[Finding]]:
    findings: list[Finding] = []
    return Decoder(Document.of(Source("desk.yaml", text), findings)).read(cls), findings


def read(text: str, cls: type[E]) -> E:
    value, findings = load(text, cls)
    assert value is not None and findings == [], [(found.code, found.message) for found in findings]
    return value


def wrong(text: str, cls: type[Entry] = Desk) -> list[tuple[str, str]]:
    """Code and the text underlined of each finding."""
    return [(found.code, found.span.text) for found in load(text, cls)[1]]


def test_every_kind_of_value() -> None:
    desk = read(
        "types: [訂單, {name: 退換貨, label: {en: Returns}}, {name: x, label: X}]\n"
        "targets: {reply: 4h, resolve: 2d}\n"
        "moves:\n  - {trigger: close, from: [a, b], mode: first, open: true, share: 5, loose: 5, live: x}\n"
        "  - {trigger: re, from: c, live: true}\n"
        "calendar: office\n"
        'anything: {a: [1, x, null, true, "1"]}\n',
        Desk,
    )
    assert [value.name for value in desk.types] == ["訂單", "退換貨", "x"]
    assert [value.label for value in desk.types] == [
        {},
        {"en": "Returns"},
        dict.fromkeys(("zh-TW", "zh-CN", "en"), "X"),
    ]
    assert desk.targets == {"reply": Duration.parse("4h"), "resolve": Duration.parse("2d")}
    first, second = desk.moves
    assert (first.trigger, first.from_, first.mode, first.open, first.share, first.loose) == (
        "close", ("a", "b"), "first", True, 5, "5",
    )  # fmt: skip
    assert isinstance(first.live, Value) and first.live.name == "x"
    assert (second.from_, second.mode, second.share, second.loose, second.live) == (("c",), "all", 3, None, True)
    assert (desk.calendar, desk.anything) == ("office", {"a": [1, "x", None, True, "1"]})


def test_what_is_not_written_has_its_default() -> None:
    desk = read("{}", Desk)
    assert (desk.types, desk.targets, desk.calendar) == ((), {}, None)
    assert not desk.at.has("types") and read("types: []", Desk).at.has("types")
    assert set(read("{calendar: a, types: []}", Desk).written()) == {"calendar", "types"}


def test_places_are_asked_for_by_key() -> None:
    desk = read("types:\n  - {name: 退款}\ncalendar: office\n", Desk)
    (value,) = desk.types
    assert (value.at.span("name").text, value.at.key("name").text) == ("退款", "name")
    assert value.at.span().text == value.at.span("label").text == "{name: 退款}", "the nearest thing around it"
    assert (desk.at.span("calendar").line, desk.at.key("calendar").column) == (3, 1)
    assert desk.at.raw("types", 0, "name") == "退款"
    assert [desk.at.count(key) for key in ("types", "calendar", "moves")] == [1, 1, 0]


def test_keys_of_an_entry_in_a_mapping_are_its_own() -> None:
    values = read("a: x\nb: {name: z}\n", Values).values
    found = {key: (value.name, value.at.key().text) for key, value in values.items()}
    assert found == {"a": ("x", "a"), "b": ("z", "b")}


def test_other_keys_are_collected_where_a_class_asks_for_them() -> None:
    loose = read("kind: x\nticket.amount: 5\n", Loose)
    assert (loose.kind, loose.others) == ("x", {"ticket.amount": 5})


@pytest.mark.parametrize(
    ("text", "code", "underlined"),
    [
        ("typs: []", "unknown-key", "typs"),
        ("targets: {reply: soon}", "bad-duration", "soon"),
        ("targets: {solve: 1h}", "unknown-key", "solve"),
        ("targets: [1h]", "type-mismatch", "[1h]"),
        ("moves: [{trigger: a, from: b, mode: frist}]", "unknown-value", "frist"),
        ("moves: {a: b}", "type-mismatch", "{a: b}"),
        ("moves: [{trigger: a, open: 1}]", "type-mismatch", "1"),
        ("moves: [{trigger: a, share: true}]", "type-mismatch", "true"),
        ("moves: [{trigger: a, from: [{b: c}]}]", "type-mismatch", "{b: c}"),
        ("moves: [{from: a}]", "unknown-key", "{from: a}"),
        ("moves: [{trigger: 5}]", "unknown-key", "{trigger: 5}"),
        ("types: [5]", "type-mismatch", "5"),
        ('types: [""]', "type-mismatch", '""'),
        ("types: [{label: x}]", "unknown-key", "{label: x}"),
        ("types: [{name: x, label: 5}]", "type-mismatch", "5"),
        ("calendar: true", "type-mismatch", "true"),
        ("calendar: [a]", "type-mismatch", "[a]"),
        ("[a]", "type-mismatch", "[a]"),
    ],
)
def test_what_is_told_of_a_value_of_another_form(text: str, code: str, underlined: str) -> None:
    assert wrong(text) == [(code, underlined)]


def test_every_mistake_is_told_and_the_rest_is_read() -> None:
    desk, findings = load("typs: []\ncalendar: a\nmoves: [{trigger: a, open: 5}, {triger: b}]\n", Desk)
    assert [(found.code, found.span.text) for found in findings] == [
        ("unknown-key", "typs"),
        ("type-mismatch", "5"),
        ("unknown-key", "triger"),  # that `trigger` is missing only follows from the typo
    ]
    assert desk is not None and desk.calendar == "a" and [move.trigger for move in desk.moves] == ["a"]
    assert desk.moves[0].open is False and desk.at.count("moves") == 2
    assert not desk.at.sound("moves") and desk.at.sound("calendar") and desk.at.sound("targets")


def test_a_class_says_what_is_told() -> None:
    _, findings = load("moves: [{trigger: a, mode: x}, {from: b}]\ntreshold: 1", Desk)
    assert [found.message for found in findings] == [
        "no x",
        "a transition needs `trigger`, `from` and `to`",
        "`treshold` means nothing here",
    ]
    assert findings[2].hint is not None and findings[2].hint.startswith("known here: `types`, `targets`")
    assert load("calender: a", Desk)[1][0].hint == "did you mean `calendar`?"


def test_what_a_class_says_of_its_keys() -> None:
    by_key = {slot.key: slot for slot in slots(Move)}
    assert list(by_key) == ["trigger", "from", "mode", "open", "share", "loose", "live"]
    assert by_key["trigger"].required and not by_key["from"].required
    assert by_key["from"].doc.startswith("the states it leads from")
    assert (by_key["mode"].form.choices, by_key["mode"].default) == (("all", "first"), "all")
    kind = {slot.key: slot for slot in slots(Desk)}["types"].form.item
    assert kind is not None and (kind.names, kind.declares, kind.entry) == ("type", True, Value)
