"""What the pictures say in words: the same lines in every format, in the terms of the rules language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.core.lifecycle import Lifecycle, State, Transition
from engine.core.rulebook import Rulebook
from engine.graph._data import Link

WHOLE = "The desk's lifecycles, stages and rules"
LIFECYCLE = "Lifecycle {}"
STAGES = "Stages, in their order"
TRIGGERS = "Which rules may wake which"
NOTE = (
    "left: rules; middle: the events their actions or the clock may raise; right: the rules that wait for these; "
    "dashed: later"
)
COLUMNS = ("rules", "the events they or the clock may raise", "rules that wait for these")
LATER = "dashed: later"

_IN_CHINESE = {
    WHOLE: ("客服臺的生命週期、階段與規則", "客服台的生命周期、阶段与规则"),
    LIFECYCLE: ("生命週期：{}", "生命周期：{}"),
    STAGES: ("階段，依執行順序", "阶段，按执行顺序"),
    TRIGGERS: ("哪些規則可能觸發哪些規則", "哪些规则可能触发哪些规则"),
    NOTE: (
        "左：規則；中：這些規則的動作或時間可能引發的事件；右：等待這些事件的規則；虛線：稍後才發生",
        "左：规则；中：这些规则的动作或时间可能引发的事件；右：等待这些事件的规则；虚线：稍后才发生",
    ),
    COLUMNS[0]: ("規則", "规则"),
    COLUMNS[1]: ("規則或時間可能引發的事件", "规则或时间可能引发的事件"),
    COLUMNS[2]: ("等待這些事件的規則", "等待这些事件的规则"),
    LATER: ("虛線：稍後才發生", "虚线：稍后才发生"),
    "{} rules": ("{} 條規則", "{} 条规则"),
    "{} rules, first match": ("{} 條規則，只執行第一條符合的", "{} 条规则，只执行第一条符合的"),
    "no rule wakes another": ("沒有規則會觸發其他規則", "没有规则会触发其他规则"),
    "open": ("進行中", "进行中"),
    "pending": ("等待中", "等待中"),
    "closed": ("已結案", "已结案"),
    "sla running": ("時限計時中", "时限计时中"),
    "sla paused": ("時限暫停", "时限暂停"),
    "sla stopped": ("時限停止", "时限停止"),
    "when {}": ("條件 {}", "条件 {}"),
    "requires {}": ("必填 {}", "必填 {}"),
    "roles {}": ("角色 {}", "角色 {}"),
    "… {} more": ("… 還有 {} 項", "… 还有 {} 项"),
}
"""Our words in 繁體 and 简体, by the English ones."""

MOST = 6
"""Lines of what an event is about; more are counted."""


def named(name: str, label: Mapping[str, str], locale: str) -> str:
    """A name with what screens show for it, if that says more."""
    shown = label.get(locale, "")
    return f"{name} {shown}" if shown and shown != name else name


def said(text: str, locale: str, *values: object) -> str:
    """One of our own texts in a reader's language, with what it is about; English where there is no other."""
    traditional, simplified = _IN_CHINESE[text]
    return {"zh-TW": traditional, "zh-CN": simplified}.get(locale, text).format(*values)


def joined(items: Iterable[str], locale: str) -> str:
    """Names one after the other."""
    return ("、" if locale.startswith("zh") else ", ").join(items)


def of_stage(count: int, first: bool, locale: str) -> str:
    """How many rules a stage has, and whether only its first match acts."""
    return said("{} rules, first match" if first else "{} rules", locale, count)


def of_state(state: State, locale: str) -> str:
    """What a state does to tickets and clocks."""
    return f"{said(state.category, locale)} · {said(f'sla {state.sla}', locale)}"


def of_transition(transition: Transition, locale: str) -> list[str]:
    """Guard, demands and roles of a transition, each on a line."""
    lines = []
    if transition.when is not None:
        lines.append(said("when {}", locale, " ".join(transition.when.tree.span.text.split())))
    if transition.requires:
        lines.append(said("requires {}", locale, joined(transition.requires, locale)))
    if transition.roles:
        lines.append(said("roles {}", locale, joined(transition.roles, locale)))
    return lines


def of_link(link: Link, locale: str) -> list[str]:
    """What the event is about, shortened."""
    lines = list(link.what)
    return lines if len(lines) <= MOST else [*lines[: MOST - 1], said("… {} more", locale, len(lines) - MOST + 1)]


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
