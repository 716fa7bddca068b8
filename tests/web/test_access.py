"""Every route of the table, asked by everybody who has no business there: nothing of another's ticket comes out."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.web.support import Site
from web.routes import Operation, table

SECRET = "只給華看的祕密字串"
SUBJECT = "華的私事"

AT = {"base": "0" * 64, "files": {}, "path": "a.rules", "line": 1, "column": 1}
BODIES: dict[str, Any] = {
    "login": {"username": "hua", "password": "guess"},
    "open_ticket": {"subject": "a", "text": "b"},
    "change_ticket": {"subject": "改掉"},
    "post_message": {"text": "插話", "visibility": "public"},
    "move_ticket": {"trigger": "end"},
    "change_scheduled": {"text": "改掉"},
    "keep_draft": {"visibility": "public", "text": "插話"},
    "transfer_ticket": {"agent": "amy", "note": "插手"},
    "merge_ticket": {"into": 1, "confirm": True},
    "split_ticket": {"messages": [1], "subject": "拆走"},
    "link_tickets": {"to": 1, "kind": "related"},
    "rate_ticket": {"score": 1},
    "mark_read": {"seq": 1},
    "create_member": {"name": "假會員", "shop": "demo"},
    "change_member": {"name": "改名"},
    "block_member": {"why": "x"},
    "set_status": {"status": "online"},
    "validate": {"files": {}},
    "reload_rules": {"note": ""},
    "publish_rules": {"base": "0" * 64, "files": {"a.rules": ""}},
    "simulate_rules": {"base": "0" * 64, "files": {}},
    "draw_rules": {"base": "0" * 64, "files": {}},
    "dry_run_rules": {"base": "0" * 64, "files": {}, "ticket": 1},
    "dry_run_line": {"base": "0" * 64, "files": {}, "ticket": 1, "text": "x"},
    "rollback_rules": {"base": "0" * 64, "digest": "0" * 64},
    **dict.fromkeys(("complete", "hover", "definition", "references"), AT),
    "rename": {**AT, "name": "x"},
    "remedies": {**AT, "end_line": 1, "end_column": 1},
    **{name: {"base": "0" * 64, "files": {}, "path": "a.rules"} for name in ("format_rules", "symbols")},
}
QUERIES: dict[str, list[dict[str, str]]] = {
    "search": [{"q": SECRET}, {"q": SECRET[:2]}],
    "list_tickets": [
        {},
        {"q": SUBJECT},
        {"view": "all", "count": "true"},
        {"filter": f'ticket.subject contains "{SUBJECT}"', "count": "true"},
        {"filter": 'member.name = "Hua"', "count": "true"},
    ],
    "list_members": [{}, {"q": "hua"}],
    "try_line": [{"text": "退貨", "shop": "demo"}],
    "hot_answers": [{"shop": "demo"}, {"text": SECRET[:2]}, {"text": SUBJECT, "language": "zh-TW"}],
}


def test_the_sweep_has_a_body_for_every_operation_that_takes_one() -> None:
    without = [o.name for o in table() if o.body is not None and o.example is None and o.name not in BODIES]
    assert not without, f"give these an `example` in their @route: {', '.join(without)}"


STRANGERS = ("ming", "oscar", "olga", "nina", "guest", "made-up", "wrong-shop", "signed-off", "nobody")


@pytest.fixture(scope="module")
def hers(site: Site) -> dict[str, Any]:
    """Hua's chat with a file, an internal note, an answer; and what names it."""
    with site.chat(token=site.token("hua")) as chat, site.client("hua") as hua:
        file = hua.post(
            "/files", params={"name": "私.txt"}, content=SECRET.encode(), headers={"Content-Type": "text/plain"}
        )
        line = chat.line(SECRET, attachments=[file.json()["id"]])
        session = next(item["id"] for item in hua.get("/auth/sessions").json()["items"] if item["current"])
    number = line["message"]["ticket"]
    with site.client("amy") as amy:
        assert amy.patch(f"/tickets/{number}", json={"subject": SUBJECT}).status_code == 200
        amy.post(f"/tickets/{number}/messages", json={"text": f"備註 {SECRET}", "visibility": "internal"})
        member = amy.get(f"/tickets/{number}").json()["requester"]["id"]
    with site.client("lead") as lead:
        answer = lead.post("/answers", json={"titles": {"en": "a"}, "texts": {"en": "b"}, "shop": "demo"}).json()["id"]
    return {
        "answer": answer,
        "number": number,
        "message": line["message"]["id"],
        "member": member,
        "session": session,
        "file": file.json()["id"],
        "shop": "demo",
        "digest": site.desk.rulebook.digest if site.desk.rulebook else "",
    }


def _as(site: Site, who: str) -> httpx.Client:
    if who in ("ming", "oscar", "olga", "nina", "amy", "lead"):
        return site.client(who)
    if who == "guest":
        with site.chat() as tab:
            tab.line("我是別的訪客")
            return site.client(**{"X-Visitor": tab.welcome["visitor"], "X-Shop": "demo"})
    if who == "made-up":
        return site.client(**{"X-Visitor": "made-up.proof", "X-Shop": "demo"})
    if who == "wrong-shop":
        with site.chat("other") as tab:
            return site.client(**{"X-Visitor": tab.welcome["visitor"], "X-Shop": "demo"})
    if who == "signed-off":
        token = site.sign_in("ben")["token"]
        with site.client(Authorization=f"Bearer {token}") as ben:
            ben.post("/auth/logout")
        return site.client(Authorization=f"Bearer {token}")
    return site.client()


