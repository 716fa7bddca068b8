"""What to write instead of a line that cannot be read: known repairs (`tries`), one after another until it is right.

A repair is kept only where the line goes better with it than before. Whether a line is right the grammar says, and,
where the desk's names are known, the checker too (`trial`): so no help is itself an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lark.exceptions import UnexpectedToken

from engine.lang.findings import Finding, denies, suggest
from engine.lang.grammar import grammar
from engine.lang.keywords import KeywordSet, forms
from engine.lang.lexer import tokenise
from engine.lang.limits import LIMITS
from engine.lang.said import Said, say
from engine.lang.source import Place, Source
from engine.lang.tries import TRIES

PARTS = ("events", "cond", "actions")
"""The parts of a rule in which something is tried."""


@dataclass(frozen=True, slots=True)
class Slip:
    """Where a text cannot be read: in the part of a rule from `begin` to `end`, at `at`. `item`: the rule it is in,
    if it is in one. `keyword`: the keyword that may stand there instead. `otherwise`: the help if nothing is found."""

    text: str
    part: str
    begin: int
    end: int
    at: int
    keywords: KeywordSet
    item: tuple[int, int] | None = None
    keyword: str | None = None
    otherwise: str | None = None

    @property
    def line(self) -> tuple[int, int]:
        """The line of the part that cannot be read."""
        begin = max(self.begin, self.text.rfind("\n", 0, self.at) + 1)
        end = self.text.find("\n", self.at)
        return begin, min(self.end, len(self.text) if end < 0 else end)

    def with_line(self, line: str) -> tuple[str, int]:
        """The part with another line, and where that begins in it."""
        begin, end = self.line
        return self.text[self.begin : begin] + line + self.text[end : self.end], begin - self.begin


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a line goes wrong, and the pieces that may be meant there, as `(start, end, piece)`. `reads`: it can be
    read, and names what there is not."""

    at: int
    meant: tuple[tuple[int, int, str], ...] = ()
    reads: bool = False

    def left(self, line: str) -> tuple[bool, int]:
        """How much is wrong yet."""
        return not self.reads, len(line) - self.at


Look = Callable[[Slip, str], Fault | None]
"""Says where a line in place of the slip's own goes wrong; None: nowhere."""


def read(slip: Slip, line: str) -> Fault | None:
    """A `Look` that only reads."""
    tried, before = slip.with_line(line)
    tokens, problems = tokenise(tried, Place.whole(Source("", tried)))
    wrong = [one.span.start for one in problems if one.severity.value == "error"]
    at, expected, token = len(tried), set[str](), None
    try:
        grammar().parse(tokens, start=slip.part)
    except UnexpectedToken as error:
        expected = set(error.accepts or error.expected or ())
        if error.token.type != "$END":
            token = error.token
            at = token.start_pos or 0
    else:
        expected = {""}
    at = min([at, *wrong])
    if not wrong and expected == {""}:
        return None
    if before + len(line.rstrip()) < at < len(tried):
        return None  # what follows has a mistake of its own
    meant: tuple[tuple[int, int, str], ...] = ()
    if token is not None and token.type == "NAME" and (token.start_pos or 0) == at:
        near = keyword_meant(str(token.value), expected, slip.keywords)
        if near is not None:
            meant = ((at - before, (token.end_pos or 0) - before, near),)
    return Fault(max(0, at - before), meant)


def keyword_meant(word: str, expected: set[str], keywords: KeywordSet) -> str | None:
    """The keyword that fits and is close to a name."""
    fitting = {form for kind in expected for form in forms(kind, keywords)}
    if keywords != "en":
        # Chinese is written without spaces, so a keyword easily sticks to what follows.
        stuck = max((form for form in fitting if word.startswith(form)), key=len, default=None)
        if stuck is not None:
            return f"{stuck} {word[len(stuck) :]}"
    return suggest(word, fitting)


def with_help(finding: Finding, look: Look, names: Mapping[str, Sequence[str]]) -> Finding:
    """The finding with the help that is right where it stands: the keyword, or the line; else the plainer help."""
    slip: Slip = finding.slip
    begin, end = slip.line
    line = slip.text[begin:end]
    nearly = None
    if slip.keyword is not None:
        word = finding.span.text
        put = line[: slip.at - begin] + slip.keyword + line[slip.at - begin + len(word) :]
        after = look(slip, put)
        if after is None:
            return replace(finding, hint=say("did you mean `{name}`?", slip.keyword))
        if after.at > slip.at - begin + len(slip.keyword) + 1:
            nearly = say("did you mean `{name}`?", slip.keyword)
    meant = mended(slip, look, names)
    return replace(finding, hint=nearly or slip.otherwise if meant is None else say("write `{meant}`", meant))


def mended(slip: Slip, look: Look, names: Mapping[str, Sequence[str]]) -> str | None:
    """The line as it would be right; None where no row of repairs leads there. `names`: what stands for `CLOSED` and
    such in a repair on this desk, the likeliest first."""
    begin, end = slip.line
    line = slip.text[begin:end]
    seen, ahead = {line}, [(line, look(slip, line))]
    for _ in range(LIMITS.repairs):
        further: list[tuple[str, Fault | None]] = []
        for one, fault in ahead:
            if fault is None:
                continue
            for tried in _repaired(one, fault, slip, names):
                if tried in seen or len(seen) > LIMITS.trials:
                    continue
                seen.add(tried)
                found = look(slip, tried)
                if found is None:
                    if denies(line) == denies(tried) or _weighs(tried):
                        return " ".join(tried.split())
                elif found.left(tried) < fault.left(one):
                    further.append((tried, found))
        ahead = further
    return None


def _repaired(line: str, fault: Fault, slip: Slip, names: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for row in TRIES:
        if row.part in (None, slip.part):
            for start, stop, meant in row.proposals(line, slip.keywords, names):
                yield f"{line[:start]}{meant}{line[stop:]}"
    for start, stop, meant in fault.meant:
        yield f"{line[:start]}{meant}{line[stop:]}"


_WEIGHS = re.compile(r"[<>]|!=|\b(?:not|set|empty)\b|非|有值|空值")


def _weighs(line: str) -> bool:
    """Whether a line has a sign that can stand for a negation, or for what was one: `not more than` is `<=`."""
    return _WEIGHS.search(line) is not None


def name_meant(finding: Finding, before: int) -> tuple[tuple[int, int, str], ...]:
    """The name that a finding of the checker proposes for the piece it stands on, in a line that begins at `before`."""
    hint = finding.hint
    if not isinstance(hint, Said) or hint.template not in ("did you mean `{name}`?", "write `{meant}`"):
        return ()
    (meant,) = hint.values.values()
    return ((finding.span.start - before, finding.span.end - before, str(meant)),)
