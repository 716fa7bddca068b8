"""A small editor: speaks the Language Server Protocol with `engine lsp` over its stdin and stdout."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import Any

PATIENCE = 90.0
"""Seconds to wait for an answer: the machine that judges may be slow, and busy."""


class Answered(Exception):
    """The server answered with an error."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]


class Editor:
    """One session. `diagnostics` holds what was told last about each file, by its address."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        self.registered: list[str] = []
        self.texts: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._inbox: Queue[dict[str, Any]] = Queue()
        self._answers: dict[int, dict[str, Any]] = {}
        self._next = 0
        threading.Thread(target=self._listen, daemon=True).start()

    # ---- the wire ----------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while line := stream.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if not length:
                self._inbox.put({"closed": True})
                return
            self._inbox.put(json.loads(stream.read(length)))

    def send(self, body: Mapping[str, Any]) -> None:
        """One message."""
        assert self.process.stdin is not None
        data = json.dumps({"jsonrpc": "2.0", **body}, ensure_ascii=False).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def tell(self, method: str, params: Any) -> None:
        """A notification."""
        self.send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        """A request and its answer. Raises Answered."""
        self._next += 1
        number = self._next
        self.send({"id": number, "method": method, "params": params})
        self.until(lambda: number in self._answers)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise Answered(answer["error"])
        return answer["result"]

    def until(self, holds: Callable[[], bool]) -> None:
        """Reads messages until something holds."""
        while not holds():
            try:
                message = self._inbox.get(timeout=PATIENCE)
            except Empty:
                raise AssertionError("the language server says nothing more") from None
            if message.get("closed"):
                raise AssertionError(f"the language server is gone: {self.process.poll()}")
            if "method" not in message:
                self._answers[message["id"]] = message
            elif message["method"] == "textDocument/publishDiagnostics":
                self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
            elif "id" in message:
                self.registered += [one["method"] for one in message["params"].get("registrations", ())]
                self.send({"id": message["id"], "result": None})

    # ---- what an editor does -----------------------------------------------------------------------------------

    def uri(self, path: str) -> str:
        """The address of a file of the rules folder."""
        return (self.folder / path).as_uri()

    def open(self, path: str, text: str | None = None) -> None:
        """Opens a file as it is on disk, or a new one."""
        self.texts[path] = (self.folder / path).read_text("utf-8") if text is None else text
        self._versions[path] = 1
        document = {"uri": self.uri(path), "languageId": "yingda-rules", "version": 1, "text": self.texts[path]}
        self.tell("textDocument/didOpen", {"textDocument": document})

    def replace(self, path: str, old: str, new: str) -> None:
        """Types `new` in place of the first `old`: the change alone is sent."""
        text = self.texts[path]
        at = text.index(old)
        span = {"start": self.position(text, at), "end": self.position(text, at + len(old))}
        self.texts[path] = text[:at] + new + text[at + len(old) :]
        self._versions[path] += 1
        document = {"uri": self.uri(path), "version": self._versions[path]}
        self.tell(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [{"range": span, "text": new}]}
        )

    def close(self, path: str) -> None:
        """Closes a file."""
        del self.texts[path]
        self.tell("textDocument/didClose", {"textDocument": {"uri": self.uri(path)}})

    @staticmethod
    def position(text: str, offset: int) -> dict[str, int]:
        """A position in UTF-16, as Python itself counts it."""
        before = text[:offset]
        line = before.count("\n")
        return {"line": line, "character": len(before.rpartition("\n")[2].encode("utf-16-le")) // 2}

    def at(self, path: str, piece: str, offset: int = 0) -> dict[str, Any]:
        """The place of a piece of an open file, as the parameters of a request."""
        text = self.texts[path]
        return {
            "textDocument": {"uri": self.uri(path)},
            "position": self.position(text, text.index(piece) + offset),
        }

    def found(self, path: str) -> list[dict[str, Any]]:
        """What was told about a file."""
        return self.diagnostics.get(self.uri(path), [])

    def apply(self, edit: Mapping[str, Any]) -> None:
        """Carries out an edit on disk, as an editor that saves."""
        for uri, changes in edit["changes"].items():
            path = next(p for p in self.folder.rglob("*") if p.is_file() and p.as_uri() == uri)
            path.write_text(edited(path.read_text("utf-8"), changes), "utf-8")


def edited(text: str, changes: list[dict[str, Any]]) -> str:
    """A text after the protocol's edits."""
    lines = text.split("\n")

    def offset(position: Mapping[str, int]) -> int:
        before = sum(len(line) + 1 for line in lines[: position["line"]])
        line = lines[position["line"]] if position["line"] < len(lines) else ""
        return before + len(line.encode("utf-16-le")[: position["character"] * 2].decode("utf-16-le"))

    spans = [(offset(c["range"]["start"]), offset(c["range"]["end"]), c["newText"]) for c in changes]
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text


@contextmanager
def session(
    folder: Path, *, root: Path | None = None, encodings: list[str] | None = None, locale: str | None = None
) -> Iterator[Editor]:
    """`engine lsp`, greeted; ended politely, which it must survive with exit code 0."""
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder
    )
    try:
        editor = Editor(process, folder)
        uri = (root or folder).as_uri()
        capabilities: dict[str, Any] = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}
        if encodings:
            capabilities["general"] = {"positionEncodings": encodings}
        editor.capabilities = editor.ask(  # type: ignore[attr-defined]
            "initialize",
            {
                "processId": None,
                **({"locale": locale} if locale else {}),
                "rootUri": uri,
                "workspaceFolders": [{"uri": uri, "name": "desk"}],
                "capabilities": capabilities,
            },
        )["capabilities"]
        editor.tell("initialized", {})
        yield editor
        editor.ask("shutdown", None)
        editor.tell("exit", None)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
