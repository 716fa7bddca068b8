"""A workspace over the small desk."""

from __future__ import annotations

import pytest

from engine.editor import Workspace
from tests.editor.small import SMALL


@pytest.fixture(scope="module")
def small() -> Workspace:
    return Workspace(SMALL)
