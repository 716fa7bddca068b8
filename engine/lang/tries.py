"""What beginners write first, and what is meant: help that the parser has tried before it is given.

People come with what they know from other desks' triggers, spreadsheets, SQL, Python or JavaScript. Each row of the
table says how such a piece looks and how rules say it. A row is a proposal only: `first_try` puts it into the line and
reads the whole part again, and gives it as help only where that goes better than before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lark import Token

from engine.lang.grammar import action_words
from engine.lang.keywords import RESERVED, SOFT, KeywordSet, set_of, written
from engine.lang.said import quoted, say
from engine.lang.types import MICROS

_PLACED = re.compile(r"<([A-Z]+)(?:@(\w+))?>")
_FIELD = r"(?P<f>[\w.]+)"
_LIST = r"(?P<f>\w+\.(?:tags|skills|teams))"


@dataclass(frozen=True, slots=True)
class Try:
    """`wrong`: how the piece looks, in any set of keywords. `meant`: how rules say it, keywords as `<IS>`, or as
    `<SET@presence>` where the place in the grammar matters. `part`: `cond` or `actions`; None: either."""

    wrong: re.Pattern[str]
    meant: str
    part: str | None = None

    def proposals(self, line: str, keywords: KeywordSet) -> Iterator[tuple[int, int, str]]:
        """Where the piece stands in a line, and what is meant there."""
        meant = _PLACED.sub(lambda m: written(m[1], keywords, m[2] or ""), self.meant)
        for found in self.wrong.finditer(line):
            yield found.start(), found.end(), found.expand(meant)


def _try(wrong: str, meant: str, part: str | None = None) -> Try:
    return Try(re.compile(wrong, re.IGNORECASE), meant, part)


_UNITS = {
    "s": "seconds?|secs?|秒鐘?|秒钟",
    "m": "minutes?|mins?|分鐘?|分钟?",
    "h": "hours?|hrs?|個?小時|个?小时|鐘頭",
    "d": "days?|天|日",
    "w": "weeks?|wks?|週|周|個?星期|个?星期|禮拜",
}
_IS = r"(?:is|為|为|是)"
_NOT = r"(?:not|非|不)"
_NOTHING = r"(?:null|none|nil|nothing|blank|undefined|unset|missing|空|空白|空的)"

TRIES: tuple[Try, ...] = (
    # values
    *(_try(rf"\b(\d+(?:\.\d+)?)\s*(?:{words})(?!\w)", rf"\g<1>{unit}") for unit, words in _UNITS.items()),
    _try(r"(?<![\d.])(\d{1,3}),(\d{3}),(\d{3})\b", r"\1\2\3", "cond"),
    _try(r"(?<![\d.])(\d{1,3}),(\d{3})\b", r"\1\2"),
    _try(r"(?:NT\$|US\$|[$€£¥])\s*(\d+)", r"\1"),
    # empty or not
    _try(rf"{_IS}\s*{_NOT}\s*(?:empty|空值?|{_NOTHING})(?!\w)", "<IS> <SET@presence>", "cond"),
    _try(rf"\b(?:isn't|isnt)\s+(?:empty|{_NOTHING})\b", "<IS> <SET@presence>", "cond"),
    _try(rf"{_IS}\s*{_NOT}\s*(?:set|present|defined|有值|設定)", "<IS> <EMPTY>", "cond"),
    _try(rf"{_IS}\s*{_NOTHING}(?!\w)", "<IS> <EMPTY>", "cond"),
    _try(rf"{_IS}\s*(?:present|defined|filled|some|設定|设定|有|存在)(?!\w)", "<IS> <SET@presence>", "cond"),
    _try(rf"(?:!=|<>|≠)\s*(?:{_NOTHING}|empty|空值)(?!\w)", "<IS> <SET@presence>", "cond"),
    _try(rf"==?\s*(?:{_NOTHING}|empty|空值)(?!\w)", "<IS> <EMPTY>", "cond"),
    _try(r"(?:has_value|exists|有值|存在)(?=\s|$)", "<IS> <SET@presence>", "cond"),
    _try(rf"\b(?:isset|notnull)\s*\(\s*{_FIELD}\s*\)", r"\g<f> <IS> <SET@presence>", "cond"),
    _try(rf"\b(?:isblank|isempty|isnull)\s*\(\s*{_FIELD}\s*\)", r"\g<f> <IS> <EMPTY>", "cond"),
    # contains
    _try(
        rf"{_FIELD}\s+(?:(?:does\s*not|do\s*not|doesn't|don't|not|doesnt)\s+(?:contains?|include?s?)|不包含|不含|非\s*包含|非\s*contains)\s*",
        r"<NOT> \g<f> <CONTAINS> ",
        "cond",
    ),
    _try(rf"{_FIELD}\s+(?:(?:does|do)\s*not|doesn't|not|doesnt)\s+ha(?:s|ve)\s+", r"<NOT> \g<f> <HAS> ", "cond"),
    _try(rf"{_FIELD}\s+(?:not\s+like)\s+([\"'])%?([^\"'%]*)%?\2", r'<NOT> \g<f> <CONTAINS> "\3"', "cond"),
    _try(r"\blike\s+([\"'])%?([^\"'%]*)%?\1", r'<CONTAINS> "\2"', "cond"),
    _try(r"(?:includes?|contains?|包含|含有|帶有|有)\s+(?:any|one)\s+of\s+(?=\[|\w)", "<CONTAINS> <ANY> ", "cond"),
    _try(r"\b(?:contains?|包含)\s+(?:any|one)\s+of\s+(\w+)", r'<CONTAINS> "\1"', "cond"),
    _try(r"\bany\s+of\s+(\w+)", r'"\1"', "cond"),
    _try(rf"\b{_LIST}\s+(?:contains?|includes?|include|have|包含|含有|有)\s+", r"\g<f> <HAS> ", "cond"),
    _try(r"(?:\bcontain\b|\binclude[sd]?\b|\bcontaining\b|包含|含有|包括)", "<CONTAINS>", "cond"),
    _try(r"(?:\binclude[sd]?\b|\bhave\b|\bhaving\b|包含|含有|包括|有)", "<HAS>", "cond"),
    _try(rf"{_FIELD}\.(?:contains?|includes?)\s*\(\s*(\"[^\"]*\")\s*\)", r"\g<f> <CONTAINS> \2", "cond"),
    _try(rf"{_FIELD}\.starts_?with\s*\(\s*(\"[^\"]*\")\s*\)", r"\g<f> <STARTS> <WITH@affix> \2", "cond"),
    _try(rf"{_FIELD}\.ends_?with\s*\(\s*(\"[^\"]*\")\s*\)", r"\g<f> <ENDS> <WITH@affix> \2", "cond"),
    _try(
        r"\b(?:startswith|starts_with|begins\s+with|beginning\s+with"
        r"|starts?)\s+(?=\")",
        "<STARTS> <WITH@affix> ", "cond",
    ),
    _try(r"\b(?:endswith|ends_with|ending\s+with|ends?)\s+(?=\")", "<ENDS> <WITH@affix> ", "cond"),
    _try(r"(?:開頭為|以)\s*(?=\")", "<STARTS> <WITH@affix> ", "cond"),
    _try(r"\bmatches\s+\"([^\"/]*)\"", r"<MATCHES> /\1/", "cond"),
    _try(r"\bhas\s+(?=\[)", "<HAS> <ANY> ", "cond"),
    _try(r"\bhas\s+([\w.]+)\s+(\w+)", r"\1 <HAS> \2", "cond"),
    # comparisons
    _try(rf"{_IS}\s*{_NOT}\s*in\b", "<NOT> <IN>", "cond"),
    _try(
        r"(?:is\s+not|isn't|isnt|does\s+not\s+equal|not\s+equals?(?:\s+to)?|不等於|不是"
        r"|不為)\s*(?=[\w\"])",
        "!= ", "cond",
    ),
    _try(r"(?:is\s+)?(?:greater|more|bigger|larger|higher)\s+than\s+or\s+equal\s+to", ">=", "cond"),
    _try(r"(?:is\s+)?(?:less|smaller|lower|fewer)\s+than\s+or\s+equal\s+to", "<=", "cond"),
    _try(r"(?:is\s+)?(?:at\s+least|no\s+less\s+than)|大於等於|至少|不小於", ">=", "cond"),
    _try(r"(?:is\s+)?(?:at\s+most|no\s+more\s+than|up\s+to)|小於等於|至多|最多|不大於", "<=", "cond"),
    _try(
        r"(?:is\s+)?(?:greater|more|bigger|larger|higher|longer|later)(?:\s+than)?|\b(?:above"
        r"|over|exceeds|after)\b|大於|超過|多於",
        ">", "cond",
    ),
    _try(
        r"(?:is\s+)?(?:less|smaller|lower|fewer|shorter|earlier)(?:\s+than)?|\b(?:below|under"
        r"|before)\b|小於|少於|低於",
        "<", "cond",
    ),
    _try(r"(?:is\s+)?equals?(?:\s+to)?\b|\beq\b|等於", "=", "cond"),
    _try(r"\b(?:gt|gte|lt|lte)\b", ">", "cond"),
    _try(rf"{_IS}\s+(?=[\w\"])", "= ", "cond"),
    _try(r"(?<![<>=!])=\s*>", ">=", "cond"),
    _try(r"(?<![<>=!])=\s*<", "<=", "cond"),
    _try(r"<\s*>", "!=", "cond"),
    _try(r"!==|=/=|~=", "!=", "cond"),
    _try(r"(?P<f>(?!now\b)[\w.]+)\s+between\s+(\S+)\s+and\s+(\S+)", r"\g<f> >= \2 <AND> \g<f> <= \3", "cond"),
    _try(r"\bin\s*\(([^()]*)\)", r"<IN> [\1]", "cond"),
    _try(r"\bin\s*\{([^{}]*)\}", r"<IN> [\1]", "cond"),
    _try(r"\b(?:is\s+)?(?:one\s+of|any\s+of)\s*\(?\[?([^()\[\]]*)\]?\)?$", r"<IN> [\1]", "cond"),
    _try(r"\bin\s+(\w+(?:\s*,\s*\w+)*)\s*$", r"<IN> [\1]", "cond"),
    _try(r"\[([^\[\]]*)$", r"[\1]", "cond"),
    # joints
    _try(r"\s*(?:[,;，、；]|&&?|\balso\b|\bplus\b|而且|並且|和|及|以及)\s*(?=[\w(])", " <AND> ", "cond"),
    _try(r"\s*(?:\|\|?|或者|或是|\bor\s+else\b|\bxor\b)\s*(?=[\w(])", " <OR> ", "cond"),
    _try(r"\bAND\s*\(\s*([^(),]+)\s*,\s*([^(),]+)\s*\)", r"\1 <AND> \2", "cond"),
    _try(r"\bOR\s*\(\s*([^(),]+)\s*,\s*([^(),]+)\s*\)", r"\1 <OR> \2", "cond"),
    _try(r"\bNOT\s*\(", "<NOT> (", "cond"),
    _try(r"^\s*(?:and|or|且|或)\s+", "", "cond"),
    _try(r"\s*(?:\b(?:and|or|not)|[且或非]|[,;:.])\s*$", "", "cond"),
    # actions
    _try(r"^(\s*)(?:assign|route|send|move)\s+to\s+(?:team|group|團隊)\s+", r"\1<ROUTE> <TO@route> <TEAM> "),
    _try(
        r"^(\s*)(?:route|send|forward|transfer|assign\s+to)(?:\s+to)?\s+(?:team\s+"
        r"|group\s+)?(\w+)\s*$",
        r"\1<ROUTE> <TO@route> <TEAM> \2",
    ),
    _try(r"^(\s*)assign\s+(?:to\s+agent\s+|agent\s+)?([\w.]+)\s*$", r"\1<ASSIGN> <TO@assign> <AGENT> \2"),
    _try(
        r"^(\s*)(?:close|resolve|solve|end|finish|關閉|结案|結案)(?:\s+(?:the\s+)?(?:ticket|case"
        r"|chat|it|工單|案件))?\s*$",
        r"\1<MOVE> <TO@move> closed",
    ),
    _try(
        r"^(\s*)(?:move|change\s+(?:state|status)\s+to|set\s+(?:state"
        r"|status)\s+(?:to\s+)?)\s*(\w+)\s*$",
        r"\1<MOVE> <TO@move> \2",
    ),
    _try(
        r"^(\s*)(?:wait|sleep|delay|pause|等待?"
        r"|等)\s*(?:for\s+)?(\d+[smhdw])\s*$",
        r"\1<START> <TIMER> wait <FOR@start_timer> \2",
    ),
    _try(r"\b(start\s+timer\s+\w+)\s+(?:after\s+|in\s+|at\s+)?(\d+[smhdw])", r"\1 <FOR@start_timer> \2"),
    _try(r"^(\s*)(?:set|change|update|make)\s+([\w.]+)\s*(?:=|:=|:|as|into|成為|為)\s*", r"\1<SET> \2 <TO@set_> "),
    _try(r"^(\s*)(?!set\b)(\w+\.\w+)\s*(?:=|:=)\s*", r"\1<SET> \2 <TO@set_> "),
    _try(
        r"^(\s*)(?:send\s+(?:an?\s+)?(?:e?mail|message|reply)|respond|answer\s+with|write|say"
        r"|email|message)(?:\s+with)?\s+(?=\")",
        r"\1<REPLY> ",
    ),
    _try(r"^(\s*)reply\s+(?:with\s+|using\s+)?(?:the\s+)?template\s+", r"\1<REPLY> <TEMPLATE> "),
    _try(r"^(\s*)(?:reply|send)\s+(?:with\s+)?(\w+)\s*$", r"\1<REPLY> <TEMPLATE> \2"),
    _try(r"^(\s*)reply\s+(?:with|using|:)\s*", r"\1<REPLY> "),
    _try(r"^(\s*)(?:add|set|put)\s+(?:the\s+)?(?:tags?|labels?)\s+", r"\1<ADD> <TAG> "),
    _try(r"^(\s*)(?:tags?|label)\s+(?:with\s+|as\s+)?(?=\w)", r"\1<ADD> <TAG> "),
    _try(r"^(\s*)(?:untag|delete\s+tags?|remove\s+tags|remove\s+the\s+tags?)\s+", r"\1<REMOVE> <TAG> "),
    _try(r"\b((?:add|remove)\s+tag\s+\S+)\s+(?:and|&|\+)\s+", r"\1, "),
    _try(r"^(\s*)(?:add\s+(?:an?\s+)?(?:internal\s+)?(?:note|comment)|comment)\s+", r"\1<NOTE> "),
    _try(r"^(\s*)(?:notify|alert|tell|inform|email)\s+(?:the\s+)?(\w+)\s+(?=\")", r"\1<NOTIFY> <ROLE> \2 "),
    _try(r"^(\s*)(?:notify|alert|tell|inform)\s+(?=\")", r"\1<NOTE> "),
    _try(r"^(\s*)(?:raise|increase|escalate|bump)\s+(\w+\.\w+)\s*$", r"\1<RAISE> \2 <TO@raise_> high"),
    _try(
        r"^(\s*)(?:raise|increase|escalate"
        r"|bump)(?:\s+(?:the\s+)?\w+)?\s*$",
        r"\1<RAISE> ticket.priority <TO@raise_> high",
    ),
    _try(r"^(\s*)(?:lower|decrease|reduce)(?:\s+(?:the\s+)?\w+)?\s*$", r"\1<LOWER> ticket.priority <TO@lower_> low"),
    _try(r"^(\s*)(?:return|exit|break|end\s*if|end|done|quit|halt|abort|pass|do\s+nothing|none)\s*$", r"\1<STOP>"),
    _try(r"^(\s*)(?:ban|blacklist)(?:\s+(?:the\s+)?(?:member|user|customer))?\s*$", r"\1<BLOCK> <MEMBER>"),
    _try(r"^(\s*)block(?:\s+(?:the\s+)?(?:user|customer|guest|it))?\s*$", r"\1<BLOCK> <MEMBER>"),
    _try(r"^(\s*)(?:spam|drop|refuse|ignore)(?:\s+(?:the\s+)?\w+)?\s*$", r"\1<REJECT>"),
    _try(r"\b(?:end|fi|done)\s*$", ""),
)  # fmt: skip
"""Earlier rows first: the more they say, the earlier they stand."""

Reads = Callable[[str], int | None]
"""How far a text can be read: None to its end, else the offset at which it fails."""


def first_try(text: str, at: int, part: str, keywords: KeywordSet, reads: Reads) -> str | None:
    """What to write instead of a line that fails at `at` (an offset in `text`, a part of a rule): the line as it would
    be right, tried; None where the table knows none that can be read."""
    begin = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    line = text[begin:end]
    for row in TRIES:
        if row.part in (None, part):
            for start, stop, meant in row.proposals(line, keywords):
                tried = f"{line[:start]}{meant}{line[stop:]}"
                failed = reads(text[:begin] + tried + text[end:])
                if failed is None or failed > begin + len(tried.rstrip()):
                    return " ".join(tried.split())
    return None


_WORDS = {
    "if": "if", "elif": "else", "elseif": "else", "else": "else", "otherwise": "else", "unless": "if",
    "如果": "if", "若": "if", "否則": "else", "否则": "else", "wait": "wait", "sleep": "wait", "delay": "wait",
    "等待": "wait", "while": "for", "loop": "for", "foreach": "for",
}  # fmt: skip
"""Words that mean another shape of rule, not another word."""


def instead(word: str, part: str, keywords: KeywordSet) -> str | None:
    """The plainer help where no other line was found: the shape of what stands here."""

    def as_written(code: str) -> str:
        return _PLACED.sub(lambda m: written(m[1], keywords, m[2] or ""), code)

    when, then = written("WHEN", keywords), written("THEN", keywords)
    match _WORDS.get(word.lower(), part):
        case "if":
            return say("there is no `{word}`: a condition stands after `{when}`, before `{then}`", word, when, then)
        case "else":
            return say("there is no `{word}`: write a second rule whose condition is the contrary", word)
        case "wait":
            timer = as_written("<START> <TIMER> NAME <FOR@start_timer> 2h")
            return say("a rule does not wait: `{timer}`, and a rule for `timer.fired` goes on", timer)
        case "for":
            each = as_written('<EVERY> day <AT> "09:00" <FOR> <EACH> ticket')
            return say("there are no loops: `{each}` asks each", each)
        case "cond":
            example = as_written("ticket.priority >= high <AND> <NOT> ticket.tags <HAS> handled")
            return say("a condition is such as `{example}`", example)
        case "actions":
            examples = as_written("<ADD> <TAG> vip"), as_written("<ROUTE> <TO@route> <TEAM> NAME")
            return say("an action is such as `{one}` or `{other}`; the manual of rules has them all", *examples)
        case "events":
            return say("an event is such as `ticket.created`; the manual's vocabulary has them all")
        case "head":
            names = quoted(written(kind, keywords) for kind in _HEADERS)
            return say("after its name a rule may have {names}", names)
    return None


_HEADERS = ("STAGE", "PRIORITY", "LIMIT", "FROM", "UNTIL", "OWNER", "NOTE")


def advice(token: Token, tokens: Sequence[Token], expected: set[str]) -> str | None:
    """What is to be said of a single word or sign that does not fit, by what would."""
    if token.type in RESERVED and expected == {"NAME", *SOFT}:
        return say("`{word}` is a keyword; choose another name", token.value)
    if token.type in RESERVED and "NAME" in expected:
        return say('`{word}` is a keyword; as a name it needs quotes: `"{word}"`', token.value)
    after = next((next_ for one, next_ in pairwise(tokens) if one is token), None)
    if token.type == "NAME" and after is not None and after.type == "DOT" and "TEXT" in expected:
        return say("a text is searched for words as they are written, not for what another field has")
    if token.type == "NAME" and "TEXT" in expected and "NAME" not in expected:
        return say('text stands in double quotes: `"{text}"`', token.value)
    before = next((one for one, next_ in pairwise(tokens) if next_ is token), None)
    if before is not None and before.type == "NUMBER" and token.value in MICROS:
        return say("number and unit stand together: `{text}`", f"{before.value}{token.value}")
    if before is not None and before.end_pos == token.start_pos and (before.type, token.type) in _TURNED:
        return say("write `{meant}`", _TURNED[before.type, token.type])
    if token.type in action_words() and "AND" in expected:
        return say("`{word}` stands before the actions", written("THEN", set_of(str(token.value))))
    return None


_TURNED = {("EQ", "GT"): ">=", ("EQ", "LT"): "<=", ("LT", "GT"): "!="}
"""Signs that other languages write otherwise."""
