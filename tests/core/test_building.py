"""Each thing that can be wrong with the nouns, with a specimen: its code, its file, and the words it stands on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from engine.core.actions import ACTIONS
from engine.core.building import build, digest_of
from engine.lang import Severity
from engine.lang.verbs import Raised
from tests.core.desk import FILES, built, errors_of, files

DESK, LIFE, SLA, TEAMS = "desk.yaml", "lifecycles/inquiry.yaml", "sla.yaml", "teams.yaml"
ROLES, CALENDARS = "roles.yaml", "calendars.yaml"

# Each row: file, what is replaced, by what, the code of the finding, the text it stands on.
SPECIMENS: list[tuple[str, str, str, str, str]] = [
    (DESK, "zone: Asia/Taipei", "zone: Asia/Taipeh", "unknown-value", "Asia/Taipeh"),
    (DESK, "calendar: office", "calendar: offiec", "unknown-calendar", "offiec"),
    (DESK, "calendar: office", "calender: office", "unknown-key", "calender"),
    (DESK, "language: 1", "language: 7", "unknown-value", "7"),
    (DESK, "mode: first", "mode: best", "unknown-value", "best"),
    (DESK, "[guard, classify,", "[guard, guard,", "duplicate-definition", "guard"),
    (DESK, "tiers: [guest, basic, gold]", "tiers: [guest, basic, basic]", "duplicate-definition", "basic"),
    (DESK, "types: [退換貨, 其他]", "types: [退換貨, 5]", "type-mismatch", "5"),
    (DESK, "types: [退換貨, 其他]", "types: [{label: x}, 其他]", "unknown-key", "{label: x}"),
    (DESK, "types: [退換貨, 其他]", "types: {a: b}", "type-mismatch", "{a: b}"),
    (DESK, "types: [退換貨, 其他]", "typs: [退換貨, 其他]", "unknown-key", "typs"),
    (DESK, "ticket.amount: {type: number,", "ticket.amount: {type: nmuber,", "unknown-value", "nmuber"),
    (
        DESK,
        "ticket.amount: {type: number,",
        "ticket.amount: {type: enum,",
        "unknown-key",
        "{type: enum, optional: true}",
    ),
    (DESK, "ticket.amount:", "order.amount:", "unknown-field", "order.amount"),
    (DESK, "ticket.amount:", "ticket.priority:", "duplicate-definition", "ticket.priority"),
    (
        DESK,
        "ticket.step: {type: number, default: 0}",
        "ticket.step: {type: number, default: many}",
        "type-mismatch",
        "many",
    ),
    (DESK, "known: [vip, handled]", "known: [vip, vip]", "duplicate-definition", "vip"),
    (DESK, "locales: [zh-TW, en]", "locales: [zh-TW, 5]", "type-mismatch", "5"),
    (TEAMS, "shops: [demo]", "shops: [demos]", "unknown-value", "demos"),
    (TEAMS, "calendar: office", "calendar: night", "unknown-calendar", "night"),
    (TEAMS, "senior:", "care:", "duplicate-key", "care"),
    (ROLES, "ticket.reply", "ticket.repyl", "unknown-value", "ticket.repyl"),
    (ROLES, "supervisor: {permissions", "supervisor: {rights", "unknown-key", "rights"),
    (CALENDARS, '"09:00-12:00"', '"09:00-12"', "bad-date", '"09:00-12"'),
    (CALENDARS, '"09:00-12:00"', '"9 to 12"', "bad-date", '"9 to 12"'),
    (CALENDARS, "mon-fri:", "mo-fr:", "bad-date", "mo-fr"),
    (CALENDARS, '"2026-01-01"', '"2026-02-30"', "bad-date", '"2026-02-30"'),
    (CALENDARS, "2026-02-16..2026-02-20", "2026-02-20..2026-02-16", "bad-date", '"2026-02-20..2026-02-16"'),
    (
        CALENDARS,
        'always: {zone: Asia/Taipei, hours: {mon-sun: ["00:00-24:00"]}}',
        "always: {hours: {}}",
        "bad-duration",
        "always",
    ),
    (CALENDARS, "zone: Asia/Taipei\n", "zone: Taipei\n", "unknown-value", "Taipei"),
    (SLA, "first_reply: 4h", "first_reply: soon", "bad-duration", "soon"),
    (SLA, "first_reply: 4h", "first_reply: 0h", "bad-duration", "0h"),
    (SLA, "first_reply: 4h", "first_answer: 4h", "unknown-key", "first_answer"),
    (SLA, "targets:", "calendar: nights\n  targets:", "unknown-calendar", "nights"),
    (SLA, "targets:", "when: member.teir = gold\n  targets:", "unknown-field", "member.teir"),
    (SLA, "targets:", "when: member.tier = gold\n  targets:", "missing-default-policy", "member.tier = gold"),
    (
        SLA,
        "- name: standard",
        "- {name: first, targets: {}}\n- name: standard",
        "missing-default-policy",
        "{name: first",
    ),
    (
        SLA,
        "- name: standard",
        "- name: standard\n  when: ticket.kind = chat\n- name: standard",
        "duplicate-definition",
        "standard",
    ),
    (SLA, "- name: standard", "- label: x", "unknown-key", "label: x"),
    (SLA, "50%", "often", "type-mismatch", "often"),
    (LIFE, "initial: 待回覆", "initial: 新", "missing-initial", "新"),
    (LIFE, "initial: 待回覆\n", "", "missing-initial", "kind"),
    (LIFE, "category: pending", "category: waiting", "unknown-value", "waiting"),
    (LIFE, "sla: paused", "sla: stoped", "unknown-value", "stoped"),
    (LIFE, "to: 已回覆}", "to: 已回復}", "unknown-state", "已回復"),
    (LIFE, "from: 已回覆, to: 對話中", "from: 已回復, to: 對話中", "unknown-state", "已回復"),
    (LIFE, "from: [待回覆, 對話中]", "from: [待回覆, 談話中]", "unknown-state", "談話中"),
    (LIFE, "states:\n", "states:\n  獨:   {category: open}\n", "unreachable-state", "獨"),
    (
        LIFE,
        "trigger: reopen, from: 已結案, to: 對話中",
        "trigger: reopen, from: 已結案, too: 對話中",
        "unknown-key",
        "too",
    ),
    (LIFE, "{trigger: agent_replied", "{trigger: member_replied", "", ""),
    (LIFE, "ticket.closed_for <= 7d", "ticket.closed_for <= 7x", "syntax-error", "7x"),
    (LIFE, "ticket.closed_for <= 7d", "chat.page is set", "field-not-available", "chat.page"),
    (LIFE, "requires: [ticket.solution]", "requires: [ticket.solutoin]", "unknown-field", "ticket.solutoin"),
    (LIFE, "supervisor, mover]", "supervisors, mover]", "unknown-value", "supervisors"),
    (
        LIFE,
        "  - {trigger: close,",
        "  - {trigger: agent_replied, from: 待回覆, to: 對話中}\n  - {trigger: close,",
        "nondeterministic-transition",
        "{trigger: agent_replied, from: 待回覆, to: 對話中}",
    ),
    ("templates/all.yaml", "{member.name} 您好", "{member.nmae} 您好", "unknown-field", "member.nmae"),
    ("templates/all.yaml", 'zh-TW: "{member.name} 您好"', "zh-TW: 5", "type-mismatch", "5"),
    ("templates/all.yaml", "late:", "hello:", "duplicate-key", "hello"),
]


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "where"), SPECIMENS, ids=[f"{s[3] or 'right'} {s[2][:40]}" for s in SPECIMENS]
)
def test_a_specimen(name: str, old: str, new: str, code: str, where: str) -> None:
    text = FILES[name]
    assert old in text
    _, findings = build({**FILES, name: text.replace(old, new, 1)}, analyse=False)
    found = [(f.code, f.span.source.path, f.span.source.text[f.span.start : f.span.end]) for f in findings]
    if not code:
        assert found == []
        return
    assert len(found) >= 1
    assert found[0][:2] == (code, name), found
    assert found[0][2].startswith(where), found
    follow = {c for c, _, _ in found} - {code, "unknown-key", "missing-default-policy", "unknown-calendar"}
    assert not follow, f"nothing that only follows: {found}"


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("calendar: office", "calender: office", "did you mean `calendar`?"),
        ("type: number", "type: nmuber", "did you mean `number`?"),
    ],
)
def test_a_close_word_is_offered(old: str, new: str, hint: str) -> None:
    _, findings = build({**FILES, DESK: FILES[DESK].replace(old, new, 1)}, analyse=False)
    assert findings[0].hint == hint


def codes(texts: dict[str, str]) -> list[tuple[str, str]]:
    """What is wrong, and in which file."""
    return sorted({(f.code, f.span.source.path) for f in errors_of(texts)})


def test_a_dead_end() -> None:
    life = FILES[LIFE].replace('from: "*", to: 已結案', "from: 待回覆, to: 已結案")
    _, findings = build({**FILES, LIFE: life}, analyse=False)
    assert [(f.code, f.span.source.text[f.span.start : f.span.end][:3]) for f in findings] == [
        ("dead-end-state", "已回覆"),
        ("dead-end-state", "對話中"),
    ]


def test_several_mistakes_are_told_at_once() -> None:
    texts = {
        **FILES,
        DESK: FILES[DESK].replace("zone: Asia/Taipei", "zone: Taipei", 1),
        ROLES: FILES[ROLES].replace("ticket.note", "ticket.nothing"),
        SLA: FILES[SLA].replace("4h", "4x"),
        "broken.rules": "rule a on ticket.made then stop\nrule b on ticket.created then relpy template hello",
    }
    found = codes(texts)
    assert {path for _, path in found} == {DESK, ROLES, SLA, "broken.rules"}


def test_names_declared_twice_in_two_files() -> None:
    for first, text in (
        (TEAMS, "care: {label: Other}"),
        (ROLES, "agent: {permissions: []}"),
        (CALENDARS, 'office: {hours: {mon: ["09:00-10:00"]}}'),
        ("templates/all.yaml", "hello: {zh-TW: a, en: b}"),
        (LIFE, FILES[LIFE]),
    ):
        folder, _, name = first.rpartition("/")
        second = "/".join(filter(None, ["more", folder, name]))
        assert codes({**FILES, second: text}) in (
            [("duplicate-definition", second)],
            [("duplicate-definition", first)],
        ), first


def warnings(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Warnings of texts that build."""
    book, findings = build(texts, analyse=False)
    assert book is not None, [f.message for f in findings]
    return [(f.code, f.span.source.path) for f in findings if f.severity is Severity.WARNING]


