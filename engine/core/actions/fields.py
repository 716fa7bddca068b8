"""Actions that write fields and tags: `set`, `raise`, `lower`, `add tag`, `remove tag`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.actions.action import Action, value_of
from engine.core.actions.phrases import fact, names, shown
from engine.core.draft import Draft
from engine.core.rulebook import Rulebook
from engine.core.trace import TraceChange, fact_of, mask
from engine.core.values import replace
from engine.lang import Effect, Field, Finding, Type, ast, tree
from engine.lang.actions import ActionChecker, Wrong
from engine.lang.checked import Dynamic
from engine.lang.guesses import field_meant
from engine.lang.said import say
from engine.lang.template import compile_template
from engine.lang.tree import type_of
from engine.lang.types import noun
from engine.lang.verbs import Args, How, Write

SHORT = 300
"""Characters of a text in `SHORT_FIELDS`, as for people: a rule may take it from what somebody wrote."""
SHORT_FIELDS = frozenset({"ticket.subject", "ticket.order_no", "ticket.product", "member.name"})


def write(draft: Draft, field: str, value: Any) -> None:
    """Gives a field of the ticket or member a value; the first tier stays the guests', and they have no other."""
    if field in SHORT_FIELDS and value is not None:
        value = value[:SHORT]
    owner, _, name = field.partition(".")
    if field in draft.book.custom_fields:
        draft.change_field(owner, name, value)
    elif owner == "member" and draft.member is not None:
        if name != "tier" or draft.book.may_have(value, guest=draft.member.guest):
            draft.member = replace(draft.member, **{name: value})
    elif owner == "ticket":
        draft.change_ticket(**{name: value})


def risen(book: Rulebook, field: str, current: Any, value: Any, how: How) -> bool:
    """Whether raising (or lowering) a field that is `current` to `value` moves it."""
    if current is None:
        return True
    ranks = book.ranks(field)
    gap = ranks.get(value, 0) - ranks.get(current, 0) if ranks is not None else value - current
    return bool(gap > 0 if how == "raise" else gap < 0)


# --- set, raise, lower ----------------------------------------------------------------------------------------------


def _check(checker: ActionChecker, action: ast.Action) -> dict[str, Any]:
    node, value = action["field"], action["value"]
    field = checker.environment.fields.get(node.text)
    if field is None:
        hint = field_meant(node.text, checker.environment.fields)
        raise checker.fail("unknown-field", say("there is no field `{name}`", node.text), node.span, hint)
    if not field.writable:
        message = say("rules cannot write `{name}`", node.text)
        raise checker.fail("read-only-field", message, node.span, _INSTEAD.get(node.text))
    checker.resolver.used.append((node.text, node.span))
    if action.verb != "set" and not (field.type.kind in ("number", "duration") or field.type.ordered):
        message = say("`{verb}` needs an order, and {type} has none", action.verb, field.type)
        raise checker.fail("type-mismatch", message, node.span, say("use `set`"))
    if isinstance(value, ast.Empty):
        if action.verb != "set":
            raise checker.fail("type-mismatch", say("nothing is not a level"), value.span)
        if not field.optional:
            raise checker.fail("type-mismatch", say("`{name}` cannot be empty", node.text), value.span)
        return {"field": node.text, "value": None}
    expr = checker.resolver.value(value, field.type)
    if expr is None:
        raise Wrong
    if not _assignable(field.type, expr):
        message = say("`{name}` is {wanted}, this is {found}", node.text, field.type, type_of(expr))
        raise checker.fail("type-mismatch", message, value.span)
    if isinstance(expr, tree.Const) and isinstance(value, ast.TextValue):
        template, _ = compile_template(value.text, value.span, checker.environment)
        for slot in template.slots if template is not None else ():
            # Silently stored with its braces, it would look like a text that works.
            message = say("a value is stored as it is written, `{name}` is not filled in", slot.field)
            known = checker.environment.fields[slot.field]
            alone = len(value.text.strip()) == len(f"{{{slot.field}}}") and _assignable(field.type, _read(known, value))
            hint = say("write the field alone: `set {field} to {name}`", node.text, slot.field) if alone else None
            hint = hint or say("write the text without fields; `note` and `reply` fill them in")
            raise checker.fail("template-field-not-available", message, slot.span, hint)
    if isinstance(expr, tree.Length):
        if expr.value.business:
            raise checker.fail("type-mismatch", say("working time cannot be stored"), value.span)
        return {"field": node.text, "value": expr.value.micros}
    argument = expr.value if isinstance(expr, tree.Const) else Dynamic(expr, needed=action.verb != "set")
    return {"field": node.text, "value": argument}


_INSTEAD: Mapping[str, str] = {
    "ticket.state": say("use `move to STATE`"),
    "ticket.team": say("use `route to team T`"),
    "ticket.assignee": say("use `assign to agent A`"),
    "ticket.tags": say("use `add tag T`"),
    "member.tags": say("use `add tag T to member`"),
}
"""What writes a field that `set` may not."""


def _read(field: Field, at: ast.TextValue) -> tree.FieldRef:
    return tree.FieldRef(at.span, field.name, field.type, field.optional)


