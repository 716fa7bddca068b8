"""Other rule engines, given the same conditions and events as ours: each says which of the rules match an event.

Each takes the conditions of `_rule_set` in its own best form and is used as its manual says, compiled once. What is
not installed is skipped (`pip install yingda[bench]` brings them).
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.bench._rule_set import Condition

Ask = Callable[[Mapping[str, Any]], set[int]]
"""An event, by names without dots, to the numbers of the rules that match."""


@dataclass(frozen=True, slots=True)
class Rival:
    """An engine: the module it is, how it loads rules, and up to how many rules it loads in bearable time."""

    name: str
    module: str
    load: Callable[[tuple[Condition, ...]], Ask]
    most: int


_NUMBERS = frozenset({"ticket_amount", "ticket_reopened"})


def found() -> Iterator[tuple[Rival, bool]]:
    """Every rival we know, and whether it is here."""
    for rival in RIVALS:
        try:
            importlib.import_module(rival.module)
        except ImportError:
            yield rival, False
        else:
            yield rival, True


def flat(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event by names that are plain words."""
    return {_name(field): value for field, value in event.items()}


def _name(field: str) -> str:
    return field.replace(".", "_")


def _infix(condition: Condition, both: str, either: str, negation: str, one: Callable[..., str]) -> str:
    op, *rest = condition
    if op in ("and", "or"):
        return (
            "("
            + f" {both if op == 'and' else either} ".join(_infix(c, both, either, negation, one) for c in rest)
            + ")"
        )
    if op == "not":
        return f"{negation}({_infix(rest[0], both, either, negation, one)})"
    return one(op, _name(rest[0]), *rest[1:])


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# ---- CLIPS -------------------------------------------------------------------------------------------------------


def _clips(conditions: tuple[Condition, ...]) -> Ask:
    import clips

    environment = clips.Environment()
    hits: set[int] = set()
    environment.define_function(lambda number: hits.add(int(number)), "took")
    slots = sorted({field for condition in conditions for field in _fields(condition)})
    environment.build(f"(deftemplate event {' '.join(f'(slot {_name(field)})' for field in slots)})")
    for number, condition in enumerate(conditions):
        for part, row in enumerate(condition[1:] if condition[0] == "or" else (condition,)):
            constraints: dict[str, list[str]] = {}
            for test in row[1:] if row[0] == "and" else (row,):
                name, constraint = _clips_test(test)
                constraints.setdefault(name, []).append(constraint)
            pattern = " ".join(f"({name} {'&'.join(sorted(some))})" for name, some in constraints.items())
            environment.build(f"(defrule r{number}_{part} (event {pattern}) => (took {number}))")
    template = environment.find_template("event")
    names = [_name(field) for field in slots]

    def ask(event: Mapping[str, Any]) -> set[int]:
        hits.clear()
        values = {name: event[name] for name in names}
        fact = template.assert_fact(**{n: clips.Symbol("nil") if v is None else v for n, v in values.items()})
        environment.run()
        fact.retract()
        return set(hits)

    return ask


def _fields(condition: Condition) -> set[str]:
    if condition[0] in ("and", "or", "not"):
        return {field for one in condition[1:] for field in _fields(one)}
    return {condition[1]}


def _clips_test(test: Condition) -> tuple[str, str]:
    op, field, *value = test
    if op == "not":
        return _name(field[1]), "~TRUE"
    if op == "flag":
        return _name(field), "TRUE"
    if op == "=":
        return _name(field), _text(value[0])
    if op == "in":
        return _name(field), "|".join(map(_text, value[0]))
    name = _name(field)
    if op == "has":
        return name, f"?{name}&:(or {' '.join(f'(str-index {_text(word)} ?{name})' for word in value[0])} FALSE)"
    return name, f"?{name}&:(and (numberp ?{name}) ({op} ?{name} {value[0]}))"


# ---- decision table of GoRules Zen -------------------------------------------------------------------------------


def _zen(conditions: tuple[Condition, ...]) -> Ask:
    import zen

    def one(op: str, name: str, value: Any = None) -> str:
        if op == "flag":
            return name
        if op == "has":
            return "(" + " or ".join(f"contains({name}, '{word}')" for word in value) + ")"
        if op == "in":
            return f"{name} in [{', '.join(repr(item) for item in value)}]"
        return f"{name} {'==' if op == '=' else op} {value!r}"

    rows = [
        {"_id": str(number), "when": _infix(condition, "and", "or", "not ", one), "then": str(number)}
        for number, condition in enumerate(conditions)
    ]
    place = {"x": 0, "y": 0}
    table = {
        "hitPolicy": "collect",
        "inputs": [{"id": "when", "name": "when", "type": "expression"}],
        "outputs": [{"id": "then", "name": "then", "field": "rule", "type": "expression"}],
        "rules": rows,
    }
    content = {
        "nodes": [
            {"id": "a", "type": "inputNode", "name": "in", "position": place, "content": {}},
            {"id": "b", "type": "decisionTableNode", "name": "table", "position": place, "content": table},
            {"id": "c", "type": "outputNode", "name": "out", "position": place, "content": {}},
        ],
        "edges": [
            {"id": "1", "sourceId": "a", "targetId": "b", "type": "edge"},
            {"id": "2", "sourceId": "b", "targetId": "c", "type": "edge"},
        ],
    }
    decision = zen.ZenEngine().create_decision(json.dumps(content))
    return lambda event: {int(row["rule"]) for row in decision.evaluate(event)["result"]}


