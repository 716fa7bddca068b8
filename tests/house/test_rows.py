"""Each command has exactly one row that says its life; what rules hear of has its pure beginning; rights are real."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from engine.core import access, commands, questions, rights, task_commands
from engine.core.handlers import BEGIN
from engine.desk.handlers import COMMANDS
from engine.desk.queries import QUESTIONS, QUESTIONS_AHEAD
from engine.desk.rows import RuleCommand
from engine.features import FEATURES
from web.routes import table

ROOT = Path(__file__).resolve().parents[2]
NO_COMMAND = {"Page"}
"""Parts of commands."""
BY_ITSELF = {
    "TimerDue", "ScheduleDue", "SettleClocks", "ServeQueue", "DeliveryFailed",
    "MemberSignedIn", "GuestSignedIn", "MemberMade", "OpenLinked", "CallEvent", "ServingGone",
}  # fmt: skip
"""What nobody asks for through `act`: time, channels and rules bring it."""


def _classes(module: object) -> dict[str, type]:
    return {
        name: thing
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and thing.__module__ == module.__name__  # type: ignore[attr-defined]
    }


def test_every_command_has_exactly_one_row() -> None:
    rows = [row.command for row in COMMANDS]
    assert len(rows) == len(set(rows))
    every = {**_classes(commands), **_classes(task_commands)}
    wanted = {thing for name, thing in every.items() if name not in NO_COMMAND | BY_ITSELF}
    assert set(rows) == wanted


def test_every_rule_command_has_its_pure_beginning() -> None:
    asked = {row.command for row in COMMANDS if isinstance(row, RuleCommand)}
    by_itself = {commands.__dict__[name] for name in BY_ITSELF}
    assert asked | by_itself | {commands.OpenChat} == set(BEGIN)


def test_every_question_has_one_function() -> None:
    wanted = {thing for name, thing in _classes(questions).items() if name != "Scope"}
    assert set(QUESTIONS) | set(QUESTIONS_AHEAD) == wanted
    assert not set(QUESTIONS) & set(QUESTIONS_AHEAD)


def test_every_right_that_a_row_names_is_there_and_every_right_is_used() -> None:
    there = {*access.PERMISSIONS, *(right for feature in FEATURES for right in feature.permissions)}
    named: set[str] = set()
    for beginning in BEGIN.values():
        named.update(right for right in (beginning.right, *beginning.rights) if right)
    for row in [*COMMANDS, *(row for feature in FEATURES for row in feature.commands)]:
        named.update(right for right in (getattr(row, "right", None), *getattr(row, "rights", ())) if right)
    for rows in (QUESTIONS, *(feature.questions for feature in FEATURES)):
        for asked in rows.values():
            named.update(asked.rights, [asked.also] if asked.also is not None else [])
    named.update(operation.right for operation in table() if operation.right is not None)
    named.update(rights.FRAMES.values(), rights.READERS.keys() - {rights.EVERYBODY})
    for right, (path, text) in BETWEEN_THE_ROWS.items():
        assert right in there and text in (ROOT / path).read_text("utf-8"), f"{path} asks no more for `{right}`"
    assert named <= there, named - there
    assert named | BETWEEN_THE_ROWS.keys() == there, f"nothing asks for {there - named - BETWEEN_THE_ROWS.keys()}"
    assert not named & BETWEEN_THE_ROWS.keys() - {access.EVERY_SHOP}


BETWEEN_THE_ROWS = {
    "shops.all": ("engine/core/access.py", "shops = None if EVERY_SHOP in actor.permissions else actor.shops"),
    "roles.grant": ("web/handlers/rules.py", '"roles.grant" in call.actor.permissions'),
}
"""Rights that no row can ask for by itself: which shops one sees, what is in an edit, who else is let in."""


FOR_EVERYBODY = {"SignIn", "SignOn", "SignOut", "BringChat", "Upload", "OpenChat", "ClickAnswer", "KeepReply"}
"""Commands that ask for no right: signing in and out, what any visitor may do."""


def test_a_plain_command_asks_for_a_right_or_is_for_agents() -> None:
    for row in [*COMMANDS, *(row for feature in FEATURES for row in feature.commands)]:
        if not isinstance(row, RuleCommand) and row.command.__name__ not in FOR_EVERYBODY:
            assert row.who == "agents", f"anybody may {row.command.__name__}"
        if getattr(row, "right", None) is not None:
            assert row.who == "agents", f"{row.command.__name__} asks for a right that its `who` would pass over"


def test_the_desk_asks_no_command_for_its_type() -> None:
    found = []
    for path in (ROOT / "engine" / "desk").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
                first = node.args[0]
                if isinstance(first, ast.Name) and first.id == "command":
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found, found


def test_nothing_private_of_the_desk_is_used_outside_it() -> None:
    found = []
    for top in ("engine", "web", "plugins"):
        for path in (ROOT / top).rglob("*.py"):
            if path == ROOT / "engine" / "desk" / "corridor.py":
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                    owner = node.value
                    name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                    if name in ("desk", "_desk"):
                        found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {name}.{node.attr}")
    assert not found, "\n".join(found)


def test_the_corridor_is_read_in_one_sitting() -> None:
    assert len((ROOT / "engine/desk/corridor.py").read_text("utf-8").splitlines()) <= 300
