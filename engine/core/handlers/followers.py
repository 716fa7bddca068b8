"""Following a ticket, and no longer: oneself, or a colleague whom somebody wants to know of it."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core import access, rights
from engine.core.changes import Set
from engine.core.commands import FollowTicket, UnfollowTicket
from engine.core.draft import Draft
from engine.core.errors import Refused
from engine.core.followers import FOLLOWERS, followers
from engine.core.handlers._beginning import Beginning
from engine.core.rights import WRITING


def follow(draft: Draft, command: FollowTicket) -> None:
    """From here on the agent hears of the ticket. Who follows it already does so: nothing happens."""
    _may(draft, command.username)
    if rights.assignee(draft.book.roles, draft.find_agent(command.username)) is None:
        reason = f"no agent `{command.username}` may see the tickets of this shop"
        raise Refused("invalid", "unknown-agent", reason, pointer="/username")
    if command.username not in followers(draft):
        _turn(draft, command.username, follows=True)


def unfollow(draft: Draft, command: UnfollowTicket) -> None:
    """The agent hears of it no longer, be it that they have left the shop meanwhile."""
    _may(draft, command.username)
    if command.username in followers(draft):
        _turn(draft, command.username, follows=False)


def _may(draft: Draft, username: str) -> None:
    """Everybody who sees a ticket decides for themselves; for a colleague, who may write to colleagues. Raises
    Refused."""
    if not draft.actor.staff:
        raise Refused("forbidden", "agents-only", "this is for agents")
    if username != draft.actor.username:
        access.require(draft.actor, WRITING["internal"])


def _turn(draft: Draft, username: str, *, follows: bool) -> None:
    ticket, actor = draft.need_ticket(), draft.actor
    event = "ticket.followed" if follows else "ticket.unfollowed"
    others = tuple(name for name in followers(draft) if name != username)
    draft.extra[FOLLOWERS] = (*others, username) if follows else others
    draft.extra["follower.agent"] = username
    draft.extra["follower.by"] = None if actor.username == username else actor.name
    draft.log.append(Set("follower", ticket.id, {"follows": follows}, key=username))
    draft.record(event, {"agent": username})
    draft.keys.add(event)


BEGIN: Mapping[type, Beginning] = {
    FollowTicket: Beginning(follow, about="ticket", rights=(WRITING["internal"],), merged=True),
    UnfollowTicket: Beginning(unfollow, about="ticket", rights=(WRITING["internal"],), merged=True),
}
