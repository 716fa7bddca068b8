"""The search over lines and subjects: what is found, by which words and signs, page by page; on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.changes import Set
from engine.core.questions import Members, Search
from engine.store import BadCursor, directory, hits
from engine.store import tables as t
from tests.store.desk import change, line
from tests.store.test_queries import STAFF, Desk, desk

__all__ = ["desk"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("退款", ["我要退款", "退款問題"]),
        ("要退", ["我要退款"]),
        ("款", ["我要退款", "退款問題"]),
        ("退款 問題", ["退款問題"]),
        ("款退", []),
        ("我要退货", []),
        ("退欵", []),
        ("ABC", ["ABC-123 退貨"]),
        ("abc 退货", ["ABC-123 退貨"]),
        ("12", ["ABC-123 退貨"]),
        ("bc", []),
        ("' OR 1=1 --", []),
        ('"退款"', ["我要退款", "退款問題"]),
        ("!!!", []),
        ("退款*", ["我要退款", "退款問題"]),
        ("\\", []),
    ],
)
def test_search_finds_chinese_words_and_latin_ones_by_their_beginning(desk: Desk, q: str, found: list[str]) -> None:
    desk.store.write_sync(lambda tx: line(tx, desk.b, "ABC-123 退貨"))
    found_ = desk.ask(lambda tx: hits.search(tx, STAFF, Search(q)))["items"]
    assert sorted(hit["text"] for hit in found_) == sorted(found)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("ab-12", ["訂單 AB-12 到哪了"]),
        ("ＡＢ－１２", ["訂單 AB-12 到哪了"]),
        ("ab12", []),
        ("12-ab", []),
        ("C++", ["會用 C++ 嗎"]),
        ("「C++」？", ["會用 C++ 嗎"]),
        ("c++ 嗎", ["會用 C++ 嗎"]),
        ("😀", ["好的😀"]),
        ("好的 😀", ["好的😀"]),
        ("😡", []),
        ("a@b.tw", ["寄到 a@b.tw"]),
        ("b.tw", ["寄到 a@b.tw"]),
    ],
)
def test_signs_are_found_as_they_are_typed(desk: Desk, q: str, found: list[str]) -> None:
    for text in ("訂單 AB-12 到哪了", "12 個 ab 規格", "會用 C++ 嗎", "cat 的飼料", "好的😀", "寄到 a@b.tw"):
        desk.store.write_sync(lambda tx, text=text: line(tx, desk.b, text))
    found_ = desk.ask(lambda tx: hits.search(tx, STAFF, Search(q)))["items"]
    assert [hit["text"] for hit in found_] == found


@pytest.mark.parametrize("q", ["退款", "退款-7", "😀"])
def test_a_search_is_paged_to_its_end(desk: Desk, q: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hits, "STEP", 7)
    monkeypatch.setattr(hits, "MOST_STEPS", 2)
    for n in range(230):
        text = f"退款-7 第{n}次😀" if n % 3 else f"第{n}次"
        desk.store.write_sync(lambda tx, text=text: line(tx, desk.b, text))
    found: list[Any] = []
    cursor = None
    while True:
        page = desk.ask(lambda tx, at=cursor: hits.search(tx, STAFF, Search(q, 20, at)))
        found += [(hit["ticket"], hit["message"]) for hit in page["items"]]
        assert len(page["items"]) <= 20
        if (cursor := page["next"]) is None:
            break
    assert len(found) == len(set(found))
    assert len([one for one in found if one[1] is not None]) >= 153
    texts = desk.ask(lambda tx: [row["text"] for row in tx.rows(t.Message.select(t.Message.text))])
    assert len([text for text in texts if q in text]) == len([one for one in found if one[1] is not None])


def test_a_cursor_that_is_not_ours_is_refused(desk: Desk) -> None:
    with pytest.raises(BadCursor):
        desk.ask(lambda tx: hits.search(tx, STAFF, Search("退款", 20, "xyz")))


def test_a_changed_subject_and_name_are_found_by_the_new_words_only(desk: Desk) -> None:
    change(desk.store, 1, Set("ticket", 1, {"subject": "換貨"}), Set("member", desk.a, {"name": "王小明"}))
    change(desk.store, 1, Set("member", desk.a, {"name": "李大華"}))

    def subjects(q: str) -> list[int]:
        found_ = desk.ask(lambda tx: hits.search(tx, STAFF, Search(q)))["items"]
        return [hit["ticket"] for hit in found_ if hit["message"] is None]

    assert subjects("換貨") == [1] and subjects("退款問題") == []
    for q, count in (("大華", 1), ("小明", 0)):
        assert len(desk.ask(lambda tx, q=q: directory.members(tx, STAFF, Members(q=q)))["items"]) == count
