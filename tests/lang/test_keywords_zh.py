"""The Chinese keywords: one for each English one, the same tree, one set in a file."""

from __future__ import annotations

import itertools

import opencc
import pytest

from engine.lang import Source, format_text, parse
from engine.lang.keywords import KEYWORDS, RESERVED, TOKENS, Keyword, set_of, written
from engine.lang.parser import parse_condition
from engine.lang.source import Place
from engine.lang.spoken import in_own_words
from tests.lang.test_formatter import meaning

SHOP = """\
# 退換貨
規則 vip_refund "VIP 退款直達資深組"
  優先級 90
  上限 一次 每 ticket
  自 "2026-01-01" 至 "2026-12-31"
  負責人 "客服主管"
  備註 "法務要求"
  於 ticket.created、message.received
  當 vip
  且 （ticket.type 屬於 [退換貨] 或 message.text 包含 任一 refund_words）
  且 非 ticket.tags 帶有 handled
  則
    分派 給 團隊 senior_care 具備 技能 refunds 依 least_busy
    提高 ticket.priority 到 high
    設定 ticket.type 成 退換貨
    回覆 範本 vip_refund_ack 延後 10s
"""
ENGLISH = """\
# 退換貨
rule vip_refund "VIP 退款直達資深組"
  priority 90
  limit once per ticket
  from "2026-01-01" until "2026-12-31"
  owner "客服主管"
  note "法務要求"
  on ticket.created, message.received
  when vip
   and (ticket.type in [退換貨] or message.text contains any refund_words)
   and not ticket.tags has handled
  then
    route to team senior_care with skill refunds by least_busy
    raise ticket.priority to high
    set ticket.type to 退換貨
    reply template vip_refund_ack after 10s
"""


def test_a_chinese_file_means_what_the_english_one_does_word_for_word() -> None:
    assert meaning(SHOP) == meaning(ENGLISH)
    assert format_text(Source("a.rules", SHOP), "en") == ENGLISH
    assert format_text(Source("a.rules", ENGLISH), "zh") == SHOP.replace("、", ", ").replace("（", "(").replace(
        "）", ")"
    )


def test_simplified_keywords_are_read_and_stay_so() -> None:
    simplified = opencc.OpenCC("t2s").convert(SHOP).replace("退换货", "退換貨")
    assert set(simplified) & set("规则优级负责标团队当则")
    assert meaning(simplified)[0][2:] != ()
    assert format_text(Source("a.rules", simplified)).startswith(
        '# 退換貨\n规则 vip_refund "VIP 退款直达资深组"\n  优先级 90\n'
    )


def test_every_keyword_has_its_own_chinese_words_and_their_simplified_forms() -> None:
    convert = opencc.OpenCC("t2s").convert
    owners: dict[str, str] = {}
    for keyword in KEYWORDS:
        assert keyword.zh, keyword.en
        for form in keyword.chinese:
            assert not form.isascii()
            assert owners.setdefault(form, keyword.token) == keyword.token
            assert TOKENS[form] == keyword.token
            assert convert(form) in keyword.chinese, f"the simplified form of {form} is not read"
    assert len(KEYWORDS) == len({keyword.zh for keyword in KEYWORDS}) == len({keyword.en for keyword in KEYWORDS})


# ---- reserved or not -----------------------------------------------------------------------------------------------

RESERVED_WORDS = [word for word, token in TOKENS.items() if token in RESERVED]
SOFT_WORDS = [word for word, token in TOKENS.items() if token not in RESERVED]


@pytest.mark.parametrize("word", RESERVED_WORDS)
def test_a_reserved_word_of_either_set_is_no_name_in_either_file(word: str) -> None:
    for rule, on, then, tag in (("rule", "on", "then", "add tag"), ("規則", "於", "則", "加上 標籤")):
        _, findings = parse(Source("a.rules", f"{rule} a {on} ticket.created {then} {tag} {word}"))
        assert {found.code for found in findings} == {"syntax-error"}
        assert parse(Source("a.rules", f'{rule} a {on} ticket.created {then} {tag} "{word}"'))[1] == []
        assert parse(Source("a.rules", f"{rule} a {on} ticket.{word} {then} {tag} x"))[1] == []


@pytest.mark.parametrize("word", SOFT_WORDS)
def test_another_keyword_is_a_name_where_a_name_is_wanted(word: str) -> None:
    for text in (
        f"rule {word} on {word} when {word} and x = {word} then add tag {word}, {word} to {word} move to {word}",
        f"規則 {word} 於 {word} 當 {word} 且 x = {word} 則 加上 標籤 {word}, {word} 給 {word} 移 到 {word}",
    ):
        file, findings = parse(Source("a.rules", text))
        assert findings == []
        assert file.items[0].name.text == word  # type: ignore[union-attr]


# ---- one set in a file ---------------------------------------------------------------------------------------------

MIXED = [
    ("rule a on ticket.created 當 vip then stop", "當", "write `when`"),
    ("規則 a on ticket.created 當 vip 則 停止", "on", "write `於`"),
    ("stage route\nrule a on ticket.created then 移除 tag vip", "移除", "write `remove`"),
    ("rule a 優先級 5 on ticket.created then stop", "優先級", "write `priority`"),
    ("定義 a = x = 1\ndefine b = x = 2", "define", "write `定義`"),
    ("rule a on chat.waiting after 4h 工時 then stop", "工時", "write `business`"),
    ('容許 no-route "x"\nstage route', "stage", "write `階段`"),
]


@pytest.mark.parametrize(("text", "word", "hint"), MIXED)
def test_a_word_of_the_other_set_is_shown_with_the_right_one(text: str, word: str, hint: str) -> None:
    _, findings = parse(Source("a.rules", text))
    assert [(found.code, found.span.text) for found in findings] == [("unknown-keyword", word)]
    assert hint in (findings[0].hint or "")


