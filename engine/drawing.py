"""A picture drawn anew, in a process of its own that may use so much memory and time: `engine.files` starts it.

Decoders are the one place where what a stranger sent is believed for long, so nothing of the desk is in this process
and nothing of ours is imported: bytes come in by standard input, one line of JSON and the new bytes go out. The size of
all frames together is read from the container before anything is unpacked; frames go through memory one by one.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import struct
import sys
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

PICTURES: Final = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
MOST_FRAMES: Final = 300
"""Of a moving picture; each is decoded."""
SHOWN_FOR: Final = 100
"""Milliseconds a frame is shown that does not say for how long."""
LONGEST_SHOWN: Final = 60_000
"""Milliseconds: what every format can say."""
QUALITY: Final = 88
PACKED: Final = 3
"""How hard a PNG is packed: a third of the time of the usual 6, a few per cent larger."""


class Refusal(Exception):
    """Why a picture is not drawn: `too-large`, `broken` or `memory`."""


@dataclass(slots=True)
class Measure:
    """What a container says: the largest width and height of any frame, how many, how long each is shown (in ms)."""

    width: int = 0
    height: int = 0
    frames: int = 0
    shown: list[int] = field(default_factory=list)

    def add(self, width: int, height: int) -> None:
        """A canvas or a frame of this size."""
        self.width, self.height = max(self.width, width), max(self.height, height)


def draw(data: bytes, most_pixels: int, most_bytes: int) -> tuple[str, bytes]:
    """The media type and the bytes of the same picture with its pixels only. Raises Refusal."""
    measured = measure(data)
    _check(measured.width * measured.height, measured.frames, most_pixels)
    try:
        with warnings.catch_warnings():
            # We judge the size ourselves, before a pixel is decoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=[*PICTURES, "BMP"])
            _check(picture.width * picture.height, max(1, measured.frames), most_pixels)
            if measured.frames > 1:
                kind, drawn = _moving(picture, measured, most_bytes)
            else:
                kind, drawn = _still(picture)
    except (MemoryError, Image.DecompressionBombError):
        raise Refusal("memory") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
        told = str(error)
        raise Refusal("memory" if "memory" in told or "encoder" in told else "broken") from error
    if len(drawn) > most_bytes:
        raise Refusal("too-large")
    return PICTURES[kind], drawn


def _check(pixels: int, frames: int, most_pixels: int) -> None:
    if frames > MOST_FRAMES or pixels * max(1, frames) > most_pixels:
        raise Refusal("too-large")


# ------------------------------------------------------------------------------------------------------------ measuring


def measure(data: bytes) -> Measure:
    """The size of all frames, from the container alone; nothing for formats of one frame. Raises Refusal."""
    try:
        if data.startswith(b"GIF8"):
            return _measure_gif(data)
        if data.startswith(b"\x89PNG"):
            return _measure_png(data)
        if data[:4] == b"RIFF":
            return _measure_webp(data)
    except (struct.error, IndexError) as error:
        raise Refusal("broken") from error
    return Measure()


def _measure_gif(data: bytes) -> Measure:
    """The screen may be smaller than what is drawn on it."""
    found = Measure()
    found.add(*struct.unpack_from("<HH", data, 6))
    at = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    while at < len(data) and data[at] != 0x3B:
        if data[at] == 0x21:
            at = _past_blocks(data, at + 2)
        elif data[at] == 0x2C and at + 10 <= len(data):
            left, top, width, height, flags = struct.unpack_from("<HHHHB", data, at + 1)
            found.add(left + width, top + height)
            found.frames += 1
            at += 11 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
            at = _past_blocks(data, at)
        else:
            at += 1  # as decoders do: they look for the next thing they know
    return found


def _past_blocks(data: bytes, at: int) -> int:
    while at < len(data) and (size := data[at]):
        at += 1 + size
    return at + 1


def _measure_png(data: bytes) -> Measure:
    found = Measure()
    at = 8
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IHDR":
            found.add(*struct.unpack_from(">II", data, at + 8))
        elif kind == b"acTL":
            found.frames = max(found.frames, *struct.unpack_from(">I", data, at + 8))
        at += 12 + size
    return found


def _measure_webp(data: bytes) -> Measure:
    found = Measure()
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 24]
        if kind == b"VP8X":
            found.add(1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little"))
        elif kind == b"VP8 ":
            width, height = struct.unpack_from("<HH", body, 6)
            found.add(width & 0x3FFF, height & 0x3FFF)
        elif kind == b"VP8L":
            bits = int.from_bytes(body[1:5], "little")
            found.add(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
        elif kind == b"ANMF":
            found.frames += 1
            found.add(1 + int.from_bytes(body[6:9], "little"), 1 + int.from_bytes(body[9:12], "little"))
            found.shown.append(_shown(int.from_bytes(body[12:15], "little")))
        at += 8 + size + (size & 1)
    return found


def _shown(duration: Any) -> int:
    return min(LONGEST_SHOWN, int(duration)) or SHOWN_FOR


# ---------------------------------------------------------------------------------------------------------------- still


def _still(picture: Image.Image) -> tuple[str, bytes]:
    kind = {"MPO": "JPEG", "BMP": "PNG"}.get(picture.format or "", picture.format or "")
    profile = picture.info.get("icc_profile")
    picture.load()
    # One that never was a file's: the same pixels and their colours, nothing else. A copy of them would not fit beside.
    plain = picture._new(picture.im)
    for held in {"im", "_decoder"} & vars(picture).keys():  # WEBP's decoder has frames of its own
        delattr(picture, held)
    ImageOps.exif_transpose(plain, in_place=True)
    plain = _bare(_to_srgb(plain, profile))
    out = io.BytesIO()
    if kind == "JPEG":
        (plain if plain.mode == "RGB" else plain.convert("RGB")).save(out, "JPEG", quality=QUALITY, optimize=True)
    elif kind == "WEBP":
        plain.save(out, "WEBP", quality=QUALITY)
    elif kind == "PNG":
        plain.save(out, kind, compress_level=PACKED)
    else:
        plain.save(out, kind)
    return kind, out.getvalue()


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours as they looked, before the profile is dropped; a broken profile is dropped alone."""
    if not profile or picture.mode not in ("RGB", "RGBA"):
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), inPlace=True)
    except (ImageCms.PyCMSError, OSError, ValueError):
        pass
    return picture


