"""The one table of keywords. A second keyword set is another column here; the grammar knows only the token names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword: its token in the grammar, how it is written, and whether it is reserved.

    A reserved word is never a name unless quoted; any other is a name wherever a name is wanted.
    """

    token: str
    en: str
    reserved: bool = False


_RESERVED = (
    "rule stage words define on when then and or not in is has contains starts ends matches changed any all "
    "true false empty now"
).split()

_SOFT = (
    "priority limit from until owner note allow once per after every at for each "
    "with skill by as to via exact hours set business "
    "raise lower add remove tag move route team assign agent reply template notify role recipient answer ask rating "
    "start cancel timer open mask reject flag block member do stop"
).split()

KEYWORDS: tuple[Keyword, ...] = tuple(
    [Keyword(word.upper(), word, True) for word in _RESERVED] + [Keyword(word.upper(), word) for word in _SOFT]
)

TOKENS: Mapping[str, str] = {keyword.en: keyword.token for keyword in KEYWORDS}
"""Token name by written word."""

RESERVED: frozenset[str] = frozenset(keyword.token for keyword in KEYWORDS if keyword.reserved)
SOFT: tuple[str, ...] = tuple(keyword.token for keyword in KEYWORDS if not keyword.reserved)
WRITTEN: Mapping[str, str] = {keyword.token: keyword.en for keyword in KEYWORDS}
"""How a token is written, for messages."""

ACTIONS: frozenset[str] = frozenset(
    "SET RAISE LOWER ADD REMOVE MOVE ROUTE ASSIGN REPLY NOTE NOTIFY ANSWER ASK START CANCEL OPEN MASK REJECT FLAG "
    "BLOCK DO STOP".split()
)
"""The tokens an action begins with: where parsing picks up again after a mistake in one."""

HEADERS: frozenset[str] = frozenset("STAGE PRIORITY LIMIT FROM UNTIL OWNER NOTE ALLOW".split())
"""The tokens a rule's header begins with."""
