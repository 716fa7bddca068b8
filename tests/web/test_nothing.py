"""An address where nothing is: a person reads a page, a program the problem document."""

from __future__ import annotations

import httpx
import pytest

from tests.web.support import Site
from web.folder import STATIC


def test_a_person_reads_a_page_and_a_program_a_problem(site: Site) -> None:
    if not (STATIC / "nothing.html").exists():
        pytest.skip("the front end is not built here")
    root = httpx.Client(base_url=site.url)
    browser = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Dest": "document"}
    for path in ("/api/v1/x", "/api/x", "/ws/x", "/files/x", "/hooks/x", "/assets/x.js", "/nowhere"):
        lost = root.get(path, headers=browser)
        assert (lost.status_code, lost.headers["Content-Type"]) == (404, "text/html; charset=utf-8"), path
        assert "找不到這個頁面" in lost.text and "應答" not in lost.text, "a visitor sees the shop's page, not the desk"
        assert "script-src 'self'" in lost.headers["Content-Security-Policy"]
        for program in ({}, {"Accept": "application/json"}, {**browser, "Sec-Fetch-Dest": "script"}):
            asked = root.get(path, headers=program)
            assert (asked.status_code, asked.headers["Content-Type"]) == (404, "application/problem+json"), path
        assert root.post(path, headers=browser).headers["Content-Type"] == "application/problem+json"
    staff = httpx.Client(base_url=site.url, cookies={"desk": site.token("amy")})
    assert "應答" in staff.get("/nowhere", headers=browser).text, "colleagues find their menu beside it"
    for path in ("/api/x", "/api/v1/tickets/999999", "/api/v1/files/gone"):
        lost = staff.get(path, headers=browser)
        assert lost.status_code == 404 and "找不到這個頁面" in lost.text and "應答" not in lost.text, path
        assert staff.get(path).json()["status"] == 404
