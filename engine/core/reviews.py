"""Reviews (復盤) of closed cases, as far as the desk asks for them before an agent closes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reviews:
    """`round_of` tells of a ticket, by id, how often it had been reopened when its last review was written; None where
    there is none."""

    round_of: Callable[[int], int | None]
