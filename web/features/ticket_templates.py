"""Templates of tickets: what one that is opened by hand begins with."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from engine.features.ticket_templates.commands import DeleteTicketTemplate, SaveTicketTemplate, TicketTemplates
from web.routes import API, Call, Reply, given, path_id, route
from web.schema import Body, Line, Name, Short, Time

ONE = f"{API}/ticket-templates/{{tickettemplate}}"
path_id("tickettemplate", "A template's id.")

Title = Annotated[str, Meta(min_length=1, max_length=120)]
ShopName = Annotated[str, Meta(max_length=100)]


class Given(Body, omit_defaults=True):
    """What a template fills in."""

    kind: Short = ""
    type: Short = ""
    priority: Short = ""
    team: Short = ""
    subject: Short = ""
    text: Line = ""
    tags: Annotated[list[Name], Meta(max_length=50)] = []  # noqa: RUF012 (msgspec copies it)


class TicketTemplate(Struct):
    id: int
    shop: str
    """Empty: every shop's."""
    title: str
    given: Given
    created_at: Time
    updated_at: Time


class TicketTemplatePage(Struct):
    items: list[TicketTemplate]
    next: str | None


class TicketTemplateBody(Body):
    title: Title
    shop: ShopName = ""
    given: Given | UnsetType = UNSET


class TicketTemplatePatch(Body):
    title: Title | UnsetType = UNSET
    shop: ShopName | UnsetType = UNSET
    given: Given | UnsetType = UNSET


def _values(body: TicketTemplateBody | TicketTemplatePatch) -> dict[str, Any]:
    values = given(body)
    if "given" in values:
        values["given"] = msgspec.structs.asdict(values["given"])
    return values


@route("GET", f"{API}/ticket-templates", {200: TicketTemplatePage}, tag="ticket-templates")
async def list_ticket_templates(call: Call) -> Reply:
    """The templates my shops use, by title."""
    return Reply(await call.ask(TicketTemplates()))


@route(
    "POST",
    f"{API}/ticket-templates",
    {201: TicketTemplate},
    tag="ticket-templates",
    body=TicketTemplateBody,
    example={"title": "x", "given": {"type": "", "subject": "a"}},
)
async def add_ticket_template(call: Call) -> Reply:
    """A new template."""
    entry = (await call.act(SaveTicketTemplate(_values(call.body))))["entry"]
    return Reply(entry, 201, {"Location": f"{API}/ticket-templates/{entry['id']}"})


@route("PATCH", ONE, {200: TicketTemplate}, tag="ticket-templates", body=TicketTemplatePatch, example={"title": "y"})
async def change_ticket_template(call: Call) -> Reply:
    """Change the values that are named."""
    return Reply((await call.act(SaveTicketTemplate(_values(call.body), call.path["tickettemplate"])))["entry"])


@route("DELETE", ONE, {204: None}, tag="ticket-templates")
async def delete_ticket_template(call: Call) -> Reply:
    """Take a template out."""
    await call.act(DeleteTicketTemplate(call.path["tickettemplate"]))
    return Reply(status=204)
