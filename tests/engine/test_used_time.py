"""How much of a clock's time is used is told by the calendar of the ticket's own shop, wherever a ticket is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.access import Scope
from engine.core.calendar import to_micros
from engine.core.commands import ChangeTicket, CreateMember, OpenTicket
from engine.core.entities import HOUR, SYSTEM, Member
from engine.core.entities import Clock as SlaClock
from engine.core.questions import MemberById, TicketByNumber, Tickets
from engine.desk import Desk
from engine.store import fresh
from tests.support.house import House

SUNDAY = to_micros(datetime(2026, 3, 1, 10, tzinfo=ZoneInfo("Asia/Taipei")))
"""The shop `demo` is closed all day."""


class Clock:
    """Stands until it is moved."""

    now = SUNDAY

    def __call__(self) -> int:
        return self.now


def with_another_shop(house: House) -> None:
    """`other`, open day and night by a calendar of its own under the name that the first shop's has."""
    desk = house.folder / "rules" / "desk.yaml"
    said = desk.read_text("utf-8")
    shops = "\nshops:\n"
    assert shops in said
    other = "  other:\n    label: {en: Other}\n    zone: Asia/Taipei\n    locales: [en]\n    calendar: office\n"
    desk.write_text(said.replace(shops, f"{shops}{other}", 1), "utf-8")
    (house.folder / "rules" / "shops" / "other").mkdir(parents=True)
    house.write("shops/other/calendars.yaml", 'office:\n  hours:\n    mon-sun: ["00:00-24:00"]\n')
    for shop in ("demo", "other"):
        (house.folder / "rules" / "shops" / shop).mkdir(exist_ok=True)
        house.write(f"shops/{shop}/sla.yaml", f"- name: {shop}_all\n  calendar: office\n  targets: {{resolve: 10h}}\n")


def used(ticket: Any) -> list[float]:
    """The percentages that stand at a ticket."""
    return [clock["percent"] for clock in ticket["sla"] if clock["target"] == "resolve"]


def test_each_shop_by_its_own_calendar(house: House) -> None:
    with_another_shop(house)
    clock = Clock()

    async def work(desk: Desk) -> None:
        numbers, members = {}, {}
        for shop in ("demo", "other"):
            made = await desk.act(SYSTEM, CreateMember(shop, "王小明"))
            members[shop] = made["member"]["id"]
            opened = await desk.act(SYSTEM, OpenTicket("尺寸", "換", shop=shop, requester={"id": members[shop]}))
            numbers[shop] = opened["ticket"]["number"]
            assert used(opened["ticket"]) == [0.0], shop
        clock.now += 5 * HOUR
        for shop, percent in (("demo", 0.0), ("other", 50.0)):
            number = numbers[shop]
            listed = (await desk.query(SYSTEM, Tickets()))["items"]
            assert used(next(one for one in listed if one["number"] == number)) == [percent], shop
            assert used(await desk.query(SYSTEM, TicketByNumber(number))) == [percent], shop
            member = await desk.query(SYSTEM, MemberById(members[shop]))
            assert used(next(one for one in member["tickets"] if one["number"] == number)) == [percent], shop
            changed = await desk.act(SYSTEM, ChangeTicket(number, {"subject": "尺寸不對"}))
            assert used(changed["ticket"]) == [percent], shop

    house.run(work, clock=clock)


def test_the_answer_for_a_new_ticket_asks_for_its_own_shop_too(house: House) -> None:
    clock = SlaClock("resolve", "all", "office", 10 * HOUR, SUNDAY, running_since=SUNDAY - HOUR, due_at=SUNDAY)
    empty = "type team order_no product solution first_replied_at closed_at rating nudged_at merged_into"
    row: dict[str, Any] = dict.fromkeys(empty.split())
    row |= {
        "id": 1,
        "number": 1,
        "shop": "other",
        "kind": "inquiry",
        "state": "new",
        "category": "open",
        "channel": "api",
    }
    row |= {"subject": "尺寸", "priority": "normal", "member_id": 1, "created_at": SUNDAY, "updated_at": SUNDAY}
    row |= {"language": "en"}
    new = fresh.NewTicket(row, Member(1, "other", False, "basic"), None, (), (clock,), ())

    async def work(desk: Desk) -> Any:
        percent = {"demo": 0.0, "other": 50.0}
        return await desk.context.store.read(
            lambda tx: fresh.shown(tx, Scope(), new, percent=lambda shop, clock, now: (percent[shop], ""))
        )

    assert used(house.run(work)) == [50.0]
