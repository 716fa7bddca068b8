"""Who may see what, at the doors beside the tickets themselves: sockets, the log, the past, and who asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.desk import jobs
from engine.store import rule_days
from engine.store import tables as t
from engine.worker import Worker
from tests.web.support import PASSWORD, RULES, Site, copy_rules, running

WORK_ORDER = """
kind: work_order
internal: true
initial: todo
states:
  todo: {sla: running, category: open}
  done: {sla: stopped, category: closed}
transitions:
  - {trigger: finish, from: todo, to: done, roles: [lead]}
"""
CALL = """
kind: call
for: [calls]
initial: rings
states:
  rings: {sla: running, category: open}
  over: {sla: stopped, category: closed}
transitions:
  - {trigger: finish, from: rings, to: over, roles: [lead]}
"""
FIELDS = """
  ticket.idcard: {type: text, optional: true, personal: true}
  ticket.urgency: {type: text, optional: true}
  ticket.reason: {type: text, optional: true, members: true}
"""
ROLES = """
auditor: {permissions: [audit.view, ticket.view]}
ruler: {permissions: [rules.edit, rules.view]}
editor: {permissions: [member.view, member.edit]}
tester: {permissions: [rules.edit, rules.view, ticket.view, member.view]}
chief:
  permissions: [rules.edit, rules.view, ticket.view, ticket.change, ticket.create, ticket.reply, member.view,
    member.edit, member.personal, shops.all, audit.view]
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two shops: `amy` serves demo, `olga` other, `lin` every shop; `lead` and `chief` may see what is personal."""
    folder = tmp_path_factory.mktemp("seen")
    rules = folder / "rules-to-see"
    copy_rules(rules, RULES)
    (rules / "lifecycles/work_order.yaml").write_text(WORK_ORDER, "utf-8")
    (rules / "lifecycles/call.yaml").write_text(CALL, "utf-8")
    for name, more in (("desk.yaml", FIELDS), ("roles.yaml", ROLES)):
        path = rules / name
        path.write_text(path.read_text("utf-8").rstrip() + more, "utf-8")
    with running(folder, rules=rules, limits__guest_rate=1000, limits__socket_rate=1000) as site:
        for name, roles, shops in (
            ("lead", ["lead"], []),
            ("amy", ["agent"], ["demo"]),
            ("olga", ["agent"], ["other"]),
            ("lin", ["agent"], ["*"]),
            ("vera", ["viewer"], ["demo"]),
            ("eva", ["auditor"], ["other"]),
            ("rudi", ["ruler"], ["demo"]),
            ("tess", ["tester"], ["demo"]),
            ("theo", ["tester"], ["other"]),
            ("chief", ["chief"], []),
            ("edna", ["editor"], ["demo"]),
        ):
            site.add_agent(name, roles, shops)
        for name, shop in (("ming", "demo"), ("hua", "demo"), ("oscar", "other")):
            site.add_member(name, shop)
        yield site


def member_of(site: Site, name: str) -> int:
    with site.client(name) as client:
        return int(client.get("/auth/me").json()["user"]["id"])


# --- sockets --------------------------------------------------------------------------------------------------------


def test_a_member_hears_nothing_of_the_work_between_colleagues(desk: Site) -> None:
    """Neither live nor of what was missed, whatever happens to such a case; of the own case all that is for members."""
    ming = member_of(desk, "ming")
    with desk.chat(token=desk.token("ming")) as own:
        since = own.welcome["seq"]
        inside = desk.open_ticket(kind="work_order", subject="查倉庫", requester={"id": ming})["number"]
        with desk.client("lead") as lead:
            one = f"/tickets/{inside}"
            assert lead.post(f"{one}/messages", json={"text": "好", "visibility": "internal"}).is_success
            assert lead.patch(one, json={"priority": "high", "tags": ["vip"]}).is_success
            assert lead.post(f"{one}/transitions", json={"trigger": "finish"}).is_success
            open_one = desk.open_ticket(subject="退貨", requester={"id": ming})["number"]
            assert lead.post(f"/tickets/{open_one}/messages", json={"text": "您好"}).is_success
        live = own.until_quiet()
    with desk.chat(token=desk.token("ming"), since=since) as again:
        missed = again.until_quiet()
    for frames in (live, missed):
        about = {frame.get("number", frame.get("message", {}).get("ticket")) for frame in frames}
        assert inside not in about, frames
        assert open_one in about, frames


def test_presence_reaches_every_colleague_who_is_shown_the_agent(desk: Site) -> None:
    with desk.agent("amy") as amy, desk.agent("olga") as olga, desk.client("lin") as lin, desk.client("amy") as mine:
        assert lin.post("/me/status", json={"status": "busy"}).is_success
        for socket in (amy, olga):
            socket.get("presence", agent={"username": "lin", "status": "busy"})
        assert mine.post("/me/status", json={"status": "busy"}).is_success
        amy.get("presence", agent={"username": "amy", "status": "busy"})
        assert not [frame for frame in olga.until_quiet() if frame["type"] == "presence"], "she is not shown amy"


# --- the log --------------------------------------------------------------------------------------------------------


def log(site: Site, who: str, **params: Any) -> list[dict[str, Any]]:
    with site.client(who) as client:
        answer = client.get("/audit", params={"limit": 200, **params})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


def test_the_log_of_a_shop_is_of_its_agents_and_members_only(desk: Site) -> None:
    with desk.client(**{"User-Agent": "guesser/2"}) as nobody:
        for name in ("amy", "olga", "ming", "oscar", "nobody-at-all"):
            for word in ("wrong", PASSWORD):
                nobody.post("/auth/login", json={"username": name, "password": word})
    hers, chiefs = log(desk, "eva"), log(desk, "chief")
    opened = {one["actor"]["name"] for one in hers if one["kind"] == "session.opened"}
    assert {"Olga", "Eva"} <= opened and not opened & {"Amy", "Lead", "Chief"}, opened
    members = [one for one in hers if one["kind"] == "session.opened" and one["actor"]["kind"] == "member"]
    assert {one["shop"] for one in members} == {"other"}
    assert {(one["address"], one["device"]) for one in members} == {("•••", "•••")}, "she may not see what is personal"
    tried = [one for one in hers if one["device"] == "guesser/2" and one["kind"] == "session.refused"]
    assert sorted(str(one["account"]) for one in tried) == ["None", "olga"], "a member's account is personal"
    assert all(one["address"] == "127.0.0.1" for one in tried)
    every = [one for one in chiefs if one["device"] == "guesser/2" and one["kind"] == "session.refused"]
    names = {str(one["account"]) for one in every}
    assert names == {"amy", "olga", "ming", "oscar", "None"}
    assert not [one for one in hers if one["kind"].startswith("rulebook.")], "the whole desk's"
    assert [one for one in chiefs if one["kind"].startswith("rulebook.")]
    plain = [one for one in chiefs if one["kind"] == "session.opened" and one["actor"]["kind"] == "member"]
    assert {one["address"] for one in plain} == {"127.0.0.1"}


def test_presence_of_who_serves_every_shop_stands_in_each_log(desk: Site) -> None:
    with desk.client("lin") as lin, desk.client("amy") as amy:
        for client in (lin, amy):
            for status in ("away", "online"):
                assert client.post("/me/status", json={"status": status}).is_success
    names = {one["actor"]["username"] for one in log(desk, "eva", kind="agent.status_changed")}
    assert "lin" in names and "amy" not in names


def test_the_log_says_what_was_done_to_whom(desk: Site) -> None:
    hua = member_of(desk, "hua")
    with desk.client("chief") as chief:
        assert chief.patch(f"/members/{hua}", json={"tier": "gold"}).is_success
    changed = log(desk, "chief", kind="member.changed")
    assert changed and changed[0]["member"] == hua, changed


# --- what a member may say of a case -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"fields": {"urgency": "急迫"}}, "/fields.urgency"),
        ({"fields": {"idcard": "A123456789"}}, "/fields.idcard"),
        ({"priority": "high"}, "/priority"),
        ({"tags": ["vip"]}, "/tags"),
    ],
)
def test_a_member_fills_in_only_what_is_his_to_say(desk: Site, body: dict[str, Any], pointer: str) -> None:
    with desk.client("ming") as ming, desk.client("lead") as lead:
        refused = ming.post("/tickets", json={"subject": "a", "text": "b", **body})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (403, pointer), refused.text
        assert lead.post(
            "/tickets", json={"subject": "a", "text": "b", "shop": "demo", "requester": {"name": "小明"}, **body}
        ).is_success
        own = ming.post("/tickets", json={"subject": "a", "text": "b", "type": "退換貨", "fields": {"reason": "壞了"}})
        assert own.status_code == 201 and own.json()["fields"] == {"reason": "壞了"}
        names = {one["name"] for one in lead.get("/nouns").json()["fields"] if one["members"]}
        assert names == {"ticket.reason"}


@pytest.mark.parametrize("kind", ["call", "work_order", "nothing"])
def test_a_member_opens_no_case_of_a_kind_that_is_not_for_members(desk: Site, kind: str) -> None:
    with desk.client("ming") as ming:
        refused = ming.post("/tickets", json={"subject": "a", "text": "b", "kind": kind})
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown-kind")
        assert ming.post("/tickets", json={"subject": "a", "text": "b", "kind": "inquiry"}).status_code == 201


# --- the past, and rules that are tried on it ----------------------------------------------------------------------

LEAK = """
stage classify

