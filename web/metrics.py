"""Counters in Prometheus' text format: a dictionary and nothing more."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from itertools import accumulate
from typing import Final

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds of request time told apart."""

_HELP: Final[Mapping[str, tuple[str, str]]] = {
    "desk_requests_total": ("counter", "Requests by method, route and status."),
    "desk_request_seconds": ("histogram", "Time to answer."),
    "desk_sign_in_failures_total": ("counter", "Wrong passwords and unknown names."),
    "desk_connections_refused_total": ("counter", "Connections too many of one address."),
    "desk_uploads_refused_total": ("counter", "Files that were not taken, by code; `picture-too-hard` was given up."),
    "desk_socket_messages_total": ("counter", "Messages of clients by type."),
    "desk_socket_errors_total": ("counter", "Messages of clients that were refused, by code."),
    "desk_sockets_dropped_total": ("counter", "Sockets closed by us, by reason."),
    "desk_sockets": ("gauge", "Open sockets by kind."),
    "desk_lane_running": ("gauge", "Calls of a plugin under way."),
    "desk_lane_hanging": ("gauge", "Calls of a plugin past their time and not over."),
    "desk_lane_resting_seconds": ("gauge", "Seconds until a plugin that failed is given work again."),
    "desk_lane_overdue_total": ("counter", "Calls of a plugin that were not over in time."),
    "desk_lane_failures_total": ("counter", "Calls of a plugin that raised or were not over in time."),
    "desk_lane_passed_over_total": ("counter", "Events a plugin was not told of, as too many waited."),
    "desk_clock_steps_total": ("counter", "Times the machine's clock was set by more than is passed over."),
    "desk_uptime_seconds": ("gauge", "Since the start of this process."),
}

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counts what happens in this process. Names and label values come from us, never from a request."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._counts: Counter[tuple[str, Labels]] = Counter()
        self._buckets = [0] * (len(BUCKETS) + 1)
        """Answers by the first of `BUCKETS` they were not slower than."""
        self._seconds = 0.0
        self._answers = 0

    def count(self, name: str, **labels: str) -> None:
        """One more."""
        self._counts[name, tuple(labels.items())] += 1

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self.count("desk_requests_total", method=method, route=route, status=str(status))
        self._seconds += seconds
        self._answers += 1
        self._buckets[bisect_left(BUCKETS, seconds)] += 1

    def text(self, gauges: Mapping[tuple[str, str], float]) -> str:
        """Everything counted, and the gauges as they are now."""
        rows: dict[str, list[str]] = {name: [] for name in _HELP}
        counts: Counter[tuple[str, str]] = Counter()
        for (name, labels), value in self._counts.items():
            counts[name, _shown(labels)] += value
        for (name, shown), value in sorted(counts.items()):
            rows[name].append(f"{name}{{{shown}}} {value}" if shown else f"{name} {value}")
        for (name, shown), gauge in sorted(gauges.items()):
            rows[name].append(f"{name}{{{shown}}} {gauge:g}" if shown else f"{name} {gauge:g}")
        rows["desk_uptime_seconds"].append(f"desk_uptime_seconds {time.monotonic() - self._started:.3f}")
        for edge, answers in zip(BUCKETS, accumulate(self._buckets), strict=False):
            rows["desk_request_seconds"].append(f'desk_request_seconds_bucket{{le="{edge:g}"}} {answers}')
        rows["desk_request_seconds"] += [
            f'desk_request_seconds_bucket{{le="+Inf"}} {self._answers}',
            f"desk_request_seconds_sum {self._seconds:.6f}",
            f"desk_request_seconds_count {self._answers}",
        ]
        lines: list[str] = []
        for name, (kind, text) in _HELP.items():
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *rows[name]]
        return "\n".join(lines) + "\n"


def _shown(labels: Labels) -> str:
    return ",".join(f'{key}="{value}"' for key, value in sorted(labels))
