"""A connection that dies without a word is noticed, and who comes back is as before."""

from __future__ import annotations

import pytest

from tests.support.waiting import stays, until
from tests.web.support import Site, Socket
from web import hub, sockets


def test_a_ping_is_answered_at_once_on_both_sides(site: Site) -> None:
    with site.chat() as tab, site.agent("amy") as amy:
        for side in (tab, amy):
            side.send({"type": "ping", "next": 8})
            side.get("pong", timeout=2)


def test_who_promised_to_speak_and_does_not_is_let_go(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "SLOW", 0.5)
    with site.chat() as silent, site.chat() as idle, site.chat() as hidden:
        silent.send({"type": "ping", "next": 1})
        hidden.send({"type": "ping", "next": 1})
        hidden.send({"type": "ping", "next": None})
        with pytest.raises(Exception, match=r"(?i)close"):
            while True:
                silent.receive(12)
        for alive in (idle, hidden):  # one never promised, one took it back
            alive.until_quiet()
            alive.send({"type": "ping"})
            alive.get("pong", timeout=2)


@pytest.mark.parametrize("value", [0, -1, 1e9, "8"])
def test_a_promise_without_sense_is_refused(site: Site, value: object) -> None:
    with site.chat() as tab:
        tab.send({"type": "ping", "next": value})
        assert tab.get_error()["pointer"] == "/next"


def test_an_agent_whose_network_died_comes_back_as_she_was(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "GONE", 0.3)
    _lost_and_back(site, "busy", dies=True)
    _lost_and_back(site, "offline", dies=False)


def _lost_and_back(site: Site, after: str, *, dies: bool) -> None:
    tab = site.agent("amy")
    tab.send({"type": "status", "status": "busy"})
    until(lambda: _told(site) == "busy", "amy is busy")
    if dies:
        tab.connection.socket.close()
    else:
        tab.close()
    until(lambda: _told(site) == "offline", "amy is offline")
    with site.agent("amy"):
        until(lambda: _told(site) == after, f"amy is {after}")
        stays(lambda: _told(site) == after, f"amy is {after}", seconds=0.5)


def _told(site: Site) -> str:
    with site.client("lead") as lead:
        return next(one["status"] for one in lead.get("/agents").json()["items"] if one["username"] == "amy")


def test_what_cannot_be_read_before_hello_is_told_and_closed(site: Site) -> None:
    for first in ('{"type":"hello","shop":"demo","page":{"title":"\\ud83d"}}', "{", '{"type":"hello","since":-1}'):
        with Socket(site.url, "/ws/chat") as socket:
            socket.send(first)
            assert socket.receive()["type"] == "error"
            assert socket.closed() == 4400
