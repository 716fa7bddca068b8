"""Rule folders made to hurt: each is refused with a finding in its place, within
bounds of time and memory.

Each runs as `engine validate` in a process of its own with a limit on its memory. The bound on time is far above what
is needed (a second or two), so that a slow machine is no failure; without bounds these would take hours, or all memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.findings.desk import base

MEMORY = 1_500_000_000
"""Bytes of address space: an engine with its libraries takes about 300 MB of them."""
PATIENCE = 120

RULE = "rule hello\n  on ticket.created\n  when {}\n  then add tag hello\n"


def _text(text: str, path: str = "shown.rules") -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8", newline="")

    return make


def _huge(path: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with (folder / path).open("wb") as file:
            for _ in range(100):
                file.write(b"rule a on ticket.created then stop\n" * 30_000)

    return make


def _link(path: str, to: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).symlink_to(to)


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.rules")


def _many(folder: Path) -> None:
    for number in range(5_100):
        (folder / f"n{number}.rules").write_text("# nothing\n")


def _big5_name(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/" + "退貨".encode("big5") + b".rules")).write_text("# nothing\n")


def _socket(folder: Path) -> None:
    with contextlib.chdir(folder), socket.socket(socket.AF_UNIX) as one:
        one.bind("plug.rules")


def _linked_folder(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "again").symlink_to("more")


HEARD = "rule hello\n  on message.received\n  when message.text matches {}\n  then add tag hello\n"
LATE = "rule hello\n  on ticket.created\n  then start timer t for 99999999999999w\n"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20)
)
"""Nine to the twentieth, if one were to follow."""
CONFLICTS = "".join(
    f"rule c{n}\n  stage classify\n  on ticket.created\n  when ticket.amount > {n}\n"
    f'  then set ticket.solution to "{n}"\n'
    for n in range(500)
)

CASES: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "a name in Big5": (_big5_name, "not-utf8", "\\xb0h\\xb3f.rules"),
    "a name with a line in it": (_text("# nothing\n", "a\nb.rules"), "not-utf8", "a\\nb.rules"),
    "a folder with a file's name": (lambda folder: (folder / "x.rules").mkdir(), "file-not-found", "x.rules"),
    "a socket": (_socket, "file-not-found", "plug.rules"),
    "a link to a folder": (_linked_folder, "file-not-loaded", "again"),
    "a link to itself, named as a file": (_link("round.rules", "round.rules"), "file-not-found", "round.rules"),
    "parentheses": (_text(RULE.format("(" * 10_000 + "vip" + ")" * 10_000)), "syntax-error", "shown.rules"),
    "nots": (_text(RULE.format("not " * 10_000 + "vip")), "syntax-error", "shown.rules"),
    "a long and": (_text(RULE.format(" and ".join(["vip"] * 60_000))), "syntax-error", "shown.rules"),
    "a long sum": (_text(RULE.format("ticket.amount > " + " + ".join(["1"] * 60_000))), "syntax-error", "shown.rules"),
    "definitions of definitions": (
        _text("".join(f"define d{n} = d{n + 1} and d{n + 1}\n" for n in range(2_000)) + "define d2000 = vip\n"),
        "recursive-definition",
        "shown.rules",
    ),
    "brackets in YAML": (_text("a: " + "[" * 10_000 + "]" * 10_000, "teams.yaml"), "bad-yaml", "teams.yaml"),
    "a hundred megabytes of rules": (_huge("huge.rules"), "syntax-error", "huge.rules"),
    "a hundred megabytes of YAML": (_huge("huge.yaml"), "bad-yaml", "huge.yaml"),
    "laughs": (_text(LAUGHS, "teams.yaml"), "bad-yaml", "teams.yaml"),
    "tags": (_text("front: !!python/object/apply:os.system [ls]\n", "teams.yaml"), "bad-yaml", "teams.yaml"),
    "merge keys": (_text("front: {label: F}\nback:\n  <<: {label: B}\n", "teams.yaml"), "bad-yaml", "teams.yaml"),
    "two documents": (_text("front: {label: F}\n---\nback: {label: B}\n", "teams.yaml"), "bad-yaml", "teams.yaml"),
    "thousands of keys": (
        _text("".join(f"t{n}: {{lable: x}}\n" for n in range(8_000)), "teams.yaml"),
        "unknown-key",
        "teams.yaml",
    ),
    "NUL": (_text("front: {label: 'a\x00b'}\n", "teams.yaml"), "bad-yaml", "teams.yaml"),
    "controls of direction": (
        _text(RULE.format("vip") + "# \u202e then stop \u2066\n"),
        "suspicious-characters",
        "shown.rules",
    ),
    "a pattern that grows": (_text(HEARD.format("/((a{900}){900}){900}/")), "bad-pattern", "shown.rules"),
    "a million words": (
        _text("".join(f"w{n:x}\n" for n in range(140_000)), "words/rude.txt"),
        "syntax-error",
        "z-base.rules",
    ),
    "ten thousand digits": (_text(RULE.format("ticket.amount > " + "9" * 10_000)), "syntax-error", "shown.rules"),
    "an age of weeks": (_text(LATE), "bad-duration", "shown.rules"),
    "a name without end": (_text(RULE.format("x" * 100_000)), "syntax-error", "shown.rules"),
    "ten thousand fields": (
        _text("ack: {zh-TW: \"" + "{member.nmae}" * 10_000 + '", en: "x"}\n', "templates/replies.yaml"),
        "syntax-error",
        "templates/replies.yaml",
    ),
    "thousands of mistakes": (_text("rule x\n" * 4_000), "syntax-error", "shown.rules"),
    "everything against everything": (_text(CONFLICTS), "conflicting-actions", "shown.rules"),
    "a link out of the folder": (_link("out.rules", "/etc/passwd"), "file-not-found", "out.rules"),
    "a link to itself": (_link("loop.rules", "loop.rules"), "file-not-found", "loop.rules"),
    "a link to a device": (_link("zero.yaml", "/dev/zero"), "file-not-found", "zero.yaml"),
    "a folder in itself": (_link("again", "."), "file-not-loaded", "again"),
    "a pipe": (_pipe, "file-not-found", "pipe.rules"),
    "too many files": (_many, "file-not-found", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.slow
def test_refused_in_its_place_and_within_bounds(name: str, tmp_path: Path) -> None:
    make, code, path = CASES[name]
    folder = tmp_path / "rules"
    for file, text in base().items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, "utf-8")
    make(folder)
    done = subprocess.run(
        [sys.executable, "-m", "engine", "validate", str(folder), "--format", "json", "--no-cache"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert done.returncode in (0, 1), done.stderr[-2_000:]
    report: dict[str, Any] = json.loads(done.stdout)
    if not code:
        assert report["findings"] == []
        return
    mine = [finding for finding in report["findings"] if finding["code"] == code]
    assert mine, [(f["code"], f["file"], f["message"][:200]) for f in report["findings"][:5]]
    assert path in mine[0]["file"]
    assert all(f["line"] >= 1 and f["column"] >= 1 and len(f["message"]) < 2_000 for f in report["findings"])
    assert len(report["findings"]) <= 30_000
