"""Personal values: encrypted at rest, found by blind index, and the key ring that both hang on.

AES-256-GCM with a random 96-bit nonce and the key's id in front, so that keys can be changed without rewriting rows.
A blind index is an HMAC of the normalised value under a key of its own: equal values meet, nothing else can be read
off. The ring is one small file, mode 0600, that is in no backup unless that is encrypted; without it personal values
are lost.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
import unicodedata
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.store.errors import KeyRingError

_FORMAT = 1
"""First byte of every encrypted value: the layout key id, nonce, text, tag."""


def exact(kind: str) -> bool:
    """Whether an identity of this kind is the same only character for character: an id that another house gave out.

    Contacts are written in many ways and mean one; personal fields (`member.birthday`) compare as rules compare them.
    """
    return kind not in ("phone", "email") and "." not in kind


def normalised(kind: str, value: str) -> str:
    """The one spelling under which a value of this kind is looked up.

    Ids stay as they are (`exact`). Phones keep their digits only; Taiwan's +886 9… and China's +86 1… become the
    national form people type.
    """
    if exact(kind):
        return value
    value = folded(value)
    if kind == "phone":
        digits = re.sub(r"\D", "", value)
        if digits.startswith("00"):
            digits = digits[2:]
        if len(digits) == 12 and digits.startswith("8869"):
            return "0" + digits[3:]
        if len(digits) == 13 and digits.startswith("861"):
            return digits[2:]
        return digits
    if kind == "email":
        return value.casefold()
    return value


def is_contact(text: str) -> bool:
    """Whether a text can only be meant as a mail address or a telephone number, however it is written."""
    text = folded(text)
    return "@" in text or (re.fullmatch(r"\+?[\d\s().-]*", text) is not None and len(re.sub(r"\D", "", text)) >= 7)


def folded(value: str) -> str:
    """A value without the forms that look alike: full width, superscript, spaces around it."""
    return unicodedata.normalize("NFKC", value).strip()


class KeyRing:
    """The keys of one desk. `load` reads or makes the file."""

    def __init__(self, current: str, keys: dict[str, bytes], index: bytes, chain: bytes) -> None:
        self._current = current
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._index = index
        self.chain = chain
        """The key of the event chain: without it a rewritten log cannot be made to look whole."""

    @classmethod
    def load(cls, path: Path, *, make: bool = True) -> KeyRing:
        """The ring in a file; where there is none yet, it is made if it may be.

        Raises KeyRingError when the file is missing, or cannot be read or understood.
        """
        try:
            if not path.exists():
                if not make:
                    raise KeyRingError(
                        f"the keys {path} are missing: put back the file that belongs to this storage; without it "
                        "contacts and personal fields cannot be read"
                    )
                cls._make(path)
            data = json.loads(path.read_text("utf-8"))
            keys = {name: base64.b64decode(text) for name, text in data["keys"].items()}
            return cls(data["current"], keys, base64.b64decode(data["index"]), base64.b64decode(data["chain"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeyRingError(f"cannot use the key ring `{path}`: {error}") from error

    @classmethod
    def fresh(cls) -> KeyRing:
        """A ring that is kept nowhere: for tests and throw-away stores."""
        return cls("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32), secrets.token_bytes(32))

    @staticmethod
    def _make(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)

        def text() -> str:
            return base64.b64encode(secrets.token_bytes(32)).decode()

        body = {"current": "k1", "keys": {"k1": text()}, "index": text(), "chain": text()}
        # Written aside, then linked: two processes starting together agree on one ring, and none reads half a file.
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(body, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()

    def fingerprint(self) -> str:
        """Tells two rings apart without telling a key."""
        return hmac.new(self._index, b"fingerprint", hashlib.sha256).hexdigest()[:32]

    def encrypt(self, value: bytes, context: str) -> bytes:
        """The value, readable only under the same context (`identity:email`) and ring."""
        nonce = secrets.token_bytes(12)
        name = self._current.encode()
        sealed = self._ciphers[self._current].encrypt(nonce, value, context.encode())
        return bytes((_FORMAT, len(name))) + name + nonce + sealed

    def decrypt(self, value: bytes, context: str) -> bytes:
        """The value that was encrypted under this context.

        Raises KeyRingError when the key is not in the ring or the bytes were changed.
        """
        value = bytes(value)
        try:
            if value[0] != _FORMAT:
                raise ValueError("unknown layout")
            end = 2 + value[1]
            cipher = self._ciphers[value[2:end].decode()]
            return cipher.decrypt(value[end : end + 12], value[end + 12 :], context.encode())
        except (InvalidTag, KeyError, IndexError, ValueError, UnicodeDecodeError) as error:
            raise KeyRingError(f"cannot decrypt a value of `{context}`: wrong key or changed bytes") from error

    def encrypt_text(self, value: str, context: str) -> bytes:
        """`encrypt` for text."""
        return self.encrypt(value.encode(), context)

    def decrypt_text(self, value: bytes, context: str) -> str:
        """`decrypt` for text."""
        return self.decrypt(value, context).decode()

    def blind(self, kind: str, value: str) -> str:
        """The blind index of a value: equal for what is the same after `normalised`."""
        text = f"{kind}\0{normalised(kind, value)}".encode()
        return hmac.new(self._index, text, hashlib.sha256).hexdigest()[:40]

    def reply_token(self, number: int) -> str:
        """What a reply is known by that goes to the ticket with this number; letters and digits of one case."""
        return f"{number}-{self.blind('reply', str(number))[:32]}"

    def read_reply_token(self, text: str) -> int | None:
        """The number of the ticket, or None for what is no token of this desk."""
        number = text.strip().lower().partition("-")[0]
        if not (number.isascii() and number.isdecimal() and len(number) < 19):
            return None
        real = self.reply_token(int(number))
        return (
            int(number) if hmac.compare_digest(real.encode(), text.strip().lower().encode("utf-8", "replace")) else None
        )

    def blind_tail(self, value: str) -> str | None:
        """The blind index of a phone's last four digits; None when it has fewer."""
        digits = normalised("phone", value)
        return self.blind("phone-tail", digits[-4:]) if len(digits) >= 4 else None


def masked(kind: str, value: str) -> str:
    """A personal value as those may see it who may not see it: enough to recognise, too little to use."""
    if kind == "email" and "@" in value:
        name, _, domain = value.partition("@")
        return f"{name[:1]}***@{domain}"
    if kind == "phone":
        digits = normalised(kind, value)
        return "***" + digits[-3:] if len(digits) > 6 else "***"
    return value[:1] + "***" if len(value) > 4 else "***"
