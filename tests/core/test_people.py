"""Who follows a ticket hears of it, and whom a note names: colleagues only, each once, never of what they did."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.changes import Create
from engine.core.commands import ChangeTicket, ClaimTicket, FollowTicket, PostMessage, TransferTicket, UnfollowTicket
from engine.core.entities import Actor, Agent
from engine.core.errors import Refused
from engine.core.memory import World
from engine.core.mentions import named
from engine.core.values import replace
from tests.core.desk import Stage, acted, book_of

RULES = """
rule news on ticket.changed then notify followers "news of {ticket.number}"
rule mine on ticket.changed when ticket.assignee is set then notify agent ticket.assignee "yours changed"
rule named_you on ticket.mentioned then notify mentioned "{mention.by}: {mention.text}"
rule you_follow on ticket.followed when follower.by is set then notify agent follower.agent "{follower.by} wants you"
rule crowd on ticket.followed when ticket.followers has amy then add tag amy_follows
rule left on ticket.unfollowed when ticket.followers is empty then add tag alone
"""


class Room:
    """A case in the hands of amy; ben and cal look on."""

    def __init__(self, rules: str = RULES) -> None:
        self.stage = Stage(book_of(rules))
        self.amy, self.ben, self.cal = (self.stage.agent(name) for name in ("amy", "ben", "cal"))
        self.stage.says()
        self.stage.does(ClaimTicket(1), self.amy)
        self.stage.world.notifications.clear()

    def follow(self, by: Actor, username: str | None = None) -> Any:
        return self.stage.does(FollowTicket(1, username or by.username), by)

    def told(self) -> list[tuple[str, str, str]]:
        return [(one["agent"], one["kind"], one["text"]) for one in self.stage.world.notifications]

    def following(self) -> tuple[str, ...]:
        return self.stage.world.followers(self.stage.ticket.id)

    def refused(self, command: Any, by: Actor) -> tuple[str, str | None]:
        with pytest.raises(Refused) as caught:
            self.stage.does(command, by)
        return caught.value.code, caught.value.pointer


def test_to_follow_is_heard_once_and_to_leave_too() -> None:
    room = Room()
    assert acted(room.follow(room.ben)) == []
    assert not room.follow(room.ben).changes, "who follows already follows: nothing happens"
    assert "crowd" in acted(room.follow(room.amy))
    assert room.following() == ("ben", "amy")
    for agent, last in ((room.ben, False), (room.amy, True)):
        assert ("left" in acted(room.stage.does(UnfollowTicket(1, agent.username), agent))) is last
        assert not room.stage.does(UnfollowTicket(1, agent.username), agent).changes
    assert [one.body for one in room.stage.records("ticket.followed")] == [{"agent": "ben"}, {"agent": "amy"}]


def test_a_colleague_is_made_to_follow_and_told_by_whom() -> None:
    room = Room()
    assert acted(room.follow(room.amy, "ben")) == ["you_follow"]
    assert room.told() == [("ben", "followed", "Amy wants you")]


def test_followers_hear_of_what_others_do_and_once_a_decision() -> None:
    room = Room()
    for agent in (room.amy, room.ben, room.cal):
        room.follow(agent)
    room.stage.world.notifications.clear()
    room.stage.does(ChangeTicket(1, {"priority": "high"}), room.ben)
    assert room.told() == [("amy", "other", "yours changed"), ("cal", "followed", "news of #00001")], (
        "amy heard it as the one who has it, and ben did it"
    )


def test_who_may_not_be_a_follower_is_refused() -> None:
    room = Room()
    room.stage.world.agents["cal"] = replace(room.stage.world.agents["cal"], roles=())
    for name in ("nobody", "cal", ""):
        assert room.refused(FollowTicket(1, name), room.amy) == ("unknown-agent", "/username")
    blind = replace(room.ben, permissions=room.ben.permissions - {"ticket.note"})
    assert room.refused(FollowTicket(1, "amy"), blind)[0] == "permission-needed"
    assert room.refused(UnfollowTicket(1, "amy"), blind)[0] == "permission-needed"
    room.stage.does(FollowTicket(1, "ben"), blind)
    assert room.following() == ("ben",), "for oneself it is enough to see the case"
    assert room.refused(FollowTicket(1, "ben"), room.stage.customer)[0] == "agents-only"


def test_who_left_the_shop_hears_no_more_and_can_be_taken_off() -> None:
    room = Room()
    room.follow(room.ben)
    room.stage.world.agents["ben"] = replace(room.stage.world.agents["ben"], shops=("other",))
    room.stage.does(ChangeTicket(1, {"priority": "high"}), room.amy)
    assert ("ben", "followed") not in [one[:2] for one in room.told()]
    room.stage.does(UnfollowTicket(1, "ben"), room.amy)
    assert room.following() == ()


def test_nobody_asks_who_follows_unless_a_rule_wants_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room("rule quiet on ticket.changed then add tag seen\n")
    asked: list[int] = []
    monkeypatch.setattr(World, "followers", lambda world, ticket_id: asked.append(ticket_id) or ())
    room.stage.says("and?")
    room.stage.does(PostMessage(1, "yes"), room.amy)
    assert asked == []


CALLED = {"amy": "王小美", "amy.lin": "王小", "ben": "Ben Li", "ben2": "Ben", "chen": "陳文", "chen2": "陳文"}
PEOPLE = [Agent(number, *called) for number, called in enumerate(CALLED.items())]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@王小美 請看", ["amy"]),
        ("請@王小美看一下", ["amy"]),
        ("@王小看", ["amy.lin"]),
        ("@AMY.", ["amy"]),
        ("@amy.lin,", ["amy.lin"]),
        ("@amy.lina @amyx @amy_b", []),
        ("@Ben Li", ["ben"]),
        ("@ben", ["ben", "ben2"]),
        ("@Ben Lisa", ["ben", "ben2"]),
        ("＠amy @amy @王小美", ["amy"]),
        ("@陳文", ["chen", "chen2"]),
        ("write to x@amy.example or x.@ben and @nobody @ @", []),
        ("", []),
        ("@" * 5_000, []),
    ],
)
def test_whom_a_text_names(text: str, names: list[str]) -> None:
    assert sorted(agent.username for agent in named(text, PEOPLE)) == names


def test_a_note_tells_those_it_names_with_its_first_words() -> None:
    room = Room()
    room.stage.world.agents["cal"] = replace(room.stage.world.agents["cal"], roles=())
    decision = room.stage.does(PostMessage(1, "@ben  and @amy,\n@cal: " + "look " * 40, "internal"), room.amy)
    (event,) = room.stage.records("ticket.mentioned")
    assert (event.body["agents"], event.body["untold"]) == (["ben"], ["cal"])
    ((agent, kind, text),) = room.told()
    assert (agent, kind) == ("ben", "mention")
    assert text.startswith("Amy: @ben and @amy, @cal: look") and text.endswith("…") and len(text) < 90
    assert decision.root == "ticket.mentioned"


def test_only_notes_mention() -> None:
    room = Room()
    for visibility in ("public", "anonymous"):
        room.stage.does(PostMessage(1, "@ben look", visibility), room.amy)  # type: ignore[arg-type]
    room.stage.says("@ben look")
    assert "mention" not in [kind for _, kind, _ in room.told()] and room.stage.records("ticket.mentioned") == []


def test_the_note_of_a_transfer_mentions_and_nobody_is_told_twice() -> None:
    room = Room(RULES + 'rule yours on ticket.assigned then notify agent ticket.assignee "yours"\n')
    decision = room.stage.does(TransferTicket(1, agent="ben", note="@ben @cal look"), room.amy)
    assert decision.root == "ticket.transferred"
    told = room.told()
    assert sorted(agent for agent, kind, _ in told if kind == "mention") == ["cal"]
    assert [agent for agent, *_ in told].count("cal") == 1
    created = [c.values["agent"] for c in decision.changes if isinstance(c, Create) and c.thing == "notification"]
    assert created.count("ben") == 2, "by two rules that name who has it"
