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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from engine.core.rights import EVERYBODY, READERS
from engine.desk.handlers import COMMANDS
from engine.desk.queries import QUESTIONS
from engine.features import FEATURES
from engine.store import jobs as job_rows
from engine.store import people
from engine.store.people import link_identity
from tests.house.test_imports import ROOT
from tests.web.support import RULES, Site, Socket, copy_rules, running
from web.routes import Operation, table

TABLE: Final = Path(__file__).with_name("rights.txt")
AGENTS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "agent": (("agent",), "demo"),
    "supervisor": (("supervisor",), "demo"),
    "admin": (("admin",), "demo"),
    "sysadmin": (("sysadmin",), "demo"),
    "elsewhere": (("supervisor",), "other"),
    "roleless": ((), "demo"),
}
"""A column each: the shipped roles, who leads another shop, and who has no right at all."""
OTHERS: Final = ("owner", "member", "stranger", "guest", "nobody")
"""Whose things they are; another member of the shop; a member of another shop; a visitor; who has not signed in."""
PEOPLE: Final = (*AGENTS, *OTHERS)
MAY_SEE_PERSONAL: Final = frozenset({"supervisor", "admin", "owner"})
"""`owner`: the values are the owner's own."""
GONE: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("number", "message", "member", "session", "answer", "reply", "view", "job", "notice"), 999_999),
    "file": "0" * 32,
    "digest": "0" * 64,
    "username": "no-such-agent",
    "type": "no-such-type",
    "shop": "no-such-shop",
}
"""What is not there at all."""


# --- the things -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Things:
    """What one person of the table meets."""

    ids: dict[str, Any]
    personal: tuple[str, ...]
    """The values of the owner that only some may see."""
    answers: dict[str, list[httpx.Response]] = field(default_factory=dict)
    """By door: to the things that are not there at all, where the door names some; and to these."""
    frames: dict[str, str] = field(default_factory=dict)
    """By line of the table, as `answers`."""
    received: list[str] = field(default_factory=list)
    """Every frame that came by a socket."""


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


def made(site: Site, whose: str, at: int) -> Things:
    """A new set of things."""
    owner = f"owner-{whose}"
    member = site.add_member(owner, "demo")
    phone, email, birthday, home = (
        f"09123450{at:02}",
        f"hers-{at:02}@mail.example",
        f"1981-03-{at + 1:02}",
        f"住址{at:02}巷",
    )

    def identities(tx: Any) -> None:
        link_identity(tx, member, "demo", "phone", phone, verified=True)
        link_identity(tx, member, "demo", "email", email, verified=True)

    site.run(lambda: site.desk.context.store.write(identities))
    with site.client(owner) as hers, site.client("carla") as carla:
        file = ok(hers.post("/files", params={"name": "a.txt"}, content=b"a", headers={"Content-Type": "text/plain"}))
        with site.chat(token=site.token(owner)) as chat:
            line = chat.line("我要退貨", attachments=[file["id"]])["message"]
        number = line["ticket"]
        session = next(one["id"] for one in ok(hers.get("/auth/sessions"))["items"])
        ok(carla.patch(f"/members/{member}", json={"fields": {"birthday": birthday}}))
        ok(carla.patch(f"/tickets/{number}", json={"fields": {"home": home}, "tags": ["vip"]}))
        ok(carla.post(f"/tickets/{number}/messages", json={"text": "只給同事看", "visibility": "internal"}))
        ok(carla.post("/tickets", json={"subject": "信", "text": "x", "shop": "demo", "requester": {"id": member}}))
        answer = ok(carla.post("/answers", json={"titles": {"en": "a"}, "texts": {"en": "b"}, "shop": "demo"}))["id"]
        type = f"type-{whose}"
        ok(carla.put(f"/answers/types/{type}", json={"label": {"en": type}}))
        reply = ok(carla.post("/quick-replies", json={"title": f"t-{whose}", "text": "x"}))["id"]
        view = ok(carla.post("/views", json={"name": f"v-{whose}"}))["id"]

    def rest(tx: Any) -> int:
        carla = people.agent_id(tx, "carla")
        assert carla is not None
        return job_rows.add(tx, "nothing-does-it", {}, owner_kind="agent", owner_id=carla)

    job = site.run(lambda: site.desk.context.store.write(rest)).result
    digest = site.desk.rulebook.digest if site.desk.rulebook else ""
    ids = {
        "number": number,
        "message": line["id"],
        "member": member,
        "session": session,
        "file": file["id"],
        "answer": answer,
        "type": type,
        "reply": reply,
        "view": view,
        "job": job,
        "username": "carla",
        "digest": digest,
        "notice": 1,
        "owner": owner,
        "shop": "demo",
    }
    ids["phone"] = phone
    personal = (phone, email, birthday, home)
    return Things(ids, personal)


