"""Pictures of a rulebook: lifecycles, stages, and which rule may wake which. Drawn here, without a third party."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core.rulebook import Rulebook
from engine.graph._data import Link, Near, links
from engine.graph._svg import piece, svg
from engine.graph._text import dot, mermaid

__all__ = ["FORMATS", "PARTS", "Link", "Near", "draw", "links", "piece"]

FORMATS: Mapping[str, Callable[[Rulebook, str, Near | None], str]] = {"svg": svg, "mermaid": mermaid, "dot": dot}
"""How a rulebook is drawn, by the name of the format: one picture, Markdown with diagrams, one Graphviz graph."""

PARTS = ("lifecycles", "stages", "triggers")
"""What `piece` draws alone."""


def draw(book: Rulebook, form: str = "svg", locale: str | None = None, near: Near | None = None) -> str:
    """The picture of a rulebook as text, in the words of a locale: the desk's first one unless told otherwise.
    `near`: only which rules wake which around some.

    Raises KeyError for a format that is not in `FORMATS`.
    """
    return FORMATS[form](book, locale or book.locales[0], near)
