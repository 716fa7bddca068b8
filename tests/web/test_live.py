"""The sockets: order, resume, once each, who may hear what."""

from __future__ import annotations

import json
import time

import pytest
from websockets.exceptions import InvalidStatus

from tests.web.support import Site, Socket


def _seqs(frames: list[dict]) -> list[int]:
    return [frame["seq"] for frame in frames if "seq" in frame]


def test_guest_is_greeted_writes_and_keeps_the_conversation(site: Site) -> None:
    with site.chat() as tab:
        assert tab.welcome["ticket"] is None
        assert tab.welcome["history"] == []
        greeting = tab.get("message")["message"]
        assert (greeting["text"], greeting["ticket"]) == ("您好，歡迎光臨", None)
        ack = tab.line("在嗎", id="one")
        number = ack["message"]["ticket"]
        assert ack["message"]["author"]["kind"] == "member"
        rest = tab.until_quiet()
        assert not [f for f in rest if f["type"] == "message"], (
            "the greeting was shown before; its stored duplicate is not sent"
        )
    with site.chat(visitor=tab.welcome["visitor"]) as again:
        assert again.welcome["ticket"] == number
        assert [line["text"] for line in again.welcome["history"]] == ["您好，歡迎光臨", "在嗎"]
        assert [line["ticket"] for line in again.welcome["history"]] == [number, number]


def test_a_greeting_with_a_delay_is_shown_later_and_kept_once(site: Site) -> None:
    with site.chat(page={"url": "https://shop.example/offer"}) as tab:
        assert tab.get("message")["message"]["text"] == "您好，歡迎光臨"
        assert tab.get("message")["message"]["text"] == "限時優惠"
        number = tab.line("在嗎", id="one")["message"]["ticket"]
        rest = tab.until_quiet()
        assert not [f for f in rest if f["type"] == "message"], "both were shown before; tomorrow's comes tomorrow"
    with site.chat(visitor=tab.welcome["visitor"]) as again:
        assert again.welcome["ticket"] == number
        assert [line["text"] for line in again.welcome["history"]] == ["您好，歡迎光臨", "限時優惠", "在嗎"]


def test_agent_and_member_talk(site: Site) -> None:
    with site.agent("amy") as amy, site.chat(token=site.token("ming")) as ming:
        ming.get("message")
        ack = ming.line("我的訂單呢")
        number = ack["message"]["ticket"]
        seen = amy.get("message")
        while seen["message"]["text"] != "我的訂單呢":
            seen = amy.get("message")
        assert seen["message"]["ticket"] == number
        assert seen["seq"] == ack["seq"]
        amy.line("為您查詢", ticket=number)
        got = ming.get("message")
        assert got["message"]["text"] == "為您查詢"
        assert got["message"]["author"]["name"] == "alias-amy"
        assert "username" not in got["message"]["author"]


def test_staff_read_the_title_of_the_rule_that_wrote_a_line(site: Site) -> None:
    with site.agent("amy") as amy, site.chat() as tab:
        assert "rule" not in tab.get("message")["message"]
        number = tab.line("在嗎")["message"]["ticket"]
        live = amy.get("message")["message"]
        with site.client("amy") as client:
            first = client.get(f"/tickets/{number}/messages").json()["items"][0]
    assert live["rule"] == first["rule"] == "welcome"
    source = {"title": "歡迎", "file": "desk.rules", "line": 16}
    assert live["rule_source"] == first["rule_source"] == source
    with site.chat(visitor=tab.welcome["visitor"]) as again:
        assert not any("rule" in name for line in again.welcome["history"] for name in line)


def test_an_internal_note_reaches_colleagues_only(site: Site) -> None:
    with site.chat(token=site.token("hua")) as hua, site.agent("ben") as ben, site.agent("amy") as amy:
        number = hua.line("你好")["message"]["ticket"]
        amy.line("此人常客訴", ticket=number, visibility="internal")
        amy.line("您好", ticket=number)
        heard = [f["message"]["text"] for f in ben.until_quiet() if f["type"] == "message"]
        assert heard[-2:] == ["此人常客訴", "您好"]
        texts = [f["message"]["text"] for f in hua.until_quiet() if f["type"] == "message"]
        assert texts == ["您好"]


