"""Folding, tokens, width, and word sets."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lang import text as lang_text
from engine.lang.text import STARS, WordSet, fold, mask, may_be_masked, tokens, width, written_in


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Refund", "refund"),
        ("ＲＥＦＵＮＤ１２３", "refund123"),
        ("退換貨", "退换货"),
        ("瞭解瞭", fold("瞭") + "解" + fold("瞭")),  # character by character, never by phrases
        ("乾燥", "干燥"),
        ("ﬁne Straße", "fine strasse"),
        ("退\u200b款\u202e", "退款"),
        ("①㈱", "1(株)"),
        ("", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])))
def test_characters_that_stand_apart_fold_as_they_do_together(text: str) -> None:
    assert fold(text) == lang_text._fold_together(text)


def test_each_character_that_stands_apart_folds_as_it_does_beside_others() -> None:
    apart = [char for code in range(0x10000) if lang_text._APART.fullmatch(char := chr(code))]
    assert len(apart) > 40_000
    odd = [char for char in apart if unicodedata.normalize("NFKC", char).casefold() != char]
    for beside in "aか가退゛":
        wrong = [
            char for char in odd if fold(beside + char + beside) != lang_text._fold_together(beside + char + beside)
        ]
        assert not wrong


def test_each_character_folds_to_its_end_at_once() -> None:
    """Some lead on: 薴 to 苧 to 苎. Beside a character past U+FFFF it is folded together with it, else by itself."""
    for code in range(0x30000):
        once = fold(chr(code))
        assert once == fold(once) == fold(f"{chr(code)}\U0001f600")[:-1], hex(code)
    assert fold("薴") == "苎"


@given(st.text(alphabet="退款換貨发髮乾後 aA１"), st.text(alphabet="退款換貨发髮乾後 aA１"))
def test_the_fold_of_a_part_is_a_part_of_the_fold(left: str, right: str) -> None:
    assert fold(left + right) == fold(left) + fold(right)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("我要退款", ["我要", "要退", "退款", "款"]),
        ("退", ["退"]),
        ("Order TW123 退貨!", ["order", "tw123", "退货", "货"]),
        ("a,b", ["a", "b"]),
        ("退款refund退貨", ["退款", "款", "refund", "退货", "货"]),
        ("  …", []),
    ],
)
def test_tokens(text: str, found: list[str]) -> None:
    assert tokens(text) == found


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("退款", 4), ("ｶﾅ", 2), ("é", 1), ("e\u0301", 1), ("a\u200bb", 2)]
)
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


_WORD = st.text(alphabet="ab退款 ", min_size=1, max_size=3)


@given(st.lists(_WORD, max_size=8), st.text(alphabet="ab退款 ", max_size=20))
def test_many_words_at_once_find_what_each_finds_alone(words: list[str], text: str) -> None:
    alone = [WordSet([word]).any(text) for word in words]
    together = WordSet(words)
    assert together.any(text) is any(alone)
    assert together.all(text) is all(alone)
    assert bool(together.places(text)) is any(alone)


def test_places_are_where_the_words_stand() -> None:
    text = fold("退款和退貨, refund")
    words = WordSet(["退款", "退貨", "refund", "款和", "x"])
    assert [text[start:end] for start, end in words.places(text)] == ["退款", "款和", "退货", "refund"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("我要退款", "我要＊＊"),
        ("我要退\u200b款!", "我要＊\u200b＊!"),
        ("ＲＥＦＵＮＤ", "＊＊＊＊＊＊"),
        ("refunds and Refund", "refunds and ******"),
        ("㈱好", "＊好"),  # one character that folds to three
        ("退貨退货", "＊＊＊＊"),
        ("stra\u00dfe cafe\u0301", "****** *****"),
        ("", ""),
    ],
)
def test_mask(text: str, shown: str) -> None:
    assert mask(text, WordSet(["退款", "refund", "株", "退货", "strasse", "café"])) == shown


@given(
    st.text(alphabet="退款貨a\u0301ＡB \u200bé한ㅎㅏ㈱ﬁ", max_size=40),
    st.sampled_from(["退款", "ab", "株", "貨a", "한", "fi"]),
)
def test_masking_keeps_the_length_and_leaves_no_word(text: str, word: str) -> None:
    words = WordSet([word])
    shown = mask(text, words)
    assert len(shown) == len(text)
    assert not words.any(fold(shown))
    assert may_be_masked(shown, text)
    assert all(a == b or a in STARS for a, b in zip(shown, text, strict=True))


def test_a_text_made_to_be_hard_to_cut_costs_little() -> None:
    hostile = "a" + "\u0316\u0301" * 5_000 + " 退款"
    assert mask(hostile, WordSet(["退款"])).endswith("＊＊")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("我的訂單還沒到", "zh-TW"),
        ("我的订单还没到", "zh-CN"),
        ("訂單 ABC: where is it now", "zh-TW"),
        ("Hello, I cannot find my parcel", "en"),
        ("これは何ですか", "ja"),
        ("안녕하세요", "ko"),
        ("你好", None),
        ("OK thanks", None),
        ("https://shop.example/a/b?c=where_is_my_order 1234 😀", None),
        ("Где мой заказ, скажите", None),
        ("", None),
    ],
)
def test_the_language_a_text_seems_to_be_in(text: str, language: str | None) -> None:
    assert written_in(text, ("zh-TW", "zh-CN", "en", "ja", "ko")) == language
    assert written_in(text, ()) is None


@pytest.mark.parametrize("run", ["z", "退", "1-", "a.", "w"])
def test_a_long_word_costs_as_much_as_it_is_long(run: str) -> None:
    def seconds(length: int) -> float:
        text = run * (length // len(run))
        tries = []
        for _ in range(3):
            began = time.process_time()
            written_in(text, ("zh-TW", "en"))
            tries.append(time.process_time() - began)
        return min(tries)

    assert seconds(40_000) < 0.25, "a pattern that took the square of the length needed eight seconds"


def test_addresses_are_in_no_language() -> None:
    assert written_in("hi https://shop.example/where-is-my-order-please thanks", ("zh-TW", "en")) is None
    assert written_in("www.shop.example/all/of/these/are/words a@b.example", ("en",)) is None


def test_only_languages_that_are_spoken_are_told() -> None:
    assert written_in("これは何ですか", ("zh-TW", "en")) is None
    assert written_in("where is my order", ("zh-TW", "en-GB")) == "en-GB"
    assert written_in("dónde está mi pedido", ("zh-TW", "es")) == "es"
