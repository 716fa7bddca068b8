"""Actions that say something: `reply` and `answer` to the member, `note` and `notify` to people inside the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core import rights
from engine.core.actions import ended
from engine.core.actions.action import Action, by_itself, given, nothing, value_of
from engine.core.actions.phrases import because, name
from engine.core.draft import Draft
from engine.core.entities import INTERNAL, Agent, Place
from engine.core.followers import followers
from engine.core.library import menu
from engine.core.mentions import MENTIONED
from engine.core.notices import kind_of, notify
from engine.core.rulebook import Rulebook
from engine.core.telling import locale_of, shown
from engine.core.trace import Reason, TraceChange
from engine.core.values import replace
from engine.lang import Duration, Effect, Template, ast
from engine.lang.actions import ActionChecker
from engine.lang.said import say
from engine.lang.verbs import Args, Raised


def text_of(draft: Draft, args: Args, locale: str) -> str:
    """What a template, or the text of the rule itself, says of the draft as it stands; empty where there is none."""
    template: Template | None = args.get("text")
    if args.get("template"):
        template = draft.book.template(args["template"], draft.shop, locale)
    if template is None:
        return ""
    values = {field: shown(draft.book, field, _as_shown(draft, field), draft, locale) for field in template.reads}
    values.update(draft.book.shop_settings.get(draft.shop, ()))
    return template.render(values, locale, str(draft.book.zone(draft.shop)))


def _as_shown(draft: Draft, field: str) -> Any:
    return draft.shown_text() if field == "message.text" else value_of(draft, field)


# --- reply ----------------------------------------------------------------------------------------------------------

_INTERNAL = {"internal": lambda change: say("the case is internal")}
SHOWN_AS = ("bot", "desk")
"""As whom a rule may write to the member."""


def _check_reply(checker: ActionChecker, action: ast.Action) -> dict[str, Any]:
    shown = action["shown"]
    as_ = None if shown is None else checker.known(shown, SHOWN_AS, "unknown-value", say("sender"))
    after = checker.plain_micros(action["after"]) or 0
    return {**checker.message(action["message"]), "as_": as_, "after": after}


def _reply_raises(args: Args) -> tuple[Raised, ...]:
    author = "desk" if args["as_"] == "desk" else "bot"
    known = {"message.author": author, "message.direction": "outbound", "message.automatic": True}
    return (Raised("message.sent", f"as {author}", known, later=bool(args["after"])),)


def _reply_wanted(book: Rulebook, args: Args) -> TraceChange:
    after = args.get("after")
    return TraceChange("reply", args.get("template"), more={"after": str(Duration(after))} if after else {})


def _reply(draft: Draft, effect: Effect) -> TraceChange:
    args, rule = effect.args, effect.rule.id
    if draft.ticket is not None and draft.ticket.channel == INTERNAL:
        return TraceChange("reply", args.get("template"), missed="internal")
    text = text_of(draft, args, locale_of(draft.book, draft))
    kind, after = args.get("as_") or "bot", args.get("after") or 0
    line = {"text": text, "as": kind, "rule": rule, "template": args.get("template")}
    said, place = _reply_wanted(draft.book, args), f"{rule}:{effect.position}"
    if draft.ticket is None and draft.chat is None:
        return said if _reply_aside(draft, line, place, after) else replace(said, missed="silent")
    if draft.ticket is None:
        draft.opening.append({**line, "after": after})
    elif _worn(draft, after):
        ended.end(draft, "", rule)
        return replace(said, missed="again")
    elif after:
        draft.say_later(place, draft.now + after, line)
    else:
        reply(draft, text, kind, rule, args.get("template"))
    return said


def _worn(draft: Draft, after: int) -> bool:
    """Whether a line would lead a row on that is over: one that comes later, or that can be given up again."""
    leads_on = after or draft.need_ticket().channel in draft.case.outbound
    return bool(leads_on) and (draft.chain.worn or ended.said_out(draft))


def reply(draft: Draft, text: str, kind: str, rule: str, template: str | None) -> None:
    """An automatic line to the member. It is no reply of a person: no count, no clock, no state moves by it."""
    line = draft.say(
        author_kind="desk" if kind == "desk" else "bot",
        text=text,
        automatic=True,
        rule=rule,
        template=template,
        language=draft.need_ticket().language,
    )
    draft.replies.append(line)


def reply_at_last(draft: Draft, line: Mapping[str, Any]) -> Reason | None:
    """A line that a rule wanted said after a while is due: says it, or returns why nobody wants it any more."""
    ticket = draft.need_ticket()
    if line.get("aside"):
        say_aside(draft, line, Place(ticket.id, ticket.channel, ticket.account))
        return None
    if ticket.category == "closed":
        return Reason("closed")
    if ended.said_out(draft):
        ended.end(draft, "", line["rule"])
        return Reason("again", text=ended.AGAIN)
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
        draft.say_later(name, draft.now + after, {**line, "aside": True}, ticket=place.ticket_id)
    else:
        say_aside(draft, line, place)
    return True


def say_aside(draft: Draft, line: Mapping[str, Any], place: Place) -> None:
    """A line that is about no ticket; no `message.sent` for rules, which could not say of which one."""
    draft.aside.append(
        draft.say(
            author_kind="desk" if line["as"] == "desk" else "bot",
            text=line["text"],
            automatic=True,
            rule=line["rule"],
            template=line.get("template"),
            language=locale_of(draft.book, draft),
            into=place,
        )
    )


def _replied(change: TraceChange) -> str:
    """As the rule wrote it: what was said stands in the conversation."""
    told = say("reply template {name}", name(change.target)) if change.target else say("reply")
    return say("{done} after {time}", told, change.more["after"]) if change.more.get("after") else told


REPLY = Action(
    name="reply",
    shape='reply template T|"text {member.name}" [as bot|desk] [after 10s]',
    meaning="a line to the member, sent after the commit",
    needs=("ticket", "member"),
    check=_check_reply,
    raises=_reply_raises,
    perform=_reply,
    words=_replied,
    wanted=_reply_wanted,
    misses={
        **_INTERNAL,
        "silent": lambda change: say("the member never wrote"),
        "again": lambda change: ended.AGAIN,
    },
    to_member=True,
    for_member=True,
    last=True,
)

# --- answer ---------------------------------------------------------------------------------------------------------


def _answer(draft: Draft, effect: Effect) -> TraceChange:
    """What the library knows, or a menu. A chat waits for the member then, as after an agent's line."""
    if draft.ticket is not None and draft.ticket.channel == INTERNAL:
        return TraceChange("answer", missed="internal")
    fits = draft.fits()
    if not fits:
        return TraceChange("answer", missed="fits")
    if _worn(draft, 0):
        ended.end(draft, "", effect.rule.id)
        return TraceChange("answer", missed="again")
    locale = locale_of(draft.book, draft)
    text = fits[0].text(locale) if len(fits) == 1 else menu(fits, locale)
    reply(draft, text, "bot", effect.rule.id, None)
    draft.turn("member")
    if len(fits) == 1:
        return TraceChange("answer", value=fits[0].title(locale))
    return TraceChange("answer", more={"menu": len(fits)})


