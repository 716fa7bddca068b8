"""Members: their file, the blacklist, how they come."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.commands import BlockMember, ChangeMember, MemberMade, MemberSignedIn, UnblockMember
from engine.core.draft import Draft
from engine.core.entities import NEVER
from engine.core.errors import Refused
from engine.core.handlers._beginning import Beginning
from engine.core.opening import known_tags, one_of
from engine.core.typed import check_field
from engine.core.values import replace


def change_member(draft: Draft, command: ChangeMember) -> None:
    member = draft.need_member()
    book = draft.book
    for name, value in command.values.items():
        if name == "tier":
            one_of(value, book.tiers, "tier", "/tier")
            if not book.may_have(value, guest=member.guest):
                reason = f"the tier `{book.guest_tier}` is for guests, and they have no other"
                raise Refused("invalid", "wrong-tier", reason, pointer="/tier")
        elif name == "language":
            one_of(value, book.locales, "language", "/language")
        elif name == "tags":
            value = known_tags(draft, tuple(value))
        elif name.startswith("fields."):
            key = name.removeprefix("fields.")
            draft.change_field("member", key, check_field(book, "member", key, value))
            continue
        elif name != "name":
            raise Refused("invalid", "unknown-field", f"there is no field `{name}` to set", pointer=f"/{name}")
        draft.member = replace(draft.member or member, **{name: value})
    if draft.member != member:
        draft.record("member.changed", {"changed": sorted(command.values)})
        draft.keys.add("member.changed")


def block_member(draft: Draft, command: BlockMember) -> None:
    if command.lasts is not None and command.lasts <= 0:
        raise Refused("invalid", "bad-duration", "a block lasts some time, or has no end", pointer="/seconds")
    until = NEVER if command.lasts is None else draft.now + command.lasts
    if draft.block(until, command.why):
        draft.keys.add("member.changed")


def unblock_member(draft: Draft, command: UnblockMember) -> None:
    if draft.need_member().blocked:
        draft.unblock()
        draft.keys.add("member.changed")


def member_signed_in(draft: Draft, command: MemberSignedIn) -> None:
    draft.record("member.signed_in", {})
    draft.keys.add("member.signed_in")
    if draft.case.member_new:
        draft.keys.add("member.created")


def member_made(draft: Draft, command: MemberMade) -> None:
    draft.keys.add("member.created")


BEGIN: Mapping[type, Beginning] = {
    ChangeMember: Beginning(change_member, about="member", right="member.edit"),
    BlockMember: Beginning(block_member, about="member", right="member.block"),
    UnblockMember: Beginning(unblock_member, about="member", right="member.block"),
    MemberSignedIn: Beginning(member_signed_in),
    MemberMade: Beginning(member_made),
}
