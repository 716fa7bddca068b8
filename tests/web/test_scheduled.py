"""Lines that are sent later, or may be taken back for a moment, by the API: whose they are, and who wins a race."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.desk import accounts, sending
from engine.desk.handlers import scheduled as handler
from engine.store import people, scheduled
from engine.store import tables as t
from tests.support.waiting import until
from tests.web.documented import conforms, refused
from tests.web.support import Site, running

STARTER = Path(__file__).parents[2] / "rules"
WORDS = "明天一早給您答覆"


@pytest.fixture
def number(site: Site) -> int:
    with site.client("ming") as ming:
        return int(ming.post("/tickets", json={"subject": "杯子", "text": "請問杯子有裂痕"}).json()["number"])


def in_(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


def later(client: httpx.Client, number: int, text: str = WORDS, **body: Any) -> httpx.Response:
    body = {"text": text, **({"send_at": in_(hours=5)} if "undo" not in body else {}), **body}
    return client.post(f"/tickets/{number}/messages", json=body)


def texts(client: httpx.Client, number: int) -> list[str]:
    return [line["text"] for line in client.get(f"/tickets/{number}/messages").json()["items"]]


def waiting(client: httpx.Client, number: int) -> list[dict[str, Any]]:
    return list(conforms("list_scheduled", client.get(f"/tickets/{number}/scheduled"))["items"])


def due(site: Site, line: int) -> None:
    """The line's time comes."""

    def job(tx: Any) -> None:
        tx.run(t.ScheduledLine.update(send_at=tx.now - 1).where(t.ScheduledLine.id == line))
        tx.kick(tx.now)

    site.run(lambda: site.desk.context.store.write(job))
    site.run(site.desk.tick)


def test_a_scheduled_line_is_shown_to_colleagues_changed_by_its_writer_and_sent_at_its_time(
    site: Site, number: int
) -> None:
    with site.client("amy") as amy, site.client("ben") as ben, site.client("ming") as ming:
        upload = amy.post("/files", files={"file": ("p.txt", b"1234", "text/plain")}).json()["id"]
        line = conforms("post_message", later(amy, number, attachments=[upload]))
        assert (line["state"], line["mine"], line["undo"]) == ("waiting", True, False)
        (seen,) = waiting(ben, number)
        assert seen["text"] == WORDS and not seen["mine"] and seen["author"]["username"] == "amy"
        one = f"/tickets/{number}/scheduled/{line['id']}"
        for answer in (ben.patch(one, json={"text": "x"}), ben.delete(one), ben.post(f"{one}/send")):
            assert (answer.status_code, answer.json()["code"]) == (403, "permission-needed"), (
                "only its writer changes it"
            )
        refused("list_scheduled", ming.get(f"/tickets/{number}/scheduled"), 403)
        at = in_(hours=6)
        changed = conforms("change_scheduled", amy.patch(one, json={"text": f"{WORDS}！", "send_at": at}))
        assert changed["text"] == f"{WORDS}！" and changed["send_at"][:19] == at[:19]
        member_sees = [ming.get(f"/tickets/{number}{door}").text for door in ("", "/messages", "/events")]
        assert not any(WORDS in page or "scheduled" in page for page in member_sees)
        assert amy.get(f"/tickets/{number}").json()["assignee"] is None, "nothing is answered yet"
        due(site, line["id"])
        assert texts(ming, number)[-1] == f"{WORDS}！" and waiting(amy, number) == []
        sent = amy.get(f"/tickets/{number}/messages").json()["items"][-1]
        assert sent["author"]["username"] == "amy" and sent["attachments"][0]["id"] == upload
        assert amy.get(f"/tickets/{number}").json()["assignee"] == "amy", "as if she had sent it now"
        assert amy.get(one).status_code == 405 and amy.delete(one).status_code == 409


def test_send_now_and_cancel_give_back_what_it_was(site: Site, number: int) -> None:
    with site.client("amy") as amy:
        now, gone = (later(amy, number, f"第 {n} 句").json()["id"] for n in (1, 2))
        path = f"/tickets/{number}/scheduled"
        conforms("send_scheduled", amy.post(f"{path}/{now}/send"))
        assert conforms("cancel_scheduled", amy.delete(f"{path}/{gone}"))["text"] == "第 2 句"
        for answer in (amy.post(f"{path}/{now}/send"), amy.delete(f"{path}/{gone}")):
            assert (answer.status_code, answer.json()["code"]) == (409, "already-sent")
        assert "第 1 句" in texts(amy, number) and "第 2 句" not in texts(amy, number) and waiting(amy, number) == []


