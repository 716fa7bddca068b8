"""The auto-reply library: what stands in it, what it would say, and keeping it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from engine.features.answers.commands import (
    AnswerById,
    Answers,
    AnswerTypes,
    ClickAnswer,
    DeleteAnswers,
    DeleteAnswerType,
    HotAnswers,
    SaveAnswer,
    SaveAnswerType,
    Suggestions,
    TryLine,
)
from web.routes import API, Call, Reply, given, path_id, path_name, route
from web.schema import Body, Id, Label, Name, PageQuery, Query, ShopName, Time, Words

ONE = f"{API}/answers/{{answer}}"
path_id("answer", "An answer's id.")
path_name("type", "A question type's name.")


class LibraryAnswer(Struct):
    """An entry of the auto-reply library."""

    id: int
    shop: str
    """Empty: every shop's."""
    type: str | None
    """Its question type, by name."""
    titles: dict[str, str]
    """What it answers, by language: what a menu shows."""
    keywords: list[str]
    texts: dict[str, str]
    """What is said, by language."""
    enabled: bool
    position: int
    clicks: int
    """How often it was chosen in the last 90 days; a member counts once a day, and so do all guests of one network."""
    created_at: Time
    updated_at: Time


class LibraryPage(Struct):
    items: list[LibraryAnswer]
    next: str | None
    count: int
    """How many there are on all pages."""


class LibraryQuery(PageQuery):
    shop: Name | None = None
    """What this shop uses: its own and every shop's."""
    text: Annotated[str, Meta(max_length=2000)] | None = None
    """A line: only what would be answered to it, best first."""
    q: Words = ""
    """Only those whose titles, keywords or texts have it."""
    of: ShopName | None = None
    """Only those of this shop alone; empty: only every shop's."""
    type: Annotated[str, Meta(max_length=120)] | None = None
    """Only those of this question type; empty: only those without one."""
    language: Annotated[str, Meta(max_length=40)] | None = None
    """Only those that say something in it."""
    enabled: bool | None = None
    sort: Literal["position", "-clicks", "-updated_at", "-created_at"] = "position"


Sentences = Annotated[dict[str, Annotated[str, Meta(max_length=4000)]], Meta(min_length=1, max_length=20)]
Titles = Annotated[dict[str, Annotated[str, Meta(max_length=200)]], Meta(min_length=1, max_length=20)]
Keywords = Annotated[list[Annotated[str, Meta(min_length=1, max_length=60)]], Meta(max_length=50)]
Position = Annotated[int, Meta(ge=0, le=1_000_000)]


class LibraryBody(Body):
    titles: Titles
    texts: Sentences
    keywords: Keywords = []  # noqa: RUF012 (msgspec copies it)
    shop: ShopName = ""
    type: Name | None = None
    enabled: bool = True
    position: Position = 0


class LibraryPatch(Body):
    titles: Titles | UnsetType = UNSET
    texts: Sentences | UnsetType = UNSET
    keywords: Keywords | UnsetType = UNSET
    shop: ShopName | UnsetType = UNSET
    type: Name | None | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    position: Position | UnsetType = UNSET


class AnswerType(Struct):
    """A question type of the library."""

    name: str
    label: Label
    answers: int
    """How many entries have it."""


class AnswerTypePage(Struct):
    items: list[AnswerType]
    next: str | None


class AnswerTypeBody(Body):
    label: Annotated[dict[str, Annotated[str, Meta(max_length=60)]], Meta(min_length=1, max_length=20)]


class TryQuery(Query):
    text: Annotated[str, Meta(min_length=1, max_length=2000)]
    shop: Name


class Tried(Struct):
    """An entry held against a line."""

    id: int
    title: str
    text: str
    points: int
    keywords: list[str]
    """Those that stand in the line."""
    title_share: float
    """How much of title and line is the same, 0 to 1."""
    said: bool
    """Whether it is what would be answered, or stands in the menu."""


class TriedPage(Struct):
    outcome: Literal["answer", "menu", "nothing"]
    items: list[Tried]
    """What would be said first, then what came near."""
    next: str | None


class HotQuery(Query):
    shop: Name | None = None
    """Without it a guest's or member's own."""
    text: Annotated[str, Meta(max_length=200)] = ""
    """What is being typed: only what fits it, best first."""
    language: Annotated[str, Meta(max_length=40)] | None = None
    """Only those that say something in it; without it guests and members get theirs."""


class HotAnswer(Struct):
    """A question that is chosen often, with its answer, in the language asked for or the asker's."""

    id: int
    title: str
    text: str


