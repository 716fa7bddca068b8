"""Members who come by the shop's word or by an agent's hand: rules hear of them as of any other."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import jwt
import pytest

from engine.core.commands import BlockMember, ChangeMember, CreateMember, MemberLine, SignOn
from engine.core.entities import Actor
from engine.core.questions import MemberById
from engine.core.values import replace
from engine.desk import Desk
from tests.support.house import House, sign_in

SECRET = "a-secret-of-the-shop-that-is-long-enough"
RULES = """
rule seen
  stage notify
  on member.created
  then add tag 見過 to member
rule up
  stage notify
  on member.changed
  when member.tier changed from basic to gold
  then add tag 升級 to member
rule once
  stage notify
  on member.created
  when member.tags has 見過
  then add tag 兩次 to member
"""


def token(**more: Any) -> str:
    claims = {"aud": "demo", "sub": "m-1", "exp": int(time.time()) + 600, "name": "王小明", "tier": "basic"}
    return jwt.encode({**claims, **more}, SECRET, algorithm="HS256")


def test_rules_hear_of_members_who_do_not_write(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.write("newcomers.rules", RULES)
    monkeypatch.setenv("DEMO_SIGN_ON_SECRET", SECRET)
    house.settings["plugins.settings"] = {"auth.member": {"demo": {"secret_env": "DEMO_SIGN_ON_SECRET"}}}

    numbers = count()

    async def work(desk: Desk) -> dict[str, Any]:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))

        async def comes(**more: Any) -> Any:
            found = await desk.act(Actor(kind="guest"), SignOn("demo", token(jti=str(next(numbers)), **more)))
            return replace(found["actor"], session_id=None)

        ming = await comes()
        first = await desk.query(amy, MemberById(ming.id))
        assert await comes() == ming
        again = await desk.query(amy, MemberById(ming.id))
        await comes(tier="gold")
        risen = await desk.query(amy, MemberById(ming.id))
        line = await desk.act(ming, MemberLine("demo", "你好"))
        assert line["ticket"] == 1, "no number is used up by who only comes"
        wrote = await desk.query(amy, MemberById(ming.id))
        made = (await desk.act(amy, CreateMember("demo", "小華")))["member"]
        await desk.act(amy, ChangeMember(made["id"], {"name": "林小華"}))
        await desk.act(amy, BlockMember(made["id"], None, "test"))
        second = await desk.act(ming, MemberLine("demo", "再問一件", kind="inquiry", channel="form", subject="問"))
        assert second["ticket"] == 2, "neither by changes of members"
        return {"first": first, "again": again, "risen": risen, "wrote": wrote, "made": made}

    found = house.run(work)
    assert found["first"]["tags"] == found["again"]["tags"] == ["新客", "見過"]
    assert (found["risen"]["tier"], found["risen"]["tags"]) == ("gold", ["新客", "見過", "升級"])
    assert "兩次" not in found["wrote"]["tags"], "who signed on is not seen for the first time when he writes"
    assert found["made"]["tags"] == ["新客", "見過"]
