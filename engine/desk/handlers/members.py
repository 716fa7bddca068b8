"""Members: made and changed by staff, put on the blacklist, signed on by the shop's word. Rules hear of all."""

from __future__ import annotations

from typing import Any

from engine.api import Identity
from engine.core import access
from engine.core.commands import BlockMember, ChangeMember, CreateMember, MemberMade, MemberSignedIn, UnblockMember
from engine.core.entities import SYSTEM, Case
from engine.core.errors import Refused, missing
from engine.desk import actors, locate, results
from engine.desk.context import Decided, Work
from engine.desk.rows import PlainCommand, RuleCommand
from engine.store import people


def _member_answer(work: Work, command: Any, case: Case, decided: Decided) -> dict[str, Any]:
    return {"member": results.member(work, command.member_id)}


def _create(work: Work, command: CreateMember) -> dict[str, Any]:
    """A member made by staff, in the API's shape."""
    tx, book = work.tx, work.book
    shop = locate.shop(book, work.actor, command.shop)
    tier = command.tier or book.member_tier
    if tier not in book.tiers or tier == book.guest_tier:
        raise Refused("invalid", "unknown-tier", f"there is no tier `{tier}` for members", pointer="/tier")
    language = command.language or book.shops[shop].locales[0]
    if language not in book.locales:
        raise Refused("invalid", "unknown-language", f"there is no language `{language}`", pointer="/language")
    identities = {k: v for k, v in (("email", command.email), ("phone", command.phone)) if v}
    if identities:  # that somebody has one already must be told, and so whoever guesses would find it out
        access.require(work.actor, "member.personal")
    for kind, value in identities.items():
        if people.find_member(tx, shop, kind, value) is not None:
            raise Refused("conflict", "member-exists", f"a member with this {kind} exists", pointer=f"/{kind}")
    member_id = people.add_member(
        tx,
        work.words,
        shop,
        guest=False,
        tier=tier,
        name=command.name,
        language=language,
        identities=identities,
        signed_up_at=tx.now,
    )
    tx.record("member.created", {"by": work.actor.username}, actor=work.actor, shop=shop, member_id=member_id)
    work.by(SYSTEM).decide(MemberMade(shop), locate.member(work, member_id, new=True))
    return {"member": results.member(work, member_id)}


def sign_on(work: Work, shop: str, identity: Identity) -> dict[str, Any]:
    """The `actor` for the member of a shop's account, who is made or brought up to date.

    A new member is `member.created` and `member.signed_in`; a known one of whom the shop says something else is
    `member.changed`. Every page of the shop signs its member on, so that alone is no event.
    """
    values, book = identity.values, work.book
    member_id, changed = people.sign_on_member(
        work.tx,
        work.words,
        shop,
        "account",
        identity.verified["account"],
        tier=values["tier"] if values.get("tier") in book.tiers else book.member_tier,
        name=values.get("name"),
        language=values["locale"] if values.get("locale") in book.shops[shop].locales else None,
    )
    system = work.by(SYSTEM)
    if changed is None:
        system.decide(MemberSignedIn(shop), locate.member(work, member_id, new=True))
    elif changed:
        system.decide(ChangeMember(member_id, changed), locate.member(work, member_id))
    actor = actors.member_actor(work.tx, member_id)
    if actor is None:
        raise missing("member")
    return {"actor": actor}


COMMANDS = (
    RuleCommand(ChangeMember, locate=locate.by_member, answer=_member_answer),
    RuleCommand(BlockMember, locate=locate.by_member, answer=_member_answer),
    RuleCommand(UnblockMember, locate=locate.by_member, answer=_member_answer),
    PlainCommand(CreateMember, _create, right="member.edit", rights=("member.personal",)),
)
