"""Uploads made harmless before they are stored: names cleaned, types told by content, pictures drawn anew.

Nothing of what a sender says is believed: the shown name is cleaned first and judged afterwards, the media type comes
from the bytes, a picture keeps its pixels only. What a browser or a desktop would run is refused.
"""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from engine.core.errors import Refused

log = logging.getLogger(__name__)

LONGEST_NAME: Final = 120
"""Characters of a shown name, the ending included: fits every screen and file system."""
LONGEST_ENDING: Final = 20
"""Characters of it that are kept: those of the longest that runs, so that none is cut to another."""
PROBE: Final = 4096
"""Bytes looked at to tell text from anything else, and text from mark-up."""

_DRAWING: Final = Path(__file__).with_name("drawing.py")
_ENDINGS: Final = {
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
}
_MAGIC: Final = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
)
_OFFICE: Final = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_RUNS: Final = (
    *(b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa", b"\x00asm"),
    *(b"#!", b"<?php", b"MZ\x90", b"L\x00\x00\x00\x01\x14\x02"),
)
_RUNNING_ENDINGS: Final = frozenset(
    # Windows: programs, scripts, what shell, installer and help run, shortcuts, disks that mount by a click
    "exe dll com bat cmd scr pif msi msp mst msc msix msixbundle appx appxbundle appinstaller cpl hta js jse mjs "
    "cjs vb vbs vbe ws wsf wsh wsc sct ps1 ps1xml ps2 ps2xml psm1 psd1 psc1 psc2 cdxml pssc msh msh1 msh2 mshxml "
    "msh1xml jar jnlp class lnk inf ins isp reg chm hlp gadget application appref-ms settingcontent-ms library-ms "
    "search-ms searchconnector-ms diagcab diagcfg diagpkg theme themepack deskthemepack url website scf sys drv ocx "
    "ax efi job shb shs xbap xll wll iso img vhd vhdx udl rdp pcd nsh mad maf mag mam maq mar mas mat mau mav maw "
    "mda mdb mde mdt mdw mdz accdb accde accda accdr one onepkg iqy oqy rqy slk dqy "
    # macOS and Linux
    "app dmg pkg mpkg command tool workflow scpt scptd applescript osx terminal fileloc inetloc webloc mobileconfig "
    "dylib kext deb rpm snap flatpak flatpakref appimage run so ko elf sh bash zsh fish tcsh ksh csh desktop "
    # languages and servers
    "php php3 php4 php5 php7 php8 phps phtml phar pht py pyc pyo pyw pyz pyzw pl pm rb lua tcl cgi fcgi asp aspx "
    "ashx asmx ascx asa jsp jspx jsf war ear swf swc xap wasm groovy gradle apk aab ipa crx xpi vsix htaccess "
    "htpasswd "
    # office files with macros, and add-ins
    "docm dotm xlsm xltm xlam xlsb pptm potm ppsm ppam sldm vsdm vstm vssm xla xlw".split()
)
"""Endings that a double click, a server or an office program runs."""
_MARKUP_ENDINGS: Final = frozenset("htm html xhtml shtml mht mhtml svg svgz xml xsl xslt xht".split())
_MARKUP: Final = tuple(
    b"<" + word for word in b"!doctype !-- html head body script svg ?xml iframe object embed math".split()
)
_DEVICES: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))]
)


