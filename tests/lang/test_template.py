"""Templates: fields and filters in, text out, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.lang import Source, Template, compile_template
from engine.lang.functions import moment
from tests.lang.world import DAY, HOUR, world

VALUES: dict[str, Any] = {
    "member.name": "王小明",
    "ticket.amount": Decimal("1234567.50"),
    "ticket.number": 234,
    "now": moment("Asia/Taipei", "2026-03-02 09:05"),
    "ticket.visit": "2026-03-04",
    "ticket.idle": 2 * DAY + 3 * HOUR + 1,
    "ticket.tags": ("vip", "急"),
    "member.is_guest": False,
    "message.text": "{member.name} {{ config }}",
}


def template_of(text: str) -> Template:
    template, findings = compile_template(text, Source("t", text).span(0, len(text)), world())
    assert template is not None, findings
    return template


@pytest.mark.parametrize(
    ("text", "locale", "shown"),
    [
        ("{member.name} 您好", "zh-TW", "王小明 您好"),
        ('{ticket.product}|{ticket.product | default("-")}', "en", "|-"),
        ('{member.name | default("朋友")}', "en", "王小明"),
        ("{member.name | mask}", "en", "王**"),
        ('{ticket.product | mask | default("none")}', "en", "none"),
        ("{ticket.amount}", "en", "1234567.5"),
        ("{ticket.amount | number}", "en", "1,234,567.50"),
        ("{ticket.number|number}", "en", "234"),
        ("{now}", "en", "2026-03-02 09:05"),
        ("{now | date}", "en", "2026-03-02"),
        ("{now | date}", "zh-TW", "2026年3月2日"),
        ("{ticket.visit | date}", "zh-CN", "2026年3月4日"),
        ("{ticket.idle}", "zh-TW", "2 天 3 小時"),
        ("{ticket.idle}", "zh-CN", "2 天 3 小时"),
        ("{ticket.idle}", "en", "2d 3h"),
        ("{ticket.tags}", "zh-TW", "vip、急"),
        ("{ticket.tags}", "en", "vip, 急"),
        ("{member.is_guest}", "zh-TW", "否"),
        ("{setting.big}", "en", "5000"),
        *((text, "en", text) for text in ("{ x } {} {1}", "{{ config }}", "{% import os %} ${7*7}", '{"a": 1}')),
        ("{message.text}", "en", "{member.name} {{ config }}"),
        ("{{member.name}}", "en", "{王小明}"),
    ],
)
def test_render(text: str, locale: str, shown: str) -> None:
    assert template_of(text).render(VALUES, locale, "Asia/Taipei") == shown


def test_reads_leave_settings_out() -> None:
    assert template_of("{member.name} {setting.big} {now}").reads == {"member.name", "now"}


@pytest.mark.parametrize(
    ("text", "code", "underlined"),
    [
        ("Dear {member.nam}!", "unknown-field", "member.nam"),
        ("{__class__}", "unknown-field", "__class__"),
        ("{member.name.__class__}", "unknown-field", "member.name.__class__"),
        ("{member.name | upper}", "unknown-function", "upper"),
        ('{member.name | mask("x")}', "wrong-arity", "mask"),
        ("{member.name | date}", "type-mismatch", "date"),
        ("{member.name", "syntax-error", "{member.name"),
        ("{member.name | }", "syntax-error", "{member.name"),
        ("{timer.name}", "template-field-not-available", "timer.name"),
    ],
)
def test_wrong(text: str, code: str, underlined: str) -> None:
    template, findings = compile_template(text, Source("t", text).span(0, len(text)), world(), ("member", "ticket"))
    assert template is None
    assert [(found.code, found.span.text) for found in findings] == [(code, underlined)]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("王小明", "王**"),
        ("0912345678", "******5678"),
        ("ming@shop.example", "m***@shop.example"),
        ("李", "李*"),
        ("", ""),
    ],
)
def test_mask(text: str, masked: str) -> None:
    from engine.lang.template import mask

    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "{member.name} 您好",
        '{member.name | default("您")}，{now | date}',
        r'{member.name | default("a \"b\" \\ c")}',
        "訂單 {ticket.amount | mask}{ticket.tags}",
        "{ not a field }",
    ],
)
def test_a_text_is_told_as_it_is_written(text: str) -> None:
    assert template_of(text).written == text
