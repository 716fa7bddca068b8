"""What can be guessed: each guess is counted before it is checked, however many come at once and however they are
spelled."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.web.support import PASSWORD, Site, Socket, running

ALLOWED = 5
SPELLINGS = ("hua", "HUA", "\uff48\uff55\uff41", " hua ", "h\u200bua", "\u3000Hua\u3000", "hu\u00ada")


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Site]:
    limits = {"limits__sign_in_failures": ALLOWED, "limits__guess_rate": 2}
    with running(tmp_path, **limits) as site:
        site.add_agent("lead", ["lead"], [])
        site.add_agent("amy", ["agent"], ["demo"])
        site.add_member("hua", "demo")
        yield site


def log_in(site: Site, username: str, password: str = "guess") -> httpx.Response:
    body = {"username": username, "password": password}
    return httpx.post(f"{site.url}/api/v1/auth/login", json=body, timeout=60)


@pytest.mark.parametrize("username", ["hua", "amy", "nobody-of-this-name"])
def test_so_many_guesses_at_once_are_checked_as_one_after_the_other(guarded: Site, username: str) -> None:
    together = threading.Barrier(60)

    def guess(_: int) -> httpx.Response:
        together.wait()
        return log_in(guarded, username)

    began = time.monotonic()
    with ThreadPoolExecutor(60) as pool:
        answers = list(pool.map(guess, range(120)))
    more = int(time.monotonic() - began) + 1  # a further one when its wait is over
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {401, 429}
    assert ALLOWED <= statuses[401] <= ALLOWED + more, statuses
    refusal = next(answer for answer in answers if answer.status_code == 429)
    assert refusal.json()["code"] == "too-many-sign-ins" and int(refusal.headers["Retry-After"]) >= 1


def test_spellings_of_a_name_are_one_name(guarded: Site) -> None:
    for spelling in SPELLINGS:
        assert log_in(guarded, spelling, PASSWORD).status_code == 200, ascii(spelling)
    statuses = [log_in(guarded, SPELLINGS[n % len(SPELLINGS)]).status_code for n in range(ALLOWED + 2)]
    assert statuses == [401] * ALLOWED + [429] * 2


def test_right_passwords_at_once_are_all_let_in(guarded: Site) -> None:
    with ThreadPoolExecutor(ALLOWED) as pool:
        for _ in range(4):
            answers = list(pool.map(lambda _: log_in(guarded, "hua", PASSWORD), range(ALLOWED)))
            assert [answer.status_code for answer in answers] == [200] * ALLOWED


def test_too_many_sign_ins_at_once_are_asked_to_come_back_and_the_desk_goes_on(tmp_path: Path) -> None:
    limits = {"limits__sign_in_failures": 1000, "limits__sign_ins_at_once": 1, "limits__sign_ins_waiting": 3}
    with running(tmp_path, **limits) as site:
        site.add_agent("amy", ["agent"], ["demo"])
        with site.client("amy") as amy, ThreadPoolExecutor(40) as pool:
            coming = [pool.submit(log_in, site, f"name-{n}") for n in range(40)]
            while not all(one.done() for one in coming):
                began = time.monotonic()
                assert amy.get("/auth/me").status_code == 200
                assert time.monotonic() - began < 1.5
        answers = [one.result() for one in coming]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert {answer.status_code for answer in answers} == {401, 429}
        assert all(answer.json()["code"] == "busy" and answer.headers["Retry-After"] for answer in refused)
        assert log_in(site, "amy", PASSWORD).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer made-up"},
        {"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"},
        {"X-Visitor": "made-up.proof", "X-Shop": "demo"},
        {"Cookie": "desk=made-up"},
    ],
)
def test_guessed_tokens_and_proofs_are_slowed_and_keep_nobody_out(guarded: Site, headers: dict[str, str]) -> None:
    with guarded.client("amy") as amy:
        assert amy.get("/auth/me").status_code == 200
        with httpx.Client(base_url=f"{guarded.url}/api/v1", headers=headers) as guesser, ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: guesser.get("/auth/me"), range(60)))
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) == {401, 429} and statuses[401] <= 20 + 2 * 5, statuses
        assert int(next(a for a in answers if a.status_code == 429).headers["Retry-After"]) >= 1
        assert amy.get("/auth/me").status_code == 200, "who is in stays in"


def test_guesses_over_sockets_are_counted_too(guarded: Site) -> None:
    codes = []
    for _ in range(30):
        with Socket(guarded.url, "/ws/agent") as socket:
            socket.send({"type": "hello", "token": "made-up"})
            codes.append(socket.receive()["code"])
    assert set(codes) == {"session-ended", "too-fast"} and codes.count("session-ended") < 27


@pytest.mark.parametrize("proof", ["\u00e9.\u00fc", "visitor.\u7b7e", "\u00b2", "." * 150])
def test_a_proof_of_other_letters_is_only_not_valid(guarded: Site, proof: str) -> None:
    headers = {"X-Visitor": proof.encode(), "X-Shop": b"demo"}
    answer = httpx.get(f"{guarded.url}/api/v1/auth/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown-visitor")
    with Socket(guarded.url, "/ws/chat") as socket:
        assert socket.hello(shop="demo", visitor=proof).welcome["visitor"] != proof
