"""Files: an upload goes before the line that names it."""

from __future__ import annotations

import asyncio
import io
from contextlib import nullcontext
from functools import partial
from typing import Any

from engine.core.commands import Upload
from engine.core.entities import Actor
from engine.core.errors import Refused
from engine.core.rights import WRITING
from engine.desk.actors import uploaders_of
from engine.desk.context import Context
from engine.desk.rows import AsyncCommand
from engine.files import is_picture, prepare
from engine.store import StoreAway, Tx, uploads

FULL = 600
"""Seconds after which who found no room may try again: what nobody named goes each hour."""


async def _upload(context: Context, actor: Actor, command: Upload) -> dict[str, Any]:
    """Stores a file made harmless; only its uploader may name it in a line."""
    uploader = uploaders_of(actor)
    if not uploader:
        raise Refused("unknown-actor", "sign-in-needed", "sign in, or say hello, before uploading")
    if not actor.staff:
        await context.read(partial(_check_room, context, len(command.data)))
    async with context.pictures if is_picture(command.data) else nullcontext():
        prepared = await asyncio.to_thread(prepare, command.name, command.media_type, command.data, context.config)
    return await keep(context, prepared.name, prepared.media_type, prepared.data, uploader[-1], free=actor.staff)


async def keep(
    context: Context, name: str, media_type: str, data: bytes, uploader: str, *, free: bool = False
) -> dict[str, Any]:
    """Stores a file that is harmless, with a row that goes after a day unless a line names it. Raises Refused where
    too much waits to be named, unless it is `free` of that."""
    limit = context.config["limits.upload"]
    try:
        digest, size = await asyncio.to_thread(context.blobs.put, io.BytesIO(data), limit)
    except OSError as error:  # whatever it is, it is not the file: that was looked at before
        raise StoreAway(f"a file could not be kept: {error}") from error

    def job(tx: Tx) -> dict[str, Any]:
        if not free:
            _check_room(context, size, tx)  # others may have come meanwhile
        row = uploads.add_file(tx, digest=digest, shown=name, media_type=media_type, size=size, uploader=uploader)
        return dict(row)

    return await context.write(job)


def _check_room(context: Context, size: int, tx: Tx) -> None:
    """Raises Refused where visitors' and members' uploads that hang on nothing take all they may."""
    if uploads.unused_bytes(tx) + size > context.config["limits.unused_uploads"]:
        text = "too many files wait to be named in a message; send it later"
        raise Refused("too-many", "uploads-full", text, retry_after=FULL)


COMMANDS = (AsyncCommand(Upload, _upload, rights=("ticket.create", *WRITING.values())),)
"""An agent uploads what a line or a new case shall name."""
