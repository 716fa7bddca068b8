"""Rules by the API: what is in force, publishing, going back, statistics, and what an editor asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from engine.store import rule_days
from engine.store.paging import cursor
from tests.web.support import Site, copy_rules, running
from tests.web.test_http import conforms, refused

SVG = "{http://www.w3.org/2000/svg}"
WRITER = (
    "writer: {permissions: [ticket.view, ticket.create, rules.view, rules.reload, rules.edit, shops.all]}\n"
    "owner: {permissions: [ticket.view, rules.view, rules.edit, roles.grant, shops.all]}\n"
)
GOOD = """
rule thanks "謝謝"
  stage classify
  on ticket.created
  when message.text contains "謝謝"
  then add tag thanks
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:

    rules = tmp_path / "rules"
    copy_rules(rules)
    roles = rules / "roles.yaml"
    roles.write_text(roles.read_text("utf-8") + WRITER, "utf-8")
    with running(tmp_path, rules=rules) as site:
        site.add_agent("lead", ["lead"], [])
        site.add_agent("amy", ["agent"], ["demo"])
        site.add_agent("wen", ["writer"], [])
        site.add_agent("boss", ["owner"], [])
        site.add_member("ming", "demo")
        yield site


@pytest.fixture
def wen(site: Site) -> Iterator[httpx.Client]:
    with site.client("wen") as client:
        yield client


def digest(client: httpx.Client) -> str:
    return str(conforms("rules", client.get("/rules"))["digest"])


def publish(client: httpx.Client, files: dict[str, str | None], base: str = "", note: str = "") -> httpx.Response:
    return client.post("/rules/publish", json={"base": base or digest(client), "files": files, "note": note})


def on_disk(site: Site) -> dict[str, str]:
    folder = site.folder / "rules"
    return {p.relative_to(folder).as_posix(): p.read_text("utf-8") for p in folder.rglob("*") if p.is_file()}


def test_an_edit_is_published_written_and_decides(site: Site, wen: httpx.Client) -> None:
    before = conforms("rules_files", wen.get("/rules/files"))
    assert before["folder"] is None and before["digest"] == digest(wen)
    answer = conforms("publish_rules", publish(wen, {"thanks.rules": GOOD}, note="為了感謝"))
    assert answer["changed"] and answer["changes"] == [{"path": "thanks.rules", "change": "added"}]
    assert on_disk(site)["thanks.rules"] == GOOD
    assert answer["digest"] == digest(wen) != before["digest"]
    assert conforms("rules", wen.get("/rules"))["active"]["source"] == "publish"
    ticket = site.open_ticket(text="謝謝你們")
    assert "thanks" in ticket["tags"]
    # The folder is what is in force: loading it changes nothing.
    assert conforms("reload_rules", wen.post("/rules/reload"))["changed"] is False
    versions = conforms("rules_versions", wen.get("/rules/versions"))["items"]
    page = wen.get(f"/rules/versions?cursor={cursor(1)}")
    assert conforms("rules_versions", page) == {"items": [], "next": None}, "there is nothing before the first"
    assert [(v["by"], v["source"], v["note"]) for v in versions[:1]] == [("wen", "publish", "為了感謝")]
    assert versions[0]["changes"] == answer["changes"] and versions[1]["digest"] == before["digest"]
    assert conforms("rules_version", wen.get(f"/rules/versions/{before['digest']}"))["files"] == before["files"]


