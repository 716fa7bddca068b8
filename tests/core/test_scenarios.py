"""Scenarios: each expectation comes true when it should and fails when it should, and says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from engine.core import scenarios
from engine.core.calendar import to_micros
from engine.core.scenarios import made
from engine.lang import Source
from tests.core.desk import TAIPEI, book_of, built, files

RULES = """
rule refund on message.received when message.text contains "退款" and member.tier >= basic
  then raise ticket.priority to high add tag money reply template hello notify role supervisor "x" start timer t for 1h
rule weak stage notify on ticket.created then set ticket.amount to 1
rule strong stage notify priority 5 on ticket.created then set ticket.amount to 2
rule spam stage guard on message.received when message.text contains "http" then reject "links"
rule once limit once per ticket on message.sent then note "sent"
"""
BOOK = book_of(RULES)
START = """
- name: x
  member: {tier: gold, name: 小明}
  agents: {amy: {team: care}, rita: {role: supervisor}}
  steps:
    - message: 我要退款
      expect: {%s}
"""


def run(text: str) -> scenarios.Result:
    """The one scenario of a text."""
    found, problems = scenarios.read(Source("tests/x.yaml", text))
    assert problems == [], [p.message for p in problems]
    return scenarios.run(BOOK, found[0])


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("fired: [refund]", "fired: [spam]"),
        ("fired: [refund, strong]", "fired: []"),
        ("not_fired: [spam]", "not_fired: [refund]"),
        ("lost: [weak]", "lost: [strong]"),
        ("replies: [hello]", "replies: [late]"),
        ("replies: [hello]", "replies: []"),
        ("reply: 小明", "reply: 小華"),
        ("notified: [supervisor]", "notified: [agent]"),
        ("events: [ticket.created]", "events: [ticket.merged]"),
        ("not_events: [ticket.merged]", "not_events: [ticket.created]"),
        ("not_tags: [vip]", "not_tags: [vip, money]"),
        ("ticket.tags: [money]", "ticket.tags: []"),
        ("ticket.priority: high", "ticket.priority: low"),
        ("ticket.amount: 2", "ticket.amount: 1"),
        ("ticket.team: null", "ticket.team: care"),
        ("member.tier: gold", "member.tier: basic"),
        ("timers: [t]", "timers: [u]"),
        ("notes: [sent]", "notes: []"),
        ("sla.first_reply: running", "sla.first_reply: paused"),
        ("rejected: false", "rejected: true"),
        ("ticket.amount: 2", "error: blocked"),
    ],
)
def test_an_expectation_holds_or_fails(right: str, wrong: str) -> None:
    assert run(START % right).failures == []
    (failure,) = run(START % wrong).failures
    assert failure.step == 1
    assert failure.message and failure.span.source.path == "tests/x.yaml"


@pytest.mark.parametrize(
    ("member", "message", "told"),
    [
        ("{tier: gold}", "你好", "`refund` did not act because `message.text contains"),
        ("{tier: guest, guest: true}", "我要退款", "did not hold (member.tier = guest)"),
    ],
)
def test_a_rule_that_did_not_act_says_why(member: str, message: str, told: str) -> None:
    text = f"- {{name: x, member: {member}, steps: [{{message: {message}, expect: {{fired: [refund]}}}}]}}"
    (failure,) = run(text).failures
    assert failure.help is not None and told in failure.help


def test_a_refusal_fails_unless_it_is_expected() -> None:
    text = "- {name: x, member: {blocked: true}, steps: [{message: hi%s}]}"
    (failure,) = run(text % "").failures
    assert "blocked" in failure.message
    assert run(text % ", expect: {error: blocked}").failures == []


def test_a_story_of_many_steps() -> None:
    result = run("""
- name: a story
  now: "2026-03-02 10:00"
  member: {tier: gold, name: 小明}
  agents: {amy: {team: care, status: online}}
  steps:
    - message: 我要退款
      ticket: {amount: 600}
      expect: {ticket.state: 待回覆}
    - wait: 2h
      expect: {events: [sla.warning, timer.fired]}
    - agent: amy
      reply: 您好
      expect: {ticket.state: 已回覆, ticket.assignee: amy, sla.first_reply: met}
    - agent: amy
      set: {tags: [vip], amount: 9}
      expect: {ticket.tags: [vip], ticket.amount: 9, not_tags: [money]}
    - message: http://x
      expect: {rejected: true, ticket.state: 已回覆}
    - agent: amy
      set: {solution: done}
      move: close
      expect: {ticket.state: 已結案}
    - rate: 5
      comment: 很好
      expect: {events: [rating.received], ticket.rating: 5}
    - message: 新的問題
      new: true
      expect: {ticket.state: 待回覆, ticket.reopened: 0}
