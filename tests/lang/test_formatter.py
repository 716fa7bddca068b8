"""The one layout: what it looks like, that it changes no meaning, that a second time changes nothing."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lang import CannotFormat, Source, Span, ast, format_text, parse
from engine.lang.keywords import TOKENS
from engine.lang.lexer import comments
from engine.lang.text import width

RULES = Path(__file__).resolve().parents[2] / "rules"
EXAMPLES = [Path(__file__).parent / "example.rules", *sorted(RULES.rglob("*.rules"))]


def fmt(text: str, keywords: Any = None) -> str:
    return format_text(Source("a.rules", text), keywords)


# Where a text in quotes and a bare name are the same value by the grammar.
_EITHER = {
    ("In", "items"),
    ("Has", "items"),
    ("InHours", "calendar"),
    ("StageLine", "name"),
    ("Header", "value"),
    ("Message", "template"),
}


def meaning(text: str) -> Any:
    """The tree without spans; a name and the same text in quotes are one value where either may stand."""
    file, findings = parse(Source("a.rules", text))
    assert [found.message for found in findings if found.code == "syntax-error"] == []

    def plain(node: Any, either: bool = False) -> Any:
        if either and isinstance(node, ast.Name | ast.TextValue):
            return ("value", node.text)
        if isinstance(node, ast.Action):
            loose = {name for name, _ in node.parts} - {"value", "arguments"}
            return (node.verb, *(plain(part, name in loose) for name, part in node.parts))
        if isinstance(node, tuple):
            return tuple(plain(item, either) for item in node)
        if is_dataclass(node) and isinstance(node, ast.Node):
            kind = type(node).__name__
            names = [item.name for item in fields(node) if not item.name.endswith("span")]
            return (kind, *(plain(getattr(node, name), (kind, name) in _EITHER) for name in names))
        assert not isinstance(node, Span)
        return node

    return plain(file.items)


def said(text: str) -> list[str]:
    """The words of all comments, wherever they stand."""
    return sorted(
        word for comment in comments(text) for word in re.findall(r"#(\w+)", text[comment.start : comment.end])
    )


# ---- what it looks like --------------------------------------------------------------------------------------------

SPECIMENS = [
    # A condition that fits stays on its line, whatever its line breaks were.
    (
        "rule a on x.y\nwhen vip\nand   ticket.amount>5 then\n stop",
        "rule a\n  on x.y\n  when vip and ticket.amount > 5\n  then stop\n",
    ),
    # One that does not stands operand under operand, also within brackets.
    (
        "rule a on x when (message.text contains any refund_words or ticket.subject contains any refund_words or "
        "ticket.type = 退換貨) and vip then stop",
        "rule a\n  on x\n  when (message.text contains any refund_words\n"
        "     or ticket.subject contains any refund_words\n     or ticket.type = 退換貨)\n"
        "   and vip\n  then stop\n",
    ),
    # Several actions stand below, one beside.
    ("rule a on x then stop stop", "rule a\n  on x\n  then\n    stop\n    stop\n"),
    # Dates are together, other headers each on its line, in their order.
    (
        'rule a "t" owner "o" from "2026-01-01" until "2026-12-31" priority -5 on x then stop',
        'rule a "t"\n  owner "o"\n  from "2026-01-01" until "2026-12-31"\n  priority -5\n  on x\n  then stop\n',
    ),
    # Full-width signs and quotes are written plain, as far as they are no part of a text.
    (
        "rule a　on ticket.created、message.received when（ticket.amount ≥ ５）and message.text contains "
        '「說"好"，謝謝」 then stop',
        "rule a\n  on ticket.created, message.received\n"
        '  when (ticket.amount >= 5) and message.text contains "說\\"好\\"，謝謝"\n  then stop\n',
    ),
    # Quotes only where a name would not do: digits first, a reserved word, a sign in it.
    (
        'rule a stage "route" on x when ticket.type in ["退換貨"] and ticket.tags has "vip" and weekday in ["mon"] '
        'then route to team "senior" with skill "3C", "empty" reply template "t-1"',
        "rule a\n  stage route\n  on x\n  when ticket.type in [退換貨] and ticket.tags has vip and weekday in [mon]\n"
        '  then\n    route to team senior with skill "3C", "empty"\n    reply template "t-1"\n',
    ),
    # In a list with one that needs them all keep them; words and what is compared as text keep them too.
    (
        'words w=["退貨",\n"退款",]\nrule a on x when ticket.product in ["iPhone", "iPhone 15"] '
        'and rating.comment = "好" and message.text contains any ["退"] then stop',
        'words w = ["退貨", "退款"]\n\nrule a\n  on x\n  when ticket.product in ["iPhone", "iPhone 15"]\n'
        '   and rating.comment = "好"\n   and message.text contains any ["退"]\n  then stop\n',
    ),
    # Between rules one line, between others as it was, never two.
    (
        'words a from "a.txt"\nwords b from "b.txt"\n\n\n\nwords c from "c.txt"\ndefine d = vip\n'
        "rule a on x then stop\nrule b on x then stop",
        'words a from "a.txt"\nwords b from "b.txt"\n\nwords c from "c.txt"\n\ndefine d = vip\n\n'
        "rule a\n  on x\n  then stop\n\nrule b\n  on x\n  then stop\n",
    ),
    # Comments: above, beside, at the foot of a rule, within a condition that would have fitted.
    (
        "#top\n\n# of a\nrule a on x  #when\n  # why\n  when vip # b\n and c\n then stop   \n  # stop\n"
        "# of b\nrule b on x then stop#end",
        "#top\n\n# of a\nrule a\n  on x  #when\n  # why\n  when vip  # b\n   and c\n  then stop\n    # stop\n\n"
        "# of b\nrule b\n  on x\n  then stop  #end\n",
    ),
    # Comments at the ends of neighbouring lines begin in one column.
    (
        "rule a priority 90 # higher wins\n limit once per ticket # or: 3 per 1d\n on x then stop",
        "rule a\n  priority 90            # higher wins\n  limit once per ticket  # or: 3 per 1d\n"
        "  on x\n  then stop\n",
    ),
    (
        "words w = [甲, # one\n 乙, 丙\n # last\n ]",
        "words w = [\n  甲,  # one\n  乙, 丙,\n  # last\n]\n",
    ),
    ("rule a on x then do p.act(a:1,b: -2,) ", "rule a\n  on x\n  then do p.act(a: 1, b: -2)\n"),
    ("\ufeff# only a comment\r\n", "# only a comment\n"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "wanted"), SPECIMENS)
def test_the_layout(text: str, wanted: str) -> None:
    assert fmt(text) == wanted
    assert fmt(wanted) == wanted


def test_a_long_list_is_filled_line_by_line() -> None:
    items = ", ".join(f'"退貨{n:02d}"' for n in range(30))
    laid = fmt(f"rule a on x when vip and message.text contains any [{items}] then stop")
    lines = laid.splitlines()
    assert lines[2:4] == ["  when vip", "   and message.text contains any ["]
    assert lines[4].startswith('         "退貨00", "退貨01", ')
    assert lines[-2:] == ["       ]", "  then stop"]
    assert all(width(line) <= 100 for line in lines)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_real_files_keep_their_meaning_and_their_comments(path: Path) -> None:
    text = path.read_text("utf-8")
    laid = fmt(text)
    assert meaning(laid) == meaning(text)
    assert fmt(laid) == laid
    assert said(laid) == said(text)
    chinese = fmt(text, "zh")
    assert meaning(chinese) == meaning(text)
    assert fmt(chinese) == chinese
    assert fmt(chinese, "en") == laid


@pytest.mark.parametrize("path", EXAMPLES[1:], ids=lambda path: path.name)
def test_the_shipped_rules_are_in_the_layout(path: Path) -> None:
    assert fmt(path.read_text("utf-8")) == path.read_text("utf-8")


@pytest.mark.parametrize(
    "text", ["rule a on x when then stop", 'rule a on x then reply "open', "rule a on x wehn vip then stop", "§"]
)
def test_a_text_with_mistakes_is_left_alone(text: str) -> None:
    with pytest.raises(CannotFormat) as refused:
        fmt(text)
    assert refused.value.findings
    assert all(found.span.line == 1 for found in refused.value.findings)


def test_what_is_wrong_but_parses_can_be_laid_out() -> None:
    assert "priority 1\n  priority 2\n" in fmt("rule a priority 1 priority 2 on nothing.known then stop")


# ---- any file ------------------------------------------------------------------------------------------------------

_name = st.sampled_from(["vip", "退換貨", "訪客自助", "tag", "標籤", "priority", "會員", "x1", "handled"])
_text = st.sampled_from(
    ['"退款"', '"a b"', '"說\\"好\\""', '"when"', '"當"', '"3C"', '"vip"', '"#x"', "「好，的」", '"{member.name}"']
)
_noun = st.one_of(_name, _text)
_path = st.sampled_from(["ticket.amount", "ticket.type", "message.text", "ticket.當", "ticket.tags", "member.when"])
_number = st.sampled_from(["1", "- 5", "4.5", "80%", "1500"])
_duration = st.sampled_from(["30s", "2d business", "4h business", "setting.wait"])
_value = st.one_of(_noun, _path, _number, st.sampled_from(["2d", "true", "false", "now"]))


def _words(*parts: Any) -> st.SearchStrategy[str]:
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map(" ".join)


def _several(item: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(item, min_size=1, max_size=most).map(" , ".join)


def _maybe(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), part)


_list = st.builds(lambda items, comma: f"[ {items} {comma} ]", _several(_value, 14), st.sampled_from(["", ","]))
_sum = st.recursive(
    st.one_of(_path, _number, _name),
    lambda inner: st.one_of(
        _words(inner, st.sampled_from("+-*/"), inner),
        _words("length (", inner, ")"),
        _words("(", inner, "+", inner, ")"),
    ),
    max_leaves=3,
)
_OF_LISTS = ("in", "not in", "has any", "has all", "contains any", "contains only", "contains exact all")
_test = st.one_of(
    _words(_sum, st.sampled_from(["=", "!=", "<", "≤", ">", ">=", "≠"]), _sum),
    _words(_path, st.sampled_from(_OF_LISTS), _list),
    _words("now", st.sampled_from(["in hours", "not in hours"]), _noun),
    _words(_path, "has", _value),
    _words(_path, st.sampled_from(["contains", "contains exact", "starts with", "ends with"]), _text),
    _words(_path, st.sampled_from(["contains any", "contains exact all"]), _name),
    _words(_path, st.sampled_from(["is set", "is empty", "changed", "matches /a#\\/b \\s/i", "changed from empty"])),
    _words(_path, "changed from", _value, "to", _value),
    _name,
)
_cond = st.recursive(
    _test,
    lambda inner: st.one_of(
        _words("not", "(", inner, ")"),
        _words("(", inner, ")"),
        st.lists(inner, min_size=2, max_size=5).map(" and ".join),
        st.lists(inner, min_size=2, max_size=4).map(" or ".join),
        _words("(", inner, "or", inner, ")"),
    ),
    max_leaves=9,
)
_message = st.one_of(_words("template", _noun), _text)
_who = st.one_of(_noun, st.just("ticket.assignee"))
_action = st.one_of(
    _words(st.sampled_from(["set", "raise", "lower"]), _path, "to", st.one_of(_value, _sum, st.just("empty"))),
    _words("add tag", _several(_noun), _maybe(st.just("to member"))),
    _words("remove tag", _several(_noun), _maybe(st.just("from member"))),
    _words("move to", _noun),
    _words("route to team", _who, _maybe(_words("with skill", _several(_noun))), _maybe(_words("by", _noun))),
    _words("assign to agent", _who),
    _words("reply", _message, _maybe(_words("as", _noun)), _maybe(_words("after", _duration))),
    _words("note", _message),
    _words(
        "notify", st.sampled_from(["agent", "team"]), _several(_who), _message, _maybe(_words("via", _several(_noun)))
    ),
    _words("notify role", _several(_noun), _message),
    _words("start timer", _noun, "for", _duration),
    _words("open", _noun, _maybe(_words("to team", _who)), _maybe(_words("template", _noun))),
    _words("block member", _maybe(_words("for", _duration)), _maybe(_text)),
    _words("do plugin.act (", _several(_words("arg :", _sum), 5), ")"),
    _words(st.sampled_from(["reject", "flag"]), _text),
    _words("mask", _name),
    st.sampled_from(["answer", "ask rating", "reject", "stop", "cancel timer x"]),
)
_event = st.one_of(
    _words(st.sampled_from(["ticket.created", "message.received", "timer"]), _maybe(_words("after", _duration))),
    _words("every", _duration, _maybe(st.just("for each ticket"))),
    _words("every", st.sampled_from(["day", "monday"]), 'at "09:00"', _maybe(st.just("for each member"))),
    st.just('every month on 1 at "07:00"'),
)
_header = st.one_of(
    _words("stage", _noun),
    st.sampled_from(["priority 90", "priority - 5"]),
    _words(st.sampled_from(["owner", "note"]), _text),
    st.just('from "2026-01-01" until "2026-12-31"'),
    st.just('until "2026-12-31"'),
    st.just('allow never-true "因為"'),
    st.sampled_from(["limit once per ticket", "limit 3 per 1d per member"]),
)
_item = st.one_of(
    _words("stage", _noun),
    st.just('allow no-route "不需要"'),
    _words("define", _name, "=", _cond),
    _words("words", _name, "=", _list),
    st.just('words w from "words/w.txt"'),
    _words(
        "rule",
        _name,
        _maybe(_text),
        st.lists(_header, max_size=4).map(" ".join),
        "on",
        _several(_event),
        _maybe(_words("when", _cond)),
        "then",
        st.lists(_action, min_size=1, max_size=3).map(" ".join),
    ),
)
_space = st.sampled_from(
    [" "] * 30 + ["\n", "\n\n", "\n\n\n\t", "　", "  #c{}\n", "\n    #c{}\n", "\n#c{}\n\n  ", " #c{}\n  #c{}\n"]
)
# What the lexer reads in one go, so that no comment can stand inside.
_WHOLE = re.compile(r"""matches /(?:[^/\\]|\\.)*/i?|allow [a-z-]+|"(?:[^"\\]|\\.)*"|「[^」]*」|[\w.%]+|!=|>=|\S""")


