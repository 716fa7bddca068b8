"""`docs/rights.md`: what each right opens, read off the rows, and who has it by the roles that are shipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from engine.core import rights
from engine.core.handlers import BEGIN
from engine.desk.handlers import COMMANDS
from engine.desk.queries import QUESTIONS
from engine.features import FEATURES
from web.routes import API, Operation, table

ROLES = Path(__file__).resolve().parents[2] / "rules/roles.yaml"
HEAD = """\
# Rights

{made}What somebody may do and see is decided by rights alone. `rules/roles.yaml` gives rights to roles, an agent has
roles and shops; rights hold in the shops one serves, with `shops.all` in every one. What is of another shop, another
member or a colleague's own is answered like what is not there. Members and guests have no rights: they see what is
theirs.

The API says the rights of who is signed in as `permissions` (`GET /api/v1/auth/me`), under the same name as the file.
"""
BETWEEN = {
    "shops.all": "everything above in every shop; what every shop uses (answers, quick replies, views without a shop)",
    "roles.grant": "publishing or reloading an edit that gives or takes rights in `roles.yaml`",
    "system.manage": "`GET /metrics` from other machines",
    "member.personal": "phone, mail, account, address and personal fields unmasked; members found and filtered by them",
}
"""What no row says: rights that are asked for by the values, or that open more of the same answer."""


def _rows() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each command and question, with the rights of which one is needed."""
    for command, begins in BEGIN.items():
        yield command.__name__, tuple(filter(None, (begins.right, *begins.rights)))
    for rows in (COMMANDS, *(feature.commands for feature in FEATURES)):
        for row in rows:
            own = (getattr(row, "right", None), *getattr(row, "rights", ()))
            yield row.command.__name__, tuple(filter(None, own))
    for questions in (QUESTIONS, *(feature.questions for feature in FEATURES)):
        for question, asked in questions.items():
            yield question.__name__, tuple(filter(None, (*asked.rights, asked.also)))


def opened() -> dict[str, list[Operation]]:
    """Right to the operations that ask for it, themselves or by what they do."""
    needed: dict[str, set[str]] = {}
    for name, named in _rows():
        needed.setdefault(name, set()).update(named)
    found: dict[str, list[Operation]] = {}
    for operation in table():
        wanted = {right for right in (operation.right, operation.also) if right is not None}
        for name in operation.run.__code__.co_names:
            wanted |= needed.get(name, set())
        for right in wanted:
            found.setdefault(right, []).append(operation)
    return found


def page(made: str, described: Mapping[str, str]) -> str:
    """The page. `described`: every right with its sentence."""
    roles = yaml.safe_load(ROLES.read_text("utf-8"))
    text = [HEAD.format(made=made), "## Who has it, by the shipped roles\n"]
    names = list(roles)
    text += [f"| Right | Lets one | {' | '.join(roles[name]['label']['en'] for name in names)} |"]
    text += [f"| --- | --- |{' --- |' * len(names)}"]
    for right, what in described.items():
        has = ["yes" if right in roles[name]["permissions"] else "" for name in names]
        text.append(f"| [`{right}`](#{right.replace('.', '')}) | {what} | {' | '.join(has)} |")
    text += ["", "## What it opens", "", "Where one answer needs one of several rights it stands under each.", ""]
    doors = opened()
    for right, what in described.items():
        lines = [f"- `{o.method} {o.path.removeprefix(API)}`: {o.summary}" for o in doors.get(right, [])]
        frames = sorted(frame for frame, needed in rights.FRAMES.items() if needed == right)
        fields = sorted(rights.READERS.get(right, ()))
        lines += [f"- by `/ws/agent`: {', '.join(f'`{frame}`' for frame in frames)}"] if frames else []
        lines += [f"- fields: {', '.join(f'`{name}`' for name in fields)}"] if fields else []
        lines += [f"- {BETWEEN[right]}"] if right in BETWEEN else []
        assert lines, f"`{right}` opens nothing"
        text += [f"### {right}", "", f"To {what}.", "", *lines, ""]
    return "\n".join(text)
