"""A request with an Idempotency-Key: carried out once, and answered alike each time it comes."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from engine.desk import KeepReply, ReplyGiven, principal
from web.routes import Call, Operation, Reply

log = logging.getLogger(__name__)


async def once(operation: Operation, call: Call, key: str, path: str, written: Callable[[Reply], Reply]) -> Reply:
    """The answer of the first time, if the request came before; else it is carried out and its answer kept.

    Copies that come at once wait for the first. `written` makes bytes of an answer's body. Raises Refused for another
    request under the key.
    """
    async with call.web.turns.of((principal(call.actor), key)):
        return await _once(operation, call, key, path, written)


async def _once(operation: Operation, call: Call, key: str, path: str, written: Callable[[Reply], Reply]) -> Reply:
    digest = _digest(operation, call, path)
    given = await call.ask(ReplyGiven(key, digest))
    if given is not None:
        headers, body = msgspec.json.decode(given["body"], type=tuple[dict[str, str], bytes])
        return Reply(body, given["status"], headers)
    answer = written(await operation.run(call))
    kept = msgspec.json.encode((answer.headers, answer.body))
    try:
        await call.desk.act(call.actor, KeepReply(key, digest, answer.status, kept))
    except Exception:
        # It is done; a repeat is not carried out again, it only may be told of how things stand by then.
        log.warning("%s %s is done, its answer could not be kept", operation.method, path, exc_info=True)
    return answer


def _digest(operation: Operation, call: Call, path: str) -> str:
    """What tells a request from another under the same key; how its body is written does not."""
    body: Any = call.body
    if operation.upload:
        body = (body["name"], body["media_type"], hashlib.sha256(body["data"]).hexdigest())
    asked = [call.request.headers.get(name, "") for name in ("If-Match", "X-Shop")]
    said = (operation.method, path, call.request.query, *asked, repr(body))
    return hashlib.sha256("\0".join(said).encode("utf-8", "surrogatepass")).hexdigest()
