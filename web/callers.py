"""Who asks: whoever brings a token or a proof has guessed until it is found to be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tornado.httputil import HTTPServerRequest

from engine.desk import NOBODY, SignOn, WhoIs
from web.limits import network
from web.shared import Web


async def who(web: Web, request: HTTPServerRequest, question: WhoIs) -> Mapping[str, Any] | None:
    """The answer to `WhoIs`. Raises Refused where too many of one network that were wrong came before it."""
    if question.token in web.desk.context.known:
        # No guess: it was right a moment ago. So a neighbour who guesses keeps nobody out who is in.
        known: Mapping[str, Any] | None = await web.desk.query(NOBODY, question)
        return known
    place = network(web.proxies.address(request))
    web.guesses.check(place, "too many tokens or proofs from here are not valid")
    try:
        found: Mapping[str, Any] | None = await web.desk.query(NOBODY, question)
    except BaseException:
        web.guesses.give_back(place)
        raise
    if found is not None:
        web.guesses.give_back(place)
    return found


async def sign_on(web: Web, request: HTTPServerRequest, shop: str, token: str) -> Mapping[str, Any]:
    """The session of who a shop's token says it is. Asked after `who` knew nothing of it, which has counted the guess.

    Raises Refused for a token that is no such one.
    """
    address, device = web.proxies.address(request), request.headers.get("User-Agent", "")
    made: Mapping[str, Any] = await web.desk.act(NOBODY, SignOn(shop, token, address, device))
    web.guesses.give_back(network(address))
    return made
