"""A schema-driven fuzzer over the whole document: it finds no undocumented answer, and no 500."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.support import Site
from web import openapi

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NOT_HERE = ["login", "logout", "end_session", "reload_rules"]
"""They would end the session that asks, or wait for the limit of sign-ins; `test_http` has them."""

schema = schemathesis.openapi.from_dict(openapi.document()).exclude(operation_id=NOT_HERE)


@pytest.fixture(scope="module")
def filled(site: Site) -> Site:
    """Something for the fuzzer to find."""
    for _ in range(3):
        site.open_ticket()
    return site


@schema.parametrize()
@settings(
    max_examples=7,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.parametrize("who", ["lead", "ming"])
def test_every_answer_is_documented(case: schemathesis.Case, filled: Site, who: str) -> None:
    case.headers.pop("X-Visitor", None)
    case.cookies.pop("desk", None)
    case.headers["Authorization"] = f"Bearer {filled.token(who)}"
    case.call_and_validate(base_url=filled.url, checks=CHECKS)