# ---- CEL, in Rust and in Python ----------------------------------------------------------------------------------


def _cel_text(condition: Condition, nulls: bool = True) -> str:
    def one(op: str, name: str, value: Any = None) -> str:
        if op == "flag":
            return name
        if op == "has":
            return "(" + " || ".join(f"{name}.contains({_text(word)})" for word in value) + ")"
        if op == "in":
            return f"{name} in [{', '.join(map(_text, value))}]"
        if op == "=":
            return f"{name} == {_text(value)}"
        return f"({name} != null && {name} {op} {value})" if nulls else f"{name} {op} {value}"

    return _infix(condition, "&&", "||", "!", one)


def _cel_rust(conditions: tuple[Condition, ...]) -> Ask:
    import cel

    programs = [cel.compile(_cel_text(condition)).execute for condition in conditions]

    def ask(event: Mapping[str, Any]) -> set[int]:
        context = cel.Context(dict(event))
        return {number for number, execute in enumerate(programs) if execute(context)}

    return ask


def _cel_python(conditions: tuple[Condition, ...]) -> Ask:
    import celpy

    environment = celpy.Environment()
    programs = [
        environment.program(environment.compile(_cel_text(condition, False))).evaluate for condition in conditions
    ]

    def ask(event: Mapping[str, Any]) -> set[int]:
        # It compares nothing with null; every amount here is 0 or more, and no region is an empty text.
        values = {name: value if value is not None else -1 if name in _NUMBERS else "" for name, value in event.items()}
        context = celpy.json_to_cel(values)
        return {number for number, evaluate in enumerate(programs) if evaluate(context)}

    return ask


# ---- rule-engine -------------------------------------------------------------------------------------------------


def _rule_engine(conditions: tuple[Condition, ...]) -> Ask:
    import rule_engine

    def one(op: str, name: str, value: Any = None) -> str:
        if op == "flag":
            return name
        if op == "has":
            return "(" + " or ".join(f"{_text(word)} in {name}" for word in value) + ")"
        if op == "in":
            return f"{name} in [{', '.join(map(_text, value))}]"
        if op == "=":
            return f"{name} == {_text(value)}"
        return f"({name} != null and {name} {op} {value})"

    rules = [rule_engine.Rule(_infix(condition, "and", "or", "not ", one)).matches for condition in conditions]
    return lambda event: {number for number, matches in enumerate(rules) if matches(event)}


# ---- business-rules ----------------------------------------------------------------------------------------------


def _business_rules(conditions: tuple[Condition, ...]) -> Ask:
    from business_rules import engine, variables

    names = sorted({_name(field) for condition in conditions for field in _fields(condition)})
    body: dict[str, Any] = {"__init__": lambda self, event: setattr(self, "event", event)}
    for name in names:
        kind = variables.string_rule_variable()
        empty: Any = ""
        if name in _NUMBERS:
            kind, empty = variables.numeric_rule_variable(), -1
        elif name == "member_is_guest":
            kind, empty = variables.boolean_rule_variable(), False

        def read(self: Any, name: str = name, empty: Any = empty) -> Any:
            return empty if self.event[name] is None else self.event[name]

        read.__name__ = name
        body[name] = kind(read)
    case = type("Case", (variables.BaseVariables,), body)

    def tree(condition: Condition) -> dict[str, Any]:
        op, *rest = condition
        if op in ("and", "or"):
            return {"all" if op == "and" else "any": [tree(one) for one in rest]}
        if op == "not":
            return {"name": _name(rest[0][1]), "operator": "is_false", "value": True}
        name = _name(rest[0])
        if op == "flag":
            return {"name": name, "operator": "is_true", "value": True}
        if op in ("has", "in"):
            operator = "contains" if op == "has" else "equal_to"
            return {"any": [{"name": name, "operator": operator, "value": item} for item in rest[1]]}
        operator = {"=": "equal_to", ">": "greater_than", "<=": "less_than_or_equal_to"}[op]
        return {"name": name, "operator": operator, "value": rest[1]}

    trees = [tree(condition) for condition in conditions]
    check = engine.check_conditions_recursively

    def ask(event: Mapping[str, Any]) -> set[int]:
        one = case(event)
        return {number for number, condition in enumerate(trees) if check(condition, one)}

    return ask


RIVALS = (
    Rival("CLIPS (clipspy)", "clips", _clips, 10_000),
    Rival("GoRules Zen (zen-engine)", "zen", _zen, 10_000),
    Rival("CEL in Rust (common-expression-language)", "cel", _cel_rust, 10_000),
    Rival("CEL in Python (cel-python)", "celpy", _cel_python, 100),
    Rival("rule-engine", "rule_engine", _rule_engine, 10_000),
    Rival("business-rules", "business_rules", _business_rules, 10_000),
)