class Settings(Protocol):
    """The desk's settings, by name."""

    def __getitem__(self, name: str, /) -> Any:
        """The value of a setting."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an upload may be, in bytes, and a picture, in pixels (all frames of it together); what drawing one may
    take, in bytes of memory and seconds."""

    upload: int
    pixels: int
    picture_memory: int
    picture_seconds: int

    @classmethod
    def of(cls, config: Settings) -> Limits:
        """From the desk's settings."""
        return cls(
            upload=config["limits.upload"],
            pixels=config["limits.picture_pixels"],
            picture_memory=config["limits.picture_memory"],
            picture_seconds=config["limits.picture_seconds"],
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """What may be stored: the name people see, the type it is served as, the bytes."""

    name: str
    media_type: str
    data: bytes


def prepare(name: str, declared: str, data: bytes, limits: Limits | Settings) -> Prepared:
    """Cleans the name, tells the type, draws pictures anew. `declared` decides only between kinds of plain text.

    `limits` may be the desk's settings, which name them. Takes seconds for a large picture: run it on a thread.
    Raises Refused: `empty-file`, `file-too-large`, `file-type-refused`, `picture-too-large`,
    `picture-too-hard`, `broken-picture`.
    """
    if not isinstance(limits, Limits):
        limits = Limits.of(limits)
    if not data:
        raise Refused("invalid", "empty-file", "the file is empty")
    if len(data) > limits.upload:
        raise Refused("invalid", "file-too-large", f"a file may have at most {limits.upload} bytes")
    shown = clean_name(name)
    ending = shown.rpartition(".")[2].lower() if "." in shown else ""
    if ending in _RUNNING_ENDINGS or ending in _MARKUP_ENDINGS:
        raise _active(f"`.{ending}` files")
    if is_picture(data):
        kind, drawn = _redraw(data, limits)
        return Prepared(_with_ending(shown, _ENDINGS[kind]), kind, drawn)
    if data.startswith(_RUNS):
        raise _active("programs and scripts")
    return Prepared(shown, _sniff(data, ending, declared), data)


def clean_name(name: str) -> str:
    """A name for people: no folders, no invisible or turning characters, no device, at most 120 characters."""
    last = unicodedata.normalize("NFC", name.replace("\\", "/")).rpartition("/")[2]
    seen = "".join(c for c in last if unicodedata.category(c)[0] not in "CZ" or c == " ")
    seen = "".join("_" if c in "<>:|?*" else c for c in seen).strip(" .")
    stem, dot, ending = seen.rpartition(".")
    if not dot:
        stem, ending = seen, ""
    if stem.split(".")[0].strip().lower() in _DEVICES:
        stem = f"_{stem}"
    ending = ending[:LONGEST_ENDING]
    room = LONGEST_NAME - len(ending) - len(dot)
    return f"{stem[:room].rstrip(' .')}{dot}{ending}" if stem else (ending or "file")


def _active(what: str) -> Refused:
    return Refused("invalid", "file-type-refused", f"{what} are not taken; send a picture, a PDF or an archive instead")


def _with_ending(name: str, endings: tuple[str, ...]) -> str:
    stem, dot, ending = name.rpartition(".")
    if dot and ending.lower() in endings:
        return name
    return f"{(stem if dot else name)[: LONGEST_NAME - 5]}.{endings[0]}"


def _sniff(data: bytes, ending: str, declared: str) -> str:
    for at, magic, kind in _MAGIC:
        if data[at : at + len(magic)] == magic:
            return _OFFICE.get(ending, kind) if kind == "application/zip" else kind
    head = data[:PROBE]
    # UTF-16 mark-up too: its zero bytes and marks are gone here.
    if head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\f").lower().startswith(_MARKUP):
        raise _active("HTML, SVG and XML files")
    if _is_text(data, head):
        said = declared.partition(";")[0].strip().lower()
        return "text/csv" if said == "text/csv" or ending == "csv" else "text/plain"
    return "application/octet-stream"


def _is_text(data: bytes, head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def is_picture(data: bytes) -> bool:
    """Whether it is drawn anew before it is stored: that is dear, and done one at a time."""
    if data.startswith(b"BM"):
        return data[6:10] == b"\x00\x00\x00\x00"
    return data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _redraw(data: bytes, limits: Limits) -> tuple[str, bytes]:
    """Has another process draw the picture, killed when it takes too much. Raises Refused."""
    told = (limits.pixels, limits.upload, limits.picture_memory, limits.picture_seconds)
    command = [sys.executable, "-I", str(_DRAWING), *map(str, told)]
    try:
        # Twice the time: it yields to who chats, so its seconds of work may take longer.
        done = subprocess.run(command, input=data, capture_output=True, timeout=2 * limits.picture_seconds, check=False)
    except subprocess.TimeoutExpired:
        raise _too_hard(f"longer than {limits.picture_seconds} seconds", len(data)) from None
    head, _, drawn = done.stdout.partition(b"\n")
    if done.returncode != 0 or not head:
        if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            raise _too_hard(f"longer than {limits.picture_seconds} seconds", len(data))
        if done.returncode == 0 or b"MemoryError" not in done.stderr:
            last = done.stderr[-2_000:].decode("utf-8", "replace")
            log.error("drawing a picture ended with %s: %s", done.returncode, last)
        raise _too_hard(f"more than {limits.picture_memory // 1_000_000} MB of memory", len(data))
    said = json.loads(head)
    if "type" in said:
        return said["type"], drawn
    if said["refused"] == "memory":
        raise _too_hard(f"more than {limits.picture_memory // 1_000_000} MB of memory", len(data))
    if said["refused"] == "too-large":
        millions = limits.pixels / 1_000_000
        text = (
            f"a picture may have at most {millions:g} million pixels, all its frames together, and a few hundred frames"
        )
        raise Refused("invalid", "picture-too-large", text)
    raise Refused("invalid", "broken-picture", "the picture cannot be read; it may be cut off")


def _too_hard(what: str, size: int) -> Refused:
    log.warning("a picture of %d bytes was given up: it takes %s", size, what)
    return Refused("invalid", "picture-too-hard", f"this picture takes {what} to open; send a smaller one")