""")
    assert [f.message for f in result.failures] == []
    assert result.steps == 8
    assert ("inquiry", "待回覆", "已回覆", "agent_replied") in result.moves
    assert {"refund", "strong"} <= result.acted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: x", "a file of scenarios is a list"),
        ("- 5", "a scenario is a mapping"),
        ("- steps: [{message: hi}]", "a scenario needs a `name`"),
        ("- name: x", "a scenario needs `steps`"),
        ("- {name: x, steps: []}", "a scenario needs `steps`"),
        ("- {name: x, setps: [], steps: [{message: hi}]}", "`setps` means nothing in a scenario"),
        ("- {name: x, steps: [hi]}", "a step is a mapping"),
        ("- {name: x, steps: [{mesage: hi}]}", "`mesage` is no step"),
        ("- {name: x, member: {teir: gold}, steps: [{message: hi}]}", "`teir` means nothing for a member"),
        ("- {name: x, agents: {amy: {teem: a}}, steps: [{message: hi}]}", "`teem` means nothing for an agent"),
        ("- {name: x, agents: [amy], steps: [{message: hi}]}", "`agents` maps usernames"),
        ("- {name: x, steps: [{message: hi, expect: [a]}]}", "`expect` is a mapping"),
        ("- {name: x, steps: [{message: hi, expect: {fired: a}}]}", "`fired` takes a list"),
        ("- {name: x, steps: [{message: hi, expect: {not_tags: a}}]}", "`not_tags` takes a list"),
        ("- {name: x, steps: [{message: hi, expect: {fried: [a]}}]}", "`fried` cannot be expected"),
        ("- {name: x, member: 5, steps: [{message: hi}]}", "`member` is a mapping"),
        ("- {name: x, steps: [{message: hi, member: [a]}]}", "`member` is a mapping"),
        ("- {name: x, agents: {amy: 5}, steps: [{message: hi}]}", "an agent is a mapping"),
        ("- {name: x, now: soon, steps: [{message: hi}]}", "`soon` is no time"),
        ("- {name: x, shop: gone, steps: [{message: hi}]}", ""),
        ("- {name: x, steps: [{wait: long}]}", "`long` is not a duration"),
        ("- {name: x, steps: [{rate: good}]}", "`rate` is a number"),
    ],
)
def test_what_is_no_scenario_is_told_where_it_stands(text: str, told: str) -> None:
    found, problems = scenarios.read(Source("tests/x.yaml", text))
    if told:
        assert [p.code for p in problems] == ["scenario-invalid"], [p.message for p in problems]
        assert problems[0].message.startswith(told)
        return
    (failure,) = scenarios.run(BOOK, found[0]).failures
    assert "there is no shop `gone`" in failure.message


@pytest.mark.parametrize(
    "text",
    [
        "- {name: x, member: {tier: platinum}, steps: [{message: 我要退款}]}",
        "- {name: x, steps: [{fail_delivery: gone}]}",
        "- {name: x, steps: [{agent: nobody, reply: hi}]}",
        "- {name: x, agents: {amy: {}}, steps: [{agent: amy, reply: hi}]}",
        "- {name: x, steps: [{rate: 5}]}",
        "- {name: x, kind: nothing, steps: [{message: hi}]}",
    ],
)
def test_what_cannot_be_done_fails_and_breaks_nothing(text: str) -> None:
    assert len(run(text).failures) == 1


@pytest.mark.parametrize(
    ("now", "utc"), [("2026-03-02 10:00", 2), ("2026-03-02T10:00+00:00", 10), ("2026-03-02T10:00-05:00", 15)]
)
def test_a_moment_with_an_offset_keeps_it(now: str, utc: int) -> None:
    """In Taipei unless it says otherwise."""
    assert made.moment(now, TAIPEI) == to_micros(datetime(2026, 3, 2, utc, tzinfo=UTC))


def test_a_scenario_brings_its_own_library() -> None:
    text = (
        "- {name: x, answers: [{title: 到貨, text: 三天, keywords: [到貨]}], steps: "
        "[{message: 何時到貨, expect: {reply: 三天, fired: [help]}}]}"
    )
    book = book_of("rule help on message.received then answer")
    (scenario,), findings = scenarios.read(Source("s.yaml", text))
    assert findings == [] and scenarios.run(book, scenario).failures == []
    for wrong in ("{title: x}", "3", "[3]", "[{title: a, text: b, word: c}]"):
        _, findings = scenarios.read(
            Source("s.yaml", text.replace("[{title: 到貨, text: 三天, keywords: [到貨]}]", wrong))
        )
        assert [f.code for f in findings] == ["scenario-invalid"], wrong


def test_a_scenario_may_set_the_settings_of_its_shop() -> None:
    book = book_of(
        'rule greet on message.received when setting.greet then reply "hi {setting.word}"',
        settings_yaml="greet: false\nword: you\n",
    )

    def failures(text: str) -> list[str]:
        (scenario,), findings = scenarios.read(Source("s.yaml", text))
        assert findings == []
        return [failure.message for failure in scenarios.run(book, scenario).failures]

    steps = "steps: [{message: hi, expect: {fired: [greet], reply: hi there}}]"
    assert failures(f"- {{name: x, settings: {{greet: true, word: there}}, {steps}}}") == []
    assert "`greet` is missing" in failures(f"- {{name: x, {steps}}}")[0]
    assert failures(f"- {{name: x, settings: {{greet: 5}}, {steps}}}") == [
        "the setting `greet` is true or false, this is not"
    ]
    assert "there is no setting `greed`" in failures(f"- {{name: x, settings: {{greed: true}}, {steps}}}")[0]


WHY = """
rule once limit once per ticket on message.received then add tag seen
rule past until "2026-01-31" on message.received then add tag past
rule end stage guard on message.received when message.text contains "停" then stop
rule after stage notify on message.received then note "x"
rule parts on message.received when member.tier = gold and message.text contains "退款" and message.length > 99
  then add tag parts
