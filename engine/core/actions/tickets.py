"""Actions on a ticket's way: `move`, `route`, `assign`, `open`, timers, `ask rating`."""

from __future__ import annotations

from typing import Any

from engine.core import rights, routing
from engine.core.actions import ended
from engine.core.actions.action import Action, by_itself, given, moment_after, nothing
from engine.core.actions.phrases import fact, fact_of_field, name, names
from engine.core.actions.speech import text_of
from engine.core.asking import holds
from engine.core.commands import OpenLinked
from engine.core.draft import Draft
from engine.core.entities import INTERNAL
from engine.core.opening import LINKED_DEEPEST, LINKED_MOST
from engine.core.rulebook import Rulebook
from engine.core.trace import TraceChange, fact_of
from engine.core.values import replace
from engine.lang import LIMITS, Duration, Effect, ast
from engine.lang.actions import ActionChecker
from engine.lang.said import joined, say
from engine.lang.verbs import Args, Raised, Write

_TICKET = ("ticket",)

# --- move -----------------------------------------------------------------------------------------------------------


def _check_move(checker: ActionChecker, action: ast.Action) -> dict[str, Any]:
    states = dict.fromkeys(state for states in checker.environment.states.values() for state in states)
    return {"state": checker.known(action["state"], states, "unknown-state", say("state"))}


def _move(draft: Draft, effect: Effect) -> TraceChange:
    ticket, wanted = draft.need_ticket(), effect.args["state"]
    if ticket.state == wanted:
        return TraceChange("move", "ticket.state", ticket.state)
    for transition in draft.book.lifecycles[ticket.kind].leading_to(ticket.state, wanted):
        if transition.when is None or holds(draft.book, transition.when, draft):
            draft.move(transition, rule=effect.rule.id)
            return TraceChange("move", "ticket.state", wanted)
    return TraceChange("move", "ticket.state", ticket.state, {"to": wanted}, "transition")


MOVE = Action(
    name="move",
    shape="move to STATE",
    meaning="a transition of the lifecycle; nothing where it stands there already",
    needs=_TICKET,
    check=_check_move,
    writes=lambda args: (Write("ticket.state", "move", args["state"]),),
    perform=_move,
    words=lambda change: say("move to {state}", name(change.more["to"])) if change.missed else fact(change),
    wanted=lambda book, args: fact_of(book, "move", "ticket.state", args["state"]),
    misses={"transition": fact},
)

# --- route, assign --------------------------------------------------------------------------------------------------

ROUTING = ("least_busy", "round_robin", "longest_idle", "last_agent")
"""The ways of choosing an agent."""


def _check_route(checker: ActionChecker, action: ast.Action) -> dict[str, Any]:
    skills, by = checker.environment.skills, action["by"]
    return {
        "team": checker.who(action["team"], "team"),
        "skills": tuple(checker.known(item, skills, "unknown-skill", say("skill")) for item in action["skills"]),
        "by": None if by is None else checker.known(by, ROUTING, "unknown-value", say("way of choosing")),
        **({"reassign": True} if action["reassign"] else {}),
    }


def _route_writes(args: Args) -> tuple[Write, ...]:
    by, skills = args.get("by"), args.get("skills") or ()
    wanted = [Write("ticket.team", "set", args["team"])]
    if by:
        wanted.append(Write("ticket.assignee", "choose", args["team"]))
    if by or skills:
        wanted.append(Write("route", "run", (by, tuple(sorted(set(skills))))))
    return tuple(wanted)


def _route(draft: Draft, effect: Effect) -> TraceChange:
    ticket, args = draft.need_ticket(), effect.args
    team, skills, by = args["team"], tuple(args.get("skills") or ()), args.get("by")
    if by or skills or ticket.team != team:
        draft.change_ticket(route_by=by or ticket.route_by, route_skills=skills)
    held = draft.hand_over(team)
    if not by or (held and not args.get("reassign")):
        more = {"assignee": draft.need_ticket().assignee} if by else {}
        return TraceChange("route", "ticket.team", team, more)
    last = draft.case.lookups.last_agent(ticket.member_id) if by == "last_agent" else None
    left_by = draft.need_ticket().left_by  # of this team: in another one nobody has had it yet
    able = rights.able(draft.book.roles, routing.but(draft.roster(), left_by))
    agent = routing.pick(by, team, skills, able, last, draft.given)
    if agent is not None or (draft.agent is not None and draft.agent.status == "offline"):
        draft.assign(agent)  # nobody free: it waits for the team rather than for one who is not there
    return TraceChange("route", "ticket.team", team, {"assignee": draft.need_ticket().assignee})