@st.composite
def rule_files(draw: st.DrawFn) -> str:
    """A file of a few items in any layout, with comments anywhere."""
    items = draw(st.lists(_item, max_size=4))
    text, count = "", 0
    for word in _WHOLE.findall(" ".join(items)):
        space = draw(_space)
        while "{}" in space:
            count += 1
            space = space.replace("{}", str(count), 1)
        text += space + word
    return text + draw(st.sampled_from(["", "\n", "\n#end", " #end\n"]))


@settings(max_examples=300, deadline=None)
@given(rule_files())
def test_any_file_keeps_its_meaning_and_its_comments_and_has_one_layout(text: str) -> None:
    laid = fmt(text)
    assert meaning(laid) == meaning(text)
    assert said(laid) == said(text)
    assert fmt(laid) == laid
    assert not re.search(r"[ \t]\n|\n\n\n|\A\n|\n\n\Z", laid)
    assert parse(Source("a.rules", laid))[1] == [] or "duplicate-key" in {
        found.code for found in parse(Source("a.rules", laid))[1]
    }


@settings(max_examples=150, deadline=None)
@given(rule_files())
def test_there_and_back_between_the_keyword_sets_is_the_same_file(text: str) -> None:
    laid = fmt(text)
    chinese = fmt(text, "zh")
    assert meaning(chinese) == meaning(text)
    assert fmt(chinese) == chinese
    assert fmt(chinese, "en") == laid
    assert fmt(laid, "zh") == chinese


@settings(max_examples=100, deadline=None)
@given(rule_files(), st.integers(0, 10**6), st.sampled_from(sorted(TOKENS)))
def test_a_file_that_is_cut_or_disturbed_is_laid_out_or_refused_never_both(text: str, at: int, word: str) -> None:
    cut = at % (len(text) + 1)
    try:
        laid = fmt(f"{text[:cut]} {word} {text[cut:]}")
    except CannotFormat as refused:
        assert refused.findings
    else:
        assert fmt(laid) == laid