"""


@pytest.mark.parametrize(
    ("messages", "rule", "told"),
    [
        (("一", "二"), "once", "it was at its limit: once per ticket"),
        (("一",), "past", "it acts until 2026-01-31"),
        (("停",), "after", "`end` ended the decision in stage guard"),
        (("退款",), "parts", "`message.length > 99` did not hold (message.length = 2); 2 of 3 parts held"),
        (("一",), "only_other", "it is a rule of the shop other; this is demo"),
    ],
)
def test_why_a_rule_did_not_act_is_the_real_reason(messages: tuple[str, ...], rule: str, told: str) -> None:
    own = {"shops/other/own.rules": "rule only_other on message.received then add tag other\n"}
    book = built({**files(WHY), **own})
    steps = [f"{{message: {text}}}" for text in messages[:-1]]
    steps.append(f"{{message: {messages[-1]}, expect: {{fired: [{rule}]}}}}")
    text = f"- {{name: x, member: {{tier: gold}}, steps: [{', '.join(steps)}]}}"
    found, problems = scenarios.read(Source("tests/x.yaml", text))
    assert problems == []
    (failure,) = scenarios.run(book, found[0]).failures
    assert failure.help is not None and told in failure.help, failure.help


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ("steps: [{message: a, expect: {ticket.tipe: 其他}}]", "ticket.tipe", "did you mean `ticket.type`?"),
        ("steps: [{message: a, expect: {ticket.priority: hihg}}]", "hihg", "did you mean `high`?"),
        ("steps: [{message: a, expect: {not_fired: [refnd]}}]", "refnd", "did you mean `refund`?"),
        (
            "steps: [{message: a, expect: {not_events: [ticket.mergd]}}]",
            "ticket.mergd",
            "did you mean `ticket.merged`?",
        ),
        ("ticket: {amuont: 5}, steps: [{message: a}]", "amuont", "did you mean `amount`?"),
        ("member: {tier: golf}, steps: [{message: a}]", "golf", "did you mean `gold`?"),
        ("member: {fields: {birthdya: x}}, steps: [{message: a}]", "birthdya", "did you mean `birthday`?"),
        ("agents: {amy: {team: caer}}, steps: [{message: a}]", "caer", "did you mean `care`?"),
        ("agents: {amy: {}}, steps: [{agent: amy, set: {prioritty: high}}]", "prioritty", "did you mean `priority`?"),
        ("shop: demmo, steps: [{message: a}]", "demmo", "did you mean `demo`?"),
    ],
)
def test_words_that_the_desk_does_not_have(text: str, where: str, hint: str) -> None:
    found, problems = scenarios.read(Source("tests/x.yaml", f"- {{name: x, {text}}}"))
    assert problems == []
    (finding,) = scenarios.unknown_words(BOOK, found)
    assert (finding.code, finding.span.text, finding.hint) == ("scenario-invalid", where, hint)


def test_any_field_of_the_desk_may_be_expected() -> None:
    text = (
        "- {name: x, steps: [{message: a}, {wait: 2h, expect: {ticket.age: 2h, ticket.idle: 120m, ticket.shop: demo}}]}"
    )
    assert run(text).failures == []
    assert run(text.replace("2h,", "3h,", 1).replace("ticket.age: 2h", "ticket.age: 1h")).failures


def test_a_member_may_go_to_another_shop_and_back() -> None:
    own = {"shops/other/own.rules": "rule only_other on message.received then add tag other\n"}
    text = """
