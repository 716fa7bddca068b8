"""One row a command: its whole life, read from top to bottom. `engine/desk/handlers/` holds them, by noun. A question
has a row, too: `Asked`.

Does a rule ever react? Then it is a `RuleCommand`; its pure beginning, with the rights it needs, stands in
`engine/core/handlers/`. Is something only kept? `PlainCommand`. Is there work outside the transaction? `AsyncCommand`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from engine.core.entities import Actor, Case
from engine.core.errors import Refused
from engine.core.handlers import BEGIN
from engine.core.rights import Need, Who
from engine.desk.actors import principal
from engine.desk.context import Context, Decided, Work
from engine.store import FileRefused, Tx, requests


@dataclass(frozen=True, slots=True)
class RuleCommand:
    """A command that rules decide. `locate` finds its case; `answer` shapes the reply, nothing by default.

    `repeated` knows a duplicate and gives the first one's reply again. `before` does what must be done first,
    in the same transaction, and gives the command as it then is. `speaks`: the attribute with the line it
    carries, which has a limit.
    """

    command: type
    locate: Callable[[Work, Any], Case]
    answer: Callable[[Work, Any, Case, Decided], dict[str, Any]] = lambda work, command, case, decided: {}
    repeated: Callable[[Work, Any], dict[str, Any] | None] = lambda work, command: None
    speaks: str | None = None
    before: Callable[[Work, Any], Any] = lambda work, command: command

    async def act(self, context: Context, actor: Actor, command: Any, key: str | None) -> dict[str, Any]:
        """Decides the command in one transaction. Raises Refused."""
        return await _in_transaction(context, actor, command, key, self.within)

    def within(self, work: Work, command: Any) -> dict[str, Any]:
        """Decides it inside a transaction that is under way; `rejected` in the answer: the rules did not take it."""
        if self.speaks is not None:
            check_length(work.context, self.speaks, getattr(command, self.speaks))
        known = self.repeated(work, command)
        if known is not None:
            return known
        BEGIN[self.command].check_actor(work.actor)
        command = self.before(work, command)
        case = self.locate(work, command)
        decided = work.decide(command, case)
        if decided.decision.rejected is not None:
            return {"rejected": decided.decision.rejected or "this desk does not take this message"}
        return self.answer(work, command, case, decided)


@dataclass(frozen=True, slots=True)
class PlainCommand:
    """A change in one transaction, no rule involved. `right` is what an agent needs for it.

    Rights that depend on the command's values are asked for in `run`, and named in `rights`.
    """

    command: type
    run: Callable[[Work, Any], dict[str, Any]]
    right: str | None = None
    rights: tuple[str, ...] = ()
    who: Who = "agents"

    @property
    def need(self) -> Need:
        """Who may ask for it."""
        return Need(self.who, (self.right,) if self.right is not None else ())

    async def act(self, context: Context, actor: Actor, command: Any, key: str | None) -> dict[str, Any]:
        """Makes the change. Raises Refused."""
        self.need.check(actor)
        return await _in_transaction(context, actor, command, key, self.run)

    def within(self, work: Work, command: Any) -> dict[str, Any]:
        """Makes it inside a transaction that is under way. Raises Refused."""
        self.need.check(work.actor)
        return self.run(work, command)


@dataclass(frozen=True, slots=True)
class AsyncCommand:
    """A command with work outside the transaction: hashing, files, plugins. It asks for its own transactions.

    Of `rights` an agent needs one (none named: none is needed).
    """

    command: type
    run: Callable[[Context, Actor, Any], Awaitable[dict[str, Any]]]
    rights: tuple[str, ...] = ()
    who: Who = "anybody"

    @property
    def need(self) -> Need:
        """Who may ask for it."""
        return Need(self.who, self.rights)

    async def act(self, context: Context, actor: Actor, command: Any, key: str | None) -> dict[str, Any]:
        """Runs it. Raises Refused."""
        self.need.check(actor)
        return await self.run(context, actor, command)

    def within(self, work: Work, command: Any) -> dict[str, Any]:
        """Never: what it does outside of the transaction cannot be done inside of one."""
        raise TypeError(f"{self.command.__name__} is no part of another transaction")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: who may ask it, and what answers it. Agents need one of `rights` (none named: none), and `also`.

    None of them is asked of members and guests, where it is for anybody: what they see is theirs.
    """

    run: Callable[[Work, Any], Any]
    rights: tuple[str, ...] = ()
    also: str | None = None
    who: Who = "agents"

    def __call__(self, work: Work, question: Any) -> Any:
        """The answer. Raises Refused for whom the question is not."""
        Need(self.who, self.rights).check(work.actor)
        if self.also is not None:
            Need(self.who, (self.also,)).check(work.actor)
        return self.run(work, question)


def check_length(context: Context, name: str, text: str) -> None:
    """Raises Refused for a text that is too long for a line."""
    most = context.config["limits.line"]
    if len(text) > most:
        raise Refused("invalid", "too-long", f"a line has at most {most} characters", pointer=f"/{name}")


async def _in_transaction(
    context: Context, actor: Actor, command: Any, key: str | None, run: Callable[[Work, Any], dict[str, Any]]
) -> dict[str, Any]:
    """Runs a command in one writing transaction; a request repeated under its key gets the first one's answer."""
    book, words = context.book, context.lexicon

    def job(tx: Tx) -> dict[str, Any]:
        who, digest = principal(actor), ""
        if key is not None:
            digest = hashlib.sha256(repr(command).encode()).hexdigest()
            known = requests.recall(tx, who, key, digest)
            if known is not None:
                repeated: dict[str, Any] = json.loads(known.answer)
                return repeated
        try:
            answer = run(Work(context, tx, book, words, actor), command)
        except FileRefused as error:
            raise Refused("invalid", "unknown-file", str(error), pointer="/attachments") from None
        if key is not None:
            requests.keep(tx, who, key, digest, 200, json.dumps(answer, default=str).encode())
        return answer

    return await context.write(job)
