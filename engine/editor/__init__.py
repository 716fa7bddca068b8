"""What an editor asks about rules: findings, completion, hover, definition, references, rename, layout, remedies.

One knowledge for all: the language server (`engine lsp`) and the console's editor ask the same `Workspace`, and what
it finds is what `engine validate` finds. Pure: texts in, answers out.
"""

from __future__ import annotations

from engine.editor.renaming import applied, apply
from engine.editor.results import CodeAction, Completion, Edit, Hover, Place, Refusal, Symbol
from engine.editor.workspace import Workspace
from engine.lang.said import LOCALES, Said

__all__ = [
    "LOCALES",
    "CodeAction",
    "Completion",
    "Edit",
    "Hover",
    "Place",
    "Refusal",
    "Said",
    "Symbol",
    "Workspace",
    "applied",
    "apply",
]