@pytest.mark.parametrize(
    "path",
    [
        "notes.yaml",
        "lifecycle.yaml",
        "read.me",
        "more/desk.yaml",
        "shops/demo/teams.yaml",
        "shops/demo/roles.yaml",
        "shops/demo/desk.yaml",
        "shops/gone/settings.yaml",
        "shops/gone/sla.yaml",
        "shops/gone/templates/x.yaml",
    ],
)
def test_a_file_that_nobody_reads_is_told(path: str) -> None:
    texts = {
        "own.rules": 'rule x on ticket.created then note "x"',
        "other.yaml": FILES[LIFE].replace("inquiry", "other"),
    }
    text = texts.get(path.rpartition("/")[2], "{}")
    assert warnings({**FILES, path: text}) == [("file-not-loaded", path)]


def test_sub_folders_and_their_order_mean_nothing() -> None:
    moved = {f"some/where/{path}": text for path, text in FILES.items()}
    book = built(moved)
    assert book.teams == built(FILES).teams
    assert list(book.lifecycles) == list(built(FILES).lifecycles)


def test_a_shops_own_come_first() -> None:
    texts = files()
    texts["shops/demo/calendars.yaml"] = 'office: {hours: {sun: ["09:00-10:00"]}}'
    texts["shops/demo/sla.yaml"] = "- {name: ours, when: member.tier = gold, targets: {first_reply: 5m}}"
    texts["shops/demo/templates/own.yaml"] = 'hello: {zh-TW: "{member.name} 好", en: "Hi {member.name}"}'
    book = built(texts)
    assert list(book.calendar("office", "demo").hours) == [6]
    assert len(book.calendar("office", "other").hours) == 6
    assert book.template("hello", "demo", "en").render({"member.name": "Ann"}) == "Hi Ann"
    assert book.template("hello", "other", "en").render({"member.name": "Ann"}) == "Dear Ann"
    assert book.policy("ours", "demo") is not None and book.policy("ours", "other") is None


