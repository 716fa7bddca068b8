"""The words of a rating are for staff, and of one that was revised the newest."""

from __future__ import annotations

import httpx

from tests.web.documented import conforms
from tests.web.support import Site


def test_staff_reads_the_words_of_a_rating_and_the_newest(site: Site, amy: httpx.Client) -> None:
    with site.chat(token=site.token("ming")) as chat, site.client("ming") as ming:
        number = chat.line("評價")["message"]["ticket"]
        amy.post(f"/tickets/{number}/messages", json={"text": "好了"})
        ming.post(f"/tickets/{number}/rating", json={"score": 4})
        first = conforms("get_ticket", amy.get(f"/tickets/{number}"))
        assert (first["rating"], first["rating_comment"]) == (4, None)
        ming.post(f"/tickets/{number}/rating", json={"score": 2, "comment": "後來又壞了"})
        own = conforms("get_ticket", ming.get(f"/tickets/{number}"))
        assert own["rating"] == 2 and not {"rating_comment", "rated_at"} & own.keys()
    revised = conforms("get_ticket", amy.get(f"/tickets/{number}"))
    assert (revised["rating"], revised["rating_comment"]) == (2, "後來又壞了")
    assert revised["rated_at"] > first["rated_at"] > revised["created_at"]
    past = conforms("get_member", amy.get(f"/members/{revised['requester']['id']}"))["tickets"]
    assert [one["rating_comment"] for one in past if one["number"] == number] == ["後來又壞了"]
