"""What rules may have done: one value an action (`Action`), whether it counts, and whose stands where two disagree."""

from __future__ import annotations

from engine.core.actions.action import Action
from engine.core.actions.merging import Lost, answers, has_its_way, merge, mute
from engine.core.actions.speech import lateness
from engine.core.actions.table import ACTIONS, ends, in_words

__all__ = ["ACTIONS", "Action", "Lost", "answers", "ends", "has_its_way", "in_words", "lateness", "merge", "mute"]