def test_the_digest_is_of_names_and_contents() -> None:
    base = digest_of(FILES)
    assert digest_of(dict(reversed(FILES.items()))) == base
    moved: Iterable[dict[str, str]] = (
        {**FILES, "a": ""},
        {**FILES, DESK: FILES[DESK] + " "},
        {("x.yaml" if k == SLA else k): v for k, v in FILES.items()},
        {**FILES, "a": "b", "c": ""},
        {**FILES, "a": "", "bc": ""},
    )
    assert len({base, *map(digest_of, moved)}) == 6


def test_the_same_texts_give_the_running_book_back() -> None:
    book = built(FILES)
    again, findings = build(dict(FILES), previous=book)
    assert again is book and findings == []
    changed, _ = build(files("rule x on ticket.created then stop"), previous=book)
    assert changed is not book


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ('on chat.opened then reply "x" stop', []),
        ('on chat.opened then notify role agent "x"', [("field-not-available", "notify")]),
        ("on chat.opened then set member.tier to gold", [("field-not-available", "set")]),
        ("on chat.opened, member.created then add tag x to member", [("field-not-available", "add")]),
        ("on chat.opened then block member", [("field-not-available", "block")]),
        ('on chat.opened then reject "x"', [("field-not-available", "reject")]),
        ("on member.created then add tag x to member", []),
        ("on ticket.created then open chat", [("unknown-value", "chat")]),
        ('limit once per member on chat.opened then reply "x"', [("field-not-available", "limit")]),
        ('limit once per member on chat.opened, member.created then reply "x"', []),
        ("limit once per ticket on member.created then add tag x to member", [("field-not-available", "ticket")]),
        ("limit once per agent on member.changed then add tag x to member", [("field-not-available", "agent")]),
        ("limit once per 1d per shop on every 1h then notify role agent \"x\"", []),
        ("on ticket.created then open inquiry", []),
        ('on ticket.created then notify recipient "ops@shop.test" "x" via email', []),
    ],
)  # fmt: skip
def test_what_would_do_nothing_is_refused(rule: str, found: list[tuple[str, str]]) -> None:
    assert [(f.code, f.span.text.split()[0]) for f in errors_of(files(f"rule x {rule}"))] == found


