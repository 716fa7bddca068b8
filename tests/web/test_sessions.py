"""Sessions: what keeps and what ends them, what the log says of who came from where, tokens that are good once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from websockets.exceptions import ConnectionClosed

from engine.core.entities import SECOND
from engine.store import Tx, doctor
from engine.store import tables as t
from tests.support.waiting import until
from tests.web.support import PASSWORD, Site, Socket, running
from web import hub
from web.routes import table

SECRET = "a-secret-of-the-shop-that-is-long-enough"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    monkeypatch.setattr(hub, "RECHECK", 0.5)  # read when the server starts
    signed = {"auth": {"member": {"demo": {"algorithm": "HS256", "secret_env": "SHOP_SECRET"}}}}
    with running(tmp_path, **{"plugins.settings": signed}) as site:
        site.add_agent("lead", ["lead"], [])
        yield site


def write(site: Site, job: Any) -> None:
    site.run(lambda: site.desk.context.store.write(job))


def events(site: Site, *kinds: str) -> list[dict[str, Any]]:
    rows = site.run(lambda: site.desk.context.store.read(lambda tx: tx.rows(t.Event.select().order_by(t.Event.id))))
    return [{**row, "body": json.loads(row["body"])} for row in rows if row["kind"] in kinds]


def almost_idle(site: Site, left: float) -> None:
    """Every session is so many seconds from having been idle too long."""
    idle = site.desk.config["sessions.agent_idle"]
    _used(site, lambda now: now - int((idle - left) * SECOND))


def age(site: Site, seconds: float) -> None:
    """As if so much time had gone by since each session was used."""
    _used(site, lambda now: t.Session.used_at - int(seconds * SECOND))


def _used(site: Site, when: Callable[[int], Any]) -> None:
    write(site, lambda tx: tx.run(t.Session.update(used_at=when(tx.now))))
    site.loop.call_soon_threadsafe(site.desk.context.known.clear)


def used(site: Site) -> int:
    """How many sessions were used within the last minute."""

    def look(tx: Tx) -> int:
        return len(tx.values(t.Session.select(t.Session.id).where(t.Session.used_at > tx.now - 60 * SECOND)))

    return int(site.run(lambda: site.desk.context.store.read(look)))


# --- idle (S11) -----------------------------------------------------------------------------------------------------


def test_an_open_tab_does_not_keep_a_session(site: Site) -> None:
    token = site.sign_in("lead")["token"]
    client = httpx.Client(base_url=f"{site.url}/api/v1", headers={"Authorization": f"Bearer {token}"})
    number = site.open_ticket()["number"]
    tab = Socket(site.url, "/ws/agent").hello(token=token)
    almost_idle(site, 4)
    ended = time.monotonic() + 20
    code = 0
    while time.monotonic() < ended and not code:
        for path in ("/tickets", f"/tickets/{number}", "/views", "/auth/me"):
            client.get(path)
        client.post(f"/tickets/{number}/read", json={"seq": 1})
        try:
            tab.send({"type": "read", "seq": 1, "ticket": number})
            tab.connection.ping()
            tab.receive(0.3)
        except TimeoutError:
            pass
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 0
    assert code == 4401, "the page goes to the sign-in"
    assert client.get("/auth/me").status_code == 401


@pytest.mark.parametrize("act", ["a status", "an edit", "a socket's line"])
def test_what_a_person_does_keeps_a_session(site: Site, act: str) -> None:
    number = site.open_ticket()["number"]
    token = site.sign_in("lead")["token"]
    client = httpx.Client(base_url=f"{site.url}/api/v1", headers={"Authorization": f"Bearer {token}"})
    tab = Socket(site.url, "/ws/agent").hello(token=token)
    almost_idle(site, 8)
    if act == "a status":
        assert client.post("/me/status", json={"status": "busy"}).is_success
    elif act == "an edit":
        assert client.patch(f"/tickets/{number}", json={"subject": "換貨"}).is_success
    else:
        tab.line("您好", ticket=number)
    until(lambda: used(site) > 0, "the session is used anew")
    age(site, 9)
    assert client.get("/auth/me").status_code == 200


def test_every_operation_says_whether_a_person_acts_by_it() -> None:
    rows = table()
    assert {row.name for row in rows if row.by_itself} == {"mark_read"}
    assert all(row.used == ((row.method not in ("GET", "HEAD") or row.slowed) and not row.by_itself) for row in rows)
    assert len({row.name for row in rows if not row.used}) > 20


# --- the log (B5) ---------------------------------------------------------------------------------------------------


def test_a_failed_sign_in_is_in_the_log_with_from_where(site: Site) -> None:
    for username in ("lead", "my-secret-password"):
        body = {"username": username, "password": PASSWORD + "x"}
        answer = httpx.post(f"{site.url}/api/v1/auth/login", json=body, headers={"User-Agent": "Firefox on a desk"})
        assert answer.status_code == 401
    known, unknown = events(site, "session.refused")
    assert known["body"] == {"account": "lead"}
    assert list(unknown["body"]) == ["mark"] and "my-secret" not in str(unknown)
    assert {(one["address"], one["device"]) for one in (known, unknown)} == {("127.0.0.1", "Firefox on a desk")}


def test_what_an_agent_does_is_in_the_log_with_from_where(site: Site) -> None:
    token = site.sign_in("lead")["token"]
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "Firefox on a desk"}
    client = httpx.Client(base_url=f"{site.url}/api/v1", headers=headers)
    body = {"subject": "退貨", "text": "我要退貨", "shop": "demo", "requester": {"name": "小明"}}
    assert client.post("/tickets", json=body).is_success
    with Socket(site.url, "/ws/agent", **{"User-Agent": "Chrome on a phone"}).hello(token=token) as tab:
        time.sleep(1.5)  # the regular look at sessions leaves it as it is
        tab.line("您好", ticket=1)
    assert client.post("/auth/logout").is_success
    assert [one["device"] for one in events(site, "ticket.created")] == ["Firefox on a desk"]
    assert events(site, "message.sent")[-1]["device"] == "Chrome on a phone"
    assert events(site, "session.revoked")[0]["address"] == "127.0.0.1"
    opened = events(site, "session.opened")
    assert opened and all(one["address"] for one in opened)
    by_rules = [one for one in events(site, "ticket.changed") if one["actor_kind"] == "system"]
    assert all(one["address"] is None for one in by_rules)


def test_from_where_a_chat_came_is_kept_for_who_may_know(site: Site) -> None:
    """In the log and with the chat; hidden from who has no right to personal values, and in no answer of a member's."""
    page = {"url": "https://shop.example/a", "referrer": "https://news.example/", "title": "商品", "language": "zh-TW"}
    site.add_agent("amy", ["agent"], ["*"])
    phone = Socket(site.url, "/ws/chat", **{"User-Agent": "Phone Mobi"})
    with phone.hello(shop="demo", page={**page, "visits": 3}) as chat:
        number = chat.line("請問")["message"]["ticket"]
        mine = chat.until_quiet()
        (told,) = events(site, "message.received")
        assert (told["address"], told["device"]) == ("127.0.0.1", "Phone Mobi")
        for name, address, browser in (("lead", "127.0.0.1", "Phone Mobi"), ("amy", "•••", "•••")):
            client = site.client(name)
            seen = client.get(f"/tickets/{number}").json()["visit"]
            assert (seen["page"], seen["referrer"], seen["title"]) == (page["url"], page["referrer"], page["title"])
            assert (seen["language"], seen["visits"], seen["device"]) == ("zh-TW", 3, "phone")
            assert (seen["address"], seen["browser"]) == (address, browser)
            acts = client.get(f"/tickets/{number}/events").json()["items"]
            assert {one["address"] for one in acts if one["kind"] == "message.received"} == {address}
        assert "127.0.0.1" not in str(mine) and "Phone Mobi" not in str(mine)


