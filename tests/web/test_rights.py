"""What one may ask for goes by one's own rights: filters, sorts and views name only what the asker may read."""

from __future__ import annotations

import httpx
import pytest

from tests.web.support import Site

INSIDE = [
    'ticket.assignee = "amy"',
    "ticket.assignee is set",
    "ticket.team = front",
    'ticket.tags has "vip"',
    "ticket.escalation > 0",
    "ticket.waiting_for > 1h",
    'member.tags has "vip"',
    "member.blocked",
    'member.birthday = "1990-01-01"',
    "member.birthday is set",
    "agent.status = online",
    'agent.teams has "front"',
]
"""What no member is shown of the own case."""


def titles(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["subject"] for item in answer.json()["items"]]


@pytest.mark.parametrize("text", INSIDE)
def test_a_member_filters_by_nothing_of_the_inside(site: Site, text: str) -> None:
    with site.client("hua") as hua, site.client("lead") as lead:
        known = hua.get("/tickets", params={"filter": text})
        unknown = hua.get("/tickets", params={"filter": "ticket.nothing = 1"})
        assert known.status_code == unknown.status_code == 422, known.text
        # Told alike whether there is such a field or not.
        assert known.json()["code"] == unknown.json()["code"] == "bad-filter"
        assert "there is no field" in known.json()["detail"] and "there is no field" in unknown.json()["detail"]
        assert lead.get("/tickets", params={"filter": text}).status_code == 200


OWN = ["ticket.type = 退換貨", "ticket.number > 0", "ticket.amount > 1", "not (ticket.rating = 1)"]


@pytest.mark.parametrize("text", OWN)
def test_a_member_filters_by_what_the_own_case_shows(site: Site, text: str) -> None:
    with site.client("hua") as hua:
        assert hua.get("/tickets", params={"filter": text}).status_code == 200


@pytest.mark.parametrize("view", ["mine", "unassigned", "waiting", "overdue", "followed"])
def test_a_member_has_no_view_of_the_inside(site: Site, view: str) -> None:
    with site.client("hua") as hua, site.client("amy") as amy:
        refused = hua.get("/tickets", params={"view": view, "count": "true"})
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown-view")
        assert amy.get("/tickets", params={"view": view}).status_code == 200
        assert hua.get("/tickets", params={"view": "all"}).status_code == 200


def test_a_member_sorts_by_nothing_of_the_inside(site: Site) -> None:
    with site.client("hua") as hua, site.client("amy") as amy:
        for sort in ("due_at", "-due_at"):
            refused = hua.get("/tickets", params={"sort": sort})
            assert (refused.status_code, refused.json()["code"]) == (422, "unknown-sort")
            assert amy.get("/tickets", params={"sort": sort}).status_code == 200
        assert hua.get("/tickets", params={"sort": "-updated_at"}).status_code == 200


def test_who_may_not_see_personal_values_filters_by_none(site: Site) -> None:
    member = site.add_member("yan", "demo")
    with site.client("lead") as lead, site.client("amy") as amy:
        assert lead.patch(f"/members/{member}", json={"fields": {"birthday": "1988-02-29"}}).status_code == 200
        site.open_ticket(subject="生日", requester={"id": member})
        for text in ('member.birthday = "1988-02-29"', 'member.birthday in ["1988-02-29"]', "member.birthday is set"):
            assert "生日" in titles(lead.get("/tickets", params={"filter": text})), text
            refused = amy.get("/tickets", params={"filter": text, "count": "true"})
            assert (refused.status_code, refused.json()["code"]) == (403, "permission-needed"), refused.text
            assert "member.personal" in refused.json()["detail"]
        saved = amy.post("/views", json={"name": "生日", "filter": 'member.birthday = "1988-02-29"'})
        assert saved.status_code == 403
        shared = lead.post("/views", json={"name": "壽星", "filter": 'member.birthday = "1988-02-29"', "shared": True})
        assert shared.status_code == 201 and shared.json()["count"] == 1
        seen = next(view for view in amy.get("/views").json()["items"] if view["name"] == "壽星")
        assert seen["count"] == 0 and "member.personal" in seen["broken"]


def test_who_may_not_see_contacts_finds_nobody_by_them(site: Site) -> None:
    """A guess is not confirmed: refused alike whether somebody has the value or not, and not found where it may be a
    name."""
    with site.client("lead") as lead, site.client("amy") as amy, site.client("hua") as hua:
        made = lead.post(
            "/members", json={"name": "阿芳", "shop": "demo", "phone": "0987-654-321", "email": "fang@mail.example"}
        )
        assert made.status_code == 201, made.text
        for known, unknown in (
            ("0987654321", "0987654322"),
            ("+886 987 654 321", "+886 987 654 322"),
            ("(0987)654-321", "(0987)654-322"),
            ("０９８７６５４３２１", "０９８７６５４３２２"),
            ("fang@mail.example", "feng@mail.example"),
        ):
            assert [one["name"] for one in lead.get("/members", params={"q": known}).json()["items"]] == ["阿芳"], known
            told = [amy.get("/members", params={"q": q}) for q in (known, unknown)]
            assert [one.status_code for one in told] == [403, 403], known
            assert (
                told[0].json()["detail"] == told[1].json()["detail"] and "member.personal" in told[0].json()["detail"]
            )
            assert hua.get("/members", params={"q": known}).json()["items"] == [], known
        assert [one["name"] for one in lead.get("/members", params={"q": "4321"}).json()["items"]] == ["阿芳"]
        assert amy.get("/members", params={"q": "4321"}).json()["items"] == []
        assert [one["name"] for one in amy.get("/members", params={"q": "阿芳"}).json()["items"]] == ["阿芳"]


# --- sockets --------------------------------------------------------------------------------------------------------


def test_who_only_looks_ends_no_chat_and_is_not_shown_as_typing(site: Site) -> None:
    site.add_agent("vera", ["viewer"], ["demo"])
    with site.chat(token=site.token("hua")) as chat, site.agent("amy") as amy, site.agent("vera") as vera:
        number = chat.line("你好")["message"]["ticket"]
        for frame in (
            {"type": "end", "ticket": number},
            {"type": "message", "id": "v1", "ticket": number, "text": "插話"},
            {"type": "message", "id": "v2", "ticket": number, "text": "插話", "visibility": "internal"},
            *({"type": "typing", "ticket": number, "visibility": one} for one in ("public", "anonymous", "internal")),
            {"type": "typing", "ticket": number},
        ):
            vera.send(frame)
            assert vera.get_error()["code"] == "permission-needed", frame
        told = [*chat.until_quiet(), *amy.until_quiet()]
        assert not [frame for frame in told if frame["type"] in ("typing", "ended")], told
        amy.send({"type": "typing", "ticket": number, "visibility": "public"})
        chat.get("typing")
        vera.get("typing", ticket=number)
        amy.send({"type": "end", "ticket": number})
        chat.get("ended", ticket=number)


def test_who_may_not_see_rules_is_not_told_of_them(site: Site) -> None:
    site.add_agent("vera", ["viewer"], ["demo"])
    with site.agent("amy") as amy, site.agent("vera") as vera, site.client("lead") as lead:
        (site.folder / "rules" / "more.rules").write_text(
            'stage classify\n\nrule more "更多"\n  on message.received\n'
            '  when message.text contains "從沒人說"\n  then add tag vip\n',
            "utf-8",
        )
        done = lead.post("/rules/reload", json={"note": ""})
        assert done.status_code == 200 and done.json()["digest"], done.text
        amy.get("rules")
        assert not [frame for frame in vera.until_quiet() if frame["type"] == "rules"]
