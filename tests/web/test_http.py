"""Every route of the table by real HTTP: what it answers is what the document says."""

from __future__ import annotations

import gzip
import io
import re

import httpx
import pytest
from PIL import Image

from tests.web.documented import TIME, conforms, exact, refused
from tests.web.support import PASSWORD, Site
from web import schema
from web.routes import table


def picture(color: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), color).save(out, "PNG")
    return out.getvalue()


# --- the way of a ticket ----------------------------------------------------------------------------------------------


def test_the_way_of_a_ticket(site: Site, amy: httpx.Client) -> None:
    body = {"subject": "退貨", "text": "我要退貨，尺寸不合", "requester": {"name": "王小明", "email": "m@example.org"}}
    made = amy.post("/tickets", json=body)
    ticket = conforms("open_ticket", made)
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/tickets/{ticket['number']}"
    assert (ticket["type"], ticket["kind"], ticket["shop"], ticket["requester"]["name"]) == (
        "退換貨",
        "inquiry",
        "demo",
        "王小明",
    )
    one = f"/tickets/{ticket['number']}"

    got = amy.get(one)
    assert conforms("get_ticket", got)["number"] == ticket["number"]
    assert got.headers["ETag"] == made.headers["ETag"]
    for spelling in (f"{ticket['number']:05d}", f"%23{ticket['number']:05d}"):
        assert amy.get(f"/tickets/{spelling}").json()["number"] == ticket["number"]

    changed = amy.patch(one, json={"priority": "high", "tags": ["vip"], "fields": {"amount": 1200}})
    now = conforms("change_ticket", changed)
    assert (now["priority"], now["tags"], now["subject"]) == ("high", ["vip"], "退貨")
    assert float(now["fields"]["amount"]) == 1200
    stale = amy.patch(one, json={"priority": "low"}, headers={"If-Match": made.headers["ETag"]})
    refused("change_ticket", stale, 412)
    fresh = amy.patch(one, json={"priority": "low"}, headers={"If-Match": changed.headers["ETag"]})
    assert fresh.status_code == 200

    said = amy.post(f"{one}/messages", json={"text": "您好，為您辦理"})
    message = conforms("post_message", said)
    assert (said.status_code, message["author"]["username"]) == (201, "amy")
    amy.post(f"{one}/messages", json={"text": "同事注意", "visibility": "internal"})
    lines = conforms("list_messages", amy.get(f"{one}/messages"))
    assert [line["text"] for line in lines["items"]] == ["我要退貨，尺寸不合", "您好，為您辦理", "同事注意"]
    last = conforms("list_messages", amy.get(f"{one}/messages", params={"limit": 1, "before": lines["items"][1]["id"]}))
    assert [line["text"] for line in last["items"]] == ["我要退貨，尺寸不合"]

    moves = conforms("list_transitions", amy.get(f"{one}/transitions"))
    assert ("close", ["solution"]) in [(move["trigger"], move["requires"]) for move in moves["items"]]
    lacking = refused("move_ticket", amy.post(f"{one}/transitions", json={"trigger": "close"}), 422)
    assert lacking["errors"][0]["pointer"].endswith("solution")
    closed = amy.post(f"{one}/transitions", json={"trigger": "close", "fields": {"solution": "已退款"}})
    assert conforms("move_ticket", closed)["category"] == "closed"
    refused("move_ticket", amy.post(f"{one}/transitions", json={"trigger": "nonsense"}), 409)

    traced = conforms("trace", amy.get(f"{one}/trace"))
    acted = [rule for item in traced["items"] for rule in item["rules"] if rule["rule"] == "refunds"]
    assert acted and acted[0]["file"] == "desk.rules" and acted[0]["outcome"] == "acted"
    history = conforms("list_events", amy.get(f"{one}/events"))
    seqs = [item["seq"] for item in history["items"]]
    assert seqs == sorted(seqs) and len(seqs) > 3
    rest = conforms("list_events", amy.get(f"{one}/events", params={"since": seqs[2]}))
    assert [item["seq"] for item in rest["items"]] == seqs[3:]
    read = amy.post(f"{one}/read", json={"seq": seqs[-1]})
    assert conforms("mark_read", read) is None
    assert amy.get(one).json()["unread"] == 0


