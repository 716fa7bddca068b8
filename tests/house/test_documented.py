"""What people rely on is described: hooks, events, fields, functions, actions, rights, settings, commands, findings."""

from __future__ import annotations

import inspect
import re

import pytest

from engine.config import DEFAULTS
from engine.core.actions import ACTIONS
from engine.core.events import EVENTS
from engine.lang import CODES
from engine.lang.functions import BUILTINS
from tests.house import reference

ROOT = reference.ROOT


def page(name: str) -> str:
    """The text of a page of the manual."""
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_made_from_the_code_is_what_the_code_says(name: str) -> None:
    same = page(name) == reference.PAGES[name]()
    assert same, f"{name} is not what the code says: run `python -m tests.house.reference` and commit it"


@pytest.mark.parametrize("name", reference.hooks())
def test_a_hook_says_what_and_when_its_parameters_what_to_return_errors_and_an_example(name: str) -> None:
    hook = reference.hooks()[name]
    doc = inspect.getdoc(hook) or ""
    head, _, example = doc.partition("\nExample::\n")
    assert len(head.partition("\n\n")[0].split()) >= 6, f"`{name}` does not say what it is for and when it is asked"
    for parameter in inspect.signature(hook).parameters:
        assert f"`{parameter}`" in head, f"`{name}` does not say what `{parameter}` is"
    for part in ("Return", "Errors:"):
        assert re.search(rf"^{part}", head, re.MULTILINE), f"`{name}` has no part {part!r}"
    assert f"def {name}(" in example, f"the example of `{name}` is none of it"
    compile(inspect.cleandoc(example), f"{name}'s example", "exec")


@pytest.mark.parametrize(
    ("kind", "described"),
    [
        ("event", {event.name: event.doc for event in EVENTS}),
        ("field", {name: field.doc for name, field in reference.built_in_fields().items()}),
        ("function", {name: " ".join(b.function.doc for b in forms) for name, forms in BUILTINS.items()}),
        ("right", reference.rights()),
        ("finding", {name: code.why for name, code in CODES.items()}),
        ("setting", {name: reference.settings().get(name, "") for name in DEFAULTS}),
        ("command", {name: parser.description or "" for name, parser in reference.commands().items()}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_everything_of_a_kind_has_its_sentence(kind: str, described: dict[str, str]) -> None:
    assert described, f"no {kind} was found at all"
    without = [name for name, text in described.items() if len(text.split()) < 2 or len(text) < 8]
    assert not without, f"no sentence says what each {kind} is: {', '.join(without)}"


def test_the_console_has_words_for_every_event() -> None:
    words = page("web/ui/src/shared/i18n/en.ts")
    without = [f"event.{event.name}" for event in EVENTS if f"'event.{event.name}': " not in words]
    assert not without, f"web/ui/src/shared/i18n/ (en.ts, zh-TW.ts, zh-CN.ts) has no words for: {', '.join(without)}"


def test_every_setting_that_stands_in_the_file_exists() -> None:
    unknown = set(reference.settings()) - set(DEFAULTS)
    assert not unknown, f"config/engine.yaml describes what is no setting: {', '.join(sorted(unknown))}"


@pytest.mark.parametrize("name", reference.commands())
def test_a_command_shows_an_example_of_itself(name: str) -> None:
    epilog = reference.commands()[name].epilog or ""
    assert re.search(rf"example: engine {name}\b", epilog), f"`engine {name} --help` shows no example"


def test_every_action_stands_in_the_manual_and_no_other() -> None:
    rows = re.findall(
        r"^\| `([a-z]+(?: [a-z]+)?)[^|]*` \|", _section(page("docs/rules.md"), "## Actions"), re.MULTILINE
    )
    words = {name.replace("_", " ") for name in ACTIONS} - {"do"}  # that one a plugin's manual shows
    shown = {next((word for word in words if row == word or row.split()[0] == word), row) for row in rows}
    assert shown == words, f"docs/rules.md: {sorted(shown ^ words)} is missing, or no action of this desk"


def _section(text: str, title: str) -> str:
    start = text.index(f"\n{title}\n")
    end = text.find("\n## ", start + 1)
    return text[start : end if end > 0 else None]
