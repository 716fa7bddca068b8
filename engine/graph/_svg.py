"""One SVG picture: lifecycles, stages, who may wake whom. Shapes and text only, no script, no outside fonts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from engine.core.lifecycle import Lifecycle, Transition
from engine.core.rulebook import Rulebook
from engine.graph import _story as story
from engine.graph._data import Near, links
from engine.graph._layers import Arranged, Box, arrange
from engine.lang.text import width

_FONT = "'Noto Sans TC','PingFang TC','Microsoft JhengHei','Noto Sans CJK TC',sans-serif"
_STATE = {"open": ("#dbeafe", "#1d4ed8"), "pending": ("#fef3c7", "#b45309"), "closed": ("#e5e7eb", "#4b5563")}
_LINES = ("#2563eb", "#b45309", "#15803d", "#9333ea", "#be123c", "#0e7490", "#4d7c0f", "#a21caf")
_INK, _SOFT, _RULE = "#111827", "#4b5563", "#9ca3af"
_MARGIN, _BIG, _SMALL, _LEADING = 32.0, 14.0, 12.0, 17.0
_MIN_WIDTH = 720.0


def svg(book: Rulebook, locale: str, near: Near | None = None) -> str:
    """The picture of a rulebook, in the reader's words; with `near` only who wakes whom there."""
    if near is not None:
        return piece(book, "triggers", locale, near)
    page = _Page(name=story.said(story.WHOLE, locale))
    for life in book.lifecycles.values():
        page.title(story.said(story.LIFECYCLE, locale, story.named(life.kind, life.label, locale)))
        _draw_lifecycle(page, life, locale)
    page.title(story.said(story.STAGES, locale))
    _draw_stages(page, book, locale)
    page.title(story.said(story.TRIGGERS, locale))
    _draw_links(page, book, locale)
    return page.text()


def piece(book: Rulebook, part: str, locale: str, near: Near | None = None) -> str:
    """The picture of one part, of `PARTS`, in the reader's words: a page around it says what it is."""
    page = _Page(wide=0, name=story.said(story.WHOLE, locale))
    if part == "lifecycles":
        for life in book.lifecycles.values():
            page.title(story.named(life.kind, life.label, locale))
            _draw_lifecycle(page, life, locale)
    elif part == "stages":
        _draw_stages(page, book, locale)
    else:
        _draw_links(page, book, locale, near)
    return page.text()


def text_width(text: str, size: float) -> float:
    """Pixels a text takes at most, near enough: wide characters one em, others two thirds."""
    wide = width(text) - len(text)
    return size * (wide + (len(text) - wide) * 0.62)