def test_lists_go_by_key_and_count(site: Site, amy: httpx.Client) -> None:
    for n in range(5):
        site.open_ticket(subject=f"清單 {n}", order_no=f"LIST-{n}", requester={"name": "清單客人"})
    query = {"filter": 'ticket.order_no starts with "LIST-"', "sort": "-created_at", "limit": 2, "count": "true"}
    seen: list[str] = []
    cursor = None
    while True:
        page = conforms("list_tickets", amy.get("/tickets", params={**query, **({"cursor": cursor} if cursor else {})}))
        assert page["count"] == 5
        seen += [ticket["subject"] for ticket in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"清單 {n}" for n in (4, 3, 2, 1, 0)]
    assert conforms("list_tickets", amy.get("/tickets", params={"q": "LIST-3"}))["items"][0]["subject"] == "清單 3"
    for view in ("mine", "unassigned", "waiting", "overdue", "followed", "all"):
        conforms("list_tickets", amy.get("/tickets", params={"view": view}))


@pytest.mark.parametrize(
    ("name", "path", "params"),
    [
        ("list_agents", "/agents", {}),
        ("list_teams", "/teams", {}),
        ("nouns", "/nouns", {}),
        ("list_views", "/views", {}),
        ("list_notices", "/notices", {}),
        ("list_members", "/members", {"q": "m"}),
        ("list_sessions", "/auth/sessions", {}),
        ("search", "/search", {"q": "退貨"}),
        ("rules", "/rules", {}),
        ("me", "/auth/me", {}),
    ],
)
def test_what_screens_ask(site: Site, amy: httpx.Client, name: str, path: str, params: dict[str, str]) -> None:
    site.open_ticket()
    answer = amy.get(path, params=params)
    assert answer.status_code == 200
    value = conforms(name, answer)
    if "items" in value and name not in ("list_notices",):
        assert value["items"], "an empty list proves little"


def test_members(site: Site, lead: httpx.Client) -> None:
    body = {"name": "林小姐", "shop": "demo", "email": "lin@example.org", "phone": "0912345678"}
    made = lead.post("/members", json=body)
    member = conforms("create_member", made)
    assert made.status_code == 201
    one = f"/members/{member['id']}"
    assert conforms("get_member", lead.get(one))["name"] == "林小姐"
    assert (
        conforms("change_member", lead.patch(one, json={"tier": "gold", "fields": {"birthday": "1990-01-02"}}))["tier"]
        == "gold"
    )
    refused("create_member", lead.post("/members", json=body), 409)
    with site.client("amy") as client:
        seen = conforms("get_member", client.get(one))
        assert "0912345678" not in str(seen) and "1990-01-02" not in str(seen), "personal values are masked"
        assert client.patch(one, json={"tier": "gold"}).status_code == 403
    blocked = conforms("block_member", lead.post(f"{one}/block", json={"seconds": 3600, "why": "詐騙"}))
    assert blocked["blocked"] and TIME.fullmatch(blocked["blocked_until"])
    free = conforms("unblock_member", lead.delete(f"{one}/block"))
    assert (free["blocked"], free["blocked_until"]) == (False, None)
    assert lead.post(f"{one}/block", json={"seconds": 0}).status_code == 422


