"""What fits where the cursor stands in rule text, also half-typed: the parser's tables say which keywords, the words
before say which names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lark import Token
from lark.exceptions import UnexpectedToken

from engine.editor.mentions import kind_of
from engine.lang import DURATION, Environment, Source, Type
from engine.lang.environment import EVERY_OBJECTS
from engine.lang.functions import BUILTINS
from engine.lang.grammar import action_words, may_follow
from engine.lang.keywords import RESERVED, SOFT, TOKENS, KeywordSet, forms, written
from engine.lang.lexer import tokenise
from engine.lang.parser import chunks, keyword_set
from engine.lang.source import Place
from engine.lang.text import fold

_WORD = re.compile(r"[^\W\d]\w*(?:\.\w*)*$|\d\w*$")
_ALLOWED = re.compile(r"(?:^|\s)(?:allow|容許|容许)\s+(?P<code>[a-z0-9-]*)$")
_SLOT = re.compile(r"\{(?P<field>[\w.]*)$")
_FILTER = re.compile(r"\{[^\W\d][\w.]*\s*(?:\|[^{}|]*)*\|\s*(?P<filter>\w*)$")
_KEYWORDS = frozenset(TOKENS.values())
FLAGS = frozenset({"TRUE", "FALSE"})
_COMPARES = frozenset({"EQ", "NE", "LT", "LE", "GT", "GE"})
_STARTS = frozenset({"RULE", "DEFINE", "WORDS", "STAGE", "ALLOW"})
_LENGTHS = frozenset({"FOR", "AFTER", "PER", "EVERY"})
_LIST_HEADS = frozenset({"TAG", "SKILL", "VIA", "ROLE", "RECIPIENT", "AGENT", "TEAM"})
_NOUN_AFTER = {
    "STAGE": ("stage",),
    "EACH": ("owner",),
    "HOURS": ("calendar",),
    "SKILL": ("skill",),
    "BY": ("routing",),
    "VIA": ("way",),
    "AS": ("sender",),
    "TAG": ("tag",),
    "ROLE": ("role",),
    "RECIPIENT": ("recipient",),
    "TEMPLATE": ("template",),
    "TIMER": ("timer",),
    "OPEN": ("kind",),
    "MASK": ("words",),
    "TEAM": ("team", "field:team"),
    "AGENT": ("field:agent",),
    "DO": ("plugin",),
}
_PLACES: dict[str, dict[str, str]] = {
    "TO": {"SET": "set_", "ADD": "tags", "ROUTE": "route", "ASSIGN": "assign",
           "OPEN": "open"},
    "FOR": {"START": "start_timer", "BLOCK": "block"},
    "AFTER": {"REPLY": "reply"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to offer, and from where on it replaces the text.

    `keywords`: written ones; `kinds`: of names (`value:KIND` for the values of a field's type, `field:KIND` for fields
    that hold one, `flag` for true and false); `objects`: the prefixes of fields at hand, None for all; `writable`: only
    fields that rules write; `like`: only fields that can be compared with it; `quote`: the word stands in this quote.
    """

    start: int
    word: str
    keywords: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    objects: frozenset[str] | None = None
    writable: bool = False
    like: Type | None = None
    quote: str = ""


