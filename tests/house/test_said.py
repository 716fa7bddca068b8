"""What findings say, in every language: no sentence without its translations, no translation without its sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from engine.core.actions import ACTIONS
from engine.core.events import EVENTS
from engine.lang.codes import CODES
from engine.lang.functions import BUILTINS
from engine.lang.said import CODE, LOCALES, PLACE, translation
from engine.lang.template import FILTERS
from tests.house.reference import built_in_fields

ENGINE = Path(__file__).resolve().parents[2] / "engine"
CATALOGUES = ENGINE / "lang" / "i18n"
OTHERS = [locale for locale in LOCALES if locale != "en"]
JOINED = ("{some} or {last}", "{some} and {last}")
"""What `either` and `both` say."""
LETTERS = {"zh-TW": "cp950", "zh-CN": "gb2312"}
"""Old sets of characters that have those of one way of writing only."""
TEXTS = frozenset({"message", "hint", "label", "witness", "why", "problem", "reason", "usual", "meant"})
"""Names under which code keeps what a finding says."""


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(ENGINE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield f"{path.relative_to(ENGINE)}:{node.lineno}", node


def templates() -> dict[str, str]:
    """Every sentence by where it stands."""
    found = dict.fromkeys(JOINED, "said.py")
    for place, call in calls("say"):
        first = call.args[0]
        assert isinstance(first, ast.Constant) and isinstance(first.value, str), f"{place}: say a literal"
        found.setdefault(first.value, place)
    return found


def meanings() -> dict[str, str]:
    """What declarations and pages say of themselves, by what says it."""
    docs = {
        "event": (event.doc for event in EVENTS),
        "field": (field.doc for field in built_in_fields().values()),
        "function": (form.function.doc for forms in BUILTINS.values() for form in forms),
        "filter": (filter_.doc for filter_ in FILTERS.values()),
        "action": (page.meaning for page in ACTIONS.values()),
        "page of a finding": (code.why for code in CODES.values()),
    }
    return {doc: kind for kind, several in docs.items() for doc in several if doc}


def catalogue(locale: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(CATALOGUES.glob(f"*.{locale}.yaml")):
        for english, text in yaml.safe_load(path.read_text("utf-8")).items():
            assert english not in found, f"{path.name}: {english!r} stands twice"
            found[english] = text
    return found


def test_sentences_get_as_many_values_as_they_have_places() -> None:
    for place, call in calls("say"):
        if not any(isinstance(argument, ast.Starred) for argument in call.args):
            first = call.args[0]
            assert isinstance(first, ast.Constant)
            assert len(call.args) - 1 == len(set(PLACE.findall(first.value))), f"{place}: {first.value}"


@pytest.mark.parametrize("locale", OTHERS)
def test_every_sentence_is_translated_and_nothing_else_is(locale: str) -> None:
    said, there = {**templates(), **meanings()}, catalogue(locale)
    missing = [f"{place}: {template}" for template, place in said.items() if template not in there]
    assert not missing, "\n".join([f"no {locale} in engine/lang/i18n for:", *missing])
    assert not [text for text in there if text not in said], "nobody says this any more"


@pytest.mark.parametrize("locale", OTHERS)
def test_a_translation_says_the_same(locale: str) -> None:
    for english, text in catalogue(locale).items():
        assert sorted(PLACE.findall(text)) == sorted(PLACE.findall(english)), f"other places: {english} / {text}"
        assert sorted(CODE.findall(text)) == sorted(CODE.findall(english)), f"other code: {english} / {text}"
        words = PLACE.sub("", CODE.sub("", english)).replace("true or false", "")
        assert not re.search(r"[a-z]{3}", words) or re.search("[一-鿿]|「", text + translation_of(text)), text
        CODE.sub("", text).encode(LETTERS[locale])  # raises for a character of the other way of writing


def translation_of(text: str) -> str:
    """`{noun}` alone is as translated as what fills it."""
    return "字" if PLACE.fullmatch(text) else ""


def test_the_catalogues_are_read() -> None:
    assert translation("did you mean `{name}`?", "zh-TW") == "是不是要寫 `{name}`？"


# ---- nothing is said past the catalogues ---------------------------------------------------------------------------


def prose(node: ast.expr) -> Iterator[ast.expr]:
    """Bare texts for people inside an expression: words outside of backticks, not under `say`."""
    match node:
        case ast.Call(func=ast.Name(id="say" | "Finding" | "Related" | "closest")):
            return
        case ast.Constant(value=str(text)):
            if " " in CODE.sub("", text).strip(" ,."):
                yield node
        case ast.JoinedStr(values=parts):
            written = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
            if re.search(r"[a-z]{2}|\{\}", CODE.sub("", written)):
                yield node
        case ast.IfExp(body=one, orelse=other):
            yield from prose(one)
            yield from prose(other)
        case ast.BoolOp(values=several):
            for one in several:
                yield from prose(one)
        case ast.BinOp(left=one, right=other):
            yield from prose(one)
            yield from prose(other)
        case ast.Call(args=several, keywords=named):
            for one in (*several, *(keyword.value for keyword in named)):
                yield from prose(one)


def bare(tree: ast.Module) -> Iterator[ast.expr]:
    """What would reach a finding in English only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            coded = any(isinstance(one, ast.Constant) and one.value in CODES for one in node.args)
            if (coded and name != "Refused") or name in (
                "Finding",
                "Related",
                "lacks",
                "invalid",
                "unknown",
                "_refuse",
                "_wrong",
            ):
                for one in (*node.args, *(keyword.value for keyword in node.keywords)):
                    yield from prose(one)
        elif isinstance(node, ast.Assign) and {getattr(target, "id", "") for target in node.targets} & TEXTS:
            yield from prose(node.value)


def test_findings_say_nothing_past_the_catalogues() -> None:
    rooms = [*sorted((ENGINE / "lang").rglob("*.py")), *sorted((ENGINE / "core").rglob("*.py")), ENGINE / "reload.py"]
    told = []
    for path in rooms:
        tree = ast.parse(path.read_text("utf-8"))
        if "Finding" in path.read_text("utf-8"):
            told += [f"{path.relative_to(ENGINE)}:{node.lineno}: {ast.unparse(node)}" for node in bare(tree)]
    assert not told, "\n".join(["write say(…) around these:", *told])


def test_the_search_for_bare_texts_finds_them() -> None:
    code = (
        'Finding("bad-yaml", "not this", span, say("but this"))\n'
        'self.tell("bad-date", f"`{x}` is none", here)\n'
        'message = "a sentence" if x else say("b")\n'
        'Finding("bad-yaml", say("a {b}", f"{x} c d"), span, f"`{code} only`")\n'
    )
    assert sorted(node.lineno for node in bare(ast.parse(code))) == [1, 2, 3]