def test_files(site: Site, amy: httpx.Client) -> None:
    raw = amy.post("/files", params={"name": "照片.png"}, content=picture(), headers={"Content-Type": "image/png"})
    first = conforms("upload", raw)
    parts = amy.post("/files", files={"file": ("說明.txt", "內容".encode(), "text/plain")})
    second = conforms("upload", parts)
    assert (first["name"], first["media_type"], second["name"]) == ("照片.png", "image/png", "說明.txt")
    shown, saved = amy.get(f"/files/{first['id']}"), amy.get(f"/files/{second['id']}")
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert saved.content == "內容".encode()
    assert "sandbox" in saved.headers["Content-Security-Policy"]
    with site.client("ben") as ben:
        assert ben.get(f"/files/{second['id']}").status_code == 404, (
            "an upload is its uploader's until it is in a message"
        )
        number = site.open_ticket()["number"]
        stolen = ben.post(f"/tickets/{number}/messages", json={"text": "看", "attachments": [second["id"]]})
        assert stolen.status_code in (404, 422)
        amy.post(f"/tickets/{number}/messages", json={"text": "附上", "attachments": [second["id"]]})
        assert ben.get(f"/files/{second['id']}").status_code == 200
    with site.client("olga") as olga:
        assert olga.get(f"/files/{second['id']}").status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", 415),
        ("x.png", b"<!DOCTYPE html><script>alert(1)</script>", 415),
        ("x.exe", b"MZ\x90\x00" + b"\x00" * 60, 415),
        ("x.png", b"\x89PNG\r\n\x1a\nbroken", 422),
        ("x.txt", b"", 422),
    ],
)
def test_files_that_are_refused(site: Site, amy: httpx.Client, name: str, data: bytes, status: int) -> None:
    answer = amy.post("/files", params={"name": name}, content=data, headers={"Content-Type": "image/png"})
    refused("upload", answer, status)


def test_a_guest_sends_a_file(site: Site) -> None:
    with site.chat() as tab:
        headers = {"X-Visitor": tab.welcome["visitor"], "X-Shop": "demo", "Origin": "https://shop.example"}
        with site.client(**headers) as guest:
            sent = guest.post("/files", files={"file": ("a.png", picture(), "image/png")})
            file = conforms("upload", sent)
            assert sent.headers["Access-Control-Allow-Origin"] == "https://shop.example"
            assert "Access-Control-Allow-Credentials" not in sent.headers
            line = tab.line("看圖", attachments=[file["id"]])
            assert [a["id"] for a in line["message"]["attachments"]] == [file["id"]]
            assert guest.get(f"/files/{file['id']}").status_code == 200
        with site.chat() as other, site.client(**{"X-Visitor": other.welcome["visitor"], "X-Shop": "demo"}) as stranger:
            assert stranger.get(f"/files/{file['id']}").status_code == 404
    for headers in (
        {"X-Visitor": "made-up", "X-Shop": "demo"},
        {"X-Visitor": tab.welcome["visitor"], "X-Shop": "other"},
    ):
        with site.client(**headers) as guest:
            assert guest.get(f"/files/{file['id']}").status_code == 401


def test_status_rating_retry_and_reload(site: Site, amy: httpx.Client, lead: httpx.Client) -> None:
    assert conforms("set_status", amy.post("/me/status", json={"status": "busy"})) == {"status": "busy"}
    amy.post("/me/status", json={"status": "offline"})
    with site.chat(token=site.token("ming")) as chat:
        number = chat.line("評價")["message"]["ticket"]
        amy.post(f"/tickets/{number}/messages", json={"text": "好了"})
        conforms("ask_rating", amy.post(f"/tickets/{number}/rating-request"))
        assert chat.get("rating_requested")["ticket"] == number
        with site.client("ming") as ming:
            assert conforms("rate_ticket", ming.post(f"/tickets/{number}/rating", json={"score": 4}))["rating"] == 4
            wrong = refused("rate_ticket", ming.post(f"/tickets/{number}/rating", json={"score": 9}), 422)
            assert wrong["errors"][0]["pointer"] == "/score"
        chat.send({"type": "end"})
        chat.get("ended")
    refused("retry_message", amy.post(f"/tickets/{number}/messages/999999/retry"), 404)
    refused("reload_rules", amy.post("/rules/reload"), 403)
    answer = conforms("reload_rules", lead.post("/rules/reload", json={"note": "試"}))
    assert answer["changed"] is False
    found = conforms("validate", amy.post("/rules/validate", json={"files": {"a.rules": "rule x on nothing then"}}))
    assert found["errors"] >= 1 and found["findings"][0]["file"]