rule born "生日"
  on message.received
  when member.birthday = "1981-03-01"
  then add tag HIT

rule card "證件"
  on ticket.created
  when ticket.idcard starts with "A12"
  then add tag HIT

rule known "標籤"
  on message.received
  when member.tags has "vip"
  then add tag HIT

rule tell "全說"
  on message.received
  then set ticket.product to ticket.idcard
       reply "LEAK {member.birthday} {ticket.idcard}"
       note "LEAK {member.birthday} {ticket.idcard}"
"""
SECRETS = ("1981-03-01", "A123456789")


def personal_case(site: Site) -> int:
    """A case of a member whose birthday and card only some may see."""
    ming = member_of(site, "ming")
    with site.client("lead") as lead:
        assert lead.patch(f"/members/{ming}", json={"fields": {"birthday": SECRETS[0]}, "tags": ["vip"]}).is_success
    made = site.open_ticket(subject="證件", requester={"id": ming}, fields={"idcard": SECRETS[1]}, author="member")
    with site.client("ming") as own:
        assert own.post(f"/tickets/{made['number']}/messages", json={"text": "暗號是芒果"}).is_success
    return int(made["number"])


def edit(site: Site, **files: str) -> dict[str, Any]:
    """An edit of the rules in force; `desk.yaml` has nothing personal any more."""
    folder = site.folder / "rules"
    text = (folder / "desk.yaml").read_text("utf-8").replace("personal: true", "personal: false")
    with site.client("chief") as chief:
        base = chief.get("/rules/files").json()["digest"]
    return {"base": base, "files": {"leak.rules": LEAK, "desk.yaml": text, **files}}


def test_a_line_is_tried_without_what_one_may_not_read(desk: Site) -> None:
    number = personal_case(desk)
    body = {**edit(desk), "ticket": number, "text": "生日"}
    with desk.client("tess") as tess, desk.client("chief") as chief:
        told, whole = tess.post("/rules/dry-run/line", json=body), chief.post("/rules/dry-run/line", json=body)
    assert (told.status_code, whole.status_code) == (200, 200), told.text + whole.text
    for secret in SECRETS:
        assert secret not in told.text, "nowhere: not in values, changes, replies, notes"
        assert secret in whole.text
    acted = {one["rule"]: one["outcome"] for one in told.json()["after"]["rules"]}
    assert acted.get("tell") == "acted" and "born" not in acted, "that a rule matched tells the value it asks for"
    assert told.json()["after"]["unread"] == ["member.birthday", "ticket.idcard"]
    told_whole = {one["rule"]: one["outcome"] for one in whole.json()["after"]["rules"]}
    assert told_whole["born"] == "acted" and whole.json()["after"]["unread"] == []


def test_decisions_are_tried_without_what_one_may_not_read(desk: Site) -> None:
    number = personal_case(desk)
    body = {**edit(desk), "ticket": number}
    with desk.client("tess") as tess, desk.client("chief") as chief, desk.client("theo") as theo:
        told, whole = tess.post("/rules/dry-run", json=body), chief.post("/rules/dry-run", json=body)
        assert theo.post("/rules/dry-run", json=body).status_code == 404
        assert theo.post("/rules/dry-run/line", json={**body, "text": "a"}).status_code == 404
    assert (told.status_code, whole.status_code) == (200, 200), told.text + whole.text
    assert not any(secret in told.text for secret in SECRETS)
    assert {one["undecidable"] for one in told.json()["items"]} & {"member.birthday", "ticket.idcard"}
    hits = [rule["rule"] for one in told.json()["items"] for rule in one["after"]["rules"]]
    assert not {"born", "card"} & set(hits)
    all_hits = [rule["rule"] for one in whole.json()["items"] for rule in one["after"]["rules"]]
    assert {"born", "card"} & set(all_hits)


def simulated(site: Site, who: str, rules: str, **more: str) -> Any:
    with site.client(who) as client:
        return client.post("/rules/simulate", json={**edit(site, **{"leak.rules": rules}, **more), "days": 1})


GUESS = """
stage classify