def _answered(change: TraceChange) -> str:
    if change.missed == "fits":
        return say("answer (nothing fits)")
    if "menu" in change.more:
        return say("answer (a menu of {count})", change.more["menu"])
    return because(say("answer"), change.value)


ANSWER = Action(
    name="answer",
    shape="answer",
    meaning="the best answers of the auto-reply library, a menu if there are several",
    needs=("ticket",),
    check=nothing,
    raises=lambda args: (Raised("message.sent"),),
    perform=_answer,
    words=_answered,
    wanted=by_itself("answer"),
    misses={**_INTERNAL, "again": lambda change: ended.AGAIN},
    to_member=True,
    for_member=True,
    last=True,
)

# --- note -----------------------------------------------------------------------------------------------------------


def _note_wanted(book: Rulebook, args: Args) -> TraceChange:
    return TraceChange("note", args.get("template"))


def _note(draft: Draft, effect: Effect) -> TraceChange:
    draft.say(
        author_kind="bot",
        text=text_of(draft, effect.args, draft.book.spoken(draft.shop)),
        visibility="internal",
        automatic=True,
        rule=effect.rule.id,
        template=effect.args.get("template"),
    )
    return _note_wanted(draft.book, effect.args)


NOTE = Action(
    name="note",
    shape='note template T|"text"',
    meaning="a line only agents see",
    needs=("ticket",),
    check=lambda checker, action: checker.message(action["message"]),
    perform=_note,
    words=lambda change: say("note template {name}", name(change.target)) if change.target else say("note"),
    wanted=_note_wanted,
    last=True,
)

# --- notify ---------------------------------------------------------------------------------------------------------

THOSE: Mapping[str, str] = {"mentioned": "mention", "followers": "ticket"}
"""People whom no rule names: each with the object that an event must bring to have them."""
_LATE = {to: place for place, to in enumerate(THOSE, start=1)}


def lateness(effect: Effect) -> int:
    """The place of an action among those at the end of a wave: who follows a ticket comes after who is meant by name,
    and then is told only what nobody told them yet."""
    return _LATE.get(effect.args.get("to", ""), 0)


