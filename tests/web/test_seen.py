"""Who may see what, at the doors beside the tickets themselves: sockets, the log, the past, and who asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.support import PASSWORD, RULES, Site, copy_rules, running

WORK_ORDER = """
kind: work_order
internal: true
initial: todo
states:
  todo: {sla: running, category: open}
  done: {sla: stopped, category: closed}
transitions:
  - {trigger: finish, from: todo, to: done, roles: [lead]}
"""
CALL = """
kind: call
for: [calls]
initial: rings
states:
  rings: {sla: running, category: open}
  over: {sla: stopped, category: closed}
transitions:
  - {trigger: finish, from: rings, to: over, roles: [lead]}
"""
FIELDS = """
  ticket.idcard: {type: text, optional: true, personal: true}
  ticket.urgency: {type: text, optional: true}
  ticket.reason: {type: text, optional: true, members: true}
"""
ROLES = """
auditor: {permissions: [audit.view, ticket.view]}
ruler: {permissions: [rules.edit, rules.view]}
tester: {permissions: [rules.edit, rules.view, ticket.view, member.view]}
chief: {permissions: [rules.edit, rules.view, ticket.view, ticket.change, ticket.create, ticket.reply, member.view, member.edit, member.personal, shops.all, audit.view]}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two shops: `amy` serves demo, `olga` other, `lin` every shop; `lead` and `chief` may see what is personal, too."""
    folder = tmp_path_factory.mktemp("seen")
    rules = folder / "rules-to-see"
    copy_rules(rules, RULES)
    (rules / "lifecycles/work_order.yaml").write_text(WORK_ORDER, "utf-8")
    (rules / "lifecycles/call.yaml").write_text(CALL, "utf-8")
    for name, more in (("desk.yaml", FIELDS), ("roles.yaml", ROLES)):
        path = rules / name
        path.write_text(path.read_text("utf-8").rstrip() + more, "utf-8")
    with running(folder, rules=rules, limits__guest_rate=1000, limits__socket_rate=1000) as site:
        for name, roles, shops in (
            ("lead", ["lead"], []),
            ("amy", ["agent"], ["demo"]),
            ("olga", ["agent"], ["other"]),
            ("lin", ["agent"], ["*"]),
            ("vera", ["viewer"], ["demo"]),
            ("eva", ["auditor"], ["other"]),
            ("rudi", ["ruler"], ["demo"]),
            ("tess", ["tester"], ["demo"]),
            ("theo", ["tester"], ["other"]),
            ("chief", ["chief"], []),
        ):
            site.add_agent(name, roles, shops)
        for name, shop in (("ming", "demo"), ("hua", "demo"), ("oscar", "other")):
            site.add_member(name, shop)
        yield site


def member_of(site: Site, name: str) -> int:
    with site.client(name) as client:
        return int(client.get("/auth/me").json()["user"]["id"])


# --- sockets --------------------------------------------------------------------------------------------------------


def test_a_member_hears_nothing_of_the_work_between_colleagues(desk: Site) -> None:
    """Neither live nor of what was missed, whatever happens to such a case; of the own case all that is for members."""
    ming = member_of(desk, "ming")
    with desk.chat(token=desk.token("ming")) as own:
        since = own.welcome["seq"]
        inside = desk.open_ticket(kind="work_order", subject="查倉庫", requester={"id": ming})["number"]
        with desk.client("lead") as lead:
            one = f"/tickets/{inside}"
            assert lead.post(f"{one}/messages", json={"text": "好", "visibility": "internal"}).is_success
            assert lead.patch(one, json={"priority": "high", "tags": ["vip"]}).is_success
            assert lead.post(f"{one}/transitions", json={"trigger": "finish"}).is_success
            open_one = desk.open_ticket(subject="退貨", requester={"id": ming})["number"]
            assert lead.post(f"/tickets/{open_one}/messages", json={"text": "您好"}).is_success
        live = own.until_quiet()
    with desk.chat(token=desk.token("ming"), since=since) as again:
        missed = again.until_quiet()
    for frames in (live, missed):
        about = {frame.get("number", frame.get("message", {}).get("ticket")) for frame in frames}
        assert inside not in about, frames
        assert open_one in about, frames


def test_presence_reaches_every_colleague_who_is_shown_the_agent(desk: Site) -> None:
    with desk.agent("amy") as amy, desk.agent("olga") as olga, desk.client("lin") as lin, desk.client("amy") as mine:
        assert lin.post("/me/status", json={"status": "busy"}).is_success
        for socket in (amy, olga):
            socket.get("presence", agent={"username": "lin", "status": "busy"})
        assert mine.post("/me/status", json={"status": "busy"}).is_success
        amy.get("presence", agent={"username": "amy", "status": "busy"})
        assert not [frame for frame in olga.until_quiet() if frame["type"] == "presence"], "she is not shown amy"


# --- the log --------------------------------------------------------------------------------------------------------


def log(site: Site, who: str, **params: Any) -> list[dict[str, Any]]:
    with site.client(who) as client:
        answer = client.get("/audit", params={"limit": 200, **params})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


def test_the_log_of_a_shop_is_of_its_agents_and_members_only(desk: Site) -> None:
    with desk.client(**{"User-Agent": "guesser/2"}) as nobody:
        for name in ("amy", "olga", "ming", "oscar", "nobody-at-all"):
            for word in ("wrong", PASSWORD):
                nobody.post("/auth/login", json={"username": name, "password": word})
    hers, chiefs = log(desk, "eva"), log(desk, "chief")
    opened = {one["actor"]["name"] for one in hers if one["kind"] == "session.opened"}
    assert {"Olga", "Eva"} <= opened and not opened & {"Amy", "Lead", "Chief"}, opened
    members = [one for one in hers if one["kind"] == "session.opened" and one["actor"]["kind"] == "member"]
    assert {one["shop"] for one in members} == {"other"}
    assert {(one["address"], one["device"]) for one in members} == {("•••", "•••")}, "she may not see what is personal"
    tried = [one for one in hers if one["device"] == "guesser/2" and one["kind"] == "session.refused"]
    assert sorted(str(one["account"]) for one in tried) == ["None", "olga"], "a member's account is personal"
    assert all(one["address"] == "127.0.0.1" for one in tried)
    every = [one for one in chiefs if one["device"] == "guesser/2" and one["kind"] == "session.refused"]
    names = {str(one["account"]) for one in every}
    assert names == {"amy", "olga", "ming", "oscar", "None"}
    assert not [one for one in hers if one["kind"].startswith("rulebook.")], "the whole desk's"
    assert [one for one in chiefs if one["kind"].startswith("rulebook.")]
    plain = [one for one in chiefs if one["kind"] == "session.opened" and one["actor"]["kind"] == "member"]
    assert {one["address"] for one in plain} == {"127.0.0.1"}


def test_presence_of_who_serves_every_shop_stands_in_each_log(desk: Site) -> None:
    with desk.client("lin") as lin, desk.client("amy") as amy:
        for client in (lin, amy):
            for status in ("away", "online"):
                assert client.post("/me/status", json={"status": status}).is_success
    names = {one["actor"]["username"] for one in log(desk, "eva", kind="agent.status_changed")}
    assert "lin" in names and "amy" not in names


def test_the_log_says_what_was_done_to_whom(desk: Site) -> None:
    hua = member_of(desk, "hua")
    with desk.client("chief") as chief:
        assert chief.patch(f"/members/{hua}", json={"tier": "gold"}).is_success
    changed = log(desk, "chief", kind="member.changed")
    assert changed and changed[0]["member"] == hua, changed


# --- what a member may say of a case -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"fields": {"urgency": "急迫"}}, "/fields.urgency"),
        ({"fields": {"idcard": "A123456789"}}, "/fields.idcard"),
        ({"priority": "high"}, "/priority"),
        ({"tags": ["vip"]}, "/tags"),
    ],
)
def test_a_member_fills_in_only_what_is_his_to_say(desk: Site, body: dict[str, Any], pointer: str) -> None:
    with desk.client("ming") as ming, desk.client("lead") as lead:
        refused = ming.post("/tickets", json={"subject": "a", "text": "b", **body})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (403, pointer), refused.text
        assert lead.post(
            "/tickets", json={"subject": "a", "text": "b", "shop": "demo", "requester": {"name": "小明"}, **body}
        ).is_success
        own = ming.post("/tickets", json={"subject": "a", "text": "b", "type": "退換貨", "fields": {"reason": "壞了"}})
        assert own.status_code == 201 and own.json()["fields"] == {"reason": "壞了"}
        names = {one["name"] for one in lead.get("/nouns").json()["fields"] if one["members"]}
        assert names == {"ticket.reason"}


@pytest.mark.parametrize("kind", ["call", "work_order", "nothing"])
def test_a_member_opens_no_case_of_a_kind_that_is_not_for_members(desk: Site, kind: str) -> None:
    with desk.client("ming") as ming:
        refused = ming.post("/tickets", json={"subject": "a", "text": "b", "kind": kind})
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown-kind")
        assert ming.post("/tickets", json={"subject": "a", "text": "b", "kind": "inquiry"}).status_code == 201
