"""Nouns: types, tiers, teams, states … with labels and colours, for screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from engine.core import questions as ask
from engine.core.purposes import API
from engine.core.rulebook import Noun, Rulebook, Shop
from engine.desk.context import Questions, Work
from engine.desk.rows import Asked


def _nouns(work: Work, q: ask.Nouns) -> Any:
    return nouns(work.book)


def nouns(book: Rulebook) -> dict[str, Any]:
    """All that screens need to show names of the rulebook."""

    def listed(items: Mapping[str, Noun]) -> list[dict[str, Any]]:
        return [
            {"name": n.name, "label": dict(n.label) or {}, "colour": n.colour, "group": n.group} for n in items.values()
        ]

    return {
        "digest": book.digest,
        "shops": [
            {**one, "ratings": _ratings(shop)}
            for one, shop in zip(_labelled(book.shops), book.shops.values(), strict=True)
        ],
        "locales": list(book.locales),
        "kinds": [
            {
                **one,
                "internal": one["name"] in book.internal_kinds,
                "by_hand": one["name"] not in book.live_kinds and one["name"] != book.opens.kind("calls"),
                "usual": one["name"] == book.opens.kind("lines", API),
            }
            for one in _labelled(book.lifecycles)
        ],
        "types": listed(book.types),
        "tiers": listed(book.tiers),
        "priorities": listed(book.priorities),
        "teams": _labelled(book.teams),
        "skills": listed(book.skills),
        "tags": listed(book.known_tags),
        "calendars": _labelled(book.calendars),
        "policies": _labelled(book.policies),
        "states": [
            {
                "kind": kind,
                "name": state.name,
                "label": dict(state.label),
                "colour": state.colour,
                "category": state.category,
            }
            for kind, life in book.lifecycles.items()
            for state in life.states.values()
        ],
        "fields": [
            {
                "name": name,
                "type": spec.field.type.kind,
                "label": dict(spec.label),
                "group": spec.group,
                "hint": dict(spec.hint),
                "optional": spec.field.optional,
                "personal": spec.field.personal,
                "members": spec.members,
                "values": listed(spec.values) if spec.field.type.enum else None,
            }
            for name, spec in book.custom_fields.items()
        ],
    }


def _look(work: Work, question: ask.WidgetLook) -> dict[str, Any] | None:
    shops = work.book.shops
    name = question.shop or (next(iter(shops)) if len(shops) == 1 else "")
    shop = shops.get(name)
    if shop is None:
        return None
    return {"colour": shop.widget.colour, "position": shop.widget.position, "ratings": _ratings(shop)}


def _ratings(shop: Shop) -> list[dict[str, str]]:
    return [dict(one) for one in shop.ratings]


class _Labelled(Protocol):
    @property
    def label(self) -> Mapping[str, str]: ...


def _labelled(named: Mapping[str, _Labelled]) -> list[dict[str, Any]]:
    """What has a name and a label only."""
    return [{"name": name, "label": dict(one.label), "colour": None, "group": None} for name, one in named.items()]


QUESTIONS: Questions = {ask.Nouns: Asked(_nouns), ask.WidgetLook: Asked(_look, who="anybody")}