def test_an_answer_may_be_taken_back_for_a_moment_and_a_line_in_a_chat_is_sent_at_once(site: Site, number: int) -> None:
    with site.client("amy") as amy, site.client("ben") as ben, site.client("ming") as ming:
        amy.put(f"/tickets/{number}/draft", json={"visibility": "public", "text": WORDS})
        held = conforms("post_message", later(amy, number, undo=True))
        assert held["undo"] and 8 < seconds(held["send_at"], held["created_at"]) <= 10
        assert amy.get(f"/tickets/{number}/draft").json()["items"] == [], "it is a draft no more"
        assert waiting(ben, number) == [] and WORDS not in ming.get(f"/tickets/{number}/messages").text
        assert ben.delete(f"/tickets/{number}/scheduled/{held['id']}").status_code == 403
        back = conforms("cancel_scheduled", amy.delete(f"/tickets/{number}/scheduled/{held['id']}"))
        assert back["text"] == WORDS and WORDS not in texts(amy, number)
        assert later(amy, number, "備註", undo=True, visibility="internal").status_code == 201
    with site.chat() as window, site.client("amy") as amy:
        chat = window.line("在嗎")["message"]["ticket"]
        assert later(amy, chat, undo=True).status_code == 201


def seconds(late: str, early: str) -> float:
    return (datetime.fromisoformat(late) - datetime.fromisoformat(early)).total_seconds()


def test_what_she_does_next_sends_first_what_she_might_take_back(site: Site, number: int) -> None:
    with site.client("amy") as amy:
        later(amy, number, "一", undo=True)
        later(amy, number, "二", undo=True)
        later(amy, number, "備註", undo=True, visibility="internal")
        assert texts(amy, number)[1:] == ["備註"], "a note holds nothing up"
        amy.post(f"/tickets/{number}/messages", json={"text": "三"})
        assert texts(amy, number)[1:] == ["備註", "一", "二", "三"]
        later(amy, number, "四", undo=True)
        ticket = amy.get(f"/tickets/{number}")
        moves = amy.get(f"/tickets/{number}/transitions").json()["items"]
        end = next(m for m in moves if m["trigger"] == "close")
        body = {"trigger": "close", "fields": dict.fromkeys(end["requires"], "已解決")}
        done = amy.post(f"/tickets/{number}/transitions", json=body, headers={"If-Match": ticket.headers["ETag"]})
        assert done.status_code == 200 and done.json()["category"] == "closed", done.text
        assert texts(amy, number)[-1] == "四" and waiting(amy, number) == []


def closed(site: Site, number: int) -> str:
    with site.client("ben") as ben:
        moves = ben.get(f"/tickets/{number}/transitions").json()["items"]
        end = next(m for m in moves if m["trigger"] == "close")
        fields = dict.fromkeys(end["requires"], "已解決")
        assert ben.post(f"/tickets/{number}/transitions", json={"trigger": "close", "fields": fields}).is_success
    return "ticket-closed"


def wrote(site: Site, number: int) -> str:
    with site.client("ming") as ming:
        ming.post(f"/tickets/{number}/messages", json={"text": "不用了"})
    return "member-wrote"


def lost(site: Site, number: int) -> str:
    site.add_agent("carl", ["viewer"], ["demo"])
    return "permission-needed"


def disabled(site: Site, number: int) -> str:
    site.run(lambda: accounts.disable(site.desk.context, "carl"))
    return "writer-gone"


@pytest.mark.parametrize("happens", [closed, wrote, lost, disabled], ids=lambda one: one.__name__)
def test_what_can_no_longer_be_sent_is_kept_and_its_writer_told(
    site: Site, number: int, happens: Callable[[Site, int], str]
) -> None:
    site.add_agent("carl", ["agent"], ["demo"])
    with site.client("carl") as carl:
        line = later(carl, number, unless_answered=True).json()["id"]
        reason = happens(site, number)
        due(site, line)
        due(site, line)

        def state(tx: Any) -> tuple[Any, ...]:
            row = scheduled.one(tx, line)
            notices = tx.values(
                t.Notification.select(t.Notification.text).where(t.Notification.agent_id == row["agent_id"])
            )
            return row["state"], row["reason"], len([one for one in notices if "沒有送出" in one or "not sent" in one])

        kept, why, told = site.run(lambda: site.desk.context.store.read(state))
        assert (kept, why) == ("kept", reason) and told >= 1
        with site.client("amy") as amy, site.client("ming") as ming:
            assert WORDS not in ming.get(f"/tickets/{number}/messages").text
            seen = [one["reason"] for one in waiting(amy, number)]
            assert seen == ([reason] if happens in (lost, disabled) else []), "whose writer cannot, colleagues see"
        if happens is wrote:
            (own,) = waiting(carl, number)
            assert (own["state"], own["reason"]) == ("kept", "member-wrote")
            conforms("send_scheduled", carl.post(f"/tickets/{number}/scheduled/{line}/send"))
            assert texts(carl, number)[-1] == WORDS


