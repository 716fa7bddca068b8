"""Settings of the rulebook that the desk itself reads: each has a value of its own where no `settings.yaml` has one.

A shop's `settings.yaml` may have another value, as for every setting; rules may read them once they are declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.core.entities import DAY, HOUR, MINUTE, SECOND
from engine.core.library import MENU, Answer, Library
from engine.core.rulebook import Rulebook
from engine.lang import DURATION, FLAG, NUMBER, Type


@dataclass(frozen=True, slots=True)
class OwnSetting:
    """Type, default (durations in µs) and what it is for."""

    type: Type
    default: Any
    doc: str


OWN_SETTINGS: Mapping[str, OwnSetting] = {
    "rating_revise_within": OwnSetting(DURATION, DAY, "how long after the first rating a member may revise it"),
    "undo_send": OwnSetting(DURATION, 10 * SECOND, "how long an agent may take an answer back before it is sent"),
    "undo_send_chats": OwnSetting(DURATION, 0, "the same in live chats, where the member waits for each line"),
    "unsend_within": OwnSetting(DURATION, 2 * MINUTE, "how long after it was sent a line may be taken back"),
    "send_late": OwnSetting(
        DURATION, 12 * HOUR, "how late a scheduled line may still be sent, where the desk was down when it was due"
    ),
    "drafts_most": OwnSetting(NUMBER, Decimal(200), "how many drafts an agent may keep"),
    "review_to_close": OwnSetting(
        FLAG, False, "whether agents write a review (復盤) before they close a case; chats are ended without"
    ),
    "nudge_after": OwnSetting(DURATION, 30 * MINUTE, "how long a member waits for an answer before a nudge is taken"),
    "nudge_again": OwnSetting(DURATION, HOUR, "how long after one nudge the next one is taken, whoever asks"),
    "answer_fits": OwnSetting(
        NUMBER, Decimal("0.5"), "how much of a line and an answer's title must be the same for the answer to fit"
    ),
    "answer_menu": OwnSetting(NUMBER, MENU, "answers that a menu of the library offers at most, 1 to 9"),
}
"""By the name they have in `settings.yaml`."""


def own_setting(book: Rulebook, name: str, shop: str) -> Any:
    """The value in force in a shop: the shop's own, the shared one, else the default."""
    own = OWN_SETTINGS[name]
    key = f"setting.{name}"
    value = book.shop_settings.get(shop, {}).get(key, book.settings.get(key))
    return own.default if value is None else value


def answers_for(book: Rulebook, library: Library, text: str, shop: str) -> tuple[Answer, ...]:
    """The answers of the library that a shop's rules find for a line, best first."""
    least = round(1000 * own_setting(book, "answer_fits", shop))
    most = min(max(int(own_setting(book, "answer_menu", shop)), 1), 9)
    return library.fitting(text, shop, least=least, most=most)
