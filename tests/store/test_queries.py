"""Reads: the API's shapes, pages by key, a fixed number of statements, and nothing for eyes it is not for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.core import rights
from engine.core.access import Scope
from engine.core.changes import Create, Record, Set, Tag
from engine.core.entities import Actor
from engine.core.questions import (
    Events,
    MemberById,
    Members,
    Messages,
    Search,
    Teams,
    TicketByNumber,
    Tickets,
    Views,
)
from engine.features.notifications import store as notifications
from engine.store import BadCursor, Store, Tx, decisions, directory, hits, lines, queries, stream
from engine.store import tables as t
from engine.store.people import link_identity
from engine.store.sessions import open_session, revoke_session
from engine.store.uploads import add_file, find_file
from tests.store.desk import LEXICON, SLA, agent, change, guest, line

STAFF = Scope(shops=("demo",), personal=False)


class Desk:
    """Two shops, two guests in the first, one in the second, an agent who answered, a note and an anonymous line."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.amy = agent(store, "amy", name="Amy Lin", alias="小美")
        self.ben = agent(store, "ben", name="Ben Wu", alias="阿本", shops=["other"], teams=["other_care"])
        self.a, self.b = guest(store, "v1"), guest(store, "v2")
        self.c = guest(store, "v1", "other")
        clock = {"target": "first_reply", "policy": "p", "calendar": "always", "total": 100, "started_at": 1}
        clock |= {"state": "running", "running_since": 1, "due_at": 101}
        more = [Create("clock", -1, clock), Tag("ticket", -1, ("vip", "急件"))]
        fields = {"fields": {"region": "北部", "account": "A123456789"}, "subject": "退款問題", "assignee": "amy"}
        self.file = store.write_sync(lambda tx: self._upload(tx, self.a)).result
        first = {**fields, "team": "care", "order_no": "X-77"}
        store.write_sync(lambda tx: line(tx, self.a, "我要退款", ticket=first, more=more, attachments=(self.file,)))
        store.write_sync(lambda tx: line(tx, self.b, "秘密的話", ticket={"subject": "別人的事", "team": "care"}))
        store.write_sync(lambda tx: line(tx, self.c, "他店的話", ticket={"subject": "他店的事"}))
        actor = Actor(kind="agent", id=self.amy, username="amy", name="Amy Lin", alias="小美")
        self.note = self._agent_says("內部秘密", actor, "message.noted", visibility="internal", shown_as="小美")
        self.reply = self._agent_says("您好", actor, "message.sent", shown_as="小美")
        self.anonymous = self._agent_says("匿名的話", actor, "message.sent", visibility="anonymous", shown_as="")

    @staticmethod
    def _upload(tx: Tx, member: int) -> str:
        row = add_file(tx, digest="d" * 64, shown="圖.png", media_type="image/png", size=3, uploader=f"member:{member}")
        return row["id"]

    def _agent_says(self, text: str, actor: Actor, kind: str, **values: Any) -> int:
        plain = {"author_kind": "agent", "author_id": self.amy, "direction": "outbound"}
        record = Record(kind, {"message": -2, "by": "amy"}, ticket=1, member=self.a)
        now = self.store.write_sync(lambda tx: tx.now).result
        from engine.core.changes import Say

        spoken = Say(ref=-2, ticket=1, text=text, at=now, **{**plain, **values})
        return change(self.store, 1, spoken, record, actor=actor).messages[0]

    def ask(self, fn: Callable[[Tx], Any]) -> Any:
        """Reads."""
        return self.store.read_sync(fn)


@pytest.fixture
def desk(store: Store) -> Desk:
    """A small desk with something to hide."""
    return Desk(store)