def notices(client: httpx.Client, number: int) -> list[str]:
    items = client.get("/notices").json()["items"]
    return [
        one["text"]
        for one in items
        if one["ticket"] == number and ("沒有送出" in one["text"] or "not sent" in one["text"])
    ]


def test_a_line_whose_writer_is_gone_is_told_to_who_has_the_ticket_and_cancelled_by_who_may(
    site: Site, number: int
) -> None:
    site.add_agent("eve", ["agent"], ["demo"])
    with site.client("amy") as amy, site.client("ben") as ben, site.client("lead") as lead, site.client("eve") as eve:
        amy.post(f"/tickets/{number}/claim", json={})
        first, second = (later(eve, number, text).json()["id"] for text in ("第一", "第二"))
        one = f"/tickets/{number}/scheduled/{second}"
        assert [line["state"] for line in waiting(amy, number)] == ["waiting"] * 2
        refused("cancel_scheduled", ben.delete(one), 403)
        site.run(lambda: accounts.disable(site.desk.context, "eve"))
        assert {(line["state"], line["reason"]) for line in waiting(amy, number)} == {("kept", "writer-gone")}
        due(site, first)
        (told,) = notices(amy, number)
        assert "第一" not in told and "Eve" in told and notices(ben, number) == notices(lead, number) == []
        refused("cancel_scheduled", ben.delete(one), 403)
        assert conforms("cancel_scheduled", lead.delete(one))["text"] == "第二"
        assert lead.delete(one).status_code == 409 and [line["text"] for line in waiting(amy, number)] == ["第一"]


def test_what_a_lead_cancels_its_writer_still_has(site: Site, number: int) -> None:
    with site.client("amy") as amy, site.client("lead") as lead:
        line = later(amy, number).json()["id"]
        conforms("cancel_scheduled", lead.delete(f"/tickets/{number}/scheduled/{line}"))
        (own,) = waiting(amy, number)
        assert (own["text"], own["state"], own["reason"]) == (WORDS, "kept", "cancelled") and notices(amy, number)
        assert waiting(lead, number) == []


def test_who_lost_the_shop_is_told_without_a_word_of_the_ticket(site: Site, number: int) -> None:
    site.add_agent("finn", ["agent"], ["demo"])
    with site.client("finn") as finn:
        line = later(finn, number).json()["id"]

    def moved(tx: Any) -> None:
        people.save_agent(tx, "finn", shops=["other"])

    site.run(lambda: site.desk.context.store.write(moved))
    due(site, line)
    with site.client(Authorization=f"Bearer {site.sign_in('finn')['token']}") as finn:
        assert finn.get(f"/tickets/{number}/scheduled").status_code == 404
        assert finn.delete(f"/tickets/{number}/scheduled/{line}").status_code == 404
        for door in ("/notices", "/drafts"):
            assert WORDS not in finn.get(door).text and "杯子" not in finn.get(door).text


def test_an_id_is_never_used_twice(site: Site, number: int) -> None:
    with site.client("amy") as amy, site.client("ben") as ben:
        gone = later(amy, number).json()["id"]
        one = f"/tickets/{number}/scheduled/{gone}"
        amy.delete(one)
        mine, theirs = later(amy, number, "另一句").json()["id"], later(ben, number, "別人的").json()["id"]
        assert gone not in (mine, theirs)
        for answer in (amy.delete(one), amy.patch(one, json={"text": "x"}), amy.post(f"{one}/send")):
            assert (answer.status_code, answer.json()["code"]) == (409, "already-sent")
        assert [line["text"] for line in waiting(amy, number)] == ["另一句", "別人的"]


def test_only_what_waits_for_another_time_counts_and_at_the_limit_an_answer_is_said_at_once(
    site: Site, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "MOST", 1)
    site.add_agent("dora", ["agent"], ["demo"])
    with site.client("dora") as amy:
        late = later(amy, number, "已過").json()["id"]
        wrote_late = later(amy, number, "再一句")
        assert (wrote_late.status_code, wrote_late.json()["code"]) == (409, "too-many-scheduled")
        assert later(amy, number, "馬上", undo=True).status_code == 201
        age = lambda tx: tx.run(t.ScheduledLine.update(send_at=1).where(t.ScheduledLine.id == late))  # noqa: E731
        site.run(lambda: site.desk.context.store.write(age))
        site.run(site.desk.tick)
        assert later(amy, number, "可收回", undo=True).status_code == 202
        assert later(amy, number, "明天").status_code == 202, "neither what was kept nor what may be taken back counts"
        again = amy.patch(f"/tickets/{number}/scheduled/{late}", json={"send_at": in_(hours=2)})
        assert (again.status_code, again.json()["code"]) == (409, "too-many-scheduled")


