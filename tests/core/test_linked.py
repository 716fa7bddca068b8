"""`open`: a case of another kind beside the first, linked, decided in its own right, and never without end."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.building import build
from engine.core.commands import OpenTicket, PostMessage
from engine.core.entities import Actor
from engine.core.errors import Refused
from tests.core.desk import Stage, book_of, did, files

WORK_ORDER = """\
kind: work_order
internal: true
initial: 待處理
states:
  待處理: {sla: running, category: open}
  已關閉: {sla: stopped, category: closed}
transitions:
  - {trigger: close, from: 待處理, to: 已關閉, roles: [agent]}
"""
RULES = """
rule repair "維修" stage respond on message.received when message.text contains "故障"
  then open work_order to team senior template hello
rule urgent stage classify on ticket.created when ticket.kind = work_order then raise ticket.priority to urgent
rule polite stage respond on ticket.created then reply "收到"
"""


def stage(rules: str = RULES, **member: Any) -> Stage:
    return Stage(book_of(rules, lifecycles__work_order_yaml=WORK_ORDER), **member)


def test_the_new_case_has_its_own_number_team_note_link_and_decision() -> None:
    here = stage()
    here.says("你好", values={"order_no": "A-1"})
    decision = here.says("機器故障")
    first, second = here.world.tickets.values()
    assert did(decision, "repair") == ["open work_order to team senior"]
    assert (second.kind, second.state, second.team, second.order_no) == ("work_order", "待處理", "senior", "A-1")
    assert (first.number, second.number, second.member_id) == (1, 2, first.member_id)
    assert here.world.links == [(first.id, second.id, "work_order")]
    assert second.priority == "urgent" and first.priority == "normal", "rules decide about it by itself"
    (note,) = here.world.messages[second.id]
    assert note.visibility == "internal" and note.rule == "repair"
    assert note.text.split("\n")[0] == "小明 您好"
    said = ["小明: 你好", "bot: 收到", "小明: 機器故障"]
    assert note.text.split("\n")[2:] == ["#00001", *(f"[03-02 10:00] {line}" for line in said)]
    assert [(r.body["origin"], r.body["number"]) for r in here.records("ticket.linked")] == [(1, 2), (1, 2)]


def test_members_are_not_written_to_in_an_internal_case_and_do_not_open_one() -> None:
    here = stage()
    here.says("故障")
    (opened,) = here.world.opened
    assert did(opened, "polite") == ["not reply, the case is internal"]
    assert set(here.world.clocks[here.ticket.id]) == {"resolve"}, "nobody waits for a first reply"
    amy = here.agent()
    with pytest.raises(Refused) as told:
        here.does(PostMessage(here.ticket.number, "您好"), amy)
    assert told.value.code == "internal-case"
    here.does(PostMessage(here.ticket.number, "修好了", "internal"), amy)
    with pytest.raises(Refused) as refused:
        here.world.run(OpenTicket("x", "y", kind="work_order"), here.customer, member_id=here.member.id, shop="demo")
    assert refused.value.code == "unknown-kind"


def test_staff_opens_an_internal_case_with_a_note() -> None:
    here = stage()
    boss = Actor(kind="agent", id=7, username="amy", permissions=frozenset({"ticket.create"}))
    here.world.run(OpenTicket("修理", "請修", kind="work_order"), boss, member_id=here.member.id, shop="demo")
    (line,) = here.world.messages[here.ticket.id]
    assert (here.ticket.channel, line.visibility, line.author_kind) == ("internal", "internal", "agent")


def test_a_chain_has_an_end_and_says_so() -> None:
    here = stage("rule more on ticket.created then open work_order")
    here.says("你好")
    assert len(here.world.tickets) == 3
    last = here.world.opened[-1]
    assert did(last, "more") == ["not open work_order, too many are opened one from another"]


def test_one_decision_opens_a_few_at_most() -> None:
    rules = "\n".join(f'rule r{n} on message.received then open work_order to team care note "{n}"' for n in range(6))
    rules = rules.replace(' note "', ' flag "')
    wider = "\n".join(
        f"rule t{n} on message.received then open work_order template {'hello' if n % 2 else 'late'}" for n in range(2)
    )
    here = stage(f"{rules}\n{wider}\nrule s on message.received then open work_order to team senior open inquiry")
    here.says("你好")
    assert len(here.world.tickets) == 1 + 4


def test_equal_ones_are_opened_once() -> None:
    here = stage("rule a on message.received then open work_order\nrule b on message.received then open work_order")
    here.says("你好")
    assert [t.kind for t in here.world.tickets.values()] == ["inquiry", "work_order"]


def test_a_live_kind_is_begun_by_its_member_only() -> None:
    _, findings = build(files("rule a on message.received then open chat"))
    assert [(finding.code, finding.span.text) for finding in findings] == [("unknown-value", "chat")]


def test_a_scheduled_rule_opens_one_as_any_other_does() -> None:
    here = stage(
        'rule daily limit once per ticket on every day at "09:00" for each ticket when ticket.kind = inquiry'
        " then open work_order"
    )
    here.says("你好")
    here.until("2026-03-04 12:00")
    assert [t.kind for t in here.world.tickets.values()] == ["inquiry", "work_order"]


def test_a_rejected_line_opens_nothing() -> None:
    here = stage('rule a on message.received then open work_order reject "no"')
    here.says("你好")
    assert here.world.tickets == {}


def test_it_may_go_to_one_agent() -> None:
    here = stage("rule a on message.received then open work_order to agent amy")
    here.agent()
    here.says("你好")
    assert here.ticket.assignee == "amy"
    assert here.world.opened[0].root == "ticket.created"
