"""Bodies under way: what came is let go when its sender hangs up, and there is a bound for all of them together."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tests.support.waiting import until
from tests.web.raw import PIECE, Sender
from tests.web.support import Site, running
from web.base import BaseHandler
from web.limits import SMALL_BODY, Bodies

LOGIN = "/api/v1/auth/login"
CHECK = "/api/v1/rules/validate"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    limits = {"limits__rules_body": 1_000_000, "limits__upload": 1_000_000, "limits__bodies": 2_000_000}
    with running(tmp_path_factory.mktemp("bodies"), **limits) as site:
        site.add_agent("lead", ["lead"], [])
        yield site


def half_sent(site: Site, path: str, *headers: str, size: int = 900_000) -> Sender:
    length = f"Content-Length: {size}"
    return Sender(site, "POST", path, length, "Content-Type: application/json", *headers)


def lead(site: Site) -> str:
    return f"Authorization: Bearer {site.token('lead')}"


def kept() -> int:
    """Bytes of bodies that some handler holds, whether anybody still needs it or not."""
    # By its type: a proxy of what is gone cannot be asked.
    handlers = [one for one in gc.get_objects() if issubclass(type(one), BaseHandler)]
    return sum(len(chunk) for handler in handlers for chunk in getattr(handler, "_chunks", ()))


def test_what_was_half_sent_is_let_go_when_the_connection_closes(site: Site) -> None:
    bodies, header = site.server.web.bodies, lead(site)
    gc.disable()  # handlers stand in cycles: what they hold must not wait for the collector
    try:
        for _ in range(2):
            with half_sent(site, CHECK, header) as sender:
                sender.send(8 * len(PIECE))
                until(lambda: bodies.held >= 8 * len(PIECE), "what was sent has come")
                assert kept() >= 8 * len(PIECE)
            until(lambda: bodies.held == 0, "nothing is held")
            assert kept() == 0
    finally:
        gc.enable()


def test_what_was_answered_is_let_go_too(site: Site) -> None:
    gc.disable()
    try:
        with site.client("lead") as client:
            files = {"a.rules": "# " + "x" * 800_000}
            assert client.post("/rules/validate", json={"files": files}).status_code == 200
        until(lambda: site.server.web.bodies.held == 0, "nothing is held")
        assert kept() == 0
    finally:
        gc.enable()


def test_who_is_not_signed_in_sends_little(site: Site) -> None:
    with half_sent(site, LOGIN) as sender:
        status, _, body = sender.answer()
    assert status == 413 and body["code"] == "too-large"


def test_one_address_has_so_much_under_way_and_others_go_on(site: Site) -> None:
    header = lead(site)
    bodies = site.server.web.bodies
    with half_sent(site, CHECK, header) as early, half_sent(site, CHECK, header) as first:
        early.send(len(PIECE))
        until(lambda: bodies.held >= len(PIECE), "it begins while there is room")
        first.send(12 * len(PIECE))
        until(lambda: bodies.held >= 13 * len(PIECE), "the first has come")
        with half_sent(site, CHECK, header) as second:
            status, headers, body = second.answer()
            assert status == 429 and body["code"] == "too-many-bodies" and int(headers["retry-after"]) >= 1
        early.send(6 * len(PIECE))
        assert early.status() == 429
        with site.client("lead") as client:
            assert client.post("/rules/validate", json={"files": {}}).status_code == 200, (
                "what is small always comes in"
            )
    until(lambda: site.server.web.bodies.held == 0, "nothing is held")


def test_all_together_have_a_bound_and_what_is_small_comes_in() -> None:
    bodies = Bodies(1_000_000, largest=300_000)
    assert not bodies.full("a", 300_000)
    for place in ("a", "b"):
        for _ in range(5):
            assert bodies.take(place, 90_000, 90_000)
    assert bodies.full("a", 90_000) and bodies.full("c", 200_000) == 503
    assert not bodies.full("c", SMALL_BODY) and bodies.take("c", SMALL_BODY, SMALL_BODY)
    bodies.give_back("c", SMALL_BODY)
    bodies.give_back("b", 450_000)
    assert not bodies.full("c", 200_000) and bodies.full("a", 90_000) == 429


def test_a_single_body_always_has_room() -> None:
    bodies = Bodies(1_000, largest=300_000)
    assert not bodies.full("a", 300_000) and bodies.take("a", 300_000, 300_000)
