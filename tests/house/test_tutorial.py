"""The tutorial is done here as a reader does it: its files written, its lines run, what it shows compared."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.reference import ROOT

PAGES = {"docs/tutorial.md": "en_US.UTF-8", "docs/tutorial.zh-TW.md": "zh_TW.UTF-8"}
"""By the language of its reader's terminal."""
PATIENCE = 480.0  # seconds for a page on a slow machine; it takes some thirty


def steps(page: str) -> Iterator[tuple[str, str, str]]:
    """The fenced blocks of a page in their order: language, the paragraph in front, text."""
    text = (ROOT / page).read_text("utf-8")
    for found in re.finditer(r"(?:^|\n\n)((?:(?!\n\n|```).)*)\n+```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield found[2], found[1], found[3]


def write(desk: Path, said: str, text: str) -> None:
    """Puts a block into the file its paragraph names: above the line it names, else at the end, else as a new file."""
    path = re.search(r"`(rules/[\w./-]+)`", said)
    assert path, f"no file is named for the block: {text}"
    file = desk / path[1]
    above = re.search(r"`(\{[^`]+)`", said)
    if above:
        lines = file.read_text("utf-8").splitlines(keepends=True)
        (place,) = [number for number, line in enumerate(lines) if above[1] in line]
        file.write_text("".join([*lines[:place], text, *lines[place:]]), "utf-8")
    else:
        with file.open("a", encoding="utf-8") as end:
            end.write(text)


def missing(shown: str, output: str) -> str | None:
    """The first line a page shows that does not follow in the output, `…` standing for anything."""
    place = 0
    for line in filter(None, map(str.strip, shown.splitlines())):
        found = re.compile(".*".join(map(re.escape, line.split("…")))).search(output, place)
        if found is None:
            return line
        place = found.end()
    return None


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.slow
def test_the_steps_of_the_tutorial_run_as_they_stand(page: str, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    terminal = {"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LC_MESSAGES": PAGES[page]}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shell = subprocess.Popen(
        ["bash"],
        cwd=tmp_path,
        env={**os.environ, **terminal, "PATH": path, "ENGINE_SERVER_PORT": str(port), "PYTHONUTF8": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )

    def end() -> None:
        """The shell with all it started, also a server that a step which failed left behind."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)

    assert shell.stdin and shell.stdout
    patience = threading.Timer(PATIENCE, end)
    patience.start()
    output, counted = "", {"sh": 0, "text": 0, "file": 0}
    try:
        shell.stdin.write("set -euo pipefail\n")
        for number, (language, said, text) in enumerate(steps(page)):
            counted[language if language in counted else "file"] += 1
            if language == "sh":
                lines, done = tmp_path / f"{number}.sh", f"--- done {number}"
                lines.write_text(text, "utf-8")
                shell.stdin.write(f". '{lines}' </dev/null\nprintf '\\n%s\\n' '{done}'\n")
                shell.stdin.flush()
                heard: list[str] = []
                for line in shell.stdout:
                    if line.rstrip("\n") == done:
                        break
                    heard.append(line)
                else:
                    log = tmp_path / "my-desk/serve.log"
                    told = log.read_text("utf-8")[-2000:] if log.exists() else ""
                    pytest.fail(f"{page} stops at\n{text}\n{''.join(heard)[-3000:]}\n{told}")
                output = "".join(heard)
            elif language == "text":
                lost = missing(text, output)
                assert lost is None, f"{page}: `{lost}` is not there, or not in this order:\n{output[-6000:]}"
            else:
                write(tmp_path / "my-desk", said, text)
        shell.stdin.close()
        assert shell.wait(30) == 0
    finally:
        patience.cancel()
        end()
        shell.wait(30)
        shell.stdout.close()
    assert min(counted.values()) >= 5, f"few blocks of {page} were found: {counted}"
    with socket.socket() as still:
        assert still.connect_ex(("127.0.0.1", port)) != 0, "the page leaves its server running"
