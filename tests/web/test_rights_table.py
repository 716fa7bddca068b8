"""Everybody at every door: what a shipped role, a member, a guest get of the same things, held against a table that is
read by eye, `rights.txt`. A new door fails until it has a line there.

The things are those of one member of the shop `demo` (`owner`) and of one colleague there (`carla`); each person of a
column meets a new set of them, because doors change what they open.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from engine.core.rights import EVERYBODY, READERS
from engine.desk.handlers import COMMANDS
from engine.desk.queries import QUESTIONS
from engine.features import FEATURES
from tests.house.test_imports import ROOT
from tests.web.rights_doors import (
    AGENTS,
    GONE,
    HEAD,
    MAY_SEE_PERSONAL,
    OWN_SESSION,
    PEOPLE,
    TABLE,
    Things,
    doors,
    expected,
    filled,
    in_order,
    line_of,
    made,
    ok,
)
from tests.web.support import RULES, Site, Socket, copy_rules, running
from web.routes import table


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A desk with the roles that are shipped."""
    folder = tmp_path_factory.mktemp("rights")
    rules = folder / "rules-with-shipped-roles"
    copy_rules(rules, RULES)
    (rules / "roles.yaml").write_bytes((ROOT / "rules/roles.yaml").read_bytes())
    for path in (rules / "lifecycles").glob("*.yaml"):
        path.write_text(path.read_text("utf-8").replace("[agent, lead", "[agent, supervisor, admin"), "utf-8")
    chat = rules / "lifecycles/chat.yaml"
    chat.write_text(chat.read_text("utf-8").replace("[agent, member]", "[agent, supervisor, admin, member]"), "utf-8")
    desk = rules / "desk.yaml"
    desk.write_text(desk.read_text("utf-8") + "  ticket.home: {type: text, optional: true, personal: true}\n", "utf-8")
    with running(folder, rules=rules, limits__guest_rate=1000, limits__socket_rate=1000) as site:
        site.add_agent("carla", ["admin"], ["demo"])
        for name, (roles, shop) in AGENTS.items():
            site.add_agent(name, list(roles), [shop])
        for name, shop in (("member", "demo"), ("stranger", "other")):
            site.add_member(name, shop)
        yield site


# --- the sweep ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def swept(shipped: Site) -> dict[str, Things]:
    """What everybody got, and the things it was about."""
    found: dict[str, Things] = {}
    for at, who in enumerate(PEOPLE):
        things = found[who] = made(shipped, who, at)
        with person(shipped, who, things) as client:
            for door in in_order():
                ids = {**things.ids, "digest": shipped.desk.rulebook.digest if shipped.desk.rulebook else ""}
                answers = things.answers.setdefault(door.name, [])
                if door.named and door.operation.method != "PUT":
                    away = door.named - ({"shop"} if len(door.named) > 1 else set())
                    answers.append(door.ask(client, {**ids, **{name: GONE[name] for name in away}}))
                answers.append(door.ask(client, ids))
                if door.operation.name == "mark_read":
                    talk(shipped, who, things, client)
            if who in AGENTS:  # the queue gives nothing of the next one's to who was asked before
                client.post("/me/status", json={"status": "offline"})
    return found


SENT: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = {
    "/ws/agent": (
        {"type": "status", "status": "online"},
        {"type": "typing", "ticket": "$number"},
        {"type": "message", "id": "1", "ticket": "$number", "text": "好"},
        {"type": "message", "id": "2", "ticket": "$number", "text": "好", "visibility": "anonymous"},
        {"type": "message", "id": "3", "ticket": "$number", "text": "好", "visibility": "internal"},
        {"type": "read", "ticket": "$number", "seq": 1},
        {"type": "rate", "score": 5},
        {"type": "end", "ticket": "$number"},
    ),
    "/ws/chat": (
        {"type": "typing"},
        {"type": "message", "id": "4", "text": "好"},
        {"type": "read", "seq": 1},
        {"type": "status", "status": "online"},
        {"type": "end"},
        {"type": "rate", "score": 5},
    ),
}
"""What everybody sends by each socket; by `/ws/chat` only about the own chat, there is no other to name."""


