"""What YAML may say, as classes: said once, for whoever reads, completes, explains or shows it.

The annotation of a field is its type, the name of a field is its key (without a trailing underscore). `Annotated` adds
what else is known: a sentence for people (made by `say`), `Names` and `Declares` for names of nouns, `Choices`, and
what is told of a value that is none (`Else`). `Decoder` makes such entries of a file, `slots` tells of a class.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, ClassVar, Final, Literal

from engine.lang.document import At
from engine.lang.said import Said, say
from engine.lang.types import Duration

LANGUAGES = ("zh-TW", "zh-CN", "en")

# --- what a class says ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Names:
    """The text or key is the name of a noun of this kind, declared elsewhere."""

    kind: str


@dataclass(frozen=True, slots=True)
class Declares:
    """The text or key brings a noun of this kind into being."""

    kind: str


@dataclass(frozen=True, slots=True, init=False)
class Choices:
    """The texts that are meant. `closed`: there are no others (of a `Literal` there never are)."""

    values: tuple[str, ...]
    closed: bool

    def __init__(self, *values: str, closed: bool = False) -> None:
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "closed", closed)


@dataclass(frozen=True, slots=True)
class Else:
    """What is told of a value of another form: a sentence, or one made of the value."""

    told: str | Callable[[Any], str]


class Mark(Enum):
    """What else an annotation may say.

    `LOOSE`: a text may be written as anything; a number counts as it is written. `REST`: the field takes all keys that
    no other field has. `LABEL`: a text for people, or one a language.
    """

    LOOSE = "loose"
    REST = "rest"
    LABEL = "label"


LOOSE: Final = Mark.LOOSE
REST: Final = Mark.REST
Label = Annotated[Mapping[Annotated[str, Choices(*LANGUAGES)], str], Mark.LABEL]
"""A text for people, or one a language."""


@dataclass(frozen=True, slots=True)
class Form:
    """What may stand at a place."""

    holds: Literal["text", "number", "flag", "duration", "any", "label", "list", "mapping", "entry"]
    names: str = ""
    """The kind of noun a text names."""
    declares: bool = False
    choices: tuple[str, ...] = ()
    closed: bool = False
    loose: bool = False
    optional: bool = False
    """Whether nothing may stand there."""
    flag: bool = False
    """Whether `true` or `false` may stand there as well."""
    key: Form | None = None
    item: Form | None = None
    """What stands in a list, or under the keys of a mapping."""
    entry: type[Entry] | None = None
    told: str | Callable[[Any], str] | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A key of an entry: what it is for, what stands there, what counts where it does not stand."""

    name: str
    key: str
    doc: str
    form: Form
    required: bool
    default: Any
    rest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A mapping of a file, key by key. What its fields say of themselves, `slots` tells."""

    SCALAR: ClassVar[str] = ""
    """The field that is filled by a value that is no mapping."""
    WHOLE: ClassVar[str] = ""
    """The field that is the whole value, whatever it is."""
    FORM: ClassVar[str] = say("a mapping is wanted here")
    """What is told of a value that is no such mapping."""
    EMPTY: ClassVar[bool] = True
    """Whether nothing at all counts as a mapping without keys."""
    LACKS: ClassVar[str] = ""
    """What is told of an entry without a field that it must have."""
    RETIRED: ClassVar[Mapping[str, str]] = {}
    """Keys of before that nothing reads: passed over with a warning, and what to do. A desk of before still builds."""

    at: At = field(compare=False, repr=False)

    @staticmethod
    def unknown(key: str) -> str:
        """Returns what is told of a key that no field has."""
        return say("`{name}` means nothing here", key)

    def written(self) -> dict[str, Any]:
        """Returns the fields that stand in the file, by name."""
        return {slot.name: getattr(self, slot.name) for slot in slots(type(self)) if self.at.has(slot.key)}


def slots(cls: type[Entry]) -> tuple[Slot, ...]:
    """Returns the keys of an entry in the order of its fields."""
    found = _SLOTS.get(cls)
    if found is None:
        found = _SLOTS[cls] = tuple(_read_slots(cls))
    return found


_SLOTS: dict[type[Entry], tuple[Slot, ...]] = {}


def _read_slots(cls: type[Entry]) -> Iterator[Slot]:
    hints = typing.get_type_hints(cls, include_extras=True)
    for item in dataclasses.fields(cls):
        if item.name == "at":
            continue
        extra = typing.get_args(hints[item.name])[1:] if typing.get_origin(hints[item.name]) is Annotated else ()
        doc = next((one for one in extra if isinstance(one, Said)), "")
        required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        default = item.default_factory() if item.default_factory is not dataclasses.MISSING else item.default
        key, form = item.name.removesuffix("_"), _form(hints[item.name])
        yield Slot(item.name, key, doc, form, required, None if required else default, REST in extra)


SCALARS: Mapping[Any, Form] = {
    str: Form("text"),
    int: Form("number"),
    bool: Form("flag"),
    Duration: Form("duration"),
    Any: Form("any"),
}


def _form(hint: Any) -> Form:
    """The form that an annotation stands for."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _extended(_form(arguments[0]), arguments[1:])
    if origin in (typing.Union, types.UnionType):
        choices = [one for one in arguments if one is not type(None)]
        form = _form(next((one for one in choices if one is not bool), bool))
        return dataclasses.replace(
            form, optional=len(choices) < len(arguments), flag=bool in choices and len(choices) > 1
        )
    if origin is Literal:
        return Form("text", choices=arguments, closed=True)
    if origin is tuple:
        return Form("list", item=_form(arguments[0]))
    if origin is not None and issubclass(origin, Mapping):
        return Form("mapping", key=_form(arguments[0]), item=_form(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, Entry):
        return Form("entry", entry=hint)
    return SCALARS[hint]


def _extended(form: Form, extra: tuple[Any, ...]) -> Form:
    """A form with what an annotation adds."""
    for one in extra:
        if isinstance(one, Names | Declares):
            form = dataclasses.replace(form, names=one.kind, declares=isinstance(one, Declares))
        elif isinstance(one, Choices):
            form = dataclasses.replace(form, choices=one.values, closed=one.closed)
        elif isinstance(one, Else):
            form = dataclasses.replace(form, told=one.told)
        elif one is Mark.LABEL:
            form = dataclasses.replace(form, holds="label")
        elif one is LOOSE:
            form = dataclasses.replace(form, loose=True)
    return form
