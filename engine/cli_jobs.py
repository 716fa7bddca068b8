"""`engine worker` runs long work; `engine jobs` shows it and cancels it."""

from __future__ import annotations

import asyncio
import logging
import os
import selectors
import signal
import sys
from typing import Any

from engine.cli_base import COULD_NOT, DONE, CannotDo, Commands, add_desk_options, command, load_config


def add_worker(commands: Commands) -> None:
    """Adds `worker`."""
    parser = command(
        commands,
        "worker",
        "Run long work (jobs) and upkeep; `engine serve` starts one by itself.",
        "engine worker --desk my-desk",
        run_worker,
    )
    parser.add_argument("--config", default=None, metavar="F", help="one more settings file, over those of config/")
    parser.add_argument(
        "--beside", action="store_true", help="end when standard input is closed: with the process that started it"
    )
    add_desk_options(parser)


def run_worker(arguments: Any) -> int:
    """Works until SIGTERM or SIGINT, then ends after the step that is going on."""
    from engine.worker import NICE

    config = load_config(arguments, extra=arguments.config)
    logging.basicConfig(
        level=config["logging.level"], format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    if arguments.beside:
        _require_a_waitable_input()
        os.nice(NICE)
    asyncio.run(_work(config, beside=arguments.beside))
    return DONE


def _require_a_waitable_input() -> None:
    """Raises CannotDo where nobody can be waited for at standard input: it is closed, or a file."""
    try:
        if sys.stdin is None:
            raise ValueError("closed")
        with selectors.DefaultSelector() as selector:
            selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
    except (OSError, ValueError):
        raise CannotDo(
            "`--beside` ends the worker when standard input is closed, and here that is closed already or a file; "
            "begin it with a pipe, or without `--beside`"
        ) from None


async def _work(config: Any, *, beside: bool) -> None:
    from engine.desk import Desk
    from engine.worker import Worker

    loop = asyncio.get_running_loop()
    desk = await Desk.open(config, listened=False, upgrade=False, begin=False)
    try:
        worker = Worker(desk.context)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop)
        if beside:
            # The other end is held by the process that started this one, and by nobody else: when it is gone, however
            # it went, reading ends.
            loop.add_reader(sys.stdin.fileno(), _when_closed, worker, loop)
        await worker.run()
    finally:
        await desk.close()


def _when_closed(worker: Any, loop: asyncio.AbstractEventLoop) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        loop.remove_reader(sys.stdin.fileno())
        worker.stop()


def add_jobs(commands: Commands) -> None:
    """Adds `jobs`."""
    parser = command(commands, "jobs", "Show long work, and cancel it.", "engine jobs list", run_jobs)
    parser.add_argument("do", choices=("list", "cancel"))
    parser.add_argument("id", nargs="?", type=int, help="the job to cancel")
    add_desk_options(parser)


def run_jobs(arguments: Any) -> int:
    """Prints the newest jobs with their progress, or cancels one."""
    config = load_config(arguments)
    if arguments.id is not None and not 0 < arguments.id < 2**63:
        raise CannotDo(f"there is no job {arguments.id}; `engine jobs list` shows them")
    if arguments.do == "cancel" and arguments.id is None:
        raise CannotDo("`engine jobs cancel` needs the number of a job; `engine jobs list` shows them")
    return asyncio.run(_jobs(config, arguments.do, arguments.id))


async def _jobs(config: Any, do: str, job_id: int | None) -> int:
    from engine.core.times import rfc3339
    from engine.desk import Desk, jobs

    desk = await Desk.open(config, listened=False, upgrade=False, begin=False)
    try:
        if job_id is not None and do == "cancel":
            state = await jobs.cancel(desk.context, job_id)
            if state is None:
                print(f"engine jobs: there is no job {job_id} that is not over", file=sys.stderr)
                return COULD_NOT
            print(f"job {job_id} is cancelled" if state == "cancelled" else f"job {job_id} stops after its next step")
            return DONE
        for row in await jobs.newest(desk.context):
            share = f"{100 * row['done'] // row['total']} %" if row["total"] else str(row["done"] or "")
            print(f"{row['id']:>6}  {row['kind']:<16} {row['state']:<10} {share:>6}  {rfc3339(row['updated_at'])}")
            if row["error"]:
                print(f"        {row['error']}")
    finally:
        await desk.close()
    return DONE
