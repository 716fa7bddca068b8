"""The rules folder as it lies on a disk: read into texts. Whatever lies in it, reading ends and is told of in place."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from engine.lang import Finding, Source, Span
from engine.lang.said import quoted, say

SUFFIXES = (".rules", ".yaml", ".yml", ".txt")
NEARLY = (".rule", ".ruels", ".yam", ".ymal", ".text")
"""How files are called that were meant to be read and are not; any of `SUFFIXES` in capitals is one, too."""
MAX_FILE = 1_000_000
"""Bytes of one file: far more than a person writes, little enough to be refused at once."""
MAX_FILES = 5_000


class _Wrong(Exception):
    """A file that is no text of the rules; its finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def read_folder(folder: Path) -> tuple[dict[str, str], list[Finding]]:
    """Every rule file by its path from the folder. What cannot be read is a finding: not UTF-8, too big, a link that
    leads out of the folder, a name that is no text. Raises FileNotFoundError when there is no folder."""
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no rules folder `{folder}`")
    root = folder.resolve()
    files: dict[str, str] = {}
    findings: list[Finding] = []
    for number, (path, error) in enumerate(_walk(folder)):
        if number >= MAX_FILES:
            message = say("more than {most} files in the rules folder", MAX_FILES)
            findings.append(Finding("file-not-found", message, _place(_shown(path, folder))))
            break
        try:
            if error is not None:
                raise error
            name = _named(path, folder)
            if _nearly(path.name):
                message = say("`{name}` is not read: its name does not end as that of a rule file does", name)
                raise _wrong("file-not-loaded", message, name, say("let it end in one of {names}", quoted(SUFFIXES)))
            files[name] = _text(path, name, root)
        except _Wrong as wrong:
            findings.append(wrong.finding)
        except (OSError, RuntimeError) as failed:  # RuntimeError: links in a circle
            findings.append(_unreadable(_shown(path, folder), failed))
    return files, findings


def fingerprint(folder: Path) -> str:
    """Changes when a file of the folder may have: names, sizes, times. Cheap enough to ask five times a second."""
    digest = hashlib.sha256()
    for number, (path, _) in enumerate(_walk(folder)):
        if number > MAX_FILES:
            break
        try:
            found = path.stat()
        except (OSError, RuntimeError):
            said = "gone"
        else:
            said = f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}:{found.st_mode}"
        digest.update(os.fsencode(path) + f":{said}\n".encode())
    return digest.hexdigest()


def _walk(folder: Path) -> Iterator[tuple[Path, OSError | None]]:
    """What bears the name of a rule file, in order, and folders that cannot be looked into with why not."""
    denied: list[OSError] = []
    for base, folders, names in os.walk(folder, onerror=denied.append):
        while denied:
            error = denied.pop()
            yield Path(error.filename or base), error
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        odd = [f for f in folders if f.endswith(SUFFIXES) or (Path(base) / f).is_symlink()]
        mine = [n for n in names if (n.endswith(SUFFIXES) or _nearly(n)) and not n.startswith(".")]
        for name in sorted([*odd, *mine]):
            yield Path(base) / name, None
    for error in denied:
        yield Path(error.filename or folder), error


def _nearly(name: str) -> bool:
    """Whether a file was meant to be read, by its name, and is not."""
    return name.lower().endswith(NEARLY) or (name.lower().endswith(SUFFIXES) and not name.endswith(SUFFIXES))


def _text(path: Path, name: str, root: Path) -> str:
    """The text of a file. Raises _Wrong, OSError, RuntimeError."""
    real = path.resolve(strict=True)
    if not real.is_relative_to(root):
        raise _wrong("file-not-found", say("`{name}` is a link that leads out of the rules folder", name), name)
    if real.is_dir() and path.is_symlink():
        message, hint = say("`{name}` is a link to a folder, which is not followed", name), say("put the files there")
        raise _wrong("file-not-loaded", message, name, hint)
    # A pipe or a device would be read for ever, and even be waited for when it is opened.
    descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW) if real.is_file() else None
    if descriptor is None:
        raise _wrong("file-not-found", say("`{name}` is no plain file", name), name)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise _wrong("file-not-found", say("`{name}` is no plain file", name), name)
        raw = file.read(MAX_FILE + 1)  # whatever its size was when it was looked at
    if len(raw) > MAX_FILE:
        message = say("`{name}` is larger than {most} bytes; split it", name, f"{MAX_FILE:,}")
        raise _wrong("bad-yaml" if name.endswith("ml") else "syntax-error", message, name)
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        message = say("`{name}` is not UTF-8: byte {byte}", name, error.start)
        raise _wrong("not-utf8", message, name, say("save the file as UTF-8")) from None


def _named(path: Path, folder: Path) -> str:
    """A file's path from the folder. Raises _Wrong for a name that is no text: no store can hold it."""
    name = path.relative_to(folder).as_posix()
    if name.isprintable():
        return name
    shown = _shown(path, folder)
    message = say("the name `{name}` is not UTF-8, or holds what cannot be shown", shown)
    raise _wrong("not-utf8", message, shown, say("rename the file"))


def _shown(path: Path, folder: Path) -> str:
    """A path from the folder, as screens can show it: bytes that are no text as `\\xNN`."""
    name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _unreadable(name: str, error: OSError | RuntimeError) -> Finding:
    why = (error.strerror or str(error)) if isinstance(error, OSError) else say("it is a link that leads to itself")
    if isinstance(error, PermissionError):
        why = say("no permission")
    return Finding("file-not-found", say("`{name}` cannot be read: {why}", name, why), _place(name))


def _wrong(code: str, message: str, name: str, hint: str | None = None) -> _Wrong:
    return _Wrong(Finding(code, message, _place(name), hint=hint))


def _place(name: str) -> Span:
    return Span(Source(name, ""), 0, 0)
