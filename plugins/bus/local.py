"""The bus of one process: subscribers are called at once, on the thread that publishes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.api import Bus, hookimpl

log = logging.getLogger(__name__)


class Local(Bus):
    """Publishes within the process. A subscriber that raises does not keep the others from hearing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hearers: list[tuple[frozenset[str], Callable[[str, Sequence[int]], None]]] = []

    def publish(self, topic: str, ids: Sequence[int]) -> None:
        """Calls everybody who subscribed to the topic."""
        with self._lock:
            hearers = [hear for topics, hear in self._hearers if topic in topics]
        for hear in hearers:
            try:
                hear(topic, ids)
            except Exception:
                log.exception("a subscriber of `%s` failed", topic)

    def subscribe(self, topics: Iterable[str], hear: Callable[[str, Sequence[int]], None]) -> Callable[[], None]:
        """From now on, until the function given back is called."""
        entry = (frozenset(topics), hear)
        with self._lock:
            self._hearers.append(entry)

        def end() -> None:
            with self._lock:
                if entry in self._hearers:
                    self._hearers.remove(entry)

        return end

    def close(self) -> None:
        """Nobody hears anything any more."""
        with self._lock:
            self._hearers.clear()


@hookimpl
def open_bus(url: str, config: Mapping[str, Any]) -> Bus | None:
    """Answers for `local:`."""
    return Local() if url.partition(":")[0] == "local" else None
