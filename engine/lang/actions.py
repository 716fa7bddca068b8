"""Checking a rule's actions: what they name must exist and be at hand in each of the rule's events.

What an action of its own looks at, its `Verb` says; this is what it does that with.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.lang import ast, tree
from engine.lang.checked import CheckedAction, Dynamic
from engine.lang.environment import Environment, EventKind
from engine.lang.findings import Finding, Related, closest
from engine.lang.resolver import Report, Resolver
from engine.lang.said import quoted, say
from engine.lang.source import Span
from engine.lang.template import Template, compile_template
from engine.lang.tree import type_of
from engine.lang.types import Duration, entity, noun
from engine.lang.verbs import Verb


class Wrong(Exception):
    """The action cannot be used; the reason has been reported."""


class ActionChecker:
    """Checks the actions of one rule.

    `objects`: the field prefixes at hand, None when an event is not known; `event`: the one that brings least.
    `narrow`: an event of the rule at which few actions do anything. `templates` and `inline`: the texts they use.
    """

    def __init__(
        self,
        environment: Environment,
        resolver: Resolver,
        report: Report,
        objects: frozenset[str] | None,
        event: str,
        narrow: EventKind | None = None,
    ) -> None:
        self.environment = environment
        self.resolver = resolver
        self.templates: list[tuple[str, Span]] = []
        self.inline: list[Template] = []
        self.report = report
        self.objects = objects
        self.event = event
        self._narrow = narrow

    def check(self, action: ast.Action) -> CheckedAction | None:
        """The checked action, or None when it is wrong (and reported)."""
        verb = self.environment.actions.get(action.verb)
        plugin = action["name"] if action.verb == "do" else None
        if verb is None or (plugin is not None and plugin.text not in self.environment.plugin_actions):
            self._unknown(action.verb if plugin is None else plugin.text, plugin or action)
            return None
        try:
            self._needs(verb, action)
            args = verb.check(self, action)
        except Wrong:
            return None
        return CheckedAction(verb.name, args, action.span)

    # ---- for the checks of verbs -------------------------------------------------------------------------------

    def fail(self, code: str, message: str, span: Span, hint: str | None = None) -> Wrong:
        """Reports a finding; the caller raises what is returned."""
        self.report(Finding(code, message, span, hint))
        return Wrong()

    def _unknown(self, name: str, node: Any) -> None:
        hint = closest(name, (*self.environment.actions, *self.environment.plugin_actions))
        span = node.verb_span if isinstance(node, ast.Action) else node.span
        self.report(Finding("unknown-action", say("there is no action `{name}` on this desk", name), span, hint))

    def _needs(self, verb: Verb, action: ast.Action) -> None:
        written = action.verb.replace("_", " ")
        if self._narrow is not None and action.verb not in self._narrow.only:
            only = quoted(self._narrow.only)
            message = say(
                "`{action}` does nothing at `{event}`: only {names} act there", written, self._narrow.name, only
            )
            raise self.fail("field-not-available", message, action.verb_span)
        if verb.needs:
            self.needs(action, written, *verb.needs)

    def needs(self, action: ast.Action, written: str, *objects: str) -> None:
        """Raises Wrong, reported, where the rule's events bring none of the objects."""
        if self.objects is None or any(need in self.objects for need in objects):
            return
        message = say("`{action}` needs a {noun}, which `{event}` does not have", written, noun(objects[0]), self.event)
        raise self.fail("field-not-available", message, action.verb_span)

    def known(self, node: Any, known: Iterable[str], code: str, what: str) -> str:
        """The text of a node that must be one of the known names. `what`: the noun, for people."""
        text: str = node.text
        names = tuple(known)
        if text not in names:
            hint = closest(text, names)
            if hint is None and 0 < len(names) <= 8:
                hint = say("there are {names}", quoted(sorted(names)))
            raise self.fail(code, say("there is no {what} `{name}`", what, text), node.span, hint)
        return text

    def who(self, node: Any, what: str) -> Any:
        """A team or agent by name, or the field that holds one."""
        if isinstance(node, ast.Path):
            value = self.resolver.field(node)
            if value is None:
                raise Wrong
            found = type_of(value)
            if found.kind != "text" and (found.kind != "entity" or found.entity != what):
                raise self.fail(
                    "type-mismatch", say("`{name}` is {found}, not {wanted}", node.text, found, entity(what)), node.span
                )
            return Dynamic(value, needed=True)
        if what == "team":
            return self.known(node, self.environment.teams, "unknown-team", say("team"))
        return node.text

    def duration(self, node: Any) -> Duration | None:
        """A written duration, or a setting that is one; None where none is written."""
        if node is None:
            return None
        if isinstance(node, ast.DurationValue):
            return node.value
        value = self.resolver.field(node)
        if value is None:
            raise Wrong
        if isinstance(value, tree.Length):
            return value.value
        if isinstance(value, tree.Setting) and value.type.kind == "duration" and isinstance(value.value, int):
            return Duration(value.value, name=value.name)
        raise self.fail(
            "type-mismatch", say("a duration must stand here"), node.span, say("`2d`, or a setting that is one")
        )

    def plain_micros(self, node: Any) -> int | None:
        """A duration by the clock, in µs; working time is refused."""
        duration = self.duration(node)
        if duration is None:
            return None
        if duration.business:
            raise self.fail("type-mismatch", say("working time has no meaning here"), node.span)
        return duration.micros

    def message(self, message: ast.Message) -> dict[str, Any]:
        """The arguments `template` and `text` of what is said, one of them."""
        if message.template is not None:
            name = message.template
            self.template(name)
            return {"template": name.text, "text": None}
        return {"template": None, "text": None if message.text is None else self._inline(message.text)}

    def template(self, name: Any) -> str:
        """The name of a template that exists, whose fields are at hand."""
        known = set(self.environment.templates)
        for shop in self.environment.shop_templates.values():
            known |= set(shop)
        self.known(name, known, "unknown-template", say("template"))
        self.templates.append((name.text, name.span))
        self._reachable(name)
        found: str = name.text
        return found

    def _reachable(self, name: Any) -> None:
        """The template's fields must be there in each of the rule's events."""
        if self.objects is None:
            return
        books = [self.environment.templates, *self.environment.shop_templates.values()]
        told: set[str] = set()
        for book in books:
            for text, span in book.get(name.text, {}).values():
                template, _ = compile_template(text, span, self.environment)
                for slot in template.slots if template is not None else ():
                    prefix = slot.field.split(".")[0]
                    if "." not in slot.field or prefix in ("setting", *self.objects) or slot.field in told:
                        continue
                    told.add(slot.field)
                    message = say(
                        "`{name}` names `{field}`, which `{event}` does not have", name.text, slot.field, self.event
                    )
                    related = (Related(slot.span, say("here")),)
                    self.report(Finding("template-field-not-available", message, name.span, related=related))

    def _inline(self, text: ast.TextValue) -> Template:
        objects = None if self.objects is None else tuple(self.objects)
        template, findings = compile_template(text.text, text.span, self.environment, objects)
        for finding in findings:
            self.report(finding)
        if template is None:
            raise Wrong
        self.inline.append(template)
        return template
