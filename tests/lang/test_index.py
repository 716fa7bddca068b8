"""The index against asking rule by rule: the same rules, in the same order, with the same failures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lang import RuleSet
from engine.lang.conjunctions import MOST_ROWS
from engine.lang.functions import moment
from engine.lang.index import Index
from engine.lang.patterns import compile_pattern
from engine.lang.required import required
from tests.lang.test_ruleset import rules_of
from tests.lang.world import REGIONS, STATES, TIERS, TYPES, Help

KEYS = ("message.received", "ticket.created")
STAGE = "housekeeping"
DEMO = "Asia/Taipei"


def agreed(
    rules: RuleSet,
    values: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
    shop: str | None = "demo",
    keys: tuple[str, ...] = KEYS,
) -> tuple[list[str], list[tuple[str, str]]]:
    """The rules the index gives and the failures it tells; fails unless asking rule by rule says exactly the same."""
    before = before or {}
    naive, indexed, door = Help(), Help(), Help()
    wanted = [rule.id for rule in rules.matching_naive(STAGE, keys, values, before, naive, shop)]
    candidates = [rule for rule in rules.asked(keys, shop) if rule.stage == STAGE]
    # The index by itself, whatever the number of rules: the door would hide that a lookup raised.
    index = Index(
        [rule.shape for rule in candidates], [rule.call for rule in candidates], [rule.unsure for rule in candidates]
    )
    places, raised = index.find(values.get, before.get, indexed)
    for place in sorted(raised):
        indexed.failed(candidates[place], raised[place])
    found = [candidates[place].id for place in places]
    odd = [rule for rule in candidates if (rule.id in wanted) is not (rule.id in found)]
    assert found == wanted, (dict(values), dict(before), [rule.span.text for rule in odd])
    assert indexed.failures == naive.failures, (dict(values), dict(before))
    assert [rule.id for rule in rules.matching(STAGE, keys, values, before, door, shop)] == wanted
    assert door.failures == naive.failures
    return wanted, naive.failures


# ---- random rules and events ---------------------------------------------------------------------------------------

WORDS = ["退款", "退貨", "退换", "refund", "Ab", "ab", "ＶＩＰ", "a", "3C", "款", "order no"]
PIECES = [
    "退款",
    "退換貨",
    "退貨",
    "REFUND",
    "refunds",
    "ａｂ",
    " ",
    "ab",
    "Abc",
    "K1",
    "笨蛋",
    "ſs1",
    "K",
    "款ss1",
    "b",
    "x",
]
PATTERNS = [
    "退(款|貨)",
    r"re\w+d",
    "REF(und)?",
    "^ab",
    "a?b+c*",
    "(款|ss|x)1",
    r"\d{2,}",
    "[款]",
    "K",
    "(?i)x",
    "a{0}b",
]
TIMES = [moment(DEMO, text) for text in ("2026-03-01 00:00", "2026-03-02 10:00", "2026-03-05 23:59")]
HOUR = 3_600_000_000


class Author:
    """Writes rules and events by chance, of every operator there is."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.one = self.random.choice
        compare, order = ["=", "!=", "<", "<=", ">", ">="], ["<", "<=", ">", ">="]
        numbers, lengths = ["0", "1", "2", "2.5", "3", "80%", "-1"], ["1h", "2h", "1d", "2d"]
        days = ['"2026-03-01"', '"2026-03-02"', '"2026-03-05"']
        number = ["ticket.amount", "ticket.reopened", "message.length"]
        text = ["message.text", "message.text", "ticket.product", "ticket.subject"]
        types, tiers = [f'"{name}"' for name in TYPES.values], list(TIERS.values)
        word = [f'"{word}"' for word in WORDS]
        some = "ticket.amount ticket.product ticket.region ticket.team ticket.closed_at ticket.waiting_for ticket.tags "
        some += "message.text member.birthday ticket.type"
        self.tests: list[tuple[Any, ...]] = [
            ("ticket.type =", types),
            ("ticket.type !=", types),
            ("ticket.type", ["in", "not in"], self.list_of(types)),
            ("ticket.region in", self.list_of(list(REGIONS.values))),
            ("ticket.state", ["=", "!="], list(STATES.values)),
            ("ticket.team", ["=", "!="], ["senior_care", "finance"]),
            ("member.tier", compare, tiers),
            (tiers, order, "member.tier"),
            (number, compare, numbers),
            (number, order, numbers, "and ticket.amount", order, numbers),
            (numbers, compare, number),
            ("ticket.amount", order, "setting.big"),
            ("ticket.amount * 2", order, numbers),
            ("double(ticket.amount)", order, numbers),
            ("between(ticket.amount, ticket.reopened)",),
            (["explode(ticket.amount)", "explode(ticket.reopened)"],),
            ("ticket.idle", order, lengths),
            ("ticket.waiting_for", compare, lengths),
            ("ticket.idle >", lengths, "business"),
            ("ticket.closed_at", compare, days),
            ("ticket.visit", compare, days),
            ("ticket.visit in", self.list_of(days)),
            ("member.birthday = date(now)",),
            (["now", "ticket.created_at"], ["in", "not in"], "hours office"),
            ("weekday in [mon, sunday]",),
            (text, ["=", "!="], word),
            (text, ["in", "not in"], self.list_of(word)),
            (text, ["contains", "contains exact", "starts with", "ends with"], word),
            (text, "contains", ["any", "all", "only", "exact any", "exact all", "exact only"], self.list_of(word)),
            (text, "contains any", ["rude", "refunds"]),
            (text, "matches", [f"/{pattern}/{flag}\n" for pattern in PATTERNS for flag in ("", "i")]),
            ("ticket.tags", ["has any", "has all"], self.list_of(["vip", "handled", "x"])),
            ("ticket.tags has", ["vip", "x"]),
            ("ticket.notes", ["has any", "has all"], self.list_of(word)),
            ("agent.skills has", ["orders", "refunds"]),
            (some.split(), ["is empty", "is set", "changed"]),
            ("ticket.type changed to", types),
            ("ticket.region changed from", ["empty", *REGIONS.values]),
            ("ticket.amount changed from", numbers, "to", numbers),
            ("member.is_guest",),
            ("message.automatic", ["=", "!="], ["true", "false"]),
            (["good", "mixed", "shaky", "worded"],),
            (["true", "false"],),
        ]

    def list_of(self, items: list[str]) -> Callable[[], str]:
        return lambda: f"[{', '.join(self.random.sample(items, self.random.randint(1, min(3, len(items)))))}]"

    def test(self) -> str:
        parts = [
            part() if callable(part) else part if isinstance(part, str) else self.one(part)
            for part in self.one(self.tests)
        ]
        return " ".join(parts)

    def condition(self, depth: int = 0) -> str:
        kind = self.random.random()
        if depth == 3 or kind < (0.25 if depth == 0 else 0.6):
            return self.test()
        if kind > 0.93:
            return f"not ({self.condition(depth + 1)})"
        parts = [f"({self.condition(depth + 1)})" for _ in range(self.random.randint(2, 4))]
        return (" and " if kind < 0.8 else " or ").join(parts)

    def rules(self, count: int) -> str:
        texts = []
        for number in range(count):
            header = self.one(["", "priority 5", "priority -2"])
            if self.random.random() < 0.1:
                header += self.one(
                    [' from "2026-03-02"', ' until "2026-03-01"', ' from "2026-03-01" until "2026-03-02"']
                )
            events = self.one(["message.received", "ticket.created, message.received", "ticket.created"])
            when = "" if self.random.random() < 0.03 else f"when {self.condition()}"
            texts.append(f"rule r{number} {header} on {events} {when} then stop")
        return "\n".join(texts)

    def event(self) -> dict[str, Any]:
        """Values as a desk has them: any may be empty or missing, and a word may be one the rulebook no longer has."""
        some: list[tuple[str, list[Any]]] = [
            ("ticket.type", [*TYPES.values, "of another time"]),
            ("ticket.region", [*REGIONS.values]),
            ("ticket.state", [*STATES.values]),
            ("ticket.team", ["senior_care", "finance"]),
            ("member.tier", [*TIERS.values, "of another time"]),
            ("weekday", ["mon", "sun"]),
            (
                "ticket.amount ticket.reopened message.length setting.big",
                [-1, 0, 1, 2, 3, Decimal("2.5"), Decimal("0.8"), Decimal(1)],
            ),
            ("ticket.idle ticket.waiting_for", [0, HOUR, 2 * HOUR, 24 * HOUR, 50 * HOUR]),
            ("ticket.closed_at ticket.created_at now", TIMES),
            ("ticket.visit member.birthday", ["2026-03-01", "2026-03-02", "2026-03-04"]),
            ("member.is_guest message.automatic", [True, False]),
        ]
        values = {name: self.one(each) for names, each in some for name in names.split()}
        for name in ("message.text", "ticket.product", "ticket.subject"):
            values[name] = "".join(self.one(PIECES) for _ in range(self.random.randint(0, 4)))
        for name, items in (
            ("ticket.tags", ["vip", "handled", "x"]),
            ("ticket.notes", ["退款", "REFUND", "AB", "vip"]),
            ("agent.skills", ["orders", "refunds"]),
        ):
            values[name] = tuple(self.random.sample(items, self.random.randint(0, 2)))
        for name in list(values):
            if self.random.random() < 0.12 and name != "now":
                values[name] = None
                if self.random.random() < 0.5:
                    del values[name]
        return values


