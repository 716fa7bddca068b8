"""A rule that reads what another of its stage writes in the same wave decides by the old value: told, and only then."""

from __future__ import annotations

import pytest

from tests.lang.analysis.test_specimens import rule, world

WRITES = {
    "set": ("set ticket.type to B", "ticket.type = B"),
    "raise": ("raise ticket.priority to high", "ticket.priority >= mid"),
    "lower": ("lower ticket.count to 2", "ticket.count < 3"),
    "tag": ("add tag a", "ticket.tags has a"),
    "no tag": ("remove tag a", "not ticket.tags has a"),
    "state": ("move to closed", "ticket.state = closed"),
    "empty": ("set ticket.region to empty", "ticket.region is empty"),
    "ordered": ("set ticket.amount to 7", "ticket.amount > 5"),
}
OPEN = "ticket.state = open and member.vip"


@pytest.mark.parametrize("name", WRITES)
def test_what_another_writes_is_missed(name: str) -> None:
    action, asked = WRITES[name]
    text = rule("a", OPEN, action) + rule("b", f'{asked} and ticket.subject contains "x"', 'note "b"')
    (found,) = world(text).of("stale-read")
    assert "`b` does not see the" in found.message and "that `a` writes" in found.message, found.message
    assert found.witness is not None
    assert found.span.text == asked.removeprefix("not ").split()[0]
    assert [other.span.text for other in found.related] == [action]


@pytest.mark.parametrize("name", WRITES)
def test_what_another_ends_is_acted_on(name: str) -> None:
    action, asked = WRITES[name]
    text = rule("a", "member.vip and ticket.state != closed", action)
    text += rule("b", f"not ({asked})" if name != "state" else "ticket.state = open", 'note "b"')
    (found,) = world(text).of("stale-read")
    assert "`b` acts on the" in found.message, found.message


FINE = {
    "a later stage": rule("a", "member.vip", "add tag a")
    + rule("b", "ticket.tags has a", 'note "b"').replace("work", "after"),
    "another event": rule("a", "member.vip", "add tag a")
    + rule("b", "ticket.tags has a", 'note "b"', on="timer.fired"),
    "woken by it": rule("a", "member.vip", "add tag a")
    + rule("b", "ticket.tags has a", 'note "b"', on="message.received, ticket.changed"),
    "never together": rule("a", "member.vip", "add tag a")
    + rule("b", "not member.vip and ticket.tags has a", 'note "b"'),
    "there already": rule("a", "member.vip and ticket.tags has a", "add tag a")
    + rule("b", "ticket.tags has a", 'note "b"'),
    "its own as well": rule("a", "member.vip and not ticket.tags has a", "add tag a")
    + rule("b", "not ticket.tags has a", "add tag a add tag b"),
    "side by side": rule("a", "ticket.state = open", "move to closed")
    + rule("b", "ticket.state = open and member.vip", 'note "b"'),
    "the same either way": rule("a", "member.vip", "add tag a")
    + rule("b", "member.vip or ticket.tags has a", 'note "b"'),
    "of the change itself": rule("a", "member.vip", "set ticket.type to B")
    + rule("b", "ticket.type changed to B", 'note "b"'),
    "what varies": rule("a", "member.vip", "set ticket.count to ticket.amount + 1")
    + rule("b", "ticket.count > 3", 'note "b"'),
}


@pytest.mark.parametrize("name", FINE)
def test_nothing_is_said_where(name: str) -> None:
    assert world(FINE[name]).of("stale-read") == []


def test_once_for_a_rule_and_a_field_and_silenced_where_it_is_meant() -> None:
    several = rule("a", "member.vip", "add tag a") + rule("c", "ticket.amount > 3", "add tag a")
    assert len(world(several + rule("b", "ticket.tags has a", 'note "b"')).of("stale-read")) == 1
    meant = rule("b", "ticket.tags has a", 'note "b"', 'allow stale-read "the next line will do"')
    assert world(several + meant).of("stale-read") == []
