"""The sub-command `engine lsp`."""

from __future__ import annotations

import logging
import sys
from typing import Any

from engine.cli_base import DONE, CannotDo, Commands, command, terminal_locale


def add_lsp(commands: Commands) -> None:
    """Adds `engine lsp`."""
    command(
        commands, "lsp", "The language server for rules, on stdin and stdout: editors start it.", "engine lsp", run_lsp
    )


def run_lsp(arguments: Any) -> int:
    """Serves until the editor ends it."""
    try:
        import pygls  # noqa: F401 - only whether it is there
    except ImportError:
        raise CannotDo("the language server needs pygls; install it with `pip install 'yingda[lsp]'`") from None
    from engine.extras import extras
    from engine.lsp import make_server
    from engine.plugins import load

    # Standard output belongs to the protocol.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    plugins = load()
    plugins.register()
    make_server(extras(plugins), terminal_locale()).start_io()
    return DONE
