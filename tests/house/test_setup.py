"""Every real part that the tests stand on starts and does its work, on this machine, from packages alone."""

from __future__ import annotations

import io
import smtplib
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Page

from tests.support.postgres import Postgres
from tests.support.redis import Redis
from tests.support.smtp import MailServer

ROOT = Path(__file__).resolve().parents[2]


def test_postgres_stores_and_compares_byte_by_byte(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE word (text text PRIMARY KEY)")
        connection.execute("INSERT INTO word VALUES ('應答'), ('Z'), ('a')")
        assert connection.execute("SELECT text FROM word ORDER BY text").fetchall() == [("Z",), ("a",), ("應答",)]


def test_postgres_template_is_filled_once_and_copied(postgres_server: Postgres) -> None:
    filled = []

    def fill(url: str) -> None:
        filled.append(url)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE mark AS SELECT 1 AS n")

    names = [postgres_server.create(postgres_server.template("house", fill)) for _ in range(2)]
    for name in names:
        with psycopg.connect(postgres_server.url(name)) as connection:
            assert connection.execute("SELECT n FROM mark").fetchone() == (1,)
            connection.execute("DELETE FROM mark")
        postgres_server.drop(name)
    assert len(filled) == 1
    assert names[0] != names[1]


def test_redis_answers(redis_server: Redis, redis_url: str) -> None:
    with redis_server.client() as client:
        assert client.ping()
        client.set("應", "答")
        assert client.get("應") == "答".encode()
        redis_server.clear()
        assert client.get("應") is None


def test_mail_arrives(mail_server: MailServer) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "hua@example.test", "desk@example.test", "退款進度"
    mail.set_content("請問退款什麼時候到？\n")
    with smtplib.SMTP(mail_server.host, mail_server.port, timeout=5) as client:
        client.send_message(mail)
    (received,) = mail_server.wait(1)
    assert received.sender == "hua@example.test"
    assert received.recipients == ("desk@example.test",)
    assert received.message["Subject"] == "退款進度"
    assert received.message.get_content().strip() == "請問退款什麼時候到？"


def test_mail_to_unknown_recipient_is_refused(mail_server: MailServer) -> None:
    mail_server.unknown.add("nobody@example.test")
    with (
        smtplib.SMTP(mail_server.host, mail_server.port, timeout=5) as client,
        pytest.raises(smtplib.SMTPRecipientsRefused),
    ):
        client.sendmail("desk@example.test", ["nobody@example.test"], "Subject: x\r\n\r\nx")
    assert mail_server.mails == []


def test_browser_draws_both_chinese_scripts(page: Page) -> None:
    # U+E000 belongs to nobody: it shows the box that a missing glyph would show.
    glyphs = ["應", "答", "应", "发", "A", "\ue000"]
    cells = "".join(f"<b id=g{number}>{glyph}</b>" for number, glyph in enumerate(glyphs))
    page.set_content(f"<meta charset=utf-8><style>b{{font:64px sans-serif;display:block;width:80px}}</style>{cells}")
    pictures = [
        Image.open(io.BytesIO(page.locator(f"#g{number}").screenshot())).convert("L") for number in range(len(glyphs))
    ]
    for one in range(len(glyphs)):
        for other in range(one):
            different = ImageChops.difference(pictures[one], pictures[other]).getbbox()
            assert different, f"{glyphs[one]!a} and {glyphs[other]!a} look the same: a font is missing"


def test_built_front_end_is_complete_and_needs_no_inline_script() -> None:
    static = ROOT / "web" / "static"
    for name in ("console.html", "chat.html"):
        text = (static / name).read_text(encoding="utf-8")
        assert "<script>" not in text
        assert 'src="/assets/' in text
    assert (static / "widget.js").stat().st_size > 0
    assert not list(static.rglob("*.map"))


def test_lock_file_names_no_registry() -> None:
    text = (ROOT / "web" / "ui" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert '"integrity"' in text
