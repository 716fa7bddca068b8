"""Asking a rulebook about a case: whether a condition holds, which policy takes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.core.calendar import Calendar
from engine.core.rulebook import Rulebook
from engine.core.sla import Policy
from engine.core.view import View
from engine.lang import Condition, Duration, Rule


@dataclass(slots=True)
class Helpers:
    """What compiled conditions ask of the desk: zones, hours, working time."""

    book: Rulebook
    shop: str
    zone: str
    calendar: Calendar
    failures: list[tuple[Rule, Exception]] = field(default_factory=list)

    def in_hours(self, name: str, at: int) -> bool:
        """Whether a moment lies in a calendar's working time."""
        return self.book.calendar(name, self.shop).is_open(at)

    def add_business(self, at: int, duration: Duration) -> int:
        """The moment a working duration after another, by the calendar of the ticket's team, else the shop's."""
        if duration.days is not None:
            return self.calendar.add_days(at, duration.days)
        return self.calendar.add(at, duration.micros)

    def failed(self, rule: Rule, error: Exception) -> None:
        """A condition raised: the rule is skipped and told of."""
        self.failures.append((rule, error))

    def take_failures(self) -> list[tuple[Rule, Exception]]:
        """Failures since last asked."""
        failures, self.failures = self.failures, []
        return failures


def helpers_of(book: Rulebook, shop: str, team: str | None) -> Helpers:
    """What conditions ask where there is no draft, only values: in a shop, for a ticket of a team."""
    return Helpers(book, shop, str(book.zone(shop)), book.calendar_of(shop, team))


def helpers_for(book: Rulebook, draft: View) -> Helpers:
    """What conditions ask, for one draft."""
    return Helpers(book, draft.shop, str(book.zone(draft.shop)), draft.calendar())


def holds(book: Rulebook, condition: Condition, draft: View) -> bool:
    """Whether a condition outside rules (a guard, a policy) holds for a draft."""
    values = book.reader(condition.reads).read(draft)
    values.update(book.shop_settings.get(draft.shop, ()))
    return condition.holds(values, {}, helpers_for(book, draft))


def policy_for(book: Rulebook, draft: View) -> Policy | None:
    """The first policy whose condition holds: the shop's own before the shared ones."""
    policies = (*book.shop_policies.get(draft.shop, {}).values(), *book.policies.values())
    values = book.reader(book.policy_reads).read(draft)
    values.update(book.shop_settings.get(draft.shop, ()))
    helpers = helpers_for(book, draft)
    for policy in policies:
        if policy.when is None or policy.when.holds(values, {}, helpers):
            return policy
    return None
