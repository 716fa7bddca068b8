"""Who leaves and comes back finds the answer: the chat that ended last is shown, with what is still to be rated."""

from __future__ import annotations

from tests.web.support import Site


def test_who_left_before_the_answer_finds_it(site: Site) -> None:
    with site.agent("amy") as amy:
        with site.chat(token=site.token("hua")) as hua:
            number = hua.line("請問保固多久？我先離開", id="asked")["message"]["ticket"]
        amy.line("保固兩年", id="answer", ticket=number)
        with site.client("amy") as client:
            client.post(f"/tickets/{number}/rating-request").raise_for_status()
        amy.send({"type": "end", "ticket": number})
        amy.until_quiet()
        with site.chat(token=site.token("hua")) as back:
            assert (back.welcome["ticket"], back.welcome["history"]) == (None, [])
            earlier = back.welcome["earlier"]
            assert earlier["ticket"] == number
            assert {"請問保固多久？我先離開", "保固兩年"} <= {line["text"] for line in earlier["history"]}
            assert earlier["rating"] == "asked"
            back.send({"type": "rate", "score": 4, "comment": None})
            back.until_quiet()
        with site.chat(token=site.token("hua")) as rated:
            assert rated.welcome["earlier"]["rating"] == "given"
            again = rated.line("再問一件事", id="again")["message"]["ticket"]
            assert again != number
        with site.chat(token=site.token("hua")) as open_:
            assert open_.welcome["ticket"] == again and "earlier" not in open_.welcome


def test_nobody_else_is_shown_it(site: Site) -> None:
    with site.chat() as guest:
        number = guest.line("我的電話是 0912345678", id="one")["message"]["ticket"]
        guest.send({"type": "end"})
        guest.get("ended")
    with site.chat(visitor=guest.welcome["visitor"]) as back:
        assert back.welcome["earlier"]["ticket"] == number
        assert all(line["visibility"] == "public" for line in back.welcome["earlier"]["history"])
    with site.chat() as other:
        assert "earlier" not in other.welcome
    with site.chat(token=site.token("ming")) as ming:
        assert "earlier" not in ming.welcome or ming.welcome["earlier"]["ticket"] != number
