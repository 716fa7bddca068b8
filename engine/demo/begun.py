"""What agents of the demo have begun to write and not sent: a draft, and an answer that waits for its time."""

from __future__ import annotations

from engine.core.calendar import Calendar
from engine.store import Tx, bulk, drafts, people, scheduled

DRAFT = "您好，已向倉庫查詢，目前缺貨的是白色，藍色還有三個，"
NOTE = "顧客上個月也換過一次，先確認再回。"
LATER = "您好，維修中心今天會把您的商品寄回，收到後有任何問題都歡迎直接回覆這裡。"


def leave_begun(tx: Tx, calendar: Calendar) -> None:
    """Writes them once, where there are cases that this fits."""
    lin, amy = people.agent_id(tx, "lin"), people.agent_id(tx, "amy")
    if lin is None or amy is None or drafts.count(tx, lin) or scheduled.count(tx, amy):
        return
    for ticket, visibility, text in zip(
        bulk.open_cases(tx, lin, 2), ("public", "internal"), (DRAFT, NOTE), strict=False
    ):
        drafts.save(tx, lin, ticket, visibility, text, (), None)
    tomorrow = calendar.opens_on_a_later_day(tx.now)
    send_at = None if tomorrow is None else calendar.opens_on_a_later_day(tomorrow)
    for ticket in bulk.open_cases(tx, amy, 1) if send_at is not None else ():
        values = {"agent_id": amy, "ticket_id": ticket, "text": LATER, "unless_answered": True, "send_at": send_at}
        scheduled.add(tx, values, ())
