"""Sub-tasks (子任務): what several colleagues do for one ticket."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.desk import AddTask, ChangeTask, MyTasks, TicketTasks
from web import tasks_schema as schema
from web.routes import API, Call, Reply, given, path_id, route
from web.scheduled_schema import micros

ALL = f"{API}/tickets/{{number}}/tasks"
path_id("task", "A task's number within its ticket.")


@route("GET", f"{API}/tasks", {200: schema.OwnTaskPage}, tag="tickets")
async def my_tasks(call: Call) -> Reply:
    """My own open tasks on open tickets."""
    return Reply(await call.ask(MyTasks()))


@route("GET", ALL, {200: schema.TaskPage}, tag="tickets")
async def ticket_tasks(call: Call) -> Reply:
    """The tasks of a ticket, in their order."""
    return Reply(await call.need(TicketTasks(call.path["number"]), "ticket"))


@route(
    "POST",
    ALL,
    {201: schema.TaskPage},
    tag="tickets",
    body=schema.TaskBody,
    example={"title": "向倉庫查件", "due_at": "2027-01-04T09:00:00+08:00"},
)
async def add_task(call: Call) -> Reply:
    """Add a task for a colleague, for whoever of a team, or for whoever comes to it; answers all of them."""
    body: schema.TaskBody = call.body
    task = AddTask(call.path["number"], body.title, body.assignee, body.team, micros(body.due_at))
    return Reply(await call.act(task), 201)


@route(
    "PATCH", f"{ALL}/{{task}}", {200: schema.TaskPage}, tag="tickets", body=schema.TaskPatch, example={"position": 1}
)
async def change_task(call: Call) -> Reply:
    """Change what is named: who finishes a task says `state` and `result`. Answers all of them."""
    values: dict[str, Any] = given(call.body)
    if isinstance(values.get("due_at"), datetime):
        values["due_at"] = micros(values["due_at"])
    return Reply(await call.act(ChangeTask(call.path["number"], call.path["task"], values)))
