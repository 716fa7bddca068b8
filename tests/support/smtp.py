"""A mail server that keeps what it is given, on a loopback port of its own, in a thread of its own."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, slots=True)
class Mail:
    """One accepted mail: the envelope's addresses and the parsed message."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage


class MailServer:
    """What the tests see: where it listens, what has come, whom it turns away."""

    def __init__(self) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        # Recipients answered with 550, and with 451 (try again later).
        self.unknown: set[str] = set()
        self.busy: set[str] = set()
        self._mails: list[Mail] = []
        self._arrived = threading.Condition()

    @property
    def mails(self) -> list[Mail]:
        """Every mail so far, oldest first."""
        with self._arrived:
            return list(self._mails)

    def wait(self, number: int = 1, *, seconds: float = 5) -> list[Mail]:
        """The mails, as soon as there are `number` of them.

        Raises:
            TimeoutError: fewer came in that time.
        """
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._mails) >= number, seconds):
                raise TimeoutError(f"{len(self._mails)} of {number} mails came in {seconds} s")
            return list(self._mails)

    def clear(self) -> None:
        """Forget the mails and whom to turn away."""
        with self._arrived:
            self._mails.clear()
        self.unknown.clear()
        self.busy.clear()

    # The two methods below are called by aiosmtpd, which fixes their names.

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 5.1.1 no such mailbox"
        if address in self.busy:
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        with self._arrived:
            self._mails.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message))
            self._arrived.notify_all()
        return "250 OK"


@contextmanager
def running() -> Iterator[MailServer]:
    """A mail server for the time of the `with` block."""
    server, loop, up = MailServer(), asyncio.new_event_loop(), threading.Event()

    async def listen() -> None:
        def connection() -> SMTP:
            return SMTP(server, enable_SMTPUTF8=True, hostname="mail.test", loop=loop)

        listener = await loop.create_server(connection, server.host, 0)
        server.port = listener.sockets[0].getsockname()[1]
        up.set()

    def run() -> None:
        loop.run_until_complete(listen())
        loop.run_forever()

    thread = threading.Thread(target=run, name="smtp", daemon=True)
    thread.start()
    if not up.wait(10):
        raise TimeoutError("the mail server did not come up")
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
