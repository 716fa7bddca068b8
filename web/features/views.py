"""Views of the ticket list: the ones everybody has and the saved ones, with their counts."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from engine.features.views.commands import DeleteView, SaveView, ViewById, Views
from web.routes import API, Call, Reply, given, path_id, route
from web.schema import Body, ShopName

ONE = f"{API}/views/{{view}}"
path_id("view", "A saved view's id.")

ViewName = Annotated[str, Meta(min_length=1, max_length=60)]
Expression = Annotated[str, Meta(max_length=2_000)]
Sort = Annotated[str, Meta(max_length=40)]
Columns = Annotated[list[Annotated[str, Meta(max_length=60)]], Meta(max_length=40)]


class View(Struct):
    """A way to look at the tickets."""

    id: int | None
    """None: one that everybody has, known by its name (mine, unassigned, waiting, overdue, all)."""
    name: str
    count: int | None
    """At most 10,000. None: not counted, because the counts of the list took too long together."""
    filter: str | None
    """An expression of the rules language."""
    sort: str
    columns: list[str]
    shared: bool
    shop: str | None
    """The shop that shares it."""
    broken: str | None
    """Why the filter no longer means anything; its count is 0 then."""


class ViewPage(Struct):
    items: list[View]
    next: str | None = None


class ViewBody(Body):
    name: ViewName
    filter: Expression = ""
    sort: Sort = "-updated_at"
    columns: Columns = []  # noqa: RUF012 (msgspec copies it)
    shared: bool = False
    shop: ShopName | None = None


class ViewPatch(Body):
    name: ViewName | UnsetType = UNSET
    filter: Expression | UnsetType = UNSET
    sort: Sort | UnsetType = UNSET
    columns: Columns | UnsetType = UNSET
    shared: bool | UnsetType = UNSET
    shop: ShopName | None | UnsetType = UNSET


@route("GET", f"{API}/views", {200: ViewPage}, tag="views")
async def list_views(call: Call) -> Reply:
    """My views with their counts."""
    return Reply(await call.ask(Views()))


@route("POST", f"{API}/views", {201: View}, tag="views", body=ViewBody, example={"name": "急件"})
async def add_view(call: Call) -> Reply:
    """A new view, of my own or shared."""
    saved = await call.act(SaveView(given(call.body)))
    entry = await call.ask(ViewById(saved["view"]))
    return Reply(entry, 201, {"Location": f"{API}/views/{entry['id']}"})


@route("PATCH", ONE, {200: View}, tag="views", body=ViewPatch, example={"name": "急件"})
async def change_view(call: Call) -> Reply:
    """Change the values that are named."""
    await call.act(SaveView(given(call.body), call.path["view"]))
    return Reply(await call.ask(ViewById(call.path["view"])))


@route("DELETE", ONE, {204: None}, tag="views")
async def delete_view(call: Call) -> Reply:
    """Take a view out."""
    await call.act(DeleteView(call.path["view"]))
    return Reply(status=204)
