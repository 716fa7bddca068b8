"""The outbox and timers: claimed once, tried again, given up visibly, recovered after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from engine.core.access import Scope
from engine.core.changes import Enqueue, Timer
from engine.core.questions import Messages
from engine.store import Store
from engine.store import tables as t
from engine.store.lines import messages
from engine.store.outbox import (
    BACK_OFF,
    LEASE,
    backlog,
    claim,
    due_timers,
    failed,
    is_out,
    next_due,
    recover,
    renew,
    send_again,
    sent,
    uncertain,
)
from engine.store.people import link_identity
from engine.store.secret import KeyRing
from engine.store.values import seal_body
from tests.store.conftest import Clock
from tests.store.desk import guest, line

STAFF = Scope()


def keys_of(store: Store) -> list[str]:
    """The keys of the rows, by age."""
    return store.read_sync(lambda tx: tx.values(t.Outbox.select(t.Outbox.key).order_by(t.Outbox.id)))


def states(store: Store) -> list[dict[str, object]]:
    """How each row stands, by age."""
    return store.read_sync(lambda tx: tx.rows(t.Outbox.select(t.Outbox.state, t.Outbox.error).order_by(t.Outbox.id)))


@pytest.fixture
def waiting(store: Store) -> int:
    """An outgoing line in the outbox; gives the message's id."""
    member = guest(store)
    store.write_sync(lambda tx: link_identity(tx, member, "demo", "email", "ming@example.org", verified=True))
    more = [Enqueue("test", -1, -2, 0, {"to": "you"})]
    return store.write_sync(lambda tx: line(tx, member, "您好", more=more)).result.messages[0]


def test_what_goes_along_is_encrypted_and_older_rows_are_still_read(store: Store, waiting: int) -> None:
    lying = store.read_sync(lambda tx: tx.value(t.Outbox.select(t.Outbox.body)))
    assert "you" not in lying and lying != "{}"
    store.write_sync(lambda tx: tx.update(t.Outbox, {"body": '{"to": "an old row"}'}, key=keys_of(store)[0]))
    (row,) = store.write_sync(claim).result
    assert row.body == {"to": "an old row"}


def test_a_row_that_the_keys_do_not_open_is_given_up_and_holds_up_nothing(store: Store, waiting: int) -> None:
    other, more = guest(store, "v2"), [Enqueue("test", -1, -2, 0, {"to": "me"})]
    store.write_sync(lambda tx: line(tx, other, "又一句", more=more))
    stranger = seal_body(KeyRing.fresh(), {"to": "nobody"})
    first, second = keys_of(store)
    store.write_sync(lambda tx: tx.update(t.Outbox, {"body": stranger}, key=first))
    assert [row.key for row in store.write_sync(claim).result] == [second]
    dead, other_line = states(store)
    assert dead["state"] == "failed" and "cannot decrypt" in dead["error"]
    assert (other_line["state"], other_line["error"]) == ("sending", None)


def delivery(store: Store) -> str | None:
    """How the line stands, as staff see it."""
    page = store.read_sync(lambda tx: messages(tx, STAFF, Messages(1)))
    assert page is not None
    return page["items"][0].get("delivery")


def test_a_row_is_claimed_once_with_all_that_sending_needs(store: Store, waiting: int) -> None:
    assert delivery(store) == "waiting"
    (key,) = keys_of(store)
    (row,) = store.write_sync(claim).result
    assert (row.key, row.channel, row.text, row.number, row.tries) == (key, "test", "您好", 1, 0)
    assert row.recipient == {"email": "ming@example.org"}, "no visitor key leaves the house"
    assert row.body == {"to": "you"} and row.message_id == waiting
    assert store.write_sync(claim).result == []
    assert store.write_sync(lambda tx: sent(tx, row.id, "ext-1")).result
    assert delivery(store) == "sent"
    assert not store.write_sync(lambda tx: failed(tx, row.id, "late")).result, "what is sent stays sent"
    assert store.write_sync(claim).result == []


def test_two_claimers_at_once_never_get_the_same_row(store: Store) -> None:
    member = guest(store)
    for n in range(20):
        more = [Enqueue("test", -1 if n == 0 else 1, -2, 0)]
        store.write_sync(lambda tx, more=more, n=n: line(tx, member, f"line {n}", more=more))

    async def both() -> list[str]:
        got = await asyncio.gather(*[store.write(lambda tx: claim(tx, 5)) for _ in range(8)])
        return [row.key for written in got for row in written.result]

    keys = asyncio.run(both())
    assert len(keys_of(store)) == 20 and sorted(keys) == sorted(keys_of(store))


def test_a_failure_waits_longer_each_time_and_ends_as_a_dead_letter(store: Store, waiting: int, clock: Clock) -> None:
    waits = []
    while True:
        (row,) = store.write_sync(claim).result
        written = store.write_sync(lambda tx, row=row: failed(tx, row.id, "server is down"))
        if written.result is None:
            break
        assert written.kicks == (written.result,)
        waits.append(written.result - written.now)
        assert store.write_sync(claim).result == [], "not before its time"
        clock.now = written.result
    assert waits == list(BACK_OFF)
    assert sum(BACK_OFF) > 24 * 3_600_000_000, "a mail server may be down for a day"
    assert states(store) == [{"state": "failed", "error": "server is down"}]
    assert delivery(store) == "failed" and store.read_sync(backlog) == {"failed": 1}
    assert store.write_sync(lambda tx: send_again(tx, waiting)).result
    (row,) = store.write_sync(claim).result
    assert (row.key, row.tries) == (keys_of(store)[0], 0), "by hand it goes under the same key"