def test_a_ticket_has_the_shape_of_the_api(desk: Desk) -> None:
    shown = desk.ask(lambda tx: queries.ticket(tx, STAFF, TicketByNumber(1), actor_id=desk.amy, now=51))
    assert shown.pop("created_at") <= shown.pop("updated_at")
    assert shown.pop("last_line").pop("at") > 0
    assert (shown.pop("rating_comment"), shown.pop("rated_at"), shown.pop("merged_into")) == (None, None, None)
    assert shown == {
        "number": 1,
        "kind": "chat",
        "shop": "demo",
        "subject": "退款問題",
        "type": "其他",
        "state": "對話中",
        "category": "open",
        "priority": "normal",
        "team": "care",
        "assignee": "amy",
        "requester": {"id": desk.a, "name": None, "tier": "guest", "guest": True},
        "channel": "chat",
        "opened_by": "member",
        "tags": ["vip", "急件"],
        "order_no": "X-77",
        "product": None,
        "solution": None,
        "language": "zh-TW",
        "first_replied_at": None,
        "closed_at": None,
        "sla": [SLA],
        "fields": {"region": "北部", "account": "•••"},
        "rating": None,
        "version": 1,
        "unread": 1,
        "nudges": 0,
        "nudged_at": None,
        "tasks": {"open": 0, "all": 0},
        "records": 0,
    }


def test_personal_fields_are_plain_for_those_who_may(desk: Desk) -> None:
    scope = Scope(personal=True)
    shown = desk.ask(lambda tx: queries.ticket(tx, scope, TicketByNumber(1)))
    assert shown["fields"]["account"] == "A123456789"


def test_the_last_line_is_the_last_that_is_no_note_and_unread_counts_the_members_lines(desk: Desk) -> None:
    shown = desk.ask(lambda tx: queries.ticket(tx, STAFF, TicketByNumber(1), actor_id=desk.amy))
    assert (shown["last_line"]["text"], shown["last_line"]["name"]) == ("匿名的話", "Amy Lin")
    seq = desk.ask(stream.last_id)
    assert desk.store.write_sync(lambda tx: stream.mark_read(tx, "agent", desk.amy, 1, seq)).result
    assert not desk.store.write_sync(lambda tx: stream.mark_read(tx, "agent", desk.amy, 1, 1)).result, "never back"
    desk.store.write_sync(lambda tx: line(tx, desk.a, "還在嗎"))
    mine = desk.ask(lambda tx: queries.ticket(tx, STAFF, TicketByNumber(1), actor_id=desk.amy))
    others = desk.ask(lambda tx: queries.ticket(tx, STAFF, TicketByNumber(1), actor_id=desk.ben))
    assert (mine["unread"], others["unread"]) == (1, 2)
    marks = t.Seen.select(t.Seen.owner_kind, t.Seen.event_id).where(t.Seen.ticket_id == 1)
    assert desk.ask(lambda tx: tx.rows(marks)) == [{"owner_kind": "agent", "event_id": seq}]


def test_staff_see_every_line_with_its_writer(desk: Desk) -> None:
    page = desk.ask(lambda tx: lines.messages(tx, STAFF, Messages(1)))
    assert [m["text"] for m in page["items"]] == ["我要退款", "內部秘密", "您好", "匿名的話"]
    assert page["items"][0]["attachments"] == [
        {"id": desk.file, "name": "圖.png", "media_type": "image/png", "size": 3}
    ]
    anonymous = page["items"][3]
    assert anonymous["visibility"] == "anonymous"
    assert anonymous["author"] == {"kind": "agent", "name": "Amy Lin", "username": "amy"}


def test_a_member_sees_no_note_and_not_who_wrote_anonymously(desk: Desk) -> None:
    scope = Scope(shops=("demo",), member_id=desk.a)
    page = desk.ask(lambda tx: lines.messages(tx, scope, Messages(1)))
    assert [(m["text"], m["author"], m["visibility"]) for m in page["items"]] == [
        ("我要退款", {"kind": "member", "name": ""}, "public"),
        ("您好", {"kind": "agent", "name": "小美"}, "public"),
        ("匿名的話", {"kind": "desk", "name": ""}, "public"),
    ]


SECRETS = ("amy", "Amy Lin", "內部秘密", "秘密的話", "別人的事", "他店", "ben", "Ben Wu")