QUOTES = '`{0}` is a keyword; as a name it needs quotes: `"{0}"`'


@pytest.mark.parametrize(
    ("rule", "code", "span", "hint"),
    [
        ('when message.text contains "abc then add tag x', "syntax-error", '"abc then add tag x', 'close it with `"`'),
        ("then add tag rule", "syntax-error", "rule", QUOTES.format("rule")),
        ("then add tag words, x", "syntax-error", "words", QUOTES.format("words")),
        ("when ticket.amount > 1500元 then stop", "syntax-error", "1500元", 'as a value it needs quotes: `"1500元"`'),
        ("when ticket.age > 4 h then stop", "syntax-error", "h", "number and unit stand together: `4h`"),
        ("when ticket.amount => 5 then stop", "syntax-error", ">", "write `ticket.amount >= 5`"),
        ("when ticket.amount <> 5 then stop", "syntax-error", ">", "write `ticket.amount != 5`"),
        ("when member.is_guest add tag x", "syntax-error", "add", "`then` stands before the actions"),
        ("when ticket.language = zh-TW then stop", "unknown-value", "zh-TW", 'as a value it needs quotes: `"zh-TW"`'),
        ('then reply "{member.nam}"', "unknown-field", "member.nam", "did you mean `member.name`?"),
    ],
)  # fmt: skip
def test_one_mistake_is_told_once_and_how_to_mend_it(rule: str, code: str, span: str, hint: str) -> None:
    texts = files(f"rule x on message.received {rule}\nrule y on message.received then stop")
    assert [(f.code, f.span.text, f.hint) for f in errors_of(texts)] == [(code, span, hint)]


