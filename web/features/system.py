"""System: how the desk is doing, for who keeps it running."""

from __future__ import annotations

from msgspec import Struct

from engine.desk import SYSTEM, StoreTrouble
from engine.features.system.commands import SystemState
from web.routes import API, Call, Reply, route
from web.schema import Time


class Lane(Struct):
    """What is asked of a plugin, on a thread of its own. Counts are since the start of the server."""

    name: str
    running: int
    """Calls under way."""
    hanging: int
    """Calls that are past their time and not over."""
    resting: int
    """Seconds until it is given work again, after it failed again and again; 0: now."""
    overdue: int
    failures: int


class ChannelLane(Lane):
    """A way by which lines leave: its lane, and its part of the outbox."""

    waiting: int
    sending: int
    failed: int
    """Of the last day."""
    uncertain: int
    """Of the last day: nobody knows whether they went."""
    since_at: Time | None
    """Since when the oldest line waits."""
    error: str | None
    """The last one."""
    last_at: Time | None
    """When it came."""


class PluginAside(Struct):
    name: str
    error: str


class Checking(Struct):
    """The process that checks rules: one check at a time."""

    process: bool
    """Whether the process is there; it is begun with the first check."""
    running: bool
    waiting: int
    most: int
    """How many may wait (`checks.queue`)."""
    seconds: float | None
    """What the last check took; null before the first."""


class FailedJob(Struct):
    id: int
    kind: str
    error: str | None
    updated_at: Time


class JobCounts(Struct):
    waiting: int
    running: int
    failed: int
    last_failed: list[FailedJob]


class RulesLoad(Struct):
    at: Time
    source: str
    findings: int


class RulesInForce(Struct):
    digest: str
    since_at: Time
    rules: int
    failed: RulesLoad | None
    """The last load, where it failed; its findings stand in `GET /api/v1/rules`."""


class StoreState(Struct):
    ok: bool
    reason: str | None
    """Why nothing can be stored."""
    kind: str
    """`sqlite` or `postgres`."""
    bytes: int
    """What the database takes, without uploaded files."""
    disk_free: int
    """Bytes, where the desk's data lie."""
    disk_total: int


class ClockStep(Struct):
    at: Time
    """What the clock was set to."""
    seconds: int
    """How far; less than 0: back."""


class ClockState(Struct):
    steps: int
    """How often the machine's clock was set since the start."""
    last: ClockStep | None


class System(Struct):
    channels: list[ChannelLane]
    lanes: list[Lane]
    """Of plugins that are no channel."""
    set_aside: list[PluginAside]
    """Plugins that do not run."""
    checks: Checking
    jobs: JobCounts
    rules: RulesInForce
    store: StoreState
    clock: ClockState


@route("GET", f"{API}/system", {200: System}, tag="system")
async def system_state(call: Call) -> Reply:
    """How the desk is doing: what leaves it, plugins, checks of rules, jobs, rules, store, clock."""
    found = await call.ask(SystemState())
    trouble = await call.desk.query(SYSTEM, StoreTrouble())
    found["store"].update(ok=trouble is None, reason=trouble)
    return Reply({**found, "checks": call.web.checks.state()})