def test_the_same_line_sent_again_is_stored_once_and_acknowledged_alike(site: Site) -> None:
    with site.chat() as tab:
        first = tab.line("一次就好", id="same")
        again = tab.line("一次就好", id="same")
        assert (again["seq"], again["message"]["id"]) == (first["seq"], first["message"]["id"])
        # The ack was lost, the client comes back and sends again.
        visitor = tab.welcome["visitor"]
    with site.chat(visitor=visitor, since=first["seq"]) as back:
        third = back.line("一次就好", id="same")
        assert third["seq"] == first["seq"]
        assert [line["text"] for line in back.welcome["history"]].count("一次就好") == 1


def test_the_same_id_of_another_person_is_another_line(site: Site) -> None:
    with site.chat() as one, site.chat() as two:
        a, b = one.line("甲的話", id="shared"), two.line("乙的話", id="shared")
        assert a["message"]["id"] != b["message"]["id"]
        assert b["message"]["text"] == "乙的話"


def test_all_that_has_a_seq_leaves_in_order_acks_too(site: Site) -> None:
    with site.chat(token=site.token("ming")) as ming, site.agent("amy") as amy:
        number = ming.line("開始")["message"]["ticket"]
        for n in range(15):
            ming.send({"type": "message", "id": f"m{n}", "text": f"會員 {n}"})
            amy.send({"type": "message", "id": f"a{n}", "ticket": number, "text": f"客服 {n}"})
        frames = []
        end = time.monotonic() + 10
        while sum(f["type"] in ("ack", "message") for f in frames) < 30 and time.monotonic() < end:
            frames.append(ming.receive())
        seqs = _seqs(frames)
        assert seqs == sorted(seqs)
        lines = [f["message"]["id"] for f in frames if f["type"] in ("ack", "message")]
        assert len(lines) == len(set(lines)) == 30
        assert [f["id"] for f in frames if f["type"] == "ack"] == [f"m{n}" for n in range(15)]


def test_who_was_away_gets_what_was_missed_in_order_once(site: Site) -> None:
    with site.chat() as tab:
        ack = tab.line("我先離開")
        number, visitor = ack["message"]["ticket"], tab.welcome["visitor"]
    with site.agent("amy") as amy:
        said = [amy.line(f"第 {n} 句", ticket=number) for n in range(5)]
        amy.line("內部", ticket=number, visibility="internal")
    with site.chat(visitor=visitor, since=ack["seq"]) as back:
        assert back.welcome["seq"] == ack["seq"]
        frames = back.until_quiet()
        missed = [f for f in frames if f["type"] == "message"]
        assert [f["message"]["text"] for f in missed] == [f"第 {n} 句" for n in range(5)]
        assert [f["seq"] for f in missed] == [a["seq"] for a in said]
        assert _seqs(frames) == sorted(_seqs(frames))
        in_history = {line["id"] for line in back.welcome["history"]}
        assert not in_history & {f["message"]["id"] for f in missed}
    with site.chat(visitor=visitor) as fresh:
        assert [line["text"] for line in fresh.welcome["history"]][-5:] == [f"第 {n} 句" for n in range(5)]
        assert not [f for f in fresh.until_quiet() if f["type"] == "message"]


def test_an_agent_resumes_too(site: Site) -> None:
    with site.agent("amy") as amy:
        since = amy.welcome["seq"]
    with site.chat() as tab:
        ack = tab.line("有人嗎")
    with site.agent("amy", since=since) as amy:
        texts = [f["message"]["text"] for f in amy.until_quiet() if f["type"] == "message"]
        assert texts.count("有人嗎") == 1
    with site.agent("amy", since=ack["seq"]) as amy:
        assert not [f for f in amy.until_quiet() if f["type"] == "message"]