VIA = ("app", "email", "sms", "webhook")
"""Ways to reach people inside the desk; others than the app are plugins'."""


def _check_notify(checker: ActionChecker, action: ast.Action) -> dict[str, Any]:
    to = action["to"]
    if to in THOSE:
        checker.needs(action, f"notify {to}", THOSE[to])

    def one(node: Any) -> Any:
        if to in ("agent", "team"):
            return checker.who(node, to)
        if to == "role":
            return checker.known(node, checker.environment.roles, "unknown-value", say("role"))
        declared = checker.environment.recipients  # where none are, people are no matter of the rules
        return checker.known(node, declared, "unknown-value", say("recipient")) if declared else node.text

    names = tuple(one(node) for node in action["names"])
    via = tuple(checker.known(node, VIA, "unknown-value", say("way to notify")) for node in action["via"])
    return {"to": to, "names": names, **checker.message(action["message"]), "via": via}


def _notify_wanted(book: Rulebook, args: Args) -> TraceChange:
    return TraceChange("notify", args["to"], list(args["names"]))


def _notify(draft: Draft, effect: Effect) -> TraceChange:
    """Tells agents in the app, or by the ways a rule names; a way that no plugin has falls back to the app. A
    recipient is an address outside the desk: told by email, if nothing else is named.

    Who follows a ticket, or is mentioned, is told once a decision, and not of what they did themselves.
    """
    args = effect.args
    outside = args["to"] == "recipient"
    wanted = tuple(args.get("via") or ("email" if outside else "app",))
    ways = tuple(way for way in wanted if way != "app" and way in draft.case.notifiers)
    lacking = tuple(way for way in wanted if way != "app" and way not in draft.case.notifiers)
    told = _recipients(draft, args)
    texts = {locale: text_of(draft, args, locale) for locale in draft.book.shops[draft.shop].locales if told}
    for agent in told:
        if "app" in wanted or lacking:
            notify(draft, agent, texts, effect.rule.id, kind_of(args["to"], effect.rule.events))
        for way in ways:
            text = texts[draft.book.spoken(draft.shop, agent.locale)]
            draft.enqueue(f"notify:{way}", {"agent": agent.username, "text": text})
    if outside:
        text = text_of(draft, args, draft.book.spoken(draft.shop))
        for way in ways:
            for address in args["names"]:
                draft.enqueue(f"notify:{way}", {"address": address, "text": text})
    named = [agent.username for agent in told] if args["to"] in THOSE else args["names"]
    draft.notified.extend(n for n in named if n)
    agents: dict[str, Any] = {} if outside else {"agents": [agent.username for agent in told]}
    return replace(_notify_wanted(draft.book, args), more={**agents, **given(via=list(ways), lacking=list(lacking))})


def _recipients(draft: Draft, args: Args) -> list[Agent]:
    names = {name for name in args["names"] if name}
    if args["to"] in THOSE:
        wanted = followers(draft) if args["to"] == "followers" else draft.extra.get(MENTIONED, ())
        told = {notice.values["agent"] for notice in draft.notices}
        told |= {draft.actor.username} if draft.actor.kind == "agent" else set()
        return [a for a in rights.able_to_see(draft.book.roles, draft.roster()) if a.username in {*wanted} - told]
    if args["to"] == "agent":
        return [a for a in draft.roster() if a.username in names]
    if args["to"] == "team":
        return [a for a in draft.roster() if names & set(a.teams)]
    if args["to"] == "role":
        return [a for a in draft.roster() if names & set(a.roles)]
    return []


def _notified(change: TraceChange) -> str:
    more = change.more
    if change.target in THOSE:
        told = say("notify the followers") if change.target == "followers" else say("notify who is mentioned")
    else:
        names = tuple(name(n) if n else say("empty") for n in change.value)
        told = say("notify {kind} {names}", change.target, names)
    if "agents" in more:
        told = say("{done}: {names}", told, tuple(more["agents"]) or say("empty"))
    if more.get("via"):
        told = say("{done} via {ways}", told, tuple(more["via"]))
    return say("{done} (no plugin gives {ways})", told, tuple(more["lacking"])) if more.get("lacking") else told


NOTIFY = Action(
    name="notify",
    shape='notify agent A|team T|role R|recipient "…"|followers|mentioned template T|"text" '
    "[via app, email, sms, webhook]",
    meaning="tells people inside the desk",
    check=_check_notify,
    perform=_notify,
    words=_notified,
    wanted=_notify_wanted,
    last=True,
)