def test_what_cannot_be_mended_is_given_up_at_once_and_the_outside_may_ask_for_time(
    store: Store, waiting: int, clock: Clock
) -> None:
    (row,) = store.write_sync(claim).result
    asked = store.write_sync(lambda tx: failed(tx, row.id, "slow down", retry_after=90_000_000))
    assert asked.result == asked.now + 90_000_000
    clock.now = asked.result
    (row,) = store.write_sync(claim).result
    assert store.write_sync(lambda tx: failed(tx, row.id, "no such address", permanent=True)).result is None
    assert delivery(store) == "failed"


@pytest.mark.parametrize(("refuses", "state"), [(True, "waiting"), (False, "uncertain")])
def test_after_a_crash_a_row_goes_again_only_where_the_channel_refuses_duplicates(
    open_store: Callable[[], Store], refuses: bool, state: str
) -> None:
    store = open_store()
    member = guest(store)
    store.write_sync(lambda tx: line(tx, member, "您好", more=[Enqueue("test", -1, -2, 0)]))
    keys = keys_of(store)
    assert len(store.write_sync(claim).result) == 1 == len(keys)
    own = store.write_sync(lambda tx: recover(tx, lambda channel: refuses)).result
    assert own.again == 0 and own.uncertain == (), "a living process keeps what it claimed"
    store.close()  # as a crash would: the row is `sending` and its process is gone
    store = open_store()
    recovered = store.write_sync(lambda tx: recover(tx, lambda channel: refuses)).result
    assert (recovered.again, len(recovered.uncertain)) == ((1, 0) if refuses else (0, 1))
    assert delivery(store) == state
    assert [row.key for row in store.write_sync(claim).result] == (keys if refuses else [])
    again = store.write_sync(lambda tx: recover(tx, lambda channel: refuses)).result
    assert again.again == 0 and again.uncertain == ()


def test_uncertain_is_sent_again_by_hand_only(store: Store, waiting: int) -> None:
    (row,) = store.write_sync(claim).result
    assert store.write_sync(lambda tx: uncertain(tx, row.id, "connection lost")).result
    assert delivery(store) == "uncertain" and store.write_sync(claim).result == []
    assert store.write_sync(lambda tx: send_again(tx, waiting)).result
    assert len(store.write_sync(claim).result) == 1
    assert not store.write_sync(lambda tx: send_again(tx, waiting)).result, "it is on its way"


def test_timers_fall_due_in_order_and_the_next_due_is_known(store: Store, clock: Clock) -> None:
    member = guest(store)
    assert store.read_sync(next_due) is None
    base = clock.now + 1_000_000
    more = [Timer(-1, "late", base + 2, "rule"), Timer(-1, "early", base, "rule", {"name": "early"})]
    store.write_sync(lambda tx: line(tx, member, "hi", more=more))
    assert store.read_sync(next_due) == base
    assert store.read_sync(due_timers) == []
    clock.now = base + 10_000_000  # the server was down
    assert [row["name"] for row in store.read_sync(due_timers)] == ["early", "late"]
    assert store.read_sync(due_timers)[0]["body"] == {"name": "early"}


def test_the_key_of_a_row_is_unique(store: Store, waiting: int) -> None:
    (key,) = keys_of(store)
    row = {"key": key, "channel": "test", "due_at": 0, "created_at": 0}
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.write_sync(lambda tx: tx.insert(t.Outbox, row))
    assert keys_of(store) == [key]


def test_what_a_living_process_sends_is_left_to_it(open_store: Callable[[], Store], clock: Clock) -> None:
    first = open_store()
    member = guest(first)
    first.write_sync(lambda tx: line(tx, member, "您好", more=[Enqueue("test", -1, -2, 0)]))
    assert len(first.write_sync(claim).result) == 1
    second = open_store()

    def look() -> tuple[int, int]:
        found = second.write_sync(lambda tx: recover(tx, lambda channel: False, older_than=LEASE)).result
        return found.again, len(found.uncertain)

    clock.now += LEASE // 2
    assert look() == (0, 0)
    first.write_sync(renew)
    clock.now += LEASE * 3 // 4
    assert look() == (0, 0), "it gave a sign of life"
    clock.now += LEASE
    assert look() == (0, 1)


def test_each_channel_has_its_own_room(store: Store) -> None:
    member = guest(store)
    for n in range(3):
        both = [Enqueue("test", -1 if n == 0 else 1, -2, 0), Enqueue("mail", -1 if n == 0 else 1, -2, 0)]
        store.write_sync(lambda tx, n=n, both=both: line(tx, member, f"line {n}", more=both))
    assert store.read_sync(lambda tx: is_out(tx, ["test"]))
    taken = store.write_sync(lambda tx: claim(tx, 2, {"test": 2})).result
    assert [row.channel for row in taken] == ["mail", "mail"]
    taken = store.write_sync(lambda tx: claim(tx, 2, {"test": 1, "mail": 1})).result
    assert sorted(row.channel for row in taken) == ["mail", "test"]
    assert not store.read_sync(lambda tx: is_out(tx, ["test"]))