def _bare(picture: Image.Image) -> Image.Image:
    """The picture without what was told beside its pixels."""
    transparent = picture.info.get("transparency") if picture.mode == "P" else None
    picture.info = {} if transparent is None else {"transparency": transparent}
    picture.getexif().clear()
    return picture


# --------------------------------------------------------------------------------------------------------------- moving


def _moving(picture: Image.Image, measured: Measure, most_bytes: int) -> tuple[str, bytes]:
    """Frame by frame: the encoders for moving pictures of GIF and PNG keep all frames, so each is encoded alone and
    what came of it is put together."""
    kind = picture.format or ""
    loop = min(65_535, max(0, int(picture.info.get("loop", 0) or 0)))
    out = io.BytesIO()
    if kind == "WEBP":
        # Its encoder asks for one frame after the other by itself.
        told: dict[str, Any] = {"exif": b"", "xmp": b"", "icc_profile": b"", "background": (0, 0, 0, 0)}
        picture.save(out, kind, save_all=True, duration=measured.shown, loop=loop, quality=QUALITY, **told)
        return kind, out.getvalue()
    write = _GifWriter if kind == "GIF" else _PngWriter
    writer = write(out, measured, loop)
    for frame, shown in _frames(picture, measured.frames):
        writer.add(frame, shown)
        if out.tell() > most_bytes:
            raise Refusal("too-large")
    writer.end()
    return kind, out.getvalue()


def _frames(picture: Image.Image, count: int) -> Iterator[tuple[Image.Image, int]]:
    for n in range(count):
        try:
            picture.seek(n)
        except EOFError:
            return
        yield _bare(picture.convert("RGBA")), _shown(picture.info.get("duration") or 0)