def everything(tx: Tx, scope: Scope, desk: Desk) -> str:
    """All that the reads give under a scope, as one text."""
    found: list[Any] = [
        queries.tickets(tx, scope, Tickets(count=True), actor_id=desk.amy),
        queries.tickets(tx, scope, Tickets(q="X-77")),
        queries.tickets(tx, scope, Tickets(view="all", sort="number")),
        queries.views(tx, scope, Views(), actor_id=desk.amy),
        [queries.ticket(tx, scope, TicketByNumber(n)) for n in (1, 2, 3)],
        [lines.messages(tx, scope, Messages(n)) for n in (1, 2, 3)],
        [queries.events(tx, scope, Events(n)) for n in (1, 2, 3)],
        [[hits.search(tx, scope, Search(q)) for q in ("秘密", "退款", "話", "他店", "事")]],
        directory.members(tx, scope, Members()),
        [directory.member(tx, scope, MemberById(m)) for m in (desk.a, desk.b, desk.c)],
        [directory.show_agent(one) for one in directory.agents(tx, scope, lexicon=LEXICON)],
        directory.teams(tx, scope, Teams()),
        notifications.listed(tx, desk.ben, scope.shops, 50),
        decisions.of_case(tx, scope, 2) is not None,
        find_file(tx, desk.file, scope) is not None,
        [
            one.member if scope.member_id is not None else one.staff
            for one in stream.since(tx, 0, member_id=scope.member_id)
            if scope.shops is None or one.shop in scope.shops
        ],
        [one.member_message for one in stream.since(tx, 0, member_id=scope.member_id) if scope.member_id is not None],
    ]
    return json.dumps(found, ensure_ascii=False)


def test_what_a_member_may_not_see_is_in_nothing_they_get(desk: Desk) -> None:
    scope = Scope(shops=("demo",), member_id=desk.a)
    text = desk.ask(lambda tx: everything(tx, scope, desk))
    assert "我要退款" in text and "匿名的話" in text, "the member's own is there"
    assert [secret for secret in SECRETS if secret in text] == []
    assert "other" not in text and '"care"' not in text


def test_what_another_member_wrote_is_not_there_for_a_guest(desk: Desk) -> None:
    scope = Scope(shops=("demo",), member_id=desk.b)
    text = desk.ask(lambda tx: everything(tx, scope, desk))
    assert "秘密的話" in text
    assert [s for s in ("我要退款", "退款問題", "X-77", desk.file, "內部秘密", "amy", "他店") if s in text] == []


def test_an_agent_of_another_shop_sees_nothing_of_this_one(desk: Desk) -> None:
    text = desk.ask(lambda tx: everything(tx, Scope(shops=("other",)), desk))
    assert "他店的話" in text
    hidden = ("我要退款", "退款問題", "X-77", "秘密", "別人", "amy", "Amy", 'care"', desk.file, "vip")
    assert [s for s in hidden if s in text.replace("other_care", "")] == []


def test_an_agent_of_no_shop_sees_nothing_at_all(desk: Desk) -> None:
    scope = Scope(shops=())
    assert desk.ask(lambda tx: queries.tickets(tx, scope, Tickets(count=True))) == {
        "items": [],
        "next": None,
        "count": 0,
    }
    assert desk.ask(lambda tx: lines.messages(tx, scope, Messages(1))) is None
    assert desk.ask(lambda tx: directory.members(tx, scope, Members()))["items"] == []
    assert desk.ask(lambda tx: hits.search(tx, scope, Search("退款")))["items"] == []


def test_a_member_scope_without_an_id_of_a_member_sees_nothing(desk: Desk) -> None:
    """A guest before the first line has id 0."""
    text = desk.ask(lambda tx: everything(tx, Scope(shops=("demo",), member_id=0), desk))
    assert [s for s in (*SECRETS, "我要退款", "您好", desk.file) if s in text] == []


