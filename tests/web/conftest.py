"""One desk for each module: two shops, agents, members."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.support import Site, running
from web import hub


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running server. `lead` sees both shops, `amy` and `ben` serve demo, `olga` the other shop; `ming` and `hua` are
    members of demo, `oscar` of the other."""
    hub.RECHECK = 0.5
    with running(tmp_path_factory.mktemp("web"), limits__guest_rate=1000, limits__socket_rate=1000) as site:
        site.add_agent("lead", ["lead"], [])
        site.add_agent("amy", ["agent"], ["demo"])
        site.add_agent("ben", ["agent"], ["demo"])
        site.add_agent("olga", ["agent"], ["other"])
        site.add_agent("nina", ["nobody"], ["demo"])
        for name, shop in (("ming", "demo"), ("hua", "demo"), ("oscar", "other")):
            site.add_member(name, shop)
        yield site
