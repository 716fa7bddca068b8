"""`engine plugin check` tries what a plugin gives to rules with what people write, each call within its time."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.cli import main
from engine.desk import Desk
from engine.plugins import TABLES
from tests.support.house import House

PLUGIN = '''
"""Functions, good and bad."""
import itertools, re, time
from engine.api import Action, Function, hookimpl

COUNT = itertools.count()

def good(text: str, most: int) -> bool:
    """Whether a text is short."""
    return len(text) < most

def raises(text: str) -> int:
    """A number, where it is one."""
    return int(text)

def slow(text: str) -> bool:
    """Waits."""
    time.sleep(2)
    return True

def fickle(text: str) -> int:
    """Another one each time."""
    return next(COUNT)

def liar(words: list[str]) -> str:
    """Says it gives a text."""
    return len(words)

async def gift(doing, amount: int):
    """Gives."""

@hookimpl
def register_functions():
    return [Function(f.__name__, f) for f in (good, raises, slow, fickle, liar)]

@hookimpl
def register_actions(config):
    return [Action("shop.gift", gift)]
'''
STUCK = '''
"""Holds the interpreter."""
import re
from engine.api import Function, hookimpl

def stuck(text: str) -> bool:
    """Goes back again and again."""
    return re.match(r"(a+)+$", text) is not None

@hookimpl
def register_functions():
    return [Function("stuck", stuck)]
'''


def furnish(house: House, text: str) -> list[str]:
    folder = house.folder / "extensions"
    folder.mkdir()
    (folder / "mine.py").write_text(text, "utf-8")
    (house.folder / "config").mkdir()
    settings = "plugins: {dir: extensions, decide_within: 200}\n"
    (house.folder / "config" / "engine.yaml").write_text(settings, "utf-8")
    return ["plugin", "check", "--desk", str(house.folder)]


def test_each_function_is_tried_and_what_is_wrong_is_told(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(furnish(house, PLUGIN)) == 1
    told: dict[str, list[str]] = {}
    listed, tried = capsys.readouterr().out.split("\n\n")
    assert "mine" in listed
    for line in tried.splitlines():
        if line.startswith(("ok", "WRONG")):
            how, name = line.split()[:2]
            told[name] = [how]
        else:
            told[name].append(line.strip())
    assert {name: lines[0] for name, lines in told.items()} == {
        "fickle": "WRONG", "good": "ok", "liar": "WRONG", "raises": "WRONG", "shop.gift": "ok", "slow": "WRONG",
    }  # fmt: skip
    assert "answers the same question in two ways" in told["fickle"][1]
    assert "gives `int` where its annotation says" in told["liar"][1]
    assert all("raises ValueError with (" in line for line in told["raises"][1:])
    assert len(told["slow"]) == 2 and "is not over within 0.2 s" in told["slow"][1], "one is enough"


def test_one_that_holds_the_interpreter_ends_the_check_and_shows_where(house: House) -> None:
    command = [sys.executable, "-m", "engine", *furnish(house, STUCK)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "in stuck" in done.stderr and "mine.py" in done.stderr


MISSPELT = '''
"""A hook that is none."""
from engine.api import hookimpl

@hookimpl
def register_chanels(config):
    return []
'''
NAMELESS = '''
"""Gives what has no name."""
from engine.api import hookimpl

@hookimpl
def register_{table}():
    return [{given}]
'''


def test_a_misspelt_hook_is_told_with_the_one_that_is_meant(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(furnish(house, MISSPELT)) == 1
    said = capsys.readouterr().out
    assert "mine" in said and "SET ASIDE" in said and "`register_chanels`" in said and "`register_channels`" in said


@pytest.mark.parametrize("given", ["object()", "None", "3", "type('Thing', (), {'name': ''})()"])
@pytest.mark.parametrize("table", TABLES)
def test_what_has_no_name_sets_its_plugin_aside_and_the_desk_runs(
    house: House, capsys: pytest.CaptureFixture[str], table: str, given: str
) -> None:
    assert main(furnish(house, NAMELESS.format(table=table, given=given))) == 1
    (line,) = (one for one in capsys.readouterr().out.splitlines() if "SET ASIDE" in one)
    assert line.startswith("mine ") and f"register_{table}" in line and "`name`" in line


def test_a_desk_opens_beside_a_plugin_that_gives_what_has_no_name(house: House) -> None:
    furnish(house, NAMELESS.format(table="channels", given="3"))

    async def work(desk: Desk) -> list[str]:
        return [aside.name for aside in desk.plugins.set_aside]

    assert house.run(work) == ["mine"]
