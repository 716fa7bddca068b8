"""Rule files written from the console or the API: checked like any edit, put in force, and written to the folder.

The folder stays the truth. A publication says what it began from; when that is no longer so, nothing is written and the
answer says which files are in the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from engine.core.building import digest_of
from engine.core.entities import SYSTEM
from engine.core.errors import Refused
from engine.core.questions import RulesTexts
from engine.core.rulebook import Rulebook
from engine.desk import activation, resettling
from engine.desk.rule_results import changes
from engine.folder import MAX_FILE, MAX_FILES, SUFFIXES, read_folder
from engine.lang.said import from_json
from engine.reload import Checking, Here, assemble, reload_now, told

if TYPE_CHECKING:
    from engine.desk import Desk

log = logging.getLogger(__name__)

LONGEST_PATH = 200
DRAFT = ".publish-"
"""How the name of a file begins that is being written; no rule file begins with a dot."""

Texts = Mapping[str, str | None]
"""Path to text; None takes a file away."""
Change = Mapping[str, str]
"""{path, change}: see `engine.desk.rule_results.changes`."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody wants to publish: `files` on top of the texts whose digest is `base`."""

    base: str
    files: Texts
    by: str
    note: str = ""
    source: str = "console"
    may_grant: bool = False
    """Whether roles may be changed."""


def applied(texts: Mapping[str, str], files: Texts) -> dict[str, str]:
    """The texts with an edit made."""
    return {path: text for path, text in {**texts, **files}.items() if text is not None}


def check_paths(files: Texts) -> None:
    """Raises Refused for a path that is not one of a rules folder, or a text that is too long."""
    for path, text in files.items():
        parts = path.split("/")
        plain = path.isprintable() and "\\" not in path and len(path) <= LONGEST_PATH
        if not plain or any(not part or part.startswith(".") for part in parts) or not path.endswith(SUFFIXES):
            raise Refused(
                "invalid",
                "bad-path",
                f"`{path[:LONGEST_PATH]}` cannot be a rule file: a path counts from `rules/`, without hidden parts, "
                f"and ends in {', '.join(SUFFIXES)}",
                pointer=f"/files/{_pointed(path)}",
            )
        if text is not None and len(text.encode("utf-8", "surrogatepass")) > MAX_FILE:
            message = f"`{path}` is larger than {MAX_FILE:,} bytes; split it"
            raise Refused("invalid", "too-long", message, pointer=f"/files/{_pointed(path)}")
        if text is not None and any("\ud800" <= char <= "\udfff" for char in text):
            message = f"`{path}` holds half a character, which UTF-8 cannot say"
            raise Refused("invalid", "wrong-value", message, pointer=f"/files/{_pointed(path)}")


def _pointed(path: str) -> str:
    return path.replace("~", "~0").replace("/", "~1")


def folder_beside(desk: Desk) -> dict[str, Any] | None:
    """The rules folder where it does not hold what is in force: {"digest", "changes", "files"}; None where it does."""
    book = desk.rulebook
    on_disk, _ = read_folder(desk.config.rules)
    digest = digest_of(on_disk)
    if book is None or digest == book.digest:
        return None
    made = changes(book.files, on_disk)
    files = {change["path"]: on_disk[change["path"]] for change in made if change["path"] in on_disk}
    return {"digest": digest, "changes": made, "files": files}


async def edited(desk: Desk, base: str | None, files: Texts) -> dict[str, str]:
    """The texts of an edit: `files` on top of those of the digest `base`, in force, in the folder or before.

    Without a base they are the whole. Raises Refused when there are no such texts, or a path is none.
    """
    check_paths(files)
    if base is None:
        return applied({}, files)
    book = desk.rulebook
    if book is not None and base == book.digest:
        return applied(book.files, files)
    on_disk, _ = await asyncio.get_running_loop().run_in_executor(None, read_folder, desk.config.rules)
    if base == digest_of(on_disk):
        return applied(on_disk, files)
    there = await desk.query(SYSTEM, RulesTexts(base))
    if there is None:
        message = "no rules with this digest are or were in force; begin from `digest` of GET /rules/files"
        raise Refused("invalid", "unknown-base", message, pointer="/base")
    return applied(there["files"], files)


