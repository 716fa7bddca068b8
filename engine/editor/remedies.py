"""What can be done about a finding with one click, made of its hint. A remedy is offered only where it is sure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from engine.editor.results import CodeAction, Edit, Place
from engine.editor.spelling import noun, quoted, scalar
from engine.lang import Finding, Severity, Span, ast
from engine.lang.keywords import RESERVED, TOKENS, set_of
from engine.lang.said import say

_MEANT = re.compile(r"did you mean `([^`]+)`\?")
_QUOTE = re.compile(r'(?:quote it|needs quotes|in double quotes): `("[^`]*")`')
_WRITE = re.compile(r"write `([^`]+)`")
_CONTAINS = re.compile(r'^`(?:contains|包含) ("(?:[^"\\]|\\.)*")`')
_IN_LIST = re.compile(r"write `(?P<left>\S+) (?P<op>in|not in|屬於|非 屬於) \[(?P<first>[^,\]]+), (?P<name>[^\]]+)\]`")
_REPLACED = frozenset({"suspicious-characters", "unknown-keyword", "syntax-error"})
_QUOTES = "\"'“”「」『』＂"


def remedies(finding: Finding, tree: ast.File | None) -> Iterator[CodeAction]:
    """The remedies for a finding; `tree` is of its file, if that is one of rules."""
    for make in _ALL:
        found = make(finding, tree)
        if found is not None:
            title, span, text = found
            edit = Edit(Place.of(span), text)
            yield CodeAction(title, finding.code, (edit,), Place.of(finding.span))


Made = tuple[str, Span, str] | None


def _meant(finding: Finding, tree: ast.File | None) -> Made:
    """Did you mean …?"""
    found = _MEANT.search(finding.hint or "")
    if found is None:
        return None
    name, span = found[1], finding.span
    if finding.code == "unknown-keyword":
        text = name
    elif span.text[:1] in _QUOTES and span.text:
        text = quoted(name)
    elif not span.source.path.endswith(".rules"):
        # In a template's braces or a condition a name stands as it is; elsewhere it is a scalar.
        text = name if "." in name or finding.code in ("unknown-field", "unknown-function") else scalar(name)
    else:
        text = noun(name) if "." not in name and "-" not in name else name
    return say("Write `{text}`", name), span, text


def _quote(finding: Finding, tree: ast.File | None) -> Made:
    """Put it in quotes."""
    found = _QUOTE.search(finding.hint or "")
    if found is None:
        return None
    text = found[1] if "…" not in found[1] else quoted(finding.span.text.strip("'"))
    return say("Write `{text}`", text), finding.span, text


def _unquote(finding: Finding, tree: ast.File | None) -> Made:
    """Write it without quotes."""
    text = finding.span.text
    if finding.hint != "write it without quotes" or len(text) < 3 or text[:1] not in _QUOTES:
        return None
    return say("Write `{text}`", text[1:-1]), finding.span, text[1:-1]


def _write(finding: Finding, tree: ast.File | None) -> Made:
    """Another sign or keyword."""
    if finding.code not in _REPLACED:
        return None
    hint, span = finding.hint or "", finding.span
    if hint.startswith("write plain double quotes"):
        return say("Write plain double quotes"), span, f'"{span.text[1:-1]}"'
    if hint.startswith("remove it") and len(span.text) == 1:
        return say("Remove the invisible character"), span, ""
    found = _WRITE.match(hint)
    if found is None or '"' in found[1] or " " in found[1]:
        return None
    return say("Write `{text}`", found[1]), span, found[1]


def _in_list(finding: Finding, tree: ast.File | None) -> Made:
    """`a = x or y` is `a in [x, y]`."""
    found = _IN_LIST.fullmatch(finding.hint or "")
    if found is None or finding.code != "unknown-field":
        return None
    source = finding.span.source
    before = source.text[: finding.span.start]
    pattern = rf"{re.escape(found['left'])}\s*(?:!=|=)\s*{re.escape(found['first'])}\s+\S+\s*$"
    start = re.search(pattern, before)
    if start is None:
        return None
    chinese = re.search(r"或\s*$", before) is not None
    op = {"in": "屬於", "not in": "非 屬於"}[found["op"]] if chinese else found["op"]
    text = f"{found['left']} {op} [{found['first']}, {found['name']}]"
    return say("Write `{text}`", text), source.span(start.start(), finding.span.end), text


def _contains(finding: Finding, tree: ast.File | None) -> Made:
    """A pattern that is plain text."""
    found = _CONTAINS.match(finding.hint or "")
    if finding.code != "pattern-needless" or found is None:
        return None
    source = finding.span.source
    word = re.search(r"(matches|符合)\s*$", source.text[: finding.span.start])
    if word is None:
        return None
    text = f"{'contains' if word[1] == 'matches' else '包含'} {found[1]}"
    return say("Write `{text}`", text), source.span(word.start(), finding.span.end), text


def _remove(finding: Finding, tree: ast.File | None) -> Made:
    """What nothing uses."""
    if finding.code not in ("unused-definition", "unused-words") or tree is None:
        return None
    for item in tree.items:
        if isinstance(item, ast.Define | ast.Words) and item.name.span == finding.span:
            return say("Remove `{name}`", item.name.text), _whole_lines(item.span), ""
    return None


def _allow(finding: Finding, tree: ast.File | None) -> Made:
    """`allow CODE "why"` in the rule, or in the file."""
    # What is wrong with characters is not a matter of rules, and can only be mended.
    if finding.severity is not Severity.WARNING or tree is None or finding.code == "suspicious-characters":
        return None
    source = tree.source
    at = finding.span.start
    rule = next((r for r in tree.items if isinstance(r, ast.Rule) and r.span.start <= at <= r.span.end), None)
    word = "allow" if _is_english(source.text) else "容許"
    line = f'{word} {finding.code} "…"'
    if rule is None:
        return say("Allow `{code}` in this file", finding.code), source.span(0, 0), f"{line}\n\n"
    head = rule.title.span.end if rule.title is not None else rule.name.span.end
    return say("Allow `{code}` in `{rule}`", finding.code, rule.name.text), source.span(head, head), f"\n  {line}"


def _is_english(text: str) -> bool:
    """Whether a rule file has English keywords: its first reserved word says so."""
    for word in re.findall(r"[^\W\d]\w*", re.sub(r"#[^\n]*", "", text)):
        if TOKENS.get(word) in RESERVED:
            return set_of(word) == "en"
    return True


def _whole_lines(span: Span) -> Span:
    """The lines of a span with their breaks, and the empty line after them."""
    text = span.source.text
    start = text.rfind("\n", 0, span.start) + 1
    if text[start : span.start].strip():
        start = span.start
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end + 1
    if text[end : end + 1] == "\n":
        end += 1
    return span.source.span(start, end)


_ALL: tuple[Callable[[Finding, ast.File | None], Made], ...] = (
    _meant,
    _quote,
    _unquote,
    _write,
    _in_list,
    _contains,
    _remove,
    _allow,
)
