"""What the pictures say in words: the same lines in every format, in the terms of the rules language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.core.lifecycle import Lifecycle, State, Transition
from engine.core.rulebook import Rulebook
from engine.graph._data import Link

CATEGORIES = ("open", "pending", "closed")
TITLES = ("Stages, in their order", "Which rules may wake which")
NOTE = (
    "left: rules; middle: the events their actions or the clock may raise; right: the rules that wait for these; "
    "dashed: later"
)

_IN_CHINESE = {
    "{} rules": ("{} 條規則", "{} 条规则"),
    "{} rules, first match": ("{} 條規則，只執行第一條符合的", "{} 条规则，只执行第一条符合的"),
    "no rule wakes another": ("沒有規則會觸發其他規則", "没有规则会触发其他规则"),
}

MOST = 6
"""Lines of what an event is about; more are counted."""


def named(name: str, label: Mapping[str, str], locale: str) -> str:
    """A name with what screens show for it, if that says more."""
    shown = label.get(locale, "")
    return f"{name} {shown}" if shown and shown != name else name


def said(text: str, locale: str) -> str:
    """One of our own texts in a reader's language; English where there is no other."""
    traditional, simplified = _IN_CHINESE[text]
    return {"zh-TW": traditional, "zh-CN": simplified}.get(locale, text)


def of_stage(count: int, first: bool, locale: str) -> str:
    """How many rules a stage has, and whether only its first match acts."""
    return said("{} rules, first match" if first else "{} rules", locale).format(count)


def of_state(state: State) -> str:
    """What a state does to tickets and clocks."""
    return f"{state.category} · sla {state.sla}"


def of_transition(transition: Transition) -> list[str]:
    """Guard, demands and roles of a transition, each on a line."""
    lines = []
    if transition.when is not None:
        lines.append("when " + " ".join(transition.when.tree.span.text.split()))
    if transition.requires:
        lines.append("requires " + ", ".join(transition.requires))
    if transition.roles:
        lines.append("roles " + ", ".join(transition.roles))
    return lines


def of_link(link: Link) -> list[str]:
    """What the event is about, shortened."""
    lines = list(link.what)
    return lines if len(lines) <= MOST else [*lines[: MOST - 1], f"… {len(lines) - MOST + 1} more"]


def stages(book: Rulebook) -> list[tuple[str, int, bool]]:
    """Each stage: name, number of rules, whether only its first match acts."""
    exclusive = {stage.name for stage in book.environment.stages if stage.mode == "first"}
    ids = {rule.id: rule.stage for rule in book.rules.rules}
    counts = dict.fromkeys(book.rules.stages, 0)
    for stage in ids.values():
        counts[stage] += 1
    return [(name, count, name in exclusive) for name, count in counts.items()]


def states_of(life: Lifecycle) -> list[State]:
    """The states, the initial one first."""
    return sorted(life.states.values(), key=lambda state: state.name != life.initial)


@dataclass(frozen=True, slots=True)
class Group:
    """Rules of one stage that raise the same things (`raises`), or are woken by the same: numbers of links."""

    stage: str
    rules: tuple[str, ...]
    links: tuple[int, ...]


def groups(book: Rulebook, found: Sequence[Link]) -> tuple[list[Group], list[Group]]:
    """Who raises and who is woken, taken together where a picture would say the same of each."""
    stage = {rule.id: rule.stage for rule in book.rules.rules}
    order = {rule: n for n, rule in enumerate(stage)}
    sides: list[list[Group]] = []
    for side in ("by", "wakes"):
        of_rule: dict[str, list[int]] = {}
        for number, link in enumerate(found):
            for rule in getattr(link, side):
                of_rule.setdefault(rule, []).append(number)
        together: dict[tuple[str, tuple[int, ...]], list[str]] = {}
        for rule in sorted(of_rule, key=order.__getitem__):
            together.setdefault((stage[rule], tuple(of_rule[rule])), []).append(rule)
        made = [Group(name, tuple(rules), numbers) for (name, numbers), rules in together.items()]
        sides.append(sorted(made, key=lambda group: book.rules.stages.index(group.stage)))
    return sides[0], sides[1]
