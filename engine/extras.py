"""What plugins add to the world rules are checked against, in the language's own types."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import wraps
from types import UnionType
from typing import Any, get_type_hints

from engine import api
from engine.core.rulebook import Extras, PluginAction
from engine.lanes import Lanes
from engine.lang import FLAG, NUMBER, TEXT, ActionKind, Function, Type, list_of
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


def extras(plugins: Plugins, lanes: Lanes | None = None) -> Extras:
    """What registered plugins give rules to say. With `lanes` each is asked in a lane of its own, within its time:
    decisions are made where everything is written, which no plugin may hold.

    Raises TypeError for a function or action that rules cannot call.
    """
    functions = [as_function(function) for function in plugins.tables["functions"].values()]
    actions = [as_action(action) for action in plugins.tables["actions"].values()]
    if lanes is not None:
        functions = [replace(one, call=_bounded(lanes, one.name, one.call)) for one in functions]
        actions = [one if one.later else replace(one, call=_bounded(lanes, one.kind.name, one.call)) for one in actions]
    return Extras(
        functions=tuple(functions),
        actions=tuple(actions),
        channels=tuple(plugins.tables["channels"]),
        permissions=(
            *plugins.tables["permissions"],
            *(right for feature in plugins.tables["features"].values() for right in feature.permissions),
        ),
    )


def _bounded(lanes: Lanes, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    lane = lanes.of(f"rules:{name}")

    @wraps(call)
    def bounded(*given: Any, **named: Any) -> Any:
        # What it gives is made here: a generator would run where it is read.
        return lane.ask(lambda: _whole(call(*given, **named)))

    return bounded


def _whole(answer: Any) -> Any:
    return list(answer) if isinstance(answer, Iterator) else answer


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


def as_action(action: api.Action) -> PluginAction:
    """A plugin's action with the types of its arguments. Raises TypeError naming what rules cannot give."""
    if "." not in action.name:
        raise TypeError(f"the action `{action.name}` needs a name with a dot, such as `shop.{action.name}`")
    hints = get_type_hints(action.call)
    parameters: dict[str, Type] = {}
    optional: set[str] = set()
    for parameter in list(inspect.signature(action.call).parameters.values())[1:]:
        hint = hints.get(parameter.name)
        if isinstance(hint, UnionType) and type(None) in hint.__args__ and len(hint.__args__) == 2:
            hint = next(one for one in hint.__args__ if one is not type(None))
        if hint not in TYPES:
            raise TypeError(
                f"the action `{action.name}`: `{parameter.name}` needs an annotation rules know (str, int …)"
            )
        parameters[parameter.name] = TYPES[hint]
        if parameter.default is not inspect.Parameter.empty:
            optional.add(parameter.name)
    doc = inspect.getdoc(action.call) or action.name
    kind = ActionKind(action.name, parameters, frozenset(optional), action.commutes, doc)
    return PluginAction(kind, action.call, inspect.iscoroutinefunction(action.call))
