"""The things of the sweep of rights, and every door of the desk with what is sent there; see `test_rights_table.py`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from engine.store import jobs as job_rows
from engine.store import people
from engine.store.people import link_identity
from tests.web.support import Site
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
    **dict.fromkeys(
        (
            "number",
            "message",
            "member",
            "session",
            "answer",
            "reply",
            "view",
            "job",
            "batch",
            "tickettemplate",
            "notice",
            "line",
            "task",
        ),
        999_999,
    ),
    "file": "0" * 32,
    "digest": "0" * 64,
    "username": "no-such-agent",
    "type": "no-such-type",
    "shop": "no-such-shop",
}
"""What is not there at all."""


LATER: Final = (datetime.now(UTC) + timedelta(days=1)).isoformat()

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
        ok(carla.post(f"/tickets/{number}/messages", json={"text": "只給同事看 @agent", "visibility": "internal"}))
        ok(carla.put(f"/tickets/{number}/followers/carla"))
        ok(carla.post(f"/tickets/{number}/tasks", json={"title": "查件"}))
        planned = ok(carla.post(f"/tickets/{number}/messages", json={"text": "改天", "send_at": LATER}))
        ok(carla.post("/tickets", json={"subject": "信", "text": "x", "shop": "demo", "requester": {"id": member}}))
        answer = ok(carla.post("/answers", json={"titles": {"en": "a"}, "texts": {"en": "b"}, "shop": "demo"}))["id"]
        type = f"type-{whose}"
        ok(carla.put(f"/answers/types/{type}", json={"label": {"en": type}}))
        reply = ok(carla.post("/quick-replies", json={"title": f"t-{whose}", "text": "x"}))["id"]
        template = ok(carla.post("/ticket-templates", json={"title": f"t-{whose}", "shop": "demo"}))["id"]
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
        "batch": job,
        "tickettemplate": template,
        "username": "carla",
        "digest": digest,
        "notice": 1,
        "line": planned["id"],
        "task": 1,
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
    "post_message (later)": {"text": "好", "send_at": LATER},
    "change_scheduled": {"text": "改"},
    "keep_draft": {"visibility": "public", "text": "還沒好"},
    "transfer_ticket": {"team": "front", "note": "請接手"},
    "move_ticket": {"trigger": "resume"},
    "nudge_ticket": {"note": ""},
    "add_task": {"title": "查件"},
    "change_task": {"position": 1},
    "add_record": {"kind": "handling", "text": "查件"},
    "add_ticket_template": {"title": "a", "shop": "$shop"},
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
LAST: Final = (
    "unsend_message",
    "rollback_rules",
    "move_ticket",
    "rate_ticket",
    "ask_rating",
    "unblock_member",
    "end_session",
)
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