rule guess "猜"
  on message.received
  when {what}
  then add tag HIT
"""


def test_the_past_decided_anew_is_of_the_cases_one_sees(desk: Site) -> None:
    personal_case(desk)
    word = GUESS.format(what='message.text contains "芒果"')
    assert simulated(desk, "rudi", word).status_code == 403, "who sees no case hears of none"
    mine, theirs = simulated(desk, "tess", word).json(), simulated(desk, "theo", word).json()
    assert mine["decisions"]["differing"] > 0 and mine["examples"]
    assert theirs["decisions"]["differing"] == theirs["decisions"]["read"] == theirs["tickets"]["seen"] == 0, theirs
    assert theirs["examples"] == [] == theirs["rules"]
    born = GUESS.format(what='member.birthday = "1981-03-01"')
    told, whole = simulated(desk, "tess", born).json(), simulated(desk, "chief", born).json()
    assert told["decisions"]["differing"] == 0 and told["decisions"]["undecidable"] > 0, told
    assert {"value": "member.birthday"}.items() <= told["undecidable"][0].items()
    assert whole["decisions"]["differing"] > 0


def test_a_trace_shows_only_the_fields_that_its_reader_reads(desk: Site) -> None:
    """Today's rights and rules, whatever stood in force when it was recorded."""
    number = personal_case(desk)
    rules = """
stage classify

rule often "常客"
  on ticket.created, message.received
  when member.open_tickets >= 0
  then add tag regular to member
"""
    with desk.client("chief") as chief:
        base = chief.get("/rules/files").json()["digest"]
        put = chief.post("/rules/publish", json={"base": base, "files": {"often.rules": rules}, "note": "x"})
        assert put.is_success, put.text
    number = personal_case(desk)
    with desk.client("vera") as vera, desk.client("amy") as amy:
        hidden, seen = vera.get(f"/tickets/{number}/trace"), amy.get(f"/tickets/{number}/trace")

    def acted(answer: Any) -> list[dict[str, Any]]:
        found = [r for item in answer.json()["items"] for r in item["rules"] if r["rule"] == "often"]
        assert found
        return found

    with desk.client("vera") as vera, desk.client("amy") as amy:
        kinds = [
            {one["kind"] for one in client.get(f"/tickets/{number}/events").json()["items"]} for client in (vera, amy)
        ]
    assert kinds[1] - kinds[0] == {"member.changed"} and kinds[0] < kinds[1], "nor does the history tell of the file"
    assert all(one["values"]["member.open_tickets"] == "•••" for one in acted(hidden))
    assert all(type(one["values"]["member.open_tickets"]) is int for one in acted(seen))
    assert all("regular" not in str(one["did"]) + str(one["changes"]) for one in acted(hidden))
    assert all("regular" in str(one["did"]) + str(one["changes"]) for one in acted(seen))


