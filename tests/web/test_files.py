"""Uploads made harmless: names, types, pictures."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageSequence

from engine.desk import Refused
from engine.files import Limits, clean_name, prepare

LIMITS = Limits(upload=1_000_000, pixels=1_000_000, picture_memory=400_000_000, picture_seconds=10)


def picture(kind: str, size: tuple[int, int] = (30, 20), **more: object) -> bytes:
    out = io.BytesIO()
    mode = "P" if kind == "GIF" else "RGB"
    Image.new(mode, size, 1 if mode == "P" else (200, 30, 30)).save(out, kind, **more)
    return out.getvalue()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a\x00.png", "a.png"),
        ("\u200b.htaccess", "htaccess"),
        ("發票\u202egnp.txt", "發票gnp.txt"),
        ("con.txt", "_con.txt"),
        ("NUL", "_NUL"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie_ x"),
        ("  ..  ", "file"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("說明 書.pdf", "說明 書.pdf"),
        ("e\u0301.txt", "é.txt"),
    ],
)
def test_names_are_cleaned(given: str, shown: str) -> None:
    assert clean_name(given) == shown


@pytest.mark.parametrize(
    ("kind", "media"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp"), ("BMP", "image/png")],
)
def test_pictures_are_drawn_anew(kind: str, media: str) -> None:
    data = picture(kind)
    made = prepare("a.dat", "text/html", data + b"<script>alert(1)</script>", LIMITS)
    assert made.media_type == media
    assert b"<script>" not in made.data
    assert Image.open(io.BytesIO(made.data)).size == (30, 20)
    assert made.name == "a." + {"image/jpeg": "jpg"}.get(media, media[6:])


def test_a_photo_keeps_its_way_up_and_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SECRETCAM"
    exif.get_ifd(0x8825)[2] = (25.0, 2.0, 0.0)
    made = prepare("p.JPG", "image/jpeg", picture("JPEG", exif=exif, comment=b"SECRET"), LIMITS)
    again = Image.open(io.BytesIO(made.data))
    assert again.size == (20, 30)
    assert not again.getexif()
    assert b"SECRET" not in made.data
    assert made.name == "p.JPG"


def test_a_moving_picture_goes_on_moving() -> None:
    frames = [Image.new("RGB", (10, 10), color) for color in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100, comment=b"SECRET")
    made = prepare("m.gif", "image/gif", out.getvalue(), LIMITS)
    assert len(list(ImageSequence.Iterator(Image.open(io.BytesIO(made.data))))) == 3
    assert b"SECRET" not in made.data


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("x.txt", b"", "empty-file"),
        ("x.txt", b"x" * 1_000_001, "file-too-large"),
        ("x.svg", b"<svg/>", "file-type-refused"),
        ("x.png", b"  <SVG onload=alert(1)>", "file-type-refused"),
        ("x.txt", b"\xef\xbb\xbf<!doctype html>", "file-type-refused"),
        ("x.txt", "<html>".encode("utf-16"), "file-type-refused"),
        ("x.txt", b"<?xml version='1.0'?>", "file-type-refused"),
        ("x.html", b"hello", "file-type-refused"),
        ("photo.jpg.exe", b"anything", "file-type-refused"),
        ("photo.ex\u200be", b"anything", "file-type-refused"),
        ("photo.jpg", b"MZ\x90\x00" + b"\x00" * 50, "file-type-refused"),
        ("run", b"#!/bin/sh\n", "file-type-refused"),
        ("run", b"\x7fELF\x02", "file-type-refused"),
        ("x.png", b"\x89PNG\r\n\x1a\nbroken", "broken-picture"),
        ("x.png", picture("PNG")[:-30], "broken-picture"),
        ("x.png", picture("PNG", (2000, 600)), "picture-too-large"),
    ],
)
def test_refused(name: str, data: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        prepare(name, "image/png", data, LIMITS)
    assert refused.value.code == code


def test_a_pixel_bomb_is_refused_before_it_is_unpacked() -> None:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 1000))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(Refused) as refused:
        prepare("x.png", "image/png", bomb, replace(LIMITS, upload=20_000_000, pixels=40_000_000))
    assert refused.value.code == "picture-too-large"


@pytest.mark.parametrize(
    ("name", "data", "declared", "media"),
    [
        ("a.txt", "你好 <b>".encode(), "text/html", "text/plain"),
        ("a.csv", b"a,b", "", "text/csv"),
        ("a.pdf", b"%PDF-1.7", "text/html", "application/pdf"),
        ("a.docx", b"PK\x03\x04x", "", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.zip", b"PK\x03\x04x", "", "application/zip"),
        ("a.bin", b"\x00\x01\x02", "image/png", "application/octet-stream"),
        ("a.txt", "中文".encode("big5"), "text/plain", "application/octet-stream"),
    ],
)
def test_types_come_from_the_bytes(name: str, data: bytes, declared: str, media: str) -> None:
    made = prepare(name, declared, data, LIMITS)
    assert (made.media_type, made.data) == (media, data)