def test_a_text_that_two_ways_lead_to_is_told_of_once() -> None:
    texts = {**files(), "templates/all.yaml": 'hello: {zh-TW: "{member.nam}", en: "x"}'}
    assert [(f.code, f.span.text) for f in errors_of(texts)] == [("unknown-field", "member.nam")]


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("five: {type: duration, value: 5m}", []),
        ("five: {type: text, value: 5m}", []),
        ("five: {type: number, value: 80%}", []),
        ("five: {type: list, value: [a, b]}", []),
        ("five: {type: duration, value: 5}", [("type-mismatch", "5")]),
        ("five: {type: number, value: many}", [("type-mismatch", "many")]),
        ('five: {type: flag, value: "yes"}', [("type-mismatch", '"yes"')]),
        ("five: {type: durration, value: 5m}", [("unknown-value", "durration")]),
        ('{five: 1, "five words": 2}', [("unknown-key", '"five words"')]),
    ],
)
def test_settings_are_of_the_type_they_say(setting: str, found: list[tuple[str, str]]) -> None:
    rule = 'rule x on ticket.created then note "{setting.five}"'
    assert [(f.code, f.span.text) for f in errors_of(files(rule, settings_yaml=setting))] == found


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("{type: number, optional: false, default: 1}", []),
        ("{type: number, optional: false}", [("unknown-key", "{type: number, optional: false}")]),
        ('{type: number, default: 1, optional: "false"}', [("type-mismatch", '"false"')]),
        ("{type: text, personal: 1}", [("type-mismatch", "1")]),
    ],
)  # fmt: skip
def test_a_field_that_is_never_empty_has_a_default(field: str, found: list[tuple[str, str]]) -> None:
    desk = FILES[DESK].replace("ticket.amount: {type: number, optional: true}", f"ticket.amount: {field}")
    errors = errors_of({**FILES, DESK: desk})
    assert sorted((f.code, f.span.text) for f in errors) == found


@pytest.mark.parametrize(
    ("condition", "codes"),
    [
        ("length(message.text) < 0", ["never-true"]),
        ("length(ticket.tags) = 1.5", ["never-true"]),
        ("length(message.text) > 5", []),
        ("length(message.text) < 1", []),
    ],
)
def test_a_length_is_a_count(condition: str, codes: list[str]) -> None:
    _, found = build(files(f"rule x on message.received when {condition} then add tag x"))
    assert [f.code for f in found if f.code in ("never-true", "always-true")] == codes


def test_values_of_a_field_have_labels_like_other_nouns() -> None:
    wet = "  ticket.step: {type: number, default: 0}\n"
    values = "[{name: 北部, label: {zh-TW: 北部, en: North}, colour: blue}, 南部]"
    desk = FILES["desk.yaml"].replace(wet, f"{wet}  ticket.region: {{type: enum, values: {values}, default: 南部}}\n")
    book, findings = build({**FILES, "desk.yaml": desk})
    assert book is not None, findings
    spec = book.custom_fields["ticket.region"]
    assert spec.field.type.enum is not None and spec.field.type.enum.values == ("北部", "南部")
    assert (spec.values["北部"].label, spec.values["南部"].label) == ({"zh-TW": "北部", "en": "North"}, {})
    assert spec.default == "南部"
    twice = desk.replace("南部]", "南部, 南部]")
    assert [finding.code for finding in build({**FILES, "desk.yaml": twice})[1]] == ["duplicate-definition"]


@pytest.mark.parametrize(("raised", "codes"), [(Raised("ticket.changed"), ["rule-loop"]), (None, [])])
def test_a_loop_through_what_an_action_raises_is_found(
    raised: Raised | None, codes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    telling = replace(ACTIONS["flag"], raises=lambda args: () if raised is None else (raised,))
    monkeypatch.setitem(ACTIONS, "flag", telling)
    _, findings = build(files('rule again on ticket.changed then flag "x"'))
    assert [f.code for f in findings if f.code == "rule-loop"] == codes
