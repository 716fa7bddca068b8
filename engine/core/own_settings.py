"""Settings of the rulebook that the desk itself reads: each has a value of its own where no `settings.yaml` has one.

A shop's `settings.yaml` may have another value, as for every setting; rules may read them once they are declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.entities import DAY
from engine.core.rulebook import Rulebook
from engine.lang import DURATION, Type


@dataclass(frozen=True, slots=True)
class OwnSetting:
    """Type, default (durations in µs) and what it is for."""

    type: Type
    default: Any
    doc: str


OWN_SETTINGS: Mapping[str, OwnSetting] = {
    "rating_revise_within": OwnSetting(DURATION, DAY, "how long after the first rating a member may revise it"),
}
"""By the name they have in `settings.yaml`."""


def own_setting(book: Rulebook, name: str, shop: str) -> Any:
    """The value in force in a shop: the shop's own, the shared one, else the default."""
    own = OWN_SETTINGS[name]
    key = f"setting.{name}"
    value = book.shop_settings.get(shop, {}).get(key, book.settings.get(key))
    return own.default if value is None else value
