"""Compiled rules on disk: what comes back does what was kept, and what is not ours is not taken."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from engine.lang import Environment, Finding, Function, Source, check, compile_rules, parse
from engine.lang import cache as stored
from engine.lang.checked import Checked
from engine.lang.ruleset import RuleSet
from engine.lang.stored import BadData, Reader, Writer
from engine.lang.types import NUMBER
from tests.lang.test_index import KEYS, OWN, SHARED, STAGE, Author
from tests.lang.world import Help, world

Kept = tuple[Environment, dict[str, str], Checked, RuleSet]

ACTIONS = (
    "set ticket.amount to ticket.amount * 2\nraise ticket.priority to high\nmask rude\n"
    'reply "您好 {member.name | default(\\"x\\")} {setting.big | number}" after 10s\nnotify agent ticket.assignee "x"\n'
    "start timer t for 3d business\nroute to team finance with skill orders by least_busy\n"
    "do shop.coupon(amount: ticket.amount)"
)


def kept(seed: int = 3) -> Kept:
    """Rules of every kind, shared and a shop's own, compiled from their texts."""
    author = Author(seed)
    texts = {
        "a.rules": SHARED + author.rules(60),
        "shops/demo/own.rules": OWN + author.rules(20),
        "b.rules": f"rule acts limit 3 per 1d per member owner lin on message.received then {ACTIONS}\n"
        "rule waits on chat.agent_silent after 2m then stop\n",
    }
    texts["b.rules"] = texts["b.rules"].replace("owner lin", 'owner "lin"')
    return made(texts, world())


def made(texts: dict[str, str], environment: Environment) -> Kept:
    parsed = [parse(Source(path, text))[0] for path, text in texts.items()]
    checked, findings = check(parsed, environment, texts)
    assert [found.message for found in findings if found.severity.value == "error"] == []
    return environment, texts, checked, compile_rules(checked, environment)


def saved(folder: Path, found: Kept, findings: tuple[Finding, ...] = ()) -> Path:
    environment, _, checked, rules = found
    assert stored.save(folder, "digest", environment, checked, rules, findings)
    (file,) = folder.glob("*.rules.json")
    return file


def loaded(folder: Path, found: Kept) -> stored.Loaded | None:
    return stored.load(folder, "digest", found[0], found[1])


def test_what_comes_back_does_what_was_kept(tmp_path: Path) -> None:
    found = kept()
    _, texts, checked, rules = found
    finding = Finding("unused-words", "`rude`", rules.rules[0].span, hint="x")
    saved(tmp_path, found, (finding,))
    back = loaded(tmp_path, found)
    assert back is not None
    assert back.findings == (finding,)
    assert back.words == checked.words
    assert {name: one.key for name, one in back.definitions.items()} == {
        name: one.key for name, one in checked.definitions.items()
    }
    assert (back.rules.stages, back.rules.after("chat.agent_silent")) == (rules.stages, (120_000_000,))
    assert back.rules.reads(KEYS) == rules.reads(KEYS)
    author, matched = Author(5), 0
    for _ in range(60):
        values, before = author.event(), author.event()
        for shop in ("demo", "other"):
            ours, theirs = Help(), Help()
            wanted = rules.matching(STAGE, KEYS, values, before, ours, shop)
            got = back.rules.matching(STAGE, KEYS, values, before, theirs, shop)
            assert [rule.id for rule in got] == [rule.id for rule in wanted]
            assert theirs.failures == ours.failures
            naive = back.rules.matching_naive(STAGE, KEYS, values, before, Help(), shop)
            assert [rule.id for rule in naive] == [rule.id for rule in wanted]
            for one, other in zip(got, wanted, strict=True):
                mine, yours = (rule.effects(values, before, Help()) for rule in (one, other))
                assert [effect[1:] for effect in mine] == [effect[1:] for effect in yours]  # all but the rule itself
            matched += len(wanted)
    assert matched > 500
    for one, other in zip(back.rules.rules, rules.rules, strict=True):
        for (
            name
        ) in "id name title file line span stage priority owner note shop starts ends limit events reads".split():
            assert getattr(one, name) == getattr(other, name)
        assert (one.names_automatic, one.variant) == (other.names_automatic, other.variant)
        assert (one.actions, one.source) == (other.actions, other.source)
        if other.condition is not None:
            assert one.condition is not None
            assert one.condition.reads == other.condition.reads
            # Definitions are compared as the objects they are, so trees are compared as they are written.
            assert Writer().write(one.condition.tree) == Writer().write(other.condition.tree)
            assert one.shape.rows == other.shape.rows
    assert texts["a.rules"][back.rules.rules[0].span.start :].startswith("rule")


