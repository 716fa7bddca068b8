"""Files: sent first, then named in a message; read by who may read the message."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from msgspec import Meta

from engine.desk import FileById, Refused, Upload
from web import lines_schema, schema
from web.routes import API, Call, Media, Reply, route

SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Pictures we have drawn ourselves; everything else is saved, not shown."""


class UploadQuery(schema.Query):
    name: Annotated[str, Meta(max_length=300)] | None = None
    """The file's name, when the body is the file itself."""


@route(
    "POST",
    f"{API}/files",
    {201: lines_schema.Attachment},
    tag="files",
    query=UploadQuery,
    upload=True,
    cross=True,
    errors=(404,),
)
async def upload(call: Call) -> Reply:
    """Send one file: multipart, or the bytes themselves with their type and `?name=`."""
    part: dict[str, Any] = call.body
    try:
        done = await call.act(Upload(part["name"], part["media_type"], part["data"]))
    except Refused as refusal:
        call.web.metrics.count("desk_uploads_refused_total", code=refusal.code)
        raise
    return Reply(done, 201, {"Location": f"{API}/files/{done['id']}"})


@route("GET", f"{API}/files/{{file}}", {200: Media("application/octet-stream")}, tag="files", cross=True)
async def download(call: Call) -> Reply:
    """The bytes of a file; pictures are shown, anything else is saved."""
    found = await call.need(FileById(call.path["file"]), "file")
    kind = found["media_type"]
    how = "inline" if kind in SHOWN else "attachment"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " ._-") else "_" for c in found["name"])
    headers = {
        "Content-Type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
        "Content-Disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(found['name'], safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Reply(found["data"], 200, headers)
