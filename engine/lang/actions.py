"""Checks actions: what they name must exist, be writable, and be at hand in each of the rule's events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from engine.lang import ast, tree
from engine.lang.checked import CheckedAction, Dynamic
from engine.lang.environment import ActionKind, Environment, EventKind
from engine.lang.findings import Finding, Related, closest
from engine.lang.resolver import Report, Resolver
from engine.lang.said import quoted, say
from engine.lang.source import Span
from engine.lang.template import Template, compile_template
from engine.lang.tree import type_of
from engine.lang.types import Duration, Type, entity, noun

ROUTING = ("least_busy", "round_robin", "longest_idle", "last_agent")
VIA = ("app", "email", "sms", "webhook")
SHOWN_AS = ("bot", "desk")

# The objects an action needs: it acts on the first of them the event has.
_NEEDS: dict[str, tuple[str, ...]] = {
    "move": ("ticket",),
    "route": ("ticket",),
    "assign": ("ticket",),
    "note": ("ticket",),
    "reply": ("ticket", "member"),
    "answer": ("ticket",),
    "ask_rating": ("ticket",),
    "start_timer": ("ticket",),
    "cancel_timer": ("ticket",),
    "open": ("ticket",),
    "mask": ("message",),
    "reject": ("message", "member"),
    "flag": ("message", "member"),
    "block": ("member",),
}


class Wrong(Exception):
    """The action cannot be used; the reason has been reported."""


class ActionChecker:
    """Checks the actions of one rule. `objects`: the field prefixes at hand, None when an event is not known; `event`:
    the one that brings least. `narrow`: an event of the rule at which few actions do anything."""

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
        self._report = report
        self._objects = objects
        self._event = event
        self._narrow = narrow

    def check(self, action: ast.Action) -> CheckedAction | None:
        """The checked action, or None when it is wrong (and reported)."""
        name = action.verb
        wanted = action["name"].text if name == "do" else name
        if wanted not in self.environment.actions:
            hint = closest(wanted, self.environment.actions)
            span = action["name"].span if name == "do" else action.verb_span
            self._report(Finding("unknown-action", say("there is no action `{name}` on this desk", wanted), span, hint))
            return None
        method: Callable[[ast.Action], dict[str, Any]] = getattr(self, f"_{name}", self._nothing)
        try:
            self._needs(action)
            args = method(action)
        except Wrong:
            return None
        return CheckedAction(name, args, action.span)

    # ---- helpers -----------------------------------------------------------------------------------------------

    def _fail(self, code: str, message: str, span: Span, hint: str | None = None) -> Wrong:
        self._report(Finding(code, message, span, hint))
        return Wrong()

    def _needs(self, action: ast.Action) -> None:
        if self._narrow is not None and action.verb not in self._narrow.only:
            verb, only = action.verb.replace("_", " "), quoted(self._narrow.only)
            message = say("`{action}` does nothing at `{event}`: only {names} act there", verb, self._narrow.name, only)
            raise self._fail("field-not-available", message, action.verb_span)
        needs = _NEEDS.get(action.verb)
        if needs is None or self._objects is None or any(need in self._objects for need in needs):
            return
        written = action.verb.replace("_", " ")
        message = say("`{action}` needs a {noun}, which `{event}` does not have", written, noun(needs[0]), self._event)
        raise self._fail("field-not-available", message, action.verb_span)

    def _known(self, node: Any, known: Iterable[str], code: str, what: str) -> str:
        text: str = node.text
        names = tuple(known)
        if text not in names:
            hint = closest(text, names)
            if hint is None and 0 < len(names) <= 8:
                hint = say("there are {names}", quoted(sorted(names)))
            raise self._fail(code, say("there is no {what} `{name}`", what, text), node.span, hint)
        return text

    def _who(self, node: Any, what: str) -> Any:
        """A team or agent by name, or the field that holds one."""
        if isinstance(node, ast.Path):
            value = self.resolver.field(node)
            if value is None:
                raise Wrong
            found = type_of(value)
            if found.kind != "text" and (found.kind != "entity" or found.entity != what):
                raise self._fail(
                    "type-mismatch", say("`{name}` is {found}, not {wanted}", node.text, found, entity(what)), node.span
                )
            return Dynamic(value, needed=True)
        if what == "team":
            return self._known(node, self.environment.teams, "unknown-team", say("team"))
        return node.text

    def _duration(self, node: Any) -> Duration | None:
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
        raise self._fail(
            "type-mismatch", say("a duration must stand here"), node.span, say("`2d`, or a setting that is one")
        )

    def plain_micros(self, node: Any) -> int | None:
        """A duration by the clock, in µs; working time is refused."""
        duration = self._duration(node)
        if duration is None:
            return None
        if duration.business:
            raise self._fail("type-mismatch", say("working time has no meaning here"), node.span)
        return duration.micros

    def _message(self, message: ast.Message) -> dict[str, Any]:
        if message.template is not None:
            name = message.template
            self._template(name)
            return {"template": name.text, "text": None}
        return {"template": None, "text": None if message.text is None else self._inline(message.text)}

    def _template(self, name: Any) -> str:
        known = set(self.environment.templates)
        for shop in self.environment.shop_templates.values():
            known |= set(shop)
        self._known(name, known, "unknown-template", say("template"))
        self.templates.append((name.text, name.span))
        self._reachable(name)
        found: str = name.text
        return found

    def _reachable(self, name: Any) -> None:
        """The template's fields must be there in each of the rule's events."""
        if self._objects is None:
            return
        books = [self.environment.templates, *self.environment.shop_templates.values()]
        told: set[str] = set()
        for book in books:
            for text, span in book.get(name.text, {}).values():
                template, _ = compile_template(text, span, self.environment)
                for slot in template.slots if template is not None else ():
                    prefix = slot.field.split(".")[0]
                    if "." not in slot.field or prefix in ("setting", *self._objects) or slot.field in told:
                        continue
                    told.add(slot.field)
                    message = say(
                        "`{name}` names `{field}`, which `{event}` does not have", name.text, slot.field, self._event
                    )
                    related = (Related(slot.span, say("here")),)
                    self._report(Finding("template-field-not-available", message, name.span, related=related))

    def _inline(self, text: ast.TextValue) -> Template:
        objects = None if self._objects is None else tuple(self._objects)
        template, findings = compile_template(text.text, text.span, self.environment, objects)
        for finding in findings:
            self._report(finding)
        if template is None:
            raise Wrong
        self.inline.append(template)
        return template

    # ---- one method an action ----------------------------------------------------------------------------------

    def _nothing(self, action: ast.Action) -> dict[str, Any]:
        return {}

    def _set(self, action: ast.Action) -> dict[str, Any]:
        node = action["field"]
        field = self.environment.fields.get(node.text)
        if field is None:
            hint = closest(node.text, self.environment.fields)
            raise self._fail("unknown-field", say("there is no field `{name}`", node.text), node.span, hint)
        if not field.writable:
            raise self._fail(
                "read-only-field", say("rules cannot write `{name}`", node.text), node.span, self._instead(node.text)
            )
        self.resolver.used.append((node.text, node.span))
        value = action["value"]
        if action.verb != "set" and not (field.type.kind in ("number", "duration") or field.type.ordered):
            message = say("`{verb}` needs an order, and {type} has none", action.verb, field.type)
            raise self._fail("type-mismatch", message, node.span, say("use `set`"))
        if isinstance(value, ast.Empty):
            if action.verb != "set" or not field.optional:
                message = (
                    say("`{name}` cannot be empty", node.text)
                    if action.verb == "set"
                    else say("nothing is not a level")
                )
                raise self._fail("type-mismatch", message, value.span)
            return {"field": node.text, "value": None}
        expr = self.resolver.value(value, field.type)
        if expr is None:
            raise Wrong
        if not _assignable(field.type, expr):
            raise self._fail(
                "type-mismatch",
                say("`{name}` is {wanted}, this is {found}", node.text, field.type, type_of(expr)),
                value.span,
            )
        if isinstance(expr, tree.Const) and isinstance(value, ast.TextValue):
            template, _ = compile_template(value.text, value.span, self.environment)
            for slot in template.slots if template is not None else ():
                # Silently stored with its braces, it would look like a text that works.
                message = say("a value is stored as it is written, `{name}` is not filled in", slot.field)
                hint = say("write the field alone: `set {field} to {name}`", node.text, slot.field)
                raise self._fail("template-field-not-available", message, slot.span, hint)
        if isinstance(expr, tree.Length):
            if expr.value.business:
                raise self._fail("type-mismatch", say("working time cannot be stored"), value.span)
            return {"field": node.text, "value": expr.value.micros}
        argument = expr.value if isinstance(expr, tree.Const) else Dynamic(expr, needed=action.verb != "set")
        return {"field": node.text, "value": argument}

    _raise = _set
    _lower = _set

    @staticmethod
    def _instead(field: str) -> str | None:
        return {
            "ticket.state": say("use `move to STATE`"),
            "ticket.team": say("use `route to team T`"),
            "ticket.assignee": say("use `assign to agent A`"),
            "ticket.tags": say("use `add tag T`"),
            "member.tags": say("use `add tag T to member`"),
        }.get(field)

    def _tags(self, action: ast.Action) -> dict[str, Any]:
        owner = action["owner"]
        whose = (
            "ticket"
            if owner is None
            else self._known(owner, ("ticket", "member"), "unknown-value", say("owner of tags"))
        )
        if self._objects is not None and whose not in self._objects:
            message = say("tags need a {noun}, which `{event}` does not have", noun(whose), self._event)
            raise self._fail("field-not-available", message, action.verb_span)
        tags = []
        for tag in action["tags"]:
            if not self.environment.tags.open:
                self._known(tag, self.environment.tags.values, "unknown-value", say("tag"))
            tags.append(tag.text)
        return {"tags": tuple(dict.fromkeys(tags)), "owner": whose}

    _add_tag = _tags
    _remove_tag = _tags

    def _move(self, action: ast.Action) -> dict[str, Any]:
        states = dict.fromkeys(state for states in self.environment.states.values() for state in states)
        return {"state": self._known(action["state"], states, "unknown-state", say("state"))}

    def _route(self, action: ast.Action) -> dict[str, Any]:
        team = self._who(action["team"], say("team"))
        skills = tuple(
            self._known(item, self.environment.skills, "unknown-skill", say("skill")) for item in action["skills"]
        )
        by = action["by"]
        return {
            "team": team,
            "skills": skills,
            "by": None if by is None else self._known(by, ROUTING, "unknown-value", say("way of choosing")),
        }

    def _assign(self, action: ast.Action) -> dict[str, Any]:
        return {"agent": self._who(action["agent"], "agent")}

    def _reply(self, action: ast.Action) -> dict[str, Any]:
        shown = action["shown"]
        args = self._message(action["message"])
        args["as_"] = None if shown is None else self._known(shown, SHOWN_AS, "unknown-value", say("sender"))
        args["after"] = self.plain_micros(action["after"]) or 0
        return args

    def _note(self, action: ast.Action) -> dict[str, Any]:
        return self._message(action["message"])

    def _notify(self, action: ast.Action) -> dict[str, Any]:
        to = action["to"]
        names: list[Any] = []
        for node in action["names"]:
            if to in ("agent", say("team")):
                names.append(self._who(node, to))
            elif to == "role":
                names.append(self._known(node, self.environment.roles, "unknown-value", say("role")))
            else:
                declared = self.environment.recipients  # where none are, people are no matter of the rules
                known = self._known(node, declared, "unknown-value", say("recipient")) if declared else node.text
                names.append(known)
        via = tuple(self._known(node, VIA, "unknown-value", say("way to notify")) for node in action["via"])
        return {"to": to, "names": tuple(names), **self._message(action["message"]), "via": via}

    def _start_timer(self, action: ast.Action) -> dict[str, Any]:
        return {"name": action["name"].text, "after": self._duration(action["after"])}

    def _cancel_timer(self, action: ast.Action) -> dict[str, Any]:
        return {"name": action["name"].text}

    def _open(self, action: ast.Action) -> dict[str, Any]:
        kind = self._known(action["kind"], self.environment.states, "unknown-value", say("kind of ticket"))
        if kind in self.environment.live:
            message = say("a case of the kind `{kind}` is begun by its member only", kind)
            raise self._fail("unknown-value", message, action["kind"].span)
        team, agent, template = action["team"], action["agent"], action["template"]
        return {
            "kind": kind,
            "team": None if team is None else self._who(team, say("team")),
            "agent": None if agent is None else self._who(agent, "agent"),
            "template": None if template is None else self._template(template),
        }

    def _mask(self, action: ast.Action) -> dict[str, Any]:
        words = self.resolver.words(action["words"])
        if words is None:
            raise Wrong
        return {"words": words, "name": action["words"].text}

    def _reject(self, action: ast.Action) -> dict[str, Any]:
        why = action["why"]
        return {"why": None if why is None else why.text}

    _flag = _reject

    def _block(self, action: ast.Action) -> dict[str, Any]:
        why = action["why"]
        return {"after": self._duration(action["after"]), "why": None if why is None else why.text}

    def _do(self, action: ast.Action) -> dict[str, Any]:
        name = action["name"].text
        kind = self.environment.plugin_actions.get(name)
        arguments: dict[str, Any] = {}
        failed = False
        for argument in action["arguments"]:
            if argument.name.text in arguments:
                self._report(Finding("duplicate-key", say("`{name}` stands twice", argument.name.text), argument.span))
                failed = True
                continue
            value = self._argument(kind, argument)
            failed |= value is None
            arguments[argument.name.text] = value
        missing = [one for one in kind.parameters if one not in arguments] if kind is not None else []
        missing = [one for one in missing if kind is None or one not in kind.optional]
        if missing and not failed:
            needed = quoted(f"{one}: …" for one in missing)
            raise self._fail("wrong-arity", say("`{name}` needs {needed}", name, needed), action["name"].span)
        if failed:
            raise Wrong
        return {"name": name, "arguments": arguments, "commutes": kind is None or kind.commutes}

    def _argument(self, kind: ActionKind | None, argument: Any) -> Any:
        """An argument of a plugin's action, of the type it is declared with; None when it is wrong."""
        name = argument.name.text
        want = kind.parameters.get(name) if kind is not None else None
        if kind is not None and want is None:
            hint = closest(name, kind.parameters) or (
                say("it takes {names}", quoted(kind.parameters)) if kind.parameters else say("it takes nothing")
            )
            self._report(
                Finding("wrong-arity", say("`{action}` takes no `{name}`", kind.name, name), argument.name.span, hint)
            )
            return None
        value = self.resolver.value(argument.value, want)
        if value is None:
            return None
        found = type_of(value)
        named = want is not None and want.kind == "text" and found.kind in ("enum", "entity", "date")
        if want is not None and found.kind != want.kind and not named:
            self._report(
                Finding(
                    "type-mismatch",
                    say("`{name}` is {wanted}, this is {found}", name, want, found),
                    argument.value.span,
                )
            )
            return None
        if isinstance(value, tree.Const):
            return value.value
        return Dynamic(value, needed=kind is not None and name not in kind.optional)


def _assignable(field: Type, expr: tree.Expr) -> bool:
    found = type_of(expr)
    if field.kind == "enum" and found.kind == "enum":
        return field.enum is not None and found.enum is not None and field.enum.values == found.enum.values
    if field.kind == "list":
        return found == field
    return field.kind == found.kind and (field.kind != "entity" or field.entity == found.entity)