def _route_wanted(book: Rulebook, args: Args) -> TraceChange:
    more = given(skills=list(args.get("skills") or ()), by=args.get("by"))
    return TraceChange("route", "ticket.team", args["team"], more)


def _routed(change: TraceChange) -> str:
    told = fact(change)
    if change.more.get("skills"):
        told = say("{done} with skill {skills}", told, names(change.more["skills"]))
    if "by" in change.more:
        told = joined((told, say("ticket.assignee by {way}", change.more["by"])), ", ")
    if "assignee" in change.more:
        told = joined((told, fact_of_field("ticket.assignee", change.more["assignee"])), ", ")
    return told


ROUTE = Action(
    name="route",
    shape="route to team T [with skill S, …] [by least_busy|round_robin|longest_idle|last_agent [reassign]]",
    meaning="the team responsible; with `by` the agent too: who holds the case keeps it, unless the team does not have "
    "them or `reassign` says to choose anew",
    needs=_TICKET,
    check=_check_route,
    writes=_route_writes,
    perform=_route,
    words=_routed,
    wanted=_route_wanted,
)


def _assign(draft: Draft, effect: Effect) -> TraceChange:
    wanted = effect.args["agent"]
    agent = rights.assignee(draft.book.roles, draft.find_agent(wanted)) if wanted else None
    if wanted and agent is None:
        return TraceChange("assign", "ticket.assignee", None, {"to": wanted}, "agent")
    draft.assign(agent)
    return TraceChange("assign", "ticket.assignee", wanted)


def _assigned(change: TraceChange) -> str:
    return say("not assign to agent {name}", name(change.more["to"])) if change.missed else fact(change)


ASSIGN = Action(
    name="assign",
    shape="assign to agent A",
    meaning="the agent responsible, by name or field",
    needs=_TICKET,
    check=lambda checker, action: {"agent": checker.who(action["agent"], "agent")},
    writes=lambda args: (Write("ticket.assignee", "set", args["agent"]),),
    perform=_assign,
    words=_assigned,
    wanted=lambda book, args: fact_of(book, "assign", "ticket.assignee", args["agent"]),
)

# --- open -----------------------------------------------------------------------------------------------------------


def _check_open(checker: ActionChecker, action: ast.Action) -> dict[str, Any]:
    kind = checker.known(action["kind"], checker.environment.states, "unknown-value", say("kind of ticket"))
    if kind in checker.environment.live:
        message = say("a case of the kind `{kind}` is begun by its member only", kind)
        raise checker.fail("unknown-value", message, action["kind"].span)
    team, agent, template = action["team"], action["agent"], action["template"]
    return {
        "kind": kind,
        "team": None if team is None else checker.who(team, "team"),
        "agent": None if agent is None else checker.who(agent, "agent"),
        "template": None if template is None else checker.template(template),
    }


def _open_wanted(book: Rulebook, args: Args) -> TraceChange:
    return TraceChange("open", args["kind"], more=given(team=args.get("team"), agent=args.get("agent")))


def _open(draft: Draft, effect: Effect) -> TraceChange:
    """Puts a case in line that is opened beside this one; chains have an end."""
    args = effect.args
    if draft.chain.depth >= LINKED_DEEPEST or len(draft.opens) >= LINKED_MOST:
        return TraceChange("open", args["kind"], missed="depth")
    text, team, agent = text_of(draft, args, draft.book.spoken(draft.shop)), args.get("team"), args.get("agent")
    origin, rule, template = draft.need_ticket().id, effect.rule.id, args.get("template")
    draft.opens.append(OpenLinked(origin, args["kind"], team, agent, text, rule, template, draft.chain.deeper()))
    return _open_wanted(draft.book, args)