def test_what_promises_otherwise_says_how_many_open_cases_it_is_carried_to(site: Site, wen: httpx.Client) -> None:
    site.open_ticket()
    assert conforms("publish_rules", publish(wen, {"thanks.rules": GOOD}))["resettling"] is None, (
        "rules promise nothing"
    )
    before, desk = digest(wen), on_disk(site)["desk.yaml"]
    done = conforms("publish_rules", publish(wen, {"desk.yaml": desk + "# later\n"}))["resettling"]
    assert done["tickets"] >= 1
    with site.client("lead") as lead:
        jobs = {job["id"]: job for job in lead.get("/jobs").json()["items"]}
        assert jobs == {} or jobs[done["job"]]["kind"] == "sla.resettle"
    body = {"base": digest(wen), "digest": before, "note": ""}
    back = conforms("rollback_rules", wen.post("/rules/rollback", json=body))["resettling"]
    assert back["job"] > done["job"] and back["tickets"] == done["tickets"]
    path = site.folder / "rules" / "desk.yaml"
    path.write_text(desk + "# by hand\n", "utf-8")
    by_hand = conforms("reload_rules", wen.post("/rules/reload"))
    assert by_hand["changed"] and by_hand["resettling"]["job"] > back["job"]
    assert conforms("reload_rules", wen.post("/rules/reload"))["resettling"] is None, "nothing was put in force"


def test_going_back_brings_files_back(site: Site, wen: httpx.Client) -> None:
    first, files = digest(wen), on_disk(site)
    publish(wen, {"thanks.rules": GOOD, "desk.rules": files["desk.rules"] + "# more\n"})
    second = digest(wen)
    body = {"base": second, "digest": first, "note": "doch nicht"}
    answer = conforms("rollback_rules", wen.post("/rules/rollback", json=body))
    assert {(c["path"], c["change"]) for c in answer["changes"]} == {
        ("thanks.rules", "removed"),
        ("desk.rules", "changed"),
    }
    assert digest(wen) == first and on_disk(site) == files
    assert conforms("rules_versions", wen.get("/rules/versions"))["items"][0]["source"] == "rollback"
    refused("rollback_rules", wen.post("/rules/rollback", json={"base": first, "digest": "0" * 64}), 404)


def test_who_was_slower_is_told_what_changed(site: Site, wen: httpx.Client) -> None:
    base = digest(wen)
    conforms("publish_rules", publish(wen, {"thanks.rules": GOOD}, base))
    problem = refused("publish_rules", publish(wen, {"late.rules": GOOD.replace("thanks", "late")}, base), 409)
    assert problem["code"] == "rules-changed" and problem["digest"] == digest(wen)
    assert problem["changes"] == [{"path": "thanks.rules", "change": "added"}]
    assert "late.rules" not in on_disk(site)


def test_of_many_at_once_one_wins(site: Site) -> None:
    with site.client("wen") as first:
        base = digest(first)
    answers: list[int] = []

    def one(number: int) -> None:
        with site.client("wen") as client:
            text = GOOD.replace("thanks", f"t{number}")
            answers.append(publish(client, {f"t{number}.rules": text}, base).status_code)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [200, 409, 409, 409, 409]
    assert len([path for path in on_disk(site) if path.startswith("t") and path.endswith(".rules")]) == 1


def test_broken_rules_are_not_published(site: Site, wen: httpx.Client) -> None:
    base, files = digest(wen), on_disk(site)
    problem = refused("publish_rules", publish(wen, {"thanks.rules": GOOD.replace("message.text", "mesage.text")}), 422)
    assert problem["code"] == "rules-broken"
    (finding,) = [f for f in problem["findings"] if f["severity"] == "error"]
    assert (finding["code"], finding["file"], finding["line"]) == ("unknown-field", "thanks.rules", 5)
    assert digest(wen) == base and on_disk(site) == files
    failing = "- name: wrong\n  steps:\n    - message: 謝謝\n      expect: {ticket.type: 退換貨}\n"
    problem = refused("publish_rules", publish(wen, {"tests/wrong.yaml": failing}), 422)
    assert [f["code"] for f in problem["findings"] if f["severity"] == "error"] == ["scenario-invalid"]
    # A state that an open ticket is in cannot go, and the folder is as it was.
    site.open_ticket()
    gone = files["lifecycles/inquiry.yaml"].replace("open", "waiting").replace("category: waiting", "category: open")
    problem = refused("publish_rules", publish(wen, {"lifecycles/inquiry.yaml": gone}), 422)
    assert digest(wen) == base and on_disk(site) == files, problem


