"""The process that checks rules ends with its server, however that ends."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("said", [b"", b"\x00", b"\x00\x00\x00\x00\x00\x00\x10\x00cut off", b"\xff" * 64])
def test_it_ends_when_its_server_dies_in_the_midst_of_a_word(said: bytes) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.checker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.communicate(said, timeout=20)
        assert process.returncode == 0
    finally:
        process.kill()
