"""What is to be known about a name: which there are of a kind, one line about each, and a page.

The same lines stand beside a completion, and the same pages in a hover.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.core.actions.speech import SHOWN_AS, VIA
from engine.core.actions.tickets import ROUTING
from engine.editor.mentions import Mention
from engine.lang import CODES, Environment, Field, Severity
from engine.lang.functions import BUILTINS
from engine.lang.nodes import Node
from engine.lang.said import Label, Said, either, joined, quoted, say
from engine.lang.template import FILTERS
from engine.lang.types import LONG_WEEKDAYS, WEEKDAYS, noun
from engine.lang.verbs import Verb

_FIXED: Mapping[str, tuple[str, ...]] = {
    "routing": ROUTING,
    "way": VIA,
    "sender": SHOWN_AS,
    "scope": ("ticket", "member", "agent", "shop"),
    "owner": ("ticket", "member"),
    "day": ("day", "month", *LONG_WEEKDAYS, *WEEKDAYS.values),
}
_SHOWN = 80
_MEMBERS = 40


class Knowledge:
    """`declared`: every declaration by kind and name, `about`: what YAML says about a noun, `words`: word lists."""

    def __init__(
        self,
        environment: Environment,
        declared: Mapping[tuple[str, str], list[Mention]],
        about: Mapping[tuple[str, str], Node],
        words: Mapping[str, tuple[str, ...]],
        rules: Mapping[str, tuple[str, str]],
    ) -> None:
        self.environment = environment
        self.declared = declared
        self.about = about
        self.words = words
        self.rules = rules

    # ---- which there are ---------------------------------------------------------------------------------------

    def names(self, kind: str) -> list[str]:
        """Every name of a kind."""
        if kind in _FIXED:
            return list(_FIXED[kind])
        environment = self.environment
        known: Mapping[str, Iterable[str]] = {
            "field": [name for name in environment.fields if not name.startswith("setting.")],
            "setting": [name for name in environment.fields if name.startswith("setting.")],
            "event": [name for name in environment.events if name != "every"],
            "function": dict.fromkeys((*BUILTINS, *environment.functions)),
            "action": sorted((*environment.actions, *environment.plugin_actions)),
            "code": [code for code, page in CODES.items() if page.severity is Severity.WARNING],
            "filter": FILTERS,
            "stage": [stage.name for stage in environment.stages],
            "calendar": sorted(environment.calendars),
            "recipient": sorted(environment.recipients),
            "template": dict.fromkeys(
                (*environment.templates, *(n for b in environment.shop_templates.values() for n in b))
            ),
        }
        if kind in known:
            return list(known[kind])
        enum = environment.enums.get(kind)
        field = environment.fields.get(kind)
        if enum is None and field is not None:
            enum = field.type.enum or (field.type.item.enum if field.type.item else None)
        declared = [name for other, name in self.declared if other == kind]
        return list(dict.fromkeys((*(enum.values if enum is not None else ()), *declared)))

    def verb(self, word: str) -> Verb | None:
        """The action that is written with this English word first; `do` only where a plugin has an action."""
        found = next((verb for verb in self.environment.actions.values() if verb.shape.split()[0] == word), None)
        return None if found is not None and found.name == "do" and not self.environment.plugin_actions else found

    # ---- one line ----------------------------------------------------------------------------------------------

    def line(self, kind: str, name: str) -> str:
        """A few words about a name, or nothing."""
        environment = self.environment
        if kind in ("field", "setting") and name in environment.fields:
            return _typed(environment.fields[name])
        if kind == "event" and name in environment.events:
            return Said(environment.events[name].doc)
        if kind == "function":
            return either(self._signatures(name))
        if kind == "action" and name in environment.actions:
            return Said(environment.actions[name].meaning)
        if kind == "action" and name in environment.plugin_actions:
            return Said(environment.plugin_actions[name].doc)
        if kind == "code" and name in CODES:
            return Said(CODES[name].why)
        if kind == "filter" and name in FILTERS:
            return Said(FILTERS[name].doc)
        if kind == "template":
            return Label((language, _short(text)) for language, text in self._texts(name))
        if kind == "words":
            return _short("、".join(self.words.get(name, ())[:12]))
        if kind in ("definition", "rule"):
            return _short(self.rules.get(f"{kind} {name}", ("", ""))[0])
        return Label(self._labels(kind, name))

    # ---- a page ------------------------------------------------------------------------------------------------

    def page(self, kind: str, name: str) -> str:
        """What a hover shows, as Markdown; nothing when nothing is known."""
        title = joined([f"**{name}**", _called(kind)], " · ")
        parts = [part for part in self._parts(kind, name) if part]
        if not parts and (kind, name) not in self.declared and name not in self.names(kind):
            return ""
        return joined([title, *parts], "\n\n")

    def _parts(self, kind: str, name: str) -> Iterable[str]:
        environment = self.environment
        if kind in ("field", "setting") and name in environment.fields:
            yield from self._of_field(environment.fields[name])
        elif kind == "event" and name in environment.events:
            event = environment.events[name]
            yield Said(event.doc)
            yield say("brings {fields}", quoted(f"{name}.*" for name in event.objects))
            if event.after != "no":
                yield say("`after D` must follow") if event.after == "required" else say("`after D` may follow")
        elif kind == "function":
            yield joined((joined([f"`{name}`", form], " ") for form in self._signatures(name)), "\n\n")
        elif kind == "action" and name in environment.actions:
            yield f"```rules\n{environment.actions[name].shape}\n```"
            yield Said(environment.actions[name].meaning)
        elif kind == "action" and name in environment.plugin_actions:
            action = environment.plugin_actions[name]
            given = (
                f"{one}: {type_}{'?' if one in action.optional else ''}" for one, type_ in action.parameters.items()
            )
            yield f"`do {name}({', '.join(given)})`"
            yield Said(action.doc)
        elif kind == "code" and name in CODES:
            yield joined([str(CODES[name].severity), Said(CODES[name].why)], ": ")
            for called, examples in ((say("not so:"), CODES[name].bad), (say("but so:"), CODES[name].good)):
                yield joined([called, f"```rules\n{examples[0]}\n```"], "\n") if examples else ""
        elif kind == "template":
            yield "\n\n".join(f"`{language}` {text}" for language, text in self._texts(name))
        elif kind == "words":
            words = self.words.get(name, ())
            shown = "、".join(words[:_MEMBERS])
            if len(words) > _MEMBERS:
                yield say("{count} words: {words} … {more} more", len(words), shown, len(words) - _MEMBERS)
            else:
                yield say("{count} words: {words}", len(words), shown)
        elif kind in ("definition", "rule"):
            short, whole = self.rules.get(f"{kind} {name}", ("", ""))
            yield short if kind == "rule" else ""
            yield f"```rules\n{whole}\n```" if whole else ""
        else:
            yield from self._of_noun(kind, name)

    def _of_field(self, field: Field) -> Iterable[str]:
        yield Said(field.doc) if not field.name.endswith(field.doc) else ""
        yield _typed(field)
        if field.name in self.environment.setting_values:
            node = self.about.get(("setting", field.name))
            value = None if node is None else (_get(node, "value") or node)
            yield say("now: `{value}`", _short(value.text)) if value is not None and value.kind == "scalar" else ""
        yield "\n".join(f"- `{language}` {text}" for language, text in self._labels("field", field.name))
        kind = field.type.entity or ""
        enum = field.type.enum or (field.type.item.enum if field.type.item is not None else None)
        names = list(enum.values) if enum is not None else (self.names(kind) if kind == "team" else [])
        if names:
            of = enum.name if enum is not None else kind
            yield joined([say("values:"), *(self._value(of, name) for name in names[:_MEMBERS])], "\n")

    def _value(self, kind: str, name: str) -> str:
        label = self.line(kind, name)
        return joined([f"- `{name}`", label], " ") if label not in ("", name) else f"- `{name}`"

    def _of_noun(self, kind: str, name: str) -> Iterable[str]:
        yield "\n".join(f"- `{language}` {text}" for language, text in self._labels(kind, name))
        node = self.about.get((kind, name))
        if node is not None and node.kind == "map":
            for key, value in node.pairs:
                if key.text not in ("label", "name", "states", "transitions", "steps"):
                    yield f"{key.text}: `{_short(' '.join(value.span.text.split()))}`"
            states = _get(node, "states")
            if states is not None:
                yield say("states: {names}", quoted(key.text for key, _ in states.pairs))
        kinds = [kind for kind, states in self.environment.states.items() if name in states]
        if kind == "state" and kinds:
            yield say("of {names}", quoted(kinds))

    def _signatures(self, name: str) -> list[str]:
        custom = self.environment.functions.get(name)
        forms = [custom] if custom is not None else [form.function for form in BUILTINS.get(name, ())]
        return [
            say("({parameters}) → {result}: {doc}", tuple(map(str, form.parameters)), form.result, Said(form.doc))
            for form in forms
        ]

    def _texts(self, name: str) -> list[tuple[str, str]]:
        books = (self.environment.templates, *self.environment.shop_templates.values())
        return [(language, text.text) for book in books for language, text in book.get(name, {}).items()]

    def _labels(self, kind: str, name: str) -> list[tuple[str, str]]:
        node = self.about.get((kind, name))
        label = None if node is None else _get(node, "label")
        if label is None:
            return []
        if label.kind == "scalar":
            return [("", label.text)]
        return [(language.text, text.text) for language, text in label.pairs if text.kind == "scalar"]


def _get(node: Node, key: str) -> Node | None:
    return next((value for name, value in node.pairs if name.text == key), None)


def _typed(field: Field) -> str:
    marks = [say("may be empty")] if field.optional else []
    marks += [say("rules may write it")] if field.writable else []
    marks += [say("personal")] if field.personal else []
    told = str(field.type)
    for mark in marks:
        told = say("{told}, {more}", told, mark)
    return told


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


_CALLED = {
    "words": say("word list"),
    "code": say("finding"),
    "kind": say("kind of ticket"),
    "type": say("type of ticket"),
    "routing": say("way of choosing an agent"),
    "file": say("file"),
}


def _called(kind: str) -> str:
    return _CALLED.get(kind) or (say("value of {field}", kind) if "." in kind else noun(kind))
