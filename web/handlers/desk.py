"""What screens need beside tickets: colleagues, teams, names of things, own presence."""

from __future__ import annotations

from engine.desk import Agents, Nouns, SetCapacity, SetStatus, Teams, WidgetLook
from web import colleagues_schema, nouns_schema, schema
from web.routes import API, Call, Reply, path_name, route

path_name("username", "An agent's username.")


@route("GET", f"{API}/agents", {200: colleagues_schema.AgentPage}, tag="desk")
async def list_agents(call: Call) -> Reply:
    """Agents with presence and load."""
    return Reply(await call.ask(Agents()))


@route(
    "PATCH",
    f"{API}/agents/{{username}}",
    {200: colleagues_schema.Agent},
    tag="desk",
    body=colleagues_schema.AgentPatch,
    example={"capacity": 5},
)
async def change_agent(call: Call) -> Reply:
    """How many live chats an agent is given at once."""
    done = await call.act(SetCapacity(call.path["username"], call.body.capacity))
    return Reply(done["agent"])


@route("GET", f"{API}/teams", {200: colleagues_schema.TeamPage}, tag="desk")
async def list_teams(call: Call) -> Reply:
    """Teams with their agents and open work."""
    return Reply(await call.ask(Teams()))


@route("GET", f"{API}/nouns", {200: nouns_schema.Nouns}, tag="desk")
async def nouns(call: Call) -> Reply:
    """Types, tiers, teams, states … with labels and colours."""
    return Reply(await call.need(Nouns(), "rulebook"))


@route(
    "GET",
    f"{API}/widget",
    {200: nouns_schema.WidgetLook},
    tag="desk",
    query=nouns_schema.WidgetQuery,
    who="anybody",
    cross=True,
    errors=(404,),
)
async def widget_look(call: Call) -> Reply:
    """How a shop's chat window looks; its script asks before anybody opens it."""
    look = await call.need(WidgetLook(call.query.shop), "shop")
    return Reply({**look, "upload": int(call.web.config["limits.upload"])})


@route("POST", f"{API}/me/status", {200: schema.StatusIs}, tag="desk", body=schema.StatusBody)
async def set_status(call: Call) -> Reply:
    """My own presence."""
    done = await call.act(SetStatus(call.body.status))
    return Reply({"status": done["status"]})
