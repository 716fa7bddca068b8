"""Completion: what is offered fits the place, in lines that are not finished and in files that are broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest

from engine.core.changes import Change
from engine.core.entities import Case
from engine.core.rulebook import Extras, PluginAction
from engine.editor import Completion, Workspace
from engine.editor.outline import spot
from engine.lang import FLAG, NUMBER, ActionKind, Source, format_text
from engine.lang.builder import SIGNS
from engine.lang.keywords import KeywordSet
from engine.lang.lexer import tokenise
from engine.lang.source import Place
from tests.editor.places import inserts, offered, position, starter

# The text with the cursor, and what is offered, the first of it before anything of another kind.
FIRST = [
    ("¦", "rule stage words define allow 規則 階段"),
    ("ru¦", "rule"),
    ("rule a ¦", "stage on priority limit from until owner note allow"),
    ("rule a\n  stage ¦", "guard classify prioritise route sla respond notify housekeeping"),
    ("stage cl¦", "classify"),
    ("rule a limit ¦", "once"),
    ("rule a limit once per ¦", "ticket member agent shop"),
    ("rule a on message.r¦", "message.received"),
    ("rule a on ticket.created, message.s¦", "message.sent"),
    ("rule a on ticket.created ¦", "when then after"),
    ("rule a on every ¦", "day month monday"),
    ("rule a on every day at \"09:00\" for ¦", "each"),
    ("rule a on every day at \"09:00\" for each ¦", "ticket member"),
    ("rule a on ticket.created when ticket.ty¦", "ticket.type"),
    ("rule a on ticket.created when ticket.type ¦", "then and or not in is has contains starts ends matches changed"),
    ("rule a on ticket.created when ticket.type = ¦", "訂單問題 商品諮詢 物流配送 退換貨 技術問題 其他 ticket.type"),
    ("rule a on ticket.created when ticket.type in [訂單問題, ¦", "訂單問題 商品諮詢"),
    ("rule a on ticket.created when ticket.type = \"訂¦", '"訂單問題"'),
    ("rule a on ticket.created when member.tier >= g¦", "guest gold"),
    ("rule a on ticket.created when ticket.tags has ¦", "vip 新客"),
    ("rule a on ticket.created when ticket.tags has any [vip, ¦", "vip 新客"),
    ("rule a on ticket.created when ticket.region = ¦", "北部 中部 南部 東部 離島"),
    ("rule a on message.received when message.automatic = ¦", "true false"),
    ("rule a on ticket.created when ticket.team = ¦", "frontline senior_care aftersales"),
    ("rule a on ticket.created when ticket.state changed to ¦", "待接入 服務中 等待顧客 已結束 待回覆"),
    ("rule a on ticket.created when ticket.state is ¦", "empty set"),
    ("rule a on ticket.created when now in ¦", "hours"),
    ("rule a on ticket.created when now in hours ¦", "always office"),
    ("rule a on ticket.created when date(now) = date(member.sig¦", "member.signed_up_at"),
    ("rule a on ticket.created when anniv¦", "anniversary"),
    ("rule a on ticket.created when message.text contains any ref¦", "refund_words"),
    ("rule a on ticket.created when not guest¦", "guest_chat"),
    ("rule a on ticket.created when ticket.amount > setting.b¦", "setting.big_amount"),
    ("rule a on timer.fired when timer.name = ¦", "call_back guest_idle follow_up"),
    ("rule a on ticket.created then re¦", "remove reply reject"),
    ("rule a on ticket.created then stop ¦", "rule stage words define"),
    ("rule a on ticket.created then route to ¦", "team"),
    ("rule a on ticket.created then route to team ¦", "frontline senior_care aftersales ticket.team"),
    ("rule a on ticket.created then route to team frontline with skill orders, ¦", "orders refunds english"),
    ("rule a on ticket.created then route to team frontline by ¦", "least_busy round_robin longest_idle last_agent"),
    ("rule a on ticket.created then assign to agent ¦", "ticket.assignee"),
    ("rule a on ticket.created then move to 已¦", "已結束 已回覆 已結案"),
    ("rule a on ticket.created then reply template vip¦", "vip_refund_ack"),
    ("rule a on ticket.created then reply \"您好 {member.n¦", "member.name"),
    ("rule a on ticket.created then reply \"您好 {member.name | ¦", "default mask date number"),
    ("rule a on ticket.created then notify role sup¦", "supervisor"),
    ("rule a on ticket.created then notify role supervisor, ¦", "agent supervisor"),
    ("rule a on ticket.created then set ticket.pri¦", "ticket.priority"),
    ("rule a on ticket.created then raise ticket.priority to ¦", "lowest low normal high urgent ticket.priority"),
    ("rule a on ticket.created then add tag vip to ¦", "ticket member"),
    ("rule a on ticket.created then cancel timer ¦", "call_back guest_idle"),
    ("rule a allow never¦ on ticket.created then stop", "never-true"),
    ("allow unused-¦", "unused-definition unused-words unused-template unused-state"),
    ('words a from "words/re¦"', '"words/refund.txt"'),
    # Chinese keywords, in the form of the place.
    ("規則 a 於 ticket.created 當 ticket.type ¦", "則 且 或 非 屬於 為 帶有 包含"),
    ("規則 a 於 ticket.created 則 分派 ¦", "給"),
    ("規則 a 於 ticket.created 則 提高 ticket.priority ¦", "到"),
    ("規則 a 於 ticket.created 則 設定 ticket.type ¦", "成"),
    ("rule a on ticket.created then start timer x for ¦", "setting.guest_idle"),
    ("規則 a 於 ticket.created 當 ticket.state 為 ¦", "空值 有值"),
    ("規則 a 於 ticket.created 則 啟動 計時器 x ¦", "為期"),
    ("規則 a 於 ticket.created 當 ticket.idle > 3d ¦", "工作天"),
    # Broken before the cursor, and after it.
    ("rule a wehn x on ticket.created when ticket.kind = ¦", "chat inquiry"),
    ("rule a on ticket.created when ))( and ticket.kind = ¦\n\nrule b on timer.fired then stop", "chat inquiry"),
    ("rule a on ticket.created then reply\n  move to 待¦", "待接入 待回覆"),
    ('rule a "open on ticket.created\n when ticket.kind = ¦', "chat inquiry"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "first"), FIRST, ids=[text for text, _ in FIRST])
def test_what_fits_comes_first(text: str, first: str) -> None:
    check(offered(text), first.split())


def check(found: list[Completion], wanted: list[str]) -> None:
    """They are offered, each once, and nothing of another kind before the first of them."""
    assert sorted(item.insert for item in found if item.insert in wanted) == sorted(wanted)
    assert found[0].kind == next(item.kind for item in found if item.insert == wanted[0])


YAML = [
    ("sla.yaml", "- name: x\n  cal¦", "calendar: "),
    ("sla.yaml", "- name: x\n  calendar: ¦", "always office"),
    ("sla.yaml", "- name: x\n  when: member.tier >= g¦", "guest gold"),
    ("sla.yaml", '- name: x\n  when: "ticket.kind = ¦"', "chat inquiry"),
    ("sla.yaml", "- name: x\n  targets: {first¦", "first_reply: "),
    ("lifecycles/chat.yaml", "kind: chat\ntransitions:\n  - trigger: x\n    fr¦", "from: "),
    ("lifecycles/inquiry.yaml", "transitions:\n  - {trigger: x, from: [已回覆, ¦", "待回覆 已回覆 對話中 已結案"),
    ("lifecycles/new.yaml", "kind: z\nfor: [¦", "lines chats calls complaints"),
    ("lifecycles/new.yaml", "kind: z\nfo¦", "for: "),
    ("lifecycles/new.yaml", "kind: z\nstates:\n  a: {category: ¦", "open pending closed"),
    ("teams.yaml", "a: {shops: [¦", "demo"),
    ("teams.yaml", "a:\n  calendar: of¦", "office"),
    ("roles.yaml", "a:\n  permissions:\n    - ticket.re¦", "ticket.reply"),
    ("desk.yaml", "lang¦", "language: "),
    ("desk.yaml", "fields:\n  ticket.x: {type: d¦", "date duration"),
    ("templates/x.yaml", 'hello:\n  zh-TW: "您好 {member.na¦', "member.name"),
    ("templates/x.yaml", 'hello:\n  zh-TW: "您好 {member.name | d¦"', "default date"),
    ("tests/x.yaml", "- name: x\n  ste¦", "steps: "),
    ("tests/x.yaml", "- name: x\n  ticket: {ty¦", "type: "),
    ("tests/x.yaml", "- steps:\n    - agent: lin\n      open: inq¦", "inquiry"),
    ("tests/x.yaml", "- name: x\n  ticket: {type: 退¦", "退換貨"),
    ("tests/x.yaml", "- name: x\n  steps:\n    - message: a\n      expect: {fired: [welcome_v¦", "welcome_vip"),
    ("tests/x.yaml", "- name: x\n  steps:\n    - message: a\n      expect:\n        ticket.priority: u¦", "urgent"),
    ("tests/x.yaml", "- steps:\n    - expect:\n        replies:\n          - vip¦", "vip_refund_ack"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "first"), YAML, ids=[text for _, text, _ in YAML])
def test_yaml_offers_its_keys_and_the_nouns_wanted(path: str, text: str, first: str) -> None:
    check(offered(text, path), [first] if first.endswith(" ") else first.split())


def test_a_definition_may_begin_with_another() -> None:
    assert "vips" in inserts("define vips = member.tier >= gold\ndefine b = ¦")


NOTHING = [
    "rule a on ticket.created # in a comment ¦",
    'rule a note "in a te¦xt" on ticket.created then stop',
    "rule a on ticket.created when message.text matches /¦/ then stop",
    "rule ¦",
    "rule a on ticket.assigned when message.te¦",
]


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_offered_where_nothing_is_known(text: str) -> None:
    assert inserts(text) == []


@pytest.mark.parametrize("keywords", ["en", "zh"])
def test_what_stands_in_the_starter_rules_would_have_been_offered(keywords: KeywordSet) -> None:
    """At the begin of every seventh keyword or known name: it is among what is offered there."""
    missed, asked = [], 0
    for path, text in starter().files.items():
        if not path.endswith(".rules"):
            continue
        workspace = starter().with_file(path, format_text(Source(path, text), keywords))
        for number, (offset, word) in enumerate(words(workspace.files[path])):
            if number % 7 == 0:
                asked += 1
                place = position(workspace.files[path], offset)
                if word not in [item.insert for item in workspace.complete(path, *place)]:
                    missed.append((path, place, word))
    assert missed == []
    assert asked > 150


def words(text: str) -> Iterator[tuple[int, str]]:
    """Where each keyword and each name begins, but for names that are brought into being there."""
    tokens, _ = tokenise(text, Place.whole(Source("", text)))
    for index, token in enumerate(tokens):
        before = [other.type for other in tokens[max(0, index - 2) : index]]
        new = before[-1:] in (["RULE"], ["DEFINE"], ["WORDS"]) or before == ["START", "TIMER"]
        if token.type in SIGNS or token.type in ("TEXT", "NUMBER", "DURATION", "PATTERN", "CODE") or new:
            continue
        if before[-1:] == ["DOT"]:
            continue
        found = re.compile(r"\w+(?:\.\w+)*").match(text, token.start_pos or 0)
        assert found is not None
        yield found.start(), found.group()


def test_only_fields_that_every_event_of_the_rule_brings() -> None:
    fields = inserts("rule a on ticket.created, chat.opened when ¦")
    assert "member.tier" in fields
    assert not [name for name in fields if name.startswith(("ticket.", "message.", "chat."))]
    assert "message.text" in inserts("rule a on message.received when mes¦")


def test_what_is_said_beside_a_completion() -> None:
    (tier,) = [item for item in offered("rule a on ticket.created when member.tier = ¦") if item.label == "vip"]
    assert (tier.kind, tier.detail) == ("tier", "VIP 會員")
    (field,) = [item for item in offered("rule a on ticket.created when ticket.or¦") if item.label == "ticket.order_no"]
    assert "may be empty" in field.detail
    assert "the order it is about" in field.documentation
    template = offered("rule a on ticket.created then reply template ask_or¦")[0]
    assert "`zh-CN` 为了尽快" in template.documentation
    assert template.as_dict()["replace"] == {
        "file": "z.rules",
        "line": 1,
        "column": 46,
        "end_line": 1,
        "end_column": 52,
    }


def test_an_action_is_offered_with_how_it_is_written_and_only_if_the_desk_carries_it_out() -> None:
    found = {item.insert: item for item in offered("規則 a 於 ticket.created 則 ¦")}
    assert found["加上"].detail == "add tag T, … [to member]"
    assert "adds tags" in found["加上"].documentation
    assert "執行" not in found


def test_actions_of_plugins_and_their_arguments() -> None:
    def call(case: Case, amount: Decimal) -> list[Change]:
        return []

    kind = ActionKind("shop.refund", {"amount": NUMBER, "sure": FLAG}, doc="gives the money back")
    workspace = Workspace(starter().files, Extras(actions=(PluginAction(kind, call, later=False),)))
    start = "rule a on ticket.created then "
    (refund,) = offered(f"{start}do ¦", workspace=workspace)
    assert (refund.insert, refund.detail) == ("shop.refund", "gives the money back")
    assert "do shop.refund(amount: a number, sure: true or false)" in refund.documentation
    assert inserts(f"{start}do shop.refund(¦", workspace=workspace) == ["amount: ", "sure: "]
    assert inserts(f"{start}do shop.refund(amount: 5, su¦", workspace=workspace) == ["sure: "]
    assert inserts(f"{start}do shop.refund(sure: ¦", workspace=workspace)[:2] == ["true", "false"]
    assert "ticket.amount" in inserts(f"{start}do shop.refund(amount: 2 * ¦", workspace=workspace)
    written = workspace.with_file("z.rules", f"{start}do shop.refund(amount: 5, sure: true)\n")
    hover = written.hover("z.rules", 1, len(start) + 6)
    assert hover is not None
    assert "gives the money back" in hover.text


def test_a_half_typed_yaml_file_keeps_what_it_said() -> None:
    workspace = starter()
    broken = workspace.with_file("teams.yaml", workspace.files["teams.yaml"] + "new_team: {label: ")
    assert "bad-yaml" in [finding.code for finding in broken.findings()]
    assert "aftersales" in inserts("rule a on ticket.created then route to team ¦", workspace=broken)
    ambiguous = workspace.with_file("teams.yaml", "aftersales: {label: NO}\n")
    assert "frontline" in inserts("rule a on ticket.created then route to team ¦", workspace=ambiguous)
    further = broken.with_file("teams.yaml", broken.files["teams.yaml"] + "x}\n")
    assert "new_team" in inserts("rule a on ticket.created then route to team ¦", workspace=further)


def test_a_folder_that_was_never_whole_offers_what_can_be_read() -> None:
    files = dict(starter().files)
    files["roles.yaml"] = "{"
    files["40-route.rules"] = "rule"
    workspace = Workspace(files)
    assert "frontline" in inserts("rule a on ticket.created then route to team ¦", workspace=workspace)
    assert inserts("ru¦", workspace=Workspace({})) == ["rule"]


def test_no_position_of_no_prefix_of_a_file_is_too_much() -> None:
    """Every text on the way to a finished one, at its end: as it is typed."""
    workspace = starter()
    text = (
        'rule a "甲𠮷" limit 2 per 1d per member on every day at "09:00" for each ticket '
        'when not (ticket.type in ["a"]) and length(message.text) > 2 '
        'then reply "{member.name | default("x")}" as bot after 3s do a.b(c: "d")'
    )
    for end in range(len(text) + 1):
        inserts(text[:end] + "¦", workspace=workspace)
    yaml = 'a:\n  - {b: [c, "d, {e}", \'f\'], g: h}\n  # i: j\n  k: |\n    l: m\nn: "o: {p'
    for end in range(len(yaml) + 1):
        inserts(yaml[:end] + "¦", "tests/t.yaml", workspace)
        inserts(yaml[:end] + "¦", "templates/t.yaml", workspace)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a:\n  b: |\n    text: x\n  c: x¦", ("a", "c")),
        ("x:\n  - t: a\n    from: [a, b¦", ("x", 0, "from", 1)),
        ("x:\n- t: a\n- t: b\n  u: ¦", ("x", 1, "u")),
        ("x:\n- t: a\ny: ¦", ("y",)),
        ("- n: a\n  s:\n    - m: x\n      e: {f: [a, b¦]", (0, "s", 0, "e", "f", 1)),
        ("a: [\n  b,\n  c¦\n]", ("a", 1)),
        ("a: {b: {c: d}, e: ¦", ("a", "e")),
        ("a: 'it''s'\n\"b c\": ¦", ("b c",)),
        ("a:\n  b:\n    c: d\n  ¦", ("a",)),
    ],
)
def test_the_way_to_a_place_in_yaml(text: str, path: tuple[str | int, ...]) -> None:
    found = spot(text.replace("¦", ""), text.index("¦"))
    assert found is not None
    assert found.path == path


def test_the_begun_word_is_replaced_whole() -> None:
    for text in ("rule a on ticket.created when ticket.ty¦", "rule a on ticket.created when ticket.type = 退¦"):
        place = offered(text)[0].place
        word = re.search(r"\S+(?=¦)", text)
        assert word is not None
        assert (place.column, place.end_column) == (word.start() + 1, word.end() + 1)
