"""Lines that the desk keeps until their time: sent as whoever wrote them, with the rights of that moment, exactly once.

A line is taken out of the table in the transaction that says it, so whatever stops the desk it was said or still waits;
of two who want it at once, the clock and whoever takes it back, the one whose transaction comes first has it.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from typing import Any

from engine.core import access
from engine.core.changes import Say
from engine.core.commands import EndChat, MoveTicket, PostMessage, ScheduleLine, TransferTicket
from engine.core.decide import Decision
from engine.core.entities import Case
from engine.core.errors import Refused, missing
from engine.core.handlers.tickets import fresh
from engine.core.own_settings import own_setting
from engine.desk import locate
from engine.desk.actors import agent_actor
from engine.desk.context import Context, Work
from engine.store import FileRefused, StoreClosed, Tx, drafts, load, people, roster, scheduled
from engine.store.sql import Row

log = logging.getLogger(__name__)

REASONS: Mapping[str, Mapping[str, str]] = {
    "late": {
        "zh-TW": "預約時間已過太久，沒有送出",
        "zh-CN": "预约时间已过太久，没有发送",
        "en": "its time was over for too long",
    },
    "ticket-closed": {"zh-TW": "工單已結案", "zh-CN": "工单已结案", "en": "the ticket is closed"},
    "member-wrote": {
        "zh-TW": "顧客已先來訊",
        "zh-CN": "客户已先发来消息",
        "en": "the member wrote before",
    },
    "permission-needed": {
        "zh-TW": "您已沒有這項權限",
        "zh-CN": "您已没有该权限",
        "en": "you may no longer write it",
    },
    "writer-gone": {"zh-TW": "帳號已停用", "zh-CN": "账号已停用", "en": "the account is disabled"},
    "cancelled": {"zh-TW": "同事取消了預約", "zh-CN": "同事取消了预约", "en": "a colleague cancelled it"},
    "rejected": {"zh-TW": "規則不收這則訊息", "zh-CN": "规则不接受该消息", "en": "the rules refused it"},
    "failed": {"zh-TW": "發生錯誤", "zh-CN": "发生错误", "en": "something went wrong"},
}
"""Why a line was not sent, as its writer is told."""
_TOLD = {
    "zh-TW": "預約的訊息沒有送出：{reason}。",
    "zh-CN": "预约的消息没有发送：{reason}。",
    "en": "A scheduled message was not sent: {reason}.",
}
_ANSWER_TOLD = {
    "zh-TW": "您的回覆沒有送出：{reason}。",
    "zh-CN": "您的回复没有发送：{reason}。",
    "en": "Your reply was not sent: {reason}.",
}
_COLLEAGUES_TOLD = {
    "writer-gone": {
        "zh-TW": "{name} 寫的訊息沒有送出：帳號已停用。",
        "zh-CN": "{name} 写的消息没有发送：账号已停用。",
        "en": "A message by {name} was not sent: the account is disabled.",
    },
    "permission-needed": {
        "zh-TW": "{name} 寫的訊息沒有送出：已沒有這項權限。",
        "zh-CN": "{name} 写的消息没有发送：已没有该权限。",
        "en": "A message by {name} was not sent: they may no longer write it.",
    },
}
"""Where the writer can do nothing about it, by the reason."""
COLLEAGUES = 20
"""Of a team so many are told at most."""


def own_line(decision: Decision) -> Say:
    """The line a command itself wrote, among those the rules added."""
    return next(c for c in decision.changes if isinstance(c, Say) and c.author_kind in ("member", "agent"))


def done_with_draft(work: Work, command: PostMessage | ScheduleLine, case: Case) -> bool:
    """Whether the line was a draft of the agent's, which goes with it in this transaction."""
    if work.agent_id is None or case.ticket is None:
        return False
    return drafts.clear_sent(work.tx, work.agent_id, case.ticket.id, command.visibility, command.text, command.draft)


def send(work: Work, row: Row) -> int | None:
    """Says a line as its writer and gives its id; None where the rules turn it away. The caller has taken it, in this
    transaction. Raises Refused where it may not be said."""
    writer = work.agent(row["agent_id"])
    if writer is None:
        raise Refused("forbidden", "writer-gone", "who wrote this line is no agent any more")
    if row["unless_answered"] and scheduled.member_wrote(work.tx, row):
        raise Refused("conflict", "member-wrote", "the member wrote before")
    by = work.by(writer)
    files = tuple(file["id"] for file in row["attachments"])
    command = PostMessage(row["number"], row["text"], row["visibility"], files)
    decided = by.decide(command, locate.ticket(by, row["number"]))
    if decided.decision.rejected is not None:
        return None
    scheduled.drop(work.tx, [row["id"]])  # its files hang on the line from now on
    return decided.refs[own_line(decided.decision).ref]


def _send_or_keep(work: Work, row: Row) -> None:
    """Says a line that was taken in this transaction; one that rules turn away stays for its writer, who is told."""
    if send(work, row) is None:
        scheduled.put_back(work.tx, row["id"])
        not_sent(work, row, "rejected")


