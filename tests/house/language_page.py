"""`rules/LANGUAGE.md`: the rules language from its declarations, for whoever writes rules in that folder."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.core.actions import ACTIONS
from engine.core.events import EVENTS
from engine.lang import CODES, LIMITS, Severity
from engine.lang.functions import BUILTINS
from engine.lang.keywords import KEYWORDS
from engine.lang.template import FILTERS

SHAPE = """
rule   = "rule" NAME [TEXT] {header} "on" event {"," event} ["when" cond] "then" action {action}
header = "stage" NAME | "priority" ["-"] NUMBER | ("from" | "until" | "owner" | "note") TEXT | "allow" CODE TEXT
       | "limit" ("once" | NUMBER) ["per" DURATION] "per" ("ticket" | "member" | "agent" | "shop")
event  = NAME ["after" DURATION] | "every" DURATION | "every" ("day" | WEEKDAY) "at" TEXT
       | "every" "month" "on" NUMBER "at" TEXT              each with ["for" "each" ("ticket" | "member")]
cond   = and {"or" and}    and = not {"and" not}    not = "not" not | test
test   = sum [("=" | "!=" | "<" | "<=" | ">" | ">=") sum | ["not"] "in" (list | "hours" NAME)
       | "has" (value | ("any" | "all") list) | "contains" ["exact"] (TEXT | ("any" | "all" | "only") (NAME | list))
       | ("starts" | "ends") "with" TEXT | "matches" PATTERN | "is" ("empty" | "set")
       | "changed" ["from" value] ["to" value]]
""".strip()

OUTSIDE = (
    ("stage route", "the stage of the rules below, in this file"),
    ('words refund = ["退款", "退貨"]', 'a word list; `words abuse from "words/abuse.txt"` reads one, an entry a line'),
    ("define vip = member.tier >= gold", "a condition with a name"),
    ('allow unused-words "why"', "silences a warning in this file; in a rule, for that rule"),
)

VALUES = (
    ('`退換貨`, `"3C"`, `"zh-TW"`', "a value of the other side's type; quotes where it is no plain name"),
    ("`1500`, `4.5`, `80%`", "a number, exact"),
    ("`30s 15m 4h 2d 1w`, `4h business`, `setting.NAME`", "a duration; `business` counts working time only"),
    ('`"2026-01-31"`, `"2026-01-31 09:00"`', "a day or a moment, in the shop's zone"),
    ("`/退款 ?[0-9]+/i`", "a pattern (RE2), on the text as it is"),
    ("`now`, `weekday`, `true`, `false`", ""),
)


def page(made: str, fields: Mapping[str, Any], type_name: Callable[[Any], str]) -> str:
    """The whole page. `made`: the line that says it is generated."""
    keywords = [
        f"| `{k.en}` | {' '.join(f'`{form}`' for form in k.chinese)} | {'yes' if k.reserved else ''} |"
        for k in KEYWORDS
    ]
    events = [
        f"| `{e.name}`{' `after D`' if e.after == 'required' else ' [`after D`]' if e.after == 'optional' else ''} | "
        f"{', '.join(e.objects)} | {e.doc} |"
        for e in EVENTS
    ]
    known = [
        f"| `{f.name}` | {type_name(f.type)}{', may be empty' if f.optional else ''} | {'yes' if f.writable else ''} | "
        f"{f.doc} |"
        for f in fields.values()
    ]
    functions = [
        f"| `{f.name}({', '.join(type_name(p) for p in f.parameters)})` | {type_name(f.result)} | {f.doc} |"
        for forms in BUILTINS.values()
        for f in (form.function for form in forms)
    ]
    actions = [f"| `{_cell(a.shape)}` | {_cell(a.meaning)} |" for a in ACTIONS.values()]
    filters = [f"| `{name}` | {_cell(f.doc)} |" for name, f in FILTERS.items()]
    text = [
        f"# The rules language\n\n{made}What may be written in this folder. Examples and advice stand in the manual; "
        "`engine validate --explain CODE` shows a\nfinding's page.",
        f"## A rule\n\n```text\n{SHAPE}\n```",
        _table("Outside of rules", "Written | Means", [f"| `{a}` | {b} |" for a, b in OUTSIDE]),
        _table("Values", "Written | Means", [f"| {a} | {b} |" for a, b in VALUES]),
        _table("Keywords", "English | Chinese | Reserved", keywords),
        "A file uses one set; `engine fmt --keywords zh|en` turns one into the other. A word that is not reserved is a "
        "name where a name is\nwanted; after a dot every word is.",
        _table("Events", "Event | Brings | Happens when", events),
        _table("Fields", "Field | Type | Rules write it | What it is", known),
        _table("Functions", "Function | Gives | What it does", functions),
        _table("Actions", "Written | Does", actions),
        "A case that is routed `by` a way and finds nobody waits with its team. It is given out as soon as somebody of "
        "the team who\nhas the skills comes online or has room again: higher tiers first, then the urgent, then the "
        "older, chosen by the way the\nrule said.",
        _table("Filters in texts", "`{field \\| filter}` | Does", filters),
        _table("Limits", "Of | At most | Because", list(_limits())),
    ]
    for severity, title in ((Severity.ERROR, "Errors"), (Severity.WARNING, "Warnings")):
        rows = [f"| `{c.code}` | {_cell(c.why)} |" for c in CODES.values() if c.severity is severity]
        text.append(_table(title, "Code | Means", rows))
    return "\n\n".join(text) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _limits() -> Iterable[str]:
    """Each limit with the reason that stands below it."""
    body = ast.parse(textwrap.dedent(inspect.getsource(type(LIMITS)))).body[0].body  # type: ignore[attr-defined]
    name = ""
    for item in body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            name = item.target.id
        elif isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and name:
            yield f"| {name.replace('_', ' ')} | {getattr(LIMITS, name):,} | {_cell(str(item.value.value))} |"
            name = ""


def _table(title: str, head: str, rows: Iterable[str]) -> str:
    columns = head.replace("\\|", "").count("|") + 1
    return f"## {title}\n\n| {head} |\n|{' --- |' * columns}\n" + "\n".join(rows)