def _ask(client: httpx.Client, operation: Operation, hers: dict[str, Any]) -> list[httpx.Response]:
    path = re.sub(r"\{(\w+)\}", lambda match: str(hers.get(match[1], 1)), operation.path)
    client.base_url = httpx.URL(str(client.base_url).split("/api/v1")[0])
    answers = []
    for query in QUERIES.get(operation.name, [{}]):
        more: dict[str, Any] = {}
        if operation.upload:
            more = {"content": b"x", "headers": {"Content-Type": "text/plain"}}
        elif operation.name in BODIES or operation.example is not None:
            more = {"json": BODIES.get(operation.name, operation.example)}
        answers.append(client.request(operation.method, path, params=query, **more))
    return answers


OPEN = {"healthz", "readyz", "metrics", "document", "login", "widget_look"}


@pytest.mark.parametrize("who", STRANGERS)
def test_nothing_of_hers_for_strangers(site: Site, hers: dict[str, Any], who: str) -> None:
    with _as(site, who) as client:
        for operation in table():
            if operation.name in ("logout",):
                continue
            for answer in _ask(client, operation, hers):
                place = f"{who} {operation.name} {answer.status_code} {answer.text[:300]}"
                assert answer.status_code < 500, place
                assert SECRET not in answer.text and SUBJECT not in answer.text and SECRET[:4] not in answer.text, place
                if operation.name in OPEN:
                    continue
                if who in ("made-up", "wrong-shop", "signed-off", "nobody"):
                    assert answer.status_code == 401, place
                elif (operation.name, who) == ("rules_version", "olga"):
                    assert answer.status_code == 200, (
                        place
                    )  # she may see rules; what they are for is no secret of Hua's
                elif operation.run.__module__.startswith("web.features."):
                    continue  # nothing of a ticket; `tests/house/test_features.py` asks who may do what there
                elif "{" in operation.path and operation.name != "login":
                    assert answer.status_code in (404, 403, 422), place
                    if who in ("ming", "oscar", "guest", "olga"):
                        # Told like what is not there at all, so that nobody learns by counting.
                        nothing = {
                            **hers,
                            "number": 999_999,
                            "message": 999_999,
                            "member": 999_999,
                            "session": 999_999,
                            "answer": 999_999,
                            "file": "0" * 32,
                            "digest": "0" * 64,
                        }
                        other = _ask(client, operation, nothing)[0]
                        assert (other.status_code, other.json()["code"]) == (
                            answer.status_code,
                            answer.json()["code"],
                        ), place
                elif operation.name == "list_tickets" and "count" in answer.text and answer.status_code == 200:
                    theirs = {item["requester"]["id"] for item in answer.json()["items"]}
                    assert hers["member"] not in theirs, place


def test_the_sweep_would_find_something(site: Site, hers: dict[str, Any]) -> None:
    """Hua herself and her agent get what the sweep looks for: else it would prove nothing."""
    found = {"hua": set(), "amy": set()}
    for who, names in found.items():
        with site.client(who) as client:
            for operation in table():
                if operation.method == "GET":
                    for answer in _ask(client, operation, hers):
                        if SECRET in answer.text or SUBJECT in answer.text:
                            names.add(operation.name)
    assert {"get_ticket", "list_messages", "list_tickets", "download"} <= found["hua"]
    assert {"get_ticket", "list_messages", "list_tickets", "download", "search", "get_member"} <= found["amy"]


def test_a_member_sees_no_inside_of_own_ticket(site: Site, hers: dict[str, Any]) -> None:
    with site.client("hua") as hua:
        for operation in table():
            if operation.method == "GET" and operation.name not in OPEN:
                for answer in _ask(hua, operation, hers):
                    assert "備註" not in answer.text, operation.name
                    assert '"username":"amy"' not in answer.text, operation.name
        one = f"/api/v1/tickets/{hers['number']}"
        assert hua.get(f"{one}/trace").status_code in (403, 404)
        note = hua.post(f"{one}/messages", json={"text": "我寫的", "visibility": "internal"})
        assert note.status_code in (403, 422) or note.json()["visibility"] == "public"
        for change in ({"priority": "high"}, {"assignee": "amy"}, {"team": "front"}, {"tags": ["vip"]}):
            assert hua.patch(one, json=change).status_code == 403, change
        assert hua.post(f"{one}/rating-request").status_code == 403
        assert hua.post("/api/v1/me/status", json={"status": "online"}).status_code == 403


def test_an_agent_without_rights_does_nothing(site: Site, hers: dict[str, Any]) -> None:
    with site.client("nina") as nina:
        for operation in table():
            if operation.name in OPEN | {
                "hot_answers",
                "click_answer",
                "me",
                "list_sessions",
                "logout",
                "end_session",
                "nouns",
                "upload",
                "set_status",
                "list_jobs",  # own ones
                "cancel_job",
                "list_notices",  # own ones
                "read_notices",
            }:
                continue
            for answer in _ask(nina, operation, hers):
                assert answer.status_code in (403, 404), (operation.name, answer.status_code, answer.text[:200])