@dataclass(slots=True)
class _Page:
    """What is drawn so far, from the top down."""

    parts: list[str] = field(default_factory=list)
    y: float = _MARGIN
    wide: float = _MIN_WIDTH
    name: str = ""
    """What the picture is, for who hears it read."""

    def title(self, text: str, note: str = "") -> None:
        self.y += 12
        self.words(_MARGIN, self.y + 14, text, 18, weight="700")
        self.y += 30
        if note:
            self.words(_MARGIN, self.y + 4, note, _SMALL, colour=_SOFT)
            self.y += 20
        self.y += 8
        self.wide = max(self.wide, text_width(text, 18), text_width(note, _SMALL))

    def took(self, wide: float, high: float) -> None:
        """Space below the last title is used."""
        self.wide = max(self.wide, wide)
        self.y += high + 24

    def words(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        colour: str = _INK,
        weight: str = "400",
        middle: bool = False,
    ) -> None:
        anchor = ' text-anchor="middle"' if middle else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" font-weight="{weight}" fill="{colour}"{anchor}>'
            f"{escape(text)}</text>"
        )

    def box(self, x: float, y: float, wide: float, high: float, fill: str, edge: str, *, round_: float = 8) -> None:
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" rx="{round_:g}" '
            f'fill="{fill}" stroke="{edge}"/>'
        )

    def line(self, path: str, colour: str, *, arrow: bool, dashed: bool = False) -> None:
        more = (' marker-end="url(#arrow)"' if arrow else "") + (' stroke-dasharray="6 4"' if dashed else "")
        self.parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.4"{more}/>')

    def lines(self, box: Box, top: float, left: float, texts: Sequence[str], *, head: str = _INK) -> None:
        """A box's texts, the first one bold."""
        y = top + box.y - box.height / 2 + _LEADING + 1
        x = left + box.x - box.width / 2 + 10
        for n, text in enumerate(texts):
            self.words(x, y, text, _SMALL, colour=_SOFT if n else head, weight="400" if n else "700")
            y += _LEADING

    def text(self) -> str:
        wide, high = self.wide + 2 * _MARGIN, self.y + _MARGIN
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high:.0f}" '
                f'viewBox="0 0 {wide:.0f} {high:.0f}" font-family="{_FONT}" role="img">',
                f"<title>{escape(self.name)}</title>",
                '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
                'orient="auto-start-reverse"><path d="M0 1 9 5 0 9z" fill="context-stroke"/></marker></defs>',
                f'<rect width="{wide:.0f}" height="{high:.0f}" fill="#fff"/>',
                *self.parts,
                "</svg>",
                "",
            ]
        )


def _sized(name: str, layer: int, texts: Iterable[str]) -> Box:
    lines = list(texts)
    wide = max(text_width(text, _SMALL + (1 if n == 0 else 0)) for n, text in enumerate(lines))
    return Box(name, layer, wide + 20, len(lines) * _LEADING + 12)


# ---- lifecycles ----------------------------------------------------------------------------------------------------


def _ranks(life: Lifecycle) -> dict[str, int]:
    """A column for each state: ways lead to the right, but for those that lead back."""
    out: dict[str, list[str]] = {name: [] for name in life.states}
    for transition in life.transitions:
        for source in transition.sources:
            if transition.target != source and transition.target not in out[source]:
                out[source].append(transition.target)
    order: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        seen.add(name)
        for target in out[name]:
            if target not in seen:
                visit(target)
        order.append(name)

    for state in story.states_of(life):
        if state.name not in seen:
            visit(state.name)
    place = {name: n for n, name in enumerate(reversed(order))}
    ranks = dict.fromkeys(place, 0)
    for name in place:
        for target in out[name]:
            if place[target] > place[name]:
                ranks[target] = max(ranks[target], ranks[name] + 1)
    return ranks


@dataclass(slots=True)
class _Way:
    """A transition between columns: from some states through its label to one."""

    transition: Transition
    sources: list[str]
    label: str
    layer: int


def _ways(life: Lifecycle, ranks: dict[str, int]) -> list[_Way]:
    found = []
    for n, transition in enumerate(life.transitions):
        target = ranks[transition.target]
        for side, layer in ((-1, 2 * target - 1), (1, 2 * target + 1)):
            sources = [s for s in transition.sources if (ranks[s] - target) * side > 0]
            if sources:
                found.append(_Way(transition, sources, f"{side}way{n}", layer))
        # Two states side by side, or one that leads to itself: over the column to the right.
        level = [s for s in transition.sources if ranks[s] == target]
        if level:
            found.append(_Way(transition, level, f"0way{n}", 2 * target + 1))
    return found


