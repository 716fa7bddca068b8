"""JSON lines: one object a row, keys from the titles, UTF-8; numbers and empties keep their types."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import BinaryIO

from engine.api import Exporter, Table, hookimpl


class JsonLines(Exporter):
    """For programs: every line stands for itself."""

    extension, media_type = "jsonl", "application/jsonl"

    def write(self, table: Table, stream: BinaryIO) -> None:
        """Writes the rows as they come."""
        for row in table.rows:
            line = json.dumps(dict(zip(table.titles, row, strict=True)), ensure_ascii=False, default=str)
            stream.write(line.encode() + b"\n")


@hookimpl
def register_exporters() -> Iterable[Exporter]:
    """Gives `jsonl`."""
    return [JsonLines()]
