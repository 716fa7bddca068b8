"""The built-in actions: what a rule's effect does to the draft. `merge` settles before who writes what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from engine.core import routing
from engine.core.changes import Set, Tag, Untag
from engine.core.commands import OpenLinked
from engine.core.draft import Draft
from engine.core.entities import INTERNAL, NEVER, Agent
from engine.core.library import menu
from engine.core.opening import LINKED_DEEPEST, LINKED_MOST
from engine.core.trace import Reason, TraceChange, fact_of, jsonable
from engine.lang import Duration, Effect, Rule, Template


@dataclass(frozen=True, slots=True)
class Wish:
    """One effect a rule wants, ready to be merged."""

    rule: Rule
    effect: Effect
    position: int

    @property
    def order(self) -> tuple[int, bool, str, int]:
        """Higher priority first, then a shop's own, then the rule's id, then its place in the rule."""
        return (-self.rule.priority, self.rule.shop is None, self.rule.id, self.position)


@dataclass(frozen=True, slots=True)
class Lost:
    """A wish that another rule's wish overrode."""

    wish: Wish
    winner: Wish
    target: str
    tie: bool

    @property
    def reason(self) -> Reason:
        """Why, for the trace."""
        return Reason("name" if self.tie else "priority", self.winner.rule.id, self.target)


def targets(effect: Effect) -> tuple[tuple[str, Any], ...]:
    """What an effect writes, each with the value it writes: two different values for one target are a conflict."""
    args = effect.args
    action = effect.action
    if action == "set":
        return ((args["field"], ("set", args["value"])),)
    if action in ("raise", "lower"):
        return ((args["field"], (action, None)),)
    if action in ("add_tag", "remove_tag"):
        return tuple((f"{args['owner']}.tags {tag}", action) for tag in args["tags"])
    if action == "move":
        return (("ticket.state", args["state"]),)
    if action == "route":
        by, skills = args.get("by"), args.get("skills") or ()
        written: list[tuple[str, Any]] = [("ticket.team", args["team"])]
        if by:
            written.append(("ticket.assignee", ("route", args["team"])))
        if by or skills:
            written.append(("route", (by, skills)))
        return tuple(written)
    if action == "assign":
        return (("ticket.assignee", args["agent"]),)
    if action == "do" and not args["commutes"]:
        return ((f"do {args['name']}", args["arguments"]),)
    if action in ("start_timer", "cancel_timer"):
        return ((f"timer {args['name']}", args.get("after")),)
    return ()


def merge(wishes: list[Wish]) -> tuple[list[Wish], list[Lost]]:
    """The wishes that stand and those that lost. Commuting ones all stand, equal ones once; where two write one target
    differently the higher priority wins. At equal priority, which the validator refuses, the lower rule id does."""
    standing: list[Wish] = []
    lost: list[Lost] = []
    taken: dict[str, tuple[Any, Wish]] = {}
    seen: dict[str, list[Mapping[str, Any]]] = {}
    if len(wishes) == 1:
        return wishes, []
    for wish in sorted(wishes, key=lambda w: w.order):
        written = targets(wish.effect)
        clash: tuple[str, Wish] | None = None
        for target, value in written:
            holder = taken.get(target)
            if holder is not None and holder[0] != value and holder[1].rule.id != wish.rule.id:
                clash = (target, holder[1])
                break
        if clash is not None:
            if wish.effect.action in ("add_tag", "remove_tag") and len(wish.effect.args["tags"]) > 1:
                rest = tuple(
                    tag
                    for tag in wish.effect.args["tags"]
                    if (held := taken.get(f"{wish.effect.args['owner']}.tags {tag}")) is None
                    or held[0] == wish.effect.action
                )
                if rest:
                    kept = replace(wish.effect, args={**wish.effect.args, "tags": rest})
                    standing.append(replace(wish, effect=kept))
            tie = clash[1].rule.priority == wish.rule.priority
            lost.append(Lost(wish, clash[1], clash[0], tie))
            continue
        for target, value in written:
            taken.setdefault(target, (value, wish))
        same = seen.setdefault(wish.effect.action, [])
        if wish.effect.args in same:
            continue
        same.append(wish.effect.args)
        standing.append(wish)
    return standing, lost


# --- carrying out ---------------------------------------------------------------------------------------------------


def _write(draft: Draft, field: str, value: Any) -> None:
    owner, _, name = field.partition(".")
    if field in draft.book.custom_fields:
        draft.change_field(owner, name, value)
    elif owner == "member" and draft.member is not None:
        draft.member = replace(draft.member, **{name: value})
    elif owner == "ticket":
        draft.change_ticket(**{name: value})


def _read(draft: Draft, field: str) -> Any:
    return draft.book.getter(field)(draft)


