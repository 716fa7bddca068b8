"""A shop's own settings: looked up there first, in the types the shared file declares, wherever a rule or a condition
names one."""

from __future__ import annotations

import random

import pytest

from engine.core.asking import helpers_of
from engine.core.commands import RateTicket
from engine.core.entities import HOUR, MINUTE
from engine.core.errors import Refused
from engine.core.rulebook import Rulebook
from tests.core.desk import Stage, acted, at, book_of, built, clock_of, errors_of, files

SETTINGS = """
patience: 2h
big: 100
promo: true
greeting: Welcome
share: 80%
vips: [gold]
short_text: {type: text, value: 30m}
"""


def shops(rules: str, own: str, **more: str) -> Rulebook:
    """The small desk with these rules, where shop demo has settings of its own and shop other has none."""
    return built({**files(rules, settings=SETTINGS, **more), "shops/demo/settings.yaml": own})


def in_each(rules: str, own: str, **more: str) -> tuple[Stage, Stage]:
    """A stage in the shop with its own settings and one in the other."""
    book = shops(rules, own, **more)
    return Stage(book), Stage(book, shop="other")


def test_a_shared_rule_has_the_shops_own_values() -> None:
    rules = """
        stage classify
        define large = ticket.amount > setting.big
        rule direct on ticket.created when ticket.amount > setting.big then add tag direct
        rule defined on ticket.created when large then add tag defined
        rule summed on ticket.created when ticket.amount > setting.big + 1 then add tag summed
        rule promoted on ticket.created when setting.promo then add tag promoted
        rule set_to on ticket.created then set ticket.amount to setting.big
    """
    demo, other = in_each(rules, "big: 500\npromo: false")
    assert acted(demo.says(values={"fields.amount": 200})) == ["set_to"]
    assert acted(other.says(values={"fields.amount": 200})) == ["defined", "direct", "promoted", "set_to", "summed"]
    assert (demo.ticket.fields["amount"], other.ticket.fields["amount"]) == (500, 100)


def test_durations_of_timers_limits_silences_and_schedules_are_the_shops() -> None:
    rules = """
        stage classify
        rule timer on ticket.created then start timer soon for setting.patience
        rule often limit once per setting.patience per ticket on message.received then add tag x
        rule wait on every setting.patience for each ticket then add tag waited
        rule breach on sla.breached after setting.patience then add tag late
    """
    demo, other = in_each(rules, "patience: 30m")
    for stage, wanted in ((demo, 30 * MINUTE), (other, 2 * HOUR)):
        stage.says()
        timer = stage.world.timers[stage.ticket.id, "rule:soon"]
        assert timer.due_at - at("2026-03-02 10:00") == wanted
    assert [event.key for event in demo.book.schedules("demo")] == ["every 30m for each ticket"]
    assert [event.key for event in demo.book.schedules("other")] == ["every 2h for each ticket"]
    fired = [d for d in demo.until("2026-03-02 11:00") if d.root.startswith("every ")]
    assert [clock_of(d.snapshot["now"]) for d in fired] == ["2026-03-02 10:30", "2026-03-02 11:00"]
    assert "often" in acted(demo.says()), "an hour has passed, half an hour is asked for"
    other.until("2026-03-02 11:00")
    assert "often" not in acted(other.says())


def test_each_shop_waits_as_long_as_its_own_rules_say() -> None:
    rules = """
        rule late on sla.breached after setting.patience then add tag late
        rule alone on chat.waiting after setting.patience then add tag alone
    """
    demo, other = in_each(rules, "patience: 30m")
    for stage, minutes in ((demo, 30), (other, 120)):
        stage.says()
        stage.until("2026-03-05 20:00")
        waited = {record.body["after"] for record in stage.records("sla.breached") if "after" in record.body}
        assert waited == {minutes * 60}, "what the other shop waits for is nothing here"
    assert demo.book.rules.after("chat.waiting") == (30 * MINUTE, 2 * HOUR)
    assert demo.book.rules.after("chat.waiting", "demo") == (30 * MINUTE,)
    assert demo.book.rules.after("chat.waiting", "other") == (2 * HOUR,)


def test_texts_policies_and_guards_of_yaml_have_them_too() -> None:
    sla = """
- name: long
  when: ticket.amount > setting.big
  targets: {first_reply: 8h}
- name: standard
  targets: {first_reply: 4h}
"""
    rules = """
        rule hello on ticket.created then reply "{setting.greeting}, {member.name}"
        rule shown on ticket.created then reply template greet
    """
    templates = 'greet: {zh-TW: "{setting.greeting}!", en: "{setting.greeting}!"}'
    demo, other = in_each(rules, "greeting: 歡迎\nbig: 500", templates__greet=templates, sla=sla)
    said = [
        [reply.text for reply in stage.says(values={"fields.amount": 200}).replies] for stage in (demo, other)
    ]  # fmt: skip
    assert said == [["歡迎, 小明", "歡迎!"], ["Welcome, 小明", "Welcome!"]]
    clocks = [stage.world.clocks[stage.ticket.id]["first_reply"].policy for stage in (demo, other)]
    assert clocks == ["standard", "long"]


def test_a_shops_own_rules_and_definitions_see_them() -> None:
    texts = files("define large = ticket.amount > setting.big", settings=SETTINGS)
    texts["shops/demo/settings.yaml"] = "big: 500"
    texts["shops/demo/own.rules"] = "stage classify rule mine on ticket.created when large then add tag mine"
    texts["shops/other/own.rules"] = "stage classify rule ours on ticket.created when large then add tag ours"
    book = built(texts)
    found = [acted(Stage(book, shop=shop).says(values={"fields.amount": 200})) for shop in ("demo", "other")]
    assert found == [[], ["other/ours"]]


