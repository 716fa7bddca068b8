"""The built front end, kept in memory."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).resolve().parent / "static"
PACKED: Final = (".html", ".js", ".css", ".svg", ".json")


@dataclass(frozen=True, slots=True)
class Kept:
    """A built file: its bytes, their digest, and the bytes packed by gzip where that saves something."""

    data: bytes
    digest: str
    packed: bytes | None


class Folder:
    """The built front end. Files are read once and again when they changed."""

    def __init__(self, root: Path = STATIC) -> None:
        self._root = root
        self._kept: dict[str, tuple[int, Kept]] = {}

    def read(self, name: str) -> Kept | None:
        """A file, or None."""
        path = self._root / name
        try:
            changed = path.stat().st_mtime_ns
            kept = self._kept.get(name)
            if kept is None or kept[0] != changed:
                data = path.read_bytes()
                packed = gzip.compress(data, 9, mtime=0) if name.endswith(PACKED) and len(data) > 1_000 else None
                kept = self._kept[name] = (changed, Kept(data, hashlib.sha256(data).hexdigest()[:32], packed))
        except (OSError, ValueError):
            return None
        return kept[1]