class _GifWriter:
    """A moving GIF of frames that were each encoded as one of their own: a frame has its own colours, and clears."""

    def __init__(self, out: io.BytesIO, measured: Measure, loop: int) -> None:
        self._out = out
        out.write(struct.pack("<6sHHBBB", b"GIF89a", measured.width, measured.height, 0x70, 0, 0))
        out.write(struct.pack("<3s11sBBHB", b"\x21\xff\x0b", b"NETSCAPE2.0", 3, 1, loop, 0))

    def add(self, frame: Image.Image, shown: int) -> None:
        """One more frame, for so many milliseconds."""
        alone = io.BytesIO()
        frame.save(alone, "GIF", interlace=0)
        data = alone.getvalue()
        bits = data[10] & 7
        at = 13 + (3 << (bits + 1))
        colours, clear, flags = data[13:at], 0, 0x08
        while data[at] == 0x21:
            if data[at + 1] == 0xF9 and data[at + 3] & 1:
                clear, flags = data[at + 6], 0x09
            at = _past_blocks(data, at + 2)
        self._out.write(struct.pack("<3sBHBB", b"\x21\xf9\x04", flags, shown // 10, clear, 0))
        self._out.write(data[at : at + 9] + bytes([0x80 | bits]) + colours)
        self._out.write(data[at + 10 : -1])

    def end(self) -> None:
        """No more frames."""
        self._out.write(b"\x3b")


class _PngWriter:
    """A moving PNG of frames that were each encoded as one of their own."""

    def __init__(self, out: io.BytesIO, measured: Measure, loop: int) -> None:
        self._out, self._size, self._loop = out, (measured.width, measured.height), loop
        self._sequence, self._frames, self._count_at = 0, 0, 0

    def add(self, frame: Image.Image, shown: int) -> None:
        """One more frame, for so many milliseconds."""
        alone = io.BytesIO()
        frame.save(alone, "PNG", compress_level=PACKED)
        first = not self._frames
        if first:
            self._out.write(b"\x89PNG\r\n\x1a\n")
            self._chunk(b"IHDR", struct.pack(">IIBBBBB", *self._size, 8, 6, 0, 0, 0))
            self._count_at = self._out.tell()
            self._chunk(b"acTL", bytes(8))
        self._frames += 1
        self._chunk(b"fcTL", self._number() + struct.pack(">IIIIHHBB", *frame.size, 0, 0, shown, 1000, 1, 0))
        data, at = alone.getvalue(), 8
        while at + 8 <= len(data):
            size, kind = struct.unpack_from(">I4s", data, at)
            if kind == b"IDAT":
                piece = data[at + 8 : at + 8 + size]
                self._chunk(b"IDAT", piece) if first else self._chunk(b"fdAT", self._number() + piece)
            at += 12 + size

    def end(self) -> None:
        """No more frames."""
        self._chunk(b"IEND", b"")
        self._out.seek(self._count_at)
        self._chunk(b"acTL", struct.pack(">II", self._frames, self._loop))

    def _number(self) -> bytes:
        self._sequence += 1
        return struct.pack(">I", self._sequence - 1)

    def _chunk(self, kind: bytes, data: bytes) -> None:
        self._out.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))


# -------------------------------------------------------------------------------------------------------------- process


def main(most_pixels: int, most_bytes: int, memory: int, seconds: int) -> None:
    """Reads a picture, writes a line `{"type": …}` and its bytes, or `{"refused": …}`."""
    for limit, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))
    os.nice(5)  # who chats comes first
    out = sys.stdout.buffer
    try:
        kind, drawn = draw(sys.stdin.buffer.read(), most_pixels, most_bytes)
    except Refusal as refusal:
        out.write(json.dumps({"refused": str(refusal)}).encode() + b"\n")
    except MemoryError:
        out.write(b'{"refused": "memory"}\n')
    else:
        out.write(json.dumps({"type": kind}).encode() + b"\n")
        out.write(drawn)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]))