def wanted(text: str, offset: int, environment: Environment, start: str = "item") -> Wanted | None:
    """What fits at `offset` of a rule file (`start`: `item`) or of a condition in YAML (`cond`); None in a comment."""
    before = text[:offset]
    line = before[before.rfind("\n") + 1 :]
    allowed = _ALLOWED.search(line)
    if allowed is not None and start == "item":
        return Wanted(offset - len(allowed["code"]), allowed["code"], kinds=("code",))
    found = _WORD.search(before)
    word = found.group() if found is not None else ""
    tokens, findings = tokenise(before[: offset - len(word)], Place.whole(Source("", text)))
    open_text = next((f for f in findings if f.message.startswith("a text does not end")), None)
    if open_text is not None and tokens and open_text.span.start == tokens[-1].start_pos:
        return _in_text(before, open_text.span.start, tokens[:-1], environment)
    if _commented(line) or [token.type for token in tokens[-2:]] == ["MATCHES", "SLASH"]:
        return None
    chunk = list(chunks(tokens))[-1] if tokens and start == "item" else list(tokens)
    accepted = _accepted(chunk, start)
    names = accepted is None or "NAME" in accepted
    kinds, writable = _kinds(chunk, environment, start) if names else ((), False)
    like = _other_side(chunk, environment) if kinds and not writable else None
    keywords = _written((accepted or frozenset()) - _unfit(like), chunk, text)
    return Wanted(offset - len(word), word, keywords, kinds, _objects(chunk, environment), writable, like)


def _commented(line: str) -> bool:
    pieces = re.finditer(r'"(?:[^"\\]|\\.)*"|/(?:[^/\\]|\\.)*/|#', line)
    return any(found.group() == "#" for found in pieces)


# --- keywords -------------------------------------------------------------------------------------------------------


def _accepted(chunk: Sequence[Token], start: str) -> frozenset[str] | None:
    """The tokens that may follow; None when what stands before cannot be read."""
    whole = _feed(start, chunk)
    if whole is not None:
        return whole | _STARTS if "$END" in whole and start == "item" else whole
    part, tokens = _part(chunk)
    follow = {"events": {"WHEN", "THEN"}, "cond": {"THEN"}, "actions": set(_STARTS), "head": {"ON"}}.get(part, set())
    joints = {"events": {"COMMA"}, "cond": {"AND", "OR"}, "actions": action_words(), "head": set()}.get(part, set())
    places = [0, *(n for n, token in enumerate(tokens) if token.type in joints)]
    for place in (places[0], *reversed(places[1:])):
        rest = tokens[place:] if part == "actions" or place == 0 else tokens[place + 1 :]
        found = _feed(part, rest)
        if found is not None:
            return found | (follow if "$END" in found else set())
    return None


def _feed(start: str, tokens: Sequence[Token]) -> frozenset[str] | None:
    try:
        return may_follow(start, tokens)
    except UnexpectedToken:
        return None


def _part(chunk: Sequence[Token]) -> tuple[str, Sequence[Token]]:
    """The part of an item its last token is in, and the tokens of that part."""
    kinds = {"ON": "events", "WHEN": "cond", "THEN": "actions"}
    for index in range(len(chunk) - 1, 0, -1):
        kind = chunk[index].type
        if kind in kinds and not (kind == "ON" and any(token.type == "EVERY" for token in chunk[:index])):
            return kinds[kind], chunk[index + 1 :]
        if kind == "EQ" and chunk[0].type == "DEFINE" and index == 2:
            return "cond", chunk[index + 1 :]
    return "head", chunk


def _written(accepted: frozenset[str], chunk: Sequence[Token], text: str) -> tuple[str, ...]:
    """The accepted keywords as this file writes them; both ways where it has none yet."""
    last = chunk[-1].type if chunk else ""
    schedule = last in ("ON", "COMMA") and _part(chunk)[0] == "events"
    real = {
        kind
        for kind in accepted & _KEYWORDS
        if "NAME" not in accepted or kind in RESERVED or (kind == "EVERY" and schedule)
    }
    if not {"NAME", "TEXT"} & accepted and last in _COMPARES:
        real -= set(SOFT)
    all_tokens, _ = tokenise(text, Place.whole(Source("", text)))
    used = any(token.type in RESERVED for token in all_tokens)
    sets: tuple[KeywordSet, ...] = (keyword_set(all_tokens),) if used else ("en", "zh")
    found: list[str] = []
    for keywords in sets:
        for kind in sorted(real, key=list(dict.fromkeys(TOKENS.values())).index):
            found.extend(_forms(kind, keywords, chunk))
    return tuple(dict.fromkeys(found))


