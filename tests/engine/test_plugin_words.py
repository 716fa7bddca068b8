"""What a plugin gives is what rules may say: functions, rights, ways to notify; and listeners hear of commits."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from pathlib import Path

import pytest

from engine.core.commands import OpenTicket
from engine.core.entities import DAY
from engine.desk import Desk, accounts
from engine.plugins import PluginError
from engine.pump import Pump
from engine.store import tables as t
from engine.store import upkeep, wall_clock
from tests.support.house import House, sign_in

PLUGIN = '''
"""A plugin of a desk."""
import json
from pathlib import Path
from engine.api import Can, Channel, Delivery, Function, Notifier, Permission, hookimpl

BOX = Path(__file__).with_name("box.jsonl")
HEARD = Path(__file__).with_name("heard.jsonl")

def shout(text: str) -> bool:
    """Whether a text shouts."""
    return text.isupper()

class Pager(Notifier):
    name = "sms"
    async def notify(self, recipient, notice):
        with BOX.open("a") as out:
            out.write(json.dumps([recipient.kind, recipient.name, notice.text, notice.ticket_number]) + "\\n")
        return Delivery("sent")

@hookimpl
def register_functions():
    return [Function("shouts", shout)]

@hookimpl
def register_permissions():
    return [Permission("coupon.give", {"en": "give coupons"})]

@hookimpl
def register_notifiers(config):
    return [Pager()]

@hookimpl
def event_committed(event):
    with HEARD.open("a") as out:
        out.write(event.kind + "\\n")
'''

RULES = """
stage notify
rule loud
  on ticket.created
  when shouts(message.text)
  then
    notify agent "amy" "loud: {ticket.number}" via sms
    notify agent "amy" "nobody pages" via webhook
    notify recipient "0911-111" "tell {ticket.number}" via sms
    notify recipient "ops@shop.test" "nobody mails"
"""


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.exists() else []


def test_a_plugins_words_work_in_rules(house: House) -> None:
    folder = house.folder / "extensions"
    folder.mkdir()
    (folder / "mine.py").write_text(PLUGIN, "utf-8")
    house.settings["plugins.dir"] = "extensions"
    house.write("loud.rules", RULES)
    roles = house.folder / "rules" / "roles.yaml"
    roles.write_text(roles.read_text("utf-8") + "\ncashier: {permissions: [coupon.give, ticket.view]}\n", "utf-8")

    async def work(desk: Desk) -> None:
        assert not desk.plugins.set_aside
        assert desk.rulebook is not None
        assert "coupon.give" in desk.rulebook.roles["cashier"].permissions
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        pump = Pump(desk)
        await pump.start()
        await desk.act(amy, OpenTicket("quiet", "please help", requester={"name": "a"}))
        await desk.act(amy, OpenTicket("loud", "PLEASE HELP", requester={"name": "b"}))
        for _ in range(1000):
            await asyncio.sleep(0.03)
            if len(lines(folder / "box.jsonl")) == 2:
                break
        await pump.stop()
        assert sorted(json.loads(line) for line in lines(folder / "box.jsonl")) == [
            ["address", "0911-111", "tell #00002", 2],
            ["agent", "amy", "loud: #00002", 2],
        ]
        (decided,) = [one for one in (await desk.explain(2))["items"] if one["event"] == "ticket.created"]
        (loud,) = [rule for rule in decided["rules"] if rule["rule"] == "loud"]
        assert 'notify recipient "0911-111" via sms' in loud["changes"]
        assert 'notify recipient "ops@shop.test" (no plugin gives email)' in loud["changes"]
        notices = await desk.context.store.read(lambda tx: tx.values(t.Notification.select(t.Notification.text)))
        assert "nobody pages" in notices, "a way no plugin gives falls back to the app"
        assert "loud: #00002" not in notices
        assert "ticket.created" in lines(folder / "heard.jsonl")

    house.run(work)


def test_a_plugin_that_listens_badly_disturbs_nobody(house: House) -> None:
    folder = house.folder / "extensions"
    folder.mkdir()
    (folder / "bad.py").write_text(
        "from engine.api import hookimpl\n\n@hookimpl\ndef event_committed(event):\n    raise RuntimeError('no')\n",
        "utf-8",
    )
    house.settings["plugins.dir"] = "extensions"

    async def work(desk: Desk) -> int:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        await desk.act(amy, OpenTicket("x", "please help", requester={"name": "a"}))
        return desk.plugins.errors["bad"]

    assert house.run(work) > 0


def test_old_snapshots_go_and_the_trace_stays(house: House) -> None:
    async def begin(desk: Desk) -> None:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        await desk.act(amy, OpenTicket("x", "please help", requester={"name": "a"}))

    house.run(begin)

    async def later(desk: Desk) -> None:
        done = (await desk.context.store.write(lambda tx: upkeep.clear_snapshots(tx, 90))).result
        assert done == (1, False)
        trace = await desk.explain(1)
        assert trace is not None
        assert any(rule["outcome"] == "acted" for item in trace["items"] for rule in item["rules"])
        assert all(line.ok for line in await accounts.examine(desk.context))

    house.run(later, lambda: wall_clock() + 91 * DAY)


def test_a_storage_without_its_driver_says_what_to_install(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "psycopg" else real(name, *a))
    house.settings["storage.url"] = "postgresql://localhost/none"

    async def nothing(desk: Desk) -> None:
        return None

    with pytest.raises(PluginError, match=r"pip install 'yingda\[postgres\]'"):
        house.run(nothing)
