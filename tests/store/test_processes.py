"""Two writers on one database, as two processes are: one order of events, one chat, each timer and each send once."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from engine.core.changes import Enqueue, Set, Timer
from engine.core.routing import pick
from engine.store import Store, Tx, scheduled, stream
from engine.store import tables as t
from engine.store.commit import apply
from engine.store.doctor import check_chain, check_store
from engine.store.load import take_timer, ticket_case
from engine.store.outbox import claim, due_timers
from tests.store.desk import LEXICON, Decided, agent, guest, line


def both(first: Store, second: Store, *jobs: Callable[[Tx], Any]) -> list[Any]:
    """Runs every job on both stores at once; gives all results."""

    def run(store: Store, out: list[Any]) -> None:
        async def main() -> None:
            out.extend(w.result for w in await asyncio.gather(*[store.write(job) for job in jobs]))

        asyncio.run(main())

    results: list[Any] = []
    threads = [threading.Thread(target=run, args=(store, results)) for store in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_events_of_two_writers_are_one_chain_and_a_reader_of_the_log_misses_none(
    open_store: Callable[[], Store],
) -> None:
    first, second = open_store(), open_store()
    members = [guest(first, f"v{n}") for n in range(5)]
    seen: list[int] = []
    done = threading.Event()

    def follow() -> None:
        while True:
            last_round = done.is_set()
            while found := first.read_sync(lambda tx: stream.since(tx, seen[-1] if seen else 0)):
                seen.extend(one.id for one in found)
            if last_round:
                return

    follower = threading.Thread(target=follow)
    follower.start()
    jobs = [lambda tx, n=n: line(tx, members[n % 5], f"line {n}") for n in range(60)]
    results = both(first, second, *jobs)
    done.set()
    follower.join(30)
    assert len(results) == 120
    assert {r.number for r in results} == {1, 2, 3, 4, 5}, "one open chat for a member, whichever writer met them first"
    assert seen == list(range(1, 126)), "in order, none missed, none twice"
    checked = second.read_sync(check_chain)
    assert checked.events == 125 and checked.troubles == ()
    assert second.read_sync(check_store) == []


def test_a_timer_fires_in_one_of_two_processes(open_store: Callable[[], Store]) -> None:
    first, second = open_store(), open_store()
    member = guest(first)
    more = [Timer(-1, f"t{n}", 5, "rule") for n in range(20)]
    first.write_sync(lambda tx: line(tx, member, "hi", more=more))
    ids = [row["id"] for row in first.read_sync(due_timers)]
    taken = both(first, second, *[lambda tx, i=i: take_timer(tx, i) for i in ids])
    assert sorted(row["name"] for row in taken if row is not None) == sorted(f"t{n}" for n in range(20))


def test_a_scheduled_line_is_taken_by_one_of_two_processes_and_waits_on_where_that_one_fails(
    open_store: Callable[[], Store],
) -> None:
    first, second = open_store(), open_store()
    member, writer = guest(first), agent(first, "amy")
    ticket = first.write_sync(lambda tx: line(tx, member, "hi")).result.ticket_id
    values = {"agent_id": writer, "ticket_id": ticket, "text": "later", "send_at": 5}

    def add(tx: Tx) -> int:
        return scheduled.add(tx, values, ())

    ids = [first.write_sync(add).result for _ in range(20)]
    assert first.read_sync(scheduled.due) == ids and first.read_sync(scheduled.next_due) == 5

    def fails(tx: Tx) -> None:
        assert scheduled.take(tx, ids[0])
        raise ValueError("the process ends here")

    with pytest.raises(ValueError, match="ends here"):
        first.write_sync(fails)
    assert second.read_sync(scheduled.due) == ids, "what was not said waits"

    def say(tx: Tx, one: int) -> bool:
        taken = scheduled.take(tx, one)
        if taken:
            scheduled.drop(tx, [one])
        return taken

    said = both(first, second, *[lambda tx, one=one: say(tx, one) for one in ids])
    assert Counter(said) == {True: 20, False: 20}
    assert second.read_sync(scheduled.due) == []


def test_an_outbox_row_goes_to_one_of_two_processes(open_store: Callable[[], Store]) -> None:
    first, second = open_store(), open_store()
    member = guest(first)
    more = [Enqueue("test", -1, -2, 5, {"n": n}) for n in range(20)]
    first.write_sync(lambda tx: line(tx, member, "hi", more=more))
    taken = both(first, second, *[lambda tx: claim(tx, 3) for _ in range(6)])
    assert sorted(row.body["n"] for rows in taken for row in rows) == list(range(20))
    assert len({row.key for rows in taken for row in rows}) == 20


def test_two_processes_do_not_give_one_agent_more_than_there_is_room_for(open_store: Callable[[], Store]) -> None:
    first, second = open_store(), open_store()
    for name in ("amy", "ben"):
        agent(first, name, capacity=5)
    first.write_sync(lambda tx: tx.run(t.Agent.update(status="online")))
    for n in range(20):
        member = guest(first, f"v{n}")
        first.write_sync(lambda tx, m=member: line(tx, m, "hi", ticket={"team": "care"}))

    def route(tx: Tx, number: int) -> str | None:
        case = ticket_case(tx, LEXICON, number=number)
        assert case is not None and case.ticket is not None
        if case.ticket.assignee is not None:
            return None
        chosen = pick("round_robin", "care", (), case.lookups.roster("demo"))
        if chosen is None:
            return None
        apply(tx, case, Decided([Set("ticket", case.ticket.id, {"assignee": chosen.username})]), LEXICON)
        return chosen.username

    given = both(first, second, *[lambda tx, n=n: route(tx, n) for n in range(1, 21)])
    assert Counter(name for name in given if name) == {"amy": 5, "ben": 5}