def _forms(kind: str, keywords: KeywordSet, chunk: Sequence[Token]) -> Iterable[str]:
    """How a keyword is written here. Chinese has several forms for some, by what they belong to."""
    every = forms(kind, keywords)
    if keywords == "en" or len(every) == 1:
        return every
    last = chunk[-1].type if chunk else ""
    if kind == "EVERY":
        return every
    if kind == "SET":
        return (written(kind, keywords, "presence" if last == "IS" else ""),)
    if kind == "WITH":
        return (written(kind, keywords, "affix" if last in ("STARTS", "ENDS") else ""),)
    if kind == "FROM":
        return (written(kind, keywords, "words_file" if chunk and chunk[0].type == "WORDS" else ""),)
    if kind == "BUSINESS":
        days = last == "DURATION" and str(chunk[-1].value)[-1:] in "dw"
        return (written(kind, keywords, "days" if days else ""),)
    verb = next((token.type for token in reversed(chunk) if token.type in action_words()), "")
    if kind == "TO" and any(token.type == "CHANGED" for token in chunk[-6:]):
        return (written(kind, keywords, "changed"),)
    return (written(kind, keywords, _PLACES.get(kind, {}).get(verb, "")),)


# --- names ----------------------------------------------------------------------------------------------------------


def _kinds(chunk: Sequence[Token], environment: Environment, start: str) -> tuple[tuple[str, ...], bool]:
    """The kinds of names that fit after `chunk`, and whether only fields that rules write."""
    value = ("field", "setting", "definition", "function")
    if not chunk:
        return (value, False) if start == "cond" else ((), False)
    last = chunk[-1].type
    part, _ = _part(chunk) if start == "item" else ("cond", chunk)
    if part == "head":
        if last == "PER":
            return ("scope", "setting"), False
        return (_NOUN_AFTER["STAGE"] if last == "STAGE" else ()), False
    if part == "events":
        if last == "EVERY":
            return ("day", "setting"), False
        if last == "AFTER":
            return ("setting",), False
        if last == "EACH":
            return ("owner",), False
        return (("event",) if last in ("ON", "COMMA") else ()), False
    if last == "COMMA" and not _open_bracket(chunk):
        last = _list_head(chunk)
    if part == "actions":
        if last in ("SET", "RAISE", "LOWER") and (len(chunk) < 2 or chunk[-2].type != "IS"):
            return ("field",), True
        if last in _LENGTHS:
            return ("setting",), False
        if last in ("TO", "FROM"):
            return _after_to(chunk, environment), False
        if last in _NOUN_AFTER:
            return _NOUN_AFTER[last], False
        return _in_call(chunk, environment), False
    if last == "HOURS":
        return ("calendar",), False
    begins = len(chunk) == 3 and chunk[0].type == "DEFINE"  # its `=` compares nothing
    if last in _COMPARES and not begins:
        return (*_values(_operand(chunk[:-1], environment)), "field", "setting", "function"), False
    if last == "HAS":
        return _values(_item(_operand(chunk[:-1], environment))), False
    if last in ("ANY", "ALL", "ONLY"):
        return (("words",) if chunk[-2].type in ("CONTAINS", "EXACT") else ()), False
    bracket = _open_bracket(chunk)
    if bracket and last in ("LSQB", "COMMA") and chunk[bracket].type == "LSQB":
        return _in_list(chunk[:bracket], environment), False
    if last in ("FROM", "TO"):
        at = max((n for n, token in enumerate(chunk) if token.type == "CHANGED"), default=0)
        return _values(_operand(chunk[:at], environment)), False
    if last in ("PLUS", "MINUS", "STAR", "SLASH"):
        return ("field", "setting", "function"), False
    return value, False