def test_a_second_tab_of_a_guest_hears_the_first(site: Site) -> None:
    with site.chat() as one:
        visitor = one.welcome["visitor"]
        with site.chat(visitor=visitor) as two:
            number = one.line("第一個分頁")["message"]["ticket"]
            assert two.get("message", timeout=5)["message"]["ticket"] in (None, number)
            texts = [f["message"]["text"] for f in two.until_quiet() if f["type"] == "message"]
            assert "第一個分頁" in texts
            ack = two.line("第二個分頁")
            assert ack["message"]["ticket"] == number
            assert one.get("message")["message"]["text"] == "第二個分頁"


@pytest.mark.parametrize("proof", ["made-up", "x.y", "a" * 300, "1.deadbeef"])
def test_a_made_up_proof_is_a_new_guest_without_history(site: Site, proof: str) -> None:
    with site.chat(visitor=proof) as tab:
        assert tab.welcome["visitor"] != proof
        assert (tab.welcome["ticket"], tab.welcome["history"]) == (None, [])


def test_a_proof_of_another_shop_is_a_new_guest(site: Site) -> None:
    with site.chat() as tab:
        tab.line("祕密")
        visitor = tab.welcome["visitor"]
    with site.chat("other", visitor=visitor) as tab:
        assert (tab.welcome["ticket"], tab.welcome["history"]) == (None, [])


def test_a_member_hears_nothing_of_another(site: Site) -> None:
    with site.chat(token=site.token("ming")) as ming, site.chat(token=site.token("hua")) as hua, site.chat() as guest:
        for socket in (ming, hua, guest):
            socket.until_quiet(0.2)
        with site.agent("amy") as amy:
            number = ming.line("只有我看得到")["message"]["ticket"]
            amy.line("只有你看得到", ticket=number)
        assert not [f for f in hua.until_quiet() if f["type"] in ("message", "ticket", "ended")]
        assert not [f for f in guest.until_quiet() if f["type"] in ("message", "ticket", "ended")]


def test_an_agent_of_another_shop_hears_and_does_nothing(site: Site) -> None:
    with site.agent("olga") as olga, site.chat() as tab:
        number = tab.line("示範店的話")["message"]["ticket"]
        assert not [f for f in olga.until_quiet() if f["type"] in ("message", "ticket")]
        for frame in (
            {"type": "message", "id": "x", "ticket": number, "text": "偷看"},
            {"type": "typing", "ticket": number},
            {"type": "read", "ticket": number, "seq": 1},
            {"type": "end", "ticket": number},
        ):
            olga.send(frame)
            error = olga.receive()
            assert (error["type"], error["code"]) == ("error", "not-found")
        assert not [f for f in tab.until_quiet() if f["type"] in ("message", "typing", "ended")]


def test_anonymous_writer_appears_in_nothing_of_the_member(site: Site) -> None:
    with site.chat(token=site.token("hua")) as hua, site.agent("amy") as amy, site.agent("ben") as ben:
        number = hua.line("請主管回覆")["message"]["ticket"]
        hua.until_quiet(0.3)
        amy.send({"type": "typing", "ticket": number, "visibility": "anonymous"})
        amy.line("這是公司的決定", ticket=number, visibility="anonymous")
        frames = hua.until_quiet()
        text = json.dumps(frames, ensure_ascii=False).lower()
        assert "這是公司的決定" in text
        assert "amy" not in text
        assert not [f for f in frames if f["type"] == "typing"]
        assert [f["message"]["visibility"] for f in frames if f["type"] == "message"] == ["public"]
        assert [f for f in ben.until_quiet() if f["type"] == "typing"]


def test_typing_goes_to_the_other_side(site: Site) -> None:
    with site.chat() as tab, site.agent("amy") as amy:
        number = tab.line("打字測試")["message"]["ticket"]
        tab.send({"type": "typing"})
        assert amy.get("typing", ticket=number)["author"]["kind"] == "member"
        amy.send({"type": "typing", "ticket": number, "visibility": "public"})
        shown = tab.get("typing")["author"]
        assert shown == {"kind": "agent", "name": "alias-amy"}
        amy.send({"type": "typing", "ticket": number, "visibility": "internal"})
        assert not [f for f in tab.until_quiet() if f["type"] == "typing"]


