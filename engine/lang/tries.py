"""What beginners write first, and what is meant: help that the parser has tried before it is given.

People come with what they know from other desks' triggers, spreadsheets, SQL, Python or JavaScript. Each row of the
table says how such a piece looks and how rules say it. A row is a proposal only: `mending` puts it into the line, tries
whether that goes better than before, and gives it as help only where the line is right in the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lark import Token

from engine.lang.grammar import action_words
from engine.lang.keywords import RESERVED, SOFT, KeywordSet, set_of, written
from engine.lang.said import Said, say
from engine.lang.types import MICROS

_PLACED = re.compile(r"<([A-Z]+)(?:@(\w+))?>")
_NAMED = re.compile(r"\{([A-Z]+)\}")
"""Where a repair takes a name of the desk: `{CLOSED}` a state that ends a case, `{OPEN}` one that goes on."""
_FIELD = r"(?P<f>[\w.]+?)"
_LIST = r"(?P<f>\w+\.(?:tags|skills|teams))"


def _placed(piece: str, keywords: KeywordSet) -> str:
    return _PLACED.sub(lambda m: written(m[1], keywords, m[2] or ""), piece)


@dataclass(frozen=True, slots=True)
class Try:
    """`wrong`: how the piece looks, in any set of keywords. `meant`: how rules say it, keywords as `<IS>`, or as
    `<SET@presence>` where the place in the grammar matters. `part`: `cond` or `actions`; None: either."""

    wrong: re.Pattern[str]
    meant: str
    part: str | None = None

    def proposals(
        self, line: str, keywords: KeywordSet, names: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, int, str]]:
        """Where the piece stands in a line, and what is meant there; with each of the `names` for what `{CLOSED}` and
        such stand for."""
        place = _NAMED.search(self.meant)
        for found in self.wrong.finditer(line):
            for name in names.get(place[1], ()) if place else ("",):
                meant = self.meant.replace(place[0], name) if place else self.meant
                yield found.start(), found.end(), found.expand(_placed(meant, keywords))


def _try(wrong: str, meant: str, part: str | None = None) -> Try:
    return Try(re.compile(wrong, re.IGNORECASE), meant, part)


_ACTS = (
    "set|raise|lower|add|remove|move|route|assign|reply|note|notify|answer|ask|start|cancel|open|mask|reject|flag|block"
    "|do|stop|close|send|tag|設定|提高|降低|加上|移除|移到?|分派|指派|回覆|通知|啟動|取消|開立|停止|结案|結案"
)
"""How an action begins, or what people take for one."""
_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_UNITS = {
    "s": "seconds?|secs?|秒鐘?|秒钟",
    "m": "minutes?|mins?|分鐘?|分钟?",
    "h": "hours?|hrs?|個?小時|个?小时|鐘頭",
    "d": "days?|天|日",
    "w": "weeks?|wks?|週|周|個?星期|个?星期|禮拜",
}
_IS = r"(?:is|為|为|是)"
_NOT = r"(?:not|非|不)"
_NO = r"(?:不|未|非|沒有|没有|沒|没|無|无)"
_NOT_EN = r"(?:(?:does|do|did|has|is)\s*not|doesn't|don't|didn't|hasn't|isn't|doesnt|dont|not)"
_NOTHING = r"(?:null|none|nil|nothing|blank|undefined|unset|missing|空|空白|空的)"

TRIES: tuple[Try, ...] = (
    # events
    _try(
        r"(?:每天|每日|\bdaily|\bevery\s*day)\s*(?:at|在|於|于)?\s*\"?(\d\d:\d\d)\"?",
        r'<EVERY> day <AT> "\1"', "events",
    ),
    _try(r"(?:每個?小時|每个?小时|\bhourly\b|\bevery\s+hour\b)", "<EVERY> 1h", "events"),
    # values
    *(_try(rf"\b(\d+(?:\.\d+)?)\s*(?:{words})(?!\w)", rf"\g<1>{unit}") for unit, words in _UNITS.items()),
    _try(r"(?<![\d.])(\d{1,3}),(\d{3}),(\d{3})\b", r"\1\2\3", "cond"),
    _try(r"(?<![\d.])(\d{1,3}),(\d{3})\b", r"\1\2"),
    _try(r"(?:NT\$|US\$|[$€£¥])\s*(\d+)", r"\1"),
    # empty or not
    _try(rf"\s*(?:不|非)\s*{_IS}?\s*(?:空值?|{_NOTHING})(?!\w)", " <IS> <SET@presence>", "cond"),
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
    # what is not so
    *(
        _try(rf"{_FIELD}(?:\s*{_NO}\s*|\s+{_NOT_EN}\s+)(?:{words})(?!\w)\s*", rf"<NOT> \g<f> {meant} ", "cond")
        for words, meant in (
            ("包含|含有|含|包括|帶有|带有|有|contains?|includes?", "<CONTAINS>"),
            ("帶有|带有|包含|含有|含|包括|有|has|have|contains?|includes?", "<HAS>"),
            ("開頭|开头|starts?", "<STARTS>"),
            ("結尾|结尾|ends?", "<ENDS>"),
            ("符合|匹配|match(?:es)?", "<MATCHES>"),
            ("已?變更|已?变更|改變|改变|changed?", "<CHANGED>"),
        )
    ),
    _try(rf"\s*{_NO}\s*(?:屬於|属于|在|為|为)\s*(?=\[)", " <NOT> <IN> ", "cond"),
    _try(r"\s*(?:沒有|没有|無|无|未)\s*(?:值|設定|设定|填寫?|填写?)?\s*$", " <IS> <EMPTY>", "cond"),
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
    _try(rf"{_FIELD}\s*!~\s*(/(?:[^/\\]|\\.)+/i?)", r"<NOT> \g<f> <MATCHES> \2", "cond"),
    _try(r"\s*(?:=~|~=?|(?<![=!])==?)\s*(/(?:[^/\\]|\\.)+/i?)", r" <MATCHES> \1", "cond"),
    _try(r"\bmatches\s+\"([^\"/]*)\"", r"<MATCHES> /\1/", "cond"),
    _try(r"\bhas\s+(?=\[)", "<HAS> <ANY> ", "cond"),
    _try(r"\bhas\s+([\w.]+)\s+(\w+)", r"\1 <HAS> \2", "cond"),
    # days
    _try(
        r"\b(?:weekday|today|now|date)\s*(?:==?|is|in|on)\s*(?:the\s+)?(?:an?\s+)?\[?weekends?\]?",
        "weekday <IN> [saturday, sunday]", "cond",
    ),
    _try(
        r"\b(?:weekday|today|now|date)\s*(?:==?|is|in|on)\s*(?:the\s+)?(?:an?\s+)?\[?(?:weekdays?|workdays?)\]?$",
        "weekday <IN> [monday, tuesday, wednesday, thursday, friday]", "cond",
    ),
    _try(
        r"(?:weekday|today|now|星期|今天)?\s*(?:屬於|=|為|为|是)?\s*(?:週末|周末)",
        "weekday <IN> [saturday, sunday]", "cond",
    ),
    _try(rf"\b(?:today|now|date)\s*(?:==?|is|on)\s*({_DAY})\b", r"weekday = \1", "cond"),
    _try(
        rf"\b(?:weekday|today|now|date)\s*(?:==?|is|in|on)\s*({_DAY})\s*(?:\|\|?|,|/|or)\s*({_DAY})\b",
        r"weekday <IN> [\1, \2]", "cond",
    ),
    _try(r"\b(?:member|customer|user)\s*(?:==?|is)\s*(?:an?\s+)?guest\b", "member.is_guest", "cond"),
    _try(r"\b(?:member|customer|user)\s*(?:==?|is)\s*(?:an?\s+)?(\w+)", r"member.tier = \1", "cond"),
    _try(r"\bticket\.(?:state|status)\s*(?:==?|is)\s*(open|pending|closed)\b", r"ticket.category = \1", "cond"),
    # comparisons
    _try(rf"{_IS}\s*{_NOT}\s*in\b", "<NOT> <IN>", "cond"),
    _try(
        r"(?:is\s+not|isn't|isnt|does\s+not\s+equal|not\s+equals?(?:\s+to)?|不等於|不等于|不是"
        r"|不為|不为)\s*(?=[\w\"])",
        "!= ", "cond",
    ),
    _try(r"(?:is\s+)?(?:greater|more|bigger|larger|higher)\s+than\s+or\s+equal\s+to", ">=", "cond"),
    _try(r"(?:is\s+)?(?:less|smaller|lower|fewer)\s+than\s+or\s+equal\s+to", "<=", "cond"),
    _try(
        r"(?:is\s+)?(?:at\s+least|no\s+less\s+than)"
        r"|大於等於|大于等于|不少於|不少于|不低於|不低于|至少|不小於|不小于",
        ">=", "cond",
    ),
    _try(
        r"(?:is\s+)?(?:at\s+most|no\s+more\s+than|up\s+to)"
        r"|小於等於|小于等于|不超過|不超过|不多於|不多于|至多|最多|不大於|不大于",
        "<=", "cond",
    ),
    _try(
        r"(?:is\s+)?(?:greater|more|bigger|larger|higher|longer|later)(?:\s+than)?|\b(?:above"
        r"|over|exceeds|after)\b|大於|大于|超過|超过|多於|多于|高於|高于",
        ">", "cond",
    ),
    _try(
        r"(?:is\s+)?(?:less|smaller|lower|fewer|shorter|earlier)(?:\s+than)?|\b(?:below|under"
        r"|before)\b|小於|小于|少於|少于|低於|低于",
        "<", "cond",
    ),
    _try(r"(?:is\s+)?equals?(?:\s+to)?\b|\beq\b|等於|等于", "=", "cond"),
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
    _try(r"^(\s*)(?:unless|除非)\s+([\w.]+)\s*$", r"\1<NOT> \2", "cond"),
    _try(r"\s+(?:and\s+)?(?:unless|除非)\s+([\w.]+)\s*$", r" <AND> <NOT> \1", "cond"),
    _try(r"\s+(?:and\s+)?(?:unless|除非)\s+(.+?)\s*$", r" <AND> <NOT> (\1)", "cond"),
    _try(r"\s*(?:[,;，、；]|&&?|\balso\b|\bplus\b|而且|並且|并且|和|及|以及)\s*(?=[\w(])", " <AND> ", "cond"),
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
    _try(
        r"^(\s*)(?:assign|route|send|forward|transfer)\s+(?:to\s+agent\s+|agent\s+)?([\w.]+)\s*$",
        r"\1<ASSIGN> <TO@assign> <AGENT> \2",
    ),
    _try(
        r"^(\s*)(?:close|resolve|solve|end|finish|關閉|结案|結案)(?:\s+(?:the\s+)?(?:ticket|case"
        r"|chat|it|工單|案件))?\s*$",
        r"\1<MOVE> <TO@move> {CLOSED}",
    ),
    _try(
        r"^(\s*)(?:reopen|re-open|重開|重开|重新開啟|重新开启)(?:\s+(?:the\s+)?(?:ticket|case|chat|it|工單|案件|工单))?\s*$",
        r"\1<MOVE> <TO@move> {OPEN}",
    ),
    _try(r"\b(?:closed|close|done|resolved|solved|ended|結案|结案|關閉|关闭)\s*$", "{CLOSED}", "actions"),
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
    _try(r"^(\s*)(?:set|change|update|make)\s+([a-z_]+)\s+(?:to\s+|=\s*)?(\w+)\s*$", r"\1<SET> ticket.\2 <TO@set_> \3"),
    _try(r"^(\s*)(?:set|change|update|make)\s+(\w+\.\w+)\s+(\w+)\s*$", r"\1<SET> \2 <TO@set_> \3"),
    _try(r"^(\s*)(?!set\b)(\w+\.\w+)\s*(?:=|:=)\s*", r"\1<SET> \2 <TO@set_> "),
    _try(
        r"^(\s*)(?:send(?:\s+(?:an?\s+)?(?:e?mail|message|reply))?|respond|answer\s+with|write|say"
        r"|email|message)(?:\s+with)?\s+(?=\")",
        r"\1<REPLY> ",
    ),
    _try(r"^(\s*)reply\s+(?:with\s+|using\s+)?(?:the\s+)?template\s+", r"\1<REPLY> <TEMPLATE> "),
    _try(r"^(\s*)(?:reply|send)\s+(?:with\s+)?(\w+)\s*$", r"\1<REPLY> <TEMPLATE> \2"),
    _try(r"^(\s*)reply\s+(?:with|using|:)\s*", r"\1<REPLY> "),
    _try(r"^(\s*)(?:add|set|put)\s+(?:the\s+)?(?:tags?|labels?)\s+", r"\1<ADD> <TAG> "),
    _try(r"^(\s*)(?:tags?|label)\s+(?:with\s+|as\s+)?(?=\w)", r"\1<ADD> <TAG> "),
    _try(r"^(\s*)(?:untag|delete\s+tags?|remove\s+tags|remove\s+the\s+tags?)\s+", r"\1<REMOVE> <TAG> "),
    _try(r"\s+(?:and|&|\+|then|,|且|和|並且|并且)\s+(?=(?:<ACT>)\b)".replace("<ACT>", _ACTS), "\n    ", "actions"),
    _try(r"\b((?:add|remove)\s+tag\s+\S+)\s+(?:and|&|\+)\s+", r"\1, "),
    _try(r"^(\s*)(?:add\s+(?:an?\s+)?(?:internal\s+)?(?:note|comment)|comment)\s+", r"\1<NOTE> "),
    _try(r"^(\s*)(?:notify|alert|tell|inform|email)\s+(?:the\s+)?(\w+)\s+(?=\")", r"\1<NOTIFY> <ROLE> \2 "),
    _try(r"^(\s*)(?:notify|alert|tell|inform|email)\s+(?:the\s+)?(\w+)\s+(?=\")", r"\1<NOTIFY> <TEAM> \2 "),
    _try(r"^(\s*)(?:notify|alert|tell|inform|email)\s+(?:the\s+)?(\w+)\s+(?=\")", r"\1<NOTIFY> <AGENT> \2 "),
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

_Put = Callable[[str], str]
"""Writes the keywords of a piece, `<WHEN>`, as the file does."""

_INSTEAD: Mapping[str, Callable[[_Put], Said]] = {
    "if": lambda put: say(
        "there is no `if`: a condition stands after `{when}`, before `{then}`", put("<WHEN>"), put("<THEN>")
    ),
    "unless": lambda put: say(
        "there is no `unless`: what must not be so stands in the condition, after `{not_}`", put("<NOT>")
    ),
    "else": lambda put: say("there is no `else`: write a second rule whose condition is the contrary"),
    "wait": lambda put: say(
        "a rule does not wait: `{starts}`, and a rule `{hears}` goes on",
        put("<START> <TIMER> NAME <FOR@start_timer> 2h"),
        put("<ON> timer.fired"),
    ),
    "for": lambda put: say(
        "there are no loops: `{every}` asks each", put('<EVERY> day <AT> "09:00" <FOR> <EACH> ticket')
    ),
}
_WORDS = {
    "if": "if", "elif": "else", "elseif": "else", "else": "else", "otherwise": "else", "unless": "unless",
    "除非": "unless", "如果": "if",
    "若": "if", "否則": "else", "否则": "else", "wait": "wait", "sleep": "wait", "delay": "wait",
    "等待": "wait", "while": "for", "loop": "for", "foreach": "for",
}  # fmt: skip
"""Words that mean another shape of rule, not another word."""
_SHAPES: Mapping[str, Callable[[_Put], Said]] = {
    "cond": lambda put: say(
        "a condition is such as `{condition}`", put("ticket.priority >= high <AND> <NOT> ticket.tags <HAS> handled")
    ),
    "actions": lambda put: say(
        "an action is such as `{one}` or `{other}`; `docs/rules.md` has them all",
        put("<ADD> <TAG> vip"),
        put("<ROUTE> <TO@route> <TEAM> NAME"),
    ),
    "events": lambda put: say("an event is such as `ticket.created`; `docs/vocabulary.md` has them all"),
    "head": lambda put: say(
        "after its name a rule may have {words}",
        tuple(f"`{put(word)}`" for word in "<STAGE> <PRIORITY> <LIMIT> <FROM> <UNTIL> <OWNER> <NOTE>".split()),
    ),
}


def instead(word: str, part: str, keywords: KeywordSet) -> Said | None:
    """The plainer help where no other line was found: the shape of what stands here, in the words of the file."""
    shape = _INSTEAD.get(_WORDS.get(word.lower(), "")) or _SHAPES.get(part)
    return None if shape is None else shape(lambda piece: _placed(piece, keywords))


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
    if token.type == "COLON" and before is not None and before.type == "NUMBER":
        return say("an hour of the day is asked with `hour(now) >= 18`, working hours with `now in hours NAME`")
    if before is not None and before.type == "NUMBER" and token.value in MICROS:
        return say("number and unit stand together: `{text}`", f"{before.value}{token.value}")
    if before is not None and before.end_pos == token.start_pos and (before.type, token.type) in _TURNED:
        return say("write `{meant}`", _TURNED[before.type, token.type])
    if token.type in action_words() and "AND" in expected:
        return say("`{word}` stands before the actions", written("THEN", set_of(str(token.value))))
    return None


_TURNED = {("EQ", "GT"): ">=", ("EQ", "LT"): "<=", ("LT", "GT"): "!="}
"""Signs that other languages write otherwise."""