def _other_side(chunk: Sequence[Token], environment: Environment) -> Type | None:
    """The type of what a value after `chunk` is compared with or given to."""
    last = chunk[-1].type if chunk else ""
    if last in _COMPARES:
        return _operand(chunk[:-1], environment)
    if last in _LENGTHS:
        return DURATION
    at = max((n for n, token in enumerate(chunk) if token.type in action_words()), default=-1)
    if last == "TO" and at >= 0 and chunk[at].type in ("SET", "RAISE", "LOWER"):
        return _operand(chunk[at + 1 : -1], environment)
    return None


def _unfit(like: Type | None) -> set[str]:
    """The values with a keyword of their own that cannot be compared with a type."""
    if like is None:
        return set()
    return set(FLAGS if like.kind != "flag" else ()) | (
        {"NOW"} if like.kind not in ("time", "date", "duration") else set()
    )


def _values(type_: Type | None) -> tuple[str, ...]:
    if type_ is None:
        return ()
    if type_.kind == "flag":
        return ("flag",)
    kind = kind_of(type_)
    return (f"value:{kind}",) if kind else ()


def _item(type_: Type | None) -> Type | None:
    return None if type_ is None else type_.item


def _after_to(chunk: Sequence[Token], environment: Environment) -> tuple[str, ...]:
    """After `to` or `from` in an action."""
    at = max((n for n, token in enumerate(chunk) if token.type in action_words()), default=0)
    verb = chunk[at].type
    if verb == "MOVE":
        return ("state",)
    if verb in ("ADD", "REMOVE"):
        return ("owner",)
    if verb in ("SET", "RAISE", "LOWER"):
        return (*_values(_operand(chunk[at + 1 : -1], environment)), "field", "setting", "function")
    return ()


def _in_call(chunk: Sequence[Token], environment: Environment) -> tuple[str, ...]:
    """Inside of the brackets of a plugin's action or a function, or in a sum."""
    last, opened = chunk[-1].type, _open_bracket(chunk)
    at = opened - 1
    while at > 1 and chunk[at - 1].type == "DOT":
        at -= 2
    if opened and at > 0 and chunk[at - 1].type == "DO":
        name = "".join(str(token.value) for token in chunk[at:opened])
        if last in ("LPAR", "COMMA"):
            return (f"argument:{name}",)
        if last == "COLON":
            kind = environment.plugin_actions.get(name)
            type_ = kind.parameters.get(str(chunk[-2].value)) if kind is not None else None
            return (*_values(type_), "field", "setting", "function")
    signs = ("LPAR", "COLON", "COMMA", "PLUS", "MINUS", "STAR", "SLASH")
    return ("field", "setting", "function") if last in signs else ()


def _in_list(chunk: Sequence[Token], environment: Environment) -> tuple[str, ...]:
    """Inside of brackets; `chunk` ends before them."""
    at = len(chunk)
    while at and chunk[at - 1].type in ("ANY", "ALL", "ONLY", "EXACT", "NOT"):
        at -= 1
    if at and chunk[at - 1].type in ("IN", "HAS"):
        listed = chunk[at - 1].type == "HAS"
        at -= 1
        while at and chunk[at - 1].type == "NOT":
            at -= 1
        type_ = _operand(chunk[:at], environment)
        return _values(_item(type_) if listed else type_)
    return ()


def _operand(chunk: Sequence[Token], environment: Environment) -> Type | None:
    """The type of the field or call that `chunk` ends with."""
    if not chunk:
        return None
    if chunk[-1].type == "RPAR":
        depth = 0
        for at in range(len(chunk) - 1, -1, -1):
            depth += {"RPAR": 1, "LPAR": -1}.get(chunk[at].type, 0)
            if depth == 0:
                name = str(chunk[at - 1].value) if at else ""
                custom = environment.functions.get(name)
                built_in = BUILTINS.get(name)
                return custom.result if custom else (built_in[0].function.result if built_in else None)
        return None
    names = [str(chunk[-1].value)]
    at = len(chunk) - 2
    while at > 0 and chunk[at].type == "DOT":
        names.append(str(chunk[at - 1].value))
        at -= 2
    field = environment.fields.get(".".join(reversed(names)))
    return None if field is None else field.type


