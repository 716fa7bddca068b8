"""What the language has to know of an action: how it is written, what it needs, what it wants and what it raises.

The grammar says how actions are written; what each means is the desk's, which hands its verbs in by the `Environment`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Args = Mapping[str, Any]
"""An action's arguments by name. Before a rule acts, a computed one is a `Dynamic`."""
How = Literal["set", "raise", "lower", "add", "remove", "move", "choose", "start", "cancel", "run"]

FIELDS: frozenset[How] = frozenset({"set", "raise", "lower", "add", "remove", "move"})
"""The ways that leave a field with another value. `add` and `remove` are for one tag."""
_WHATEVER: frozenset[How] = frozenset({"raise", "lower", "add", "remove"})


class Write(NamedTuple):
    """What an action wants of one target: two rules that want different things of it are in conflict.

    `target`: a field; `FIELD TAG` for one tag; `timer NAME`; `do NAME`; `route` for how an agent is chosen.
    """

    target: str
    how: How
    value: Any = None

    @property
    def field(self) -> str:
        """The target, or the field of tags it is in."""
        return self.target.partition(" ")[0]

    @property
    def wanted(self) -> tuple[Any, ...]:
        """What is compared with what another rule wants: to raise to different levels is no conflict."""
        return (self.how,) if self.how in _WHATEVER else (self.how, self.value)


class Raised(NamedTuple):
    """An event an action may raise that is not the change of a field.

    `what`: of what, for people. `known`: what fields hold in it, by name. `later`: not in the same transaction.
    `perhaps`: the action may act and not raise it.
    """

    event: str
    what: str = ""
    known: Mapping[str, Any] = {}
    later: bool = False
    perhaps: bool = False


def no_writes(args: Args) -> tuple[Write, ...]:
    """Of an action that stands beside any other."""
    return ()


def raises_nothing(args: Args) -> tuple[Raised, ...]:
    """Of an action whose changes of fields are all there is to hear of it."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One action of the language."""

    name: str
    """As the tree has it: `add_tag`."""
    shape: str
    """How it is written, for the manual and completion."""
    meaning: str
    """What it does, for people; English, translated in `i18n/meanings`."""
    check: Callable[[Any, Any], dict[str, Any]]
    """Makes the arguments, of an `ActionChecker` and an `ast.Action`. Raises `Wrong` after reporting what is wrong."""
    needs: tuple[str, ...] = ()
    """The objects it can act on: an event must bring one of them."""
    writes: Callable[[Args], tuple[Write, ...]] = no_writes
    """What it wants, the same for the analysis of rules and for deciding; empty: it stands beside any other."""
    raises: Callable[[Args], tuple[Raised, ...]] = raises_nothing
    to_member: bool = False
    """Whether it is a line to the member: at an automatic line it is left out unless the rule asks for such."""
    for_member: bool = False
    """Whether only the member sees what it does: in a case that members do not see it does nothing."""
    ends: bool = False
    """Whether nothing follows it: no later stage, no next wave."""

    def raised_at_once(self, args: Args) -> frozenset[str]:
        """The events it raises whenever it acts, in the same transaction."""
        return frozenset(one.event for one in self.raises(args) if not (one.later or one.perhaps))
