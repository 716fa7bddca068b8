"""The rule set and the events of `engine bench rules`: made by chance from a seed, in a form every engine can be given.

A condition is a nested tuple: ("and", …), ("or", …), ("not", one), ("flag", field), ("=", field, value), ("in", field,
values), (">", field, number), ("<=", field, number), ("has", field, words): one of the words stands in the text. Words
are Chinese and in the form they fold to, so that "stands in" is a plain substring test everywhere.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from engine.core.actions import ACTIONS
from engine.lang import (
    FLAG,
    NUMBER,
    TEXT,
    WEEKDAYS,
    Checked,
    Enum,
    Environment,
    EventKind,
    Field,
    RuleSet,
    Severity,
    Source,
    Stage,
    cache,
    check,
    compile_rules,
    enum_of,
    parse,
)
from engine.lang.text import fold

Condition = tuple[Any, ...]

STAGE = "classify"
EVENT = "message.received"
TYPES = ("order", "goods", "shipping", "returns", "technical", "invoice", "complaint", "other")
TIERS = ("guest", "basic", "silver", "gold", "vip")
CHANNELS = ("web", "mail", "wechat", "line", "phone", "app")
REGIONS = ("north", "middle", "south", "east", "islands", "abroad")

ENVIRONMENT = Environment(
    stages=(Stage(STAGE),),
    fields={
        item.name: item
        for item in (
            Field("ticket.type", enum_of(Enum("type", TYPES))),
            Field("ticket.channel", enum_of(Enum("channel", CHANNELS))),
            Field("ticket.region", enum_of(Enum("region", REGIONS)), optional=True),
            Field("ticket.product", TEXT, optional=True),
            Field("ticket.amount", NUMBER, optional=True),
            Field("ticket.reopened", NUMBER),
            Field("message.text", TEXT),
            Field("message.length", NUMBER),
            Field("member.tier", enum_of(Enum("tier", TIERS, ordered=True))),
            Field("member.is_guest", FLAG),
            Field("weekday", enum_of(WEEKDAYS)),
        )
    },
    events={EVENT: EventKind(EVENT, ("ticket", "message", "member", "shop"))},
    actions={"add_tag": ACTIONS["add_tag"]},
)


@dataclass(frozen=True, slots=True)
class Specimen:
    """So many conditions and the events they are asked about."""

    conditions: tuple[Condition, ...]
    events: tuple[dict[str, Any], ...]


def specimen(count: int, events: int, seed: int = 20260302) -> Specimen:
    """`count` rules as a shop has them: by type and tier, by product, by words, by amount. The more rules, the more
    products and words they are about; an event matches a handful, however many there are."""
    random = Random(seed)
    chars = [char for char in (chr(code) for code in range(0x4E00, 0x9000)) if fold(char) == char]
    chars = random.sample(chars, 600)
    words = ["".join(random.choices(chars, k=2)) for _ in range(2 * count + 8)]
    products = [f"sku{number}" for number in range(count // 3 + 3)]
    conditions = tuple(_condition(random, words, products) for _ in range(count))
    return Specimen(conditions, tuple(_event(random, chars, words, products) for _ in range(events)))


def _condition(random: Random, words: list[str], products: list[str]) -> Condition:
    of_type: Condition = ("=", "ticket.type", random.choice(TYPES))
    of_tier: Condition = ("in", "member.tier", tuple(sorted(random.sample(TIERS, 2))))
    of_product: Condition = ("=", "ticket.product", random.choice(products))
    some = tuple(random.choices(words, k=random.randint(1, 3)))
    amount = random.randrange(0, 20_000)
    kind = random.random()
    if kind < 0.3:
        return ("and", of_type, of_product, (">", "ticket.amount", amount))
    if kind < 0.55:
        return ("and", ("has", "message.text", some), of_tier)
    if kind < 0.7:
        where = ("=", "ticket.region", random.choice(REGIONS))
        width = random.randint(1, 20)
        return (
            "and",
            ("=", "ticket.channel", random.choice(CHANNELS)),
            where,
            (">", "ticket.amount", amount),
            ("<=", "ticket.amount", amount + width),
        )
    if kind < 0.8:
        return ("and", of_type, ("has", "message.text", some), ("not", ("flag", "member.is_guest")))
    if kind < 0.9:
        return ("or", ("and", of_type, ("has", "message.text", some)), ("and", of_tier, of_product))
    return (
        "and",
        of_product,
        ("=", "weekday", random.choice(WEEKDAYS.values)),
        (">", "ticket.reopened", random.randrange(4)),
    )


def _event(random: Random, chars: list[str], words: list[str], products: list[str]) -> dict[str, Any]:
    pieces = random.choices(chars, k=random.randint(20, 40))
    for word in random.choices(words, k=2):
        pieces.insert(random.randrange(len(pieces)), word)
    text = "".join(pieces)
    return {
        "ticket.type": random.choice(TYPES),
        "ticket.channel": random.choice(CHANNELS),
        "ticket.region": random.choice((*REGIONS, None)),
        "ticket.product": random.choice(products),
        "ticket.amount": random.choice((None, *(random.randrange(20_000) for _ in range(9)))),
        "ticket.reopened": random.randrange(4),
        "message.text": text,
        "message.length": len(text),
        "member.tier": random.choice(TIERS),
        "member.is_guest": random.random() < 0.3,
        "weekday": random.choice(WEEKDAYS.values),
        "now": 1_772_416_800_000_000,
    }


def written(condition: Condition) -> str:
    """A condition in the rules language."""
    op, *rest = condition
    if op in ("and", "or"):
        return "(" + f" {op} ".join(map(written, rest)) + ")"
    if op == "not":
        return f"not {written(rest[0])}"
    if op == "flag":
        return str(rest[0])
    field, value = rest
    if op == "has":
        return f"{field} contains any [{', '.join(_quoted(word) for word in value)}]"
    if op == "in":
        return f"{field} in [{', '.join(value)}]"
    return f"{field} {op} {_quoted(value) if field == 'ticket.product' else value}"


def _quoted(text: str) -> str:
    return f'"{text}"'


def sources(conditions: tuple[Condition, ...]) -> list[Source]:
    """The conditions as rule files of a thousand each."""
    rules = [
        f"rule r{number}\n  on {EVENT}\n  when {written(condition)}\n  then add tag t{number}\n"
        for number, condition in enumerate(conditions)
    ]
    return [
        Source(f"{start // 1000:02}.rules", f"stage {STAGE}\n" + "\n".join(rules[start : start + 1000]))
        for start in range(0, len(rules), 1000)
    ]


def load(texts: list[Source]) -> tuple[RuleSet, Checked]:
    """Parses, checks and compiles; raises ValueError when something is wrong with the texts."""
    parsed = [parse(text) for text in texts]
    checked, more = check([file for file, _ in parsed], ENVIRONMENT)
    findings = [*more, *(one for _, found in parsed for one in found)]
    wrong = [one for one in findings if one.severity is Severity.ERROR]
    if wrong:
        raise ValueError(f"{wrong[0].code}: {wrong[0].message}")
    return compile_rules(checked, ENVIRONMENT), checked


def keep(folder: Path, rules: RuleSet, checked: Checked) -> None:
    """Writes compiled rules to a cache in `folder`."""
    if not cache.save(folder, "bench", ENVIRONMENT, checked, rules):
        raise OSError(f"the cache in {folder} cannot be written")


def main(folder: str, count: str) -> None:
    """Loads what `keep` wrote and prints the seconds of CPU it took, as JSON."""
    texts = {text.path: text.text for text in sources(specimen(int(count), 1).conditions)}
    started = time.process_time()
    found = cache.load(Path(folder), "bench", ENVIRONMENT, texts)
    loaded = time.process_time()
    if found is None:
        raise ValueError("the cache was not taken")
    found.rules.prepare([EVENT], None)
    print(json.dumps({"load": loaded - started, "prepare": time.process_time() - loaded}))


if __name__ == "__main__":
    main(*sys.argv[1:])
