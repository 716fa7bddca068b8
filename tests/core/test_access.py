"""Who may see and do what: shops, roles, members' own cases; nothing tells whether a hidden case exists."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core import access
from engine.core.access import PERMISSIONS, Role
from engine.core.commands import (
    AskRating,
    ChangeMember,
    ChangeTicket,
    EndChat,
    MarkRead,
    MemberLine,
    MoveTicket,
    OpenTicket,
    PostMessage,
    RateTicket,
)
from engine.core.entities import SYSTEM, Actor
from engine.core.errors import Refused
from tests.core.desk import Stage, book_of

ALL = frozenset(PERMISSIONS)


def agent(*permissions: str, shops: tuple[str, ...] = ("demo",), roles: tuple[str, ...] = ("agent",)) -> Actor:
    """An agent with just these rights."""
    return Actor(kind="agent", id=1, username="amy", permissions=frozenset(permissions), shops=shops, roles=roles)


def member(number: int, shop: str = "demo", kind: Any = "member") -> Actor:
    """A member or guest."""
    return Actor(kind=kind, id=number, shops=(shop,))


@pytest.fixture
def stage() -> Stage:
    """A chat of member 1 in the shop demo."""
    stage = Stage(book_of())
    stage.agent()
    stage.says(kind="chat", channel="chat")
    return stage


@pytest.mark.parametrize(
    ("actor", "sees"),
    [
        (SYSTEM, True),
        (agent("ticket.view"), True),
        (agent(), False),
        (agent("ticket.view", shops=("other",)), False),
        (agent("ticket.view", shops=()), False),
        (agent("ticket.view", "shops.all", shops=()), True),
        (agent("shops.all"), False),
        (member(1), True),
        (member(1, kind="guest"), True),
        (member(99), False),
        (member(1, shop="other"), False),
        (member(0, kind="guest"), False),
    ],
)
def test_who_sees_a_ticket(stage: Stage, actor: Actor, sees: bool) -> None:
    assert access.sees_ticket(actor, stage.ticket) is sees
    if not sees:
        for ticket in (stage.ticket, None):
            with pytest.raises(Refused) as refused:
                access.check_ticket(actor, ticket, "ticket.reply")
            lacks = actor.kind == "agent" and "ticket.view" not in actor.permissions
            wanted = ("forbidden", "permission-needed") if lacks else ("missing", "not-found")
            assert (refused.value.kind, refused.value.code) == wanted


@pytest.mark.parametrize(
    ("actor", "scope"),
    [
        (SYSTEM, (None, None, True)),
        (agent("ticket.view"), (("demo",), None, False)),
        (agent("ticket.view", "member.personal"), (("demo",), None, True)),
        (agent("ticket.view", "shops.all"), (None, None, False)),
        (member(7), (("demo",), 7, False)),
        (member(0, kind="guest"), (("demo",), 0, False)),
    ],
)
def test_what_lists_are_laid_under(actor: Actor, scope: tuple[Any, ...]) -> None:
    found = access.scope(actor)
    assert (found.shops, found.member_id, found.personal) == scope
    assert found.staff is actor.staff


def test_an_agent_without_the_right_to_see_sees_no_ticket_in_any_list() -> None:
    assert access.scope(agent("shops.all")).tickets is False
    assert access.scope(agent("ticket.view")).tickets is True


@pytest.mark.parametrize(
    ("actor", "shop", "code"),
    [
        (agent(), "demo", None),
        (agent(), "other", "not-found"),
        (agent(), "", "permission-needed"),
        (agent("shops.all", shops=()), "other", None),
        (agent("shops.all", shops=()), "", None),
        (SYSTEM, "", None),
        (SYSTEM, "demo", None),
    ],
)
def test_what_every_shop_uses_is_kept_by_who_sees_every_shop(actor: Actor, shop: str, code: str | None) -> None:
    if code is None:
        access.require_for_shop(actor, shop)
        return
    with pytest.raises(Refused) as refused:
        access.require_for_shop(actor, shop)
    assert refused.value.code == code


def test_roles_add_up_and_unknown_ones_give_nothing() -> None:
    roles = {"a": Role("a", frozenset({"x"})), "b": Role("b", frozenset({"y"}))}
    assert access.permissions_of(roles, ("a", "b", "gone")) == {"x", "y"}
    assert access.permissions_of(roles, ()) == frozenset()


COMMANDS: list[tuple[str, Any, set[str]]] = [
    ("reply", PostMessage(1, "x"), {"ticket.reply"}),
    ("anonymous", PostMessage(1, "x", "anonymous"), {"ticket.anonymous"}),
    ("note", PostMessage(1, "x", "internal"), {"ticket.note"}),
    ("priority", ChangeTicket(1, {"priority": "high"}), {"ticket.change"}),
    ("tags", ChangeTicket(1, {"tags": ["vip"]}), {"ticket.change"}),
    ("field", ChangeTicket(1, {"fields.amount": 5}), {"ticket.change"}),
    ("team", ChangeTicket(1, {"team": "care"}), {"ticket.assign"}),
    ("assignee", ChangeTicket(1, {"assignee": "amy"}), {"ticket.assign"}),
    ("both", ChangeTicket(1, {"team": "care", "subject": "x"}), {"ticket.assign", "ticket.change"}),
    ("move", MoveTicket(1, "end"), {"ticket.move"}),
    ("move and set", MoveTicket(1, "end", {"priority": "high"}), {"ticket.move", "ticket.change"}),
    ("move and give", MoveTicket(1, "end", {"assignee": "amy"}), {"ticket.move", "ticket.assign"}),
    ("move and field", MoveTicket(1, "end", {"fields.amount": 5}), {"ticket.move", "ticket.change"}),
    ("ask rating", AskRating(1), {"ticket.reply"}),
    ("read", MarkRead(1, 5), set()),
    ("end", EndChat(1), {"ticket.move"}),
]


@pytest.mark.parametrize(("command", "needed"), [c[1:] for c in COMMANDS], ids=[c[0] for c in COMMANDS])
def test_each_command_needs_its_rights_and_no_more(stage: Stage, command: Any, needed: set[str]) -> None:
    for missing in sorted(needed):
        before = (stage.ticket, len(stage.world.events))
        with pytest.raises(Refused) as refused:
            stage.does(command, agent("ticket.view", *(ALL - {missing, "ticket.view", "shops.all"})))
        assert refused.value.code == "permission-needed" and missing in refused.value.message
        assert (stage.ticket, len(stage.world.events)) == before
    stage.does(command, agent("ticket.view", *needed))


@pytest.mark.parametrize("command", [c[1] for c in COMMANDS], ids=[c[0] for c in COMMANDS])
@pytest.mark.parametrize("actor", [member(99), agent(*(ALL - {"shops.all"}), shops=("other",))])
def test_what_is_not_there_for_one_is_not_there(stage: Stage, command: Any, actor: Actor) -> None:
    before = (stage.ticket, len(stage.world.events))
    with pytest.raises(Refused) as refused:
        stage.does(command, actor)
    assert refused.value.kind == "missing"
    assert (stage.ticket, len(stage.world.events)) == before


@pytest.mark.parametrize(
    "command",
    [
        PostMessage(1, "x", "internal"),
        PostMessage(1, "x", "anonymous"),
        ChangeTicket(1, {"subject": "x"}),
        MoveTicket(1, "agent_replied"),
        MoveTicket(1, "end", {"priority": "urgent"}),
        MoveTicket(1, "end", {"tags": ["vip"]}),
        AskRating(1),
    ],
)
def test_what_members_cannot_do_to_their_own_case(stage: Stage, command: Any) -> None:
    before = stage.ticket
    with pytest.raises(Refused) as refused:
        stage.does(command, stage.customer)
    assert refused.value.kind in ("forbidden", "invalid", "conflict")
    assert stage.ticket == before


@pytest.mark.parametrize(
    "values",
    [
        {"priority": "urgent"},
        {"team": "care"},
        {"assignee": "amy"},
        {"solution": "x"},
        {"tags": ["vip"]},
        {"state": "已結案"},
        {"shop": "other"},
        {"fields": {"amount": 5}},
    ],
)
def test_what_members_cannot_say_of_a_new_case(values: dict[str, Any]) -> None:
    stage = Stage(book_of())
    stage.agent()
    for command in (
        MemberLine("demo", "x", kind="inquiry", channel="form", values=values),
        OpenTicket("x", "x", values=values),
    ):
        with pytest.raises(Refused):
            stage.world.run(command, stage.customer, member_id=stage.member.id, shop="demo")
    assert stage.world.tickets == {}


def test_members_do_not_tag_for_rules_go_by_tags() -> None:
    stage = Stage(book_of())
    command = OpenTicket("退貨", "壞了", tags=("vip",))
    with pytest.raises(Refused) as refused:
        stage.world.run(command, stage.customer, member_id=stage.member.id, shop="demo")
    assert (refused.value.kind, refused.value.pointer) == ("forbidden", "/tags")
    amy = agent("ticket.create")
    stage.world.run(command, amy, member_id=stage.member.id, shop="demo")
    assert stage.ticket.tags == ("vip",)


def test_a_required_field_goes_with_the_move() -> None:
    stage = Stage(book_of())
    stage.says()
    mover = stage.agent("mo", roles=("mover",))
    with pytest.raises(Refused) as refused:
        stage.does(MoveTicket(1, "close", {"solution": "x", "priority": "low"}), mover)
    assert refused.value.code == "permission-needed"
    stage.does(MoveTicket(1, "close", {"solution": "已退款"}), mover)
    assert (stage.ticket.state, stage.ticket.solution) == ("已結案", "已退款")


def test_only_the_member_rates(stage: Stage) -> None:
    amy = stage.agent()
    stage.answers(amy)
    with pytest.raises(Refused):
        stage.does(RateTicket(1, number=1), amy)
    stage.does(RateTicket(5, number=1), stage.customer)
    assert stage.ticket.rating == 5


@pytest.mark.parametrize(
    ("actor", "kind"),
    [
        (agent("member.edit"), None),
        (agent(), "forbidden"),
        (agent("member.edit", shops=("other",)), "missing"),
        (member(1), "missing"),
    ],
)
def test_who_changes_a_member(stage: Stage, actor: Actor, kind: str | None) -> None:
    def change() -> None:
        stage.world.run(ChangeMember(1, {"tier": "gold"}), actor, member_id=1, shop="demo")

    if kind is None:
        change()
        assert stage.world.members[1].tier == "gold"
        return
    with pytest.raises(Refused) as refused:
        change()
    assert refused.value.kind == kind
    assert stage.world.members[1].tier == "basic"


@pytest.mark.parametrize(
    ("values", "code", "pointer"),
    [
        ({"priority": "huge"}, "unknown-priority", "/priority"),
        ({"priority": ["high"]}, "unknown-priority", "/priority"),
        ({"type": None}, "unknown-type", "/type"),
        ({"team": "senior2"}, "unknown-team", "/team"),
        ({"assignee": "zoe"}, "unknown-agent", "/assignee"),
        ({"language": "fr"}, "unknown-language", "/language"),
        ({"subject": " "}, "empty-subject", "/subject"),
        ({"state": "已結案"}, "unknown-field", "/state"),
        ({"fields": {"amount": 1}}, "unknown-field", "/fields"),
        ({"fields.amount": "much"}, "wrong-value", "/fields/amount"),
        ({"fields.amount": True}, "wrong-value", "/fields/amount"),
        ({"fields.made_up": 1}, "unknown-field", "/fields/made_up"),
        ({"order_no": 5}, "wrong-value", "/order_no"),
    ],
)
def test_wrong_values_are_named(stage: Stage, values: dict[str, Any], code: str, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        stage.does(ChangeTicket(1, values), agent(*(ALL - {"shops.all"})))
    assert (refused.value.kind, refused.value.code, refused.value.pointer) == ("invalid", code, pointer)
