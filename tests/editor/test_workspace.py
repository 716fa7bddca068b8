"""What else can be asked of a workspace: findings, hover, definition, references, another name, remedies, outline."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from engine.editor import Place, Refusal, Workspace, applied
from engine.lang import Severity, Source, format_text
from engine.lang.said import LOCALES, spoken
from engine.reload import load_files
from tests.editor.places import at, position, starter, text_at
from tests.editor.small import SMALL


def test_the_small_desk_has_no_errors(small: Workspace) -> None:
    found = small.findings(with_scenarios=True)
    assert [f.message for f in found if f.severity is Severity.ERROR] == []


# --- findings -------------------------------------------------------------------------------------------------------


def edits(texts: dict[str, str], random: random.Random) -> Iterator[dict[str, str | None]]:
    """Edits as people make them, and back: a piece goes, a piece comes twice, two letters change places."""
    for _ in range(40):
        path = random.choice(sorted(texts))
        text = texts[path]
        first = random.randrange(len(text) + 1)
        last = min(len(text), first + random.randrange(12))
        yield {
            path: random.choice(
                [
                    text[:first] + text[last:],
                    text[:last] + text[first:],
                    text[:first] + text[first:last][::-1] + text[last:],
                ]
            )
        }
        if random.random() < 0.7:
            yield {path: text}
        if random.random() < 0.1:
            yield {path: None}
            yield {path: text}


def test_after_any_edits_the_findings_are_those_of_the_texts() -> None:
    texts = dict(SMALL)
    workspace = Workspace(texts)
    for change in edits(dict(SMALL), random.Random(7)):
        workspace = workspace.with_files(change)
        texts |= {path: text for path, text in change.items() if text is not None}
        texts = {path: text for path, text in texts.items() if change.get(path, text) is not None}
        assert dict(workspace.files) == texts
        fresh = load_files(texts, run_scenarios=False).findings
        assert [f.as_dict() for f in workspace.findings()] == [f.as_dict() for f in fresh], change


def test_scenarios_that_fail_are_findings_if_asked(small: Workspace) -> None:
    broken = small.with_file("tests/t.yaml", SMALL["tests/t.yaml"].replace("ticket.team: care", "ticket.team: other"))
    assert not [f for f in broken.findings() if f.code == "scenario-invalid"]
    wanted = load_files(broken.files, run_scenarios=True).findings
    assert [f.as_dict() for f in broken.findings(with_scenarios=True)] == [f.as_dict() for f in wanted]
    assert [f.code for f in wanted].count("scenario-invalid") == 1


# --- hover, definition, references ----------------------------------------------------------------------------------

HOVERS = [
    ("a.rules", "ticket.amount > setting", "a number, may be empty, rules may write it"),
    ("a.rules", "setting.limit", "now: `500`"),
    ("a.rules", "big and", "define big = ticket.amount > setting.limit"),
    ("a.rules", "refund_words\n   and", "2 words: refund、退貨"),
    ("a.rules", "退換貨", "type of ticket"),
    ("a.rules", "ticket.region", "- `north`"),
    ("a.rules", "care", "- `zh-TW` 客服組"),
    ("a.rules", "new", "of `inquiry`"),
    ("a.rules", "message.received", "a member wrote a line"),
    ("a.rules", "start timer", "raises `timer.fired` then"),
    ("a.rules", "ack", "`en` Dear {member.name"),
    ("a.rules", "least_busy", "way of choosing an agent"),
    ("a.rules", "first", "A title"),
    ("templates/t.yaml", "ticket.amount", "a number"),
    ("tests/t.yaml", "amount", "a number"),
    ("tests/t.yaml", "care", "calendar: `office`"),
    ("tests/t.yaml", "first]", "A title"),
    ("lifecycles/inquiry.yaml", "ticket.amount > 1", "a number"),
    ("lifecycles/inquiry.yaml", "done, requires", "- `en` Done"),
]


@pytest.mark.parametrize(("path", "piece", "said"), HOVERS, ids=[f"{path}: {piece}" for path, piece, _ in HOVERS])
def test_what_a_hover_says(small: Workspace, path: str, piece: str, said: str) -> None:
    found = small.hover(*at(small, path, piece, 1))
    assert found is not None
    assert said in found.text
    word = piece.split("\n")[0].split(" ")[0].strip("],")
    assert word.startswith(text_at(small, found.place)) or text_at(small, found.place).startswith(word)


def test_a_finding_tells_why_on_hover(small: Workspace) -> None:
    workspace = small.with_file("b.rules", 'allow never-true "so"\n')
    found = workspace.hover(*at(workspace, "b.rules", "never-true", 2))
    assert found is not None
    assert "No event and no ticket can make the condition true." in found.text


def test_what_is_known_of_a_name_is_told_in_the_readers_language() -> None:
    rules = "rule a\n  on rating.received\n  when ticket.team = \n  then stop\n"
    space = starter().with_file("zz.rules", rules)
    offered = {item.label: item for item in space.complete("zz.rules", 3, 22)}
    team = offered["senior_care"]
    assert [spoken(team.detail, locale) for locale in LOCALES] == ["Senior care", "資深組", "资深组"]
    assert spoken(offered["ticket.team"].detail, "zh-TW") == "團隊，可以是空的"
    space = space.with_file("zz.rules", rules.replace("= \n", "= frontline\n"))
    hover = space.hover("zz.rules", 2, 9)
    assert hover is not None and hover.text.startswith("**rating.received** · event\n\na member rated\n\nbrings ")
    assert spoken(hover.text, "zh-TW").startswith("**rating.received** · 事件\n\n會員評了分\n\n帶來 ")
    values = space.hover("zz.rules", 3, 12)
    assert values is not None and "\n- `senior_care` 资深组" in spoken(values.text, "zh-CN")
    assert "\n- `senior_care` Senior care" in spoken(values.text, "en")


DECLARED = [
    ("a.rules", "big and", ("a.rules", "big")),
    ("a.rules", "refund_words\n   and", ("a.rules", "refund_words")),
    ("a.rules", '"words/refund.txt"', ("words/refund.txt", "")),
    ("a.rules", "care", ("teams.yaml", "care")),
    ("a.rules", "refunds", ("desk.yaml", "refunds")),
    ("a.rules", "supervisor", ("roles.yaml", "supervisor")),
    ("a.rules", "wake and", ("a.rules", "wake")),
    ("a.rules", "退換貨", ("desk.yaml", "退換貨")),
    ("a.rules", "gold", ("desk.yaml", "gold")),
    ("a.rules", "done", ("lifecycles/inquiry.yaml", "done")),
    ("a.rules", "setting.limit", ("settings.yaml", "limit")),
    ("a.rules", "ticket.region", ("desk.yaml", "ticket.region")),
    ("a.rules", "south", ("desk.yaml", "south")),
    ("a.rules", "stage route", ("desk.yaml", "route")),
    ("templates/t.yaml", "setting.limit", ("settings.yaml", "limit")),
    ("tests/t.yaml", "first]", ("a.rules", "first")),
    ("tests/t.yaml", "ack]", ("templates/t.yaml", "ack")),
    ("tests/t.yaml", "region: north", ("desk.yaml", "ticket.region")),
    ("teams.yaml", "office", ("calendars.yaml", "office")),
]


@pytest.mark.parametrize(("path", "piece", "wanted"), DECLARED, ids=[f"{path}: {piece}" for path, piece, _ in DECLARED])
def test_where_a_name_is_declared(small: Workspace, path: str, piece: str, wanted: tuple[str, str]) -> None:
    offset = 7 if piece.startswith("stage ") else 1
    place = small.definition(*at(small, path, piece, offset))
    assert place is not None
    assert (place.path, text_at(small, place)) == wanted


def test_a_shop_finds_its_own_first_and_the_others_the_shared_one(small: Workspace) -> None:
    own = "define big = true\n\nrule x\n  on ticket.created\n  when big\n  then stop\n"
    workspace = small.with_file("shops/demo/s.rules", own)
    mine = workspace.definition(*at(workspace, "shops/demo/s.rules", "when big", 6))
    shared = workspace.definition(*at(workspace, "a.rules", "big and", 1))
    assert mine is not None
    assert shared is not None
    assert (mine.path, shared.path) == ("shops/demo/s.rules", "a.rules")


def test_every_use_of_a_name(small: Workspace) -> None:
    places = small.references(*at(small, "desk.yaml", "ticket.amount", 3))
    found = sorted((place.path, text_at(small, place)) for place in places)
    assert found == [
        ("a.rules", "ticket.amount"),
        ("a.rules", "ticket.amount"),
        ("desk.yaml", "ticket.amount"),
        ("lifecycles/inquiry.yaml", "ticket.amount"),
        ("lifecycles/inquiry.yaml", "ticket.amount"),
        ("templates/t.yaml", "ticket.amount"),
        ("tests/t.yaml", "amount"),
    ]
    assert small.references("a.rules", 999, 999) == []


# --- another name ---------------------------------------------------------------------------------------------------


def names(workspace: Workspace) -> list[tuple[str, str]]:
    """Everything that is declared and may have another name."""
    fixed = {"file", "trigger"}
    found = workspace.mentions.items()
    return sorted({key for key, mentions in found if key[0] not in fixed and any(m.declares for m in mentions)})


@pytest.mark.parametrize("key", names(Workspace(SMALL)), ids="-".join)
def test_everything_declared_can_be_renamed_and_stays_valid(small: Workspace, key: tuple[str, str]) -> None:
    kind, name = key
    place = next(Place.of(m.span) for m in small.mentions[key] if m.declares)
    bare = kind in ("definition", "words", "rule", "field", "setting")
    new = (name.partition(".")[2] or name) + "_2" if bare else f"{name} 新: 名"
    edits = small.rename(place.path, place.line, place.column, new)
    assert not isinstance(edits, Refusal), edits.message
    assert len(edits) == len(small.mentions[key])
    after = small.with_files(applied(small, edits))
    assert [f for f in after.findings(with_scenarios=True) if f.severity is Severity.ERROR] == []
    assert len(after.findings()) == len(small.findings())
    assert not any(m.declares for m in after.mentions[key])


def test_a_kind_that_only_its_usual_name_makes_the_one_for_lines_keeps_it(small: Workspace) -> None:
    path = "lifecycles/inquiry.yaml"
    workspace = small.with_file(path, small.files[path].replace("for: [lines]\n", ""))
    place = next(Place.of(m.span) for m in workspace.mentions["kind", "inquiry"] if m.declares)
    edits = workspace.rename(place.path, place.line, place.column, "question")
    assert isinstance(edits, Refusal)
    assert "scenario `a big one` fails" in edits.message


def test_what_a_shop_replaces_is_renamed_with_what_is_shared(small: Workspace) -> None:
    workspace = small.with_files(
        {
            "shops/demo/settings.yaml": "limit: {value: 200}\n",
            "shops/demo/s.rules": (
                'words refund_words = ["退錢", refund]\n\ndefine big = ticket.amount > setting.limit\n'
            ),
        }
    )
    for piece, new in (("setting.limit", "most"), ("big and", "large"), ("refund_words\n   and", "money_back")):
        edits = workspace.rename(*at(workspace, "a.rules", piece, 9 if piece[0] == "s" else 1), new)
        assert not isinstance(edits, Refusal), edits.message
        workspace = workspace.with_files(applied(workspace, edits))
    assert workspace.files["shops/demo/settings.yaml"] == "most: {value: 200}\n"
    assert workspace.files["shops/demo/s.rules"] == (
        'words money_back = ["退錢", refund]\n\ndefine large = ticket.amount > setting.most\n'
    )
    assert [f for f in workspace.findings(with_scenarios=True) if f.severity is Severity.ERROR] == []


REFUSED = [
    ("a.rules", "big and", "first name", "not a name"),
    ("a.rules", "big and", "when", "reserved"),
    ("a.rules", "big and", "", "needs letters"),
    ("a.rules", "big and", "weekday", "is a field already"),
    ("a.rules", "first", "second", "already"),
    ("a.rules", "ticket.amount", "region", "already"),
    ("a.rules", "ticket.number", "x", "declared in no file"),
    ("a.rules", "message.received", "x", "events are the desk's own"),
    ("a.rules", "start timer", "x", "part of the language"),
    ("desk.yaml", "gold", "guest", "already"),
    ("lifecycles/inquiry.yaml", "close, from", "x", "by this name"),
    ("a.rules", "A title", "x", "no name here"),
]


@pytest.mark.parametrize(("path", "piece", "new", "why"), REFUSED)
def test_what_cannot_be_renamed_is_refused_with_the_reason(
    small: Workspace, path: str, piece: str, new: str, why: str
) -> None:
    refusal = small.rename(*at(small, path, piece, 1), new)
    assert isinstance(refusal, Refusal)
    assert why in refusal.message


def test_a_file_with_mistakes_that_names_it_keeps_the_name(small: Workspace) -> None:
    broken = small.with_file("b.rules", "rule x on ticket.created when big and ( then stop\n")
    refusal = broken.rename(*at(broken, "a.rules", "big and", 1), "large")
    assert isinstance(refusal, Refusal)
    assert "`b.rules` names `big`" in refusal.message
    elsewhere = small.with_file("b.rules", "rule x on ticket.created when ( then stop\n")
    assert not isinstance(elsewhere.rename(*at(elsewhere, "a.rules", "big and", 1), "large"), Refusal)


@pytest.mark.slow
def test_the_whole_starter_desk_takes_other_names() -> None:
    workspace = starter()
    kinds: dict[str, str] = {}
    for kind, name in names(workspace):
        kinds.setdefault(kind, name)
    assert len(kinds) > 15
    before = len(workspace.findings(with_scenarios=True))
    for kind in ("state", "team", "template", "tag", "field"):
        place = next(Place.of(m.span) for m in workspace.mentions[kind, kinds[kind]] if m.declares)
        edits = workspace.rename(place.path, place.line, place.column, "全新")
        assert not isinstance(edits, Refusal), edits.message
        workspace = workspace.with_files(applied(workspace, edits))
    assert len(workspace.findings(with_scenarios=True)) == before


# --- remedies -------------------------------------------------------------------------------------------------------

# What stands wrong, the finding's code, what stands there after the remedy.
REMEDIES = [
    (", ticket.craeted", "unknown-event", ", ticket.created"),
    ("wehn big", "unknown-keyword", "when big"),
    ("when ticket.amuont > 1", "unknown-field", "when ticket.amount > 1"),
    ('when ticket.type = "退換"', "unknown-value", 'when ticket.type = "退換貨"'),
    ("when ticket.type = 退換貨 or a", "unknown-field", "when ticket.type in [退換貨, a]"),
    ("when ticket.subject = 3C", "syntax-error", 'when ticket.subject = "3C"'),
    ('when ticket.amount > "5"', "type-mismatch", "when ticket.amount > 5"),
    ("when ticket.amount ＞ 5", "suspicious-characters", "when ticket.amount > 5"),
    ("when ticket.subject = “y”", "suspicious-characters", 'when ticket.subject = "y"'),
    ("when ticket.amount == 5", "syntax-error", "when ticket.amount = 5"),
    ("when message.text matches /ab/", "pattern-needless", 'when message.text contains "ab"'),
    ("when ticket.subject starts with 'a'", "syntax-error", 'when ticket.subject starts with "a"'),
]


def whole(piece: str) -> str:
    """A rule with one piece of it given."""
    return f"rule x on message.received {piece} then stop"


@pytest.mark.parametrize(("bad", "code", "good"), REMEDIES, ids=[good for *_, good in REMEDIES])
def test_a_remedy_takes_its_finding_away(small: Workspace, bad: str, code: str, good: str) -> None:
    workspace = small.with_file("b.rules", whole(bad))
    actions = [one for one in workspace.actions("b.rules", 1, 1, 1, 200) if one.code == code]
    assert actions, [f.as_dict() for f in workspace.findings()]
    after = [workspace.with_files(applied(workspace, action.edits)) for action in actions]
    assert whole(good) in [one.files["b.rules"] for one in after]
    for one in after:
        assert code not in [f.code for f in one.findings() if f.span.source.path == "b.rules"]


def test_what_nothing_uses_can_be_removed(small: Workspace) -> None:
    rest = "rule x\n  on ticket.created\n  then stop\n"
    workspace = small.with_file("b.rules", f"define y = big\n\n{rest}")
    remove = next(one for one in workspace.actions("b.rules", 1, 8, 1, 8) if one.title == "Remove `y`")
    assert workspace.with_files(applied(workspace, remove.edits)).files["b.rules"] == rest


YAML_REMEDIES = [
    ("sla.yaml", "calendar: office", "calendar: offic", "calendar: office"),
    ("teams.yaml", "label:", "lable:", "label:"),
    ("desk.yaml", "skills: [refunds]", "skills: [refunds, NO]", 'skills: [refunds, "NO"]'),
    ("templates/t.yaml", "{ticket.amount}", "{ticket.amonut}", "{ticket.amount}"),
    ("lifecycles/inquiry.yaml", "to: done", "to: dnoe", "to: done"),
    ("lifecycles/inquiry.yaml", "when: ticket.amount > 1", "when: ticket.amonut > 1", "when: ticket.amount > 1"),
]


@pytest.mark.parametrize(("path", "good", "bad", "wanted"), YAML_REMEDIES, ids=[bad for _, _, bad, _ in YAML_REMEDIES])
def test_remedies_in_yaml(small: Workspace, path: str, good: str, bad: str, wanted: str) -> None:
    workspace = small.with_file(path, SMALL[path].replace(good, bad))
    actions = workspace.actions(path, 1, 1, 99, 1)
    after = [workspace.with_files(applied(workspace, action.edits)).files[path] for action in actions]
    assert SMALL[path].replace(good, wanted) in after


def test_a_warning_can_be_allowed_where_it_stands(small: Workspace) -> None:
    workspace = small.with_file(
        "b.rules", 'rule x "y"\n  on message.received\n  when message.text matches /ab/\n  then stop\n'
    )
    (allow,) = [one for one in workspace.actions("b.rules", 3, 1, 3, 40) if one.title.startswith("Allow")]
    allowed = workspace.with_files(applied(workspace, allow.edits))
    assert allowed.files["b.rules"].startswith('rule x "y"\n  allow pattern-needless "…"\n  on')
    assert "pattern-needless" not in [f.code for f in allowed.findings()]


def test_allow_is_written_in_the_words_of_the_file(small: Workspace) -> None:
    chinese = "規則 x 於 ticket.created 當 message.text 符合 /ab/ 則 停止\n"
    workspace = small.with_file("b.rules", chinese)
    titles = [action.title for action in workspace.actions("b.rules", 1, 1, 1, 60)]
    assert 'Write `包含 "ab"`' in titles
    (allow,) = [action for action in workspace.actions("b.rules", 1, 1, 1, 60) if action.title.startswith("Allow")]
    assert allow.edits[0].text == '\n  容許 pattern-needless "…"'


# --- the rest -------------------------------------------------------------------------------------------------------


def test_the_outline_of_a_file(small: Workspace) -> None:
    assert [(s.kind, s.name) for s in small.symbols("a.rules")] == [
        ("words", "refund_words"),
        ("definition", "big"),
        ("stage", "route"),
        ("rule", "first"),
        ("rule", "second"),
    ]
    assert [(s.kind, s.name) for s in small.symbols("lifecycles/inquiry.yaml")] == [
        ("kind", "inquiry"),
        ("state", "new"),
        ("state", "done"),
    ]
    assert [s.name for s in small.symbols("tests/t.yaml")] == ["a big one"]
    for path in small.files:
        for symbol in small.symbols(path):
            inner, outer = symbol.name_place, symbol.place
            assert (outer.line, outer.column) <= (inner.line, inner.column)
            assert (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


def test_the_layout_is_that_of_engine_fmt_and_mistakes_are_left_alone(small: Workspace) -> None:
    messy = "rule x   on ticket.created\nthen stop"
    assert small.with_file("b.rules", messy).format("b.rules") == format_text(Source("b.rules", messy))
    assert small.with_file("b.rules", "rule x on").format("b.rules") == "rule x on"
    assert small.format("desk.yaml") == SMALL["desk.yaml"]
    assert small.format("nowhere.rules") == ""


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [100, pytest.param(2_000, marks=pytest.mark.soak)])
def test_no_question_about_a_mutilated_file_fails(rounds: int) -> None:
    """Pieces of every file are replaced by what is hard to read; every question has an answer, if only none."""
    chance = random.Random(11)
    workspace = starter()
    odd = "{}[]\"'#:-,.|> \n\t()=<>/\\甲🍜\u2028\r\0規則於當則"
    for number in range(rounds):
        path = chance.choice(sorted(workspace.files))
        text = workspace.files[path]
        first = chance.randrange(len(text) + 1)
        put = "".join(chance.choice(odd) for _ in range(chance.randrange(6)))
        broken = workspace.with_file(path, text[:first] + put + text[first + chance.randrange(15) :])
        place = (path, *position(broken.files[path], min(first, len(broken.files[path]))))
        answers: list[Any] = [*broken.complete(*place), *broken.references(*place), *broken.symbols(path)]
        answers += [one for one in (broken.hover(*place), broken.definition(*place)) if one is not None]
        assert all(answer.as_dict() for answer in answers)
        assert isinstance(broken.name_at(*place), Place | Refusal)
        assert isinstance(broken.format(path), str)
        if number % 20 == 0:
            broken.actions(*place, 10**6, 1)


def test_a_workspace_is_never_changed(small: Workspace) -> None:
    before = dict(small.files)
    other = small.with_file("b.rules", "rule x on ticket.created then stop\n")
    assert dict(small.files) == before
    assert small.with_file("a.rules", SMALL["a.rules"]) is small
    assert other.with_file("b.rules", None).files == small.files
    with pytest.raises(TypeError):
        small.files["x"] = ""  # type: ignore[index]


def test_answers_travel_as_json(small: Workspace) -> None:
    edits = small.rename(*at(small, "a.rules", "big and", 1), "large")
    assert not isinstance(edits, Refusal)
    hover = small.hover(*at(small, "a.rules", "big and", 1))
    assert hover is not None
    answers: list[Any] = [*edits, hover, *small.symbols("a.rules"), *small.complete(*at(small, "a.rules", "big and"))]
    answers += small.references(*at(small, "a.rules", "big and", 1))
    assert json.loads(json.dumps([answer.as_dict() for answer in answers]))
    assert edits[0].as_dict().keys() == {"file", "line", "column", "end_line", "end_column", "text"}


def test_what_a_keyword_means_is_told_as_the_file_writes_it() -> None:
    texts = {
        "en.rules": "rule a\n  on ticket.created\n  when vip\n  then stop\n",
        "zh.rules": "規則 b\n  於 ticket.created\n  當 vip\n  則 停止\n",
        "cn.rules": "规则 c\n  于 ticket.created\n  当 vip\n  则 停止\n",
    }
    workspace = Workspace(texts)
    for path, word, shown in (
        ("en.rules", "when", "**when** ·"),
        ("zh.rules", "當", "**當** (`when`) ·"),
        ("cn.rules", "当", "**当** (`when`) ·"),
    ):
        found = workspace.hover(path, 3, 4 if path == "en.rules" else 3)
        assert found is not None and found.text.startswith(shown) and text_at(workspace, found.place) == word
        assert "under which a rule acts" in found.text and "規則在什麼條件下動作" in str(spoken(found.text, "zh-TW"))
    assert workspace.hover("en.rules", 2, 2) is None


def test_names_are_found_in_the_whole_folder(small: Workspace) -> None:
    found = small.search("first")
    assert (found[0].name, found[0].kind, found[0].place.path) == ("first", "rule", "a.rules")
    assert {symbol.kind for symbol in small.search("care")} >= {"team"}
    assert small.search("nothing like it") == []
    assert len(small.search("")) > 10


def test_errors_are_found_before_all_rules_are_looked_at(small: Workspace) -> None:
    assert small.first_findings() == []
    broken = small.with_file("a.rules", small.files["a.rules"].replace("least_busy", "least_bussy"))
    assert {f.code for f in broken.first_findings()} == {
        f.code for f in broken.findings() if f.severity.value == "error"
    }
