"""Fixtures for every test. The servers are real, start when the first test asks, and each xdist worker has its own."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

# A change is judged by the same examples each time; the long runs look for new ones.
settings.register_profile("judge", derandomize=True)
settings.register_profile("explore", print_blob=True)
settings.load_profile("explore" if os.environ.get("YINGDA_TEST_EXPLORE") else "judge")

# What commands print is compared with English, whatever the terminal of the one who tests speaks.
os.environ["LC_ALL"] = "C.UTF-8"

# Tests start hundreds of processes: what was compiled for the first serves the others, and where that is not to lie
# beside the code it lies in the cache.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).parents[1] / ".cache" / "bytecode")

# The parts are imported where they start: a test of the language needs neither browser nor database to be installed.
if TYPE_CHECKING:
    import httpx
    from playwright.sync_api import Browser, Page

    from tests.support.house import House
    from tests.support.postgres import Postgres
    from tests.support.redis import Redis
    from tests.support.smtp import MailServer
    from tests.web.support import Site


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A desk folder of its own, with the starter rules."""
    from tests.support.house import House

    folder = tmp_path / "desk"
    folder.mkdir()
    return House(folder)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, house: House) -> Iterator[str]:
    """Which database the desk of `house` stands on: the test runs on each."""
    if request.param == "postgres":
        from tests.support import stores

        server = request.getfixturevalue("postgres_server")
        name = stores.postgres(server)
        house.settings["storage.url"] = server.url(name)
        yield request.param
        server.drop(name)
    else:
        yield request.param


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running server. `lead` sees both shops, `amy` and `ben` serve demo, `olga` the other shop; `ming` and `hua` are
    members of demo, `oscar` of the other."""
    from tests.web.support import running
    from web import hub

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "RECHECK", 0.5)  # read when the server starts
        with running(tmp_path_factory.mktemp("web"), limits__guest_rate=1000, limits__socket_rate=1000) as site:
            site.add_agent("lead", ["lead"], [])
            site.add_agent("amy", ["agent"], ["demo"])
            site.add_agent("ben", ["agent"], ["demo"])
            site.add_agent("olga", ["agent"], ["other"])
            site.add_agent("nina", ["nobody"], ["demo"])
            for name, shop in (("ming", "demo"), ("hua", "demo"), ("oscar", "other")):
                site.add_member(name, shop)
            yield site


@pytest.fixture(scope="module")
def amy(site: Site) -> Iterator[httpx.Client]:
    """An agent of the shop demo, at the API."""
    with site.client("amy") as client:
        yield client


@pytest.fixture(scope="module")
def lead(site: Site) -> Iterator[httpx.Client]:
    """Who leads both shops, at the API."""
    with site.client("lead") as client:
        yield client


_SERVERS = frozenset({"postgres_server", "redis_server", "mail_server_of_run", "browser"})
"""Fixtures that start a server or a browser."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a server or a browser is slow by itself; other tests that take long say so with the mark. Files with
    slow tests come first: a worker that begins a long one last is waited for."""
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        needed = _SERVERS & set(getattr(item, "fixturenames", ()))
        if needed or "postgres" in parameters.values() or "journeys" in item.path.parts:
            item.add_marker("slow")
    long = {item.path for item in items if item.get_closest_marker("slow") is not None}
    items.sort(key=lambda item: item.path not in long)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: from here on the collector no longer looks through it, which
    took a tenth of all the time."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What the long tests left behind (`record_property`): a table at the end of the run, and `.cache/soak.json`."""
    if config.getoption("markexpr") != "soak":
        return
    ended = [report for how in ("passed", "failed") for report in terminalreporter.stats.get(how, ())]
    left = {report.nodeid: {"outcome": report.outcome, **dict(report.user_properties)} for report in ended}
    if not left:
        return
    terminalreporter.section("what the soak left behind")
    for story, numbers in left.items():
        terminalreporter.write_line(story)
        for what, number in numbers.items():
            terminalreporter.write_line(f"    {what:<40} {number}")
    target = config.rootpath / ".cache" / "soak.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(left, ensure_ascii=False, indent=2), "utf-8")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A running PostgreSQL: databases, templates, URLs."""
    from tests.support import postgres

    with postgres.running() as server:
        yield server


@pytest.fixture(scope="module")
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The URL of an empty database that this test module has for itself."""
    database = postgres_server.create()
    yield postgres_server.url(database)
    postgres_server.drop(database)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A running Redis."""
    from tests.support import redis

    with redis.running() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """The URL of a Redis without a key in it."""
    redis_server.clear()
    return redis_server.url


@pytest.fixture(scope="session")
def mail_server_of_run() -> Iterator[MailServer]:
    """The mail server behind `mail_server`."""
    from tests.support import smtp

    with smtp.running() as server:
        yield server


@pytest.fixture
def mail_server(mail_server_of_run: MailServer) -> MailServer:
    """A mail server that has received nothing yet and turns nobody away."""
    mail_server_of_run.clear()
    return mail_server_of_run


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium.

    One for each module, not for the session: while Playwright is up, `asyncio.run` is refused in this thread, and the
    tests of other modules want it.
    """
    from tests.support import browser as support

    with support.running() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a fresh profile, in Traditional Chinese; an uncaught script error on it fails the test."""
    context = browser.new_context(locale="zh-TW", timezone_id="Asia/Taipei", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(30_000)
    errors: list[str] = []
    context.on("weberror", lambda event: errors.append(str(event.error)))
    yield context.new_page()
    context.close()
    assert not errors, f"errors of scripts on the page: {errors}"
