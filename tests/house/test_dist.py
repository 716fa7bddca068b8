"""The wheel, installed into an empty environment, serves the desk: no checkout, no node."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built by our own backend with the environment's node."""
    folder = tmp_path_factory.mktemp("wheel")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            str(folder),
            str(ROOT),
        ],
        check=True,
        env=environment,
    )
    (built,) = folder.glob("yingda-*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_alone_makes_and_serves_a_desk(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "an empty place"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    site = next((home / "lib").glob("python*")) / "site-packages"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)], check=True
    )
    # Its dependencies come from this environment, which is no part of the question; ours must come from the wheel.
    here = next(Path(p) for p in sys.path if p.endswith("site-packages"))
    wanted = [p for p in here.iterdir() if not p.name.lower().startswith(("yingda", "__editable__", "nodejs"))]
    for entry in wanted:
        if entry.suffix != ".pth" and not (site / entry.name).exists():
            (site / entry.name).symlink_to(entry)
    python = str(home / "bin" / "python")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "ENGINE_"))}
    clean["PATH"] = "/usr/bin:/bin"
    desk = tmp_path / "my desk"
    made = subprocess.run(
        [python, "-m", "engine", "init", str(desk)], cwd=tmp_path, env=clean, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    told = subprocess.run(
        [python, "-m", "engine", "validate", "--explain", "unused-words", "--locale", "zh-TW"],
        cwd=tmp_path,
        env=clean | {"PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert "沒有任何地方用到這份詞表。" in told.stdout, told.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [python, "-m", "engine", "serve", "--desk", str(desk), "--port", str(port)],
        cwd=tmp_path,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        pages = {path: get(f"http://127.0.0.1:{port}{path}", server) for path in ("/healthz", "/login", "/widget.js")}
        assert b'"ok"' in pages["/healthz"]
        assert b"<script" in pages["/login"]
        assert len(pages["/widget.js"]) > 10_000
    finally:
        server.terminate()
        server.wait(60)


def get(url: str, server: subprocess.Popen[bytes]) -> bytes:
    """The page, waiting for the server to come up."""
    for _ in range(1_200):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                found: bytes = answer.read()
                return found
        except OSError:
            if server.poll() is not None:
                assert server.stdout is not None
                raise AssertionError(server.stdout.read().decode()) from None
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")
