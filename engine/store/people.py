"""Members with their identities, and agents: who is who, and how they are found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.entities import Agent
from engine.store import tables as t
from engine.store.roster import agents_of
from engine.store.search import marked
from engine.store.secret import exact, folded
from engine.store.sql import Prepared, Row, p
from engine.store.tx import Tx
from engine.store.values import Lexicon, encode_fields, field_rows

SHOP, SELF, NOTED = "", "self", "noted"
"""Who vouches for an identity: the shop (an account, an address that was proved or that staff gave the account);
nobody but who writes under it (`self`), or a colleague who may not see whose it is (`noted`, with the member's id).
What another house gave out has that house's account instead."""
SHOP_WIDE = frozenset({"account", "visitor", "email", "phone"})
"""Kinds that hold in the whole shop, and that anybody may write down: taken for somebody's only where proved."""

_BY_IDENTITY = Prepared(
    lambda: t.Identity.select(t.Identity.id, t.Identity.member_id, t.Identity.value, t.Identity.verified_at).where(
        (t.Identity.shop == p("shop"))
        & (t.Identity.kind == p("kind"))
        & (t.Identity.issuer == p("issuer"))
        & (t.Identity.value_key == p("key"))
    )
)
_ACCOUNT = Prepared(
    lambda: (
        t.Identity.select(t.Identity.id)
        .where((t.Identity.member_id == p("member_id")) & (t.Identity.kind == "account"))
        .order_by(t.Identity.id)
        .limit(1)
    )
)
_AGENT_ID = Prepared(lambda: t.Agent.select(t.Agent.id).where(t.Agent.username == p("username")))


# -------------------------------------------------------------------------------------------------------------- members


def find_member(tx: Tx, shop: str, kind: str, value: str) -> int | None:
    """The member of a shop with this identity, as the shop knows it: not who only says so."""
    known = find_identity(tx, shop, kind, value)
    return None if known is None else known.member_id


@dataclass(frozen=True, slots=True)
class Known:
    """An identity that the desk knows, and whose it is."""

    id: int
    member_id: int
    verified: bool


def find_identity(tx: Tx, shop: str, kind: str, value: str, issuer: str = SHOP) -> Known | None:
    """The identity of this kind and value that `issuer` vouches for, by its blind index.

    Ids were indexed without the forms that look alike once, so what is found under either key is held against the id.
    """
    spellings = dict.fromkeys((value, folded(value))) if exact(kind) else (value,)
    for spelling in spellings:
        row = tx.row(_BY_IDENTITY, shop=shop, kind=kind, issuer=issuer, key=tx.ring.blind(kind, spelling))
        if row is not None and (not exact(kind) or _value(tx, kind, row) == value):
            return Known(row["id"], row["member_id"], row["verified_at"] is not None)
    return None


def prove_identity(tx: Tx, identity_id: int) -> None:
    """The identity is proved: from now on the shop vouches for it.

    Raises peewee.IntegrityError where the shop has it already for somebody.
    """
    tx.update(t.Identity, {"issuer": SHOP, "verified_at": tx.now}, id=identity_id)


def account_identity(tx: Tx, member_id: int) -> int | None:
    """The id of the identity by which the shop signs a member on; None for one whom it does not."""
    found = tx.value(_ACCOUNT, member_id=member_id)
    return None if found is None else int(found)


def is_agent_address(tx: Tx, address: str) -> bool:
    """Whether an e-mail address is the one of a colleague."""
    wanted = folded(address).casefold()
    theirs = tx.values(t.Agent.select(t.Agent.email).where(t.Agent.email.is_null(False)))
    return any(folded(one).casefold() == wanted for one in theirs)


def _value(tx: Tx, kind: str, row: Row) -> str:
    return tx.ring.decrypt_text(row["value"], f"identity:{kind}")


def _make_room(tx: Tx, shop: str, kind: str, issuer: str, value: str) -> None:
    """Moves an identity of before that stands under the key of this one, since it looks alike, to its own."""
    if not exact(kind):
        return
    row = tx.row(_BY_IDENTITY, shop=shop, kind=kind, issuer=issuer, key=tx.ring.blind(kind, value))
    if row is not None and (held := _value(tx, kind, row)) != value:
        tx.update(t.Identity, {"value_key": tx.ring.blind(kind, held)}, id=row["id"])


def add_member(
    tx: Tx,
    lexicon: Lexicon,
    shop: str,
    *,
    guest: bool,
    tier: str,
    name: str | None = None,
    language: str = "zh-TW",
    identities: Mapping[str, str] | None = None,
    issuer: str = SHOP,
    verified: Collection[str] = (),
    signed_up_at: int | None = None,
    fields: Mapping[str, Any] | None = None,
    note: str | None = None,
) -> int:
    """A new member; gives the id. `identities` is kind to value, `issuer` who vouches for them, `verified` the kinds
    that were proved.

    Raises peewee.IntegrityError when another member of the shop has one of the identities.
    """
    member_id = tx.insert(
        t.Member,
        {
            "shop": shop,
            "guest": guest,
            "tier": tier,
            "tier_rank": lexicon.tiers.get(tier, 0),
            "name": name,
            "name_folded": marked(name) if name is not None else None,
            "language": language,
            "note": note,
            "fields": encode_fields("member", fields or {}, lexicon, tx.ring),
            "signed_up_at": signed_up_at,
            "created_at": tx.now,
            "updated_at": tx.now,
        },
    )
    tx.insert_many(t.FieldValue, field_rows("member", member_id, fields or {}, lexicon, tx.ring))
    tx.find_by("member", member_id, name or "")
    for kind, value in (identities or {}).items():
        link_identity(tx, member_id, shop, kind, value, issuer=issuer, verified=kind in verified)
    return member_id


def guest_member(
    tx: Tx, lexicon: Lexicon, shop: str, visitor: str, *, tier: str, language: str = "zh-TW"
) -> tuple[int, bool]:
    """The guest of a browser, made when first seen; True when it was made now."""
    known = find_member(tx, shop, "visitor", visitor)
    if known is not None:
        return known, False
    return (
        add_member(tx, lexicon, shop, guest=True, tier=tier, language=language, identities={"visitor": visitor}),
        True,
    )


def link_identity(
    tx: Tx, member_id: int, shop: str, kind: str, value: str, *, verified: bool, issuer: str = SHOP
) -> int:
    """Gives a member one more identity; returns its id.

    Raises peewee.IntegrityError when somebody of the shop has it already.
    """
    _make_room(tx, shop, kind, issuer, value)
    return tx.insert(
        t.Identity,
        {
            "member_id": member_id,
            "shop": shop,
            "kind": kind,
            "issuer": issuer,
            "value": tx.ring.encrypt_text(value, f"identity:{kind}"),
            "value_key": tx.ring.blind(kind, value),
            "tail_key": tx.ring.blind_tail(value) if kind == "phone" else None,
            "verified_at": tx.now if verified else None,
            "created_at": tx.now,
        },
    )


def note_identity(tx: Tx, member_id: int, shop: str, kind: str, value: str) -> int:
    """Keeps an address with somebody without his being known by it; others may have the same. Returns its id."""
    return link_identity(tx, member_id, shop, kind, value, verified=False, issuer=f"{NOTED}:{member_id}")


def identities_of(tx: Tx, member_ids: Collection[int]) -> dict[int, list[Row]]:
    """Identities by member, in one statement: id, kind, issuer, value (decrypted), verified_at."""
    found: dict[int, list[Row]] = {member_id: [] for member_id in member_ids}
    if not found:
        return found
    query = t.Identity.select().where(t.Identity.member_id.in_(list(found))).order_by(t.Identity.id)
    for row in tx.rows(query):
        value = tx.ring.decrypt_text(row["value"], f"identity:{row['kind']}")
        found[row["member_id"]].append(
            {"id": row["id"], "kind": row["kind"], "issuer": row["issuer"], "value": value}
            | {"verified_at": row["verified_at"]}
        )
    return found


def sign_on_member(
    tx: Tx,
    lexicon: Lexicon,
    shop: str,
    kind: str,
    value: str,
    *,
    tier: str,
    name: str | None = None,
    language: str | None = None,
) -> tuple[int, dict[str, Any] | None]:
    """The member a proved identity stands for, made when first seen (then None), and what the shop says otherwise of
    one who is known: of name, tier and language."""
    known = find_member(tx, shop, kind, value)
    if known is None:
        made = add_member(
            tx,
            lexicon,
            shop,
            guest=False,
            tier=tier,
            name=name,
            language=language or "zh-TW",
            identities={kind: value},
            verified=(kind,),
            signed_up_at=tx.now,
        )
        return made, None
    before = tx.row(t.Member.select(t.Member.name, t.Member.tier, t.Member.language).where(t.Member.id == known)) or {}
    wanted = {"name": name, "tier": tier, "language": language}
    return known, {key: new for key, new in wanted.items() if new is not None and before.get(key) != new}


# --------------------------------------------------------------------------------------------------------------- agents


def agent_id(tx: Tx, username: str) -> int | None:
    """The id behind a username, enabled or not."""
    found = tx.value(_AGENT_ID, username=username)
    return None if found is None else int(found)


def agent_ids(tx: Tx, usernames: Collection[str]) -> dict[str, int]:
    """The ids behind usernames, in one statement; unknown ones are left out."""
    if not usernames:
        return {}
    if len(usernames) == 1:
        (name,) = usernames
        found = agent_id(tx, name)
        return {} if found is None else {name: found}
    rows = tx.rows(t.Agent.select(t.Agent.id, t.Agent.username).where(t.Agent.username.in_(sorted(usernames))))
    return {row["username"]: row["id"] for row in rows}


def get_agent(tx: Tx, lexicon: Lexicon, agent_id: int) -> Agent | None:
    """One agent with teams, skills, shops, roles and load; None when there is none or it is disabled."""
    if not tx.value(t.Agent.select(t.Agent.enabled).where(t.Agent.id == agent_id)):
        return None
    return next(iter(agents_of(tx, lexicon, [agent_id])), None)


_PARTS: Mapping[str, tuple[Any, str]] = {
    "teams": (t.AgentTeam, "team"),
    "skills": (t.AgentSkill, "skill"),
    "shops": (t.AgentShop, "shop"),
    "roles": (t.AgentRole, "role"),
}
_COLUMNS = frozenset({"name", "alias", "locale", "zone", "email", "capacity", "enabled"})


def save_agent(tx: Tx, username: str, **values: Any) -> int:
    """Makes or changes an agent; gives the id.

    `values`: name, alias, locale, zone, email, capacity, enabled, and teams, skills, shops, roles as collections of
    names that replace what was there. What is not named stays. Raises ValueError for an unknown name.
    """
    unknown = set(values) - _COLUMNS - set(_PARTS)
    if unknown:
        raise ValueError(f"an agent has no `{min(unknown)}`")
    columns = {name: value for name, value in values.items() if name in _COLUMNS}
    found = agent_id(tx, username)
    if found is None:
        row = {"username": username, "name": username, "created_at": tx.now, **columns}
        found = tx.insert(t.Agent, row)
    else:
        tx.update(t.Agent, columns, id=found)
    for part, (model, column) in _PARTS.items():
        if part in values:
            tx.run(model.delete().where(model.agent_id == found))
            names = sorted(set(values[part]))
            tx.insert_many(model, [{"agent_id": found, column: name} for name in names])
    return found


def tier_and_login(tx: Tx, member_id: int) -> tuple[str | None, str | None]:
    """A member's tier as it is now, and the name of the login, if there is one."""
    owner = (t.Login.owner_kind == "member") & (t.Login.owner_id == member_id)
    tier = tx.value(t.Member.select(t.Member.tier).where(t.Member.id == member_id))
    return tier, tx.value(t.Login.select(t.Login.username).where(owner).limit(1))


def member_row(tx: Tx, member_id: int) -> Row | None:
    """The row of a member."""
    return tx.row(t.Member.select().where(t.Member.id == member_id))


def agent_row(tx: Tx, username: str) -> Row | None:
    """The row of an agent."""
    return tx.row(t.Agent.select().where(t.Agent.username == username))


def present_agents(tx: Tx) -> list[int]:
    """The ids of agents whose status is not offline."""
    return tx.values(t.Agent.select(t.Agent.id).where(t.Agent.status != "offline"))


def list_agents(tx: Tx) -> list[Row]:
    """Every agent, the disabled too, by username, with `roles` and `teams`."""
    roles: dict[int, list[str]] = {}
    teams: dict[int, list[str]] = {}
    for row in tx.rows(t.AgentRole.select()):
        roles.setdefault(row["agent_id"], []).append(row["role"])
    for row in tx.rows(t.AgentTeam.select()):
        teams.setdefault(row["agent_id"], []).append(row["team"])
    return [
        {**row, "roles": sorted(roles.get(row["id"], [])), "teams": sorted(teams.get(row["id"], []))}
        for row in tx.rows(t.Agent.select().order_by(t.Agent.username))
    ]
