"""A desk's kinds and channels have its own names: lifecycles say what they are for, and no word of ours is needed."""

from __future__ import annotations

import pytest

from engine.core.building import build
from engine.core.commands import CallEvent, MemberLine, OpenTicket
from engine.core.entities import SYSTEM
from engine.core.errors import Refused
from engine.lang import Severity
from engine.store.values import Lexicon
from tests.core.desk import FILES, Stage, built, errors_of
from tests.core.test_calls import CALL

LETTER = """\
kind: 來函
{keys}
initial: 新
states: {{新: {{category: open}}, 完: {{category: closed}}}}
transitions: [{{trigger: close, from: 新, to: 完}}]
"""


def letter(kind: str, keys: str) -> str:
    return LETTER.format(keys=keys).replace("來函", kind)


OWN = {
    **{path: text for path, text in FILES.items() if not path.startswith("lifecycles/")},
    "lifecycles/1.yaml": letter("來函", "for: lines"),
    "lifecycles/2.yaml": letter("對談", "for: [chats]\nlive: true"),
    "lifecycles/3.yaml": letter("通話", "for: [calls]"),
    "lifecycles/4.yaml": letter("申訴", "for: [complaints]\nchannels: [hotline, 意見箱]"),
}


def test_every_word_of_a_desk_is_its_own() -> None:
    book = built(OWN)
    assert [book.opens.kind(one) for one in ("lines", "chats", "calls", "complaints")] == [
        "來函",
        "對談",
        "通話",
        "申訴",
    ]
    assert (book.opens.kind("lines", "意見箱"), book.opens.kind("lines", "email")) == ("申訴", "來函")
    assert book.opens.kind("chats", "hotline") == "對談", "a channel's kind is for its lines"
    assert {"hotline", "意見箱"} <= set(book.environment.enums["channel"].values)
    assert Lexicon.of(book, frozenset(), frozenset(), {}).complaint_kinds == {"申訴"}


def test_what_nobody_names_a_kind_for_gets_the_one_that_is_for_it() -> None:
    book = built(OWN)
    for command, expected in (
        (MemberLine("demo", "在嗎"), ("對談", "chat")),
        (OpenTicket("s", "t", shop="demo"), ("來函", "api")),
        (OpenTicket("s", "t", shop="demo", channel="hotline"), ("申訴", "hotline")),
        (CallEvent("demo", "ringing", "c1", channel="pbx"), ("通話", "pbx")),
    ):
        stage = Stage(book)
        stage.world.run(command, SYSTEM, member_id=stage.member.id, shop="demo")
        (ticket,) = stage.world.tickets.values()
        assert (ticket.kind, ticket.channel) == expected


def test_two_exchanges_may_use_one_name() -> None:
    stage = Stage(built(OWN))
    for account in ("north", "south"):
        call = CallEvent("demo", "ringing", "1", channel="pbx", account=account)
        stage.world.run(call, SYSTEM, member_id=stage.member.id, shop="demo")
    assert len(stage.world.calls) == 2


def test_folders_from_before_the_key_go_on() -> None:
    book = built({**FILES, "lifecycles/call.yaml": CALL})
    assert [book.opens.kind(one) for one in ("lines", "chats", "calls", "complaints")] == [
        "inquiry", "chat", "call", "feedback"
    ]  # fmt: skip
    assert book.opens.kind("lines", "email") == "inquiry"


def test_a_purpose_that_nothing_serves_is_refused_by_name() -> None:
    stage = Stage(built({path: text for path, text in OWN.items() if path != "lifecycles/3.yaml"}))
    with pytest.raises(Refused, match="there is no ticket kind `call`"):
        stage.world.run(CallEvent("demo", "ringing", "c1"), SYSTEM, member_id=stage.member.id, shop="demo")


@pytest.mark.parametrize(
    ("path", "keys", "code", "word"),
    [
        ("2", "for: [chats]", "wrong-purpose", "chats"),
        ("1", "for: [lines]\ninternal: true", "wrong-purpose", "lines"),
        ("4", "channels: [hotline]\ninternal: true", "wrong-purpose", "hotline"),
        ("4", "for: [complaints, calls]", "duplicate-definition", "calls"),
        ("5", "channels: [意見箱]", "duplicate-definition", "意見箱"),
        ("1", "for: [letters]", "unknown-value", "letters"),
        ("1", "four: [lines]", "unknown-key", "four"),
        ("1", "channels: {a: b}", "type-mismatch", "{a: b}"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(path: str, keys: str, code: str, word: str) -> None:
    kinds = {"1": "來函", "2": "對談", "4": "申訴", "5": "別的"}
    found = errors_of({**OWN, f"lifecycles/{path}.yaml": letter(kinds[path], keys)})
    assert [(f.code, f.span.text) for f in found] == [(code, word)]


def test_an_internal_kind_may_count_as_a_complaint() -> None:
    texts = {**OWN, "lifecycles/4.yaml": letter("申訴", "for: [complaints]\ninternal: true")}
    _, findings = build(texts, analyse=False)
    assert not [f for f in findings if f.severity is Severity.ERROR]


@pytest.mark.parametrize(("kind", "keys"), [("chat", ""), ("chat", "internal: true"), ("call", "internal: true")])
def test_a_kind_that_is_for_something_by_its_usual_name_is_looked_at_too(kind: str, keys: str) -> None:
    found = errors_of({**FILES, f"lifecycles/{kind}.yaml": letter(kind, keys)})
    assert [(f.code, f.span.text) for f in found] == [("wrong-purpose", kind)]
