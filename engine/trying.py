"""Trying what plugins give to rules, before a rule relies on it: each function is called with what people write."""

from __future__ import annotations

import faulthandler
import inspect
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_type_hints

from engine import api
from engine.extras import TYPES, as_action, as_function
from engine.lanes import Lane, Overdue
from engine.lang import FLAG, NUMBER, TEXT, Type
from engine.plugins import Plugins

_TEXTS = (
    "請問退款進度？",
    "0",
    "-1",
    "1e309",
    " \t\r\n ",
    "\x00\x1b[31m",
    "\u202eabc\u200b\ufeff",
    "😀👨‍👩‍👧‍👦e\u0301",
    "<script>alert(1)</script>' OR 1=1 --",
    "{now} {{ config }} ${7*7} %s %(a)s",
    "a" * 40 + "!",
    "(" * 5_000,
    "很長" * 50_000,
)
_NUMBERS = (0, -1, 10**30, Decimal("0.1"), Decimal("-1E-30"))
_LISTS = ((), ("a",), ("", "很長" * 1_000), tuple(f"n{n}" for n in range(10_000)))
_SHOWN = 40
"""Characters of an argument that are told."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of trying one function. `troubles` are for its maker; none: it is as rules need it."""

    name: str
    calls: int
    longest: float
    """Seconds."""
    troubles: tuple[str, ...]


def tried(plugins: Plugins, within: float) -> list[Tried]:
    """Tries each function that rules may call, by name, with bad input of every kind it takes; a call has `within`
    seconds. Actions are only looked at: what they do is done.

    A call that holds the whole interpreter, such as a regular expression that goes back again and again, ends this
    process after ten times as long, with the place where it stands.
    """
    found = []
    for given in plugins.tables["functions"].values():
        try:
            function = as_function(given)
        except (TypeError, NameError) as error:
            found.append(Tried(given.name, 0, 0.0, (str(error),)))
            continue
        found.append(_try(given, function.parameters, function.result, within))
    for action in plugins.tables["actions"].values():
        try:
            as_action(action)
        except (TypeError, NameError) as error:
            found.append(Tried(action.name, 0, 0.0, (str(error),)))
        else:
            found.append(Tried(action.name, 0, 0.0, ()))
    return sorted(found, key=lambda one: one.name)


def _try(given: api.Function, parameters: tuple[Type, ...], result: Type, within: float) -> Tried:
    lane = Lane(f"rules:{given.name}", within=within, failures=1, rest=1)
    hints = get_type_hints(given.call)
    kinds = [hints[name] for name in inspect.signature(given.call).parameters]
    troubles: dict[str, None] = {}
    calls, longest = 0, 0.0
    for arguments in _arguments(parameters, kinds):
        calls += 1
        began = time.monotonic()
        faulthandler.dump_traceback_later(10 * within, exit=True, file=2)
        try:
            answers = [lane.ask(lambda: given.call(*arguments)) for _ in range(2)]  # noqa: B023 - asked at once
        except Overdue:
            troubles[f"is not over within {within:g} s with {_told(arguments)}: everybody would wait for it"] = None
            break
        except Exception as error:
            troubles[f"raises {type(error).__name__} with {_told(arguments)}: a rule that calls it does not act"] = None
            continue
        finally:
            faulthandler.cancel_dump_traceback_later()
        longest = max(longest, (time.monotonic() - began) / 2)
        if answers[0] != answers[1]:
            troubles[f"answers the same question in two ways, with {_told(arguments)}: it must be pure"] = None
        if answers[0] is not None and not _is(answers[0], result):
            kind = type(answers[0]).__name__
            troubles[f"gives `{kind}` where its annotation says {result}, with {_told(arguments)}"] = None
    lane.close()
    return Tried(given.name, calls, longest, tuple(troubles))


def _arguments(parameters: tuple[Type, ...], kinds: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Each value of each kind in each place, the others being what they are first."""
    values = [_values(wanted, kind) for wanted, kind in zip(parameters, kinds, strict=True)]
    plain = [some[0] for some in values]
    seen: set[Any] = set()
    for place, value in itertools.chain([(0, None)], ((p, v) for p, some in enumerate(values) for v in some)):
        arguments = tuple(plain) if value is None else (*plain[:place], value, *plain[place + 1 :])
        if arguments not in seen:
            seen.add(arguments)
            yield arguments


def _values(wanted: Type, kind: Any) -> tuple[Any, ...]:
    """What rules may hand over for a parameter."""
    if wanted == TEXT:
        return _TEXTS
    if wanted == FLAG:
        return (False, True)
    if wanted == NUMBER:
        return _NUMBERS
    assert kind in TYPES  # noqa: S101 - looked at before
    return _LISTS


def _is(answer: Any, wanted: Type) -> bool:
    if wanted == TEXT:
        return isinstance(answer, str)
    if wanted == FLAG:
        return isinstance(answer, bool)
    if wanted == NUMBER:
        return isinstance(answer, (int, float, Decimal)) and not isinstance(answer, bool)
    return isinstance(answer, (tuple, list)) and all(isinstance(one, str) for one in answer)


def _told(arguments: tuple[Any, ...]) -> str:
    return f"({', '.join(_short(ascii(one)) for one in arguments)})"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
