"""Batches: the same done to many tickets at once, each row told by itself, and taken back in one act."""

from __future__ import annotations

from engine.desk import Feature
from engine.features.batches import carrying, commands, store
from engine.features.batches.tables import BatchRow

FEATURE = Feature(
    name="batches",
    tables=(BatchRow,),
    impersonal=(BatchRow,),
    permissions={commands.RUN: "change many tickets at once"},
    commands=commands.COMMANDS,
    questions=commands.QUESTIONS,
    jobs=carrying.JOBS,
    retention=store.drop_old,
)