def said(path: str, frame: Mapping[str, Any]) -> str:
    visibility = f" ({frame['visibility']})" if "visibility" in frame else ""
    return f"{path} {frame['type']}{visibility}"


def talk(site: Site, who: str, things: Things, client: httpx.Client) -> None:
    """Says everything by both sockets."""
    headers = dict(client.headers)
    token = headers.get("authorization", "").removeprefix("Bearer ") or None
    hello = {"token": token} if token else {"visitor": headers["x-visitor"]} if "x-visitor" in headers else {}
    for path, frames in SENT.items():
        with Socket(site.url, path) as socket:
            socket.send({"type": "hello", **hello, **({"shop": "demo"} if path == "/ws/chat" else {})})
            refused = outcome(socket, things, "welcome")
            for frame in frames:
                if refused == "200":
                    socket.send(filled(frame, things.ids))
                    socket.send({"type": "ping"})
                    things.frames[said(path, frame)] = outcome(socket, things, "pong")
                else:
                    things.frames[said(path, frame)] = refused


STATUS: Final[Mapping[str, str]] = {
    "ok": "200",
    "sign-in-needed": "401",
    "not-found": "404",
    "nothing-to-rate": "409",
    **dict.fromkeys(("agents-only", "members-only", "wrong-shop", "permission-needed"), "403"),
}
"""What the API would answer in place of these codes of the sockets."""


def outcome(socket: Socket, things: Things, until: str) -> str:
    """200, or what the error stands for that came before a frame of this type or the end."""
    code = "ok"
    with contextlib.suppress(ConnectionClosed):
        while (frame := socket.receive())["type"] != until:
            things.received.append(json.dumps(frame, ensure_ascii=False))
            if frame["type"] == "error":
                code = frame["code"]
    return STATUS[code]


def person(site: Site, who: str, things: Things) -> httpx.Client:
    if who == "guest":
        with site.chat() as tab:
            tab.line("我是訪客")
            return site.client(**{"X-Visitor": tab.welcome["visitor"], "X-Shop": "demo"})
    if who == "nobody":
        return site.client()
    return site.client(things.ids["owner"] if who == "owner" else who)


def test_everybody_gets_what_the_table_says(swept: dict[str, Things]) -> None:
    told = expected()
    got = {
        door.name: {who: str(swept[who].answers[door.name][-1].status_code) for who in PEOPLE}
        for door in doors()
        if door.operation.name != OWN_SESSION
    }
    got |= {line: {who: swept[who].frames[line] for who in PEOPLE} for line in swept["nobody"].frames}
    wrong = [line_of(name, cells) for name, cells in got.items() if told.get(name) != cells]
    assert not wrong, "\n".join([f"these lines are not so in {TABLE.name}; is each right?", HEAD, *wrong])
    assert list(told) == list(got), f"{TABLE.name} has lines for doors that are not there, or in another order"


SEES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(
        ("agent", "supervisor", "admin"), frozenset({"number", "message", "line", "member", "file", "shop", "answer"})
    ),
    "owner": frozenset({"number", "message", "member", "file", "shop", "session"}),
    **dict.fromkeys(("member", "guest"), frozenset({"shop"})),
}
"""What somebody sees anyway, and so may be told of: that it is there is no secret."""


def test_what_is_not_yours_is_answered_like_what_is_not_there(swept: dict[str, Things]) -> None:
    """The same status, the same words; only what a client sent itself may differ."""
    told = []
    for who, things in swept.items():
        for door in in_order():
            *gone, there = things.answers[door.name]
            if not gone or door.named <= SEES.get(who, frozenset()) | OPEN:
                continue
            first, second = plain(gone[0], things.ids), plain(there, things.ids)
            if there.status_code >= 300 and first != second:
                told.append((who, door.name, first, second))
            elif there.status_code < 300 and door.name not in NOTHING_TO_TELL:
                assert gone[0].status_code in (403, 404, 422), (who, door.name, gone[0].text)
    assert not told, "\n".join(map(str, told))


NOTHING_TO_TELL: Final = {
    "login", "list_members (of a shop)", "list_members (by phone)", "read_notices (of a colleague)",
}  # fmt: skip
"""These answer 200 with nothing in it."""
OPEN: Final = frozenset({"digest", "username", "type", "task"})
"""Everybody who may ask at all sees these."""


