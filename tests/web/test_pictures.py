"""Pictures made to hurt: refused before they are unpacked or given up in time, one at a time, and memory comes back."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageSequence

from engine.desk import Refused
from engine.files import Limits, prepare
from tests.web.support import Site, running

LIMITS = Limits(upload=20_000_000, pixels=40_000_000, picture_memory=700_000_000, picture_seconds=30)
LZW = b"\x02\x02\x4c\x01\x00"
"""The pixel data of a GIF's frame: it is not what the sizes promise."""


def gif(screen: tuple[int, int], frames: list[tuple[int, int]]) -> bytes:
    """A GIF with hardly any data: a canvas, and frames of other sizes on it."""
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    return head + b"".join(b"\x2c" + struct.pack("<HHHHB", 0, 0, *size, 0) + LZW for size in frames) + b"\x3b"


def png(width: int, height: int, *, frames: int = 1) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj()
    pixels = b"".join(packer.compress(bytes(1 + width)) for _ in range(height)) + packer.flush()
    moving = chunk(b"acTL", struct.pack(">II", frames, 0)) if frames > 1 else b""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + moving + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def webp(width: int, height: int, frames: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) & 1)

    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    still = chunk(b"VP8L", b"\x2f\x00\x00\x00\x00" + b"\x00" * 20)
    body = chunk(b"VP8X", b"\x02\x00\x00\x00" + size) + chunk(b"ANIM", bytes(6))
    body += b"".join(chunk(b"ANMF", bytes(6) + size + bytes(4) + still) for _ in range(frames))
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def moving(kind: str, frames: int, size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    shown = [Image.new("RGBA", size, (n * 37 % 256, n * 91 % 256, n * 13 % 256, 255)) for n in range(frames)]
    shown[0].save(out, kind, save_all=True, append_images=shown[1:], duration=70, loop=0)
    return out.getvalue()


def peak(*, new: bool = False) -> int:
    """The most memory this process had, in kB; `new`: counted from now on."""
    if new:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


BOMBS = {
    "screen": gif((65_535, 65_535), [(1, 1)]),
    "frame larger than its screen": gif((1, 1), [(20_000, 20_000)]),
    "frames together": gif((2_000, 2_000), [(2_000, 2_000)] * 250),
    "too many frames": gif((1, 1), [(1, 1)] * 400),
    "grey": png(30_000, 30_000),
    "promised frames": png(2_000, 2_000, frames=1_000_000),
    "webp": webp(16_000, 16_000, 1),
    "webp frames": webp(2_000, 2_000, 200),
}


@pytest.mark.parametrize("name", BOMBS)
def test_the_size_of_all_frames_is_judged_before_any_is_unpacked(name: str) -> None:
    began = time.monotonic()
    with pytest.raises(Refused) as refused:
        prepare("x.png", "image/png", BOMBS[name], LIMITS)
    assert refused.value.code == "picture-too-large"
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(("size", "frames", "taken"), [(2_000, 9, True), (6_000, 4, False)])
def test_a_small_file_of_many_pixels_takes_no_memory_of_the_desk(size: int, frames: int, taken: bool) -> None:
    data = moving("GIF", frames, (size, size))
    assert len(data) < 250_000
    before = peak(new=True)
    if taken:
        assert prepare("m.gif", "", data, LIMITS).media_type == "image/gif"
    else:
        with pytest.raises(Refused) as refused:
            prepare("m.gif", "", data, LIMITS)
        assert refused.value.code == "picture-too-large"
    assert peak() - before < 20_000


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_frames_go_through_memory_one_by_one_and_stay_as_they_were(kind: str) -> None:
    data = moving(kind, 100, (600, 400))
    before = peak(new=True)
    # All frames together are 96 MB of pixels: no room for them beside the interpreter.
    made = prepare("m", "", data, replace(LIMITS, picture_memory=120_000_000))
    assert peak() - before < 20_000
    was, now = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(made.data))
    assert (now.format, now.size, getattr(now, "n_frames", 1)) == (kind, (600, 400), 100)
    for old, new in zip(ImageSequence.Iterator(was), ImageSequence.Iterator(now), strict=True):
        near = zip(old.convert("RGB").getpixel((300, 200)), new.convert("RGB").getpixel((300, 200)), strict=True)
        assert all(abs(a - b) < 12 for a, b in near)
        assert new.info["duration"] == 70
    assert now.info.get("loop") == 0


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_what_is_seen_through_stays_so_and_clears_what_was_before(kind: str) -> None:
    clear, dot = Image.new("RGBA", (40, 40), (0, 0, 0, 0)), Image.new("RGBA", (10, 10), (200, 20, 20, 255))
    frames = [clear.copy(), clear.copy()]
    frames[0].paste(dot, (0, 0))
    frames[1].paste(dot, (30, 30))
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=90, disposal=2)
    now = Image.open(io.BytesIO(prepare("m", "", out.getvalue(), LIMITS).data))
    now.seek(1)
    again, was = now.convert("RGBA"), Image.open(io.BytesIO(out.getvalue()))
    was.seek(1)
    for at in ((5, 5), (35, 35)):
        assert again.getpixel(at)[3] == was.convert("RGBA").getpixel(at)[3]
        assert abs(again.getpixel(at)[0] - was.convert("RGBA").getpixel(at)[0]) < 12


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (replace(LIMITS, picture_memory=60_000_000), "60 MB"),
        (replace(LIMITS, picture_seconds=1), "1 seconds"),
    ],
)
def test_a_picture_that_takes_too_much_is_given_up_and_the_answer_says_so(
    limits: Limits, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    out = io.BytesIO()
    Image.effect_noise((5_000, 5_000), 60).save(out, "WEBP", quality=20, method=0)
    began = time.monotonic()
    with pytest.raises(Refused) as refused:
        prepare("x.png", "", png(6_000, 6_000) if "MB" in what else out.getvalue(), limits)
    assert refused.value.code == "picture-too-hard" and what in refused.value.message
    assert "given up" in caplog.text
    assert time.monotonic() - began < 4


def test_the_largest_pictures_that_are_taken_have_room(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.effect_noise((8_000, 5_000), 20).convert("RGB").save(out, "JPEG", quality=40)
    assert prepare("a.jpg", "", out.getvalue(), LIMITS).media_type == "image/jpeg"


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("kind", ["WEBP", "JPEG", "PNG"])
def test_a_picture_of_as_many_pixels_as_are_stated_is_taken(kind: str, mode: str) -> None:
    if (kind, mode) == ("JPEG", "RGBA"):
        mode = "CMYK"
    picture, data = Image.radial_gradient("L").resize((8_000, 5_000)).convert(mode), io.BytesIO()
    picture.save(data, kind, **({"method": 0, "quality": 60} if kind == "WEBP" else {}))
    prepared = prepare(f"x.{kind.lower()}", f"image/{kind.lower()}", data.getvalue(), LIMITS)
    with Image.open(io.BytesIO(prepared.data)) as drawn:
        assert drawn.size == (8_000, 5_000)


@pytest.mark.parametrize("kind", ["WEBP", "JPEG", "PNG"])
def test_a_picture_stands_as_it_was_taken_and_tells_nothing_of_it(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A camera"
    data = io.BytesIO()
    Image.new("RGB", (40, 20), (200, 0, 0)).save(data, kind, exif=exif)
    prepared = prepare(f"x.{kind.lower()}", f"image/{kind.lower()}", data.getvalue(), LIMITS)
    with Image.open(io.BytesIO(prepared.data)) as drawn:
        assert drawn.size == (20, 40) and not drawn.getexif() and "exif" not in drawn.info


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Site]:
    with running(tmp_path, limits__pictures_waiting=2) as site:
        site.add_agent("amy", ["agent"], ["demo"])
        yield site


def test_pictures_are_drawn_one_at_a_time_and_the_desk_goes_on(waiting: Site) -> None:
    out = io.BytesIO()
    Image.effect_noise((4_000, 4_000), 60).save(out, "JPEG", quality=80)
    data, headers = out.getvalue(), {"Content-Type": "image/jpeg"}
    with waiting.client("amy") as amy, ThreadPoolExecutor(6) as pool:
        coming = [pool.submit(amy.post, "/files", content=data, headers=headers) for _ in range(6)]
        while not all(one.done() for one in coming):
            began = time.monotonic()
            assert amy.get("/auth/me").status_code == 200
            assert time.monotonic() - began < 1.5
        answers = [one.result() for one in coming]
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 3
    busy = next(answer for answer in answers if answer.status_code == 429)
    assert busy.json()["code"] == "busy" and int(busy.headers["Retry-After"]) >= 1
    assert 'desk_uploads_refused_total{code="busy"} 3' in httpx.get(f"{waiting.url}/metrics").text
