"""`engine doctor` finds what is not as the desk left it, says where and what to do, and ends with 1."""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from engine.cli import main
from engine.core.commands import OpenTicket, PostMessage, Upload
from engine.desk import Desk
from tests.support.house import House, member, sign_in


@pytest.fixture
def desk(house: House) -> Path:
    """A desk with a ticket, lines, tags and an upload."""

    async def work(desk: Desk) -> None:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        await desk.act(await member(desk), OpenTicket("退款", "請問什麼時候退款?"))
        made = await desk.act(amy, Upload("letter.txt", "text/plain", b"a letter"))
        await desk.act(amy, PostMessage(1, "您好，請稍候", attachments=(made["id"],)))

    house.run(work)
    return house.folder


def sql(statement: str) -> Callable[[Path], None]:
    """Writes to the database past the desk."""

    def harm(desk: Path) -> None:
        with closing(sqlite3.connect(desk / "data" / "desk.db")) as database, database:
            assert database.execute(statement).rowcount != 0

    return harm


def noise(desk: Path) -> None:
    """Random bytes over one page of the table of lines."""
    path = desk / "data" / "desk.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'message'").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))


def blob(desk: Path) -> Path:
    (found,) = (desk / "data" / "files").glob("??/*.blob")
    return found


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "noise in the database": (noise, "could not be looked at"),
    "an edited line": (sql("UPDATE message SET text = '不退' WHERE text LIKE '您好%'"), "lines: the text of line"),
    "a line taken away": (
        sql("DELETE FROM message WHERE id = (SELECT id FROM message WHERE text LIKE '%什麼時候%')"),
        "lines: line 1 is missing",
    ),
    "an edited event": (sql("UPDATE event SET body = '{}' WHERE kind = 'agent.saved'"), "event log: the body of event"),
    "an event taken away": (sql("DELETE FROM event WHERE kind = 'agent.saved'"), "event log: event"),
    "an upload without bytes": (lambda desk: blob(desk).unlink(), "files: the bytes of the upload"),
    "an upload with other bytes": (lambda desk: blob(desk).write_bytes(b"a lettex"), "files: the bytes of the upload"),
    "a counter set back": (sql("UPDATE counter SET value = 0 WHERE name = 'ticket'"), "ticket numbers went to 1"),
    "another due time": (sql("UPDATE ticket SET due_at = due_at + 1"), "sums: the due time"),
    "another last line": (sql("UPDATE ticket SET last_message_id = 1"), "sums: the last line"),
    "a clock that cannot be": (sql("UPDATE sla_clock SET used = -5"), "sums: a service target's clock"),
    "a tag of nobody": (sql("INSERT INTO tag_use VALUES ('ticket', 99, 'vip', 0)"), "1 tags are of a ticket"),
    "an index without a row": (
        sql("DELETE FROM search_message_docsize WHERE id = 1"),
        "search: the search index `message` lacks 1 rows",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_finds(desk: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    harm, words = CASES[case]
    harm(desk)
    assert main(["doctor", "--desk", str(desk)]) == 1
    printed = capsys.readouterr()
    wrong = [line for line in printed.out.splitlines() if line.startswith("WRONG")]
    assert any(words in line for line in wrong), printed.out
    assert all(line.count(": ") >= 2 for line in wrong), "what, where, and what to do"
    assert "Traceback" not in printed.err


def test_it_is_content_with_what_the_desk_left(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--desk", str(desk)]) == 0
    assert "WRONG" not in (out := capsys.readouterr().out)
    assert "lines: " in out and "files: every upload has its bytes" in out


def test_bytes_of_no_upload_are_told_and_no_trouble(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from plugins.storage.files import Files

    Files(desk / "data" / "files").put(io.BytesIO(b"left by a crash"), 100)
    assert main(["doctor", "--desk", str(desk)]) == 0
    assert "files: 1 are of no upload any more" in capsys.readouterr().out


def test_the_mark_of_a_line_is_in_the_chain(house: House, desk: Path) -> None:
    """Whoever edits a line and its event's mark breaks the chain."""
    sql("UPDATE event SET object = 'line:0' WHERE object LIKE 'line:%'")(desk)
    assert main(["doctor", "--desk", str(desk)]) == 1


MENDED = ["a counter set back", "another due time", "another last line", "an index without a row"]


@pytest.mark.parametrize("case", MENDED)
def test_what_can_be_worked_out_again_is_shown_then_mended(
    desk: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    CASES[case][0](desk)
    told = CASES[case][1].partition(": ")[2] or CASES[case][1]
    assert main(["doctor", "--desk", str(desk), "--repair"]) == 1
    assert f"would mend: {told}" in capsys.readouterr().out
    assert main(["doctor", "--desk", str(desk)]) == 1, "nothing was changed"
    capsys.readouterr()
    assert main(["doctor", "--desk", str(desk), "--repair", "do"]) == 0
    assert f"mended: {told}" in capsys.readouterr().out
    assert main(["doctor", "--desk", str(desk)]) == 0, capsys.readouterr().out


def test_what_cannot_be_known_is_left_as_it_is(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    CASES["an edited line"][0](desk)
    assert main(["doctor", "--desk", str(desk), "--repair", "do"]) == 0
    assert "nothing here is to be worked out again" in capsys.readouterr().out
    assert main(["doctor", "--desk", str(desk)]) == 1
