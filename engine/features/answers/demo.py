"""Fills the auto-reply library of the demo shop with `demo.yaml`."""

from __future__ import annotations

from importlib.resources import files

from engine.core.entities import SYSTEM
from engine.desk import Context
from engine.features.answers.commands import Answers, AnswerTypes, SaveAnswer, SaveAnswerType
from engine.lang import Source, load_plain


async def fill(context: Context) -> None:
    """Fills the library of the shop `demo` with what it does not have: a demo that was stopped is filled again."""
    plain, _ = load_plain(Source("demo.yaml", files(__package__).joinpath("demo.yaml").read_text("utf-8")))
    data = plain.data if plain is not None else {}
    types = {row["name"] for row in (await context.query(SYSTEM, AnswerTypes()))["items"]}
    for name, label in data["types"].items():
        if name not in types:
            await context.act(SYSTEM, SaveAnswerType(name, label))
    there = (await context.query(SYSTEM, Answers(shop="demo")))["items"]
    titles = {row["titles"].get("zh-TW") for row in there}
    for place, one in enumerate(data["answers"]):
        if one["title"] in titles:
            continue
        values = {
            "shop": "demo",
            "type": one["type"],
            "titles": {"zh-TW": one["title"]},
            "keywords": one["keywords"],
            "texts": {"zh-TW": one["text"]},
            "position": place,
        }
        await context.act(SYSTEM, SaveAnswer(values))
