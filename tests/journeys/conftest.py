"""One demo desk with its server for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.journeys.support import Served, make_desk, serving

# Nothing is measured here: a machine may be slow, and busy.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo shop with the starter rules, a few tickets, and the page /demo."""
    desk = make_desk(tmp_path_factory.mktemp("journey"))
    with serving(desk, demo=True) as served:
        yield served