@pytest.mark.parametrize(
    "path",
    [
        "../a.rules",
        "/etc/a.rules",
        ".hidden.rules",
        "a/../b.rules",
        "a\\b.rules",
        "a.sh",
        "",
        "a//b.rules",
        "x" * 300 + ".rules",
    ],
)
def test_paths_that_are_none_of_the_folder(site: Site, wen: httpx.Client, path: str) -> None:
    problem = refused("publish_rules", publish(wen, {path: GOOD}), 422)
    assert problem["errors"][0]["code"] == "bad-path"
    assert problem["errors"][0]["pointer"].startswith("/files/")


def test_a_link_leads_nowhere(site: Site, wen: httpx.Client, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (site.folder / "rules" / "away").symlink_to(outside)
    problem = publish(wen, {"away/x.rules": GOOD})
    assert problem.status_code in (409, 422)
    assert list(outside.iterdir()) == []


def test_roles_need_their_own_right(site: Site, wen: httpx.Client) -> None:
    roles = on_disk(site)["roles.yaml"].replace("agent: {permissions: [", "agent: {permissions: [rules.edit, ")
    problem = refused("publish_rules", publish(wen, {"roles.yaml": roles}), 403)
    assert problem["code"] == "permission-needed" and "roles.grant" in problem["detail"]
    with site.client("boss") as boss:
        conforms("publish_rules", publish(boss, {"roles.yaml": roles}))
    first = conforms("rules_versions", wen.get("/rules/versions"))["items"][1]["digest"]
    refused("rollback_rules", wen.post("/rules/rollback", json={"base": digest(wen), "digest": first}), 403)


def test_who_may(site: Site, wen: httpx.Client) -> None:
    base = digest(wen)
    with site.client("amy") as amy:
        refused("publish_rules", publish(amy, {"a.rules": GOOD}, base), 403)
        refused("rollback_rules", amy.post("/rules/rollback", json={"base": base, "digest": base}), 403)
        conforms("rules_files", amy.get("/rules/files"))
    for who in ("ming", None):
        with site.client(who) as client:
            status = 403 if who else 401
            body = {"base": base, "files": {}, "path": "desk.rules", "line": 1, "column": 1}
            refused("publish_rules", publish(client, {"a.rules": GOOD}, base), status)
            refused("rules_versions", client.get("/rules/versions"), status)
            refused("rules_version", client.get(f"/rules/versions/{base}"), status)
            refused("rules_files", client.get("/rules/files"), status)
            refused("rules_statistics", client.get("/rules/statistics"), status)
            refused("complete", client.post("/rules/complete", json=body), status)


def test_a_broken_folder_is_mended_from_the_console(site: Site, wen: httpx.Client) -> None:
    file = site.folder / "rules" / "desk.rules"
    sound = file.read_text("utf-8")
    file.write_text(sound + "rule broken\n", "utf-8")
    assert conforms("reload_rules", wen.post("/rules/reload"))["changed"] is False
    there = conforms("rules_files", wen.get("/rules/files"))
    assert there["folder"]["changes"] == [{"path": "desk.rules", "change": "changed"}]
    assert there["folder"]["files"]["desk.rules"].endswith("rule broken\n")
    # Who begins from what is in force is told what the folder holds; who begins from the folder mends it.
    problem = refused("publish_rules", publish(wen, {"x.rules": GOOD}, there["digest"]), 409)
    assert problem["changes"] == [{"path": "desk.rules", "change": "changed"}]
    answer = conforms("publish_rules", publish(wen, {"desk.rules": sound + GOOD}, there["folder"]["digest"]))
    assert answer["changed"] and conforms("rules", wen.get("/rules"))["failed"] is None
    assert conforms("rules_files", wen.get("/rules/files"))["folder"] is None


def test_a_folder_with_what_is_no_text_is_not_published_over(site: Site, wen: httpx.Client) -> None:
    base = digest(wen)
    (site.folder / "rules" / "old.rules").write_bytes("rule 退貨".encode("big5"))
    problem = refused("publish_rules", publish(wen, {"thanks.rules": GOOD}, base), 422)
    assert [(f["code"], f["file"]) for f in problem["findings"]] == [("not-utf8", "old.rules")]
    assert digest(wen) == base and not (site.folder / "rules" / "thanks.rules").exists()
    (site.folder / "rules" / "old.rules").unlink()
    conforms("publish_rules", publish(wen, {"thanks.rules": GOOD}, base))


def test_a_folder_that_cannot_be_written_leaves_everything(
    site: Site, wen: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, files = digest(wen), on_disk(site)
    real = Path.replace

    def full(self: Path, target: Path) -> Path:
        if self.name.startswith(".publish-") and Path(target).name == "b.rules":
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", full)
    two = {"a.rules": GOOD, "b.rules": GOOD.replace("thanks", "more")}
    problem = refused("publish_rules", publish(wen, two), 409)
    assert problem["code"] == "rules-not-written" and "No space left" in problem["detail"]
    assert digest(wen) == base and on_disk(site) == files


def test_statistics_count_what_rules_did(site: Site, wen: httpx.Client) -> None:
    for _ in range(3):
        site.open_ticket(text="我要退貨")
    site.open_ticket(text="你好")
    found = {row["rule"]: row for row in conforms("rules_statistics", wen.get("/rules/statistics"))["items"]}
    assert (found["refunds"]["acted"], found["front"]["acted"], found["welcome"]["acted"]) == (3, 4, 0)
    assert found["refunds"]["last_at"] and found["welcome"]["last_at"] is None
    assert found["refunds"]["micros"] > 0 and found["welcome"]["micros"] is None
    refused("rules_statistics", wen.get("/rules/statistics?days=0"), 422)

    # Summed up by day it comes to the same; a page is taken once, whoever is faster.
    def sum_up(tx: Any) -> list[bool]:
        tx.now += 60_000_000
        sums = rule_days.page(tx)
        assert sums is not None
        return [rule_days.keep(tx, sums), rule_days.keep(tx, sums), rule_days.page(tx) is None]

    assert site.run(lambda: site.desk.context.store.write(sum_up)).result == [True, False, True]
    again = {row["rule"]: row for row in conforms("rules_statistics", wen.get("/rules/statistics"))["items"]}
    for name in ("acted", "lost", "failed", "last_at"):
        assert {rule: row[name] for rule, row in again.items()} == {rule: row[name] for rule, row in found.items()}


def test_an_edit_is_checked_on_top_of_its_base(site: Site, wen: httpx.Client) -> None:
    base = digest(wen)
    edit = {"base": base, "files": {"thanks.rules": GOOD.replace("classify", "clasify")}}
    found = conforms("validate", wen.post("/rules/validate", json=edit))
    assert [(f["code"], f["file"], f["hint"]) for f in found["findings"]] == [
        ("unknown-stage", "thanks.rules", "did you mean `classify`?")
    ]
    assert conforms("validate", wen.post("/rules/validate", json={"base": base, "files": {}}))["errors"] == 0
    refused("validate", wen.post("/rules/validate", json={"base": "0" * 64, "files": {}}), 422)


def test_what_an_editor_asks(site: Site, wen: httpx.Client) -> None:
    text = "rule x\n  on ticket.created\n  when ticket.ty\n  then set ticket.type to 退換貨\n"
    at = {"base": digest(wen), "files": {"x.rules": text}, "path": "x.rules", "line": 3, "column": 17}
    items = conforms("complete", wen.post("/rules/complete", json=at))["items"]
    assert items[0]["label"] == "ticket.type" and items[0]["replace"]["line"] == 3
    at = {**at, "files": {"x.rules": text.replace("ticket.ty\n", "ticket.type = 退換貨\n")}, "column": 10}
    assert "ticket.type" in conforms("hover", wen.post("/rules/hover", json=at))["hover"]["text"]
    value = {**at, "column": 24}
    place = conforms("definition", wen.post("/rules/definition", json=value))["definition"]
    assert place["file"] == "desk.yaml"
    places = conforms("references", wen.post("/rules/references", json=value))["items"]
    assert {"desk.yaml", "x.rules", "desk.rules"} <= {p["file"] for p in places}
    edits = conforms("rename", wen.post("/rules/rename", json={**value, "name": "退款"}))
    assert edits["refused"] is None and {e["text"] for e in edits["items"]} == {"退款"}
    assert conforms("rename", wen.post("/rules/rename", json={**value, "name": "其他"}))["refused"]
    file = {key: at[key] for key in ("base", "files", "path")}
    assert conforms("symbols", wen.post("/rules/symbols", json=file))["items"][0]["name"] == "x"
    messy = {**file, "files": {"x.rules": text.replace("ticket.ty\n", "ticket.type   =  退換貨\n")}}
    assert "ticket.type = 退換貨" in conforms("format_rules", wen.post("/rules/format", json=messy))["text"]
    wrong = {**at, "files": {"x.rules": text.replace("ticket.ty\n", "ticket.tipe = 退換貨\n")}}
    wrong |= {"end_line": 3, "end_column": 30}
    remedy = conforms("remedies", wen.post("/rules/remedies", json=wrong))["items"][0]
    assert remedy["code"] == "unknown-field" and remedy["edits"][0]["text"] == "ticket.type"
    nowhere = {**at, "path": "none.rules", "line": 999, "column": 999}
    assert conforms("complete", wen.post("/rules/complete", json=nowhere))["items"] == []
    assert conforms("hover", wen.post("/rules/hover", json=nowhere))["hover"] is None
    assert conforms("symbols", wen.post("/rules/symbols", json={**file, "path": "none"}))["items"] == []


def test_findings_and_the_editor_speak_the_language_asked_for(site: Site, wen: httpx.Client) -> None:
    wrong = {"x.rules": "rule x\n  on ticket.created\n  when ticket.tipe = 退換貨\n  then set ticket.type to 退換貨\n"}
    said = {
        "en": "there is no field `ticket.tipe`",
        "zh-TW": "沒有 `ticket.tipe` 這個欄位",
        "zh-CN": "没有 `ticket.tipe` 这个字段",
    }
    for locale, message in said.items():
        asked = {"params": {"locale": locale}}
        body = {"base": digest(wen), "files": wrong}
        told = conforms("validate", wen.post("/rules/validate", json=body, **asked))["findings"]
        assert message in [finding["message"] for finding in told]
        problem = refused("publish_rules", wen.post("/rules/publish", json=body, **asked), 422)
        assert message in [finding["message"] for finding in problem["findings"]]
        problem = refused("draw_rules", wen.post("/rules/graph", json={**body, "locale": locale}), 422)
        assert message in [finding["message"] for finding in problem["findings"]]
    at = {"base": digest(wen), "files": wrong, "path": "x.rules", "line": 2, "column": 8}
    hover = conforms("hover", wen.post("/rules/hover?locale=zh-TW", json=at))["hover"]["text"]
    assert hover.startswith("**ticket.created** · 事件") and "帶來 `" in hover
    items = conforms("complete", wen.post("/rules/complete?locale=zh-CN", json={**at, "column": 6}))["items"]
    assert "会员评了分" in [item["detail"] for item in items if item["label"] == "rating.received"]
    span = {**at, "line": 3, "end_line": 3, "end_column": 30}
    titles = [
        item["title"] for item in conforms("remedies", wen.post("/rules/remedies?locale=zh-TW", json=span))["items"]
    ]
    assert titles == ["改成 `ticket.type`"]
    no = conforms("rename", wen.post("/rules/rename?locale=zh-TW", json={**at, "name": "other"}))["refused"]
    assert no == "`ticket.created` 不能重新命名：事件由客服台決定"
    refused("hover", wen.post("/rules/hover?locale=fr", json=at), 422)


def test_a_failed_load_is_told_to_each_in_his_language(site: Site, wen: httpx.Client) -> None:
    file = site.folder / "rules" / "desk.rules"
    sound = file.read_text("utf-8")
    file.write_text(sound.replace("ticket.type", "ticket.tipe"), "utf-8")
    answer = conforms("reload_rules", wen.post("/rules/reload?locale=zh-CN"))
    assert "没有 `ticket.tipe` 这个字段" in [finding["message"] for finding in answer["findings"]]
    for locale, message, hint in (
        ("en", "there is no field `ticket.tipe`", "did you mean `ticket.type`?"),
        ("zh-TW", "沒有 `ticket.tipe` 這個欄位", "是不是要寫 `ticket.type`？"),
    ):
        failed = conforms("rules", wen.get("/rules", params={"locale": locale}))["failed"]
        assert (message, hint) in [(finding["message"], finding["hint"]) for finding in failed["findings"]]


def test_pictures_of_the_rulebook(site: Site, wen: httpx.Client) -> None:
    found = {}
    for what, locale in (("lifecycles", "zh-TW"), ("stages", "zh-TW"), ("stages", "en"), ("triggers", "zh-TW")):
        answer = wen.get("/rules/graph", params={"what": what, "locale": locale})
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/svg+xml"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        found[what, locale] = {text.text for text in ElementTree.fromstring(answer.text).iter(f"{SVG}text")}
    book = site.desk.rulebook
    assert book is not None
    states = {name for life in book.lifecycles.values() for name in life.states}
    assert states <= found["lifecycles", "zh-TW"]
    assert set(book.rules.stages) <= found["stages", "zh-TW"] & found["stages", "en"]
    assert any("條規則" in (text or "") for text in found["stages", "zh-TW"])
    assert not any("條規則" in (text or "") for text in found["stages", "en"])
    refused("rules_graph", wen.get("/rules/graph", params={"what": "weather"}), 422)
    with site.client("ming") as ming:
        refused("rules_graph", ming.get("/rules/graph"), 403)


def test_pictures_of_an_edit(site: Site, wen: httpx.Client) -> None:
    body = {"base": digest(wen), "files": {"thanks.rules": GOOD}, "what": "stages", "locale": "en"}
    answer = wen.post("/rules/graph", json=body)
    assert conforms("draw_rules", answer)
    assert "default-src 'none'; sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == "image/svg+xml"

    def stages(text: str) -> list[str | None]:
        return [one.text for one in ElementTree.fromstring(text).iter(f"{SVG}text")]

    now = stages(wen.get("/rules/graph", params={"what": "stages", "locale": "en"}).text)
    drawn = stages(answer.text)
    assert drawn[drawn.index("classify") + 1] == "2 rules" != now[now.index("classify") + 1]
    broken = refused("draw_rules", wen.post("/rules/graph", json={**body, "files": {"x.rules": "rule"}}), 422)
    assert broken["code"] == "rules-broken" and broken["findings"][0]["file"] == "x.rules"
    with site.client("ming") as ming:
        refused("draw_rules", ming.post("/rules/graph", json=body), 403)


def test_publishing_and_going_back_are_done_once_under_a_key(wen: httpx.Client) -> None:
    before = digest(wen)
    body = {"base": before, "files": {"once.rules": 'rule once_only on ticket.created then note "once"\n'}}
    first, again = (wen.post("/rules/publish", json=body, headers={"Idempotency-Key": "p"}) for _ in range(2))
    assert first.status_code == 200, first.text
    assert (again.status_code, again.content) == (200, first.content), "not: somebody was faster"
    back = {"base": digest(wen), "digest": before}
    first, again = (wen.post("/rules/rollback", json=back, headers={"Idempotency-Key": "b"}) for _ in range(2))
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
