"""The people of the demo shop: accounts to sign in with, and the members who write."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from engine.core.entities import DAY
from engine.demo.copies import Person
from engine.desk import Desk, accounts
from engine.store import Tx, bulk, people, sessions
from engine.store import tables as t
from engine.store.search import marked


@dataclass(frozen=True, slots=True)
class Account:
    """A demo account."""

    username: str
    name: str
    kind: str
    roles: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    alias: str = ""
    tier: str = ""


ACCOUNTS = (
    Account("admin", "陳雅婷", "agent", roles=("admin",), alias="管理員"),
    Account("sys", "張維安", "agent", roles=("sysadmin",), alias="系統管理員"),
    Account(
        "lin", "林佳蓉", "agent", ("supervisor",), ("senior_care",), ("orders", "refunds", "english"), "客服主管 Rita"
    ),
    Account("amy", "吳欣怡", "agent", ("agent",), ("frontline", "aftersales"), ("orders", "refunds"), "小怡"),
    Account(
        "ben", "黃柏翰", "agent", ("agent",), ("frontline", "senior_care"), ("orders", "refunds", "english"), "Ben"
    ),
    Account("ming", "王小明", "member", tier="gold"),
    Account("hua", "李小華", "member", tier="basic"),
)

NAMES = (
    "陳怡君", "林志明", "張雅雯", "李冠廷", "王淑芬", "吳俊傑", "劉家豪", "蔡佩珊", "楊宗翰", "許雅筑",
    "鄭文傑", "謝欣妤", "郭建宏", "洪詩涵", "曾國維", "邱美玲", "廖振宇", "賴怡萱", "徐偉倫", "周雅惠",
    "Emily Chen", "David Wu", "刘洋", "赵敏",
)  # fmt: skip


def told(password: str, kept: Collection[str] = ()) -> str:
    """The accounts, for people; `kept` are those whose own password stays."""
    lines = ["Demo accounts (password for all: " + password + ")"]
    what = {"admin": "administrator", "sysadmin": "system administrator", "supervisor": "supervisor", "agent": "agent"}
    for account in ACCOUNTS:
        role = what[account.roles[0]] if account.roles else f"{account.tier} member"
        own = "  (keeps the password that somebody has set)" if account.username in kept else ""
        lines.append(f"  {account.username:<8} {role}{own}")
    return "\n".join(lines)


def made_here(tx: Tx) -> bool:
    """Whether the demo made this desk: its agents are the first ones. Who plays with it may add others later."""
    ours = [account.username for account in ACCOUNTS if account.kind == "agent"]
    first = sorted(people.list_agents(tx), key=lambda row: int(row["id"]))[: len(ours)]
    return [row["username"] for row in first] == ours


def known(tx: Tx) -> bool:
    """Whether anybody has an account here, or is a member."""
    return bool(people.list_agents(tx) or bulk.known_members(tx))


async def set_passwords(desk: Desk, password: str) -> list[str]:
    """The demo's password is the one told at this start; whoever is signed in stays so.

    Returns the accounts that keep their own, because somebody has set it.
    """
    digest = await asyncio.get_running_loop().run_in_executor(None, accounts.hash_password, desk.context, password)

    def job(tx: Tx) -> list[str]:
        found = [login for login in (sessions.find_login(tx, one.username) for one in ACCOUNTS) if login is not None]
        # The demo sets all of them in one transaction, so at one moment; a person sets one at a time.
        moments = Counter(login["changed_at"] for login in found)
        together = {moment for moment, count in moments.most_common(1) if count > 1}
        kept = []
        for login in found:
            if login["changed_at"] in together:
                sessions.save_login(tx, login["owner_kind"], login["owner_id"], login["username"], digest)
            else:
                kept.append(str(login["username"]))
        return kept

    return (await desk.context.store.write(job)).result


async def add_accounts(desk: Desk, password: str, also: Callable[[Tx], object] = lambda tx: None) -> None:
    """Makes the accounts, all with one password, and does what else belongs into the same transaction."""
    digest = await asyncio.get_running_loop().run_in_executor(None, accounts.hash_password, desk.context, password)
    words = desk.context.lexicon

    def job(tx: Tx) -> None:
        for account in ACCOUNTS:
            if account.kind == "agent":
                owner = people.save_agent(
                    tx,
                    account.username,
                    name=account.name,
                    alias=account.alias,
                    roles=account.roles,
                    teams=account.teams,
                    skills=account.skills,
                    shops=("*",),
                    capacity=6,
                )
                sessions.save_login(tx, "agent", owner, account.username, digest)
            else:
                owner = people.add_member(
                    tx,
                    words,
                    "demo",
                    guest=False,
                    tier=account.tier,
                    name=account.name,
                    identities={"account": account.username, "email": f"{account.username}@example.com"},
                    verified=("account",),
                    signed_up_at=tx.now,
                )
                sessions.save_login(tx, "member", owner, account.username, digest)
            tx.record(f"{account.kind}.created", {"username": account.username})
        also(tx)

    await desk.context.store.write(job)


async def add_members(desk: Desk) -> None:
    """Makes the members who write: of every tier, in three languages."""
    book, words = desk.context.book, desk.context.lexicon
    tiers = [tier for tier in book.tiers if tier != book.guest_tier]

    def job(tx: Tx) -> None:
        for n, name in enumerate(NAMES):
            language = "en" if name.isascii() else ("zh-CN" if name in ("刘洋", "赵敏") else "zh-TW")
            people.add_member(
                tx,
                words,
                "demo",
                guest=False,
                tier=tiers[min(n * 7 % 10 // 3, len(tiers) - 1)],
                name=name,
                language=language if language in book.locales else book.locales[0],
                identities={"email": f"member{n}@example.com", "phone": f"09{12345000 + n * 37:08d}"},
                verified=("email",),
                signed_up_at=tx.now,
            )

    await desk.context.store.write(job)


# --- many more --------------------------------------------------------------------------------------------------------

_HEARD = {
    "zh-TW": (
        "陳林黃張李王吳劉蔡楊許鄭謝郭洪曾邱廖賴徐周葉蘇莊呂江何蕭羅高潘簡朱鍾彭",
        "怡淑雅家志建俊佳冠宜承品柏思子宗美玉文心",
        "君芬雯豪明宏傑穎廷萱翰婷軒安涵妤瑋臻恩琪",
    ),
    "zh-CN": (
        "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗",
        "子雨欣梓浩思晓佳志建文俊美雅嘉",
        "涵轩怡宇明婷杰琪豪瑶宁辰悦洋敏",
    ),
}
_ENGLISH = (
    ("Emily", "David", "Grace", "Kevin", "Alice", "Brian", "Chloe", "Daniel", "Fiona", "George", "Hannah", "Ian"),
    ("Chen", "Wu", "Lin", "Smith", "Brown", "Taylor", "Lee", "Wong", "Garcia", "Evans", "Kim", "Tan", "Clark", "Mori"),
)


def _name(number: int, language: str) -> str:
    """A name that people of this language have; the same for the same number."""
    dice = random.Random(number)  # noqa: S311 (a demo, not a secret)
    if language in _HEARD:
        return "".join(dice.choice(part) for part in _HEARD[language])
    return " ".join(dice.choice(part) for part in _ENGLISH)


def add_clones(tx: Tx, bases: Sequence[int], first: int, count: int, at: int) -> list[int]:
    """Members like the ones who write, each time the next of them, with names and addresses of their own.

    `first`: the number of the first of these. Returns their ids in the order of their numbers.
    """
    known = {row["id"]: row for row in bulk.members(tx, bases)}
    tags = {member: bulk.tags_of_member(tx, member) for member in bases}
    ids = bulk.reserve(tx, t.Member, count)
    members, identities, tagged = [], [], []
    for number, member in enumerate(ids, first):
        base = known[bases[number % len(bases)]]
        name = _name(number, base["language"])
        signed_up = at - random.Random(number).randrange(2 * 365) * DAY  # noqa: S311 (a demo, not a secret)
        changed = {"id": member, "name": name, "name_folded": marked(name), "signed_up_at": signed_up}
        members.append({**base, **changed, "created_at": at, "updated_at": at})
        for kind, value in (("email", f"customer{number}@example.com"), ("phone", f"09{20000000 + number * 7:08d}")):
            identities.append(bulk.identity(tx, member, base["shop"], kind, value, at))
        tagged += [{**tag, "owner_id": member, "at": at} for tag in tags[base["id"]]]
        tx.find_by("member", member, name)
    bulk.add_members(tx, members, identities, tagged)
    return ids


def clones(tx: Tx, ranges: Sequence[Sequence[int]]) -> list[Person]:
    """The clones in the order of their numbers; `ranges`: first id and how many."""
    found = []
    for first, count in ranges:
        rows = bulk.members(tx, range(first, first + count))
        found += [Person(row["id"], row["name"]) for row in rows]
    return found