# --- fields that become personal, and are no longer ----------------------------------------------------------------


def publish(site: Site, declared: str) -> None:
    """The field `ticket.urgency` is declared like this from now on."""
    path = site.folder / "rules/desk.yaml"
    lines = path.read_text("utf-8").splitlines()
    text = "\n".join(f"  ticket.urgency: {declared}" if "ticket.urgency" in line else line for line in lines) + "\n"
    with site.client("chief") as chief:
        base = chief.get("/rules/files").json()["digest"]
        put = chief.post("/rules/publish", json={"base": base, "files": {"desk.yaml": text}, "note": declared})
        assert put.is_success, put.text


def carry(site: Site) -> None:
    """Lets a worker write what is stored anew."""

    async def work() -> None:
        (job,) = [one for one in await jobs.newest(site.desk.context) if one["kind"] == "fields.reseal"][:1]
        await Worker(site.desk.context).finish(job["id"])

    site.run(work)


def stored(site: Site, number: int) -> tuple[str, list[tuple[Any, Any]]]:
    """A ticket's fields as the database has them, and what filters find them by."""

    def look(tx: Any) -> tuple[str, list[tuple[Any, Any]]]:
        row = tx.row(t.Ticket.select(t.Ticket.id, t.Ticket.fields).where(t.Ticket.number == number))
        mine = (t.FieldValue.owner_kind == "ticket") & (t.FieldValue.owner_id == row["id"])
        found = tx.rows(t.FieldValue.select().where(mine & (t.FieldValue.name == "urgency")))
        return row["fields"], [(one["text"], one["key"]) for one in found]

    found: tuple[str, list[tuple[Any, Any]]] = site.run(lambda: site.desk.context.read(look))
    return found