SHARED = (
    'words rude = ["笨蛋", "款"]\nwords refunds = ["退款", "refund"]\n'
    "define good = member.tier >= gold\n"
    "define mixed = good or ticket.amount > 2 and not member.is_guest\n"
    "define shaky = explode(ticket.amount) or good\n"
    "define worded = message.text contains any rude and ticket.region is set\n"
)
OWN = 'words rude = ["退貨"]\ndefine good = member.tier >= silver\n'


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
@pytest.mark.slow
def test_the_index_answers_as_asking_rule_by_rule(seed: int) -> None:
    author = Author(seed)
    rules = rules_of(SHARED + author.rules(25), ("shops/demo/own.rules", OWN + author.rules(10)))
    for _ in range(8):
        values, before = author.event(), author.one([{}, author.event()])
        for shop in ("demo", "other", None):
            agreed(rules, values, before, shop)
        agreed(rules, values, before, "other", ("ticket.created",))


def test_many_rules_share_fields_words_ranges_and_tests() -> None:
    """Enough rules of a kind that each way of filing them is used: sets of fields, lists of words, tests of many rules,
    values in order and ranges within each other."""
    author = Author(7)
    rules: list[str] = []
    types = [f'"{name}"' for name in TYPES.values]
    for n in range(60):
        tail = author.one(["", " and member.is_guest", " and not ticket.tags has vip", " and ticket.product is set"])
        rules += [
            f"ticket.type = {author.one(types)} and member.tier >= {author.one(TIERS.values)}{tail}",
            f"ticket.region = {author.one(REGIONS.values)} and message.text contains any refunds{tail}",
            f"ticket.type in [{', '.join(author.random.sample(types, 3))}] and ticket.amount > {n / 10}{tail}",
            f"ticket.amount >= {n / 10} and ticket.amount < {n / 10 + 0.2}{tail}",
            f"ticket.reopened > {-n / 10} and ticket.reopened <= {n / 10}{tail}",
            f"ticket.waiting_for <= {n}h and message.text matches /re{'f' * (n % 3)}/i\n{tail}",
            f"message.text contains any [w{n}, rude{n % 5}]{tail}" if n % 2 else f"ticket.tags has any [x, t{n}]{tail}",
        ]
    texts = [f"rule r{number} on message.received when {text} then stop" for number, text in enumerate(rules)]
    made = rules_of(SHARED + "\n".join(texts))
    most = 0
    for _ in range(150):
        matched, failures = agreed(made, author.event(), author.event())
        most = max(most, len(matched))
        assert failures == []
    assert most > 20