- name: two shops
  member: {tier: gold}
  steps:
    - message: a
      expect: {ticket.shop: demo, ticket.tags: []}
    - shop: other
      message: b
      expect: {ticket.shop: other, ticket.tags: [other], member.tier: gold, fired: [only_other]}
    - shop: demo
      message: c
      expect: {ticket.shop: demo, ticket.tags: [], events: [message.received], not_events: [ticket.created]}
    - shop: nowhere
      expect: {error: unknown-shop}
"""
    found, problems = scenarios.read(Source("tests/x.yaml", text))
    assert problems == []
    assert scenarios.run(built({**files(), **own}), found[0]).failures == []
    (finding,) = scenarios.unknown_words(BOOK, [replace(found[0], steps=found[0].steps[3:])])
    assert finding.message == "there is no shop `nowhere`"


PEOPLE = """
rule risen on member.changed when member.tier changed to gold then reply "恭喜 {member.name}"
rule old on message.received when member.signed_up_at < now - 365d then add tag 老客
rule many on message.received when member.open_tickets >= 2 then add tag 多件
rule born on message.received when member.birthday = date(now) then add tag 壽星
rule came on member.created then add tag 來了 to member
"""


def test_several_members_each_with_their_own_case() -> None:
    book = book_of(PEOPLE)
    text = """
- name: two people
  now: "2026-03-02 10:00"
  member: {name: 小明, signed_up_at: "2020-01-01"}
  members: {hua: {name: 小華, tier: gold, signed_up_at: "2026-03-01 09:00", fields: {birthday: "2026-03-02"}}}
  steps:
    - message: 一
      expect: {fired: [old, came], not_fired: [born], ticket.number: 1, member.open_tickets: 1}
    - as: hua
      message: 二
      expect: {fired: [born], not_fired: [old], ticket.number: 2, member.name: 小華, member.birthday: "2026-03-02"}
    - as: member
      message: 三
      expect: {ticket.number: 1, member.name: 小明}
    - message: 四
      new: true
      expect: {fired: [many], ticket.number: 3, member.open_tickets: 2}
    - member: {tier: gold}
      expect: {fired: [risen], reply: 恭喜 小明, events: [member.changed]}
    - as: hua
      message: 五
      expect: {ticket.number: 2, member.open_tickets: 1}
- name: who is made known before writing is new all the same
  steps:
    - member: {tier: gold}
      expect: {events: [member.changed], not_events: [member.created]}
    - sign_in: true
      expect: {not_events: [member.created]}
- name: the shop signs somebody on
  steps:
    - sign_in: new
      expect: {events: [member.created, member.signed_in], fired: [came]}
    - message: 你好
      expect: {not_events: [member.created]}
"""
    found, problems = scenarios.read(Source("tests/x.yaml", text))
    assert problems == [] and list(scenarios.unknown_words(book, found)) == []
    assert [scenarios.run(book, one).failures for one in found] == [[], [], []]


@pytest.mark.parametrize(
    ("written", "place", "message"),
    [
        ("member: {fields: {birthday: soon}}", "soon", "`soon` is not a day"),
        ("member: {signed_up_at: soon}", "soon", "`soon` is no time such as `2026-03-02 10:00`"),
        ("members: {hua: {tiar: gold}}", "tiar", "`tiar` means nothing for a member"),
        ("members: {hua: {tier: gald}}", "gald", "there is no value of member.tier `gald`"),
        ("members: [hua]", "[hua]", "`members` maps names to what they are"),
        ("agents: {amy: {status: onlin}}", "onlin", "there is no status `onlin`"),
        ("ticket: {amount: much}", "much", "`much` is not a number"),
        ("ticket: {priority: high}", "priority", "members do not give `priority` with a new case"),
    ],
)
def test_what_a_scenario_says_wrongly_is_told(written: str, place: str, message: str) -> None:
    text = f"- name: x\n  {written}\n  steps: [{{message: 你好}}]\n"
    found, problems = scenarios.read(Source("tests/x.yaml", text))
    told = [*problems, *scenarios.unknown_words(BOOK, found)]
    assert [(one.span.text, one.message) for one in told] == [(place, message)]


def test_a_member_that_a_scenario_does_not_have() -> None:
    text = "- name: x\n  members: {hua: {}}\n  steps: [{as: hau, message: 你好}]\n"
    _, (problem,) = scenarios.read(Source("tests/x.yaml", text))
    assert (problem.span.text, problem.message, problem.hint) == (
        "hau",
        "there is no member `hau`",
        "did you mean `hua`?",
    )
