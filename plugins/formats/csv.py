"""CSV: one row a line, UTF-8 with BOM so that Excel reads Chinese; cells that would be formulas are quoted."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from engine.api import Exporter, Importer, Table, hookimpl

_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
"""First characters that a spreadsheet takes for a formula, full width too."""


def cell(value: Any) -> Any:
    """A value as it may stand in a cell: text that a spreadsheet would run gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, str) and value and value[0] in _FORMULA:
        return "'" + value
    return value


class Csv(Exporter, Importer):
    """Comma separated, as RFC 4180 has it."""

    extension, media_type = "csv", "text/csv"
    extensions = ("csv",)

    def write(self, table: Table, stream: BinaryIO) -> None:
        """Writes the header, then the rows as they come."""
        text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
        out = csv.writer(text)
        out.writerow([cell(title) for title in table.titles])
        for row in table.rows:
            out.writerow([cell(value) for value in row])
        text.detach()

    def read(self, stream: BinaryIO) -> Iterator[Sequence[Any]]:
        """The rows, titles first, as text. Raises ValueError with the line."""
        text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
        lines = csv.reader(text, strict=True)
        try:
            yield from lines
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"line {lines.line_num + 1}: {error}") from error
        finally:
            text.detach()


@hookimpl
def register_exporters() -> Iterable[Exporter]:
    """Gives `csv`."""
    return [Csv()]