# --- sign-in ---------------------------------------------------------------------------------------------------------


def test_token_and_cookie(site: Site) -> None:
    with site.client() as client:
        token = conforms("login", client.post("/auth/login", json={"username": "ming", "password": PASSWORD}))
        assert token["token"] and token["user"]["kind"] == "member" and "Set-Cookie" not in client.cookies
        signed = client.post("/auth/login", json={"username": "ben", "password": PASSWORD, "cookie": True})
        assert conforms("login", signed)["token"] is None
        cookie, sign = sorted(signed.headers.get_list("Set-Cookie"))
        assert cookie.startswith("desk=") and "HttpOnly" in cookie
        assert sign.startswith("desk_here=1;") and "HttpOnly" not in sign and "Max-Age" in sign
        assert all("SameSite=Lax" in one and "Secure" not in one for one in (cookie, sign))
        me = conforms("me", client.get("/auth/me"))
        assert me["user"]["username"] == "ben" and me["csrf"]
        assert client.post("/me/status", json={"status": "away"}).status_code == 403, "no CSRF token"
        assert client.post("/me/status", json={"status": "away"}, headers={"X-CSRF-Token": "x"}).status_code == 403
        headers = {"X-CSRF-Token": me["csrf"]}
        assert client.post("/me/status", json={"status": "away"}, headers=headers).status_code == 200
        foreign = client.post(
            "/me/status", json={"status": "away"}, headers={**headers, "Origin": "https://evil.example"}
        )
        assert foreign.status_code == 403
        own = {**headers, "Origin": site.url}
        assert client.post("/me/status", json={"status": "offline"}, headers=own).status_code == 200
        assert conforms("logout", client.post("/auth/logout", headers=headers)) is None
        assert client.get("/auth/me").status_code == 401


def test_a_page_shows_its_scripts_whether_somebody_is_signed_in(site: Site) -> None:
    """By a cookie that opens nothing: a script never sees the session's own."""
    from web.folder import STATIC

    if not (STATIC / "console.html").exists():
        pytest.skip("the front end is not built here")
    with httpx.Client(base_url=site.url) as guest:
        assert "Set-Cookie" not in guest.get("/login").headers
        guest.cookies.set("desk_here", "1", domain="127.0.0.1")
        assert guest.get("/api/v1/auth/me").status_code == 401
        gone = guest.get("/chat", params={"shop": "demo"}).headers["Set-Cookie"]
        assert gone.startswith('desk_here="";') and "expires=" in gone
    body = {"username": "hua", "password": PASSWORD, "cookie": True}
    with httpx.Client(base_url=site.url) as hua:
        csrf = hua.post("/api/v1/auth/login", json=body).json()["csrf"]
        assert hua.cookies["desk_here"] == "1"
        del hua.cookies["desk_here"]
        assert hua.get("/").headers["Set-Cookie"].startswith("desk_here=1;")
        assert "Set-Cookie" not in hua.get("/").headers
        # A session that was ended elsewhere is none, though the browser still brings it.
        session = next(s["id"] for s in hua.get("/api/v1/auth/sessions").json()["items"] if s["current"])
        with site.client("hua") as elsewhere:
            assert elsewhere.delete(f"/auth/sessions/{session}").status_code == 204
        assert hua.get("/").headers["Set-Cookie"].startswith('desk_here="";')
        assert "desk" in hua.cookies and "desk_here" not in hua.cookies
        assert hua.post("/api/v1/auth/logout", headers={"X-CSRF-Token": csrf}).status_code == 401


def test_a_session_may_be_ended_by_its_owner_only(site: Site) -> None:
    mine = site.sign_in("hua")["token"]
    with site.client(Authorization=f"Bearer {mine}") as hua, site.client("ming") as ming:
        items = conforms("list_sessions", hua.get("/auth/sessions"))["items"]
        session = next(item["id"] for item in items if item["current"])
        refused("end_session", ming.delete(f"/auth/sessions/{session}"), 404)
        assert hua.get("/auth/me").status_code == 200
        assert conforms("end_session", hua.delete(f"/auth/sessions/{session}")) is None
        assert hua.get("/auth/me").status_code == 401