def plain(answer: httpx.Response, ids: Mapping[str, Any]) -> tuple[int, Any]:
    if answer.headers.get("content-type") != "application/problem+json":
        return answer.status_code, None
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    text = json.dumps(body, ensure_ascii=False)
    for name, value in (*ids.items(), *GONE.items()):
        text = re.sub(rf"`{re.escape(str(value))}`", f"<{name}>", text)
    return answer.status_code, text


def test_personal_values_are_in_no_answer_to_who_may_not_see_them(swept: dict[str, Things]) -> None:
    values = {value for things in swept.values() for value in things.personal}
    found, seen = [], set()
    for who, things in swept.items():
        for name, answers in things.answers.items():
            held = {value for answer in answers for value in values if value in answer.text}
            if who in MAY_SEE_PERSONAL:
                seen |= {(name, value) for value in held & set(things.personal)}
            elif held:
                found.append((who, name, held))
        heard = {value for frame in things.received for value in values if value in frame}
        assert who in MAY_SEE_PERSONAL or not heard, (who, "a socket", heard)
    assert not found, found
    assert {"get_member", "get_ticket"} <= {name for name, _ in seen}, "else it would prove nothing"


INSIDE: Final = {
    noun: {
        field.removeprefix(f"{noun}.")
        for reader, names in READERS.items()
        if reader != EVERYBODY
        for field in names
        if field.startswith(f"{noun}.")
    }
    for noun in ("ticket", "message", "member")
}
"""Fields of a noun that not everybody reads."""
INTERNAL: Final = re.compile("只給同事看|follow|mention")
"""What a note says, and words of who follows a case or is mentioned in it."""
NOUN_OF: Final[Mapping[str, str]] = {"number": "ticket", "direction": "message", "identities": "member"}
"""A value only objects of this noun have in an answer."""


def objects(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, list):
        for one in value:
            yield from objects(one)
    if isinstance(value, Mapping):
        for key, noun in NOUN_OF.items():
            if key in value:
                yield noun, value
        for one in value.values():
            yield from objects(one)


@pytest.mark.parametrize("who", ["owner", "guest", "member"])
def test_a_member_is_shown_only_what_members_read(swept: dict[str, Things], who: str) -> None:
    nouns, wrong = set(), []
    for name, answers in swept[who].answers.items():
        for answer in answers:
            if answer.headers.get("content-type", "").startswith("application/json") and name != "document":
                assert not INTERNAL.search(answer.text), (name, answer.text)
                for noun, values in objects(answer.json()):
                    nouns.add(noun)
                    inside = {
                        key: values[key]
                        for key in INSIDE[noun] & values.keys()
                        if values[key] not in (None, [], False, 0)
                    }
                    if inside:
                        wrong.append((name, noun, inside))
    assert not any(INTERNAL.search(frame) or '"username"' in frame for frame in swept[who].received)
    assert not wrong, wrong
    assert who == "guest" or nouns >= {"ticket", "member"}, "else it would prove nothing"


# --- what nobody may say of himself ---------------------------------------------------------------------------------

FORBIDDEN: Final = (
    *("id", "number", "role", "roles", "permissions", "is_agent", "agent_id", "member_id", "owner", "owner_id"),
    *("shop_id", "created_at", "updated_at", "at", "author_id", "from", "by", "sla", "state", "category"),
    *("guest", "verified", "blocked", "blocked_until", "seq", "hash", "uses", "clicks", "password", "session"),
)
"""Values that only the desk gives."""


MAY_BE_GIVEN: Final = {
    ("RequesterBody", "id"),
    ("LoginBody", "password"),
    ("ReadBody", "seq"),
    ("RecordBody", "at"),
    ("TaskPatch", "state"),
}
"""A member that is looked for as by any other id; one's own password; how far one has read."""


def structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """A struct and those within it."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for one in msgspec.structs.fields(kind):
            yield from structs(one.type)
    for one in get_args(kind):
        yield from structs(one)


def test_no_body_has_a_place_for_what_only_the_desk_gives() -> None:
    taken = {one for operation in table() for kind in (operation.body, operation.query) for one in structs(kind)}
    assert len(taken) > 30
    loose = [one.__name__ for one in taken if not one.__struct_config__.forbid_unknown_fields]
    assert not loose, f"these pass over what they do not know: {loose}"
    given = {(one.__name__, name) for one in taken for name in one.__struct_fields__ if name in FORBIDDEN}
    assert given == MAY_BE_GIVEN


def test_a_value_nobody_asked_for_is_refused_with_its_place(shipped: Site) -> None:
    """Also in the custom fields, where every name can be sent."""
    wrong = []
    with shipped.client("admin") as admin:
        for door in doors():
            if door.body is None:
                continue
            ids = {**GONE, "owner": "x", "phone": "1", "shop": "demo"}
            answer = door.ask(admin, ids, is_agent=True)
            pointers = [one["pointer"] for one in answer.json().get("errors", ())]
            if answer.status_code != 422 or pointers != ["/is_agent"]:
                wrong.append((door.name, answer.status_code, answer.text[:200]))
        things = made(shipped, "fields", 20)
        number, member = things.ids["number"], things.ids["member"]
        for path in (f"/tickets/{number}", f"/members/{member}"):
            answer = admin.patch(path, json={"fields": {"created_at": 1}})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/fields/created_at"), (
                answer.text
            )
    assert not wrong, wrong


# --- every row is behind a door -------------------------------------------------------------------------------------

BEHIND_SOCKETS: Final = {
    "MemberLine", "OpenChat", "EndChat", "BringChat", "OpenChatOf", "QueuePlace", "CheckFilter", "TicketNumbers",
}  # fmt: skip
BEHIND_EVERY_REQUEST: Final = {"SignOn", "KeepReply", "ReplyGiven"}


def test_every_command_and_question_is_behind_a_door_of_the_table() -> None:
    """What an operation names in its code, or the rows of the sockets send."""
    named = {name for operation in table() for name in operation.run.__code__.co_names}
    rows = {row.command.__name__ for row in (*COMMANDS, *(row for feature in FEATURES for row in feature.commands))}
    rows |= {question.__name__ for one in (QUESTIONS, *(feature.questions for feature in FEATURES)) for question in one}
    assert rows - named == BEHIND_SOCKETS | BEHIND_EVERY_REQUEST


def test_the_log_is_of_the_shops_one_serves_and_holds_nothing_of_a_case(
    swept: dict[str, Things], shipped: Site
) -> None:
    with shipped.client("sysadmin") as sysadmin, shipped.client("admin") as admin:
        ok(admin.patch("/agents/carla", json={"capacity": 7}))
        ok(admin.post("/tickets", json={"subject": "a", "text": "b", "shop": "other", "requester": {"name": "c"}}))
        first = ok(admin.get("/audit", params={"limit": 2}))
        rest = ok(admin.get("/audit", params={"limit": 2, "cursor": first["next"]}))
        seqs = [one["seq"] for one in (*first["items"], *rest["items"])]
        assert len(seqs) == 4 and seqs == sorted(seqs, reverse=True)
        changed = ok(sysadmin.get("/audit", params={"kind": "agent.changed"}))["items"][0]
        assert changed["actor"]["username"] == "admin" and "7" in str(changed["details"]), changed
        by_carla = ok(sysadmin.get("/audit", params={"actor": "carla", "limit": 200}))["items"]
        assert {"ticket.changed", "answer.saved"} <= {one["kind"] for one in by_carla}
        assert not [one for one in by_carla if one["kind"].startswith(("ticket.", "message.")) and one["details"]]
        shops = [{one["shop"] for one in ok(who.get("/audit"))["items"]} for who in (sysadmin, admin)]
        assert "other" in shops[1] and "other" not in shops[0]
        assert admin.get("/audit", params={"cursor": "x"}).status_code == 422


def test_who_keeps_the_desk_up_measures_it_from_elsewhere(shipped: Site) -> None:
    away = {"X-Forwarded-For": "203.0.113.9"}
    for who, status in (("sysadmin", 200), ("admin", 404), ("agent", 404)):
        with shipped.client(who) as client:
            assert client.get(f"{shipped.url}/metrics", headers=away).status_code == status, who
