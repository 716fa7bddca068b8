"""Which effects count: no machine is answered, and of two rules that want different things of one target one wins."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter
from typing import Any

from engine.core.actions.table import ACTIONS
from engine.core.trace import Reason
from engine.core.values import Struct
from engine.lang import Effect, Rule


class Lost(Struct, frozen=True):
    """An effect that another rule's overrode. `target`: what both want differently. `tie`: at equal priority."""

    effect: Effect
    winner: Effect
    target: str
    tie: bool

    @property
    def reason(self) -> Reason:
        """Why, for the trace."""
        return Reason("name" if self.tie else "priority", self.winner.rule.id, self.target)


def answers(rule: Rule, action: str, keys: Collection[str], *, machine: bool, automatic: bool) -> bool:
    """Whether a rule may do an action in a wave of `keys`: automatic messages get no line to the member unless it names
    `message.automatic`, as two machines must not talk, nor a desk with itself.

    `machine`: a machine's line began the decision, so no rule of it answers. `automatic`: the line at hand is an
    automatic one, which matters to a rule that was woken because it was sent, and by nothing else.
    """
    if not ACTIONS[action].to_member or rule.names_automatic or not (machine or automatic):
        return True
    return not machine and any(event.key in keys for event in rule.events if event.kind != "message.sent")


def mute(rule: Rule, keys: Collection[str], *, machine: bool, automatic: bool) -> bool:
    """Whether a rule that matches wants nothing but what it may not say (see `answers`): it has not acted then, its
    `limit` is not used, and in a stage that takes one rule another comes first."""
    if rule.names_automatic or not (machine or automatic):
        return False
    actions = rule.actions
    return bool(actions) and not any(
        answers(rule, one.action, keys, machine=machine, automatic=automatic) for one in actions
    )


def merge(effects: list[Effect]) -> tuple[list[Effect], list[Lost]]:
    """The effects that stand and those that lost. Those that write nothing all stand, equal ones once; where two write
    one target differently the higher priority wins. At equal priority, which the validator refuses, the lower rule id
    does."""
    if len(effects) < 2:
        return effects, []
    standing: list[Effect] = []
    lost: list[Lost] = []
    taken: dict[str, tuple[tuple[Any, ...], Effect]] = {}
    seen: dict[str, list[Mapping[str, Any]]] = {}
    several = any(effect.rule is not effects[0].rule for effect in effects)  # a rule does not fight itself
    for effect in sorted(effects, key=attrgetter("order")) if several else effects:
        writes = ACTIONS[effect.action].writes(effect.args) if several else ()
        clash = None
        for write in writes:
            holder = taken.get(write.target)
            if holder is not None and holder[0] != write.wanted and holder[1].rule.id != effect.rule.id:
                clash = (write.target, holder[1])
                break
        if clash is not None:
            target, winner = clash
            rest = _other_tags(effect, taken)
            if rest is not None:
                standing.append(rest)
            lost.append(Lost(effect, winner, target, winner.rule.priority == effect.rule.priority))
            continue
        for write in writes:
            taken.setdefault(write.target, (write.wanted, effect))
        same = seen.setdefault(effect.action, [])
        if effect.args in same:
            continue
        same.append(effect.args)
        standing.append(effect)
    return standing, lost


def has_its_way(rule: str, wished: Iterable[Effect], lost: Iterable[Lost]) -> bool:
    """Whether something stands of what a rule wished: of its own, or because another wished the same."""
    return sum(one.rule.id == rule for one in wished) > sum(item.effect.rule.id == rule for item in lost)


def _other_tags(effect: Effect, taken: Mapping[str, tuple[tuple[Any, ...], Effect]]) -> Effect | None:
    """The effect for the tags nobody else decided, where it lost others; None for what is not about several."""
    tags = effect.args.get("tags") or ()
    if len(tags) < 2:
        return None
    writes = zip(tags, ACTIONS[effect.action].writes(effect.args), strict=True)
    rest = tuple(tag for tag, w in writes if w.target not in taken or taken[w.target][0] == w.wanted)
    return effect._replace(args={**effect.args, "tags": rest}) if rest else None
