"""What the desk opens cases for by itself, and how that is usually called: no other code has such words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

Purpose = Literal["lines", "chats", "calls", "complaints"]
"""What a lifecycle may be `for`. `lines`: what comes in writing, by a channel or the API; `chats`: the chat window;
`calls`: the telephone; `complaints`: nothing is opened for them, its cases count as complaints of the member."""

USUAL_KINDS: Mapping[Purpose, str] = {"lines": "inquiry", "chats": "chat", "calls": "call", "complaints": "feedback"}
"""The kind where no lifecycle says that it is for this: so folders go on that are older than the key `for`."""

WINDOW, FORM, API, PHONE = "chat", "form", "api", "phone"
"""Ways in of the house itself: the chat window, a form of the shop, the API, and a telephone that has no other name.
All other channels come from plugins or from lifecycles."""

OWN_CHANNELS = (WINDOW, FORM, API, PHONE)


@dataclass(frozen=True, slots=True)
class Opens:
    """Which kind of case is opened for what, as the lifecycles of a rulebook say it."""

    purposes: Mapping[Purpose, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    """The kind that lines of a channel open."""

    def kind(self, purpose: Purpose, channel: str = "") -> str:
        """Returns the kind for a purpose: for `lines` the one that names the `channel` first, then the one whose
        lifecycle says so, else the one that is usually called so. There may be no such kind."""
        named = self.channels.get(channel) if purpose == "lines" else None
        return named or self.purposes.get(purpose) or USUAL_KINDS[purpose]

    def line(self, kind: str | None, channel: str | None, live: Collection[str]) -> tuple[str, str]:
        """Returns kind and channel of a line of which one or both are not named; `live`: kinds that have a window."""
        kind = kind or self.kind("lines", channel or FORM)
        return kind, channel or (WINDOW if kind in live else FORM)
