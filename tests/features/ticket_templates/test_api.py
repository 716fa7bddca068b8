"""Templates of tickets by HTTP."""

from __future__ import annotations

import httpx

from tests.web.documented import conforms, refused
from tests.web.support import Site

PATH = "/ticket-templates"


def test_rows_are_kept_by_who_may_and_seen_by_their_shop(site: Site, amy: httpx.Client) -> None:
    with site.client("lead") as lead, site.client("olga") as olga:
        given = {"subject": "查件", "type": "退換貨", "tags": ["vip"]}
        made = lead.post(PATH, json={"title": "first", "shop": "demo", "given": given})
        row = conforms("add_ticket_template", made)
        assert row["given"] == given
        one = made.headers["Location"].removeprefix("/api/v1")
        assert conforms("change_ticket_template", lead.patch(one, json={"title": "second"}))["title"] == "second"
        assert row["id"] in [item["id"] for item in conforms("list_ticket_templates", amy.get(PATH))["items"]]
        assert row["id"] not in [item["id"] for item in conforms("list_ticket_templates", olga.get(PATH))["items"]]
        refused("add_ticket_template", amy.post(PATH, json={"title": "x", "shop": "demo"}), 403)
        refused("add_ticket_template", lead.post(PATH, json={"title": " "}), 422)
        refused("add_ticket_template", lead.post(PATH, json={"title": "x", "shop": "nowhere"}), 422)
        wrong = refused("add_ticket_template", lead.post(PATH, json={"title": "x", "given": {"type": "沒有"}}), 422)
        assert wrong["errors"][0]["pointer"] == "/given/type"
        conforms("delete_ticket_template", lead.delete(one))
        refused("delete_ticket_template", lead.delete(one), 404)
