"""`docs/editors.md`: what it tells to copy can be read by what it is for, and names what there is."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

from engine.editor import textmate

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/editors.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", PAGE)
    return [text for named, text in found if named == language]


def test_the_settings_can_be_read() -> None:
    (helix,) = blocks("toml")
    settings = tomllib.loads(helix)
    assert settings["language-server"]["yingda"] == {"command": "engine", "args": ["lsp"]}
    assert settings["language"][0]["scope"] == textmate.grammar()["scopeName"]
    (package,) = blocks("json")
    given = json.loads(package)["contributes"]
    assert given["grammars"][0]["scopeName"] == textmate.grammar()["scopeName"]
    assert given["grammars"][0]["path"] == f"./{textmate.FILE}"
    assert given["languages"][0]["extensions"] == [".rules"]
    (neovim,) = blocks("lua")
    assert '{ "engine", "lsp" }' in neovim


def test_the_grammar_is_found_as_the_page_says() -> None:
    (line,) = [block for block in blocks("") if block.startswith("python -c")]
    _, *arguments = shlex.split(line)
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(Path(done.stdout.strip()).read_text("utf-8")) == textmate.grammar()