def test_a_pasted_rule_is_one_finding_and_the_rest_is_still_read() -> None:
    text = f"{ENGLISH}\n{SHOP.replace('vip_refund', 'other')}\nrule last on ticket.created when then stop\n"
    file, findings = parse(Source("a.rules", text))
    errors = [found for found in findings if found.severity.value == "error"]
    assert [(found.code, found.span.text) for found in errors] == [
        ("unknown-keyword", "規則"),
        ("syntax-error", "when"),
    ]
    assert [item.name.text for item in file.items] == ["vip_refund", "other", "last"]  # type: ignore[union-attr]


def test_fmt_with_a_set_turns_a_mixed_file() -> None:
    mixed = "rule a on ticket.created 當 vip 則 加上 tag x"
    assert format_text(Source("a.rules", mixed), "en") == "rule a\n  on ticket.created\n  when vip\n  then add tag x\n"
    assert format_text(Source("a.rules", mixed), "zh") == "規則 a\n  於 ticket.created\n  當 vip\n  則 加上 標籤 x\n"


@pytest.mark.parametrize(
    "text", ["member.tier >= gold 且 非 ticket.tags 帶有 任一 [vip]", "ticket.state 已變更 成 已結案"]
)
def test_conditions_in_yaml_may_be_chinese_too(text: str) -> None:
    node, findings = parse_condition(text, Place.whole(Source("a.yaml", text)))
    assert node is not None
    assert findings == []
    _, findings = parse_condition(f"{text} and x = 1", Place.whole(Source("a.yaml", f"{text} and x = 1")))
    assert [found.code for found in findings] == ["unknown-keyword"]


# ---- mistakes in Chinese files -------------------------------------------------------------------------------------

MISTAKES = [
    ("規則 a 於 ticket.created 當vip 則 停止", "unknown-keyword", "`當 vip`"),
    ("規則 a 於 ticket.created 則 啓動 計時器 x 為期 2d", "unknown-keyword", "`啟動`"),
    ("規則 a 則 停止", "syntax-error", "`規則 NAME 於 EVENT 當 CONDITION 則 ACTION`"),
    ("規則 a 於 ticket.created 則 轉交", "syntax-error", "an action"),
    ("規則 a 於 ticket.created 則 回覆 範本", "syntax-error", "a name"),
]


@pytest.mark.parametrize(("text", "code", "told"), MISTAKES)
def test_findings_speak_the_words_of_the_file(text: str, code: str, told: str) -> None:
    _, findings = parse(Source("a.rules", text))
    assert [found.code for found in findings] == [code]
    said = f"{findings[0].message} {findings[0].hint}"
    assert told in said
    english = {keyword.en for keyword in KEYWORDS} - {"a"}
    quoted = "".join(itertools.islice(said.split("`"), 1, None, 2)).split()
    assert not english & set(quoted)


def test_the_set_of_a_word() -> None:
    assert set_of("when") == "en"
    assert set_of("當") == set_of("当") == "zh"


SIMPLE = opencc.OpenCC("t2s").convert(SHOP).replace("退换货", "退換貨")


def laid(text: str) -> str:
    return text.replace("、", ", ").replace("（", "(").replace("）", ")")


def test_a_simplified_file_keeps_its_script() -> None:
    assert "规则" in SIMPLE and "当" in SIMPLE and "给" in SIMPLE and "延后" in SIMPLE
    assert format_text(Source("a.rules", SIMPLE)) == laid(SIMPLE)
    assert format_text(Source("a.rules", SIMPLE), "zh") == laid(SIMPLE)
    assert meaning(SIMPLE) == meaning(laid(SIMPLE))
    assert format_text(Source("a.rules", format_text(Source("a.rules", SIMPLE), "en")), "zh-CN") == laid(SIMPLE)
    traditional = format_text(Source("a.rules", SIMPLE), "zh-TW")
    assert "規則 vip_refund" in traditional and "则" not in traditional


def test_a_mixed_file_is_written_in_the_script_of_most_of_its_keywords() -> None:
    mostly = "规则 a 于 ticket.created 当 vip 則 停止\n"
    assert format_text(Source("a.rules", mostly)) == "规则 a\n  于 ticket.created\n  当 vip\n  则 停止\n"
    other = "規則 a 於 ticket.created 當 vip 则 停止\n"
    assert format_text(Source("a.rules", other)) == "規則 a\n  於 ticket.created\n  當 vip\n  則 停止\n"
    assert format_text(Source("a.rules", "规则 a 於 ticket.created 则 停止 規則 b 於 x.y 則 停止")).startswith("規則")


@pytest.mark.parametrize("keyword", KEYWORDS, ids=lambda keyword: keyword.en)
def test_each_chinese_form_has_its_simplified_one(keyword: Keyword) -> None:
    turned = opencc.OpenCC("t2s")
    for place in ("", *keyword.places):
        assert written(keyword.token, "zh-CN", place) == turned.convert(written(keyword.token, "zh", place))


def test_help_in_a_simplified_file_is_simplified() -> None:
    (found,) = in_own_words(parse(Source("a.rules", "规则 a 于 ticket.created 当 vip 并且 x 则 停止"))[1])
    assert not set("規則於當為屬") & set(f"{found.message}{found.hint}"), (found.message, found.hint)
    (found,) = in_own_words(parse(Source("a.rules", "规则 a 于 ticket.created when vip 则 停止"))[1])
    assert found.hint is not None and "`当`" in found.hint
    (found,) = in_own_words(parse(Source("a.rules", "规则 a 于 ticket.created 当 member.name is not empty 则 停止"))[1])
    assert "為" not in f"{found.hint}" and "设定" not in f"{found.hint}"