async def _begun_from(desk: Desk, base: str) -> dict[str, str]:
    """The texts an edit began from: those in force, or those of the folder where that holds others (a broken edit).

    Raises Refused `rules-changed`, with what differs, when they are neither, or when files were edited on disk since;
    `rules-broken` when the folder holds what cannot be read.
    """
    book = desk.rulebook
    on_disk, unreadable = await asyncio.get_running_loop().run_in_executor(None, read_folder, desk.config.rules)
    if unreadable:
        # What is published must be the whole folder, or the next load would refuse it.
        _broken(len(unreadable), [told(finding) for finding in unreadable])
    if base == digest_of(on_disk):
        return on_disk
    in_force = dict(book.files) if book is not None else {}
    if book is not None and base == book.digest:
        between = changes(in_force, on_disk)
        message = "files in the rules folder were edited and are not in force; load them or put them back first"
    else:
        began = await desk.query(SYSTEM, RulesTexts(base))
        between = changes(began["files"], in_force) if began is not None else []
        message = "somebody else published meanwhile; look at what is in force now, and publish again"
    details = {"digest": book.digest if book is not None else "", "changes": between}
    raise Refused("conflict", "rules-changed", message, details=details)


async def publish(
    desk: Desk, edit: Edit, known: Rulebook | None = None, checks: Checking | None = None
) -> dict[str, Any]:
    """Puts an edit in force and writes it to the folder; {"changed", "digest", "findings", "changes", "resettling"}:
    the job that carries it to the clocks of open tickets and how many these are, or None.

    `known`, `checks`: see `engine.reload.reload_now`. Raises Refused: `rules-not-held` on a node that does not hold
    the folder, `bad-path`, `rules-changed` (somebody was faster), `permission-needed` (roles), `rules-broken` with the
    findings.
    """
    if not desk.config["rules.hold"]:
        message = "this node does not hold the rules folder (`rules.hold`); publish on the one that does"
        raise Refused("conflict", "rules-not-held", message)
    check_paths(edit.files)
    loop = asyncio.get_running_loop()
    again = await _published(desk, edit)
    if again is not None:
        return again
    texts = await _begun_from(desk, edit.base)
    wanted = applied(texts, edit.files)
    if len(wanted) > MAX_FILES:
        raise Refused("invalid", "too-many-files", f"a rules folder has at most {MAX_FILES} files")
    made = changes(texts, wanted)
    before = known if known is not None and desk.rulebook and known.digest == desk.rulebook.digest else desk.rulebook

    checks = checks or Here(desk, before)
    verdict = await checks.texts(wanted)
    findings = verdict.findings
    if not verdict.sound:
        _broken(verdict.errors, findings)
    book = await assemble(desk, verdict, before)
    activation.may_activate(desk.context, book, edit.may_grant)
    noted = {name: getattr(edit, name) for name in ("base", "by", "note", "source", "may_grant")}
    await activation.begin(desk.context, texts, wanted, {**noted, "digest": book.digest, "findings": findings})
    try:
        await loop.run_in_executor(None, _write, desk.config.rules, texts, made, wanted)
        refused = await desk.activate(
            book,
            by=edit.by,
            note=edit.note,
            source=edit.source,
            findings=findings,
            may_grant=edit.may_grant,
        )
        if refused:
            _broken(len(refused), findings + refused)
    except BaseException:
        backwards = changes(wanted, texts)
        await loop.run_in_executor(None, _write, desk.config.rules, wanted, backwards, texts)
        await activation.give_up(desk.context)
        raise
    checks.shelve(book.digest)
    return {
        "changed": bool(made),
        "digest": book.digest,
        "findings": findings,
        "changes": made,
        "resettling": await _resettling(desk, book.digest),
    }


async def _resettling(desk: Desk, digest: str) -> dict[str, Any] | None:
    return await desk.context.read(lambda tx: resettling.begun(tx, digest))