def _open_bracket(chunk: Sequence[Token]) -> int:
    """The place of the innermost bracket that is still open, or 0."""
    depth = 0
    for at in range(len(chunk) - 1, 0, -1):
        kind = chunk[at].type
        if kind in ("RSQB", "RPAR"):
            depth += 1
        elif kind in ("LSQB", "LPAR"):
            if depth == 0:
                return at
            depth -= 1
    return 0


def _list_head(chunk: Sequence[Token]) -> str:
    """The keyword that a list of nouns belongs to, of which `chunk` ends with a comma."""
    for token in reversed(chunk[:-1]):
        if token.type in _LIST_HEADS:
            return token.type
        if token.type not in ("NAME", "TEXT", "COMMA", "DOT", *SOFT):
            break
    return "COMMA"


def _objects(chunk: Sequence[Token], environment: Environment) -> frozenset[str] | None:
    """The field prefixes that each event of the begun rule has; None when it has none that is known yet."""
    if not chunk or chunk[0].type != "RULE":
        return None
    events: list[str] = []
    inside = False
    each: str | None = None
    for index, token in enumerate(chunk):
        if token.type == "ON" and not inside:
            inside = True
            events.append("")
        elif token.type in ("WHEN", "THEN"):
            break
        elif inside and token.type == "COMMA":
            events.append("")
        elif inside and token.type == "EVERY":
            events[-1] = "every"
        elif inside and index and chunk[index - 1].type == "EACH":
            each = str(token.value)
        elif inside and events[-1] != "every" and (token.type in ("NAME", "DOT") or chunk[index - 1].type == "DOT"):
            events[-1] += str(token.value)
    found: frozenset[str] | None = None
    for event in events:
        kind = environment.events.get(event)
        objects = EVERY_OBJECTS.get(each) if event == "every" else (kind.objects if kind is not None else None)
        if objects is not None:
            found = frozenset(objects) if found is None else found & frozenset(objects)
    return found


# --- texts ----------------------------------------------------------------------------------------------------------


def _in_text(before: str, opened: int, chunk: Sequence[Token], environment: Environment) -> Wanted | None:
    """Inside of a text that is still open: a field in braces, or a quoted noun."""
    inner = before[opened + 1 :]
    item = list(chunks(chunk))[-1] if chunk else []
    last = item[-1].type if item else ""
    slot = in_slot(inner, len(before))
    message = last in ("REPLY", "NOTE") or (last not in _NOUN_AFTER and _part(item)[0] == "actions")
    if slot is not None and message:
        return Wanted(slot.start, slot.word, (), slot.kinds, _objects(item, environment))
    if last == "FROM" and item[0].type == "WORDS":
        return Wanted(opened + 1, inner, kinds=("file",), quote='"')
    kinds, _ = _kinds(item, environment, "item")
    nouns = tuple(kind for kind in kinds if kind.startswith("value:") or (":" not in kind and kind in _QUOTABLE))
    return Wanted(opened + 1, inner, kinds=nouns, quote='"') if nouns else None


_QUOTABLE = frozenset(name for names in _NOUN_AFTER.values() for name in names) | {"state"}


def in_slot(inner: str, end: int) -> Wanted | None:
    """A field or filter in the braces of a text of which `inner` stands before the cursor; None outside of braces."""
    found = _SLOT.search(inner)
    if found is not None:
        return Wanted(end - len(found["field"]), found["field"], kinds=("field", "setting"))
    found = _FILTER.search(inner)
    if found is not None:
        return Wanted(end - len(found["filter"]), found["filter"], kinds=("filter",))
    return None


def fitting(word: str, labels: Iterable[str]) -> Iterator[str]:
    """The labels in which the begun word stands: those that begin with it first."""
    start = fold(word)
    inside: list[str] = []
    for label in labels:
        folded = fold(label)
        if folded.startswith(start):
            yield label
        elif start in folded:
            inside.append(label)
    yield from inside
