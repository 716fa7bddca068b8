"""A request that comes again under its Idempotency-Key gets the answer of the first time, whatever it asked for."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.web.support import Site
from tests.web.test_access import BODIES
from web.routes import Operation, table

KEYED = {operation.name: operation for operation in table() if operation.keyed}
TEXTS = {"titles": {"en": "a"}, "texts": {"en": "b"}, "shop": "demo"}
NEEDS_MORE = {
    "retry_message": "a line that a channel gave up",
    "change_agent": "somebody who manages agents: see test_capacity",
    "cancel_job": "a job of the house",
    "undo_batch": "a batch that was done: see features/batches",
    "publish_rules": "somebody who edits rules: see test_rules",
    "rollback_rules": "the same",
    "rate_ticket": "a member, asked to rate",
    "claim_ticket": "somebody who serves the shop: see test_transfer",
    "unsend_message": "a line just sent: see test_unsend",
    **dict.fromkeys(("change_scheduled", "cancel_scheduled", "send_scheduled"), "a line that waits"),
    "change_task": "a ticket with a task: see test_tasks",
    "click_answer": "asked without a key by the window; its answer is empty",
}
"""What is not asked here, and what it would take."""


class Desk:
    """Things of one desk that requests may be about, made anew for each."""

    def __init__(self, site: Site, lead: httpx.Client) -> None:
        self.site, self.lead = site, lead

    def number(self) -> int:
        return int(self.lead.post("/tickets", json=OPEN).json()["number"])

    def made(self, path: str, body: dict[str, Any]) -> int:
        return int(self.lead.post(path, json=body).json()["id"])

    def member(self) -> int:
        return self.made("/members", {"name": "新", "shop": "demo"})

    def blocked(self) -> int:
        member = self.member()
        assert self.lead.post(f"/members/{member}/block", json={"why": "x"}).status_code == 200
        return member

    def kind(self) -> str:
        assert self.lead.put("/answers/types/old", json={"label": {"en": "Old"}}).status_code == 200
        return "old"

    def session(self) -> int:
        self.site.sign_in("lead")
        return int(next(s["id"] for s in self.lead.get("/auth/sessions").json()["items"] if not s["current"]))

    def place(self, operation: Operation) -> dict[str, Any]:
        """What stands in the path of an operation."""
        for name, make in (
            ("unblock_member", lambda: {"member": self.blocked()}),
            ("{member}", lambda: {"member": self.member()}),
            ("{number}", lambda: {"number": self.number()}),
            ("{answer}", lambda: {"answer": self.made("/answers", TEXTS)}),
            ("{type}", lambda: {"type": "new" if operation.method == "PUT" else self.kind()}),
            ("{session}", lambda: {"session": self.session()}),
        ):
            if name in operation.path or name == operation.name:
                return {**make(), "username": "amy"}
        return self.by_example(operation)

    def by_example(self, operation: Operation) -> dict[str, Any]:
        """A thing as the operation that makes such things shows one."""
        above, _, rest = operation.path.partition("/{")
        makers = [one for one in KEYED.values() if (one.method, one.path) == ("POST", above) and one.example]
        path = above.removeprefix("/api/v1")
        return {rest.partition("}")[0]: self.made(path, dict(one.example or {})) for one in makers if rest}


@pytest.mark.parametrize("name", sorted(KEYED.keys() - NEEDS_MORE.keys()))
def test_a_repeat_gets_the_first_answer(site: Site, name: str) -> None:
    operation = KEYED[name]
    with site.client("lead") as lead:
        desk = Desk(site, lead)
        place = desk.place(operation)
        path = re.sub(r"\{(\w+)\}", lambda match: str(place[match[1]]), operation.path.removeprefix("/api/v1"))
        body: dict[str, Any] = {"json": {**BODIES, "open_ticket": OPEN}.get(name, operation.example)}
        if name == "delete_answers":
            body = {"json": {"ids": [desk.made("/answers", TEXTS)]}}
        elif name == "move_ticket":
            moves = lead.get(f"/tickets/{place['number']}/transitions").json()["items"]
            body = {"json": {"trigger": moves[0]["trigger"], "fields": {"solution": "好了"}}}
        elif operation.upload:
            body = {"content": b"x", "headers": {"Content-Type": "text/plain"}}
        elif body["json"] is None:
            body = {}
        headers = {**body.pop("headers", {}), "Idempotency-Key": f"key-{name}"}
        first, again = (lead.request(operation.method, path, headers=headers, **body) for _ in range(2))
        assert first.is_success, first.text
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers.get("Location") == first.headers.get("Location")
        assert again.headers.get("ETag") == first.headers.get("ETag")
        other = lead.request(operation.method, f"{path}?x=1" if not body else path, headers=headers, **changed(body))
        assert other.status_code == 422, "another request under the key is no repeat"


OPEN = {**BODIES["open_ticket"], "requester": {"name": "客"}, "shop": "demo"}


def changed(body: dict[str, Any]) -> dict[str, Any]:
    """The same request about something else."""
    if "content" in body:
        return {"content": b"y"}
    return {"json": {**body["json"], "nonsense": 1}} if "json" in body else {}


def test_the_answer_is_of_the_first_time_also_when_all_has_changed_since(site: Site, lead: httpx.Client) -> None:
    number = Desk(site, lead).number()
    headers = {"Idempotency-Key": "then", "If-Match": lead.get(f"/tickets/{number}").headers["ETag"]}
    first = lead.patch(f"/tickets/{number}", json={"subject": "甲"}, headers=headers)
    assert lead.patch(f"/tickets/{number}", json={"subject": "乙"}).status_code == 200
    again = lead.patch(f"/tickets/{number}", json={"subject": "甲"}, headers=headers)
    assert (again.status_code, again.json()["subject"], again.headers["ETag"]) == (200, "甲", first.headers["ETag"])
    assert lead.get(f"/tickets/{number}").json()["subject"] == "乙", "nothing was done again"
    written = lead.request("PATCH", f"/tickets/{number}", content='{ "subject":  "甲" }'.encode(), headers=headers)
    assert written.content == first.content, "the same, written otherwise"


def test_what_was_refused_may_be_asked_for_again(site: Site, lead: httpx.Client) -> None:
    headers = {"Idempotency-Key": "later"}
    assert lead.delete("/answers/types/not_yet", headers=headers).status_code == 404
    assert lead.put("/answers/types/not_yet", json={"label": {"en": "x"}}).status_code == 200
    assert [lead.delete("/answers/types/not_yet", headers=headers).status_code for _ in range(2)] == [204, 204]


def test_a_key_belongs_to_who_sent_it(site: Site, lead: httpx.Client) -> None:
    body = {"label": {"en": "Mine"}}
    headers = {"Idempotency-Key": "of-lead"}
    first = lead.put("/answers/types/mine", json=body, headers=headers)
    with site.client("amy") as amy:
        assert amy.put("/answers/types/mine", json=body, headers=headers).status_code == 403
    assert "replayed" not in first.json() and first.status_code == 200


def test_answers_are_not_kept_in_the_open(site: Site, lead: httpx.Client) -> None:
    from engine.store import tables as t

    body = {**OPEN, "subject": "看不見的主旨"}
    assert lead.post("/tickets", json=body, headers={"Idempotency-Key": "sealed"}).status_code == 201
    kept = t.RequestKey.principal.startswith("reply:") & (t.RequestKey.key == "sealed")
    found = site.run(lambda: site.desk.context.store.read(lambda tx: tx.rows(t.RequestKey.select().where(kept))))
    assert len(found) == 1 and "看不見的主旨".encode() not in bytes(found[0]["answer"])
