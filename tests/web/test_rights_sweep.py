"""Every right alone, at every door that only shows something: let in or refused exactly as the rows say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.core.access import PERMISSIONS
from engine.core.rights import Need
from engine.desk.queries import QUESTIONS
from engine.desk.rows import Asked
from engine.features import FEATURES
from tests.web.support import RULES, Site, copy_rules, running
from web.routes import Operation, table

RIGHTS = sorted({*PERMISSIONS, *(right for feature in FEATURES for right in feature.permissions)})
ASKED: dict[str, Asked] = {
    question.__name__: row
    for rows in (QUESTIONS, *(feature.questions for feature in FEATURES))
    for question, row in rows.items()
    if isinstance(row, Asked)
}
QUERIES = {"search": {"q": "退貨"}, "try_line": {"text": "退貨", "shop": "demo"}, "hot_answers": {"shop": "demo"}}


def shown() -> list[Operation]:
    """What shows something, is asked as somebody, and has no id in its path."""
    return [o for o in table() if o.method == "GET" and o.who == "known" and "{" not in o.path]


def needs(operation: Operation) -> list[Need]:
    """What the rows of an operation's questions, and its own, ask for."""
    rows = [ASKED[name] for name in operation.run.__code__.co_names if name in ASKED]
    found = [Need(row.who, row.rights) for row in rows]
    found += [Need(row.who, (row.also,)) for row in rows if row.also is not None]
    return [*found, *([Need("anybody", (operation.right,))] if operation.right is not None else [])]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A desk with an agent for each right, who has it and no other, and one who has none."""
    folder = tmp_path_factory.mktemp("alone")
    copy_rules(folder / "rules-of-one-right", RULES)
    roles = folder / "rules-of-one-right" / "roles.yaml"
    lines = [f"only-{right.replace('.', '-').replace('_', '-')}: {{permissions: [{right}]}}" for right in RIGHTS]
    roles.write_text(roles.read_text("utf-8") + "\n".join(lines) + "\n", "utf-8")
    with running(folder, rules=Path(folder / "rules-of-one-right")) as site:
        for right in RIGHTS:
            name = right.replace(".", "-").replace("_", "-")
            site.add_agent(f"a-{name}", [f"only-{name}"], ["demo"])
        site.add_agent("a-none", [], ["demo"])
        yield site


def test_the_sweep_knows_what_is_asked() -> None:
    without = {o.name for o in shown() if not needs(o)}
    assert without == set(), f"no row says what these need: {without}"
    assert {row.run for row in ASKED.values()} and len(shown()) > 15


@pytest.mark.parametrize("right", ["", *RIGHTS])
def test_one_right_opens_its_own_doors_and_no_other(alone: Site, right: str) -> None:
    name = "a-none" if not right else f"a-{right.replace('.', '-').replace('_', '-')}"
    wrong: list[Any] = []
    with alone.client(name) as client:
        for operation in shown():
            answer = client.get(operation.path.removeprefix("/api/v1"), params=QUERIES.get(operation.name, {}))
            allowed = all(not need.rights or right in need.rights for need in needs(operation))
            if allowed is not (answer.status_code == 200) or (not allowed and answer.status_code != 403):
                wrong.append((operation.name, allowed, answer.status_code, answer.text[:120]))
            if not allowed and answer.status_code == 403 and answer.json()["code"] != "permission-needed":
                wrong.append((operation.name, answer.text[:120]))
    assert not wrong, wrong