def test_a_new_sign_in_ends_the_planted_session(site: Site) -> None:
    with site.client() as client:
        client.post("/auth/login", json={"username": "ben", "password": PASSWORD, "cookie": True})
        planted = client.cookies["desk"]
        client.post("/auth/login", json={"username": "amy", "password": PASSWORD, "cookie": True})
        assert client.cookies["desk"] != planted
    with site.client(Authorization=f"Bearer {planted}") as old:
        assert old.get("/auth/me").status_code == 401


def test_wrong_passwords_are_slowed_and_told_alike(site: Site) -> None:
    with site.client() as client:
        unknown = client.post("/auth/login", json={"username": "nobody-here", "password": "x"})
        wrong = client.post("/auth/login", json={"username": "nina", "password": "x"})
        strip = ("request_id",)
        assert {k: v for k, v in unknown.json().items() if k not in strip} == {
            k: v for k, v in wrong.json().items() if k not in strip
        }
        assert unknown.status_code == wrong.status_code == 401
        for _ in range(12):
            answer = client.post("/auth/login", json={"username": "nina", "password": "x"})
        refused("login", answer, 429)
        assert int(answer.headers["Retry-After"]) >= 1
        right = client.post("/auth/login", json={"username": "nina", "password": PASSWORD})
        assert right.status_code == 429, "the right password is not tried either"
        assert client.post("/auth/login", json={"username": "ben", "password": PASSWORD}).status_code == 200


# --- bad input ------------------------------------------------------------------------------------------------------


BAD = [
    (b"", 400, None),
    (b"{", 400, None),
    (b"\xff\xfe", 400, None),
    (b'{"subject":"a","text":"b"', 400, None),
    (b"[]", 422, ""),
    (b"null", 422, ""),
    (b"[" * 100_000, 400, None),
    (b"{}", 422, "/subject"),
    (b'{"subject":"","text":"b"}', 422, "/subject"),
    (b'{"subject":"a","text":"b","role":"admin"}', 422, "/role"),
    (b'{"subject":"a","text":"b","created_at":"2020-01-01T00:00:00Z"}', 422, "/created_at"),
    (b'{"subject":7,"text":"b"}', 422, "/subject"),
    (b'{"subject":"a\\u0000","text":"b"}', 422, "/subject"),
    (b'{"subject":"a","text":"b","tags":["x",3]}', 422, "/tags/1"),
    (b'{"subject":"a","text":"b","priority":"nonsense","requester":{"name":"x"}}', 422, "/priority"),
    (b'{"subject":"a","text":"b","type":null}', 422, "/type"),
    (b'{"subject":"a","text":"b","kind":"nonsense","requester":{"name":"x"}}', 422, "/kind"),
    (b'{"subject":"a","text":"b","shop":"other","requester":{"name":"x"}}', 422, "/shop"),
    (b'{"subject":"a","text":"b","fields":{"nonsense":1},"requester":{"name":"x"}}', 422, "/fields/nonsense"),
    (b'{"subject":"a","text":"b","fields":{"amount":"many"},"requester":{"name":"x"}}', 422, "/fields/amount"),
    (b'{"subject":"a","text":"b","requester":{"id":123456}}', 422, "/requester/id"),
    (b'{"subject":"a","text":"b","requester":{"id":99999999999999999999}}', 422, "/requester/id"),
    (b'{"subject":"a","text":"b","attachments":["nope"],"requester":{"name":"x"}}', 422, "/attachments"),
    (b'{"subject":"a","text":"' + b"x" * 20_001 + b'"}', 422, "/text"),
    (b'{"subject":"a","text":"' + b"x" * 1_100_000 + b'"}', 413, None),
    (b'{"subject":"a","text":"' + b"x" * 30_000_000 + b'"}', 413, None),
]


