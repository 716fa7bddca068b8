"""The web side as a plugin: adds `engine serve`, and the desk's own permissions need nothing of it."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from engine.api import hookimpl
from engine.config import Config, load


@hookimpl
def register_commands(commands: Any) -> None:
    """Adds `serve`."""
    parser = commands.add_parser(
        "serve",
        help="Run the server.",
        description="Run the server: web pages, API, sockets, timers and outgoing lines, and a worker for long work.",
        epilog="example: engine serve --desk my-desk --port 8080",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    option = parser.add_argument
    option("--desk", default=".", metavar="DIR", help="the desk's folder (default: this one)")
    option("--config", default=None, metavar="F", help="one more settings file, over those of config/")
    option("--data", default=None, metavar="DIR", help="put storage, files and keys there, not in DESK/data")
    option("--port", type=int, default=None, metavar="N", help="listen there (default: the settings' 8080)")
    option("--workers", type=int, default=1, metavar="N", help="web processes; more than one is not ready yet")
    option("--demo", action="store_true", help="fill an empty desk with demo data, show the shop at /demo")
    parser.set_defaults(run=run_serve)


def run_serve(arguments: Any) -> int:
    """Serves until SIGTERM or SIGINT; 0 stopped, 2 could not start."""
    if arguments.workers != 1:
        print("engine serve: more than one web process is not ready yet; use --workers 1", file=sys.stderr)
        return 2
    desk = Path(arguments.desk)
    if not (desk / "rules").is_dir() and not (desk / "config").is_dir():
        print(
            f"engine serve: `{desk}` is no desk: it has neither rules/ nor config/; make one with `engine init {desk}`",
            file=sys.stderr,
        )
        return 2
    config = load(desk, arguments.data, {"server.port": arguments.port}, arguments.config)
    logging.basicConfig(
        level=config["logging.level"], format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    # Every step of every state machine is news to this library.
    logging.getLogger("transitions").setLevel(logging.WARNING)
    if arguments.demo and not fill_demo(config):
        return 2
    return asyncio.run(_serve(config, demo=arguments.demo, extra=arguments.config))  # what is in the way is told there


def fill_demo(config: Config) -> bool:
    """Fills the desk by `engine demo`, which gives a filled one a password only, and tells the logins."""
    command = [sys.executable, "-m", "engine", "demo", "--desk", str(config.desk), "--data", str(config.data)]
    return subprocess.run(command, check=False).returncode == 0


async def _serve(config: Config, *, demo: bool, extra: str | None) -> int:
    from web.beside import Beside
    from web.server import Server

    server = await Server.start(config, demo=demo)
    worker = Beside(["--desk", str(config.desk), "--data", str(config.data), *(["--config", extra] if extra else [])])
    if config["jobs.worker"]:
        worker.start()
    # Code and rules are there to stay: the collector need not go through them while somebody waits for an answer.
    gc.freeze()
    address = config["server.public_url"] or f"http://{_host(config['server.address'])}:{server.port}"
    print(f"\n應答 Yingda is up: {address}")
    print(f"  agents   {address}/login")
    print(f"  members  {address}/chat")
    if demo:
        print(f"  demo     {address}/demo")
    print("Stop with Ctrl-C; reload the rules with SIGHUP or `engine reload`.", flush=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[Any]] = set()

    def reload() -> None:
        task = loop.create_task(server.reload("signal"))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        await stop.wait()
        print("stopping…", flush=True)
    finally:
        await asyncio.gather(worker.stop(), server.stop())
    return 0


def _host(address: str) -> str:
    """An address people can open: a server that listens everywhere is on this machine too."""
    if address in ("", "0.0.0.0", "::"):  # noqa: S104 - compared with, not listened on
        return "127.0.0.1"
    return f"[{address}]" if ":" in address else address
