"""The auto-reply library: what stands in it, what it would say, and keeping it."""

from __future__ import annotations

from engine.desk import Answers, DeleteAnswer, SaveAnswer
from web import schema
from web.routes import API, Answer, Call, given, route

ONE = f"{API}/answers/{{answer}}"


@route("GET", f"{API}/answers", {200: schema.LibraryPage}, tag="answers", query=schema.LibraryQuery)
async def list_answers(call: Call) -> Answer:
    """The auto-reply library in its order; with `text` what it would answer to a line, best first."""
    return Answer(await call.ask(Answers(call.query.shop, call.query.text)))


@route("POST", f"{API}/answers", {201: schema.LibraryAnswer}, tag="answers", body=schema.LibraryBody)
async def add_answer(call: Call) -> Answer:
    """A new answer."""
    done = await call.act(SaveAnswer(given(call.body)))
    answer = done["entry"]
    return Answer(answer, 201, {"Location": f"{API}/answers/{answer['id']}"})


@route("PATCH", ONE, {200: schema.LibraryAnswer}, tag="answers", body=schema.LibraryPatch)
async def change_answer(call: Call) -> Answer:
    """Change the values that are named."""
    done = await call.act(SaveAnswer(given(call.body), call.path["answer"]))
    return Answer(done["entry"])


@route("DELETE", ONE, {204: None}, tag="answers")
async def delete_answer(call: Call) -> Answer:
    """Take an answer out of the library."""
    await call.act(DeleteAnswer(call.path["answer"]))
    return Answer(status=204)
