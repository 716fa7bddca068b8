"""What plugins add to the world rules are checked against, in the language's own types."""

from __future__ import annotations

import inspect
from decimal import Decimal
from typing import Any, get_type_hints

from engine import api
from engine.core.rulebook import Extras
from engine.lang import FLAG, NUMBER, TEXT, Function, Type, list_of
from engine.plugins import Plugins

TYPES: dict[Any, Type] = {
    str: TEXT,
    int: NUMBER,
    float: NUMBER,
    Decimal: NUMBER,
    bool: FLAG,
    tuple[str, ...]: list_of(TEXT),
    list[str]: list_of(TEXT),
}
"""Python annotations a rule function may have."""


def extras(plugins: Plugins) -> Extras:
    """Functions, channels and rights of the registered plugins. Raises TypeError for a function rules cannot call."""
    return Extras(
        functions=tuple(as_function(function) for function in plugins.tables["functions"].values()),
        channels=tuple(plugins.tables["channels"]),
        permissions=tuple(plugins.tables["permissions"]),
    )


def as_function(function: api.Function) -> Function:
    """A plugin's Python function with its types from the annotations. Raises TypeError naming what has none."""
    hints = get_type_hints(function.call)
    parameters = []
    for name in inspect.signature(function.call).parameters:
        if hints.get(name) not in TYPES:
            raise TypeError(f"the function `{function.name}`: `{name}` needs an annotation rules know (str, int …)")
        parameters.append(TYPES[hints[name]])
    if hints.get("return") not in TYPES:
        raise TypeError(f"the function `{function.name}` needs an annotation of what it gives (str, int, bool …)")
    doc = inspect.getdoc(function.call) or function.name
    return Function(function.name, tuple(parameters), TYPES[hints["return"]], function.call, doc)