def _assignable(field: Type, expr: tree.Expr) -> bool:
    found = type_of(expr)
    if field.kind == "enum" and found.kind == "enum":
        return field.enum is not None and found.enum is not None and field.enum.values == found.enum.values
    if field.kind == "list":
        return found == field
    return field.kind == found.kind and (field.kind != "entity" or field.entity == found.entity)


def _set(draft: Draft, effect: Effect) -> TraceChange:
    write(draft, effect.args["field"], effect.args["value"])
    return fact_of(draft.book, "set", effect.args["field"], value_of(draft, effect.args["field"]))


SET = Action(
    name="set",
    shape="set FIELD to VALUE",
    meaning="writes a field that rules may write; `empty` clears it",
    check=_check,
    writes=lambda args: (Write(args["field"], "set", args["value"]),),
    perform=_set,
    words=fact,
    wanted=lambda book, args: fact_of(book, "set", args["field"], args["value"]),
)


def _shift(how: How) -> Action:
    def writes(args: Args) -> tuple[Write, ...]:
        return (Write(args["field"], how, args["value"]),)

    def perform(draft: Draft, effect: Effect) -> TraceChange:
        field, value = effect.args["field"], effect.args["value"]
        current = value_of(draft, field)
        if risen(draft.book, field, current, value, how):
            write(draft, field, value)
            current = value_of(draft, field)
        return fact_of(draft.book, how, field, current)

    def wanted(book: Rulebook, args: Args) -> TraceChange:
        return TraceChange(how, args["field"], more={"to": mask(book, args["field"], args["value"])})

    return Action(
        name=how,
        shape=f"{how} FIELD to VALUE",
        meaning=_SHIFTED[how],
        check=_check,
        writes=writes,
        perform=perform,
        words=_shifted,
        wanted=wanted,
    )


_SHIFTED: Mapping[str, str] = {
    "raise": "moves an ordered field or a number up, never down",
    "lower": "moves an ordered field or a number down, never up",
}


def _shifted(change: TraceChange) -> str:
    """Where what came of it is not known, it says where to."""
    to = change.more.get("to")
    if to is None:
        return fact(change)
    if change.action == "raise":
        return say("raise {field} to {value}", change.target, shown(to))
    return say("lower {field} to {value}", change.target, shown(to))


RAISE, LOWER = _shift("raise"), _shift("lower")


# --- tags -----------------------------------------------------------------------------------------------------------


def _check_tags(checker: ActionChecker, action: ast.Action) -> dict[str, Any]:
    owner, whose = action["owner"], "ticket"
    if owner is not None:
        whose = checker.known(owner, ("ticket", "member"), "unknown-value", say("owner of tags"))
    if checker.objects is not None and whose not in checker.objects:
        message = say("tags need a {noun}, which `{event}` does not have", noun(whose), checker.event)
        raise checker.fail("field-not-available", message, action.verb_span)
    known = checker.environment.tags
    for tag in () if known.open else action["tags"]:
        checker.known(tag, known.values, "unknown-value", say("tag"))
    for n, tag in enumerate(action["tags"]):
        if any(tag.text == other.text for other in action["tags"][:n]):
            message = say("`{text}` stands in the list already", tag.text)
            checker.report(Finding("redundant-word", message, tag.span, say("take it out")))
    return {"tags": tuple(dict.fromkeys(tag.text for tag in action["tags"])), "owner": whose}


def tag(draft: Draft, owner: str, tags: tuple[str, ...], how: How) -> None:
    """Adds tags to the ticket or member, or takes them away."""
    thing = draft.member if owner == "member" else draft.need_ticket()
    if thing is None:
        return
    rest = tuple(tag for tag in thing.tags if how == "add" or tag not in tags)
    left = rest + tuple(tag for tag in dict.fromkeys(tags) if how == "add" and tag not in rest)
    if owner == "member" and draft.member is not None:
        draft.member = replace(draft.member, tags=left)
    else:
        draft.change_ticket(tags=left)


def _tagging(name: str, how: How, shape: str, meaning: str) -> Action:
    def writes(args: Args) -> tuple[Write, ...]:
        return tuple(Write(f"{args['owner']}.tags {tag}", how) for tag in args["tags"])

    def wanted(book: Rulebook, args: Args) -> TraceChange:
        return TraceChange(name, f"{args['owner']}.tags", list(args["tags"]))

    def perform(draft: Draft, effect: Effect) -> TraceChange:
        tag(draft, effect.args["owner"], effect.args["tags"], how)
        return wanted(draft.book, effect.args)

    return Action(
        name=name,
        shape=shape,
        meaning=meaning,
        check=_check_tags,
        writes=writes,
        perform=perform,
        words=_tagged,
        wanted=wanted,
    )


def _tagged(change: TraceChange) -> str:
    tags, member = names(change.value), change.target == "member.tags"
    if change.action == "add_tag":
        return say("add tag {names} to member", tags) if member else say("add tag {names}", tags)
    return say("remove tag {names} from member", tags) if member else say("remove tag {names}", tags)


ADD_TAG = _tagging("add_tag", "add", "add tag T, … [to member]", "adds tags to the ticket or the member")
REMOVE_TAG = _tagging(
    "remove_tag", "remove", "remove tag T, … [from member]", "takes tags away from the ticket or the member"
)
