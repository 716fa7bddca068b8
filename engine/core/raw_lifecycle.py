"""lifecycles/*.yaml: a kind's states and transitions as they are written, and whether they are sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from engine.core.entities import INTERNAL
from engine.core.lifecycle import DESK_TRIGGERS, Lifecycle, State, Transition
from engine.core.purposes import OWN_CHANNELS, USUAL_KINDS, Opens, Purpose
from engine.core.schema.nouns import LifecycleFile, TransitionEntry
from engine.lang import Condition, Environment, Finding, compile_condition
from engine.lang.document import At
from engine.lang.findings import closest, suggest
from engine.lang.said import say


def read_lifecycle(file: LifecycleFile) -> RawLifecycle:
    """lifecycles/*.yaml, and whether it is sound."""
    states = {
        name: State(name, entry.category, entry.sla, entry.label, entry.colour, entry.at.key())
        for name, entry in file.states.items()
    }
    raw = RawLifecycle(
        file.at, file.kind, file.initial, states, file.live, file.internal, file.label, file.for_, file.channels
    )
    raw.check_purposes()
    if raw.initial not in states:
        raw.at.wrong("missing-initial", say("`initial` must name a state of `{kind}`", raw.kind), "initial")
    raw.broken = len(file.transitions) < file.at.count("transitions")
    for entry in file.transitions:
        raw.add(entry)
    raw.check_sound()
    return raw


@dataclass(slots=True)
class RawLifecycle:
    """A lifecycle before its conditions can be checked: fields need to know the states first."""

    at: At
    kind: str
    initial: str
    states: dict[str, State]
    live: bool
    internal: bool
    """Colleagues' own: members neither see such a case nor are written to in it."""
    label: Mapping[str, str]
    purposes: tuple[Purpose, ...] = ()
    channels: tuple[str, ...] = ()
    plain: list[Transition] = field(default_factory=list)
    guards: dict[int, str] = field(default_factory=dict)
    """The conditions of transitions, by their number among the plain ones."""
    places: list[At] = field(default_factory=list)
    broken: bool = False
    """A transition could not be read, so what is unreachable cannot be told."""

    @property
    def moves(self) -> frozenset[tuple[str, str]]:
        """The ways from state to state."""
        return frozenset((source, way.target) for way in self.plain for source in way.sources)

    @property
    def categories(self) -> dict[str, str]:
        """The category of each state."""
        return {name: state.category for name, state in self.states.items()}

    def add(self, entry: TransitionEntry) -> None:
        """Reads one transition."""
        at = entry.at
        every = at.raw("from") == "*"
        sources = tuple(s for s in self.states if s != entry.to) if every else entry.from_
        for name, key in [*((s, ("from", k)) for k, s in enumerate(sources)), (entry.to, ("to",))]:
            if name not in self.states:
                self.broken = True
                message = say("`{kind}` has no state `{name}`", self.kind, name)
                at.wrong("unknown-state", message, *key, hint=closest(name, self.states))
                return
        if at.has("when"):
            self.guards[len(self.plain)] = entry.when
        self._known_trigger(at, entry.trigger)
        self.places.append(at)
        self.plain.append(
            Transition(entry.trigger, sources, entry.to, requires=entry.requires, roles=entry.roles, label=entry.label)
        )

    @staticmethod
    def _known_trigger(at: At, trigger: str) -> None:
        """Triggers are called as people like; one that is nearly called as the desk's own is never raised."""
        meant = suggest(trigger, DESK_TRIGGERS) if trigger not in DESK_TRIGGERS else None
        if meant is not None and len(meant) > 5:
            message = say("the desk raises no `{trigger}`", trigger)
            at.wrong("unknown-value", message, "trigger", hint=say("did you mean `{name}`?", meant))

    def check_purposes(self) -> None:
        """What members come to is open to them, and a chat window goes on with the case it opened."""
        keys: list[tuple[str, int, str]] = [
            ("for", n, one) for n, one in enumerate(self.purposes) if one != "complaints"
        ]
        keys += [("channels", n, one) for n, one in enumerate(self.channels)]
        for key, n, name in keys:
            self._fits(name if key == "for" else "lines", key, n)

    def check_usual(self, purpose: Purpose) -> None:
        """The same of a kind that is for something by its name alone."""
        if purpose not in self.purposes and purpose != "complaints":
            self._fits(purpose, "kind")

    def _fits(self, purpose: str, *place: str | int) -> None:
        if self.internal:
            message = say("`{kind}` is `internal`: nothing of members can open it", self.kind)
            self.at.wrong("wrong-purpose", message, *place)
        elif purpose == "chats" and not self.live:
            message = say("`{kind}` is not `live`: each line of a chat would open another", self.kind)
            self.at.wrong("wrong-purpose", message, *place)

    def check_sound(self) -> None:
        """Every state reachable, from each a way to a closed one, and no two transitions of a trigger for one case."""
        if self.initial not in self.states or self.broken:
            return
        reached = self._closure({self.initial}, forward=True)
        for name in self.states:
            if name not in reached:
                self.at.wrong_key("unreachable-state", say("no transition leads to `{name}`", name), "states", name)
        closed = {s.name for s in self.states.values() if s.category == "closed"}
        ending = self._closure(closed, forward=False)
        for name in self.states:
            if name in reached and name not in ending:
                self.at.wrong_key(
                    "dead-end-state", say("no way leads from `{name}` to a closed state", name), "states", name
                )
        seen: dict[tuple[str, str], int] = {}
        for n, transition in enumerate(self.plain):
            for source in transition.sources:
                key = (transition.trigger, source)
                if key in seen and (n not in self.guards or seen[key] not in self.guards):
                    self._two_ways(n, source)
                seen.setdefault(key, n)

    def _two_ways(self, n: int, source: str, *, guarded: bool = False) -> None:
        message = say("`{trigger}` leads from `{source}` two ways", self.plain[n].trigger, source)
        hint = say("let their `when` exclude each other") if guarded else None
        self.places[n].wrong("nondeterministic-transition", message, hint=hint)

    def check_never(self, lifecycle: Lifecycle, never: Callable[[Condition], bool]) -> None:
        """Each guard can hold. `never`: whether a condition cannot. Of a state into which no way is left, that is told
        by itself."""
        lost = {n for n, one in enumerate(lifecycle.transitions) if one.when is not None and never(one.when)}
        reached = {self.initial} | {one.target for n, one in enumerate(lifecycle.transitions) if n not in lost}
        for n in sorted(lost):
            one = lifecycle.transitions[n]
            if one.target in reached:
                message = say("the condition of `{name}` never holds", one.trigger)
                self.places[n].wrong("never-true", message, "when")

    def check_guards(self, lifecycle: Lifecycle, can_both: Callable[[Condition, Condition], bool]) -> None:
        """No two guarded transitions of a trigger apply to one case. `can_both`: whether both conditions can hold."""
        told: set[int] = set()
        for n, one in enumerate(lifecycle.transitions):
            for earlier in lifecycle.transitions[:n]:
                shared = [source for source in one.sources if source in earlier.sources]
                if one.trigger != earlier.trigger or not shared or n in told:
                    continue
                if one.when is not None and earlier.when is not None and can_both(earlier.when, one.when):
                    told.add(n)
                    self._two_ways(n, shared[0], guarded=True)

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
            at = self.places[n]
            condition: Condition | None = None
            if n in self.guards:
                condition, problems = compile_condition(self.guards[n], at.span("when"), environment, objects)
                findings.extend(problems)
            for k, name in enumerate(transition.requires):
                if name not in environment.fields:
                    hint = closest(name, environment.fields)
                    at.wrong("unknown-field", say("there is no field `{name}`", name), "requires", k, hint=hint)
            for k, role in enumerate(transition.roles):
                if role not in environment.roles and role != "member":
                    at.wrong("unknown-value", say("there is no role `{name}`", role), "roles", k)
            transitions.append(replace(transition, when=condition))
        return Lifecycle(self.kind, self.initial, self.states, tuple(transitions), self.label)


def channel_names(lifecycles: Iterable[RawLifecycle], more: Iterable[str]) -> tuple[str, ...]:
    """The channels that are known: the house's own, those that lifecycles name, and `more` of plugins."""
    named = (channel for raw in lifecycles for channel in raw.channels)
    return tuple(dict.fromkeys((INTERNAL, *OWN_CHANNELS, *named, *more)))


def opened(lifecycles: Iterable[RawLifecycle]) -> Opens:
    """Which kind is for what. A second one for the same, and one that cannot be, is a finding where it stands."""
    kinds: dict[Purpose, str] = {}
    channels: dict[str, str] = {}
    by_kind = {raw.kind: raw for raw in lifecycles}
    for raw in by_kind.values():
        for n, purpose in enumerate(raw.purposes):
            if kinds.setdefault(purpose, raw.kind) != raw.kind:
                message = say("`{kind}` is for `{name}` already", kinds[purpose], purpose)
                raw.at.wrong("duplicate-definition", message, "for", n)
        for n, channel in enumerate(raw.channels):
            if channels.setdefault(channel, raw.kind) != raw.kind:
                message = say("lines of `{name}` open `{kind}` already", channel, channels[channel])
                raw.at.wrong("duplicate-definition", message, "channels", n)
    opens = Opens(kinds, channels)
    for purpose in USUAL_KINDS:
        if opens.kind(purpose) in by_kind:
            by_kind[opens.kind(purpose)].check_usual(purpose)
    return opens
