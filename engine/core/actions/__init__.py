"""What rules may have done: one value an action (`Action`), and whose effect stands where two rules disagree."""

from __future__ import annotations

from engine.core.actions.action import Action
from engine.core.actions.merging import Lost, has_its_way, merge
from engine.core.actions.table import ACTIONS, ends, in_words

__all__ = ["ACTIONS", "Action", "Lost", "ends", "has_its_way", "in_words", "merge"]