def ok(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code < 300, (answer.request.url.path, answer.text)
    return dict(answer.json())


# --- the doors ------------------------------------------------------------------------------------------------------

EDIT: Final = {"base": "$digest", "files": {}}
AT: Final = {**EDIT, "path": "desk.rules", "line": 1, "column": 1}
BODIES: Final[Mapping[str, Any]] = {
    "login": {"username": "$owner", "password": "guess"},
    "open_ticket": {"subject": "a", "text": "b", "shop": "$shop"},
    "open_ticket (for a guest)": {"subject": "a", "text": "b", "shop": "$shop", "requester": {"name": "c"}},
    "open_ticket (for a member)": {"subject": "a", "text": "b", "shop": "$shop", "requester": {"id": "$member"}},
    "open_ticket (with a file)": {"subject": "a", "text": "b", "shop": "$shop", "attachments": ["$file"]},
    "change_ticket": {"order_no": "A1"},
    "change_ticket (team)": {"team": "front"},
    "post_message": {"text": "好"},
    "post_message (anonymous)": {"text": "好", "visibility": "anonymous"},
    "post_message (note)": {"text": "好", "visibility": "internal"},
    "post_message (with a file)": {"text": "好", "attachments": ["$file"]},
    "move_ticket": {"trigger": "resume"},
    "rate_ticket": {"score": 1},
    "mark_read": {"seq": 1},
    "create_member": {"name": "新會員", "shop": "$shop"},
    "change_member": {"name": "改名"},
    "block_member": {"why": "x", "seconds": 1},
    "set_status": {"status": "online"},
    "change_agent": {"capacity": 5},
    "validate": EDIT,
    "reload_rules": {"note": ""},
    "publish_rules": EDIT,
    "simulate_rules": EDIT,
    "draw_rules": EDIT,
    "dry_run_rules": {**EDIT, "ticket": "$number"},
    "dry_run_line": {**EDIT, "ticket": "$number", "text": "x"},
    "rollback_rules": {"base": "$digest", "digest": "$digest"},
    **dict.fromkeys(("complete", "hover", "definition", "references"), AT),
    "rename": {**AT, "name": "x"},
    "remedies": {**AT, "end_line": 1, "end_column": 1},
    **{name: {**EDIT, "path": "desk.rules"} for name in ("format_rules", "symbols")},
    "add_answer": {"titles": {"en": "a"}, "texts": {"en": "b"}, "shop": "$shop"},
    "save_answer_type": {"label": {"en": "$type"}},
    "delete_answers": {"ids": ["$answer"]},
    "read_notices (of a colleague)": {"ids": ["$notice"]},
    "add_quick_reply (shared)": {"title": "$owner", "text": "x", "scope": "shop", "shop": "$shop"},
    "add_view (shared)": {"name": "$owner", "shared": True, "shop": "$shop"},
}
"""What is sent in a body, with the things as `$name`. An operation has a line a body, one at least."""
QUERIES: Final[Mapping[str, Mapping[str, str]]] = {
    "search": {"q": "退貨"},
    "try_line": {"text": "退貨", "shop": "$shop"},
    "list_members (of a shop)": {"shop": "$shop"},
    "list_members (by phone)": {"q": "$phone"},
    "hot_answers": {"shop": "$shop"},
}
LAST: Final = ("rollback_rules", "move_ticket", "rate_ticket", "ask_rating", "unblock_member", "end_session")
"""What changes more than one answer of the others; with what takes things away, these come at the end."""
OWN_SESSION: Final = "logout"
"""Not asked by the sessions of the sweep: its own tests have it."""


@dataclass(frozen=True, slots=True)
class Door:
    """An operation with one of its bodies."""

    name: str
    operation: Operation

    @property
    def path(self) -> str:
        return self.operation.path

    def ask(self, client: httpx.Client, ids: Mapping[str, Any], **more: Any) -> httpx.Response:
        path = re.sub(r"\{(\w+)\}", lambda found: str(ids[found[1]]), self.path)
        sent: dict[str, Any] = {"params": filled(QUERIES.get(self.name, {}), ids)}
        if self.operation.upload:
            sent.update(content=b"x", headers={"Content-Type": "text/plain"})
        elif self.body is not None:
            sent["json"] = {**filled(self.body, ids), **more}
        return client.request(self.operation.method, client.base_url.join(path), **sent)

    @property
    def body(self) -> Any:
        return BODIES.get(self.name, self.operation.example)

    @property
    def named(self) -> set[str]:
        """The things that path, query and body name."""
        named = set(re.findall(r"\{(\w+)\}", self.path))
        sent = [*leaves(self.body), *leaves(QUERIES.get(self.name, {}))]
        return named | {one[1:] for one in sent if isinstance(one, str) and one.startswith("$")} & GONE.keys() - {
            "digest"
        }


def leaves(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [leaf for one in value.values() for leaf in leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one)]
    return [value]


def filled(value: Any, ids: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {name: filled(one, ids) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, ids) for one in value]
    return ids[value[1:]] if isinstance(value, str) and value.startswith("$") else value


def doors() -> list[Door]:
    found = []
    for operation in table():
        more = [name for name in (*QUERIES, *BODIES) if name.startswith(f"{operation.name} (")]
        found += [Door(name, operation) for name in (operation.name, *more)]
    return found


def in_order() -> list[Door]:
    """Those that show first, those that take away last, deeper ones before what they stand in."""
    order = {"GET": 0, "PUT": 2, "PATCH": 2, "POST": 1, "DELETE": 4}
    asked = [door for door in doors() if door.operation.name != OWN_SESSION]
    last = {name: place for place, name in enumerate(LAST, start=10)}
    return sorted(asked, key=lambda door: last.get(door.operation.name, order[door.operation.method]))


def expected() -> dict[str, dict[str, str]]:
    """The table: name of the line to person to answer."""
    rows: dict[str, dict[str, str]] = {}
    people: list[str] = []
    for line in TABLE.read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, *cells = re.split(r"\s{2,}", line.strip())
        if not people:
            people = cells
            assert tuple(people) == PEOPLE
            continue
        assert name not in rows and len(cells) == len(people), line
        rows[name] = dict(zip(people, cells, strict=True))
    return rows


def line_of(name: str, cells: Mapping[str, str]) -> str:
    return f"{name:<31}" + "".join(f"  {cells[who]:<{max(len(who), 6)}}" for who in PEOPLE).rstrip()


HEAD: Final = line_of("who", dict(zip(PEOPLE, PEOPLE, strict=True)))

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
        ("agent", "supervisor", "admin"), frozenset({"number", "message", "member", "file", "shop", "answer"})
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
            if not gone or door.named <= SEES.get(who, frozenset()) or door.named <= OPEN:
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
OPEN: Final = frozenset({"digest", "username", "type"})
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
                assert "只給同事看" not in answer.text
                for noun, values in objects(answer.json()):
                    nouns.add(noun)
                    inside = {
                        key: values[key]
                        for key in INSIDE[noun] & values.keys()
                        if values[key] not in (None, [], False, 0)
                    }
                    if inside:
                        wrong.append((name, noun, inside))
    assert not any("只給同事看" in frame or '"username"' in frame for frame in swept[who].received)
    assert not wrong, wrong
    assert who == "guest" or nouns >= {"ticket", "member"}, "else it would prove nothing"


# --- what nobody may say of himself ---------------------------------------------------------------------------------

FORBIDDEN: Final = (
    *("id", "number", "role", "roles", "permissions", "is_agent", "agent_id", "member_id", "owner", "owner_id"),
    *("shop_id", "created_at", "updated_at", "at", "author_id", "from", "by", "sla", "state", "category"),
    *("guest", "verified", "blocked", "blocked_until", "seq", "hash", "uses", "clicks", "password", "session"),
)
"""Values that only the desk gives."""


MAY_BE_GIVEN: Final = {("RequesterBody", "id"), ("LoginBody", "password"), ("ReadBody", "seq")}
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

BEHIND_SOCKETS: Final = {"MemberLine", "OpenChat", "EndChat", "BringChat", "OpenChatOf", "QueuePlace", "CheckFilter"}
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
