"""Cases that open cases: a row without end is told of, one that ends is not."""

from __future__ import annotations

import pytest

from tests.findings.desk import found_in

WORK = """kind: work_order
initial: 待處理
states:
  待處理: {category: open}
  已關閉: {category: closed}
transitions:
  - {trigger: close, from: 待處理, to: 已關閉}
"""
RULE = "rule {name}\n  stage respond\n  {limit}on ticket.created\n  {when}then open {kind}\n"


def rule(kind: str, when: str = "", name: str = "again", limit: str = "") -> str:
    return RULE.format(
        name=name, kind=kind, when=f"when {when}\n  " if when else "", limit=f"limit {limit}\n  " if limit else ""
    )


def loops(*rules: str) -> list[str]:
    files = {"lifecycles/work.yaml": WORK, "shown.rules": "\n".join(rules)}
    return [f"{f.code}: {f.message}" for f in found_in(files) if f.code == "rule-loop"]


@pytest.mark.parametrize(
    "text",
    [
        rule("inquiry"),
        rule("work_order", "ticket.kind in [inquiry, work_order]"),
        rule("work_order", "member.tier >= gold"),
        rule("inquiry", limit="once per ticket"),
    ],
)
def test_a_case_that_opens_its_like(text: str) -> None:
    assert loops(text) == ["rule-loop: `again` opens cases that it takes again, without end"]


def test_two_that_open_each_others() -> None:
    there = rule("work_order", "ticket.kind = inquiry", "there")
    back = rule("inquiry", "ticket.kind = work_order", "back")
    assert loops(there, back) == ["rule-loop: `there` and `back` open cases that they take again, without end"]


@pytest.mark.parametrize(
    "text",
    [
        rule("work_order", "ticket.kind = inquiry"),
        rule("inquiry", limit="once per member"),
        rule("work_order", 'message.text contains "維修"'),
    ],
)
def test_what_ends(text: str) -> None:
    assert loops(text) == []