Next = PostMessage | MoveTicket | TransferTicket | EndChat


def first_what_may_be_taken_back(work: Work, command: Next) -> Next:
    """Before an agent says more, or hands on or ends the ticket, what she wrote before it goes out: lines keep their
    order, and an answer is not lost because the ticket was closed right after it. A note holds nothing up.

    Where the command names a version of the ticket it is held against the ticket as it was: the line is her own."""
    if work.actor.kind != "agent" or command.number is None or getattr(command, "visibility", "") == "internal":
        return command
    held = scheduled.held(work.tx, command.number, work.actor.id)
    if_version = getattr(command, "if_version", None)
    if held and if_version is not None:
        ticket = locate.ticket(work, command.number).ticket
        if ticket is None:
            raise missing("ticket")
        fresh(ticket, if_version)
        command = dataclasses.replace(command, if_version=None)  # type: ignore[arg-type]
    for line_id in held:
        row = scheduled.one(work.tx, line_id)
        if row is None or not scheduled.take(work.tx, line_id):
            continue
        try:
            _send_or_keep(work, row)
        except Refused:
            scheduled.put_back(work.tx, line_id)  # its own time says what becomes of it
    return command


async def send_due(context: Context, line_id: int) -> None:
    """Sends a line whose time has come, or keeps it and tells its writer why it was not sent."""

    def job(tx: Tx) -> dict[str, Any]:
        row = scheduled.one(tx, line_id)
        if row is None or row["send_at"] > tx.now or not scheduled.take(tx, line_id):
            return {}
        work = context.work(tx)
        if tx.now - row["send_at"] > own_setting(work.book, "send_late", row["shop"]):
            raise Refused("conflict", "late", "its time was over for too long")
        _send_or_keep(work, row)
        return {}

    try:
        await context.write(job)
        return
    except StoreClosed:
        raise
    except Refused as refused:
        code = refused.code
    except FileRefused:
        code = "failed"
    except Exception:
        log.exception("a scheduled line could not be sent and is kept")
        code = "failed"
    await context.write(lambda tx: _keep(context.work(tx), line_id, code))


def _keep(work: Work, line_id: int, code: str) -> dict[str, Any]:
    row = scheduled.one(work.tx, line_id)
    if row is not None:
        not_sent(work, row, code)
    return {}


def not_sent(work: Work, row: Row, code: str) -> bool:
    """Keeps a line that could not be sent, for its writer, who is told why; where the writer can do nothing about it,
    whoever looks after the ticket is told too. False where it waits no more."""
    reason = code if code in REASONS else "failed" if code != "not-found" else "permission-needed"
    if not scheduled.keep_back(work.tx, row["id"], reason):
        return False
    told = _ANSWER_TOLD if row["undo"] else _TOLD
    _tell(work, row, row["username"], {at: text.format(reason=REASONS[reason][at]) for at, text in told.items()})
    if reason in scheduled.FOR_OTHERS:
        texts = {at: text.format(name=row["agent_name"]) for at, text in _COLLEAGUES_TOLD[reason].items()}
        for username in _who_looks_after(work, row):
            _tell(work, row, username, texts)
    if reason != "cancelled":
        done = {"scheduled": row["id"], "reason": reason}
        work.tx.record("message.not_sent", done, shop=row["shop"], ticket_id=row["ticket_id"])
    return True


def _tell(work: Work, row: Row, username: str, texts: Mapping[str, str]) -> None:
    """A notice in the agent's language. It says nothing of what was written: who reads it may not see the ticket."""
    agent = people.agent_row(work.tx, username)
    if agent is None:
        return
    text = texts.get(agent["locale"] or "", texts[_first_locale(work.book, row["shop"])])
    notice = scheduled.tell(work.tx, row, agent["id"], text, texts)
    told = {"notice": notice, "agent": username, "text": text, "texts": texts, "rule": None}
    work.tx.record("notice.created", told, shop=row["shop"], ticket_id=row["ticket_id"])


def _who_looks_after(work: Work, row: Row) -> list[str]:
    """The ticket's assignee, else the agents of its team; of those in use who see it, and not the line's writer."""
    case = load.ticket_case(work.tx, work.words, number=row["number"], lines=0)
    ticket = case.ticket if case else None
    if ticket is None:
        return []
    others = [one for one in roster.everybody(work.tx, work.words) if one.id != row["agent_id"]]
    seeing = [one for one in others if access.sees_ticket(agent_actor(work.book, one, None), ticket)]
    serving = [one.username for one in seeing if one.username == ticket.assignee]
    return serving or [one.username for one in seeing if ticket.team in one.teams][:COLLEAGUES]


def _first_locale(book: Any, shop: str) -> str:
    locales = book.shops[shop].locales if shop in book.shops else ()
    return next((locale for locale in locales if locale in _TOLD), "en")
