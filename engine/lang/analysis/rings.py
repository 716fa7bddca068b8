"""Timers: those nobody hears or starts, and those that bring themselves on again, alone or with others, without end; so
do lines that are lost and answered."""

from __future__ import annotations

from collections.abc import Iterable

from engine.lang import tree
from engine.lang.analysis.axes import OTHER, ChoiceAxis, bits
from engine.lang.analysis.boxes import Box, meet
from engine.lang.analysis.report import LOST, Report, Ring, name_of, place_of
from engine.lang.analysis.samples import Case, NoTextError, reasons, sample
from engine.lang.analysis.view import Seen, View
from engine.lang.analysis.writes import Written
from engine.lang.findings import Finding, Related
from engine.lang.limits import LIMITS
from engine.lang.said import both, quoted, say
from engine.lang.types import Duration

FIRED = "timer.fired"
STARTS = 24
"""Boxes of a rule from which timers are played."""
VARIATIONS = 12
"""Other values tried in each, for fields that hang together."""
FIXED = frozenset(
    {
        "timer.name", "message.author", "message.direction", "message.automatic",
        "ticket.kind", "ticket.number", "ticket.channel", "shop.name",
    }
)  # fmt: skip
"""What is the same each time a ticket's timers come round: a condition of these alone holds again."""


def check_rings(report: Report) -> None:
    """Tells each ring of rules that timers bring on again: an error where nothing can end it and it goes round faster
    than a schedule may run; a warning where it is as fast and a condition stands before it, where nothing can end it,
    and where the member gets a line each time."""
    view = report.view
    free = [seen for seen in view.rules if seen.rule.limit is None]
    told: set[frozenset[str]] = set()
    for seen, circle, event in _candidates(view, free):
        for box in _starts(view, seen, circle, event):
            if any(seen.rule.id in one for one in told):
                break
            found = _play(report, seen, box, event)
            if found is not None and found[0].rules not in told and _tell(report, *found):
                told.add(found[0].rules)


# ---- where a ring may be ---------------------------------------------------------------------------------------------


def _candidates(view: View, free: list[Seen]) -> Iterable[tuple[Seen, list[Seen], str]]:
    """Rules that hear what may bring itself on again after a while, by events and timers alone; each with the others
    and with the event."""
    steps: dict[str, set[str]] = {}
    later: set[str] = set()
    for seen in free:
        timers = {_named(FIRED, name) for name in _started(seen)}
        late = _put_off(view, seen)
        causes = timers | late | _raised(view, seen)
        later |= timers | late
        for node in _heard(view, seen) if causes else ():
            steps.setdefault(node, set()).update(causes)
    around = {node for node in later if node in _reach(steps, node)}
    if not around:
        return
    near = [seen for seen in free if seen.boxes and _near(view, seen, around, steps)]
    for seen in near:
        for node in sorted(_heard(view, seen)):
            if node in around or (node == FIRED and any(one.startswith(FIRED) for one in around)):
                yield seen, near, node.partition(" ")[0]
                break


def _near(view: View, seen: Seen, around: set[str], steps: dict[str, set[str]]) -> bool:
    """Whether a rule may be on the way of a timer that comes round."""
    heard = _heard(view, seen)
    return bool(heard & around) or FIRED in heard or any(heard & _reach(steps, node) for node in around)


def _reach(steps: dict[str, set[str]], start: str) -> set[str]:
    """What may follow from an event or timer, on any way."""
    found: set[str] = set()
    open_ = [start]
    while open_:
        node = open_.pop()
        more = set(steps.get(node, ()))
        if node.startswith(f"{FIRED} "):
            more |= steps.get(FIRED, set())
        open_.extend(more - found)
        found |= more
    return found


def _named(event: str, what: str) -> str:
    return f"{event} {what}"


def _started(seen: Seen) -> set[str]:
    return {timer_of(write) for write in seen.writes if write.how == "start"}


def _put_off(view: View, seen: Seen) -> set[str]:
    """The events, beside timers, that a rule's actions bring about later in this case, where lines are lost, too."""
    raised = (
        one for action in seen.rule.actions for one in view.environment.actions[action.action].raises(action.args)
    )
    found = {one.event for one in raised if one.later and one.event not in (FIRED, "ticket.created")}
    if LOST in view.environment.events and any(view.environment.actions[a.action].to_member for a in seen.rule.actions):
        found.add(LOST)
    return found


def _heard(view: View, seen: Seen) -> set[str]:
    """The events and timers a rule is asked at; `timer.fired` itself where it hears every timer."""
    found = {view.kind(key) for key in seen.keys}
    if FIRED in found:
        names = timer_names(view, seen)
        if names is not None:
            found = (found - {FIRED}) | {_named(FIRED, name) for name in names}
    return found


def _raised(view: View, seen: Seen) -> set[str]:
    """The events that a rule's actions can cause in this case at once."""
    found: set[str] = set()
    for action in seen.rule.actions:
        verb = view.environment.actions[action.action]
        found.update(event for write in verb.writes(action.args) for event in view.environment.events_of(write))
        found.update(one.event for one in verb.raises(action.args) if not one.later)
    return found & set(view.environment.events)


# ---- playing it ------------------------------------------------------------------------------------------------------


