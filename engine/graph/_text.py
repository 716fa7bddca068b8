"""Mermaid (as Markdown with one diagram a part) and Graphviz."""

from __future__ import annotations

from collections.abc import Iterable

from engine.core.lifecycle import Lifecycle
from engine.core.rulebook import Rulebook
from engine.graph import _story as story
from engine.graph._data import Near, links

_FILL = {"open": "#dbeafe", "pending": "#fef3c7", "closed": "#e5e7eb"}
# Signs that mean something to Mermaid, as people read them.
_PLAIN = str.maketrans(
    {":": "：", ";": "；", '"': "”", "<": "＜", ">": "＞", "#": "＃", "{": "｛", "}": "｝", "|": "｜"}
)


def mermaid(book: Rulebook, locale: str, near: Near | None = None) -> str:
    """Markdown: a state diagram for each lifecycle, a flow chart of the stages, one of who wakes whom; with `near` only
    that, cut."""
    parts = []
    if near is not None:
        return _block(story.said(story.TRIGGERS, locale), _flow(book, locale, near))
    for life in book.lifecycles.values():
        parts.append(_block(story.named(life.kind, life.label, locale), _states(life, locale)))
    steps = [
        f'  s{n}["{_plain(name)}<br/>{_plain(story.of_stage(count, first, locale))}"]'
        for n, (name, count, first) in enumerate(story.stages(book))
    ]
    arrows = [f"  s{n} --> s{n + 1}" for n in range(len(steps) - 1)]
    parts.append(_block(story.said(story.STAGES, locale), ["flowchart LR", *steps, *arrows]))
    title = f"{story.said(story.TRIGGERS, locale)} ({story.said(story.NOTE, locale)})"
    parts.append(_block(title, _flow(book, locale)))
    return "\n".join(parts)


def _block(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"## {title}", "", "```mermaid", *lines, "```", ""])


def _states(life: Lifecycle, locale: str) -> list[str]:
    number = {name: f"s{n}" for n, name in enumerate(life.states)}
    lines = ["stateDiagram-v2", "  direction LR"]
    lines += [f'  state "{_plain(name)}" as {number[name]}' for name in life.states]
    lines.append(f"  [*] --> {number[life.initial]}")
    for transition in life.transitions:
        named = story.named(transition.trigger, transition.label, locale)
        told = ", ".join([named, *story.of_transition(transition, locale)])
        lines += [
            f"  {number[source]} --> {number[transition.target]}: {_plain(told)}" for source in transition.sources
        ]
    lines += [f"  classDef {name} fill:{fill}" for name, fill in _FILL.items()]
    lines += [f"  class {number[name]} {state.category}" for name, state in life.states.items()]
    return lines


def _flow(book: Rulebook, locale: str, near: Near | None = None) -> list[str]:
    found = links(book, near)
    lines = ["flowchart LR"]
    for side, groups in zip("ab", story.groups(book, found), strict=True):
        for n, group in enumerate(groups):
            lines.append(f'  {side}{n}["<b>{_plain(group.stage)}</b><br/>{"<br/>".join(map(_plain, group.rules))}"]')
            for link in group.links:
                arrow = "-.->" if found[link].later else "-->"
                lines.append(f"  a{n} --> e{link}" if side == "a" else f"  e{link} {arrow} b{n}")
    for n, one in enumerate(found):
        told = "<br/>".join(map(_plain, [one.event, *story.of_link(one, locale)]))
        lines.append(f'  e{n}(["{told}"])')
    return lines


def _plain(text: str) -> str:
    return text.replace("<=", "≤").replace(">=", "≥").translate(_PLAIN)


# ---- Graphviz ------------------------------------------------------------------------------------------------------


def dot(book: Rulebook, locale: str, near: Near | None = None) -> str:
    """One directed graph: each lifecycle, the stages and who wakes whom are clusters; with `near` only that, cut."""
    lines = [
        "digraph desk {",
        "  rankdir=LR;",
        "  compound=true;",
        '  node [shape=box, style="rounded,filled", fillcolor=white];',
    ]
    for n, life in enumerate(book.lifecycles.values() if near is None else ()):
        lines += _cluster(f"life{n}", story.named(life.kind, life.label, locale), _dot_states(n, life, locale))
    steps = []
    for n, (name, count, first) in enumerate(story.stages(book) if near is None else ()):
        steps.append(f"stage{n} [label={_quoted(name, story.of_stage(count, first, locale))}];")
        if n:
            steps.append(f"stage{n - 1} -> stage{n};")
    if near is None:
        lines += _cluster("stages", story.said(story.STAGES, locale), steps)
    lines += _cluster("wakes", story.said(story.TRIGGERS, locale), _dot_flow(book, locale, near))
    return "\n".join([*lines, "}", ""])


def _cluster(name: str, title: str, body: Iterable[str]) -> list[str]:
    return [f"  subgraph cluster_{name} {{", f"    label={_quoted(title)};", *(f"    {line}" for line in body), "  }"]


def _dot_states(n: int, life: Lifecycle, locale: str) -> list[str]:
    number = {name: f"life{n}_{m}" for m, name in enumerate(life.states)}
    lines = [f'life{n}_start [shape=point, label=""];']
    for name, state in life.states.items():
        lines.append(
            f"{number[name]} [label={_quoted(name, story.of_state(state, locale))}, "
            f'fillcolor="{_FILL[state.category]}"];'
        )
    lines.append(f"life{n}_start -> {number[life.initial]};")
    for transition in life.transitions:
        named = story.named(transition.trigger, transition.label, locale)
        told = _quoted(named, *story.of_transition(transition, locale))
        lines += [f"{number[source]} -> {number[transition.target]} [label={told}];" for source in transition.sources]
    return lines


def _dot_flow(book: Rulebook, locale: str, near: Near | None = None) -> list[str]:
    found = links(book, near)
    lines = []
    for side, groups in zip("ab", story.groups(book, found), strict=True):
        for n, group in enumerate(groups):
            lines.append(f"{side}{n} [label={_quoted(f'[{group.stage}]', *group.rules)}];")
            for link in group.links:
                dashed = " [style=dashed]" if found[link].later else ""
                lines.append(f"a{n} -> e{link};" if side == "a" else f"e{link} -> b{n}{dashed};")
    lines += [
        f"e{n} [shape=ellipse, label={_quoted(one.event, *story.of_link(one, locale))}];" for n, one in enumerate(found)
    ]
    return lines


def _quoted(*lines: str) -> str:
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'
