"""What sub-commands that work on a desk's storage share: opening it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.cli_base import CannotDo


async def with_desk(config: Any, work: Callable[[Any], Any], *, alone: str | None = None) -> Any:
    """Opens a desk, with rules in force, does the work, closes. `alone`: see `Desk.open`; such a command upgrades."""
    from engine.desk import Desk
    from engine.reload import reload_now

    desk = await Desk.open(config, upgrade=alone is not None, alone=alone)
    try:
        if desk.rulebook is None:
            result = await reload_now(desk, by="command", source="start", may_grant=True)
            if desk.rulebook is None:
                first = next((f for f in result["findings"] if f["severity"] == "error"), None)
                where = f": {first['file']}:{first['line']}: {first['message']}" if first else ""
                raise CannotDo(f"the rules cannot be put in force{where}; see `engine validate {config.rules}`")
        return await work(desk)
    finally:
        await desk.close()
