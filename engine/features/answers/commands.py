"""The auto-reply library as people keep it: who may see and change which entry, and what is chosen from it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import category

from engine.core import access
from engine.core.entities import Actor
from engine.core.errors import Refused, missing
from engine.core.library import FITS, LEAD, Answer, Fit, Library
from engine.core.own_settings import answers_for, own_setting
from engine.core.questions import Messages, TicketByNumber
from engine.core.rulebook import Rulebook
from engine.core.titles import title_of
from engine.desk import Asked, PlainCommand, Questions, Work, principal
from engine.features.answers import store
from engine.lang import fold, tokens
from engine.store.paging import cursor, read_cursor
from engine.store.sql import Row

MOST = 2_000
"""Entries of a library: a line is held against each."""
MOST_TYPES = 200
HOT = 8
"""Hot questions that are shown."""
NEAR = 300
"""Points from which an answer stays in the list while somebody types."""
SUGGESTED = 3
"""Answers suggested to an agent."""
NEAR, NEAREST = FITS * 3 // 5, 3
"""Points from which an answer that does not fit is shown as near to a line that is tried, and how many of them."""
EDIT = "answers.edit"
LIBRARY = ("ticket.view", EDIT)
"""Who answers by the library or keeps it, sees it."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The auto-reply library, by pages and in an order; with `text` what would be answered to a line, best first.

    `shop`: what this shop uses; `of`: what is this shop's alone, or, where it is empty, every shop's. `q` stands in its
    words. An empty `type` is none. No `limit`: all of it.
    """

    shop: str | None = None
    text: str | None = None
    q: str = ""
    of: str | None = None
    type: str | None = None
    language: str | None = None
    enabled: bool | None = None
    sort: str = "position"
    limit: int | None = None
    cursor: str | None = None

    def takes(self, row: Row) -> bool:
        """Whether an entry is asked for, whatever its words."""
        return (
            (self.shop is None or row["shop"] in ("", self.shop))
            and (self.of is None or row["shop"] == self.of)
            and (self.type is None or (row["type"] or "") == self.type)
            and (self.language is None or self.language in row["texts"])
            and (self.enabled is None or row["enabled"] == self.enabled)
        )


@dataclass(frozen=True, slots=True)
class AnswerById:
    """One entry."""

    answer_id: int


@dataclass(frozen=True, slots=True)
class AnswerTypes:
    """The question types of the library."""


@dataclass(frozen=True, slots=True)
class TryLine:
    """What the library would answer to a line in a shop, and why."""

    text: str
    shop: str


@dataclass(frozen=True, slots=True)
class HotAnswers:
    """What is chosen most in a shop, for whoever asks: title and text in a language, else in the asker's own.

    With `text` only what fits a line that is still being typed, best first; of those that fit alike the most chosen.
    No `shop`: the one of the member or guest.
    """

    shop: str | None = None
    text: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Answers that fit the member's last line on a ticket, best first."""

    number: int


@dataclass(frozen=True, slots=True)
class SaveAnswer:
    """An entry made (no `answer_id`) or changed: shop, type, titles, keywords, texts, enabled, position."""

    values: Mapping[str, Any]
    answer_id: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteAnswers:
    """Entries go: all of them or, where one is not the actor's to keep, none."""

    answer_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClickAnswer:
    """The actor has chosen an entry. `address`: where a guest sits; it is not kept."""

    answer_id: int
    address: str = ""


@dataclass(frozen=True, slots=True)
class SaveAnswerType:
    """A question type made, or given another label."""

    name: str
    label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeleteAnswerType:
    """A question type goes; no entry may have it."""

    name: str


# --- asking ---------------------------------------------------------------------------------------------------------


