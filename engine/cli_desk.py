"""Sub-commands of `engine` that ask a desk what was decided: `explain` and `simulate`; and how one is opened."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from engine.cli_base import (
    DONE,
    CannotDo,
    Commands,
    add_desk_options,
    add_locale,
    command,
    load_config,
    locale_for,
    rules_folder,
)

if TYPE_CHECKING:
    from engine.lang.said import Said

# --- a desk for a command ---------------------------------------------------------------------------------------------


async def with_desk(config: Any, work: Callable[[Any], Any], *, alone: str | None = None, begin: bool = False) -> Any:
    """Opens a desk, with rules in force, does the work, closes. `alone` and `begin`: see `Desk.open`; a command that is
    alone upgrades."""
    from engine.desk import Desk
    from engine.reload import reload_now

    desk = await Desk.open(config, upgrade=alone is not None, alone=alone, begin=begin)
    try:
        if desk.rulebook is None:
            result = await reload_now(desk, by="command", source="start", may_grant=True)
            if desk.rulebook is None:
                first = next((f for f in result["findings"] if f["severity"] == "error"), None)
                where = f": {first['file']}:{first['line']}: {first['message']}" if first else ""
                raise CannotDo(f"the rules cannot be put in force{where}; see `engine validate {config.rules}`")
        return await work(desk)
    finally:
        await desk.close()


# --- engine explain -------------------------------------------------------------------------------------------------


def add_explain(commands: Commands) -> None:
    """Adds `engine explain`."""
    parser = command(
        commands,
        "explain",
        "Why a ticket is as it is: every rule that acted, lost or nearly acted.",
        "engine explain 234",
        run_explain,
    )
    parser.add_argument("number", metavar="NUMBER")
    parser.add_argument("--event", type=int, default=None, metavar="N", help="only the decision of this event id")
    parser.add_argument("--rule", default=None, metavar="NAME", help="only this rule: also why it did not act")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_locale(parser)
    add_desk_options(parser)


def run_explain(arguments: Any) -> int:
    """Prints the decisions of a ticket."""
    from engine.lang.said import say, spoken

    text = str(arguments.number).lstrip("#")
    if not text.isdigit():
        raise CannotDo(f"`{arguments.number}` is no ticket number such as 234 or #00234")

    async def work(desk: Any) -> Any:
        from engine.desk import SYSTEM, Refused, TicketByNumber
        from engine.store import queries

        try:
            shop = await desk.context.store.read(lambda tx: queries.shop_of(tx, int(text)))
            zone = desk.rulebook.zone(shop if shop in desk.rulebook.shops else next(iter(desk.rulebook.shops)))
            trace = await desk.explain(int(text), arguments.event, rule=arguments.rule)
            ticket = await desk.query(SYSTEM, TicketByNumber(int(text)))
            return zone, trace if trace is None or ticket is None else {**trace, "sla": ticket["sla"]}
        except Refused as refused:
            raise CannotDo(refused.message) from refused

    zone, trace = asyncio.run(with_desk(load_config(arguments), work))
    if trace is None:
        raise CannotDo(f"there is no ticket #{int(text):05d}")
    if arguments.format == "json":
        print(json.dumps(trace, ensure_ascii=False, indent=2, default=str))
        return DONE
    from engine.core.calendar import from_micros

    locale = locale_for(arguments)
    for item in trace["items"]:
        at = from_micros(item["at"], zone).strftime("%Y-%m-%d %H:%M:%S")
        told = say("{time}  {event}  (rules {digest})", at, item["event"], item["rulebook"][:12])
        print(told.spoken(locale))
        if not item["rules"]:
            print(f"    {say('no rule acted').spoken(locale)}")
        for rule in item["rules"]:
            mark = {"acted": "+", "lost": "-", "nearly": "?", "failed": "!", "not": "."}.get(rule["outcome"], " ")
            title = f" {rule['title']}" if rule["title"] else ""
            print(f"  {mark} {rule['rule']}{title}  [{rule['stage']}]  {rule['file']}:{rule['line']}")
            for name, value in rule["values"].items():
                print(f"        {name} = {_value(value, locale)}")
            kept = _kept(rule)
            if kept is not None:
                print(f"        {kept.spoken(locale)}")
            for change in rule["changes"]:
                print(f"        -> {spoken(change, locale)}")
    for one in trace.get("sla", ()):
        because = one["because"] or say("no other policy took it")
        follows = say("follows the policy {policy} (calendar {calendar})", one["policy"], one["calendar"])
        print(f"{one['target']}  {follows.spoken(locale)}: {spoken(because, locale)}")
    return DONE


def _value(value: Any, locale: str) -> str:
    """What a rule saw, as rules write it."""
    from engine.lang.said import say

    if value is None or value == []:
        return say("empty").spoken(locale)
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _kept(rule: Mapping[str, Any]) -> Said | None:
    """What kept a rule from acting, or from having its way, in words; None where it acted."""
    from engine.lang.said import say

    match rule["outcome"]:
        case "not":
            return say("did not act: {why}", _kept_from(rule))
        case "nearly":
            return say("nearly acted; this part did not hold: `{part}`", rule["why"])
        case "lost":
            return say("lost: {why}", rule["why"])
        case "failed":
            return say("failed: {why}", rule["why"])
    return None


def _kept_from(rule: Mapping[str, Any]) -> str:
    """Why a rule did not act, in words."""
    from engine.lang.said import say

    if rule["reason"] != "false":
        return rule["why"]  # type: ignore[no-any-return]
    if rule["parts"] > 1:
        return say("`{part}` did not hold ({held} of {parts} parts held)", rule["why"], rule["held"], rule["parts"])
    return say("`{part}` did not hold", rule["why"])


# --- engine simulate ------------------------------------------------------------------------------------------------


def add_simulate(commands: Commands) -> None:
    """Adds `engine simulate`."""
    parser = command(
        commands,
        "simulate",
        "What changed rules would have decided otherwise, from recorded decisions. Sends and writes nothing.",
        "engine simulate --rules new-rules/ --since 2026-11-01",
        run_simulate,
    )
    parser.add_argument("--rules", required=True, metavar="DIR", help="the changed rules folder")
    parser.add_argument("--since", required=True, metavar="DATE", help="a day, or a moment (RFC 3339)")
    parser.add_argument("--until", default=None, metavar="DATE", help="to the end of this day (default: now)")
    parser.add_argument(
        "--against",
        choices=("in-force", "recorded"),
        default="in-force",
        help="compare with what the rules in force would decide (default), or with what was decided then",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_locale(parser)
    add_desk_options(parser)


def run_simulate(arguments: Any) -> int:
    """Prints the report; 0 whatever differs, 2 when the rules have errors."""
    from engine.desk import Desk
    from engine.lang import Severity, render
    from engine.lang.said import say, spoken
    from engine.reload import load
    from engine.replay.simulate import period, with_moments
    from engine.replay.telling import as_text

    config, folder, locale = load_config(arguments), rules_folder(arguments.rules), locale_for(arguments)

    async def work() -> Any:
        desk = await Desk.open(config, upgrade=False, begin=False)
        try:
            if desk.rulebook is None:
                raise CannotDo("this desk has never had rules in force: nothing was decided on it yet")
            try:
                span = period(desk.rulebook, arguments.since, arguments.until)
            except ValueError as error:
                raise CannotDo(spoken(error.args[0], locale) or "") from error
            loaded = load(folder, desk.rulebook, extras=desk.extras, run_scenarios=False)
            if loaded.rulebook is None:
                errors = [f for f in loaded.findings if f.severity is Severity.ERROR]
                print(render(errors, locale=locale), file=sys.stderr)
                raise CannotDo(say("the rules have errors; mend them first (`engine validate`)").spoken(locale))
            gc.freeze()  # two rulebooks: the collector would go through them again and again
            return desk.rulebook, await desk.simulate(loaded.rulebook, *span, against=arguments.against)
        finally:
            await desk.close()

    book, report = asyncio.run(work())
    if arguments.format == "json":
        print(json.dumps(with_moments(report), ensure_ascii=False, indent=2))
    else:
        print(as_text(report, book, locale))
    return DONE