@pytest.mark.parametrize(
    "sort", ["-updated_at", "updated_at", "number", "-number", "-priority", "due_at", "created_at"]
)
def test_pages_by_key_give_every_ticket_once_in_order(store: Store, sort: str) -> None:
    for n in range(11):
        member = guest(store, f"v{n}")
        values = {"priority": ("low", "normal", "high")[n % 3]}
        store.write_sync(lambda tx, m=member, v=values: line(tx, m, "hi", ticket=v))
    seen: list[int] = []
    place: str | None = None
    while True:
        question = Tickets(sort=sort, limit=4, cursor=place, count=True)
        page = store.read_sync(lambda tx, q=question: queries.tickets(tx, STAFF, q))
        assert page["count"] == 11
        seen += [row["number"] for row in page["items"]]
        place = page["next"]
        if place is None:
            break
    assert len(seen) == 11 and sorted(seen) == list(range(1, 12))
    whole = store.read_sync(lambda tx: queries.tickets(tx, STAFF, Tickets(sort=sort, limit=200)))
    assert [row["number"] for row in whole["items"]] == seen
    if "number" in sort:
        assert seen == sorted(seen, reverse=sort.startswith("-"))


@pytest.mark.parametrize(
    "text", ["", "x", "W10", "bnVsbA", "WyJ4IiwxXQ", "WzEsMiwzXQ", "'; DROP TABLE ticket; --", "é"]
)
def test_a_cursor_that_is_not_ours_is_refused(store: Store, text: str) -> None:
    with pytest.raises(BadCursor):
        store.read_sync(lambda tx: queries.tickets(tx, STAFF, Tickets(cursor=text)))


@pytest.mark.parametrize(
    "sort", ["", "-", "id", "subject", "updated_at; DROP TABLE ticket", "--number", "priority_rank"]
)
def test_only_listed_columns_sort(store: Store, sort: str) -> None:
    with pytest.raises(ValueError, match="sorted"):
        store.read_sync(lambda tx: queries.tickets(tx, STAFF, Tickets(sort=sort)))


def test_views_and_their_counts(desk: Desk) -> None:
    change(desk.store, 2, Set("ticket", 2, {"waiting_since": 5}))
    counts = desk.ask(lambda tx: queries.views(tx, STAFF, Views(), actor_id=desk.amy))["items"]
    assert {v["name"]: v["count"] for v in counts} == {
        "mine": 1,
        "unassigned": 1,
        "waiting": 1,
        "overdue": 1,
        "followed": 0,
        "all": 2,
    }
    for view, numbers in (("mine", [1]), ("unassigned", [2]), ("overdue", [1]), ("waiting", [2])):
        page = desk.ask(lambda tx, v=view: queries.tickets(tx, STAFF, Tickets(view=v), actor_id=desk.amy))
        assert [row["number"] for row in page["items"]] == numbers, view