# ---- what has to be so ---------------------------------------------------------------------------------------------


def test_a_condition_that_explodes_stays_one_test() -> None:
    each = [f"(ticket.amount = {n} or ticket.reopened = {n} or message.length = {n})" for n in range(12)]
    rules = rules_of(f"rule a on message.received when {' and '.join(each)} and ticket.type = 退換貨 then stop")
    found = rules.rules[0].shape
    assert len(found.rows) <= MOST_ROWS
    assert all(any(literal.slot == "value:ticket.type" for literal in row) for row in found.rows)


def test_definitions_that_use_the_former_twice_are_no_trap() -> None:
    lines = ["define d0 = ticket.amount > 1 or member.is_guest"]
    lines += [f"define d{n} = d{n - 1} and d{n - 1} or not d{n - 1}" for n in range(1, 30)]
    rules = rules_of("\n".join(lines) + "\nrule a on message.received when d29 then stop")
    agreed(rules, {"ticket.amount": 2})


def test_a_value_of_a_wrong_type_is_left_to_each_rule() -> None:
    texts = [f"rule r{n} on message.received when ticket.amount > {n} then stop" for n in range(9)]
    rules = rules_of("\n".join(texts) + "\nrule z on message.received when ticket.type = 退換貨 then stop")
    helpers = Help()
    values = {"ticket.amount": "many", "ticket.type": "退換貨"}
    found = rules.matching(STAGE, KEYS, values, {}, helpers, "demo")
    assert [rule.id for rule in found] == ["z"]
    assert [rule for rule, _ in helpers.failures] == [f"r{n}" for n in range(9)]