def _listed(work: Work, question: Answers) -> dict[str, Any]:
    """The entries the actor's shops use; with a text those in use that fit it, best first."""
    tx, actor = work.tx, work.actor
    if question.shop is not None and not access.serves(actor, question.shop):
        raise Refused("invalid", "unknown-shop", f"there is no shop `{question.shop}`", pointer="/shop")
    clicks, entries = store.clicks(tx), store.entries(tx)
    found = [row for row in entries.having(question.q) if _sees(actor, row["shop"]) and question.takes(row)]
    rows = [{**row, "clicks": clicks.get(row["id"], 0)} for row in found]
    if question.text is not None:
        by_id = {row["id"]: row for row in rows}
        shops = [question.shop] if question.shop is not None else sorted({row["shop"] for row in rows})
        fits = [a for shop in shops for a in answers_for(work.book, entries.library, question.text, shop)]
        rows = [by_id[answer_id] for answer_id in dict.fromkeys(a.id for a in fits) if answer_id in by_id]
        return {"items": rows, "next": None, "count": len(rows)}
    return _page(rows, question)


def _page(rows: list[Row], question: Answers) -> dict[str, Any]:
    """The part of the entries that a question asks for; `count` counts all of them."""
    column = question.sort.removeprefix("-")
    turn = -1 if question.sort.startswith("-") else 1

    def place(row: Row) -> list[int]:
        return [turn * row[column], row["position"], row["id"]]

    after = read_cursor(question.cursor, 3) if question.cursor else None
    rest = sorted((row for row in rows if after is None or place(row) > after), key=place)
    page = rest[: question.limit]
    more = len(page) < len(rest)
    return {"items": page, "next": cursor(*place(page[-1])) if more else None, "count": len(rows)}


def _one(work: Work, question: AnswerById) -> dict[str, Any]:
    return {**_entry(work, question.answer_id), "clicks": store.clicks(work.tx).get(question.answer_id, 0)}


def _types(work: Work, question: AnswerTypes) -> dict[str, Any]:
    return {"items": store.types(work.tx), "next": None}


def _try(work: Work, question: TryLine) -> dict[str, Any]:
    """`outcome` is what rules would get: one answer, a menu of several, or nothing; `items` also has near misses."""
    if question.shop not in work.book.shops or not access.serves(work.actor, question.shop):
        raise Refused("invalid", "unknown-shop", f"there is no shop `{question.shop}`", pointer="/shop")
    library = store.library(work.tx)
    said = {answer.id for answer in answers_for(work.book, library, question.text, question.shop)}
    fits = _fits(library, question.text, question.shop)
    outcome = "nothing" if not said else "answer" if len(said) == 1 else "menu"
    near = [fit for fit in fits if fit.answer.id not in said and fit.points >= NEAR]
    shown = [fit for fit in fits if fit.answer.id in said] + near[:NEAREST]
    items = [{**_fit(work, fit), "said": fit.answer.id in said} for fit in shown]
    return {"outcome": outcome, "items": items, "next": None}


def _fits(library: Library, text: str, shop: str) -> list[Fit]:
    """Everything in use that has something of a line, best first."""
    fits = [answer.fit(text) for answer in library.answers if answer.shop in ("", shop)]
    return sorted(
        (fit for fit in fits if fit.points), key=lambda fit: (-fit.points, fit.answer.position, fit.answer.id)
    )


def _fit(work: Work, fit: Fit) -> dict[str, Any]:
    locale = work.actor.locale
    return {
        "id": fit.answer.id,
        "title": fit.answer.title(locale),
        "text": fit.answer.text(locale),
        "points": fit.points,
        "keywords": list(fit.keywords),
        "title_share": round(fit.title_share, 2),
    }


def _hot(work: Work, question: HotAnswers) -> dict[str, Any]:
    """The entries in use that are chosen most; those never chosen follow in their order."""
    actor = work.actor
    shop = question.shop
    if shop is None and not actor.staff and len(actor.shops) == 1:
        shop = actor.shops[0]
    if shop is None or shop not in work.book.shops or not access.serves(actor, shop):
        raise Refused("invalid", "unknown-shop", f"there is no shop `{shop}`", pointer="/shop")
    locale = question.language or actor.locale
    own = [answer for answer in store.library(work.tx).answers if answer.shop in ("", shop)]
    if question.language is not None or not actor.staff:
        own = [answer for answer in own if answer.speaks(locale)]
    fits = _typed(own, question.text)
    clicks = store.clicks(work.tx) if fits else {}
    own = [answer for answer in own if answer.id in fits]
    own.sort(key=lambda answer: (-fits[answer.id], -clicks.get(answer.id, 0), answer.position, answer.id))
    items = [{"id": a.id, "title": a.title(locale), "text": a.text(locale)} for a in own[:HOT]]
    return {"items": items, "next": None}