def test_from_where_is_in_the_chain(site: Site) -> None:
    site.sign_in("lead")
    read = site.desk.context.store.read
    assert site.run(lambda: read(doctor.check_chain)).troubles == ()
    write(site, lambda tx: tx.run(t.Event.update(address="10.0.0.1").where(t.Event.kind == "session.opened")))
    assert [one.code for one in site.run(lambda: read(doctor.check_chain)).troubles] == ["event-changed"]


# --- sign-on (S18) --------------------------------------------------------------------------------------------------


def identity(**more: Any) -> str:
    claims = {"aud": "demo", "sub": "m-1", "exp": int(time.time()) + 600, "name": "王小明", **more}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def test_a_shops_token_is_good_once_and_its_session_goes_on(site: Site) -> None:
    token = identity()
    with site.chat(token=token) as first:
        session = first.welcome["token"]
        assert session and session != token
        first.line("請問")
    with pytest.raises(AssertionError, match="session-ended"):
        site.chat(token=token)
    assert events(site, "session.refused")[-1]["body"] == {"token": "used"}
    with site.chat(token=session) as again:
        assert again.welcome["ticket"] == 1 and "token" not in again.welcome
    answer = httpx.get(f"{site.url}/api/v1/auth/me", headers={"Authorization": f"Bearer {session}", "X-Shop": "demo"})
    assert answer.status_code == 200 and answer.json()["user"]["name"] == "王小明"
    stolen = httpx.get(f"{site.url}/api/v1/auth/me", headers={"Authorization": f"Bearer {identity()}"})
    assert stolen.status_code == 401, "a request takes no shop's token: only a socket's hello makes a session of it"


def test_the_socket_of_a_sign_on_ends_with_its_session(site: Site) -> None:
    with site.chat(token=identity()) as chat:
        write(site, lambda tx: tx.run(t.Session.update(expires_at=tx.now)))
        site.loop.call_soon_threadsafe(site.desk.context.known.clear)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                chat.receive(15)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401


def test_a_used_token_is_remembered_as_long_as_it_is_good(site: Site) -> None:
    site.chat(token=identity(exp=int(time.time()) + 300)).connection.close()
    rows = site.run(lambda: site.desk.context.store.read(lambda tx: tx.rows(t.SignOn.select())))
    assert len(rows) == 1 and rows[0]["expires_at"] > (time.time() + 299) * SECOND


def test_a_code_that_nothing_checks_is_not_taken(site: Site) -> None:
    """A second factor that is sent is checked or refused; it is never passed over."""
    given = {"username": "lead", "password": PASSWORD}
    with site.client() as client:
        refused = client.post("/auth/login", json={**given, "otp": "123456"})
        assert refused.status_code == 422
        assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [("/otp", "unknown-field")]
        assert client.post("/auth/login", json=given).status_code == 200
