"""Members who come otherwise than by writing: signed on by the shop's word, or made by staff. Rules hear of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.api import Identity
from engine.core import access
from engine.core.commands import ChangeMember, CreateMember
from engine.core.entities import SYSTEM, Actor, Case
from engine.core.errors import Refused, missing
from engine.core.intake import MemberMade, MemberSignedIn
from engine.core.rulebook import Rulebook
from engine.desk import actors, answers, cases
from engine.store import Tx, load, people
from engine.store.values import Lexicon

Decide = Callable[[Tx, Rulebook, Any, Case, Actor], dict[str, Any]]
"""The corridor's: decides a command and stores what comes of it."""


def sign_on(tx: Tx, words: Lexicon, book: Rulebook, shop: str, identity: Identity, decide: Decide) -> dict[str, Any]:
    """The `actor` for the member of a shop's account, who is made or brought up to date.

    Who is new is `member.created` and `member.signed_in`; what the shop says otherwise of one who is known is
    `member.changed`. Every page of the shop signs its member on, so that alone is no event.
    """
    values = identity.values
    member_id, changed = people.sign_on_member(
        tx,
        words,
        shop,
        "account",
        identity.verified["account"],
        tier=values["tier"] if values.get("tier") in book.tiers else book.member_tier,
        name=values.get("name"),
        language=values["locale"] if values.get("locale") in book.shops[shop].locales else None,
    )
    if changed is None:
        decide(tx, book, MemberSignedIn(shop), _case(tx, words, member_id, new=True), SYSTEM)
    elif changed:
        decide(tx, book, ChangeMember(member_id, changed), _case(tx, words, member_id), SYSTEM)
    actor = actors.member_actor(tx, member_id)
    if actor is None:
        raise missing("member")
    return {"actor": actor}


def create_member(
    tx: Tx, words: Lexicon, book: Rulebook, actor: Actor, command: CreateMember, decide: Decide
) -> dict[str, Any]:
    """A member made by staff, in the API's shape. Raises Refused."""
    access.require(actor, "member.edit")
    shop = cases.check_shop(book, actor, command.shop)
    tier = command.tier or book.member_tier
    if tier not in book.tiers or tier == book.guest_tier:
        raise Refused("invalid", "unknown-tier", f"there is no tier `{tier}` for members", pointer="/tier")
    language = command.language or book.shops[shop].locales[0]
    if language not in book.locales:
        raise Refused("invalid", "unknown-language", f"there is no language `{language}`", pointer="/language")
    identities = {k: v for k, v in (("email", command.email), ("phone", command.phone)) if v}
    for kind, value in identities.items():
        if people.find_member(tx, shop, kind, value) is not None:
            raise Refused("conflict", "member-exists", f"a member with this {kind} exists", pointer=f"/{kind}")
    member_id = people.add_member(
        tx,
        words,
        shop,
        guest=False,
        tier=tier,
        name=command.name,
        language=language,
        identities=identities,
        signed_up_at=tx.now,
    )
    tx.record("member.created", {"by": actor.username}, actor=actor, shop=shop, member_id=member_id)
    decide(tx, book, MemberMade(shop), _case(tx, words, member_id, new=True), SYSTEM)
    return {"member": answers.member(tx, words, access.scope(actor), member_id)}


def _case(tx: Tx, words: Lexicon, member_id: int, *, new: bool = False) -> Case:
    found = load.member_case(tx, words, member_id, new_ticket=True, opens=False, member_new=new)
    if found is None:
        raise missing("member")
    return found