def _set(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    _write(draft, args["field"], args["value"])
    return fact_of(draft.book, "set", args["field"], args["value"])


def _shift(direction: int) -> Callable[[Draft, Rule, Mapping[str, Any]], TraceChange]:
    def shift(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
        field, value = args["field"], args["value"]
        current = _read(draft, field)
        ranks = draft.book.ranks(field)
        if current is None:
            moves = True
        elif ranks is not None:
            moves = (ranks.get(value, 0) - ranks.get(current, 0)) * direction > 0
        else:
            moves = (value - current) * direction > 0
        if moves:
            _write(draft, field, value)
        return fact_of(draft.book, "raise" if direction > 0 else "lower", field, value if moves else current)

    return shift


def _add_tag(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    if args["owner"] == "member":
        if draft.member is not None:
            draft.member = replace(draft.member, tags=_with(draft.member.tags, args["tags"]))
    else:
        draft.change_ticket(tags=_with(draft.need_ticket().tags, args["tags"]))
    return TraceChange("add_tag", f"{args['owner']}.tags", list(args["tags"]))


def _remove_tag(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    gone = set(args["tags"])
    if args["owner"] == "member":
        if draft.member is not None:
            draft.member = replace(draft.member, tags=tuple(t for t in draft.member.tags if t not in gone))
    else:
        draft.change_ticket(tags=tuple(t for t in draft.need_ticket().tags if t not in gone))
    return TraceChange("remove_tag", f"{args['owner']}.tags", list(args["tags"]))


def _move(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    ticket = draft.need_ticket()
    if ticket.state == args["state"]:
        return TraceChange("move", "ticket.state", ticket.state)
    for transition in draft.book.lifecycles[ticket.kind].leading_to(ticket.state, args["state"]):
        if transition.when is None or draft.book.holds(transition.when, draft):
            draft.move(transition, rule=rule.id)
            return TraceChange("move", "ticket.state", args["state"])
    return TraceChange("move", "ticket.state", ticket.state, {"to": args["state"]}, "transition")


def _route(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    ticket = draft.need_ticket()
    team, skills, by = args["team"], tuple(args.get("skills") or ()), args.get("by")
    if by or skills or ticket.team != team:
        draft.change_ticket(team=team, route_by=by or ticket.route_by, route_skills=skills)
    if not by:
        return TraceChange("route", "ticket.team", team)
    last = draft.case.lookups.last_agent(ticket.member_id) if by == "last_agent" else None
    agent = routing.pick(by, team, skills, draft.roster(), last, draft.given)
    if agent is not None or ticket.assignee is None or ticket.team != team:
        draft.assign(agent)
    assignee = draft.need_ticket().assignee
    return TraceChange("route", "ticket.team", team, {"assignee": assignee})


def _assign(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    name = args["agent"]
    agent = draft.find_agent(name) if name else None
    if name and agent is None:
        return TraceChange("assign", "ticket.assignee", None, {"to": name}, "agent")
    draft.assign(agent)
    return TraceChange("assign", "ticket.assignee", name)


def _start_timer(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    after: Duration = args["after"]
    due = _moment_after(draft, after)
    draft.set_timer(f"rule:{args['name']}", due, "rule", {"name": args["name"], "rule": rule.id})
    return TraceChange("start_timer", args["name"], str(after))


def _moment_after(draft: Draft, after: Duration) -> int:
    return draft.book.helpers(draft).add_business(draft.now, after) if after.business else draft.now + after.micros


def _cancel_timer(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    draft.clear_timer(f"rule:{args['name']}")
    return TraceChange("cancel_timer", args["name"])


def _ask_rating(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    ask_rating(draft)
    return TraceChange("ask_rating")


def ask_rating(draft: Draft) -> None:
    """Asks the member to rate, once while no rating is there."""
    ticket = draft.need_ticket()
    if ticket.rating is None and ticket.channel != INTERNAL:
        draft.change_ticket(rating_asked_at=draft.now)
        draft.record("rating.requested", {})


def _mask(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    done = draft.mask(args["words"])
    return TraceChange("mask", args["name"], missed=None if done else "stored")


def _flag(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    draft.record("message.flagged", {"rule": rule.id, "why": args.get("why")})
    return TraceChange("flag", value=args.get("why"))


def _reject(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    draft.rejected = args.get("why") or ""
    return TraceChange("reject", value=args.get("why"))


def _block(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    after: Duration | None = args["after"]
    done = draft.block(NEVER if after is None else _moment_after(draft, after), args["why"] or "", rule.id)
    lasting = {} if after is None else {"for": str(after)}
    return TraceChange("block", None, args.get("why"), lasting, None if done else "longer")


def _stop(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    return TraceChange("stop")


def _do(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    """A plugin's action: its changes are the draft's at once, or it is put in line to be carried out after commit."""
    name, arguments = args["name"], args["arguments"]
    action = draft.book.plugin_actions[name]
    if action.later:
        plain = {key: str(value) if isinstance(value, Decimal) else value for key, value in arguments.items()}
        draft.enqueue(f"do:{name}", {"arguments": plain, "rule": rule.id})
    else:
        for change in action.call(replace(draft.case, ticket=draft.ticket, member=draft.member), **arguments):
            _adopt(draft, rule, name, change)
    shown = {key: "…" if isinstance(value, str) else jsonable(value) for key, value in arguments.items()}
    return TraceChange("do", name, more={"arguments": shown})


def _adopt(draft: Draft, rule: Rule, name: str, change: Any) -> None:
    """Takes over a change of the ticket or member at hand: tags and what rules may write, nothing else."""
    if isinstance(change, (Tag, Untag)):
        do = _add_tag if isinstance(change, Tag) else _remove_tag
        do(draft, rule, {"owner": change.thing, "tags": change.names})
        return
    if isinstance(change, Set) and change.thing in ("ticket", "member"):
        for short, value in change.values.items():
            field = f"{change.thing}.{short.removeprefix('fields.')}"
            spec = draft.book.fields.get(field)
            if spec is None or not spec[0].writable:
                raise TypeError(f"`{name}` may not write `{field}`")
            _write(draft, field, value)
        return
    raise TypeError(f"`{name}` may tag and set what rules may write, not give a {type(change).__name__}")


PERFORM: Mapping[str, Callable[[Draft, Rule, Mapping[str, Any]], TraceChange]] = {
    "set": _set,
    "raise": _shift(1),
    "lower": _shift(-1),
    "add_tag": _add_tag,
    "remove_tag": _remove_tag,
    "move": _move,
    "route": _route,
    "assign": _assign,
    "start_timer": _start_timer,
    "cancel_timer": _cancel_timer,
    "ask_rating": _ask_rating,
    "mask": _mask,
    "do": _do,
    "flag": _flag,
    "reject": _reject,
    "block": _block,
    "stop": _stop,
}
"""Actions done within their stage. Each returns what holds then or what it did."""

SPEAK = frozenset({"reply", "answer", "note", "notify", "open"})
"""Actions whose text is made as the wave leaves the fields, so they are done at its end."""


def _notify(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    """Tells agents in the app, or by the ways a rule names; a way that no plugin gives falls back to the app. A
    recipient is an address outside the desk: told by email, if nothing else is named."""
    wanted = tuple(args.get("via") or ("email" if args["to"] == "recipient" else "app",))
    ways = tuple(way for way in wanted if way != "app" and way in draft.case.notifiers)
    lacking = tuple(way for way in wanted if way != "app" and way not in draft.case.notifiers)
    told = _recipients(draft, args)
    for agent in told:
        text = _text(draft, args, draft.book.spoken(draft.shop, agent.locale))
        if "app" in wanted or lacking:
            draft.notice(agent, text, rule.id)
        for way in ways:
            draft.enqueue(f"notify:{way}", {"agent": agent.username, "text": text})
    if args["to"] == "recipient":
        text = _text(draft, args, draft.book.spoken(draft.shop))
        for way in ways:
            for address in args["names"]:
                draft.enqueue(f"notify:{way}", {"address": address, "text": text})
    draft.notified.extend(n for n in args["names"] if n)
    more: dict[str, Any] = {} if args["to"] == "recipient" else {"agents": [a.username for a in told]}
    more |= {name: list(some) for name, some in (("via", ways), ("lacking", lacking)) if some}
    return TraceChange("notify", args["to"], list(args["names"]), more)


def speak(draft: Draft, wish: Wish) -> TraceChange:
    """Carries out a `reply`, `answer`, `note`, `notify` or `open` at the end of its wave."""
    args = wish.effect.args
    rule = wish.rule
    if wish.effect.action == "notify":
        return _notify(draft, rule, args)
    if wish.effect.action == "open":
        return _open(draft, rule, args)
    if wish.effect.action == "note":
        draft.say(
            author_kind="bot",
            text=_text(draft, args, draft.book.spoken(draft.shop)),
            visibility="internal",
            automatic=True,
            rule=rule.id,
            template=args.get("template"),
        )
        return TraceChange("note", args.get("template"))
    if draft.ticket is not None and draft.ticket.channel == INTERNAL:
        return TraceChange(wish.effect.action, args.get("template"), missed="internal")
    if wish.effect.action == "answer":
        return _answer(draft, rule)
    text = _text(draft, args, draft.book.locale(draft))
    kind = args.get("as_") or "bot"
    after = args.get("after") or 0
    line = {"text": text, "as": kind, "rule": rule.id, "template": args.get("template")}
    said = TraceChange("reply", args.get("template"), more={"after": str(Duration(after))} if after else {})
    if draft.ticket is None and draft.chat is None:
        told = _reply_aside(draft, line, f"{rule.id}:{wish.position}", after)
        return said if told else replace(said, missed="silent")
    if draft.ticket is None:
        draft.opening.append({**line, "after": after})
    elif after:
        draft.say_later(f"{rule.id}:{wish.position}", draft.now + after, line)
    else:
        reply(draft, text, kind, rule.id, args.get("template"))
    return said


def _open(draft: Draft, rule: Rule, args: Mapping[str, Any]) -> TraceChange:
    """Puts a case in line that is opened beside this one; chains have an end."""
    kind, team, agent = args["kind"], args.get("team"), args.get("agent")
    if draft.depth >= LINKED_DEEPEST or len(draft.opens) >= LINKED_MOST:
        return TraceChange("open", kind, missed="depth")
    text = _text(draft, args, draft.book.spoken(draft.shop))
    ticket = draft.need_ticket()
    draft.opens.append(OpenLinked(ticket.id, kind, team, agent, text, rule.id, args.get("template"), draft.depth + 1))
    return TraceChange("open", kind, more={name: to for name, to in (("team", team), ("agent", agent)) if to})


def _answer(draft: Draft, rule: Rule) -> TraceChange:
    """What the library knows, or a menu. A chat waits for the member then, as after an agent's line."""
    fits = draft.fits()
    if not fits:
        return TraceChange("answer", missed="fits")
    locale = draft.book.locale(draft)
    text = fits[0].text(locale) if len(fits) == 1 else menu(fits, locale)
    reply(draft, text, "bot", rule.id, None)
    draft.turn("member")
    if len(fits) == 1:
        return TraceChange("answer", value=fits[0].title(locale))
    return TraceChange("answer", more={"menu": len(fits)})


def reply(draft: Draft, text: str, kind: str, rule: str, template: str | None) -> None:
    """An automatic line to the member. It is no reply of a person: no count, no clock, no state moves by it."""
    say = draft.say(
        author_kind="desk" if kind == "desk" else "bot",
        text=text,
        automatic=True,
        rule=rule,
        template=template,
        language=draft.need_ticket().language,
    )
    draft.replies.append(say)


def reply_at_last(draft: Draft, line: Mapping[str, Any]) -> Reason | None:
    """A line that a rule wanted said after a while is due: says it, or returns why nobody wants it any more."""
    ticket = draft.need_ticket()
    if line.get("aside"):
        say_aside(draft, line, (ticket.id, ticket.channel))
        return None
    if ticket.category == "closed":
        return Reason("closed")
    reply(draft, line["text"], line["as"], line["rule"], line.get("template"))
    draft.keys.add("message.sent")
    draft.message = draft.last_reply()
    return None


def _reply_aside(draft: Draft, line: Mapping[str, Any], name: str, after: int) -> bool:
    """A line to a member where there is no ticket: the way the member last wrote, into that conversation. False: the
    member never wrote."""
    place = draft.case.lookups.last_line(draft.member.id) if draft.member is not None else None
    if place is None:
        return False
    if after:
        draft.say_later(name, draft.now + after, {**line, "aside": True}, ticket=place[0])
    else:
        say_aside(draft, line, place)
    return True


def say_aside(draft: Draft, line: Mapping[str, Any], place: tuple[int, str]) -> None:
    """A line that is about no ticket; no `message.sent` for rules, which could not say of which one."""
    draft.aside.append(
        draft.say(
            author_kind="desk" if line["as"] == "desk" else "bot",
            text=line["text"],
            automatic=True,
            rule=line["rule"],
            template=line.get("template"),
            language=draft.book.locale(draft),
            into=place,
        )
    )


def _text(draft: Draft, args: Mapping[str, Any], locale: str) -> str:
    template: Template | None = args.get("text")
    if args.get("template"):
        template = draft.book.template(args["template"], draft.shop, locale)
    if template is None:
        return ""
    values = {name: draft.book.shown(name, _as_shown(draft, name), draft, locale) for name in template.reads}
    values.update(draft.book.shop_settings.get(draft.shop, ()))
    return template.render(values, locale, str(draft.book.zone(draft.shop)))


def _as_shown(draft: Draft, field: str) -> Any:
    return draft.shown_text() if field == "message.text" else _read(draft, field)


def _recipients(draft: Draft, args: Mapping[str, Any]) -> list[Agent]:
    names = [n for n in args["names"] if n]
    if args["to"] == "agent":
        return [a for a in draft.roster() if a.username in names]
    if args["to"] == "team":
        return [a for a in draft.roster() if set(names) & set(a.teams)]
    if args["to"] == "role":
        return [a for a in draft.roster() if set(names) & set(a.roles)]
    return []


def _with(tags: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tags + tuple(dict.fromkeys(t for t in more if t not in tags))
