"""Uploads made harmless before they are stored: names cleaned, types told by content, pictures drawn anew.

Nothing of what a sender says is believed: the shown name is cleaned first and judged afterwards, the media type comes
from the bytes, a picture keeps its pixels only. What a browser or a desktop would run is refused.
"""

from __future__ import annotations

import io
import unicodedata
import warnings
from dataclasses import dataclass
from typing import Any, Final, Protocol

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from engine.core.errors import Refused

LONGEST_NAME: Final = 120
"""Characters of a shown name, the ending included: fits every screen and file system."""
MOST_FRAMES: Final = 300
"""Of a moving picture; each is decoded."""
PROBE: Final = 4096
"""Bytes looked at to tell text from anything else, and text from mark-up."""

_PICTURES: Final = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
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
    "exe dll com bat cmd scr pif msi msp cpl hta js jse mjs vbs vbe wsf wsh ps1 psm1 jar class lnk inf reg chm app dmg "
    "pkg deb rpm sh bash zsh csh php phtml phar php5 py pyc pl rb cgi asp aspx jsp swf url desktop scf iso img vhd "
    "htaccess htpasswd docm xlsm pptm".split()
)
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
    """How large an upload may be, in bytes, and a picture, in pixels (all frames of it)."""

    upload: int
    pixels: int

    @classmethod
    def of(cls, config: Settings) -> Limits:
        """From the settings `limits.upload` and `limits.picture_pixels`."""
        return cls(upload=config["limits.upload"], pixels=config["limits.picture_pixels"])


@dataclass(frozen=True, slots=True)
class Prepared:
    """What may be stored: the name people see, the type it is served as, the bytes."""

    name: str
    media_type: str
    data: bytes


def prepare(name: str, declared: str, data: bytes, limits: Limits | Settings) -> Prepared:
    """Cleans the name, tells the type, draws pictures anew. `declared` decides only between kinds of plain text.

    `limits` may be the desk's settings, which name them. Takes up to a second for a large picture: run it on a thread.
    Raises Refused: `empty-file`, `file-too-large`, `file-type-refused`, `picture-too-large`, `broken-picture`.
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
    if _looks_like_picture(data):
        kind, drawn = _redraw(data, limits.pixels)
        return Prepared(_with_ending(shown, _ENDINGS[kind]), kind, drawn)
    if data.startswith(_RUNS):
        raise _active("programs and scripts")
    return Prepared(shown, _sniff(data, ending, declared), data)


def clean_name(name: str) -> str:
    """A name for people: no folders, no invisible or turning characters, no device, at most 120 characters."""
    last = unicodedata.normalize("NFC", name.replace("\\", "/")).rpartition("/")[2]
    seen = "".join(c for c in last if unicodedata.category(c)[0] not in "CZ" or c == " ")
    seen = "".join("_" if c in '<>:"|?*' else c for c in seen).strip(" .")
    stem, dot, ending = seen.rpartition(".")
    if not dot:
        stem, ending = seen, ""
    if stem.split(".")[0].strip().lower() in _DEVICES:
        stem = f"_{stem}"
    ending = ending[:16]
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


def _looks_like_picture(data: bytes) -> bool:
    if data.startswith(b"BM"):
        return data[6:10] == b"\x00\x00\x00\x00"
    return data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _redraw(data: bytes, most_pixels: int) -> tuple[str, bytes]:
    try:
        with warnings.catch_warnings():
            # We judge the size ourselves, before a pixel is decoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=[*_PICTURES, "BMP"])
            _check_size(picture, most_pixels)
            return _encode(picture)
    except Image.DecompressionBombError:
        raise _too_large(most_pixels) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
        raise Refused("invalid", "broken-picture", "the picture cannot be read; it may be cut off") from error


def _check_size(picture: Image.Image, most_pixels: int) -> None:
    width, height = picture.size
    if width * height > most_pixels:
        raise _too_large(most_pixels)
    frames = getattr(picture, "n_frames", 1)
    if frames > MOST_FRAMES or width * height * frames > 4 * most_pixels:
        raise _too_large(most_pixels)


def _too_large(most_pixels: int) -> Refused:
    millions = most_pixels / 1_000_000
    return Refused("invalid", "picture-too-large", f"a picture may have at most {millions:g} million pixels")


def _encode(picture: Image.Image) -> tuple[str, bytes]:
    kind = picture.format or ""
    out = io.BytesIO()
    if getattr(picture, "n_frames", 1) > 1 and kind in ("GIF", "WEBP", "PNG"):
        frames = []
        durations = []
        for n in range(getattr(picture, "n_frames", 1)):
            picture.seek(n)
            frames.append(_bare(picture.convert("RGBA")))
            durations.append(picture.info.get("duration", 100) or 100)
        more = {"disposal": 2} if kind == "GIF" else {}
        loop = picture.info.get("loop", 0)
        frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=durations, loop=loop, **more)
        return _PICTURES[kind], out.getvalue()
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    plain = _bare(_to_srgb(upright, picture.info.get("icc_profile")))
    if kind == "JPEG":
        plain.convert("RGB").save(out, "JPEG", quality=88, optimize=True)
    elif kind == "WEBP":
        plain.save(out, "WEBP", quality=88)
    elif kind == "GIF":
        plain.save(out, "GIF")
    else:
        kind = "PNG"
        plain.save(out, "PNG")
    return _PICTURES[kind], out.getvalue()


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours as they looked, before the profile is dropped; a broken profile is dropped alone."""
    if not profile or picture.mode not in ("RGB", "RGBA"):
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB")) or picture
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture


def _bare(picture: Image.Image) -> Image.Image:
    """The same pixels in a picture that never had metadata."""
    transparent = picture.info.get("transparency") if picture.mode == "P" else None
    fresh = picture.copy()
    fresh.info = {} if transparent is None else {"transparency": transparent}
    fresh.getexif().clear()
    return fresh
