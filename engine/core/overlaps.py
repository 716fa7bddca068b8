"""Conditions of YAML: those that never hold, and against each other transitions of one trigger for one case, and
policies that no case reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.core.proving import domains_of
from engine.core.raw_lifecycle import RawLifecycle
from engine.core.rulebook import Rulebook
from engine.core.schema.nouns import PoliciesFile
from engine.core.sla import Policy
from engine.lang import Condition
from engine.lang.analysis import nothing_in
from engine.lang.said import quoted, say


def check_overlaps(
    book: Rulebook, lifecycles: Iterable[RawLifecycle], policies: Mapping[str, Sequence[PoliciesFile]]
) -> None:
    """Tells of both, where they stand. `policies`: the files by shop, the shared ones under an empty name."""
    domains = domains_of(book)

    def never(holding: Sequence[Condition], failing: Sequence[Condition] = ()) -> bool:
        tests = [(condition.tree, True) for condition in holding] + [(condition.tree, False) for condition in failing]
        return nothing_in(book.environment, domains, tests)

    for raw in lifecycles:
        raw.check_never(book.lifecycles[raw.kind], lambda one: never((one,)))
        raw.check_guards(book.lifecycles[raw.kind], lambda one, other: not never((one, other)))
    for shop, files in policies.items():
        known = book.policies if not shop else book.shop_policies.get(shop, {})
        for file in files:
            before: list[Policy] = []
            for entry in file.policies:
                policy = known.get(entry.name)
                if policy is None or policy.when is None:
                    continue
                if never([policy.when]):
                    entry.at.wrong("never-true", say("the condition of `{name}` never holds", policy.name), "when")
                elif before and never([policy.when], [one.when for one in before if one.when is not None]):
                    names = quoted(one.name for one in before)
                    message = say("`{name}` takes no ticket: {names} before it take them all", policy.name, names)
                    hint = say("put it before them, narrow them, or take it out")
                    entry.at.wrong("shadowed-rule", message, "when", hint=hint)
                else:
                    before.append(policy)
