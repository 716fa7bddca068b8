"""What a channel brings is made to fit before it is taken in: lengths as they are at every other door.

People are told and write it again; here nobody is there to do so, and nothing that came is refused for its length. A
line that is too long is cut, and stands whole in a text file that hangs on it; a subject and names are cut; an outside
id is known by its digest, alike on every database.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from typing import Any, Final

from engine.api import Inbound
from engine.core.errors import Refused
from engine.desk.context import Context
from engine.desk.handlers.files import keep
from engine.store import StoreAway

log = logging.getLogger(__name__)

SHORT: Final = 300
"""Characters of a subject and of a name, as the API has them."""
LONGEST_ID: Final = 200
"""Characters of an outside id that is kept as it is. A row of an index has 2,700 bytes at most on PostgreSQL, and room
for two more of them."""
LONGEST_ADDRESS: Final = 1_000
"""Characters of what a sender is known by; what is longer is no address and no id."""
HTML: Final = 10
"""So many times as long as a line its HTML may be, which is kept beside and never shown."""
WHOLE: Final = "message.txt"
"""What the file is called in which a line stands whole."""
ENDS: Final = "…"


def outside_id(name: str) -> str:
    """An id that the outside gave, as it is stored and looked up: a long one by its digest. Twins are still twins."""
    if len(name) <= LONGEST_ID:
        return name
    return "digest:" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def short(text: str, most: int = SHORT) -> str:
    """A text cut to so many characters; that it was cut can be seen."""
    return text if len(text) <= most else text[: most - len(ENDS)] + ENDS


def named(inbound: Inbound) -> Inbound:
    """The same with an outside id that can be stored: what has none is known by what it is."""
    given = inbound.external_id
    if not given:
        parts = (inbound.sender, inbound.at, inbound.subject, inbound.text, inbound.html, inbound.files, inbound.values)
        given = "digest:" + hashlib.sha256(repr(parts).encode()).hexdigest()[:40]
    return dataclasses.replace(
        inbound,
        external_id=outside_id(given),
        account=outside_id(inbound.account),
        reply_to=outside_id(inbound.reply_to) if inbound.reply_to else None,
        references=tuple(map(outside_id, inbound.references)),
    )


async def fitted(context: Context, inbound: Inbound) -> Inbound:
    """The same in the lengths that the desk takes."""
    most = context.config["limits.line"]
    changed: dict[str, Any] = {
        "sender": _sender(inbound),
        "subject": short(inbound.subject),
        "values": {name: short(v) if isinstance(v, str) else v for name, v in inbound.values.items()},
    }
    if inbound.html is not None and len(inbound.html) > HTML * most:
        changed["html"] = None
    if len(inbound.text) > most:
        changed["text"] = short(inbound.text, most)
        changed["files"] = (*inbound.files, *await _whole(context, inbound.text))
    return dataclasses.replace(inbound, **changed)


def _sender(inbound: Inbound) -> dict[str, str]:
    """Who sent it; whom nothing is left of but what is no address is called by the beginning of that."""
    found = {kind: value for kind, value in inbound.sender.items() if kind == "name" or len(value) <= LONGEST_ADDRESS}
    name = found.get("name") or next((value for kind, value in inbound.sender.items() if kind not in found), "")
    return {**found, "name": short(name.strip())} if name.strip() else found


async def _whole(context: Context, text: str) -> tuple[str, ...]:
    """The name of the file that has a whole line; none where there is no room for it now."""
    data = text.encode()[: context.config["limits.upload"]]
    try:
        return (str((await keep(context, WHOLE, "text/plain", data, UPLOADER))["id"]),)
    except (Refused, StoreAway) as error:
        log.warning("a line of %d characters is cut, and could not be kept whole: %s", len(text), error)
        return ()


UPLOADER: Final = "channel"
"""Whose the files are that a channel brings, until the line is taken in that names them."""
