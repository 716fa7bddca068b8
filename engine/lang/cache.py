"""Compiled rules on disk: what thousands of rules mean, without reading them again.

One file a rule set, named by what it was made of: the texts, the language version, the code of this package, and the
environment (so that a plugin's function that takes something else is another rule set). A file that is missing,
damaged, of another version or of another rule set is no error; the rules are read from their texts then.

It is safe to read because nothing in it is run: it is JSON, read into a fixed list of classes whose every part is
verified (stored.py). Code is generated from the tree as it is from a text just checked. Whoever can change the file
can change what the rules do, as whoever can change the rule files or the database; keep it in the desk's own folder.

Conditions and actions stay packed until they are needed: a rule that never matches is never unpacked.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.lang import ast, tree
from engine.lang.checked import Checked, CheckedAction, EventRef, Limit
from engine.lang.compiler import Unit, compile_test
from engine.lang.conjunctions import Literal, Row, Shape, shape
from engine.lang.environment import Environment
from engine.lang.findings import Finding
from engine.lang.parser import parse
from engine.lang.rule import Condition, Maker, Rule, make_actions, plan_actions
from engine.lang.ruleset import RuleSet
from engine.lang.source import Source
from engine.lang.stored import BadData, Reader, Writer

LANGUAGE = 1
"""The version of the language that `desk.yaml` names."""

_FORMAT = "yingda-rules-1"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was kept of a rule set: the rules, and what YAML conditions use (see `Checked`). `findings`: those that
    were given to `save`."""

    rules: RuleSet
    definitions: Mapping[str, tree.Defined]
    words: Mapping[str, tuple[str, ...]]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of kept rule sets. `code`: folders of code that the findings depend on, beside the language itself."""

    folder: Path
    code: tuple[Path, ...] = ()
    keep: int = 8
    """Rule sets that stay when another is added."""

    def load(self, digest: str, environment: Environment, texts: Mapping[str, str]) -> Loaded | None:
        """See the function."""
        return load(self.folder, self._name(digest), environment, texts)

    def save(
        self, digest: str, environment: Environment, checked: Checked, rules: RuleSet, findings: Sequence[Finding]
    ) -> bool:
        """See the function; the oldest go."""
        done = save(self.folder, self._name(digest), environment, checked, rules, findings)
        forget(self.folder, self.keep)
        return done

    def _name(self, digest: str) -> str:
        return "/".join((digest, *(_code_of(folder) for folder in self.code)))


def key(digest: str, environment: Environment) -> str:
    """The name of a rule set in the cache, 64 hexadecimal digits. `digest`: of all texts of `rules/`."""
    world = json.dumps(environment.describe(), sort_keys=True, default=str)
    code = _code_of(Path(__file__).parent)
    parts = (_FORMAT, str(LANGUAGE), code, world, str(environment.zone), digest)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def save(
    folder: Path,
    digest: str,
    environment: Environment,
    checked: Checked,
    rules: RuleSet,
    findings: Sequence[Finding] = (),
) -> bool:
    """Keep a rule set. False when it could not be written, which costs time only. Readers never see half a file."""
    name = key(digest, environment)
    try:
        data = _pack(name, checked, rules, findings)
        folder.mkdir(parents=True, exist_ok=True)
        number, path = tempfile.mkstemp(dir=folder, prefix=".rules-")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
            Path(path).replace(folder / f"{name}.rules.json")
        except OSError:
            with contextlib.suppress(OSError):
                Path(path).unlink()
            raise
    except (OSError, BadData):
        return False
    return True


def load(folder: Path, digest: str, environment: Environment, texts: Mapping[str, str]) -> Loaded | None:
    """The rule set that `save` kept for this digest and environment; None when there is none that can be trusted.

    `texts`: every file of `rules/` by path, of which `digest` is.
    """
    name = key(digest, environment)
    try:
        with uncollected():
            return _unpack((folder / f"{name}.rules.json").read_bytes(), name, environment, texts)
    except (OSError, BadData):
        return None


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """For making a rule set: all of it stays, and looking through it again and again can take as long as making it."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def forget(folder: Path, keep: int) -> None:
    """Removes all but the `keep` rule sets that were written last."""
    with contextlib.suppress(OSError):
        files = sorted(folder.glob("*.rules.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[keep:]:
            path.unlink(missing_ok=True)


@lru_cache(maxsize=8)
def _code_of(folder: Path) -> str:
    """The code in a folder: another one may mean other trees, or say other things of them."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".lark"):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


# ---- writing -----------------------------------------------------------------------------------------------------
# A line that says what it is, a line with everything that is read at once, then the packed parts end to end.


def _pack(name: str, checked: Checked, rules: RuleSet, findings: Sequence[Finding]) -> bytes:
    writer = Writer()
    packed: list[bytes] = []
    at = 0
    heads: list[list[Any]] = []
    waits: dict[tuple[EventRef, ...], int] = {}
    for rule in rules.rules:
        condition = rule.condition
        part = _json([None if condition is None else writer.write(condition.tree), writer.write(rule.actions)])
        heads.append(
            [
                *(rule.id, rule.name, rule.title, rule.line, writer.span(rule.span), rule.stage, rule.priority),
                *(rule.owner, rule.note, rule.shop, rule.starts, rule.ends),
                None if rule.limit is None else [rule.limit.count, rule.limit.per, rule.limit.scope],
                waits.setdefault(rule.events, len(waits)),
                sorted(rule.reads),
                rule.names_automatic,
                rule.variant,
                None if condition is None else sorted(condition.reads),
                None if condition is None else _rows(condition.shape, writer),
                *(at, len(part)),
            ]
        )
        packed.append(part)
        at += len(part)
    body = {
        "rules": heads,
        "events": [writer.write(events) for events in waits],
        "stages": list(rules.stages),
        "defined": {word: writer.write(one)[1] for word, one in checked.definitions.items()},
        "words": {word: writer.write(tuple(items)) for word, items in checked.words.items()},
        "findings": writer.write(tuple(findings)),
    }
    body["tables"] = writer.tables()
    content = b"".join((_json(body), b"\n", *packed))
    head = _json({"format": _FORMAT, "name": name, "sha256": hashlib.sha256(content).hexdigest()})
    return head + b"\n" + content


def _json(data: Any) -> bytes:
    # ASCII only, so that a lone surrogate, which UTF-8 cannot say, is no special case.
    return json.dumps(data, separators=(",", ":")).encode("ascii")


def _rows(found: Shape, writer: Writer) -> list[Any]:
    rows = [
        [
            [kind, slot, [writer.write(value) for value in values], name, exact]
            for kind, slot, values, name, exact in row
        ]
        for row in found.rows
    ]
    return [found.sure, rows]


# ---- reading -----------------------------------------------------------------------------------------------------


def _unpack(data: bytes, name: str, environment: Environment, texts: Mapping[str, str]) -> Loaded:
    first = data.find(b"\n")
    second = data.find(b"\n", first + 1)
    try:
        head = json.loads(data[:first])
        sound = head == {"format": _FORMAT, "name": name, "sha256": hashlib.sha256(data[first + 1 :]).hexdigest()}
        if not sound:
            raise BadData("not this rule set, or not whole")
        body = json.loads(data[first + 1 : second])
        reader = Reader(body["tables"], environment, texts)
        shelf = _Shelf(data, second + 1, reader)
        waits = [_events(reader.read(events)) for events in body["events"]]
        rules = [_rule(row, shelf, waits) for row in body["rules"]]
        return Loaded(
            RuleSet(rules, body["stages"]),
            {word: reader.defined(one) for word, one in body["defined"].items()},
            {word: reader.read(items) for word, items in body["words"].items()},
            reader.read(body["findings"]),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadData(str(error)) from error


class _Shelf:
    """The packed parts of one rule set."""

    def __init__(self, data: bytes, start: int, reader: Reader) -> None:
        self._data = data
        self._start = start
        self.reader = reader
        self._files: dict[str, dict[int, ast.Rule]] = {}

    def take(self, at: int, length: int) -> list[Any]:
        """The part there."""
        try:
            part: list[Any] = json.loads(self._data[self._start + at : self._start + at + length])
        except ValueError as error:
            raise BadData(str(error)) from error
        return part

    def parsed(self, source: Source, start: int) -> ast.Rule:
        """The rule that begins there, from its text; all of a file at the first wish."""
        found = self._files.get(source.path)
        if found is None:
            file, _ = parse(source)
            found = {item.span.start: item for item in file.items if isinstance(item, ast.Rule)}
            self._files[source.path] = found
        return found[start]


class _Tests(Mapping[str, tree.Test]):
    """The tests of a stored condition by their keys, worked out from its tree at the first wish."""

    def __init__(self, test: Callable[[], tree.Test]) -> None:
        self._test = test
        self._found: Mapping[str, tree.Test] | None = None

    def _all(self) -> Mapping[str, tree.Test]:
        if self._found is None:
            self._found = shape(self._test()).tests
        return self._found

    def __getitem__(self, name: str) -> tree.Test:
        return self._all()[name]

    def __iter__(self) -> Any:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


class _StoredCondition(Condition):
    """A condition whose tree is unpacked and compiled when it is first asked or shown."""

    __slots__ = ("_at", "_compiled", "_shelf")

    def __init__(self, shelf: _Shelf, at: tuple[int, int], reads: frozenset[str], rows: Any) -> None:
        self._shelf = shelf
        self._at = at
        self._tree = None
        self._parts = None
        self._compiled: Any = None
        self.reads = reads
        self.call = self._first
        sure, each = rows
        self._shape = Shape(tuple([_row(row, shelf.reader) for row in each]), sure is True, _Tests(lambda: self.tree))

    def _read(self) -> tree.Test:
        found = self._shelf.reader.read(self._shelf.take(*self._at)[0])
        if not isinstance(found, tree.Test):
            raise BadData("not a condition")
        return found

    def _first(self, g: Any, b: Any, h: Any, m: Any) -> Any:
        if self._compiled is None:  # the index may hold on to this method
            self._compiled = self.call = compile_test(self.tree)
        return self._compiled(g, b, h, m)


class _StoredBody:
    """Actions and source of a rule, unpacked when it first acts or is shown."""

    __slots__ = ("_actions", "_at", "_makers", "_shelf", "_span")

    def __init__(self, shelf: _Shelf, at: tuple[int, int], span: Any) -> None:
        self._shelf = shelf
        self._at = at
        self._span = span
        self._actions: tuple[CheckedAction, ...] | None = None
        self._makers: tuple[Maker, ...] | None = None

    @property
    def actions(self) -> tuple[CheckedAction, ...]:
        """See Rule."""
        if self._actions is None:
            found = self._shelf.reader.read(self._shelf.take(*self._at)[1])
            if not isinstance(found, tuple) or not all(isinstance(one, CheckedAction) for one in found):
                raise BadData("not actions")
            self._actions = found
        return self._actions

    @property
    def makers(self) -> tuple[Maker, ...]:
        """See Rule."""
        if self._makers is None:
            unit = Unit()
            plans = plan_actions(self.actions, unit)
            self._makers = make_actions(self.actions, plans, unit.build())
        return self._makers

    @property
    def source(self) -> ast.Rule:
        """See Rule."""
        return self._shelf.parsed(self._span.source, self._span.start)


def _row(row: list[Any], reader: Reader) -> Row:
    read = reader.read
    return tuple(
        [
            Literal(kind, slot, tuple([read(item) if type(item) is list else item for item in values]), name, exact)
            for kind, slot, values, name, exact in row
        ]
    )


def _events(found: Any) -> tuple[EventRef, ...]:
    if not isinstance(found, tuple) or not all(isinstance(event, EventRef) for event in found):
        raise BadData("not events")
    return found


def _rule(row: list[Any], shelf: _Shelf, waits: Sequence[tuple[EventRef, ...]]) -> Rule:
    id_, name, title, line, span, stage, priority, owner, note, shop, starts, ends, limit, events, *rest = row
    reads, automatic, variant, asks, rows, at, length = rest
    where = shelf.reader.span(span)
    condition = None if asks is None else _StoredCondition(shelf, (at, length), frozenset(asks), rows)
    if type(priority) is not int:
        raise BadData("not a rule")
    return Rule(
        id=id_,
        name=name,
        title=title,
        file=where.source.path,
        line=line,
        span=where,
        stage=stage,
        priority=priority,
        owner=owner,
        note=note,
        shop=shop,
        starts=starts,
        ends=ends,
        limit=None if limit is None else Limit(*limit),
        events=waits[events],
        condition=condition,
        reads=frozenset(reads),
        names_automatic=automatic is True,
        variant=variant,
        body=_StoredBody(shelf, (at, length), where),
    )
