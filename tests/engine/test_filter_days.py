"""A day in a filter is a day of the ticket's own shop, as rules have it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.core.calendar import to_micros
from engine.core.commands import CreateMember, OpenTicket
from engine.core.entities import HOUR, SYSTEM
from engine.core.errors import Refused
from engine.core.questions import Tickets
from engine.desk import Desk
from engine.lang.functions import FIRST_DAY, LAST_DAY
from tests.support.house import House

NOON = to_micros(datetime(2026, 3, 2, 3, tzinfo=UTC))
"""Monday 2 March, 11:00 in Taipei, and still Sunday, 22:00, in New York."""


class Clock:
    """Stands until it is moved."""

    now = NOON

    def __call__(self) -> int:
        return self.now


def test_each_shop_by_its_own_day(house: House) -> None:
    desk_yaml = house.folder / "rules" / "desk.yaml"
    said = desk_yaml.read_text("utf-8")
    shops = "\nshops:\n"
    assert shops in said
    far = "  far:\n    label: {en: Far}\n    zone: America/New_York\n    locales: [en]\n    calendar: office\n"
    desk_yaml.write_text(said.replace(shops, f"{shops}{far}", 1), "utf-8")
    clock = Clock()

    async def work(desk: Desk) -> None:
        numbers = {}
        for shop in ("demo", "far"):
            made = await desk.act(SYSTEM, CreateMember(shop, "Ann"))
            opened = await desk.act(SYSTEM, OpenTicket("a", "b", shop=shop, requester={"id": made["member"]["id"]}))
            numbers[shop] = opened["ticket"]["number"]

        async def found(text: str) -> set[str]:
            items = (await desk.query(SYSTEM, Tickets(filter=text)))["items"]
            return {shop for shop in numbers for one in items if one["number"] == numbers[shop]}

        assert await found('ticket.created_at = "2026-03-02"') == {"demo"}
        assert await found('ticket.created_at = "2026-03-01"') == {"far"}
        assert await found('ticket.created_at > "2026-03-02 10:00"') == {"demo"}
        clock.now += 3 * HOUR  # Monday, 01:00, in New York
        assert await found("date(ticket.created_at) = date(now)") == {"demo"}
        assert await found("date(ticket.created_at) < date(now)") == {"far"}

    house.run(work, clock=clock)


@pytest.fixture
def anywhere(house: House, database: str) -> House:
    """A desk on either database."""
    return house


def test_the_first_and_the_last_day_can_be_asked_for_and_no_other(anywhere: House) -> None:
    async def work(desk: Desk) -> None:
        made = await desk.act(SYSTEM, CreateMember("demo", "Ann"))
        await desk.act(SYSTEM, OpenTicket("a", "b", shop="demo", requester={"id": made["member"]["id"]}))
        for form in ('ticket.created_at {op} "{day}"', 'date(ticket.created_at) {op} "{day}"'):
            for op in ("=", "!=", "<", "<=", ">", ">="):
                for day, found in ((FIRST_DAY, op in ("!=", ">", ">=")), (LAST_DAY, op in ("!=", "<", "<="))):
                    answer = await desk.query(SYSTEM, Tickets(filter=form.format(op=op, day=day)))
                    assert bool(answer["items"]) is found, (form, op, day)
                for day in ("0001-01-01", "9999-12-31"):
                    with pytest.raises(Refused) as refused:
                        await desk.query(SYSTEM, Tickets(filter=form.format(op=op, day=day)))
                    assert refused.value.kind == "invalid"

    anywhere.run(work)
