"""Personal values: never plain on disk, found by blind index, unreadable without the ring."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.core.changes import Set
from engine.store import KeyRing, KeyRingError, Store
from engine.store import tables as t
from engine.store.people import find_member, link_identity, sign_on_member
from engine.store.secret import masked, normalised
from engine.store.sessions import find_login, find_session, open_session, save_login
from tests.store.desk import LEXICON, change, guest, line

PHONE, EMAIL, BIRTHDAY, ACCOUNT = "0912345678", "ming.wang@example.org", "1990-12-31", "A123456789"


def test_no_personal_value_and_no_token_is_plain_in_the_bytes_of_the_database(
    tmp_path: Path, plugins: Any, ring: KeyRing
) -> None:
    store = Store.open(plugins.open("storage", f"sqlite:{tmp_path}/desk.db", {}), keys=ring)
    member = guest(store, "visitor-key-1")
    store.write_sync(lambda tx: link_identity(tx, member, "demo", "phone", PHONE, verified=True))
    store.write_sync(lambda tx: link_identity(tx, member, "demo", "email", EMAIL, verified=True))
    token, _ = store.write_sync(lambda tx: open_session(tx, "member", member, "browser")).result
    store.write_sync(lambda tx: save_login(tx, "member", member, "ming", "$argon2…", otp_secret="JBSWY3DPEHPK3PXP"))
    store.write_sync(lambda tx: line(tx, member, "這句話可以搜尋", ticket={"fields": {"account": ACCOUNT}}))
    change(store, 1, Set("member", member, {"fields.birthday": BIRTHDAY}))
    store.close()
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert "這句話可以搜尋".encode() in data, "conversations are searched, so they are plain"
    for secret in (PHONE, EMAIL, "ming.wang", BIRTHDAY, ACCOUNT, "visitor-key-1", token, "JBSWY3DPEHPK3PXP"):
        assert secret.encode() not in data, secret


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        ("phone", "0912-345-678", "0912345678", True),
        ("phone", "+886 912 345 678", "0912345678", True),
        ("phone", "00886912345678", "0912345678", True),
        ("phone", "+86 138 0013 8000", "13800138000", True),
        ("phone", "０９１２３４５６７８", "0912345678", True),
        ("phone", "0912345679", "0912345678", False),
        ("email", " Ming@Example.ORG", "ming@example.org", True),
        ("email", "ming@example.com", "ming@example.org", False),
        ("visitor", "AbC", "abc", False),
        ("account", "M-1", "m-1", False),
        ("account", "user1", "ｕｓｅｒ１", False),
        ("account", "user1", "user¹", False),
        ("account", "user1", " user1 ", False),
        ("line", "Ua1", "Ｕa1", False),
        ("member.birthday", "１９９０-12-31", "1990-12-31", True),
    ],
)
def test_values_meet_by_what_they_mean(kind: str, one: str, other: str, same: bool) -> None:
    ring = KeyRing.fresh()
    assert (normalised(kind, one) == normalised(kind, other)) is same
    assert (ring.blind(kind, one) == ring.blind(kind, other)) is same


def test_a_blind_index_says_nothing_without_its_ring_and_kinds_do_not_meet() -> None:
    ring, other = KeyRing.fresh(), KeyRing.fresh()
    assert ring.blind("phone", PHONE) != other.blind("phone", PHONE)
    assert ring.blind("phone", PHONE) != ring.blind("account", PHONE)
    assert ring.blind_tail(PHONE) == ring.blind_tail("02-2345-5678")
    assert ring.blind_tail("12") is None


def test_what_is_encrypted_opens_under_its_context_and_ring_only() -> None:
    ring = KeyRing.fresh()
    sealed = ring.encrypt_text(PHONE, "identity:phone")
    assert sealed != ring.encrypt_text(PHONE, "identity:phone"), "equal values do not look equal"
    assert ring.decrypt_text(sealed, "identity:phone") == PHONE
    changed = sealed[:-1] + bytes((sealed[-1] ^ 1,))
    for bytes_, context, keys in (
        (sealed, "identity:email", ring),
        (sealed, "identity:phone", KeyRing.fresh()),
        (changed, "identity:phone", ring),
        (sealed[:5], "identity:phone", ring),
        (b"", "identity:phone", ring),
    ):
        with pytest.raises(KeyRingError):
            keys.decrypt(bytes_, context)


def test_the_ring_is_made_once_for_its_user_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ring.json"
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(KeyRing.load(path).fingerprint())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(made) == 8 and len(set(made)) == 1, "all who start together use one ring"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["ring.json"]


@pytest.mark.parametrize("text", ["", "{}", '{"current":"k1"}', "not json", '{"keys":{"k1":"AA=="},"current":"k1"}'])
def test_a_broken_ring_is_refused_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ring.json"
    path.write_text(text)
    with pytest.raises(KeyRingError):
        KeyRing.load(path)
    assert path.read_text() == text


def test_a_store_refuses_another_ring(open_store: Callable[[], Store], storage_url: str, plugins: Any) -> None:
    open_store().close()
    storage = plugins.open("storage", storage_url, {})
    with pytest.raises(KeyRingError, match="own file"):
        Store.open(storage, keys=KeyRing.fresh())
    storage.close()


def test_logins_and_sessions(store: Store, clock: Any) -> None:
    member = guest(store)
    store.write_sync(lambda tx: save_login(tx, "member", member, "Ming", "digest", otp_secret="S3"))
    found = store.read_sync(lambda tx: find_login(tx, "ＭＩＮＧ"))
    assert found is not None
    assert (found["owner_id"], found["password"], found["otp"]) == (member, "digest", "S3")
    assert store.read_sync(lambda tx: find_login(tx, "hua")) is None
    agent_token, _ = store.write_sync(lambda tx: open_session(tx, "agent", 1, "browser")).result
    member_token, _ = store.write_sync(lambda tx: open_session(tx, "member", member, "browser")).result
    assert store.read_sync(lambda tx: find_session(tx, agent_token)).owner_kind == "agent"
    for wrong in ("", "x", agent_token[:-1], agent_token + "x"):
        assert store.read_sync(lambda tx, w=wrong: find_session(tx, w)) is None
    clock.now += 13 * 3_600_000_000
    assert store.read_sync(lambda tx: find_session(tx, agent_token)) is None, "left alone over night"
    assert store.read_sync(lambda tx: find_session(tx, member_token)).stale
    clock.now += 30 * 86_400_000_000
    assert store.read_sync(lambda tx: find_session(tx, member_token)) is None


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", "0912345678", "***678"),
        ("phone", "110", "***"),
        ("email", "ming@example.org", "m***@example.org"),
        ("account", "M12345", "M***"),
        ("account", "M1", "***"),
    ],
)
def test_masks_show_enough_to_recognise(kind: str, value: str, shown: str) -> None:
    assert masked(kind, value) == shown


ALIKE = ("user1", "ｕｓｅｒ１", "user¹", " user1 ", "User1")
"""Ids of a shop that look alike, and are five people."""


def signed_on(store: Store, value: str) -> int:
    return int(
        store.write_sync(lambda tx: sign_on_member(tx, LEXICON, "demo", "account", value, tier="basic")[0]).result
    )


def test_ids_that_look_alike_are_members_of_their_own(store: Store) -> None:
    made = {value: signed_on(store, value) for value in ALIKE}
    assert len(set(made.values())) == len(ALIKE)
    assert {value: signed_on(store, value) for value in ALIKE} == made


@pytest.mark.parametrize("before", ALIKE[:4])
def test_who_signed_on_before_ids_compared_exactly_stays_who_they_are(store: Store, before: str) -> None:
    known = signed_on(store, before)

    def as_of_before(tx: Any) -> None:
        tx.update(t.Identity, {"value_key": tx.ring.blind("account", "user1")}, member_id=known)

    store.write_sync(as_of_before)
    assert signed_on(store, before) == known
    others = {value: signed_on(store, value) for value in ALIKE if value != before}
    assert known not in others.values() and len(set(others.values())) == len(others)
    assert signed_on(store, before) == known
    assert store.read_sync(lambda tx: find_member(tx, "demo", "account", before)) == known
    assert store.read_sync(lambda tx: find_member(tx, "demo", "account", "ｕser1")) is None