def test_the_index_gives_what_asking_each_rule_gives_in_every_shop() -> None:
    rules = "stage classify\n" + "\n".join(
        f"rule r{n} on ticket.created when ticket.amount {op} setting.big{plus} then add tag t{n}"
        for n, (op, plus) in enumerate(
            (op, plus) for op in (">", ">=", "<", "<=", "=", "!=") for plus in ("", " + 1", " * 2")
        )
    )
    book = shops(rules, "big: 500")
    chance = random.Random(2)
    seen = set()
    for _ in range(200):
        shop = chance.choice(["demo", "other"])
        helpers = helpers_of(book, shop, None)
        values = {
            "ticket.amount": chance.choice([None, 50, 100, 101, 200, 500, 501, 700, 1000]),
            "now": at("2026-03-02"),
        }
        args = ("classify", {"ticket.created"}, values, {}, helpers, shop)
        found = [rule.id for rule in book.rules.matching(*args)]
        assert found == [rule.id for rule in book.rules.matching_naive(*args)]
        seen.add((shop, tuple(found)))
    assert len(seen) > 10


@pytest.mark.parametrize(
    ("own", "code", "word", "hint"),
    [
        ("bgi: 500", "unknown-key", "bgi", "did you mean `big`?"),
        ("something_else: 1", "unknown-key", "something_else", "declare it in the shared settings.yaml first"),
        ("big: many", "type-mismatch", "many", None),
        ("big: {value: many}", "type-mismatch", "many", None),
        ("big: true", "type-mismatch", "true", None),
        ("patience: 500", "type-mismatch", "500", None),
        ("promo: 30m", "type-mismatch", "30m", None),
        ("vips: gold", "type-mismatch", "gold", None),
        ("big: {value: 5, typ: number}", "unknown-key", "typ", None),
    ],
)
def test_a_value_without_a_shared_setting_or_of_another_type_is_wrong(
    own: str, code: str, word: str, hint: str | None
) -> None:
    (finding,) = errors_of({**files(settings=SETTINGS), "shops/demo/settings.yaml": own})
    assert (finding.code, finding.span.source.path, finding.span.text) == (code, "shops/demo/settings.yaml", word)
    if hint is not None:
        assert finding.hint == hint


def test_types_are_those_of_the_shared_file() -> None:
    own = "share: 90%\nshort_text: 45m\nvips: [gold, silver]\npatience: {value: 45m, label: {en: Patience}}\nbig: 12.5"
    book = shops("", own)
    assert {name: str(value) for name, value in book.shop_settings["demo"].items()} == {
        "setting.share": "0.9",
        "setting.short_text": "45m",
        "setting.vips": "('gold', 'silver')",
        "setting.patience": str(45 * MINUTE),
        "setting.big": "12.5",
    }


def test_a_change_of_a_shops_settings_takes_effect_on_a_running_book() -> None:
    from engine.core.building import build

    rules = "stage classify rule large on ticket.created when ticket.amount > setting.big then add tag large"
    texts = {**files(rules, settings=SETTINGS), "shops/demo/settings.yaml": "big: 500"}
    book, _ = build(texts)
    assert book is not None
    again, _ = build({**texts, "shops/demo/settings.yaml": "big: 150"}, previous=book)
    assert again is not None
    found = [acted(Stage(one).says(values={"fields.amount": 200})) for one in (book, again)]
    assert found == [[], ["large"]]


def test_where_shops_differ_the_findings_are_the_same_as_without() -> None:
    """The shared rule is looked at once for everybody and once for the shop: what is said of it is said once."""
    rules = "stage classify rule large on ticket.created when ticket.amount > seting.big then add tag large"
    texts = {**files(rules, settings=SETTINGS), "shops/demo/settings.yaml": "big: 500"}
    (finding,) = errors_of(texts)
    assert finding.code == "unknown-field"


def test_a_book_without_shops_settings_has_one_rule_each() -> None:
    rules = "stage classify rule large on ticket.created when ticket.amount > setting.big then add tag large"
    assert len(book_of(rules, settings=SETTINGS).rules.rules) == 1
    assert len(shops(rules, "big: 500").rules.rules) == 2
    assert len(shops(rules, "promo: false").rules.rules) == 1, "a setting that the rule does not name"


def test_how_long_a_rating_may_be_revised_is_a_setting() -> None:
    """Without one it is a day; a shop may have its own; another type is a mistake."""

    def revised(book: Rulebook, shop: str, after: int) -> str:
        stage = Stage(book, shop=shop)
        amy = stage.agent(shops=(shop,))
        stage.says()
        stage.answers(amy)
        stage.world.ratings[stage.ticket.id] = stage.world.now - after
        try:
            stage.does(RateTicket(4, None, stage.ticket.number), stage.customer)
        except Refused as refused:
            return refused.code
        return "taken"

    plain = book_of()
    own = built({**files(settings="rating_revise_within: 3h"), "shops/demo/settings.yaml": "rating_revise_within: 2d"})
    assert [revised(plain, "demo", hours * HOUR) for hours in (24, 25)] == ["taken", "already-rated"]
    assert [revised(own, "demo", hours * HOUR) for hours in (48, 49)] == ["taken", "already-rated"]
    assert [revised(own, "other", hours * HOUR) for hours in (3, 4)] == ["taken", "already-rated"]
    wrong = errors_of(files(settings="rating_revise_within: soon"))
    assert [finding.code for finding in wrong] == ["type-mismatch"]
