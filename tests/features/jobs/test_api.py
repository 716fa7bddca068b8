"""Jobs by HTTP: whose they are, how far they are, cancelling them, and what a screen is told at once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from engine.core.entities import Actor
from engine.desk import Claimed, Context, JobKind, Step, jobs
from engine.store import Tx
from engine.store import jobs as rows
from engine.worker import Worker
from tests.support.waiting import until_async
from tests.web.documented import conforms, refused
from tests.web.support import Site

PATH = "/jobs"


async def count(context: Context, job: Claimed) -> Step:
    """One more of `upto`."""
    if job.arguments.get("bad"):
        raise ValueError("this cannot be done")
    return Step(
        {}, job.done + 1, job.arguments["upto"], finished=job.done + 1 >= job.arguments["upto"], result={"n": 1}
    )


KINDS = {"count": JobKind("count", count)}


def begun(site: Site, username: str, **arguments: Any) -> int:
    """A job of an agent."""
    with site.client(username) as client:
        who = client.get("/auth/me").json()["user"]
    actor = Actor(kind="agent", id=who["id"], username=username)

    async def work() -> int:
        def job(tx: Tx) -> dict[str, Any]:
            return {"id": jobs.record_new(tx, actor, "count", arguments)}

        return int((await site.desk.context.write(job))["id"])

    return site.run(work)


def worked(site: Site, turns: int) -> None:
    """Lets a worker take so many turns."""

    async def work() -> None:
        worker = Worker(site.desk.context, kinds=KINDS, schedules={}, pace=0.0)
        task = asyncio.create_task(worker.run())

        async def done() -> bool:
            listed = await site.desk.context.read(lambda tx: rows.listed(tx, None, 9)["items"])
            return max(row["done"] for row in listed) >= turns

        await until_async(done, f"{turns} turns are done")
        worker.stop()
        await task

    site.run(work)


def test_who_began_a_job_sees_it_and_who_manages_sees_all(site: Site, amy: httpx.Client, lead: httpx.Client) -> None:
    mine = begun(site, "amy", upto=3)
    job = conforms("get_job", amy.get(f"{PATH}/{mine}"))
    assert (job["state"], job["owner"], job["done"], job["total"], job["result"]) == ("waiting", "amy", 0, None, None)
    worked(site, 3)
    job = conforms("get_job", lead.get(f"{PATH}/{mine}"))
    assert (job["state"], job["done"], job["total"], job["result"]) == ("done", 3, 3, {"n": 1})
    assert job["expires_at"] > job["updated_at"]
    theirs = begun(site, "lead", upto=1)
    assert [item["id"] for item in conforms("list_jobs", amy.get(PATH))["items"]] == [mine]
    assert [item["id"] for item in conforms("list_jobs", lead.get(PATH))["items"]][:2] == [theirs, mine]
    page = conforms("list_jobs", lead.get(PATH, params={"limit": 1}))
    assert lead.get(PATH, params={"cursor": page["next"]}).json()["items"][0]["id"] == mine
    refused("list_jobs", lead.get(PATH, params={"cursor": "x"}), 422)
    with site.client("ben") as ben:
        refused("get_job", ben.get(f"{PATH}/{mine}"), 404)
        refused("cancel_job", ben.post(f"{PATH}/{theirs}/cancel"), 404)
        assert conforms("list_jobs", ben.get(PATH))["items"] == []
    refused("get_job", amy.get(f"{PATH}/999999"), 404)
    with site.client("ming") as member:
        refused("list_jobs", member.get(PATH), 403)
    conforms("cancel_job", lead.post(f"{PATH}/{theirs}/cancel"))


def test_a_job_is_cancelled_by_its_owner_and_by_who_manages(site: Site, amy: httpx.Client, lead: httpx.Client) -> None:
    one, two = begun(site, "amy", upto=3), begun(site, "amy", upto=3)
    assert conforms("cancel_job", amy.post(f"{PATH}/{one}/cancel"))["state"] == "cancelled"
    assert conforms("cancel_job", lead.post(f"{PATH}/{two}/cancel"))["state"] == "cancelled"
    refused("cancel_job", amy.post(f"{PATH}/{one}/cancel"), 409)


def test_a_screen_is_told_of_begin_and_end_and_nobody_elses(site: Site) -> None:
    with site.agent("amy") as amy, site.agent("ben") as ben:
        job_id = begun(site, "amy", upto=5, bad=False)
        assert amy.get("job", id=job_id)["state"] == "waiting"
        worked(site, 5)
        told = amy.get("job", id=job_id)
        assert (told["state"], told["kind"]) == ("done", "count")
        assert [frame for frame in ben.until_quiet() if frame["type"] == "job"] == []
