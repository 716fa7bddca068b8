"""Actions on what comes in, and the end of it: `mask`, `flag`, `reject`, `block`, `stop`."""

from __future__ import annotations

from typing import Any

from engine.core.actions.action import Action, by_itself, moment_after, nothing
from engine.core.actions.phrases import because
from engine.core.draft import Draft
from engine.core.entities import NEVER
from engine.core.rulebook import Rulebook
from engine.core.trace import TraceChange
from engine.core.values import replace
from engine.lang import Duration, Effect, Finding, ast
from engine.lang.actions import ActionChecker, Wrong
from engine.lang.said import say
from engine.lang.verbs import Args, Raised

_LINE = ("message", "member")


def _check_why(checker: ActionChecker, action: ast.Action) -> dict[str, Any]:
    why = action["why"]
    return {"why": None if why is None else why.text}


def _check_mask(checker: ActionChecker, action: ast.Action) -> dict[str, Any]:
    words = checker.resolver.words(action["words"])
    if words is None:
        raise Wrong
    return {"words": words, "name": action["words"].text}


def _mask(draft: Draft, effect: Effect) -> TraceChange:
    done = draft.mask(effect.args["words"])
    return TraceChange("mask", effect.args["name"], missed=None if done else "stored")


MASK = Action(
    name="mask",
    shape="mask WORDS",
    meaning="hides the words in the message as it is stored and shown",
    needs=("message",),
    check=_check_mask,
    perform=_mask,
    words=lambda change: say("mask {name}", change.target),
    wanted=lambda book, args: TraceChange("mask", args["name"]),
    misses={"stored": lambda change: say("the line was stored before")},
)


def _flag(draft: Draft, effect: Effect) -> TraceChange:
    why = effect.args.get("why")
    draft.record("message.flagged", {"rule": effect.rule.id, "why": why})
    return TraceChange("flag", value=why)


FLAG = Action(
    name="flag",
    shape='flag "why"',
    meaning="marks the message or ticket to be looked at",
    needs=_LINE,
    check=_check_why,
    perform=_flag,
    words=lambda change: say('flag "{why}"', change.value) if change.value else say("flag the line"),
    wanted=lambda book, args: TraceChange("flag", value=args.get("why")),
)


def _reject(draft: Draft, effect: Effect) -> TraceChange:
    draft.rejected = effect.args.get("why") or ""
    return TraceChange("reject", value=effect.args.get("why"))


REJECT = Action(
    name="reject",
    shape='reject ["why"]',
    meaning="the message is not taken, no ticket opens, and no later stage follows",
    needs=_LINE,
    check=_check_why,
    perform=_reject,
    raises=lambda args: (Raised("message.rejected"),),
    words=lambda change: because(say("reject"), change.value),
    wanted=lambda book, args: TraceChange("reject", value=args.get("why")),
    ends=True,
)


def _check_block(checker: ActionChecker, action: ast.Action) -> dict[str, Any]:
    after = checker.duration(action["after"])
    if after is not None and after.micros == 0 and not after.days and isinstance(action["after"], ast.DurationValue):
        message = say("a block of no time keeps nobody out")
        checker.report(Finding("redundant-action", message, action.span, say("write how long, or take it out")))
    return {"after": after, **_check_why(checker, action)}


def _block_wanted(book: Rulebook, args: Args) -> TraceChange:
    after: Duration | None = args["after"]
    return TraceChange("block", None, args.get("why"), {} if after is None else {"for": str(after)})


def _block(draft: Draft, effect: Effect) -> TraceChange:
    after, wanted = effect.args["after"], _block_wanted(draft.book, effect.args)
    until = NEVER if after is None else moment_after(draft, after)
    done = draft.block(until, effect.args["why"] or "", effect.rule.id)
    return wanted if done else replace(wanted, missed="longer")


def _blocked(change: TraceChange) -> str:
    time = change.more.get("for")
    told = say("block member") if time is None else say("block member for {time}", time)
    return told if change.missed else because(told, change.value)


BLOCK = Action(
    name="block",
    shape='block member [for DURATION] ["why"]',
    meaning="the member's lines are refused; the longest block counts",
    needs=("member",),
    check=_check_block,
    raises=lambda args: (Raised("member.changed", "member.blocked_until", perhaps=True),),
    perform=_block,
    words=_blocked,
    wanted=_block_wanted,
    misses={"longer": lambda change: say("there is a longer block")},
)


def _stop(draft: Draft, effect: Effect) -> TraceChange:
    return TraceChange("stop")


STOP = Action(
    name="stop",
    shape="stop",
    meaning="no later stage, no next wave",
    check=nothing,
    perform=_stop,
    words=lambda change: say("stop"),
    wanted=by_itself("stop"),
    ends=True,
)
