"""What people are told where the store cannot work: by requests and by sockets in the same words."""

from __future__ import annotations

import logging
from typing import Final

from engine.desk import is_away

log = logging.getLogger(__name__)

AWAY: Final = (
    "nothing can be stored at the moment, and nothing was changed: the disk is full or the database away; try again"
)


def failed(error: Exception) -> tuple[str, str]:
    """Code and text for a socket's message that failed; the log has the reason."""
    if is_away(error):
        log.warning("a message of a socket was not stored: %s", error)
        return "store-away", AWAY
    log.error("a message of a socket failed", exc_info=error)
    return "internal-error", "something went wrong here; try again"