def _draw_lifecycle(page: _Page, life: Lifecycle, locale: str) -> None:
    ranks = _ranks(life)
    boxes = [_sized(s.name, 2 * ranks[s.name], [s.name, story.of_state(s, locale)]) for s in story.states_of(life)]
    ways = _ways(life, ranks)
    told = {
        way.label: [
            story.named(way.transition.trigger, way.transition.label, locale),
            *story.of_transition(way.transition, locale),
        ]
        for way in ways
    }
    boxes += [_sized(way.label, way.layer, told[way.label]) for way in ways]
    edges: list[tuple[str, str]] = []
    chains: list[tuple[_Way, list[str]]] = []
    for way in ways:
        for source in way.sources:
            chain = [source]
            step = 1 if way.layer > 2 * ranks[source] else -1
            for layer in range(2 * ranks[source] + step, way.layer, step):
                name = f"{way.label}:{source}:{layer}"
                boxes.append(Box(name, layer, 8, 8))
                chain.append(name)
            chain.append(way.label)
            chains.append((way, chain))
            edges.extend(pairwise(chain))
        edges.append((way.label, way.transition.target))
    shown = arrange(boxes, edges)
    left, top = _MARGIN + 24, page.y
    ends = _ends(shown, edges)
    colours = {way.label: _LINES[n % len(_LINES)] for n, way in enumerate(ways)}
    for way, chain in chains:
        for one, other in pairwise(chain):
            page.line(_curve(shown, one, other, ends, left, top), colours[way.label], arrow=False)
        for name in chain[1:-1]:
            page.line(_through(shown, name, left, top), colours[way.label], arrow=False)
    for way in ways:
        path = _curve(shown, way.label, way.transition.target, ends, left, top)
        page.line(path, colours[way.label], arrow=True)
    for way in ways:
        box = shown.boxes[way.label]
        _put(page, box, left, top, "#fff", colours[way.label], round_=4)
        page.lines(box, top, left, told[way.label], head=colours[way.label])
    for state in life.states.values():
        box = shown.boxes[state.name]
        fill, edge = _STATE[state.category]
        _put(page, box, left, top, fill, edge, round_=14)
        page.lines(box, top, left, [state.name, story.of_state(state, locale)])
    first = shown.boxes[life.initial]
    start = left + first.x - first.width / 2
    page.parts.append(f'<circle cx="{start - 20:.1f}" cy="{top + first.y:.1f}" r="5" fill="{_INK}"/>')
    page.line(f"M{start - 15:.1f} {top + first.y:.1f}H{start - 1:.1f}", _INK, arrow=True)
    page.took(shown.width + 24, shown.height)


def _put(page: _Page, box: Box, left: float, top: float, fill: str, edge: str, *, round_: float) -> None:
    page.box(
        left + box.x - box.width / 2, top + box.y - box.height / 2, box.width, box.height, fill, edge, round_=round_
    )


