"""Uploaded bytes on disk, by digest: `file:data/files`. The same bytes are kept once; nothing there is executable."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from engine.api import Blobs, hookimpl

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Files(Blobs):
    """A folder of `ab/abcd….blob` files, readable by the desk's user only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, stream: BinaryIO, limit: int) -> tuple[str, int]:
        """Writes aside, waits for the disk, then renames: a file is whole or not there."""
        draft = self._folder / f".{secrets.token_hex(8)}.part"
        digest, size = hashlib.sha256(), 0
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                while piece := stream.read(1 << 16):
                    size += len(piece)
                    if size > limit:
                        raise ValueError(f"more than {limit} bytes")
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            path = self._path(digest.hexdigest())
            path.parent.mkdir(exist_ok=True, mode=0o700)
            draft.replace(path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()
        return digest.hexdigest(), size

    def open(self, digest: str) -> BinaryIO:
        """The bytes. Raises FileNotFoundError."""
        return self._path(digest).open("rb")

    def link(self, digest: str) -> Path | str | None:
        """Where they lie."""
        path = self._path(digest)
        return path if path.exists() else None

    def delete(self, digest: str) -> None:
        """Removes them."""
        self._path(digest).unlink(missing_ok=True)

    def digests(self) -> Iterator[str]:
        """The digests of all files that are whole."""
        return (path.stem for path in self._folder.glob("??/*.blob") if _DIGEST.fullmatch(path.stem))

    def _path(self, digest: str) -> Path:
        # The digest becomes a path: what is none must not get that far.
        if not _DIGEST.fullmatch(digest):
            raise FileNotFoundError(digest)
        return self._folder / digest[:2] / f"{digest}.blob"


@hookimpl
def open_blobs(url: str, config: Mapping[str, Any]) -> Blobs | None:
    """Answers for `file:` addresses."""
    scheme, _, rest = url.partition(":")
    if scheme != "file":
        return None
    path = Path(rest[2:] if rest.startswith("///") else rest)
    return Files(path if path.is_absolute() else Path(config.get("folder", ".")) / path)
