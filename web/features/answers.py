"""The auto-reply library: what stands in it, what it would say, and keeping it."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from engine.features.answers.commands import Answers, DeleteAnswer, SaveAnswer
from web.routes import API, Answer, Call, given, path_id, route
from web.schema import Body, Name, Query, Time

ONE = f"{API}/answers/{{answer}}"
path_id("answer", "An answer's id.")


class LibraryAnswer(Struct):
    """An entry of the auto-reply library."""

    id: int
    shop: str
    """Empty: every shop's."""
    titles: dict[str, str]
    """What it answers, by language: what a menu shows."""
    keywords: list[str]
    texts: dict[str, str]
    """What is said, by language."""
    enabled: bool
    position: int
    created_at: Time
    updated_at: Time


class LibraryPage(Struct):
    items: list[LibraryAnswer]
    next: str | None


class LibraryQuery(Query):
    shop: Name | None = None
    text: Annotated[str, Meta(max_length=2000)] | None = None
    """A line: only what would be answered to it, best first."""


Sentences = Annotated[dict[str, Annotated[str, Meta(max_length=4000)]], Meta(min_length=1, max_length=20)]
Keywords = Annotated[list[Annotated[str, Meta(min_length=1, max_length=60)]], Meta(max_length=50)]
Position = Annotated[int, Meta(ge=0, le=1_000_000)]


class LibraryBody(Body):
    titles: Sentences
    texts: Sentences
    keywords: Keywords = []  # noqa: RUF012 (msgspec copies it)
    shop: Annotated[str, Meta(max_length=100)] = ""
    enabled: bool = True
    position: Position = 0


class LibraryPatch(Body):
    titles: Sentences | UnsetType = UNSET
    texts: Sentences | UnsetType = UNSET
    keywords: Keywords | UnsetType = UNSET
    shop: Annotated[str, Meta(max_length=100)] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    position: Position | UnsetType = UNSET


@route("GET", f"{API}/answers", {200: LibraryPage}, tag="answers", query=LibraryQuery)
async def list_answers(call: Call) -> Answer:
    """The auto-reply library in its order; with `text` what it would answer to a line, best first."""
    return Answer(await call.ask(Answers(call.query.shop, call.query.text)))


@route("POST", f"{API}/answers", {201: LibraryAnswer}, tag="answers", body=LibraryBody)
async def add_answer(call: Call) -> Answer:
    """A new answer."""
    done = await call.act(SaveAnswer(given(call.body)))
    answer = done["entry"]
    return Answer(answer, 201, {"Location": f"{API}/answers/{answer['id']}"})


@route("PATCH", ONE, {200: LibraryAnswer}, tag="answers", body=LibraryPatch)
async def change_answer(call: Call) -> Answer:
    """Change the values that are named."""
    done = await call.act(SaveAnswer(given(call.body), call.path["answer"]))
    return Answer(done["entry"])


@route("DELETE", ONE, {204: None}, tag="answers")
async def delete_answer(call: Call) -> Answer:
    """Take an answer out of the library."""
    await call.act(DeleteAnswer(call.path["answer"]))
    return Answer(status=204)
