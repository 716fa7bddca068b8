"""lifecycles/*.yaml: a kind's states and transitions as they are written, and whether they are sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.lifecycle import Lifecycle, State, Transition
from engine.core.nouns import Doc
from engine.lang import Condition, Environment, Finding, compile_condition
from engine.lang.findings import closest
from engine.lang.said import say


def read_lifecycle(doc: Doc) -> RawLifecycle | None:
    """lifecycles/*.yaml, and whether it is sound; None when it does not say which kind it is for."""
    data = doc.mapping(doc.data, known=("kind", "label", "initial", "states", "transitions", "live", "internal"))
    if not isinstance(data.get("kind"), str):
        doc.lacks(say("a lifecycle needs its `kind`"))
        return None
    states: dict[str, State] = {}
    for name, spec in doc.mapping(data.get("states"), "states").items():
        state = doc.mapping(spec, "states", name, known=("label", "sla", "category", "colour"))
        category, clock = state.get("category", "open"), state.get("sla", "running")
        if category not in ("open", "pending", "closed"):
            doc.wrong(
                "unknown-value",
                say("a category is open, pending or closed, not `{category}`", category),
                "states",
                name,
                "category",
            )
            category = "open"
        if clock not in ("running", "paused", "stopped"):
            doc.wrong(
                "unknown-value", say("`sla` is running, paused or stopped, not `{clock}`", clock), "states", name, "sla"
            )
            clock = "running"
        label = doc.label(state.get("label"), "states", name, "label")
        states[name] = State(name, category, clock, label, doc.keys.get(("states", name)))
    raw = RawLifecycle(doc, data["kind"], str(data.get("initial", "")), states, data.get("live") is True)
    raw.internal = data.get("internal") is True
    raw.label = doc.label(data.get("label"), "label")
    if raw.initial not in states:
        doc.wrong("missing-initial", say("`initial` must name a state of `{kind}`", raw.kind), "initial")
    for n, item in enumerate(doc.sequence(data.get("transitions"), "transitions")):
        raw.add(n, item)
    raw.check_sound()
    return raw


@dataclass(slots=True)
class RawLifecycle:
    """A lifecycle before its conditions can be checked: fields need to know the states first."""

    doc: Doc
    kind: str
    initial: str
    states: dict[str, State]
    live: bool
    internal: bool = False
    """Colleagues' own: members neither see such a case nor are written to in it."""
    label: Mapping[str, str] = field(default_factory=dict)
    plain: list[Transition] = field(default_factory=list)
    guards: dict[int, tuple[str, int]] = field(default_factory=dict)
    places: list[int] = field(default_factory=list)
    broken: bool = False
    """A transition could not be read, so what is unreachable cannot be told."""

    def add(self, n: int, item: Any) -> None:
        """Reads one transition."""
        at = ("transitions", n)
        data = self.doc.mapping(item, *at, known=("trigger", "from", "to", "requires", "roles", "when", "label"))
        trigger, target = data.get("trigger"), data.get("to")
        if not isinstance(trigger, str) or not isinstance(target, str):
            self.doc.lacks(say("a transition needs `trigger`, `from` and `to`"), *at)
            self.broken = True
            return
        origin = data.get("from")
        sources = tuple(s for s in self.states if s != target) if origin == "*" else self.doc.texts(origin, *at, "from")
        one_by_one = isinstance(origin, list)
        named = [(s, ("from", k) if one_by_one else ("from",)) for k, s in enumerate(sources)]
        for name, key in [*named, (target, ("to",))]:
            if name not in self.states:
                self.broken = True
                self.doc.wrong(
                    "unknown-state",
                    say("`{kind}` has no state `{name}`", self.kind, name),
                    *at,
                    *key,
                    hint=closest(name, self.states),
                )
                return
        if "when" in data:
            self.guards[len(self.plain)] = (str(data["when"]), n)
        self.places.append(n)
        self.plain.append(
            Transition(
                trigger,
                sources,
                target,
                requires=self.doc.texts(data.get("requires"), *at, "requires"),
                roles=self.doc.texts(data.get("roles"), *at, "roles"),
                label=self.doc.label(data.get("label"), *at, "label"),
            )
        )

    def check_sound(self) -> None:
        """Every state reachable, from each a way to a closed one, and no two transitions of a trigger for one case."""
        if self.initial not in self.states or self.broken:
            return
        reached = self._closure({self.initial}, forward=True)
        for name in self.states:
            if name not in reached:
                self.doc.wrong_key("unreachable-state", say("no transition leads to `{name}`", name), "states", name)
        closed = {s.name for s in self.states.values() if s.category == "closed"}
        ending = self._closure(closed, forward=False)
        for name in self.states:
            if name in reached and name not in ending:
                self.doc.wrong_key(
                    "dead-end-state", say("no way leads from `{name}` to a closed state", name), "states", name
                )
        seen: dict[tuple[str, str], int] = {}
        for n, transition in enumerate(self.plain):
            for source in transition.sources:
                key = (transition.trigger, source)
                if key in seen and (n not in self.guards or seen[key] not in self.guards):
                    self.doc.wrong(
                        "nondeterministic-transition",
                        say("`{trigger}` leads from `{source}` two ways", transition.trigger, source),
                        "transitions",
                        self.places[n],
                    )
                seen.setdefault(key, n)

    def _closure(self, start: set[str], *, forward: bool) -> set[str]:
        found = set(start)
        while True:
            more = set()
            for t in self.plain:
                if forward and found & set(t.sources):
                    more.add(t.target)
                elif not forward and t.target in found:
                    more |= set(t.sources)
            if more <= found:
                return found
            found |= more

    def finish(self, environment: Environment, objects: tuple[str, ...], findings: list[Finding]) -> Lifecycle:
        """With guards compiled and required fields known. `objects`: what a guard may read."""
        transitions: list[Transition] = []
        for n, transition in enumerate(self.plain):
            condition: Condition | None = None
            if n in self.guards:
                text, place = self.guards[n]
                condition, problems = compile_condition(
                    text, self.doc.span("transitions", place, "when"), environment, objects
                )
                findings.extend(problems)
            for k, name in enumerate(transition.requires):
                if name not in environment.fields:
                    self.doc.wrong(
                        "unknown-field",
                        say("there is no field `{name}`", name),
                        "transitions",
                        self.places[n],
                        "requires",
                        k,
                        hint=closest(name, environment.fields),
                    )
            for k, role in enumerate(transition.roles):
                if role not in environment.roles and role != "member":
                    self.doc.wrong(
                        "unknown-value",
                        say("there is no role `{name}`", role),
                        "transitions",
                        self.places[n],
                        "roles",
                        k,
                    )
            transitions.append(
                Transition(
                    transition.trigger,
                    transition.sources,
                    transition.target,
                    transition.requires,
                    transition.roles,
                    condition,
                    transition.label,
                )
            )
        return Lifecycle(self.kind, self.initial, self.states, tuple(transitions), self.label)
