"""An edit is built from what the rulebook before knew: it must give what building everything anew gives."""

from __future__ import annotations

from random import Random

import pytest

from engine.core.building import build
from engine.core.rulebook import Rulebook
from tests.core.desk import FILES as DESK

FILES = {
    **DESK,
    "terms.rules": """words refund = ["退款", "退貨"]
words rude from "words/rude.txt"
define vip = member.tier >= gold
""",
    "words/rude.txt": "笨蛋\n",
    "settings.yaml": "big: 500\npatience: 2h\nhello: 您好\n",
    "money.rules": """stage classify
define large = ticket.amount > setting.big
rule costly
  on ticket.created
  when large
  then raise ticket.priority to high
""",
    "calls.rules": """stage respond
rule greeted
  on ticket.created
  when large or member.tier = basic
  then
    reply "{setting.hello} {member.name}"
    start timer again for setting.patience
""",
    "a.rules": """stage classify
rule one
  on message.received
  when vip and message.text contains any refund
  then add tag refund
rule two
  on message.received
  when message.text contains any rude
  then add tag rude
""",
    "b.rules": """stage respond
rule three
  on ticket.created
  when vip
  then raise ticket.priority to high
rule four
  on ticket.created
  when member.tier = basic and member.tier >= gold
  then raise ticket.priority to urgent
""",
}

EDITS: list[tuple[str, str, str]] = [
    ("a.rules", "rule two", "rule zwei"),
    ("a.rules", "rule zwei", "rule three"),
    ("a.rules", "rule three", "rule two"),
    ("a.rules", "vip and", "not vip and"),
    ("a.rules", "not vip and", "vip and"),
    ("a.rules", "stage classify", "# moved\nstage classify"),
    ("a.rules", "contains any rude", "contains any rud"),
    ("a.rules", "contains any rud\n", "contains any rude\n"),
    ("b.rules", "member.tier = basic and ", ""),
    ("b.rules", "when vip", "when vip and vip"),
    ("b.rules", "when vip and vip", "when vip"),
    ("b.rules", "then raise ticket.priority to high", "then raise ticket.priority"),
    ("b.rules", "then raise ticket.priority\n", "then raise ticket.priority to high\n"),
    ("terms.rules", "define vip = member.tier >= gold", "define vip = member.tier >= basic"),
    ("terms.rules", "define vip = member.tier >= basic", "define vip = member.tier >= gold"),
    ("terms.rules", "words refund", "\n\nwords refund"),
    ("terms.rules", 'words refund = ["退款", "退貨"]', 'words refund = ["退款", "退款"]'),
    ("terms.rules", "define vip", "define very_vip = vip\ndefine vip"),
    ("words/rude.txt", "笨蛋", "笨蛋\n白痴"),
    ("settings.yaml", "big: 500", "big: 900"),
    ("settings.yaml", "big: 900", "big: 500"),
    ("settings.yaml", "2h", "3h"),
    ("settings.yaml", "3h", "many"),
    ("settings.yaml", "many", "2h"),
    ("settings.yaml", "您好", "哈囉"),
    ("settings.yaml", "哈囉", "您好"),
    ("teams.yaml", "label: Care", "label: Carers"),
]


def edited(files: dict[str, str], random: Random) -> dict[str, str]:
    """One edit that fits; a shop's own file comes and goes as well."""
    fitting = [(path, old, new) for path, old, new in EDITS if old in files.get(path, "")]
    path, old, new = random.choice(fitting)
    after = {**files, path: files[path].replace(old, new, 1)}
    if random.random() < 0.25:
        own = "shops/demo/words/rude.txt"
        if after.pop(own, None) is None:
            after[own] = "豬頭\n"
    if random.random() < 0.3:
        own = "shops/demo/settings.yaml"
        if after.pop(own, None) is None:
            after[own] = random.choice(["big: 700\n", "patience: 1h\n", "hello: 嗨\n", "big: 500\n"])
    if random.random() < 0.15:
        own = "shops/demo/own.rules"
        if after.pop(own, None) is None:
            after[own] = "define vip = member.tier = basic\n"
    return after


def told(findings: list) -> list:
    return [finding.as_dict() for finding in findings]


def meant(book: Rulebook | None) -> object:
    """Everything a rule set is: what each rule asks, where it stands, what it does."""
    if book is None:
        return None
    return [
        (
            (rule.id, rule.variant, rule.file, rule.line, rule.stage, rule.priority, rule.events, rule.reads),
            (rule.source, rule.condition and rule.condition.tree, rule.actions),
        )
        for rule in book.rules.rules
    ]


@pytest.mark.parametrize("seed", range(12))
def test_edit_by_edit_is_the_same_as_all_at_once(seed: int) -> None:
    random = Random(seed)
    files = dict(FILES)
    book, found = build(files)
    assert book is not None, told(found)
    seen = 0
    for _ in range(25):
        files = edited(files, random)
        step, findings = build(files, previous=book)
        whole, wanted = build(files)
        assert told(findings) == told(wanted)
        assert meant(step) == meant(whole)
        seen += len(findings)
        book = step or book
    assert seen


def test_what_an_edit_leaves_alone_is_not_made_again() -> None:
    book, _ = build(FILES)
    assert book is not None
    after, _ = build({**FILES, "b.rules": FILES["b.rules"].replace("rule three", "rule drei")}, previous=book)
    assert after is not None
    before = {rule.id: rule for rule in book.rules.rules}
    same = [rule.id for rule in after.rules.rules if before.get(rule.id) is rule]
    assert set(same) == {"one", "two", "greeted", "costly"}
    assert after.environment is book.environment
    assert after.workings.kept is not None and after.workings.kept.earlier is None


def test_another_value_of_a_setting_remakes_what_names_it_alone() -> None:
    book, _ = build(FILES)
    assert book is not None
    for path, text, remade in [
        ("settings.yaml", FILES["settings.yaml"].replace("500", "900"), {"costly", "greeted"}),
        ("settings.yaml", FILES["settings.yaml"].replace("2h", "3h"), {"greeted"}),
        ("settings.yaml", FILES["settings.yaml"].replace("您好", "哈囉"), {"greeted"}),
        ("shops/demo/settings.yaml", "big: 900", {"costly", "greeted"}),
    ]:
        after, _ = build({**FILES, path: text}, previous=book)
        assert after is not None
        before = {rule.id: rule for rule in book.rules.rules if rule.variant is None}
        assert {rule.id for rule in after.rules.rules if before.get(rule.id) is not rule} == remade, path
        assert {rule.name for rule in after.rules.rules if rule.variant == "demo"} == (
            {"costly", "greeted"} if path.startswith("shops/") else set()
        )


def test_a_label_leaves_every_rule_as_it_is() -> None:
    book, _ = build(FILES)
    assert book is not None
    after, _ = build({**FILES, "teams.yaml": FILES["teams.yaml"] + "# a comment\n"}, previous=book)
    assert after is not None and after is not book
    assert [id(rule) for rule in after.rules.rules] == [id(rule) for rule in book.rules.rules]