def test_the_chat_ends_and_is_rated(site: Site) -> None:
    with site.chat() as tab:
        number = tab.line("再見")["message"]["ticket"]
        with site.agent("amy") as amy:
            amy.line("謝謝您", ticket=number)
        tab.send({"type": "end"})
        assert tab.get("ended")["ticket"] == number
        tab.send({"type": "rate", "score": 5, "comment": "很好"})
        assert not [f for f in tab.until_quiet() if f["type"] == "error"]
        with site.client("amy") as client:
            assert client.get(f"/tickets/{number}").json()["rating"] == 5
        assert tab.line("新的問題")["message"]["ticket"] != number


BAD = [
    ("nonsense", "unreadable"),
    ("[" * 50_000, "wrong-value"),
    ('{"type":"message","text":' + "[" * 50_000, "wrong-value"),
    ('{"type":"message","x":' + "[" * 50_000, "unreadable"),
    ("{}", "missing-field"),
    ("[1]", "wrong-value"),
    ('{"type":"dance"}', "wrong-value"),
    ('{"type":"message","id":"b1"}', "empty"),
    ('{"type":"message","text":"沒有 id"}', "missing-field"),
    ('{"type":"message","id":"b2","text":7}', "wrong-value"),
    ('{"type":"message","id":"b3","text":"' + "長" * 20_001 + '"}', "wrong-value"),
    ('{"type":"message","id":"b4","text":"x","attachments":["nope"]}', None),
    ('{"type":"rate","score":6}', "wrong-value"),
    ('{"type":"rate","score":"5"}', "wrong-value"),
    ('{"type":"read","seq":-1}', "wrong-value"),
    ('{"type":"status","status":"online"}', "agents-only"),
    ('{"type":"hello"}', "hello-twice"),
    (b"\x00\x01", "not-text"),
    ("x" * 1_000_000, "too-large"),
]


@pytest.mark.parametrize(("frame", "code"), BAD, ids=[str(b[0][:40]) for b in BAD])
def test_a_bad_frame_is_told_of_and_the_connection_lives(site: Site, frame: str | bytes, code: str | None) -> None:
    with site.chat() as tab:
        tab.until_quiet(0.1)
        tab.send(frame)
        error = tab.receive()
        assert error["type"] == "error", error
        assert error["message"]
        if code not in (None, "empty"):
            assert error["code"] == code
        if isinstance(frame, str) and '"id":"b' in frame:
            assert error["id"] == json.loads(frame)["id"]
        assert tab.line("還在")["message"]["text"] == "還在"


def test_nothing_before_hello(site: Site) -> None:
    with Socket(site.url, "/ws/chat") as tab:
        tab.send({"type": "message", "id": "x", "text": "沒打招呼"})
        assert tab.receive()["code"] == "hello-first"
        tab.hello(shop="demo")


@pytest.mark.parametrize(
    ("path", "hello", "code", "close"),
    [
        ("/ws/chat", {"shop": "nowhere"}, "unknown-shop", 4404),
        ("/ws/chat", {}, "unknown-shop", 4404),
        ("/ws/chat", {"shop": "demo", "token": "made-up"}, "session-ended", 4401),
        ("/ws/agent", {}, "sign-in-needed", 4401),
        ("/ws/agent", {"token": "made-up"}, "session-ended", 4401),
    ],
)
def test_a_hello_that_is_refused_says_why_and_closes(site: Site, path: str, hello: dict, code: str, close: int) -> None:
    with Socket(site.url, path) as socket:
        socket.send({"type": "hello", **hello})
        assert socket.receive()["code"] == code
        assert socket.closed() == close


@pytest.mark.parametrize(
    ("path", "who", "code"),
    [
        ("/ws/chat", "oscar", "wrong-shop"),
        ("/ws/chat", "amy", "wrong-shop"),
        ("/ws/agent", "ming", "agents-only"),
        ("/ws/agent", "nina", "agents-only"),
    ],
)
def test_each_socket_is_for_its_side_only(site: Site, path: str, who: str, code: str) -> None:
    with Socket(site.url, path) as socket:
        socket.send({"type": "hello", "shop": "demo", "token": site.token(who)})
        assert socket.receive()["code"] == code
        assert socket.closed() == 4403