class HotPage(Struct):
    items: list[HotAnswer]
    """Most chosen first; with `text` what fits best."""
    next: str | None


class SuggestedAnswer(Struct):
    """An answer of the library that fits the member's last line."""

    id: int
    title: str
    text: str
    points: int


class SuggestionPage(Struct):
    items: list[SuggestedAnswer]
    """Best first."""
    next: str | None


class AnswersBody(Body):
    ids: Annotated[list[Id], Meta(min_length=1, max_length=500)]


class AnswersDeleted(Struct):
    deleted: int


# Paths of their own come before the one with an id in it.


@route("GET", f"{API}/answers/types", {200: AnswerTypePage}, tag="answers")
async def list_answer_types(call: Call) -> Reply:
    """The question types of the library."""
    return Reply(await call.ask(AnswerTypes()))


@route(
    "PUT",
    f"{API}/answers/types/{{type}}",
    {200: AnswerType},
    tag="answers",
    body=AnswerTypeBody,
    example={"label": {"zh-TW": "配送"}},
)
async def save_answer_type(call: Call) -> Reply:
    """Make a question type, or give it another label."""
    return Reply(await call.act(SaveAnswerType(call.path["type"], call.body.label)))


@route("DELETE", f"{API}/answers/types/{{type}}", {204: None}, tag="answers")
async def delete_answer_type(call: Call) -> Reply:
    """Take out a question type that no answer has."""
    await call.act(DeleteAnswerType(call.path["type"]))
    return Reply(status=204)


@route("GET", f"{API}/answers/try", {200: TriedPage}, tag="answers", query=TryQuery)
async def try_line(call: Call) -> Reply:
    """What the library would answer to a line, and why."""
    return Reply(await call.ask(TryLine(call.query.text, call.query.shop)))


@route("GET", f"{API}/answers/hot", {200: HotPage}, tag="answers", query=HotQuery, cross=True, slowed=True)
async def hot_answers(call: Call) -> Reply:
    """The questions chosen most, with their answers; with `text` those that fit what is being typed."""
    return Reply(await call.ask(HotAnswers(**given(call.query))))


@route(
    "POST",
    f"{API}/answers/delete",
    {200: AnswersDeleted},
    tag="answers",
    body=AnswersBody,
    example={"ids": [1]},
    errors=(404,),
)
async def delete_answers(call: Call) -> Reply:
    """Take several answers out: all or none."""
    return Reply(await call.act(DeleteAnswers(tuple(dict.fromkeys(call.body.ids)))))


@route("GET", f"{API}/tickets/{{number}}/suggestions", {200: SuggestionPage}, tag="answers")
async def suggestions(call: Call) -> Reply:
    """Answers of the library that fit the member's last line."""
    return Reply(await call.need(Suggestions(call.path["number"]), "ticket"))


@route("GET", f"{API}/answers", {200: LibraryPage}, tag="answers", query=LibraryQuery)
async def list_answers(call: Call) -> Reply:
    """The auto-reply library; with `text` what it would answer to a line, best first."""
    return Reply(await call.ask(Answers(**given(call.query))))


@route(
    "POST",
    f"{API}/answers",
    {201: LibraryAnswer},
    tag="answers",
    body=LibraryBody,
    example={"titles": {"en": "a"}, "texts": {"en": "b"}},
)
async def add_answer(call: Call) -> Reply:
    """A new answer."""
    done = await call.act(SaveAnswer(given(call.body)))
    answer = done["entry"]
    return Reply(answer, 201, {"Location": f"{API}/answers/{answer['id']}"})


@route("GET", ONE, {200: LibraryAnswer}, tag="answers")
async def show_answer(call: Call) -> Reply:
    """One answer."""
    return Reply(await call.ask(AnswerById(call.path["answer"])))


@route("PATCH", ONE, {200: LibraryAnswer}, tag="answers", body=LibraryPatch, example={"enabled": False})
async def change_answer(call: Call) -> Reply:
    """Change the values that are named."""
    done = await call.act(SaveAnswer(given(call.body), call.path["answer"]))
    return Reply(done["entry"])


@route("DELETE", ONE, {204: None}, tag="answers")
async def delete_answer(call: Call) -> Reply:
    """Take an answer out of the library."""
    await call.act(DeleteAnswers((call.path["answer"],)))
    return Reply(status=204)


@route("POST", f"{ONE}/click", {204: None}, tag="answers", cross=True)
async def click_answer(call: Call) -> Reply:
    """I have chosen this one."""
    await call.act(ClickAnswer(call.path["answer"], call.address))
    return Reply(status=204)
