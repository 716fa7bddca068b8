"""Files: an upload, for whom may read the line it hangs on."""

from __future__ import annotations

from typing import Any

from engine.core import questions as ask
from engine.desk.actors import uploaders_of
from engine.desk.context import Questions, Work
from engine.desk.rows import Asked
from engine.store import uploads


def _file(work: Work, q: ask.FileById) -> Any:
    row = None
    for uploader in uploaders_of(work.actor) or ("",):
        row = row or uploads.find_file(work.tx, q.id, work.scope, uploader)
    if row is None:
        return None
    try:
        with work.context.blobs.open(row["digest"]) as stream:
            data = stream.read()
    except FileNotFoundError:
        return None
    return {"name": row["shown"], "media_type": row["media_type"], "data": data}


QUESTIONS: Questions = {ask.FileById: Asked(_file, who="anybody")}
