"""What is fed with damaged texts, and what must hold of it whatever they are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from random import Random

from engine.editor import Workspace
from engine.lang import CODES, CannotFormat, Finding, Severity, Source, format_text, parse
from engine.lang.codes import Example
from engine.reload import load_files
from tests.findings.desk import base
from tests.fuzz.mutate import damaged

CORPUS = Path(__file__).with_name("corpus")
STARTER = Path(__file__).resolve().parents[2] / "rules"


@lru_cache(maxsize=1)
def seeds() -> tuple[tuple[str, str], ...]:
    """Path and text of everything that damage begins from: a sound desk, every example of a finding, the starter rules,
    and whatever once broke something."""
    found = dict(base())
    pairs = list(found.items())
    for code in CODES.values():
        for example in (*code.bad, *code.good):
            pairs.extend(_files_of(example))
    for path in sorted(STARTER.rglob("*")):
        if path.is_file() and path.suffix in (".rules", ".yaml", ".txt"):
            pairs.append((path.relative_to(STARTER).as_posix(), path.read_text("utf-8")))
    for path in sorted(CORPUS.iterdir()):
        pairs.append(kept(path))
    return tuple(pairs)


def _files_of(example: Example) -> list[tuple[str, str]]:
    return list(example.files.items())


def kept(path: Path) -> tuple[str, str]:
    """A corpus file: its first line is the path in the rules folder."""
    name, _, text = path.read_text("utf-8", "surrogatepass").partition("\n")
    return name, text


def draw(random: Random) -> tuple[str, str]:
    """A damaged text and the file it stands for."""
    path, text = random.choice(seeds())
    return path, damaged(text, random, random.choice(seeds())[1])


def check(path: str, text: str, random: Random) -> None:
    """Everything that reads this text. Raises AssertionError, or whatever it is that must not be raised."""
    files = {**base(), path: text}
    findings = load_files(files, run_scenarios=False).findings
    placed(findings, files)
    if path.endswith(".rules"):
        laid_out(path, text)
    asked(path, text, random)


def placed(findings: list[Finding], files: Mapping[str, str]) -> None:
    """Every finding has a known code and stands inside its file."""
    for finding in findings:
        assert finding.code in CODES
        assert finding.message.strip()
        assert finding.spoken("zh-TW").message.strip() and finding.spoken("zh-CN").message.strip()
        for span in (finding.span, *(related.span for related in finding.related)):
            where = f"{finding.code} at {span.source.path}:{span.start}-{span.end}"
            assert 0 <= span.start <= span.end <= len(span.source.text), where
            assert span.source.path in files or not span.source.text, where
            assert span.line >= 1 and span.column >= 1, where
        assert finding.as_dict()["line"] >= 1


def laid_out(path: str, text: str) -> None:
    """What can be read can be laid out; twice is once, and it means the same."""
    source = Source(path, text)
    tree, findings = parse(source)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return
    try:
        once = format_text(source)
    except CannotFormat:
        return
    again, more = parse(Source(path, once))
    assert not any(finding.severity is Severity.ERROR for finding in more), once
    assert len(again.items) == len(tree.items)
    assert format_text(Source(path, once)) == once


@lru_cache(maxsize=1)
def _workspace() -> Workspace:
    workspace = Workspace(base())
    workspace.findings()
    return workspace


def asked(path: str, text: str, random: Random) -> None:
    """An editor may ask anything anywhere."""
    space = _workspace().with_file(path, text)
    lines = text.split("\n")
    line = random.randint(1, len(lines))
    column = random.randint(1, len(lines[line - 1]) + 1)
    space.complete(path, line, column)
    space.hover(path, line, column)
    space.definition(path, line, column)
    space.symbols(path)