def _typed(answers: Iterable[Answer], text: str) -> dict[int, int]:
    """How well each answer fits what is being typed, by id, in steps within which clicks decide; all where nothing is.

    A line that is not whole yet stands in a title or keyword, or has something of it.
    """
    folded = fold(text.strip())
    if not folded:
        return {answer.id: 0 for answer in answers}
    found = frozenset(tokens(text))
    points = {a.id: max(a.points(folded, found), FITS if a.begins(folded) else 0) for a in answers}
    return {answer_id: one // LEAD for answer_id, one in points.items() if one >= NEAR}


def _suggestions(work: Work, question: Suggestions) -> dict[str, Any] | None:
    """In the ticket's language; nothing where an agent has answered. What the desk says by itself is no answer."""
    ticket = work.ask(TicketByNumber(question.number))
    if ticket is None:
        return None
    lines = [
        line
        for line in work.ask(Messages(question.number, limit=20))["items"]
        if line["visibility"] != "internal" and line["author"]["kind"] in ("agent", "member")
    ]
    if not lines or lines[-1]["author"]["kind"] != "member" or not lines[-1]["text"]:
        return {"items": [], "next": None}
    fits = _fits(store.library(work.tx), lines[-1]["text"], ticket["shop"])
    items = [
        {
            "id": fit.answer.id,
            "title": fit.answer.title(ticket["language"]),
            "text": fit.answer.text(ticket["language"]),
            "points": fit.points,
        }
        for fit in fits
        if fit.points >= 1000 * own_setting(work.book, "answer_fits", ticket["shop"])
    ]
    return {"items": items[:SUGGESTED], "next": None}


# --- keeping --------------------------------------------------------------------------------------------------------


def _save(work: Work, command: SaveAnswer) -> dict[str, Any]:
    """Makes or changes an entry, and records it."""
    tx, actor = work.tx, work.actor
    new = command.answer_id is None
    if command.answer_id is not None:
        access.require_for_shop(actor, _entry(work, command.answer_id)["shop"])
    values = dict(command.values)
    _check(work, values, new=new)
    if "titles" in values:
        values["titles"] = {locale: title_of(text, f"/titles/{locale}") for locale, text in values["titles"].items()}
    if new and store.count(tx) >= MOST:
        raise Refused("conflict", "library-full", f"a library has at most {MOST} answers; delete some first")
    answer_id = store.save(tx, values, command.answer_id)
    tx.record("answer.saved", {"answer": answer_id, "changed": sorted(values)}, actor=actor)
    return {"entry": {**_entry(work, answer_id), "clicks": store.clicks(tx).get(answer_id, 0)}}


def _delete(work: Work, command: DeleteAnswers) -> dict[str, Any]:
    """Takes entries out, and records each."""
    for answer_id in command.answer_ids:
        access.require_for_shop(work.actor, _entry(work, answer_id)["shop"])
    gone = store.delete(work.tx, command.answer_ids)
    for answer_id in command.answer_ids:
        work.tx.record("answer.deleted", {"answer": answer_id}, actor=work.actor)
    return {"deleted": gone}


def _click(work: Work, command: ClickAnswer) -> dict[str, Any]:
    found = store.entry(work.tx, command.answer_id)
    if found is None or not found["enabled"] or not _sees(work.actor, found["shop"]):
        raise missing("answer")
    if not work.actor.staff:  # what the shop tries out says nothing of what its customers ask
        # Anybody can be as many guests as he likes, but not sit in as many places; a member is known to the shop.
        guest = work.actor.kind == "guest"
        store.click(work.tx, command.answer_id, _place(command.address) if guest else principal(work.actor))
    return {}


def _place(address: str) -> str:
    """The network an address lies in, of which one customer of a provider has no second: /24, or /64 of IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "elsewhere"
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return str(ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 64}", strict=False))


def _save_type(work: Work, command: SaveAnswerType) -> dict[str, Any]:
    access.require_for_shop(work.actor, "")
    if not command.label:
        raise Refused("invalid", "text-needed", "write what the type is called", pointer="/label")
    _check_locales(work.book, command.label, "label")
    label = {locale: title_of(text, f"/label/{locale}") for locale, text in command.label.items() if text}
    types = store.types(work.tx)
    called = {fold(text) for row in types if row["name"] != command.name for text in row["label"].values()}
    taken = next((text for text in label.values() if fold(text) in called), None)
    if taken is not None:
        raise Refused("conflict", "type-taken", f"there is a question type called {taken!r} already", pointer="/label")
    known = {row["name"] for row in types}
    if command.name not in known and len(known) >= MOST_TYPES:
        raise Refused("conflict", "too-many-types", f"there are at most {MOST_TYPES} question types")
    store.save_type(work.tx, command.name, label)
    work.tx.record("answer_type.saved", {"type": command.name}, actor=work.actor)
    return next(row for row in store.types(work.tx) if row["name"] == command.name)


def _delete_type(work: Work, command: DeleteAnswerType) -> dict[str, Any]:
    access.require_for_shop(work.actor, "")
    used = next((row["answers"] for row in store.types(work.tx) if row["name"] == command.name), 0)
    if used:
        raise Refused("conflict", "type-used", f"{used} answers have this type; give them another first")
    if not store.delete_type(work.tx, command.name):
        raise missing("question type")
    work.tx.record("answer_type.deleted", {"type": command.name}, actor=work.actor)
    return {}


def _entry(work: Work, answer_id: int) -> Row:
    """An entry of the actor's shops. Raises Refused."""
    found = store.entry(work.tx, answer_id)
    if found is None or not _sees(work.actor, found["shop"]):
        raise missing("answer")
    return found


def _sees(actor: Actor, shop: str) -> bool:
    return shop == "" or access.serves(actor, shop)


def _check(work: Work, values: Mapping[str, Any], *, new: bool) -> None:
    shop = values.get("shop", "" if new else None)
    if shop is not None:
        if shop != "" and (shop not in work.book.shops or not access.serves(work.actor, shop)):
            raise Refused("invalid", "unknown-shop", f"there is no shop `{shop}`", pointer="/shop")
        access.require_for_shop(work.actor, shop)
    if values.get("type") is not None and values["type"] not in {row["name"] for row in store.types(work.tx)}:
        raise Refused("invalid", "unknown-type", f"there is no question type `{values['type']}`", pointer="/type")
    for n, keyword in enumerate(values.get("keywords") or ()):
        if not any(category(char)[0] in "LNS" for char in fold(keyword)):
            said = "a keyword needs a letter, a character or a digit: this one would stand in every line"
            raise Refused("invalid", "text-needed", said, pointer=f"/keywords/{n}")
    for name in ("titles", "texts"):
        texts = values.get(name, {} if new else None)
        if texts is None:
            continue
        if not texts or not all(text.strip() for text in texts.values()):
            raise Refused("invalid", "text-needed", f"`{name}` needs a text in some language", pointer=f"/{name}")
        _check_locales(work.book, texts, name)


def _check_locales(book: Rulebook, texts: Mapping[str, str], name: str) -> None:
    for locale in texts:
        if locale not in book.locales:
            raise Refused("invalid", "unknown-language", f"no shop speaks `{locale}`", pointer=f"/{name}/{locale}")


COMMANDS = (
    PlainCommand(SaveAnswer, _save, right=EDIT, rights=(access.EVERY_SHOP,)),
    PlainCommand(DeleteAnswers, _delete, right=EDIT, rights=(access.EVERY_SHOP,)),
    PlainCommand(SaveAnswerType, _save_type, right=EDIT, rights=(access.EVERY_SHOP,)),
    PlainCommand(DeleteAnswerType, _delete_type, right=EDIT, rights=(access.EVERY_SHOP,)),
    PlainCommand(ClickAnswer, _click, who="anybody"),
)
QUESTIONS: Questions = {
    Answers: Asked(_listed, LIBRARY),
    AnswerById: Asked(_one, LIBRARY),
    AnswerTypes: Asked(_types, LIBRARY),
    TryLine: Asked(_try, LIBRARY),
    HotAnswers: Asked(_hot, who="anybody"),
    Suggestions: Asked(_suggestions, ("ticket.reply",), also="ticket.view"),
}