async def _published(desk: Desk, edit: Edit) -> dict[str, Any] | None:
    """The answer of this very publication if it is in force already: it was cut off and finished, or its answer was
    lost, or it came twice. None where it is another."""
    last = await desk.context.read(activation.last_publication)
    book = desk.rulebook
    if last is None or not last["done"] or book is None or book.digest != last["digest"]:
        return None
    if any(last[name] != getattr(edit, name) for name in ("base", "by", "note", "source")):
        return None
    began = await desk.query(SYSTEM, RulesTexts(last["began"]))
    if began is None or digest_of(applied(began["files"], edit.files)) != book.digest:
        return None
    return {
        "changed": last["began"] != book.digest,
        "digest": book.digest,
        "findings": from_json(last["findings"]),
        "changes": changes(began["files"], book.files),
        "resettling": await _resettling(desk, book.digest),
    }


async def finish(desk: Desk, known: Rulebook | None = None, checks: Checking | None = None) -> dict[str, Any]:
    """Finishes a publication that was cut off after it was noted: the folder is brought to what was wanted, as far as
    nobody else wrote there, and put in force under its author's name. Answers {"finished"}."""
    last = await desk.context.read(activation.last_publication)
    if last is None or last["done"] or not desk.config["rules.hold"]:
        return {"finished": False}
    loop = asyncio.get_running_loop()
    folder = desk.config.rules
    began = await desk.query(SYSTEM, RulesTexts(last["began"]))
    wanted = await desk.query(SYSTEM, RulesTexts(last["digest"]))
    on_disk, unreadable = await loop.run_in_executor(None, read_folder, folder)
    before, after = began["files"], wanted["files"]
    ours = all(on_disk.get(path) in (before.get(path), after.get(path)) for path in {*on_disk, *before, *after})
    if not ours or unreadable or on_disk == before:
        log.warning("a publication by %s was cut off, and is not finished: its author can repeat it", last["by"])
        await activation.give_up(desk.context)
        return {"finished": False}
    await loop.run_in_executor(None, _write, folder, on_disk, changes(on_disk, after), after)
    for left in folder.rglob(f"{DRAFT}*"):
        left.unlink(missing_ok=True)
    more = {name: last[name] for name in ("by", "note", "source", "may_grant")}
    done = await reload_now(desk, known=known, checks=checks, **more)
    if done["digest"] != last["digest"]:
        await activation.give_up(desk.context)
    return {"finished": done["digest"] == last["digest"]}


async def built(desk: Desk, base: str, files: Texts, checks: Checking) -> Rulebook:
    """The rulebook of an edit that is only to be tried: scenarios are not run. Raises Refused as `edited` does, and
    `rules-broken` with the findings."""
    verdict = await checks.texts(await edited(desk, base, files), scenarios=False)
    if verdict.errors:
        _broken(verdict.errors, verdict.findings, "nothing was tried")
    return await assemble(desk, verdict, desk.rulebook)


def _broken(errors: int, findings: list[dict[str, Any]], so: str = "nothing was published") -> NoReturn:
    count = "one thing is" if errors == 1 else f"{errors} things are"
    message = f"{count} not right in these rules; {so}"
    raise Refused("invalid", "rules-broken", message, details={"findings": findings})


def _write(folder: Path, texts: Mapping[str, str], made: Iterable[Change], wanted: Mapping[str, str]) -> None:
    """Brings the folder from `texts` to `wanted`; when that fails half-way, back again. Raises Refused."""
    done: list[Change] = []
    try:
        for change in made:
            _put(folder, change["path"], wanted.get(change["path"]))
            done.append(change)
    except OSError as error:
        for change in reversed(done):
            with contextlib.suppress(OSError, Refused):
                _put(folder, change["path"], texts.get(change["path"]))
        message = f"the rules folder cannot be written: {error.strerror or error}"
        raise Refused("conflict", "rules-not-written", message) from error


def _put(folder: Path, path: str, text: str | None) -> None:
    """Writes or removes one file; readers see the old or the new one. Never outside the folder, whatever links say."""
    target = folder / path
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise Refused("invalid", "bad-path", f"`{path}` leads out of the rules folder")
    if text is None:
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    number, draft = tempfile.mkstemp(dir=target.parent, prefix=DRAFT)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(mode)
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
