"""Answers kept under an Idempotency-Key: never plain on disk, given again for a day, refused to another request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.core.commands import ChangeMember, ChangeTicket, CreateMember, KeepReply, OpenTicket
from engine.core.entities import DAY
from engine.core.errors import Refused
from engine.core.questions import ReplyGiven
from engine.desk import Desk
from engine.store import Store, requests
from engine.store import tables as t
from tests.support.house import House, sign_in

PHONE, EMAIL, BIRTHDAY, ACCOUNT = "0912345678", "ming.wang@example.org", "1990-12-31", "A123456789"


def _bytes_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    return ((path.name, path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def test_no_contact_of_an_answer_kept_under_a_key_is_plain_in_the_bytes_of_the_database(house: House) -> None:
    desk_file = house.folder / "rules" / "desk.yaml"
    said = desk_file.read_text("utf-8")
    birthday = "  member.birthday: {"
    assert birthday in said
    desk_file.write_text(
        said.replace(birthday, f"  ticket.account: {{type: text, optional: true, personal: true}}\n{birthday}"), "utf-8"
    )

    async def work(desk: Desk) -> None:
        lead = await sign_in(desk, "lead", "frontline", ("admin",))

        async def twice(command: Any, key: str) -> dict[str, Any]:
            first, again = [await desk.act(lead, command, key=key) for _ in range(2)]
            assert json.loads(json.dumps(first)) == again, "a repeat hears the same"
            return again

        made = await twice(CreateMember("demo", "王小明", email=EMAIL, phone=PHONE), "a")
        member = made["member"]
        assert {EMAIL, PHONE} <= set(_texts(member)), "who made them sees the contacts"
        changed = await twice(ChangeMember(member["id"], {"fields.birthday": BIRTHDAY}), "b")
        assert BIRTHDAY in _texts(changed)
        opened = await twice(OpenTicket("主旨", "內容", requester={"id": member["id"]}), "c")
        filled = await twice(ChangeTicket(opened["ticket"]["number"], {"fields.account": ACCOUNT}), "d")
        assert ACCOUNT in _texts(filled)
        await desk.act(lead, KeepReply("e", "digest", 200, json.dumps(made).encode()))
        assert (await desk.query(lead, ReplyGiven("e", "digest")))["body"] == json.dumps(made).encode()

        def plain(tx: Any) -> list[str]:
            rows = [(model.__name__, row) for model in t.MODELS for row in tx.rows(model.select())]
            secrets = (PHONE, EMAIL, BIRTHDAY, ACCOUNT)
            found = [(name, str(_read(row))) for name, row in rows]
            return [f"{s} in {name}: {text}" for name, text in found for s in secrets if s in text]

        assert await desk.context.store.read(plain) == []

    house.run(work)
    held = list(_bytes_of(house.folder / "data"))
    assert any("主旨".encode() in data for _, data in held), "the database is among the files"
    for secret in (PHONE, EMAIL, BIRTHDAY, ACCOUNT):
        assert [name for name, data in held if secret.encode() in data] == [], secret


def _texts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value]


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: bytes(v).decode("utf-8", "replace") if isinstance(v, bytes | memoryview) else v for key, v in row.items()
    }


def test_an_answer_is_given_again_for_a_day_and_to_the_same_request_only(store: Store, clock: Any) -> None:
    store.write_sync(lambda tx: requests.keep(tx, "agent:1", "k", "digest", 201, b"done"))

    def recall(who: str = "agent:1", key: str = "k", digest: str = "digest") -> requests.Answered | None:
        return store.read_sync(lambda tx: requests.recall(tx, who, key, digest))

    assert recall() == requests.Answered(201, b"done")
    assert recall(who="agent:2") is None and recall(key="other") is None
    with pytest.raises(Refused) as refused:
        recall(digest="another")
    assert (refused.value.kind, refused.value.code) == ("invalid", "idempotency-mismatch")
    clock.now += DAY
    assert recall() is None and recall(digest="another") is None
    store.write_sync(lambda tx: requests.keep(tx, "agent:1", "k", "another", 200, b"anew"))
    assert recall(digest="another") == requests.Answered(200, b"anew"), "the key is free again"


def test_what_tells_requests_apart_can_be_guessed_by_nobody_without_the_ring(store: Store) -> None:
    store.write_sync(lambda tx: requests.keep(tx, "agent:1", "k", "digest", 200, b"{}"))
    (row,) = store.read_sync(lambda tx: tx.rows(t.RequestKey.select()))
    assert row["digest"] != "digest"


def test_an_answer_kept_in_the_open_by_an_earlier_version_is_given_until_its_day_is_over(
    store: Store, clock: Any
) -> None:
    row = {
        "principal": "agent:1",
        "key": "k",
        "digest": "digest",
        "status": 200,
        "answer": b'{"a": 1}',
        "at": clock.now,
    }
    store.write_sync(lambda tx: tx.insert_many(t.RequestKey, [row], key=("principal", "key")))
    assert store.read_sync(lambda tx: requests.recall(tx, "agent:1", "k", "digest")) == requests.Answered(
        200, b'{"a": 1}'
    )
    with pytest.raises(Refused):
        store.read_sync(lambda tx: requests.recall(tx, "agent:1", "k", "another"))
    clock.now += DAY
    assert store.read_sync(lambda tx: requests.recall(tx, "agent:1", "k", "digest")) is None
    store.write_sync(lambda tx: requests.forget(tx, 10))
    assert store.read_sync(lambda tx: tx.rows(t.RequestKey.select())) == []
