"""What stands where in the YAML of a rules folder: keys, fixed values, and which nouns are declared and used.

Drawn from the classes of `engine.core.schema`, where each key is declared. It serves completion, hover and finding
names; what is right or wrong is for `engine.core.building` to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.core.schema import class_of
from engine.lang import Span
from engine.lang.nodes import Node
from engine.lang.said import joined, say
from engine.lang.schema import Entry, Form, Slot, slots


@dataclass(frozen=True)
class Shape:
    """A place in a YAML file.

    `keys`: the known keys; `other`: what stands under any other key; `name`: the kind of noun such a key is;
    `items`: of a list (a single value counts as a list of one); `value`: what a scalar is: a kind of noun, `condition`,
    `text` (a template's), or nothing; `choices`: its fixed values. `declares`: the key or scalar brings the noun into
    being. `docs`: what is known of the keys.
    """

    keys: Mapping[str, Shape] = field(default_factory=dict)
    other: Shape | None = None
    name: str = ""
    items: Shape | None = None
    value: str = ""
    choices: tuple[str, ...] = ()
    declares: bool = False
    docs: Mapping[str, Slot] = field(default_factory=dict)

    def under(self, key: str | int) -> Shape | None:
        """The shape under a key, or of an item of a list."""
        if isinstance(key, int):
            return self.items
        return self.keys.get(key, self.other)


ANY = Shape()


def shape_of(path: str) -> Shape | None:
    """Returns the shape of a YAML file by where it lies; None when it is not read."""
    cls = class_of(path)
    if cls is None:
        return None
    if cls not in _SHAPES:
        _SHAPES[cls] = _entry(cls, "", False)
    return _SHAPES[cls]


_SHAPES: dict[type[Entry], Shape] = {}


def below(shape: Shape | None, path: tuple[str | int, ...]) -> tuple[Shape | None, str]:
    """Returns the shape at a path, and the field it is about."""
    subject = ""
    for step in path:
        if shape is None:
            return None, subject
        if isinstance(step, str) and step not in shape.keys:
            if shape.name in ("ticket.", "member."):
                subject = shape.name + step
            elif shape.name == "field":
                subject = step
        if isinstance(step, int) and shape.items is None:
            continue
        shape = shape.under(step)
    return shape, subject


def key_at(node: Node, shape: Shape, offset: int) -> tuple[Slot, Span] | None:
    """Returns what is known of the key at an offset, with the key's place."""
    for key, value in node.pairs:
        if key.span.start <= offset <= key.span.end:
            slot = shape.docs.get(key.text)
            return None if slot is None else (slot, key.span)
        under = shape.under(key.text)
        if under is not None and value.span.start <= offset <= value.span.end:
            return key_at(value, under, offset)
    for item in node.items:
        if item.span.start <= offset <= item.span.end:
            return key_at(item, shape.items or shape, offset)
    return None


def page_of(slot: Slot) -> str:
    """Returns what a hover over a key shows, as Markdown."""
    form = slot.form.item if slot.form.holds == "list" and slot.form.item is not None else slot.form
    parts = [joined([f"**{slot.key}**", say("key")], " · "), slot.doc]
    choices = _shape(form).choices
    if choices:
        parts.append(joined([say("values:"), *(f"- `{choice}`" for choice in choices)], "\n"))
    if slot.required:
        parts.append(say("must be there"))
    elif slot.default not in (None, "", (), {}):
        default = str(slot.default).lower() if isinstance(slot.default, bool) else slot.default
        parts.append(say("without it: `{value}`", default))
    return joined(parts, "\n\n")


def _entry(cls: type[Entry], names: str, declares: bool) -> Shape:
    """The shape of an entry; `names` and `declares`: of its scalar, where it may be one."""
    by_key = {slot.key: slot for slot in slots(cls) if not slot.rest}
    if cls.WHOLE:
        return _shape(by_key[cls.WHOLE].form)
    keys = {key: _shape(slot.form) for key, slot in by_key.items()}
    rest = next((_shape(slot.form) for slot in slots(cls) if slot.rest), ANY)
    value = ANY
    if cls.SCALAR:
        if names:
            keys[cls.SCALAR] = Shape(value=names, declares=declares)
        value = keys[cls.SCALAR]
    return Shape(
        keys={**keys, **rest.keys},
        other=rest.other,
        name=rest.name,
        items=value.items,
        value=value.value,
        choices=value.choices,
        declares=value.declares or rest.declares,
        docs=by_key,
    )


def _shape(form: Form) -> Shape:
    flags = ("true", "false") if form.holds == "flag" else ("true",) if form.flag else ()
    choices = (*flags, *form.choices)
    if form.holds == "list":
        return Shape(items=_shape(form.item or Form("any")))
    if form.entry is not None:
        made = _entry(form.entry, form.names, form.declares)
        return Shape(made.keys, made.other, made.name, made.items, made.value, choices, made.declares, made.docs)
    if form.key is not None:
        other = _shape(form.item or Form("any"))
        return Shape(dict.fromkeys(form.key.choices, other), other, form.key.names, declares=form.key.declares)
    return Shape(value=form.names, choices=choices, declares=form.declares)