def _opened(change: TraceChange) -> str:
    kind, more = name(str(change.target)), change.more
    if more.get("team"):
        return say("open {kind} to team {name}", kind, name(more["team"]))
    if more.get("agent"):
        return say("open {kind} to agent {name}", kind, name(more["agent"]))
    return say("open {kind}", kind)


OPEN = Action(
    name="open",
    shape="open KIND [to team T|agent A] [template T]",
    meaning="a new ticket that is linked to this one",
    needs=_TICKET,
    check=_check_open,
    raises=lambda args: (Raised("ticket.created", str(args["kind"]), {"ticket.kind": args["kind"]}, later=True),),
    perform=_open,
    words=_opened,
    wanted=_open_wanted,
    misses={"depth": lambda change: say("too many are opened one from another")},
    last=True,
)

# --- timers ---------------------------------------------------------------------------------------------------------


def _check_start(checker: ActionChecker, action: ast.Action) -> dict[str, Any]:
    after = checker.duration(action["after"])
    if after is not None and after.micros < LIMITS.shortest_timer:
        message, hint = say("a timer runs a second at least"), say("to do it at once, write the action itself")
        raise checker.fail("bad-duration", message, action["after"].span, hint)
    return {"name": action["timer"].text, "after": after}


def _start_wanted(book: Rulebook, args: Args) -> TraceChange:
    return TraceChange("start_timer", args["name"], str(args["after"]))


def _start(draft: Draft, effect: Effect) -> TraceChange:
    after: Duration = effect.args["after"]
    timer, rule = effect.args["name"], effect.rule.id
    if draft.chain.worn:
        ended.end(draft, timer, rule)
        return replace(_start_wanted(draft.book, effect.args), missed="again")
    # A shop's setting may be shorter than what the rules were checked with.
    due = max(moment_after(draft, after), draft.now + LIMITS.shortest_timer)
    draft.set_timer(f"rule:{timer}", due, "rule", {"name": timer, "rule": rule, **draft.chain.carried()})
    return _start_wanted(draft.book, effect.args)


START_TIMER = Action(
    name="start_timer",
    shape="start timer NAME for DURATION",
    meaning="raises `timer.fired` then; starting again restarts it",
    needs=_TICKET,
    check=_check_start,
    writes=lambda args: (Write(f"timer {args['name']}", "start", args["after"]),),
    raises=lambda args: (Raised("timer.fired", str(args["name"]), {"timer.name": str(args["name"])}, later=True),),
    perform=_start,
    words=lambda change: say("start timer {name} for {time}", name(str(change.target)), change.value),
    wanted=_start_wanted,
    misses={"again": lambda change: ended.AGAIN},
)


def _cancel_wanted(book: Rulebook, args: Args) -> TraceChange:
    return TraceChange("cancel_timer", args["name"])


def _cancel(draft: Draft, effect: Effect) -> TraceChange:
    draft.clear_timer(f"rule:{effect.args['name']}")
    return _cancel_wanted(draft.book, effect.args)


CANCEL_TIMER = Action(
    name="cancel_timer",
    shape="cancel timer NAME",
    meaning="the timer will not fire",
    needs=_TICKET,
    check=lambda checker, action: {"name": action["timer"].text},
    writes=lambda args: (Write(f"timer {args['name']}", "cancel"),),
    perform=_cancel,
    words=lambda change: say("cancel timer {name}", name(str(change.target))),
    wanted=_cancel_wanted,
)

# --- ask rating -----------------------------------------------------------------------------------------------------


def ask_rating(draft: Draft) -> None:
    """Asks the member to rate, once while no rating is there."""
    ticket = draft.need_ticket()
    if ticket.rating is None and ticket.channel != INTERNAL:
        draft.change_ticket(rating_asked_at=draft.now)
        draft.record("rating.requested", {})


def _ask(draft: Draft, effect: Effect) -> TraceChange:
    inside = draft.need_ticket().channel == INTERNAL
    ask_rating(draft)
    return TraceChange("ask_rating", missed="internal" if inside else None)


ASK_RATING = Action(
    name="ask_rating",
    shape="ask rating",
    meaning="asks the member to rate, once",
    needs=_TICKET,
    check=nothing,
    perform=_ask,
    words=lambda change: say("ask rating"),
    misses={"internal": lambda change: say("the case is internal")},
    for_member=True,
    wanted=by_itself("ask_rating"),
)
