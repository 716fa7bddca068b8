"""A whole session of an editor with `engine lsp`, over stdin and stdout, on a copy of the starter rules."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.editor.client import Answered, Editor, edited, session

pytestmark = pytest.mark.slow

RULES = Path(__file__).resolve().parents[2] / "rules"


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """One session for the questions that change nothing on disk."""
    folder = tmp_path_factory.mktemp("應答 desk") / "rules"
    shutil.copytree(RULES, folder)
    with session(folder, root=folder.parent) as running:
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Editor]:
    """A session on a folder that the test may change."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    with session(folder) as running:
        yield running


def validated(folder: Path) -> list[dict[str, Any]]:
    """What `engine validate --format json` says about a folder, files named from there."""
    done = subprocess.run(
        [sys.executable, "-m", "engine", "validate", ".", "--format", "json"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    findings: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return findings


def told(editor: Editor) -> list[dict[str, Any]]:
    """What the server told about all files, as findings."""
    return [one["data"] for found in editor.diagnostics.values() for one in found]


def by_place(findings: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(finding, sort_keys=True) for finding in findings)


def test_a_mistake_is_told_where_it_stands_and_no_more_when_it_is_mended(editor: Editor) -> None:
    path = "20-classify.rules"
    editor.open(path)
    # An astral character before the mistake: two units of the protocol's, one character of ours.
    editor.replace(path, "stage classify", 'stage classify\n\nrule 𠮷 "𠮷野家🍜"  on ticket.craeted then stop\n')
    editor.until(lambda: bool(editor.found(path)))
    (one,) = editor.found(path)
    assert one["code"] == "unknown-event"
    line = editor.texts[path].split("\n")[one["range"]["start"]["line"]]
    start, end = one["range"]["start"]["character"], one["range"]["end"]["character"]
    assert line.encode("utf-16-le")[start * 2 : end * 2].decode("utf-16-le") == "ticket.craeted"
    assert start == line.index("ticket.craeted") + 3
    assert "did you mean `ticket.created`?" in one["message"]
    editor.replace(path, "ticket.craeted", "ticket.created")
    editor.until(lambda: not any(found["severity"] == 1 for found in editor.found(path)))
    editor.replace(path, '\n\nrule 𠮷 "𠮷野家🍜"  on ticket.created then stop\n', "")
    editor.until(lambda: not editor.found(path))


def test_it_speaks_the_editors_language(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    with session(folder, locale="zh-hant") as editor:
        path = "60-respond.rules"
        editor.open(path)
        editor.replace(path, "then reply template welcome_vip as desk", "then reply template welcome_vop as desk")
        editor.until(lambda: bool(editor.diagnostics.get(editor.uri(path))))
        (told,) = [one for one in editor.diagnostics[editor.uri(path)] if one["code"] == "unknown-template"]
        assert told["message"] == "沒有 `welcome_vop` 這個範本\n建議：是不是要寫 `welcome_vip`？"
        assert told["data"]["message"] == "沒有 `welcome_vop` 這個範本"
        place = {"textDocument": {"uri": editor.uri(path)}, "range": told["range"], "context": {"diagnostics": [told]}}
        assert [action["title"] for action in editor.ask("textDocument/codeAction", place)] == ["改成 `welcome_vip`"]
        hover = editor.ask("textDocument/hover", editor.at(path, "open_hours and vip", 16))
        assert " · 定義" in hover["contents"]["value"]
        with pytest.raises(Answered, match="這裡沒有可以更改的名稱"):
            editor.ask("textDocument/prepareRename", editor.at(path, "# 自動回覆", 3))


def test_completion_hover_definition_references_and_symbols(editor: Editor) -> None:
    path = "60-respond.rules"
    editor.open(path)
    editor.replace(path, "then reply template welcome_vip as desk", "then reply template welc as desk")
    offered = editor.ask("textDocument/completion", editor.at(path, "template welc ", 13))
    labels = [item["label"] for item in offered["items"]]
    assert len(labels) > 2
    assert all("welc" in label for label in labels)
    item = next(item for item in offered["items"] if item["label"] == "welcome_vip")
    assert item["documentation"]["kind"] == "markdown"
    editor.texts[path] = edited(editor.texts[path], [item["textEdit"]])
    assert editor.texts[path] == (editor.folder / path).read_text("utf-8")
    editor.tell(
        "textDocument/didChange",
        {"textDocument": {"uri": editor.uri(path), "version": 9}, "contentChanges": [{"text": editor.texts[path]}]},
    )
    hover = editor.ask("textDocument/hover", editor.at(path, "open_hours and vip", 16))
    assert "member.tier >= gold" in hover["contents"]["value"]
    place = editor.ask("textDocument/definition", editor.at(path, "open_hours and vip", 16))
    assert place["uri"] == editor.uri("terms.rules")
    context = {"context": {"includeDeclaration": True}}
    uses = editor.ask("textDocument/references", {**editor.at(path, "open_hours and vip", 16), **context})
    assert {use["uri"] for use in uses} >= {editor.uri("terms.rules"), editor.uri(path)}
    fewer = editor.ask(
        "textDocument/references",
        {**editor.at(path, "open_hours and vip", 16), "context": {"includeDeclaration": False}},
    )
    assert len(fewer) == len(uses) - 1
    outline = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": editor.uri(path)}})
    assert {"respond", "welcome_guest", "welcome_vip"} <= {symbol["name"] for symbol in outline}
    assert editor.ask("textDocument/hover", editor.at(path, "# 自動回覆", 3)) is None
    assert editor.ask("textDocument/completion", editor.at(path, "# 自動回覆", 3))["items"] == []
    editor.close(path)


def test_formatting_gives_what_engine_fmt_gives(editor: Editor) -> None:
    path = "50-sla.rules"
    editor.open(path)
    laid = editor.texts[path]
    editor.replace(path, "\n  on ", "    on ")
    params = {"textDocument": {"uri": editor.uri(path)}, "options": {"tabSize": 2, "insertSpaces": True}}
    changes = editor.ask("textDocument/formatting", params)
    assert edited(editor.texts[path], changes) == laid
    editor.close(path)


def test_files_that_are_not_open_are_told_about_and_what_is_closed_counts_as_on_disk(editor: Editor) -> None:
    editor.open("teams.yaml")
    editor.replace("teams.yaml", "aftersales:", "after_sales:")
    editor.until(lambda: bool(editor.found("40-route.rules")))
    assert {one["code"] for one in editor.found("40-route.rules")} == {"unknown-team"}
    editor.close("teams.yaml")
    editor.until(lambda: not editor.found("40-route.rules"))


def test_diagnostics_are_what_engine_validate_says(own: Editor) -> None:
    mistakes = {
        "40-route.rules": ("team aftersales", "team aftersale"),
        "calendars.yaml": ("mon-fri", "mon-fry"),
        "templates/replies.yaml": ("{ticket.number}", "{ticket.nmber}"),
        "terms.rules": ("define vip = ", "define unheard = member.is_guest\n\ndefine vip = "),
        "tests/sla.yaml": ("steps:", "stepz:"),
    }
    for path, (old, new) in mistakes.items():
        own.open(path)
        own.replace(path, old, new)
    own.until(lambda: all(own.found(path) for path in ("40-route.rules", "calendars.yaml", "templates/replies.yaml")))
    for path, text in own.texts.items():
        (own.folder / path).write_text(text, "utf-8")
    wanted = validated(own.folder)
    assert len(wanted) >= 4
    own.until(lambda: by_place(told(own)) == by_place(wanted))


def test_another_name_everywhere_leaves_a_folder_that_validates(own: Editor) -> None:
    own.open("40-route.rules")
    at = own.at("40-route.rules", "team aftersales", 7)
    span = own.ask("textDocument/prepareRename", at)
    assert span["end"]["character"] - span["start"]["character"] == len("aftersales")
    own.apply(own.ask("textDocument/rename", {**at, "newName": "售後 組"}))
    assert '"售後 組"' in (own.folder / "40-route.rules").read_text("utf-8")
    assert "售後 組:" in (own.folder / "teams.yaml").read_text("utf-8")
    assert validated(own.folder) == []
    with pytest.raises(Answered, match="already") as refused:
        own.ask("textDocument/rename", {**at, "newName": "frontline"})
    assert refused.value.code == -32803


def test_a_remedy_takes_the_finding_away(own: Editor) -> None:
    own.open("40-route.rules")
    own.replace("40-route.rules", "team aftersales", "team aftersalse")
    own.until(lambda: bool(own.found("40-route.rules")))
    (one, *_) = own.found("40-route.rules")
    params = {
        "textDocument": {"uri": own.uri("40-route.rules")},
        "range": one["range"],
        "context": {"diagnostics": [one]},
    }
    (action,) = own.ask("textDocument/codeAction", params)
    assert action["title"] == "Write `aftersales`"
    assert action["diagnostics"] == [one]
    (change,) = action["edit"]["changes"][own.uri("40-route.rules")]
    own.replace("40-route.rules", "team aftersalse", "team " + change["newText"])
    own.until(lambda: not own.found("40-route.rules"))


def test_files_changed_by_others_are_seen(own: Editor) -> None:
    own.open("terms.rules")
    own.until(lambda: "workspace/didChangeWatchedFiles" in own.registered)
    (own.folder / "90-new.rules").write_text("rule a on ticket.created then move to 天上\n", "utf-8")
    created = {"changes": [{"uri": own.uri("90-new.rules"), "type": 1}]}
    own.tell("workspace/didChangeWatchedFiles", created)
    own.until(lambda: [one["code"] for one in own.found("90-new.rules")] == ["unknown-state"])
    (own.folder / "90-new.rules").write_bytes(b"\xff\xfe")
    own.tell("workspace/didChangeWatchedFiles", created)
    own.until(lambda: [one["code"] for one in own.found("90-new.rules")] == ["not-utf8"])
    (own.folder / "90-new.rules").unlink()
    own.tell("workspace/didChangeWatchedFiles", created)
    own.until(lambda: own.found("90-new.rules") == [])


def test_nothing_an_editor_sends_ends_it(tmp_path: Path) -> None:
    """No rules folder, files that are none, positions outside, line breaks of all kinds, halves of characters."""
    with session(tmp_path) as editor:
        editor.open("note.txt", "no desk here")
        assert editor.ask("textDocument/hover", editor.at("note.txt", "desk")) is None
        far = {"textDocument": {"uri": editor.uri("note.txt")}, "position": {"line": 99, "character": 99}}
        assert editor.ask("textDocument/completion", far) is None
        (tmp_path / "desk.yaml").write_text("language: 1\r\n", "utf-8")
        editor.open("odd.rules", "rule a\r\n on ticket.created\u2028 \x0c# 🍜\rthen stop")
        editor.until(lambda: bool(editor.found("desk.yaml")))
        document = {"uri": editor.uri("odd.rules"), "version": 2}
        spans = [((1, 1), (1, 4)), ((2, 0), (1, 0)), ((5, 5), (9, 9)), ((1, 19), (1, 22)), ((0, 0), (0, 500))]
        for start, end in spans:
            span = {
                name: dict(zip(("line", "character"), at, strict=True)) for name, at in (("start", start), ("end", end))
            }
            change = {"textDocument": document, "contentChanges": [{"range": span, "text": "🍜x"}]}
            editor.tell("textDocument/didChange", change)
        for method in ("completion", "hover", "definition"):
            editor.ask(f"textDocument/{method}", {"textDocument": document, "position": {"line": 1, "character": 3}})
        with pytest.raises(Answered):
            editor.ask(
                "textDocument/rename",
                {"textDocument": document, "position": {"line": 70, "character": 3}, "newName": "x"},
            )
        with pytest.raises(Answered):
            editor.ask("textDocument/noSuchThing", {})
        assert editor.ask("textDocument/documentSymbol", {"textDocument": document}) is not None


def test_columns_are_counted_as_the_editor_wants(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    with session(folder, encodings=["utf-32"]) as editor:
        assert editor.capabilities["positionEncoding"] == "utf-32"  # type: ignore[attr-defined]
        editor.open("z.rules", 'rule a "🍜🍜" on ticket.craeted then stop\n')
        editor.until(lambda: bool(editor.found("z.rules")))
        (one,) = editor.found("z.rules")
        assert one["range"]["start"]["character"] == 15


def test_without_pygls_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "pygls.py").write_text("raise ImportError('not here')\n", "utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.path.insert(0, '.'); from engine.cli import main; sys.exit(main(['lsp']))",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2
    assert "yingda[lsp]" in done.stderr