def test_what_may_raise_is_asked_only_where_it_counts() -> None:
    rules = rules_of(
        "rule a on message.received when explode(ticket.amount) and ticket.type = 退換貨 then stop\n"
        "rule b on message.received when explode(ticket.amount) or ticket.type = 退換貨 then stop"
    )
    assert agreed(rules, {"ticket.amount": 1, "ticket.type": "其他"}) == ([], [("b", "cannot do 1")])
    assert agreed(rules, {"ticket.amount": 1, "ticket.type": "退換貨"}) == (["b"], [("a", "cannot do 1")])


def test_threads_may_share_it() -> None:
    author = Author(11)
    rules = rules_of(SHARED + author.rules(40))
    events = [author.event() for _ in range(40)]
    wanted = [[rule.id for rule in rules.matching_naive(STAGE, KEYS, one, {}, Help(), "demo")] for one in events]
    wrong: list[Any] = []

    def run() -> None:
        for one, names in zip(events, wanted, strict=True):
            found = [rule.id for rule in rules.matching(STAGE, KEYS, one, {}, Help(), "demo")]
            if found != names:
                wrong.append((one, found, names))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# ---- required strings of patterns ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "ignore_case", "wanted"),
    [
        ("退款", False, ("退款",)),
        ("退(款|貨)", False, ("退",)),
        ("(?:refund|退款)s?", False, ("refund", "退款")),
        (r"order\s+no\.?\d", False, ("order",)),
        ("ab+cde", False, ("cde",)),
        ("ab?", False, ("a",)),
        ("a{2}bc", False, ("bc",)),
        (r"https?:\/\/", False, ("http",)),
        (r"[[:alpha:]]x", False, ("x",)),
        ("[]x]y", False, ("y",)),
        ("a|b*", False, None),
        ("(abc)?", False, None),
        ("(?i)abc", False, None),
        (r"\pL退", False, None),
        (r"\x41", False, None),
        ("Refund", True, ("refund",)),
        ("class", True, ("cla",)),
        ("ÀBC退款", True, ("bc退款",)),
        ("ss", True, None),
    ],
)
def test_required_strings(pattern: str, ignore_case: bool, wanted: tuple[str, ...] | None) -> None:
    assert required(pattern, ignore_case) == wanted


PIECE = st.sampled_from(
    ["a", "B", "s", "K", "款", r"\d", ".", "[ab]", "(a|款)", "(bK)", "a+", "b?", "K*", "s{2}", "(ab){0,1}", r"\."]
)
PATTERN = st.lists(st.lists(PIECE, min_size=1, max_size=4).map("".join), min_size=1, max_size=3).map("|".join)
TEXT = st.text(alphabet="aAbBsSſkKK款x1.", max_size=10)


@settings(max_examples=400, deadline=None)
@given(PATTERN, st.booleans(), st.lists(TEXT, min_size=5, max_size=20))
def test_a_required_string_stands_in_every_text_the_pattern_is_found_in(
    pattern: str, ignore_case: bool, texts: list[str]
) -> None:
    found = required(pattern, ignore_case)
    search = compile_pattern(pattern, ignore_case).search
    for text in texts:
        if found is not None and search(text) is not None:
            assert any(one in (text.lower() if ignore_case else text) for one in found)
