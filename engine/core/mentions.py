"""`@name` in a note: which colleagues a text names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core import access, rights
from engine.core.draft import Draft
from engine.core.entities import Agent, Message

MENTIONED = "mentioned"
"""Where the draft keeps whom the note at hand names: usernames."""
_SHOWN = 80
"""Characters of a note that a notice shows."""
_SIGNS = "@＠"
_JOINS = frozenset("._-+%")
"""What may stand within a mail address or a username, and so ends neither."""


def named(text: str, people: Iterable[Agent]) -> list[Agent]:
    """Those of some people whom a text names by `@` and their name or username, in its order, each once.

    Of names that begin alike the longest is meant; of one name that several have, all of them. What stands in a mail
    address names nobody.
    """
    if not any(sign in text for sign in _SIGNS):
        return []
    known = _by_length(people)
    found: dict[str, Agent] = {}
    for place, sign in enumerate(text):
        if sign in _SIGNS and not (place and _within(text[place - 1])):
            for agent in _at(text, place + 1, known):
                found.setdefault(agent.username, agent)
    return list(found.values())


_Known = Sequence[tuple[int, Mapping[str, Sequence[Agent]]]]
"""By length, the longest first: people by what they are called."""


def _by_length(people: Iterable[Agent]) -> _Known:
    known: dict[int, dict[str, list[Agent]]] = {}
    for agent in people:
        for called in {agent.name.strip().casefold(), agent.username.casefold()} - {""}:
            known.setdefault(len(called), {}).setdefault(called, []).append(agent)
    return sorted(known.items(), reverse=True)


def _at(text: str, start: int, known: _Known) -> Sequence[Agent]:
    for length, names in known:
        end = start + length
        people = names.get(text[start:end].casefold())
        if people is not None and not _goes_on(text, end):
            return people
    return ()


def _within(sign: str) -> bool:
    return sign in _JOINS or (sign.isascii() and sign.isalnum())


def _goes_on(text: str, end: int) -> bool:
    """Whether a word of Latin letters goes on after a name: `@amy` is not meant by `@amylin` or `@amy.lin`. Chinese has
    no spaces, so there a name may end anywhere."""
    if not _within(text[end - 1]):
        return False
    rest = text[end : end + 2]
    return bool(rest) and (
        (rest[0].isascii() and (rest[0].isalnum() or rest[0] == "_"))
        or (rest[0] in _JOINS and len(rest) == 2 and rest[1].isascii() and rest[1].isalnum())
    )


def _beginning(text: str) -> str:
    """The first words of a note, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= _SHOWN else words[: _SHOWN - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Whom a note names: those who hear of it, and those who do not since they may not see the case."""

    told: tuple[Agent, ...]
    untold: tuple[Agent, ...]


def mentioned(draft: Draft, text: str) -> Mentioned:
    """Whom a note of the actor names, beside the actor. Who is no colleague of the actor is no name to them."""
    if not any(sign in text for sign in _SIGNS):
        return Mentioned((), ())
    actor = draft.actor
    everybody = draft.case.lookups.colleagues()
    people = named(text, (agent for agent in everybody if access.colleagues(actor, agent.shops)))
    seeing = {agent.username for agent in people if _sees(draft, agent)}
    others = [agent for agent in people if agent.username != actor.username]
    return Mentioned(
        tuple(agent for agent in others if agent.username in seeing),
        tuple(agent for agent in others if agent.username not in seeing),
    )


def _sees(draft: Draft, agent: Agent) -> bool:
    return rights.assignee(draft.book.roles, draft.find_agent(agent.username)) is not None


def mention(draft: Draft, note: Message) -> None:
    """What becomes of the names in a note that an agent has just written: an event, if there are any."""
    found = mentioned(draft, note.text)
    if not (found.told or found.untold):
        return
    body: dict[str, Any] = {"message": note.id, "agents": [agent.username for agent in found.told]}
    if found.untold:
        body["untold"] = [agent.username for agent in found.untold]
    draft.record("ticket.mentioned", body)
    if not found.told:
        return
    draft.message = note
    draft.extra["mention.by"] = draft.actor.name
    draft.extra["mention.text"] = _beginning(note.text)
    draft.extra[MENTIONED] = tuple(body["agents"])
    draft.keys.add("ticket.mentioned")