@pytest.mark.parametrize(
    ("body", "status", "pointer"), BAD, ids=[b[0][:50].decode("latin-1") + str(len(b[0])) for b in BAD]
)
def test_bad_bodies_are_located(site: Site, amy: httpx.Client, body: bytes, status: int, pointer: str | None) -> None:
    answer = amy.post("/tickets", content=body, headers={"Content-Type": "application/json"})
    problem = refused("open_ticket", answer, status)
    if pointer is not None:
        assert pointer in [error["pointer"] for error in problem["errors"]] or any(
            error["pointer"].startswith(pointer) for error in problem["errors"]
        ), problem


def test_all_faults_of_a_form_are_told_at_once(site: Site, amy: httpx.Client) -> None:
    answer = amy.post("/tickets", json={"text": 5, "tags": "x", "extra": 1})
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/subject", "/text", "/tags", "/extra"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_other_content_is_not_taken(site: Site, amy: httpx.Client, kind: str) -> None:
    answer = amy.post("/tickets", content=b'{"subject":"a","text":"b"}', headers={"Content-Type": kind})
    refused("open_ticket", answer, 415)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 422),
        ("limit=201", 422),
        ("limit=many", 422),
        ("limit=5&limit=6", 422),
        ("nonsense=1", 422),
        ("view=nonsense", 422),
        ("sort=password", 422),
        ("sort=-created_at;drop", 422),
        ("cursor=nonsense", 422),
        ("filter=ticket.state%20%3D", 422),
        ("filter=1%3D", 422),
        ("filter='%20or%201=1--", 422),
        ("filter=" + "(" * 3000, 422),
        ("q=%00", 422),
        ("q=%ff", 400),
        ("q=" + "長" * 100, 200),
        ("q=%27%22%3B--", 200),
        ("q=%E3%80%8C%E9%80%80%E8%B2%A8%E3%80%8D", 200),
    ],
)
def test_bad_queries(site: Site, amy: httpx.Client, query: str, status: int) -> None:
    answer = amy.get(f"/tickets?{query}")
    if status == 200:
        conforms("list_tickets", answer)
    else:
        refused("list_tickets", answer, status)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/tickets", "GET, HEAD, OPTIONS, POST"),
        ("DELETE", "/tickets/1", "GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/auth/login", "OPTIONS, POST"),
        ("TRACE", "/nouns", "GET, HEAD, OPTIONS"),
    ],
)
def test_405_names_what_is_allowed(site: Site, amy: httpx.Client, method: str, path: str, allow: str) -> None:
    answer = amy.request(method, path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)
    exact(schema.Problem, answer.json())
    assert amy.options(path).headers["Allow"] == allow


@pytest.mark.parametrize(
    "number", ["0", "-1", "abc", "1.5", "99999999999999999999999", "999999", "%00", "1%2F..%2F2", "１"]
)
def test_numbers_that_are_none(site: Site, amy: httpx.Client, number: str) -> None:
    answer = amy.get(f"/tickets/{number}")
    assert answer.status_code == 404
    exact(schema.Problem, answer.json())


