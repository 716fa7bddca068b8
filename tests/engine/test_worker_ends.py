"""Steps that end the process, or would end the worker: one job pays for them, the others go on."""

from __future__ import annotations

import asyncio

import pytest

from engine.desk import Claimed, Context, Desk, JobKind, Step
from engine.store import Tx, wall_clock
from engine.store import jobs as rows
from tests.engine.test_worker import COUNT, begun, until, working
from tests.support.house import House


@pytest.mark.parametrize("raised", [asyncio.CancelledError(), SystemExit(3)])
def test_a_step_that_would_end_the_worker_fails_its_job_only(house: House, raised: BaseException) -> None:
    async def step(context: Context, job: Claimed) -> Step:
        if job.arguments["upto"] == 1:
            raise raised
        return Step(finished=True)

    async def work(desk: Desk) -> None:
        bad, good = await begun(desk, upto=1), await begun(desk, upto=2)
        async with working(desk, kinds={"count": JobKind("count", step)}):
            row = await until(desk, bad, "failed")
            assert type(raised).__name__ in row["error"]
            assert await until(desk, good, "done")

    house.run(work)


def test_a_step_that_kills_its_process_is_not_tried_for_ever(house: House) -> None:
    async def work(desk: Desk) -> None:
        job_id, beside = await begun(desk, upto=1), await begun(desk, upto=3)
        for tries in range(rows.TRIES + 1):

            def hold(tx: Tx, tries: int = tries) -> None:
                taken = rows.claim(tx, COUNT, wall_clock() + 2 * tries * rows.LEASE, 2)
                assert [(job.left, job.tries) for job in taken] == [(tries > 0, max(tries - 1, 0)), (tries > 0, 0)]
                if tries:
                    again = rows.try_again(tx, taken[0])  # and so it died, in a step of the first
                    assert again is not None and again.tries == tries

            await desk.context.store.write(hold)
        async with working(desk, clock=lambda: wall_clock() + 100 * rows.LEASE):
            row = await until(desk, job_id, "failed")
            assert "5 processes ended" in row["error"]
            assert await until(desk, beside, "done"), "what was held beside it is not to blame"

    house.run(work)
