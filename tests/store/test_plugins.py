"""The plugin contract: found by place, asked once, set aside when broken, never two of one name; and the first
shelves."""

from __future__ import annotations

import ast
import asyncio
import io
import textwrap
from pathlib import Path
from typing import Any

import pytest

from engine import api, hookspecs, plugins
from engine.api import Blobs, Outbound, SearchIndex, Storage
from plugins.channels import test as test_channel

HOOKS = [name for name in vars(hookspecs) if name.startswith(("register_", "open_", "desk_", "event_"))]


def write(folder: Path, name: str, body: str) -> None:
    """A plugin in a file."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text("from engine.api import *\n" + textwrap.dedent(body))


def loaded(folder: Path, **options: Any) -> plugins.Plugins:
    """The plugins of a folder alone, asked."""
    found = plugins.load(folder=folder, shelves="no.such.package", group=None, **options)
    found.register()
    return found


NOTIFIER = """
class Bell:
    name = "{name}"
    async def notify(self, recipient, notice): ...
@hookimpl
def register_notifiers():
    return [Bell()]
"""


def test_the_shelves_are_found_and_asked() -> None:
    found = plugins.load(group=None)
    found.register()
    assert found.set_aside == []
    assert "chat" in found.tables["channels"]
    names = [one.name for one in found.describe()]
    assert names == sorted(names) and {"storage.sqlite", "storage.postgres", "storage.files", "bus.local"} <= set(names)
    assert all(one.doc for one in found.describe())


def test_two_plugins_with_one_name_are_an_error_that_names_both(tmp_path: Path) -> None:
    write(tmp_path, "one", NOTIFIER.format(name="doc"))
    write(tmp_path, "two", NOTIFIER.format(name="doc"))
    with pytest.raises(plugins.PluginError, match="`doc`: `one` and `two`"):
        loaded(tmp_path)
    assert list(loaded(tmp_path, block={"two"}).tables["notifiers"]) == ["doc"]


def test_a_broken_plugin_is_set_aside_with_its_error_and_the_rest_runs(tmp_path: Path) -> None:
    write(tmp_path, "a_import", "import no_such_module\n")
    write(tmp_path, "b_syntax", "def (\n")
    write(tmp_path, "c_raises", "@hookimpl\ndef register_notifiers():\n    raise RuntimeError('no config')\n")
    write(tmp_path, "d_unknown", "@hookimpl\ndef register_notifiers(nonsense):\n    return []\n")
    write(tmp_path, "e_fine", NOTIFIER.format(name="doc"))
    write(tmp_path, "_helper", "raise SystemExit\n")
    found = loaded(tmp_path)
    assert list(found.tables["notifiers"]) == ["doc"]
    aside = {one.name: one.error for one in found.set_aside}
    assert set(aside) == {"a_import", "b_syntax", "c_raises", "d_unknown"}
    assert "no config" in aside["c_raises"] and "nonsense" in aside["d_unknown"]


def test_the_first_that_knows_the_address_opens_it_and_nobody_is_an_error(tmp_path: Path) -> None:
    body = "@hookimpl\ndef open_bus(url):\n    return '{}' if url.startswith('{}:') else None\n"
    write(tmp_path, "a", body.format("one", "one"))
    write(tmp_path, "b", body.format("two", "two"))
    found = loaded(tmp_path)
    assert (found.open("bus", "one:", {}), found.open("bus", "two:x", {})) == ("one", "two")
    with pytest.raises(plugins.PluginError, match=r"no plugin opens a bus at `redis:…`"):
        found.open("bus", "redis://secret@host", {})


def test_a_listener_that_raises_does_not_keep_others_from_hearing(tmp_path: Path) -> None:
    write(tmp_path, "a", "@hookimpl\ndef event_committed(event):\n    raise ValueError(event)\n")
    write(tmp_path, "b", "@hookimpl\ndef event_committed(event):\n    event.append(1)\n")
    found = loaded(tmp_path)
    heard: list[int] = []
    found.tell("event_committed", event=heard)
    assert heard == [1] and found.errors == {"a": 1}
    assert found.listens("event_committed") and not found.listens("desk_started")


def test_a_plugin_gets_its_own_settings_and_only_what_it_names(tmp_path: Path) -> None:
    body = """
    class Way:
        def __init__(self, name): self.name, self.can = name, Can()
    @hookimpl
    def register_channels(config):
        return [Way(config["word"])] if config else []
    """
    write(tmp_path, "pager", body)
    assert list(loaded(tmp_path, settings={"pager": {"word": "beep"}}).tables["channels"]) == ["beep"]
    assert list(loaded(tmp_path, settings={"other": {"word": "beep"}}).tables["channels"]) == []
    nested = plugins.load(settings={"channels": {"test": {"journal": str(tmp_path / "j")}}}, group=None)
    nested.register()
    assert "test" in nested.tables["channels"]


def test_hooks_are_traced_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "a", NOTIFIER.format(name="doc"))
    loaded(tmp_path)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("ENGINE_TRACE", "hooks")
    loaded(tmp_path)
    assert "hook register_notifiers() a: list" in capsys.readouterr().err


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_says_what_when_errors_and_has_an_example_that_works(name: str, tmp_path: Path) -> None:
    hook = getattr(hookspecs, name)
    doc = textwrap.dedent(hook.__doc__)
    for part in ("Return", "Errors:", "Example::"):
        assert part in doc, part
    for parameter in hook.__code__.co_varnames[: hook.__code__.co_argcount]:
        assert f"`{parameter}`" in doc
    example = textwrap.dedent(doc.split("Example::")[1])
    assert any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.parse(example).body)
    write(tmp_path, "example", example)
    found = plugins.load(folder=tmp_path, shelves="no.such.package", group=None)
    assert found.set_aside == []
    assert found.describe()[0].hooks == (name,)
    if name.startswith("register_") and name != "register_commands":
        found.register()
        assert found.set_aside == []


def test_every_shape_of_the_contract_says_what_it_is() -> None:
    shapes = {name: getattr(api, name) for name in api.__all__}
    silent = [name for name, shape in shapes.items() if isinstance(shape, type) and not shape.__doc__]
    assert silent == [] and len(shapes) > 20


# ------------------------------------------------------------------------------------------------------------- shelves


def test_what_storages_and_blobs_give_has_the_shape_of_the_contract(tmp_path: Path) -> None:
    found = plugins.load(group=None)
    storage = found.open("storage", "sqlite:", {})
    assert isinstance(storage, Storage) and isinstance(storage.index("x"), SearchIndex)
    storage.close()
    assert isinstance(found.open("blobs", f"file:{tmp_path}/files", {}), Blobs)


def test_blobs_keep_the_same_bytes_once_and_refuse_too_many(tmp_path: Path) -> None:
    blobs = plugins.load(group=None).open("blobs", "file:files", {"folder": str(tmp_path)})
    digest, size = blobs.put(io.BytesIO("圖".encode()), 100)
    assert size == 3 and blobs.open(digest).read() == "圖".encode()
    assert blobs.put(io.BytesIO("圖".encode()), 100)[0] == digest
    with pytest.raises(ValueError, match="more than"):
        blobs.put(io.BytesIO(b"x" * 101), 100)
    files = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert [path.name for path in files] == [f"{digest}.blob"], "nothing half-written stays"
    assert files[0].stat().st_mode & 0o077 == 0
    for wrong in ("../../etc/passwd", "", digest.upper(), digest + "/x"):
        with pytest.raises(FileNotFoundError):
            blobs.open(wrong)
    blobs.delete(digest)
    blobs.delete(digest)
    assert blobs.link(digest) is None


@pytest.mark.parametrize(("refuses", "lines"), [(True, 1), (False, 2)])
def test_the_test_channel_journals_each_send_and_may_refuse_duplicates(
    tmp_path: Path, refuses: bool, lines: int
) -> None:
    settings = {"journal": str(tmp_path / "j.jsonl"), "refuses_twins": refuses, "fail": "boom"}
    (channel,) = test_channel.register_channels(settings)
    outbound = Outbound("k1", "test", 1, {"email": "a@b"}, "您好")
    for _ in range(2):
        assert asyncio.run(channel.send(outbound)).state == "sent"
    assert [line["key"] for line in test_channel.read(tmp_path / "j.jsonl")] == ["k1"] * lines
    assert asyncio.run(channel.send(Outbound("k2", "test", 1, {}, "boom"))).state == "failed"
    with (tmp_path / "j.jsonl").open("ab") as file:
        file.write(b'{"key": "half')
    assert len(test_channel.read(tmp_path / "j.jsonl")) == lines, "half a line is none"


def test_the_local_bus_wakes_who_listens_until_they_stop() -> None:
    bus = plugins.load(group=None).open("bus", "local:", {})
    heard: list[Any] = []

    def broken(topic: str, ids: Any) -> None:
        raise RuntimeError

    bus.subscribe(["events"], broken)
    end = bus.subscribe(["events", "jobs"], lambda topic, ids: heard.append((topic, list(ids))))
    bus.publish("events", [1, 2])
    bus.publish("other", [3])
    end()
    end()
    bus.publish("events", [4])
    assert heard == [("events", [1, 2])]
    bus.close()