@pytest.mark.parametrize(
    ("path", "origin", "good"),
    [
        ("/ws/chat", "https://evil.example", False),
        ("/ws/chat", "null", False),
        ("/ws/chat", "https://shop.example", True),
        ("/ws/chat", "https://shop.example.evil.example", False),
        ("/ws/chat", "http://shop.example", False),
        ("/ws/agent", "https://shop.example", False),
        ("/ws/agent", "own", True),
        ("/ws/chat", "own", True),
    ],
)
def test_origins(site: Site, path: str, origin: str, good: bool) -> None:
    headers = {"Origin": site.url if origin == "own" else origin}
    if not good and path == "/ws/chat":
        # A page cannot read why a handshake was refused: it is told, and let go before it has said hello.
        with Socket(site.url, path, **headers) as socket:
            assert socket.receive()["code"] == "foreign-origin"
            assert socket.closed() == 4403
        return
    if not good:
        with pytest.raises(InvalidStatus) as refused:
            Socket(site.url, path, **headers)
        assert refused.value.response.status_code == 403
        return
    with Socket(site.url, path, **headers) as socket:
        socket.hello(shop="demo", token=site.token("amy") if path == "/ws/agent" else None)


def test_a_site_of_one_shop_may_not_open_chats_of_another(site: Site) -> None:
    with Socket(site.url, "/ws/chat", Origin="https://shop.example") as socket:
        socket.send({"type": "hello", "shop": "other"})
        assert socket.receive()["code"] == "foreign-origin"
        assert socket.closed() == 4403


def test_the_cookie_counts_on_own_pages_only(site: Site) -> None:
    with site.client() as client:
        client.post("/auth/login", json={"username": "ming", "password": "correct horse battery", "cookie": True})
        cookie = f"desk={client.cookies['desk']}"
    with Socket(site.url, "/ws/chat", Cookie=cookie, Origin=site.url) as socket:
        assert socket.hello(shop="demo").welcome["visitor"] is None
    with Socket(site.url, "/ws/chat", Cookie=cookie, Origin="https://shop.example") as socket:
        assert socket.hello(shop="demo").welcome["visitor"] is not None


def test_a_session_that_ends_closes_its_sockets(site: Site) -> None:
    token = site.sign_in("ben")["token"]
    with Socket(site.url, "/ws/agent") as socket:
        socket.hello(token=token)
        with site.client(Authorization=f"Bearer {token}") as client:
            assert client.post("/auth/logout").status_code == 204
        assert socket.get("error", code="session-ended")
        assert socket.closed() == 4401


def test_a_session_ended_elsewhere_closes_its_sockets(site: Site) -> None:
    from engine.store import sessions

    answer = site.sign_in("ben")
    with Socket(site.url, "/ws/agent") as socket:
        socket.hello(token=answer["token"])

        def job(tx: object) -> None:
            sessions.revoke_sessions(tx, "agent", answer["user"]["id"])

        site.run(lambda: site.desk.context.store.write(job))
        site._tokens.pop("ben", None)
        assert socket.closed(timeout=12) == 4401


def test_rights_taken_away_close_the_socket(site: Site) -> None:
    from engine.store import people

    site.add_agent("tess", ["agent"], ["demo"])
    with site.agent("tess") as tess, site.chat() as tab:
        tab.line("看得到")
        assert tess.get("message")

        def job(tx: object) -> None:
            people.save_agent(tx, "tess", roles=["nobody"])

        site.run(lambda: site.desk.context.store.write(job))
        assert tess.closed(timeout=12) == 4403
        tab.line("看不到")
        with Socket(site.url, "/ws/agent") as again:
            again.send({"type": "hello", "token": site.token("tess")})
            assert again.closed() == 4403


def test_presence_is_told_to_colleagues(site: Site) -> None:
    with site.agent("amy") as amy, site.agent("lead") as lead:
        amy.send({"type": "status", "status": "busy"})
        assert lead.get("presence")["agent"]["username"] == "amy"
        amy.send({"type": "status", "status": "offline"})


def test_a_waiting_member_is_told_the_place(site: Site) -> None:
    with site.chat() as tab:
        tab.line("排隊")
        place = tab.get("queue", timeout=8)
        assert place["position"] >= 1