def _ends(shown: Arranged, edges: Sequence[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """Where on the side of the first box a line to the second begins, so that lines of one side stand apart."""
    sides: dict[tuple[str, int], set[str]] = {}
    for one, other in edges:
        for here, there in ((one, other), (other, one)):
            side = 1 if shown.boxes[there].layer > shown.boxes[here].layer else -1
            sides.setdefault((here, side), set()).add(there)
    found = {}
    for (here, _), others in sides.items():
        box = shown.boxes[here]
        room = max(box.height - 16, 0)
        for n, there in enumerate(sorted(others, key=lambda name: (shown.boxes[name].y, name))):
            found[here, there] = box.y - room / 2 + room * (n + 0.5) / len(others)
    return found


def _curve(shown: Arranged, one: str, other: str, ends: dict[tuple[str, str], float], left: float, top: float) -> str:
    """From box to box through the gap between their columns, and nowhere else."""
    a, b = shown.boxes[one], shown.boxes[other]
    side = 1 if b.layer > a.layer else -1
    x1, x2 = left + a.x + side * a.width / 2, left + b.x - side * b.width / 2
    edge1 = left + (shown.right[a.layer] if side > 0 else shown.left[a.layer])
    edge2 = left + (shown.left[b.layer] if side > 0 else shown.right[b.layer])
    y1, y2 = top + ends[one, other], top + ends[other, one]
    bend = (edge1 + edge2) / 2
    path = f"M{x1:.1f} {y1:.1f}H{edge1:.1f}C{bend:.1f} {y1:.1f} {bend:.1f} {y2:.1f} {edge2:.1f} {y2:.1f}"
    # A stroke of no length has no direction, and an arrow at its end would point to the right.
    return path if abs(x2 - edge2) < 0.1 else f"{path}H{x2:.1f}"


def _through(shown: Arranged, name: str, left: float, top: float) -> str:
    box = shown.boxes[name]
    return f"M{left + box.x - box.width / 2:.1f} {top + box.y:.1f}h{box.width:.1f}"


# ---- stages and links ----------------------------------------------------------------------------------------------


def _draw_stages(page: _Page, book: Rulebook, locale: str) -> None:
    x = _MARGIN
    for n, (name, count, first) in enumerate(story.stages(book)):
        texts = [name, story.of_stage(count, first, locale)]
        box = _sized(name, 0, texts)
        if n:
            page.line(f"M{x - 26:.1f} {page.y + box.height / 2:.1f}h24", _SOFT, arrow=True)
        box.x, box.y = x + box.width / 2, box.height / 2
        _put(page, box, 0, page.y, "#f3f4f6", _RULE, round_=6)
        page.lines(box, page.y, 0, texts)
        x += box.width + 28
    page.took(x - 28 - _MARGIN, 2 * _LEADING + 12)


def _draw_links(page: _Page, book: Rulebook, locale: str, near: Near | None = None) -> None:
    found = links(book, near)
    if not found:
        nothing = story.said("no rule wakes another", locale)
        page.words(_MARGIN, page.y + 12, nothing, _SMALL, colour=_SOFT)
        page.took(text_width(nothing, _SMALL), 20)
        return
    raising, woken = story.groups(book, found)
    texts = {f"e{n}": [link.event, *story.of_link(link, locale)] for n, link in enumerate(found)}
    # What the clock brings stands below what rules raise: beside it there is nothing on the left.
    boxes = [_sized(f"e{n}", 1, texts[f"e{n}"]) for n in sorted(range(len(found)), key=lambda n: not found[n].by)]
    edges: list[tuple[str, str]] = []
    for side, layer, groups in (("a", 0, raising), ("b", 2, woken)):
        for n, group in enumerate(groups):
            name = f"{side}{n}"
            texts[name] = [group.stage, *group.rules]
            boxes.append(_sized(name, layer, texts[name]))
            edges.extend((name, f"e{link}") if layer == 0 else (f"e{link}", name) for link in group.links)
    heads = [story.said(text, locale) for text in story.COLUMNS]
    for layer, head in enumerate(heads):
        widest = max((box.width for box in boxes if box.layer == layer), default=0)
        for box in boxes:
            box.width = max(widest, text_width(head, _SMALL)) if box.layer == layer else box.width
    shown = arrange(boxes, edges, across=150, between=12, fixed=(0,))
    left, top = _MARGIN, page.y + _LEADING + 8
    for layer, head in enumerate(heads):
        page.words(left + shown.left[layer], page.y + _SMALL, head, _SMALL, colour=_SOFT)
    ends = _ends(shown, edges)
    for one, other in edges:
        number = int((other if one[0] == "a" else one)[1:])
        dashed = found[number].later and one[0] == "e"
        path = _curve(shown, one, other, ends, left, top)
        page.line(path, _LINES[number % len(_LINES)], arrow=True, dashed=dashed)
    for name, box in shown.boxes.items():
        colour = _LINES[int(name[1:]) % len(_LINES)] if name[0] == "e" else _RULE
        _put(page, box, left, top, "#fff" if name[0] == "e" else "#f9fafb", colour, round_=14 if name[0] == "e" else 4)
        page.lines(box, top, left, texts[name], head=colour if name[0] == "e" else _INK)
    page.took(shown.width, shown.height + _LEADING + 8)
    if any(link.later for link in found):
        page.words(left, page.y - 4, story.said(story.LATER, locale), _SMALL, colour=_SOFT)
        page.took(0, 0)
