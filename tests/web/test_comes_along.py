"""A guest who signs in keeps the chat: it is the member's from then on, and there is one of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.support import Site, running
from tests.web.test_sessions import SECRET, identity


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    signed = {"auth": {"member": {"demo": {"algorithm": "HS256", "secret_env": "SHOP_SECRET"}}}}
    with running(tmp_path, **{"plugins.settings": signed}) as site:
        site.add_agent("lead", ["lead"], [])
        site.add_agent("amy", ["agent"], ["demo"])
        site.add_member("ming", "demo")
        yield site


def numbers(site: Site) -> list[int]:
    with site.client("lead") as client:
        return [one["number"] for one in client.get("/tickets").json()["items"]]


def test_the_chat_of_a_guest_is_the_member_s_after_signing_on(site: Site) -> None:
    with site.chat() as guest:
        number = guest.line("我的訂單呢")["message"]["ticket"]
        with site.chat(token=identity(), visitor=guest.welcome["visitor"]) as member:
            assert member.welcome["ticket"] == number
            assert "我的訂單呢" in [line["text"] for line in member.welcome["history"]]
            assert member.line("還在嗎")["message"]["ticket"] == number
        assert guest.closed() == 1012, "the other tab comes back as the member"
    with site.client("lead") as client:
        requester = client.get(f"/tickets/{number}").json()["requester"]
    assert (requester["name"], requester["guest"]) == ("王小明", False)
    assert numbers(site) == [number]


def test_it_comes_along_with_a_session_too(site: Site) -> None:
    with site.chat() as guest:
        number = guest.line("請問")["message"]["ticket"]
        proof = guest.welcome["visitor"]
    with site.chat(token=site.token("ming"), visitor=proof) as member:
        assert member.welcome["ticket"] == number


def test_a_member_who_is_in_a_chat_has_one_with_the_lines_of_both(site: Site) -> None:
    with site.chat(token=site.token("ming")) as tab:
        own = tab.line("我是會員")["message"]["ticket"]
    with site.chat() as guest:
        other = guest.line("我是遊客")["message"]["ticket"]
        proof = guest.welcome["visitor"]
    assert own != other
    with site.chat(token=site.token("ming"), visitor=proof) as tab:
        assert tab.welcome["ticket"] == own
        said = [line["text"] for line in tab.welcome["history"] if line["author"]["kind"] == "member"]
        assert said == ["我是會員", "我是遊客"]
        assert tab.line("再問")["message"]["ticket"] == own
    with site.client("lead") as client:
        left = client.get(f"/tickets/{other}").json()
        told = [one for one in client.get(f"/tickets/{other}/events").json()["items"] if one["kind"] == "ticket.merged"]
        whole = client.get(f"/tickets/{own}").json()
    assert (left["category"], left["requester"]["guest"]) == ("closed", False)
    assert (left["merged_into"], whole["merged_into"]) == (own, None), "whoever opens it is told where it went on"
    assert [one["body"] for one in told] == [{"number": other, "into": own}]


@pytest.mark.parametrize("proof", ["made-up.proof", "x", ""])
def test_a_proof_that_is_none_brings_nothing(site: Site, proof: str) -> None:
    with site.chat() as guest:
        number = guest.line("請問")["message"]["ticket"]
        with site.chat(token=site.token("ming"), visitor=proof or guest.welcome["visitor"][:-3]) as member:
            assert member.welcome["ticket"] is None
        assert guest.line("還是我")["message"]["ticket"] == number


def test_an_ended_chat_of_the_guest_stays_apart(site: Site) -> None:
    with site.chat() as guest:
        guest.line("請問")
        guest.send({"type": "end"})
        guest.get("ended")
        with site.chat(token=site.token("ming"), visitor=guest.welcome["visitor"]) as member:
            assert member.welcome["ticket"] is None and member.welcome["history"] == []


def test_the_window_shows_an_ended_chat_again_that_an_agent_opens(site: Site) -> None:
    with site.chat(token=site.token("ming")) as tab:
        number = tab.line("請問")["message"]["ticket"]
        tab.send({"type": "end"})
        tab.get("ended")
        with site.client("amy") as amy:
            answer = amy.post(f"/tickets/{number}/transitions", json={"trigger": "resume"})
            assert answer.is_success, answer.text
        assert tab.get("resumed")["ticket"] == number
        assert tab.line("還在")["message"]["ticket"] == number
        tab.send({"type": "end"})
        tab.get("ended")
        later = tab.line("又來了")["message"]["ticket"]
        assert later != number
        with site.client("amy") as amy:
            answer = amy.post(f"/tickets/{number}/transitions", json={"trigger": "resume"})
        assert (answer.status_code, answer.json()["code"]) == (409, "another-chat")
        assert f"#{later}" in answer.json()["detail"]