def test_the_writers_other_tabs_hear_of_what_may_be_taken_back_and_nobody_else(site: Site, number: int) -> None:
    with site.client("amy") as amy, site.agent("amy") as tab, site.agent("ben") as ben:
        line = later(amy, number, undo=True).json()["id"]
        assert tab.get("later")["ticket"] == number
        amy.delete(f"/tickets/{number}/scheduled/{line}")
        assert tab.get("later")["ticket"] == number
        assert [frame for frame in ben.until_quiet() if frame["type"] == "later"] == []


def test_a_notice_says_of_an_answer_that_it_was_not_one_for_later(site: Site, number: int) -> None:
    with site.client("amy") as amy:
        line = later(amy, number, undo=True).json()["id"]
        closed(site, number)
        due(site, line)
        (told,) = notices(amy, number)
        assert "預約" not in told and "scheduled" not in told.lower()


def test_an_answer_that_rules_turn_away_when_the_next_is_written_is_kept_and_told(tmp_path: Path) -> None:
    with running(tmp_path, rules=STARTER) as site:
        site.add_agent("boss", ["admin"], ["demo"])
        with site.client("boss") as boss:
            made = boss.post("/tickets", json={"subject": "a", "text": "b", "requester": {"name": "王"}}).json()
            assert later(boss, made["number"], "我們也賣大麻", undo=True).status_code == 202
            assert boss.post(f"/tickets/{made['number']}/messages", json={"text": "還有別的問題嗎"}).status_code == 201
            assert "我們也賣大麻" not in texts(boss, made["number"])
            (kept,) = waiting(boss, made["number"])
            assert (kept["text"], kept["state"], kept["reason"]) == ("我們也賣大麻", "kept", "rejected")


def test_one_that_is_over_for_too_long_is_not_sent_any_more(site: Site, number: int) -> None:
    with site.client("amy") as amy:
        soon, old = (later(amy, number, text).json()["id"] for text in ("剛過", "早就過了"))

        def job(tx: Any) -> None:
            for line, hours in ((soon, 11), (old, 13)):
                at = tx.now - hours * 3_600_000_000
                tx.run(t.ScheduledLine.update(send_at=at).where(t.ScheduledLine.id == line))

        site.run(lambda: site.desk.context.store.write(job))
        site.run(site.desk.tick)
        assert "剛過" in texts(amy, number) and "早就過了" not in texts(amy, number)
        assert [(one["state"], one["reason"]) for one in waiting(amy, number)] == [("kept", "late")]


def test_of_undo_and_sending_at_once_one_wins_and_the_other_is_told(site: Site, number: int) -> None:
    with site.client("amy") as amy, ThreadPoolExecutor(40) as crowd:
        lines = [later(amy, number, f"第 {n} 句").json()["id"] for n in range(12)]
        for n, line in enumerate(lines):

            def take(_: int, line: int = line) -> int:
                return amy.delete(f"/tickets/{number}/scheduled/{line}").status_code

            def send(_: int, line: int = line) -> int:
                return amy.post(f"/tickets/{number}/scheduled/{line}/send").status_code

            codes = list(crowd.map(lambda k, take=take, send=send: (take, send)[k % 2](k), range(n, n + 4)))  # type: ignore[misc]
            assert sorted(codes) == [200, 409, 409, 409], codes
            assert texts(amy, number).count(f"第 {n} 句") <= 1
        assert waiting(amy, number) == []


def test_the_pump_sends_it_by_itself(site: Site, number: int) -> None:
    with site.client("amy") as amy:
        later(amy, number, send_at=in_(seconds=1))
        until(lambda: WORDS in texts(amy, number), "it is sent at its time")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": " "}, 422, "empty-message"),
        ({"send_at": "2020-01-01T00:00:00Z"}, 422, "time-over"),
        ({"send_at": "2031-01-01T00:00:00Z"}, 422, "too-far"),
        ({"send_at": "2031-01-01T00:00:00"}, 422, "invalid"),
        ({"send_at": "tomorrow"}, 422, "invalid"),
        ({"send_at": 7}, 422, "invalid"),
        ({"attachments": ["nothing"]}, 422, "unknown-file"),
        ({"send_at": None, "unless_answered": True}, 422, "no-time"),
    ],
    ids=["empty", "past", "far", "no zone", "no time", "a number", "no file", "unless without time"],
)
def test_bad_ones_are_refused_and_nothing_waits(
    site: Site, number: int, body: dict[str, Any], status: int, code: str
) -> None:
    with site.client("amy") as amy, site.client("ming") as ming:
        answer = later(amy, number, **body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert waiting(amy, number) == []
        assert later(ming, number).status_code == 403, "members write now"


def test_all_reasons_are_words_in_each_language() -> None:
    assert all(set(words) == {"zh-TW", "zh-CN", "en"} for words in sending.REASONS.values())