def test_views_page_in_order_over_what_is_open_and_pending(store: Store) -> None:
    amy = agent(store, "amy")
    for n in range(12):
        member = guest(store, f"v{n}")
        ticket = {"assignee": "amy"} if n % 3 == 0 else {}
        store.write_sync(lambda tx, n=n, who=member, ticket=ticket: line(tx, who, f"{n}", ticket=ticket))
        values = {"category": ("open", "pending", "closed")[n % 4 % 3], "waiting_since": 5 if n % 2 else None}
        values |= {"priority_rank": n % 2, "due_at": 100 + n % 5, "updated_at": 1_000 - n // 2}
        store.write_sync(lambda tx, n=n, values=values: tx.update(t.Ticket, values, id=n + 1))
    rows = store.read_sync(lambda tx: tx.rows(t.Ticket.select()))
    assert len(rows) == 12
    opened = [row for row in rows if row["category"] in ("open", "pending")]
    wanted = {
        "mine": [row for row in opened if row["assignee_id"] == amy],
        "unassigned": [row for row in opened if row["assignee_id"] is None],
        "waiting": [row for row in opened if row["waiting_since"] is not None],
        "overdue": [row for row in opened if row["due_at"] <= 101],
        "all": rows,
    }
    columns = {"priority": "priority_rank"}
    for view, inside in wanted.items():
        for sort in sorted(rights.SORTS):
            column = columns.get(sort, sort)
            for down in (False, True):
                found: list[int] = []
                cursor: str | None = None
                while True:
                    asked = Tickets(view=view, sort=f"{'-' if down else ''}{sort}", limit=2, cursor=cursor, count=True)
                    page = store.read_sync(lambda tx, q=asked: queries.tickets(tx, Scope(), q, actor_id=amy, now=101))
                    found += [row["number"] for row in page["items"]]
                    assert page["count"] == len(inside)
                    if (cursor := page["next"]) is None:
                        break
                ordered = sorted((row[column], row["id"], row["number"]) for row in inside)
                numbers = [number for _, _, number in (reversed(ordered) if down else ordered)]
                assert found == numbers, (view, sort, down)


@pytest.mark.parametrize(
    ("q", "numbers"),
    [
        *[("1", [1]), ("#00002", [2]), ("X-77", [1]), ("小明", [2]), ("'", []), ("3", [])],
        *[("x-77", [1]), ("Ｘ－７７", [1]), ("２", [2]), ("＃00002", [2]), ("x77", [])],
    ],
)
def test_the_quick_search_takes_number_order_and_name(desk: Desk, q: str, numbers: list[int]) -> None:
    change(desk.store, 2, Set("member", desk.b, {"name": "王小明"}))
    page = desk.ask(lambda tx: queries.tickets(tx, STAFF, Tickets(q=q)))
    assert [row["number"] for row in page["items"]] == numbers


def test_messages_page_both_ways(store: Store) -> None:
    member = guest(store)
    for n in range(7):
        store.write_sync(lambda tx, n=n: line(tx, member, f"line {n}"))
    last = store.read_sync(lambda tx: lines.messages(tx, STAFF, Messages(1, limit=3)))
    assert [m["text"] for m in last["items"]] == ["line 4", "line 5", "line 6"]
    before = store.read_sync(lambda tx: lines.messages(tx, STAFF, Messages(1, before=int(last["next"]), limit=3)))
    assert [m["text"] for m in before["items"]] == ["line 1", "line 2", "line 3"]
    ids = [m["id"] for m in before["items"]]
    after = store.read_sync(lambda tx: lines.messages(tx, STAFF, Messages(1, after=ids[-1], limit=2)))
    assert [m["text"] for m in after["items"]] == ["line 4", "line 5"] and after["next"] is not None
    rest = store.read_sync(lambda tx: lines.messages(tx, STAFF, Messages(1, after=int(after["next"]), limit=2)))
    assert [m["text"] for m in rest["items"]] == ["line 6"] and rest["next"] is None


def test_every_read_takes_as_many_statements_for_many_rows_as_for_few(desk: Desk) -> None:
    questions: dict[str, Callable[[Tx], Any]] = {
        "tickets": lambda tx: queries.tickets(tx, STAFF, Tickets(count=True, limit=200), actor_id=desk.amy),
        "ticket": lambda tx: queries.ticket(tx, STAFF, TicketByNumber(1)),
        "views": lambda tx: queries.views(tx, STAFF, Views(), actor_id=desk.amy),
        "messages": lambda tx: lines.messages(tx, STAFF, Messages(1, limit=200)),
        "events": lambda tx: queries.events(tx, STAFF, Events(1)),
        "members": lambda tx: directory.members(tx, STAFF, Members(limit=200)),
        "member": lambda tx: directory.member(tx, STAFF, MemberById(desk.a)),
        "agents": lambda tx: directory.agents(tx, STAFF),
        "teams": lambda tx: directory.teams(tx, STAFF, Teams()),
        "notices": lambda tx: notifications.listed(tx, desk.amy, STAFF.shops, 50),
        "search": lambda tx: hits.search(tx, STAFF, Search("退款")),
        "since": lambda tx: stream.since(tx, 0),
        "roster": lambda tx: directory.agents_of(tx, LEXICON, shop="demo"),
    }

    def statements(fn: Callable[[Tx], Any]) -> int:
        def counted(tx: Tx) -> int:
            fn(tx)
            return tx.statements

        # In a write: a roster locks its agents, which a read-only transaction may not.
        return desk.store.write_sync(counted).result

    few = {name: statements(fn) for name, fn in questions.items()}
    for n in range(30):
        agent(desk.store, f"agent{n}", teams=["care", f"t{n}"], skills=["a", "b"])
        member = guest(desk.store, f"many{n}")
        more = [Tag("ticket", -1, ("x", "y")), Tag("member", member, ("z",))]
        values = {"assignee": f"agent{n}", "team": f"t{n}", "subject": "退款"}
        desk.store.write_sync(lambda tx, m=member, o=more, v=values: line(tx, m, "退款", ticket=v, more=o))
        desk.store.write_sync(lambda tx: line(tx, desk.a, "退款"))
        notice = Create("notification", -5, {"agent": "amy", "text": "x", "ticket": 1})
        change(desk.store, 1, notice)
    many = {name: statements(fn) for name, fn in questions.items()}
    assert many == few
    assert max(few.values()) <= 7


def test_history_says_who_did_what_and_members_get_their_part(desk: Desk) -> None:
    staff = desk.ask(lambda tx: queries.events(tx, STAFF, Events(1)))["items"]
    assert [e["kind"] for e in staff] == [
        "ticket.created",
        "message.received",
        "message.noted",
        "message.sent",
        "message.sent",
    ]
    assert staff[3]["actor"] == {"kind": "agent", "name": "Amy Lin", "username": "amy"}
    own = desk.ask(lambda tx: queries.events(tx, Scope(member_id=desk.a), Events(1)))["items"]
    assert [e["kind"] for e in own] == ["ticket.created", "message.received", "message.sent", "message.sent"]
    assert own[2]["actor"] == {"kind": "agent", "name": "小美"} and own[3]["actor"] == {"kind": "desk", "name": ""}
    assert own[2]["body"] == {"message": desk.reply}
    rest = desk.ask(lambda tx: queries.events(tx, STAFF, Events(1, since=staff[3]["seq"])))["items"]
    assert [e["seq"] for e in rest] == [staff[4]["seq"]]


def test_the_stream_gives_everything_after_an_id_in_order(desk: Desk) -> None:
    all_of_it = desk.ask(lambda tx: stream.since(tx, 0))
    assert [one.id for one in all_of_it] == list(range(1, len(all_of_it) + 1))
    some = desk.ask(lambda tx: stream.since(tx, 3, limit=2))
    assert [one.id for one in some] == [4, 5]
    sent = [one for one in all_of_it if one.message is not None]
    assert [one.message["text"] for one in sent if one.number == 1] == ["我要退款", "內部秘密", "您好", "匿名的話"]
    noted = next(one for one in all_of_it if one.kind == "message.noted")
    assert noted.member is None and noted.member_message is None and noted.assignee == "amy" and noted.team == "care"
    first = sent[0]
    assert first.member_id == desk.a and first.shop == "demo" and first.message["attachments"][0]["id"] == desk.file
    mine = desk.ask(lambda tx: stream.since(tx, 0, member_id=desk.b))
    assert {one.number for one in mine} == {2}


def test_members_are_found_by_contacts_where_these_are_seen_and_shown_masked_elsewhere(desk: Desk) -> None:
    def contacts(tx: Tx) -> None:
        link_identity(tx, desk.a, "demo", "phone", "0912-345-678", verified=True)
        link_identity(tx, desk.a, "demo", "email", "ming@example.org", verified=False)
        link_identity(tx, desk.a, "demo", "account", "m-1981", verified=True)

    desk.store.write_sync(contacts)
    seeing = Scope(shops=("demo",), personal=True)
    for q in ("0912345678", "+886912345678", "5678", "MING@example.org", "m-1981"):
        page = desk.ask(lambda tx, q=q: directory.members(tx, seeing, Members(q=q)))
        assert [m["id"] for m in page["items"]] == [desk.a], q
        assert desk.ask(lambda tx, q=q: directory.members(tx, STAFF, Members(q=q)))["items"] == [], q
    assert desk.ask(lambda tx: directory.member(tx, STAFF, MemberById(desk.a)))["identities"] == [
        {"kind": "phone", "value": "***678", "verified": True},
        {"kind": "email", "value": "m***@example.org", "verified": False},
        {"kind": "account", "value": "m***", "verified": True},
    ]
    assert desk.ask(lambda tx: directory.members(tx, seeing, Members(q="5679")))["items"] == []
    elsewhere = Scope(shops=("other",), personal=True)
    assert desk.ask(lambda tx: directory.members(tx, elsewhere, Members(q="5678")))["items"] == []
    plain = desk.ask(lambda tx: directory.member(tx, Scope(personal=True), MemberById(desk.a)))
    assert plain["identities"][0]["value"] == "0912-345-678"
    assert [ticket["number"] for ticket in plain["tickets"]] == [1] and plain["open_tickets"] == 1


def test_members_page_by_key(desk: Desk) -> None:
    first = desk.ask(lambda tx: directory.members(tx, Scope(), Members(limit=2)))
    rest = desk.ask(lambda tx: directory.members(tx, Scope(), Members(limit=2, cursor=first["next"])))
    assert [m["id"] for m in (*first["items"], *rest["items"])] == [desk.c, desk.b, desk.a]
    assert rest["next"] is None


def test_agents_teams_notices_and_sessions(desk: Desk) -> None:
    shown = [directory.show_agent(one) for one in desk.ask(lambda tx: directory.agents(tx, STAFF, lexicon=LEXICON))]
    assert [(a["username"], a["load"], a["teams"]) for a in shown] == [("amy", 1, ["care"])]
    assert desk.ask(lambda tx: directory.teams(tx, STAFF, Teams()))["items"] == [
        {"name": "care", "agents": ["amy"], "open": 2, "waiting": 1}
    ]
    change(desk.store, 1, Create("notification", -5, {"agent": "amy", "text": "看", "ticket": 1, "rule": "r"}))
    change(desk.store, 3, Create("notification", -5, {"agent": "amy", "text": "他店", "ticket": 3, "rule": "r"}))
    (notice,) = desk.ask(lambda tx: notifications.listed(tx, desk.amy, STAFF.shops, 50))
    assert (notice["number"], notice["text"], notice["read_at"]) == (1, "看", None)
    assert desk.store.write_sync(lambda tx: notifications.read(tx, desk.amy, [notice["id"]])).result == 1
    (notice,) = desk.ask(lambda tx: notifications.listed(tx, desk.amy, STAFF.shops, 50))
    assert notice["read_at"] is not None
    assert desk.store.write_sync(lambda tx: notifications.read(tx, desk.amy, None)).result == 1, "of another shop"
    _, session = desk.store.write_sync(lambda tx: open_session(tx, "agent", desk.amy, "api", device="x")).result
    desk.store.write_sync(lambda tx: open_session(tx, "member", desk.amy, "api"))
    (own,) = desk.ask(lambda tx: directory.sessions(tx, "agent", desk.amy, current=session))["items"]
    assert own["id"] == session and own["current"] and own["device"] == "x"
    assert not desk.store.write_sync(lambda tx: revoke_session(tx, session, "member", desk.amy)).result
    assert desk.store.write_sync(lambda tx: revoke_session(tx, session, "agent", desk.amy)).result
    assert desk.ask(lambda tx: directory.sessions(tx, "agent", desk.amy))["items"] == []


def test_a_file_is_for_whoever_may_read_its_line(desk: Desk) -> None:
    def may(scope: Scope, uploader: str | None = None) -> bool:
        return desk.ask(lambda tx: find_file(tx, desk.file, scope, uploader)) is not None

    assert may(STAFF) and may(Scope(shops=("demo",), member_id=desk.a))
    assert not may(Scope(shops=("demo",), member_id=desk.b)) and not may(Scope(shops=("other",)))
    fresh = desk.store.write_sync(lambda tx: desk._upload(tx, desk.b)).result

    def may_fresh(scope: Scope, uploader: str | None) -> bool:
        return desk.ask(lambda tx: find_file(tx, fresh, scope, uploader)) is not None

    assert may_fresh(Scope(member_id=desk.b), f"member:{desk.b}")
    assert not may_fresh(STAFF, f"agent:{desk.amy}") and not may_fresh(Scope(member_id=desk.a), f"member:{desk.a}")
