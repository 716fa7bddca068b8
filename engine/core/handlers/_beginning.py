"""The row of one command that rules hear of: what the desk itself does first, and who may ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from engine.core import access
from engine.core.draft import Draft
from engine.core.entities import Actor, Case, Ticket
from engine.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a command does by itself. `about`: what its actor must be able to see; `right`: what an agent needs for it.

    Rights that depend on the command's values are asked for in `run`, and named in `rights`.
    """

    run: Callable[[Draft, Any], None]
    about: Literal["ticket", "member"] | None = None
    right: str | None = None
    rights: tuple[str, ...] = ()
    merged: bool = False
    """Whether it may be done to a ticket that was merged into another."""

    def __call__(self, draft: Draft, command: Any) -> None:
        """Checks and runs. Raises Refused."""
        if self.about == "ticket":
            through = draft.case.through
            ticket = access.check_ticket(draft.actor, draft.ticket if through is None else through.ticket, self.right)
            if not self.merged and through is None:
                check_not_merged(draft.actor, draft.case, ticket)
        elif self.about == "member":
            access.check_member(draft.actor, draft.member, self.right)
        self.check_actor(draft.actor)
        self.run(draft, command)

    def check_actor(self, actor: Actor) -> None:
        """Raises Refused for an agent without the right, before anything is looked for: told alike whether it is there.

        Not for a command about a ticket: who may see tickets may be told of one that it is there.
        """
        if self.about != "ticket" and self.right is not None and actor.kind == "agent":
            access.require(actor, self.right)


def check_not_merged(actor: Actor, case: Case, ticket: Ticket) -> None:
    """Raises Refused for a ticket that goes on in another, and says in which."""
    if ticket.merged_into is None:
        return
    if not actor.staff or case.went_to is None:  # its number may be another member's
        raise Refused("conflict", "merged", "this case goes on elsewhere")
    where = f"#{case.went_to:05d}"
    reason = f"this case was merged and goes on as {where}; do it there"
    raise Refused("conflict", "merged", reason, details={"into": case.went_to})