def test_a_field_is_personal_from_the_moment_the_rules_say_so(desk: Site) -> None:
    """Covered at once wherever it is shown; written anew soon after, both ways, and found by filters."""
    before = desk.open_ticket(subject="急件", fields={"urgency": "秘密甲"})["number"]
    with desk.client("lead") as lead:
        assert lead.patch(f"/tickets/{before}", json={"fields": {"urgency": "秘密乙"}}).is_success
    publish(desk, "{type: text, optional: true, personal: true}")
    doors = ("", "/events", "/trace", "/messages")
    with desk.client("amy") as amy, desk.client("lead") as lead, desk.agent("amy", since=1) as socket:
        for door in doors:
            assert "秘密" not in amy.get(f"/tickets/{before}{door}").text, door
        assert "秘密" not in amy.get("/tickets", params={"limit": 100}).text
        assert "秘密" not in str(socket.until_quiet())
        assert lead.get(f"/tickets/{before}").json()["fields"]["urgency"] == "秘密乙"
        wanted = {"filter": 'ticket.urgency = "秘密乙"'}
        carry(desk)
        text, index = stored(desk, before)
        assert "秘密" not in text and [one[0] for one in index] == [None] and index[0][1], (text, index)
        assert [one["number"] for one in lead.get("/tickets", params=wanted).json()["items"]] == [before]
        assert lead.get(f"/tickets/{before}").json()["fields"]["urgency"] == "秘密乙"
        publish(desk, "{type: text, optional: true}")
        assert amy.get(f"/tickets/{before}").json()["fields"]["urgency"] == "•••", "until it is written anew"
        carry(desk)
        text, index = stored(desk, before)
        assert "秘密乙" in text and index[0][1] is None, (text, index)
        assert amy.get(f"/tickets/{before}").json()["fields"]["urgency"] == "秘密乙"
        assert [one["number"] for one in amy.get("/tickets", params=wanted).json()["items"]] == [before]


# --- whose address it is --------------------------------------------------------------------------------------------


def test_who_may_not_see_addresses_learns_of_none_by_filing_under_it(desk: Site) -> None:
    """The answer, the case, the member and the list are alike whether somebody is known by the address or not."""
    kinds = {"phone": ("0966-777-888", "0966-777-889"), "email": ("gold@mail.example", "nobody@mail.example")}
    with desk.client("lead") as lead, desk.client("amy") as amy:
        body = {"name": "金小姐", "shop": "demo", "tier": "gold", **{kind: known for kind, (known, _) in kinds.items()}}
        gold = lead.post("/members", json=body)
        assert gold.status_code == 201, gold.text
        for kind, addresses in kinds.items():
            told = []
            for address in (*addresses, addresses[0]):
                case = {"subject": "來電", "text": "請回電", "requester": {kind: address}}
                made = amy.post("/tickets", json=case)
                assert made.status_code == 201, made.text
                who = amy.get(f"/members/{made.json()['requester']['id']}").json()
                same = {**{k: made.json()["requester"][k] for k in ("name", "tier", "guest")}}
                told.append((same, [{**one, "id": 0, "value": 0} for one in who["identities"]], len(who["tickets"])))
                assert address not in str(who) and "金小姐" not in made.text
            assert told[0] == told[1] == told[2], told
            mine = lead.post("/tickets", json={**case, "shop": "demo"}).json()
            assert mine["requester"]["name"] == "金小姐", "who may see addresses files under them"


def test_who_may_not_see_addresses_gives_none_to_a_new_member(desk: Site) -> None:
    with desk.client("edna") as edna:
        taken, free = (
            edna.post("/members", json={"name": "甲", "phone": number}) for number in ("0966-777-888", "0966-111-222")
        )
        assert (taken.status_code, free.status_code) == (403, 403)
        assert taken.json()["detail"] == free.json()["detail"]
        assert edna.post("/members", json={"name": "甲"}).status_code == 201


def test_what_rules_did_is_told_of_the_shops_one_serves(desk: Site) -> None:
    """Summed up already or not."""
    desk.open_ticket(subject="退貨", text="我要退貨", author="member")

    def acted(who: str) -> int:
        with desk.client(who) as client:
            items = client.get("/rules/statistics").json()["items"]
        return int(next(one["acted"] for one in items if one["rule"] == "refunds"))

    assert acted("rudi") == acted("chief") > 0 == acted("theo")

    def sum_up(tx: Any) -> bool:
        sums = rule_days.page(tx)
        return sums is not None and rule_days.keep(tx, sums)

    settled, rule_days.SETTLED = rule_days.SETTLED, 0
    try:
        assert desk.run(lambda: desk.desk.context.store.write(sum_up)).result
    finally:
        rule_days.SETTLED = settled
    assert acted("rudi") == acted("chief") > 0 == acted("theo")