def _starts(view: View, seen: Seen, circle: list[Seen], event: str) -> list[Box]:
    """Where timers are played from: each box of the rule, first as far as the others' conditions hold there too."""
    access = view.space.accesses.get("timer.name")
    apart = {1} | ({access.axis.id} if access is not None else set())
    own = view.under(seen.boxes or (), frozenset({event}), seen.rule.stage)
    shared = []
    for box in own:
        for other in circle:
            for more in other.boxes or ():
                rest = {number: mask for number, mask in more.items() if number not in apart}
                both_ = meet(box, rest)
                if other is not seen and rest and both_ is not None and view.space.possible(both_):
                    shared.append(both_)
        if len(shared) > STARTS:
            break
    return [*own[:STARTS], *shared[:STARTS]]


def _play(report: Report, seen: Seen, box: Box, event: str) -> tuple[Ring, Case] | None:
    """The ring a case of the box comes into, and the case."""
    prover = report.prover
    if prover is None or reasons(report.view, box):
        return None
    found: list[Ring] = []

    def comes_round(case: Case) -> bool:
        ring = prover.ring(case)
        if ring is not None and seen.rule.id in ring.rules:
            found[:] = [ring]
            return True
        return False

    try:
        case = sample(report.view, box, frozenset({event}), comes_round, VARIATIONS)
    except NoTextError:
        return None
    return None if case is None else (found[0], case)


def _tell(report: Report, ring: Ring, case: Case) -> bool:
    """The finding for a ring, where there is something to say against it."""
    rules = sorted((seen for seen in report.view.rules if seen.rule.id in ring.rules), key=place_of)
    asked = frozenset().union(*(tree.reads(s.rule.condition) for s in rules if s.rule.condition is not None))
    endless, fast = asked <= FIXED, ring.pace < LIMITS.shortest_period
    if not (endless or fast or ring.speaks):
        return False
    first, *others = rules
    names, pace = both(name_of(seen) for seen in rules[:4]), str(Duration(max(1, ring.pace // 1_000_000) * 1_000_000))
    if ring.lost:
        _tell_lost(report, rules, names, case)
        return True
    if others:
        message = say("timers bring {rules} on again and again, every {pace}", names, pace)
    else:
        message = say("a timer brings {rule} on again and again, every {pace}", names, pace)
    if ring.speaks:
        message = say("{what}, and the member gets a line each time", message)
    report.add(
        Finding(
            "timer-storm" if endless and fast else "timer-loop",
            message,
            first.rule.source.name.span,
            say("`limit once per ticket`, or let a condition end it: a state, a tag, a time"),
            witness=case.shown,
            related=tuple(Related(seen.rule.source.name.span, say("in turn")) for seen in others[:4]),
        )
    )
    return True


def _tell_lost(report: Report, rules: list[Seen], names: str, case: Case) -> None:
    first, *others = rules
    if others:
        message = say("{rules} answer a line that was not delivered, and their own again when it is not, either", names)
    else:
        message = say("{rule} answers a line that was not delivered, and its own again when it is not, either", names)
    report.add(
        Finding(
            "delivery-storm",
            message,
            first.rule.source.name.span,
            say("`limit once per ticket`, or tell a colleague (`notify`) instead of the member"),
            witness=case.shown,
            related=tuple(Related(seen.rule.source.name.span, say("in turn")) for seen in others[:4]),
        )
    )


# ---- timers nobody hears or starts -----------------------------------------------------------------------------------


def check_unheard(report: Report) -> None:
    """Timers that are started and not heard, and the other way round."""
    view = report.view
    started: dict[str, Seen] = {}
    for seen in view.rules:
        for write in seen.writes:
            if write.how == "start":
                started.setdefault(timer_of(write), seen)
    heard: set[str] = set()
    everything = False
    access = view.space.field("timer.name") if "timer.name" in view.environment.fields else None
    for seen in view.rules:
        if "timer.fired" not in seen.keys:
            continue
        names = timer_names(view, seen)
        if names is None or access is None:
            everything = True
            continue
        heard |= names
        dead = names - set(started)
        if dead and dead == names:
            report.add(
                Finding(
                    "dead-timer",
                    say(
                        "{rule} waits for the timer {names}, which no rule starts", name_of(seen), quoted(sorted(dead))
                    ),
                    seen.rule.source.name.span,
                    f"`start timer {min(dead)} for …`",
                )
            )
    for seen in view.rules:
        for write in seen.writes:
            name = timer_of(write)
            if write.how == "start" and not everything and name not in heard:
                report.add(
                    Finding(
                        "dead-timer",
                        say("no rule waits for the timer `{name}`", name),
                        write.action.span,
                        f"`on timer.fired when timer.name = {name}`",
                    )
                )
            if write.how == "cancel" and name not in started:
                report.add(Finding("dead-timer", say("no rule starts the timer `{name}`", name), write.action.span))


def timer_of(write: Written) -> str:
    """The name of the timer that a write starts or cancels."""
    return write.target.partition(" ")[2]


def timer_names(view: View, seen: Seen) -> set[str] | None:
    """The timers a rule hears; None for every one."""
    access = view.space.accesses.get("timer.name")
    if access is None or not isinstance(access.inner, ChoiceAxis):
        return None
    found: set[str] = set()
    for box in seen.boxes if seen.boxes is not None else seen.wide:
        for bit in bits(access.in_box(box)):
            value = access.inner.values[bit.bit_length() - 1]
            if value is OTHER:
                return None
            if value:
                found.add(str(value))
    return found
