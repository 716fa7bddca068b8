"""What a finding proposes, in the keywords of the file it stands in: so that it can be typed there as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from engine.lang.findings import Finding
from engine.lang.formatter import CannotFormat, format_text
from engine.lang.keywords import KEYWORDS, KeywordSet
from engine.lang.lexer import tokenise
from engine.lang.parser import keyword_set
from engine.lang.said import CODE, Said
from engine.lang.source import Place, Source

_WORD = re.compile(r"(?<![\w.-])[a-z]+(?![\w.-])")
_CHINESE: Mapping[KeywordSet, Mapping[str, str]] = {
    script: {keyword.en: keyword.chinese_in(script) for keyword in KEYWORDS} for script in ("zh", "zh-CN")
}
_ELIDED = "left_out"
"""What stands for `…` while a proposal is laid out."""
_AROUND = (
    ("rule r on e when ", "\nthen stop"),
    ("rule r on e then ", ""),
    ("rule r ", "\non e then stop"),
    ("rule r ", "\nthen stop"),
)
"""Where a proposal may stand: as a condition, an action, a header, or events with a condition."""


def in_own_words(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings; those in rule files with Chinese keywords speak of keywords in Chinese."""
    sets: dict[Source, KeywordSet] = {}
    for finding in findings:
        source = finding.span.source
        if not source.path.endswith(".rules") or "`" not in f"{finding.message}{finding.hint}":
            yield finding
            continue
        if source not in sets:
            tokens, _ = tokenise(source.text, Place.whole(source))
            sets[source] = keyword_set(tokens)
        keywords = sets[source]
        if keywords != "en":
            hint = finding.hint and _said(finding.hint, source.text, keywords)
            finding = replace(finding, message=_said(finding.message, source.text, keywords), hint=hint)
        yield finding


def _said(text: str, file: str, keywords: KeywordSet) -> str:
    """A sentence with the code in it in Chinese keywords. "Did you mean" proposes names, which stay."""
    if text.startswith("did you mean"):
        return text
    code = {piece: own for piece in CODE.findall(text) if (own := _piece(piece, file, keywords)) != piece}
    if isinstance(text, Said):
        return text.recoded(code) if code else text
    return CODE.sub(lambda match: f"`{code.get(match[1], match[1])}`", text)


def _piece(code: str, file: str, keywords: KeywordSet) -> str:
    chinese = _CHINESE[keywords]
    words = [word for word in _WORD.findall(code) if word in chinese]
    if not words or any(re.search(rf"(?<![\w.-]){word}(?![\w.-])", file) for word in words):
        return code  # a word that stands in the file as it is is a name there
    if len(words) > 1:
        for before, after in _AROUND:
            try:
                laid = format_text(Source("", before + code.replace("…", _ELIDED) + after), keywords)
            except CannotFormat:
                continue
            return _without(laid, before, after, chinese).replace(_ELIDED, "…")
    return _WORD.sub(lambda match: chinese.get(match[0], match[0]), code)


def _without(laid: str, before: str, after: str, chinese: Mapping[str, str]) -> str:
    """What stands between two known pieces, on one line."""
    flat = " ".join(laid.split())
    start = " ".join(_WORD.sub(lambda match: chinese.get(match[0], match[0]), before).split())
    end = " ".join(_WORD.sub(lambda match: chinese.get(match[0], match[0]), after).split())
    return flat.removeprefix(start).removesuffix(end).strip()