def test_the_same_key_gives_the_same_answer_once(site: Site, amy: httpx.Client) -> None:
    body = {"subject": "一次", "text": "只要一張", "requester": {"name": "客人"}}
    headers = {"Idempotency-Key": "create-once"}
    first, again = (amy.post("/tickets", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["number"] == again.json()["number"]
    other = amy.post("/tickets", json={**body, "text": "另一張"}, headers=headers)
    refused("open_ticket", other, 422)
    with site.client("ben") as ben:
        assert ben.post("/tickets", json=body, headers=headers).json()["number"] != first.json()["number"]
    one = f"/tickets/{first.json()['number']}/messages"
    lines = [amy.post(one, json={"text": "說一次"}, headers={"Idempotency-Key": "say-once"}) for _ in range(3)]
    assert len({line.json()["id"] for line in lines}) == 1
    assert amy.post(one, json={"text": "x"}, headers={"Idempotency-Key": "k" * 201}).status_code == 400


def test_a_connection_cut_off_in_the_middle_leaves_nothing(site: Site, amy: httpx.Client) -> None:
    import socket

    before = amy.get("/tickets", params={"count": "true"}).json()["count"]
    host = site.url.removeprefix("http://")
    head = f"POST /api/v1/tickets HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {site.token('amy')}\r\n"
    with socket.create_connection(("127.0.0.1", site.server.port)) as raw:
        raw.sendall(f'{head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{"subject":'.encode())
    assert amy.get("/healthz".replace("/healthz", "/nouns")).status_code == 200
    assert amy.get("/tickets", params={"count": "true"}).json()["count"] == before


# --- around the API ---------------------------------------------------------------------------------------------------


def test_health_metrics_and_the_document(site: Site) -> None:
    root = httpx.Client(base_url=site.url)
    assert conforms("healthz", root.get("/healthz"))["status"] == "ok"
    assert conforms("readyz", root.get("/readyz"))["checks"] == {"store": "ok", "rules": "ok"}
    text = root.get("/metrics").text
    assert re.search(r'^desk_requests_total\{method="GET",route="/healthz",status="200"\} \d+$', text, re.M)
    hidden = root.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    assert hidden.status_code == 404, "a proxy that is not listed stands between: it is not this machine that asks"
    document = root.get("/api/v1/openapi.json").json()
    served = {(method.upper(), path) for path, row in document["paths"].items() for method in row}
    assert served == {(operation.method, operation.path) for operation in table()}
    nothing = root.get("/api/v1/nothing")
    assert nothing.status_code == 404
    exact(schema.Problem, nothing.json())
    root.close()


def test_head_is_get_without_a_body(site: Site, amy: httpx.Client) -> None:
    number = site.open_ticket()["number"]
    got, head = amy.get(f"/tickets/{number}"), amy.head(f"/tickets/{number}")
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", got.headers["ETag"])


def test_preflight_is_for_listed_sites_and_what_the_widget_needs(site: Site) -> None:
    with site.client(Origin="https://shop.example") as page:
        allowed = page.options("/files")
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "X-Visitor" in allowed.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Origin" not in page.options("/tickets").headers
    with site.client(Origin="https://evil.example") as page:
        assert "Access-Control-Allow-Origin" not in page.options("/files").headers


def test_pages_and_their_policies(site: Site) -> None:
    from web.folder import STATIC

    if not (STATIC / "console.html").exists():
        pytest.skip("the front end is not built here")
    root = httpx.Client(base_url=site.url)
    for path in ("/", "/login", "/inbox", "/tickets", "/tickets/1", "/rules", "/account/sessions"):
        page = root.get(path)
        assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
        policy = page.headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
        for source in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
            part = root.get(source)
            assert part.status_code == 200, source
            if source.startswith("/assets/"):
                assert "immutable" in part.headers["Cache-Control"]
    for path in ("/answers", "/quick-replies"):
        assert root.get(path).status_code == 200, "a feature's page"
    for path in ("/monitor", "/nothing/here"):
        lost = root.get(path, headers={"Accept": "text/html"})
        assert (lost.status_code, lost.headers["Content-Type"]) == (404, "text/html; charset=utf-8"), "not announced"
        assert root.get(path).headers["Content-Type"] == "application/problem+json"
    chat = root.get("/chat", params={"shop": "demo"})
    assert "frame-ancestors 'self' http://127.0.0.1:9 https://shop.example" in chat.headers["Content-Security-Policy"]
    script = root.get("/widget.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert len(gzip.compress(script.content)) < 30_000
    assert script.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in root.get("/widget.js", headers={"Accept-Encoding": "identity"}).headers
    assert root.get("/widget.js", headers={"If-None-Match": script.headers["ETag"]}).status_code == 304
    assert root.get("/demo").status_code == 404
    for path in ("/assets/..%2f..%2fapp.py", "/assets/../../app.py", "/.git/config", "/static/console.html"):
        assert root.get(path).status_code == 404
    root.close()