def test_another_rule_set_is_not_taken(tmp_path: Path) -> None:
    found = kept()
    environment, texts, _, _ = found
    file = saved(tmp_path, found)
    assert stored.load(tmp_path, "another", environment, texts) is None
    assert stored.load(tmp_path / "nowhere", "digest", environment, texts) is None
    takes_more = dict(environment.functions)
    takes_more["double"] = Function("double", (NUMBER, NUMBER), NUMBER, lambda one, two: one)
    assert stored.load(tmp_path, "digest", world(functions=takes_more), texts) is None
    assert stored.load(tmp_path, "digest", world(setting_values={"big": 1}), texts) is None
    assert stored.load(tmp_path, "digest", environment, {}) is None
    # A file that was renamed to look like it.
    other = stored.key("another", environment)
    file.rename(tmp_path / f"{other}.rules.json")
    assert stored.load(tmp_path, "another", environment, texts) is None


@pytest.mark.parametrize("cut", [0, 1, 40, 200, 2_000, -1])
def test_half_a_file_is_not_taken(tmp_path: Path, cut: int) -> None:
    found = kept()
    file = saved(tmp_path, found)
    file.write_bytes(file.read_bytes()[:cut])
    assert loaded(tmp_path, found) is None


def test_a_damaged_file_is_not_taken(tmp_path: Path) -> None:
    found = kept()
    file = saved(tmp_path, found)
    whole = file.read_bytes()
    for at in range(0, len(whole), len(whole) // 50):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert loaded(tmp_path, found) is None, at
    file.write_bytes(b"\xff\xfe" + whole)
    assert loaded(tmp_path, found) is None


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    environment, _, checked, rules = kept()
    (tmp_path / "file").write_text("x")
    assert not stored.save(tmp_path / "file", "digest", environment, checked, rules)


def test_old_ones_are_forgotten(tmp_path: Path) -> None:
    environment, texts, checked, rules = kept()
    for number in range(4):
        assert stored.save(tmp_path, str(number), environment, checked, rules)
    stored.forget(tmp_path, 2)
    assert len(list(tmp_path.iterdir())) == 2
    assert stored.load(tmp_path, "3", environment, texts) is not None


def forged(file: Path, change: dict[str, str]) -> None:
    """Changes a file as somebody would who knows how it is made: the checksum is right again."""
    head, content = file.read_bytes().split(b"\n", 1)
    for old, new in change.items():
        assert len(old) == len(new)
        assert old.encode() in content
        content = content.replace(old.encode(), new.encode())
    told: dict[str, Any] = json.loads(head)
    told["sha256"] = hashlib.sha256(content).hexdigest()
    file.write_bytes(json.dumps(told, separators=(",", ":")).encode() + b"\n" + content)


def test_what_is_forged_is_not_run(tmp_path: Path) -> None:
    """`mode` of `has any` becomes part of generated code; nothing but its own words is taken there."""
    found = made(
        {"a.rules": "rule a on message.received when ticket.notes has any [ticket.subject, x] then stop"}, world()
    )
    file = saved(tmp_path, found)
    forged(file, {'"any"': '"g()"'})
    back = loaded(tmp_path, found)
    assert back is not None
    helpers = Help()
    assert back.rules.matching(STAGE, KEYS, {"ticket.notes": ("x",)}, {}, helpers, None) == []
    assert [rule for rule, _ in helpers.failures] == ["a"]
    assert "not a part of a ListHas" in helpers.failures[0][1]


@pytest.mark.parametrize(
    "data",
    [
        ["Nothing"],
        ["Nothing", ["S", 0, 5, 2]],
        ["Nothing", ["S", 7, 0, 1]],
        ["Always", ["S", 0, 0, 1], 1],
        ["Length", ["S", 0, 0, 1], ["Duration", "1", None, False, None], ["Type", "duration", None, None, None]],
        ["Const", ["S", 0, 0, 1], 1, ["Type", "code", None, None, None]],
        ["Comparison", ["S", 0, 0, 1], "=", 1, 2, None],
        ["Source", "x", "y"],
        ["Defined", ["S", 0, 0, 1], "x", "x", None, None],
        ["F", "system(text)"],
        ["W", 3],
        ["R", "x"],
        [],
    ],
)
def test_data_that_does_not_fit_is_refused(data: Any) -> None:
    tables = {"paths": ["a"], "lists": [], "enums": [], "functions": [], "definitions": {}}
    with pytest.raises(BadData):
        Reader(tables, world(), {"a": "some text"}).read(data)
