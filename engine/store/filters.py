"""A checked condition of the rules language as SQL over tickets: one expression, two back ends, one meaning.

Each test becomes an expression that is true exactly where `Condition.holds` says so. The language has no unknown: a
comparison with an empty value is false and `not` turns that into true. SQL's NULL stands for that false as long as
nothing negates it, so only `not` needs care (`_untrue`). What the database cannot decide (patterns, working time,
`changed`) raises NotFilterable with the place in the text; nothing is ever decided differently instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import and_, or_
from typing import Any, ClassVar, TypeGuard

from peewee import SQL, Case, Expression, NodeList, Value, fn

from engine.lang import Condition, tree
from engine.lang.functions import date_of, day_bounds, moment
from engine.lang.text import is_cjk
from engine.lang.tree import type_of
from engine.store import tables as t
from engine.store.errors import NotFilterable
from engine.store.followers import usernames
from engine.store.search import EDGE, marked
from engine.store.secret import KeyRing
from engine.store.sql import joined
from engine.store.tasks import open_tasks
from engine.store.values import Lexicon, key_text

_TRUE, _FALSE = SQL("1 = 1"), SQL("1 = 0")


def where(condition: Condition, now: int, ring: KeyRing, lexicon: Lexicon, zone: str) -> Any:
    """The condition over the ticket table. `zone` is the one that written days mean.

    Raises NotFilterable with the span of the first part that SQL cannot decide.
    """
    return _Translation(now, ring, lexicon, zone).test(condition.tree)


MOST_WORDS = 400
"""Words a condition may look for in one place: each is looked for in every ticket."""


def _few(items: Sequence[Any], node: Any) -> Sequence[Any]:
    """The items. Raises NotFilterable for too many."""
    if len(items) > MOST_WORDS:
        raise NotFilterable(f"a list can be filtered by at most {MOST_WORDS} words at once", node.span)
    return items


@dataclass(frozen=True, slots=True)
class _Column:
    """How a field stands in SQL. `folded`: the marked copy texts are compared by; `rows`: a list's select of its
    words."""

    plain: Any = None
    folded: Any = None
    rows: Callable[[], Any] | None = None


def _one(select: Any) -> Any:
    """A select of one value as a value that can be compared."""
    return NodeList((select,))


def _of_member(field: Any) -> Any:
    return _one(t.Member.select(field).where(t.Member.id == t.Ticket.member_id))


def _of_agent(field: Any) -> Any:
    return _one(t.Agent.select(field).where(t.Agent.id == t.Ticket.assignee_id))


def _of_chat(field: Any) -> Any:
    return _one(t.Chat.select(field).where(t.Chat.ticket_id == t.Ticket.id))


def _tags(kind: str, owner: Any) -> Callable[[], Any]:
    return lambda: t.TagUse.select(t.TagUse.name).where((t.TagUse.owner_kind == kind) & (t.TagUse.owner_id == owner))


def _words(model: Any, field: Any) -> Callable[[], Any]:
    return lambda: model.select(field).where(model.agent_id == t.Ticket.assignee_id)


def _since(now: int, column: Any) -> Any:
    """A duration up to now, never below nothing; NULL where there is no beginning."""
    passed = Value(now, converter=False) - column
    return Case(None, ((passed < 0, 0),), passed)


_PLAIN = (
    "number", "kind", "type", "state", "category", "priority", "team", "channel", "shop", "created_at", "updated_at",
    "first_replied_at", "closed_at", "reply_count", "reopened", "escalation", "rating", "language", "opened_by",
    "nudges", "nudged_at",
)  # fmt: skip
_TEXTS: Mapping[str, Any] = {
    "subject": t.Ticket.subject_folded,
    "order_no": t.Ticket.order_no_folded,
    "product": t.Ticket.product_folded,
    "solution": t.Ticket.solution_folded,
}
_BEGINNINGS: Mapping[str, Any] = {
    "age": t.Ticket.created_at,
    "idle": fn.COALESCE(t.Ticket.last_line_at, t.Ticket.created_at),
    "waiting_for": Case(None, ((t.Ticket.category != "closed", t.Ticket.waiting_since),)),
    "closed_for": t.Ticket.closed_at,
}


def _columns(now: int) -> dict[str, _Column]:
    """Every built-in field that SQL can read."""
    found = {f"ticket.{name}": _Column(getattr(t.Ticket, name)) for name in _PLAIN}
    found |= {f"ticket.{name}": _Column(getattr(t.Ticket, name), copy) for name, copy in _TEXTS.items()}
    found |= {f"ticket.{name}": _Column(_since(now, start)) for name, start in _BEGINNINGS.items()}
    return found | {
        "ticket.assignee": _Column(_of_agent(t.Agent.username)),
        "ticket.tags": _Column(rows=_tags("ticket", t.Ticket.id)),
        "ticket.open_tasks": _Column(_one(open_tasks(t.Ticket.id))),
        "ticket.followers": _Column(rows=lambda: usernames(t.Ticket.id)),
        **_member_columns(now, _of_member, t.Ticket.member_id),
        "agent.status": _Column(_of_agent(t.Agent.status)),
        "agent.teams": _Column(rows=_words(t.AgentTeam, t.AgentTeam.team)),
        "agent.skills": _Column(rows=_words(t.AgentSkill, t.AgentSkill.skill)),
        **{f"chat.{name}": _Column(_of_chat(getattr(t.Chat, name))) for name in ("page", "referrer", "device")},
        "shop.name": _Column(t.Ticket.shop),
        "now": _Column(Value(now, converter=False)),
    }


def _member_columns(now: int, reach: Callable[[Any], Any], member: Any) -> dict[str, _Column]:
    """A member's fields. `reach` makes a column of the member's row a value, `member` is the member's id."""
    other = t.Ticket.alias("other")
    opened = other.select(fn.COUNT(other.id)).where((other.member_id == member) & (other.category != "closed"))
    return {
        "member.name": _Column(reach(t.Member.name), reach(t.Member.name_folded)),
        "member.tier": _Column(reach(t.Member.tier)),
        "member.tags": _Column(rows=_tags("member", member)),
        "member.is_guest": _Column(reach(t.Member.guest)),
        "member.blocked": _Column(reach(fn.COALESCE(t.Member.blocked_until, 0) > now)),
        "member.language": _Column(reach(t.Member.language)),
        "member.shop": _Column(reach(t.Member.shop)),
        "member.signed_up_at": _Column(reach(t.Member.signed_up_at)),
        "member.open_tickets": _Column(_one(opened)),
    }


def _columns_of_members(now: int) -> dict[str, _Column]:
    """The built-in fields where there is a member and no ticket."""
    return {
        **_member_columns(now, lambda column: column, t.Member.id),
        "shop.name": _Column(t.Member.shop),
        "now": _Column(Value(now, converter=False)),
    }


class _Translation:
    owners: ClassVar[Mapping[str, Any]] = {"ticket": t.Ticket.id, "member": t.Ticket.member_id}
    """The id of each owner of custom fields."""

    def __init__(self, now: int, ring: KeyRing, lexicon: Lexicon, zone: str) -> None:
        self.now = now
        self.ring = ring
        self.lexicon = lexicon
        self.zone = zone
        self.columns = _columns(now)

    # ------------------------------------------------------------------------------------------------------ conditions

    def test(self, node: Any) -> Any:
        """A condition. Where it does not hold it is false or NULL."""
        match node:
            case tree.Always():
                return _TRUE if node.value else _FALSE
            case tree.AllOf():
                return joined(and_, [self.test(item) for item in node.items])
            case tree.AnyOf():
                return joined(or_, [self.test(item) for item in node.items])
            case tree.Negation():
                return _untrue(self.test(node.item))
            case tree.Defined():
                return self.test(node.item)
            case tree.Truth():
                return self.truth(node.value)
            case tree.Comparison():
                return self.comparison(node)
            case tree.OneOf():
                return self.one_of(node)
            case tree.ListHas():
                return self.list_has(node)
            case tree.TextContains(mode="any" | "all"):
                return self.contains(node)
            case tree.TextAffix():
                return self.affix(node)
            case tree.IsEmpty():
                return self.emptiness(node)
        raise NotFilterable(f"a list cannot be filtered by `{node.span.text}`: it is decided in memory only", node.span)

    def truth(self, node: Any) -> Any:
        if isinstance(node, (tree.FieldRef, tree.Setting, tree.Const)):
            return self.value(node) == self.flag(node, True)
        return self.test(node)

    def flag(self, node: Any, wanted: bool) -> Any:
        """A flag as its column holds it: custom ones are numbers, built-in ones flags."""
        custom = isinstance(node, tree.FieldRef) and node.name not in self.columns
        return Value(float(wanted) if custom else wanted, converter=False)

    def comparison(self, node: tree.Comparison) -> Any:
        left, right, op = node.left, node.right, node.op
        if isinstance(left, (tree.Const, tree.Moment, tree.Length)) and isinstance(right, tree.FieldRef):
            left, right, op = right, left, _TURNED[op]
        personal = self.personal(left) or self.personal(right)
        if personal is not None:
            return self.by_key(personal, left, right, op, node)
        kinds = {type_of(left).kind, type_of(right).kind}
        if _is_day_of(right) and self.day(right) is None:
            left, right, op = right, left, _TURNED[op]
        if _is_day_of(left) and (day := self.day(right)) is not None:
            return self.on_day(self.value(left.arguments[0]), op, day)
        if "text" in kinds:
            return _compare(self.folded(left), op, self.folded(right))
        if node.enum is not None and op not in ("=", "!="):
            return self.ranked(node, left, right, op)
        if node.enum is not None and isinstance(right, tree.Const):
            if right.value not in node.enum:
                return _FALSE
            known = self.value(left).in_(list(node.enum.values))
            return _compare(self.value(left), op, self.value(right)) & known
        if kinds == {"time", "date"}:
            raise NotFilterable(f"a list cannot compare a time with a day in `{node.span.text}`", node.span)
        if isinstance(right, tree.Moment) and right.whole_day:
            return self.on_day(self.value(left), op, right.text)
        if isinstance(right, tree.Const) and isinstance(right.value, bool):
            return _compare(self.value(left), op, self.flag(left, right.value))
        return _compare(self.value(left), op, self.value(right))

    def ranked(self, node: tree.Comparison, left: Any, right: Any, op: str) -> Any:
        enum = node.enum
        if enum is None or not isinstance(right, tree.Const):
            raise NotFilterable(f"a list cannot compare two ordered fields in `{node.span.text}`", node.span)
        place = enum.ranks.get(right.value)
        if place is None:
            return _FALSE
        holds = {
            "<": lambda r: r < place,
            "<=": lambda r: r <= place,
            ">": lambda r: r > place,
            ">=": lambda r: r >= place,
        }
        return self.value(left).in_([name for name, rank in enum.ranks.items() if holds[op](rank)])

    def day(self, node: Any) -> str | None:
        """A day that is the same for every row, `YYYY-MM-DD`: written, or the day of the present time."""
        if isinstance(node, tree.Const):
            return str(node.value)
        of_now = _is_day_of(node) and getattr(node.arguments[0], "name", None) == "now"
        return date_of(self.zone, self.now) if of_now else None

    def on_day(self, left: Any, op: str, day: str) -> Any:
        begin, end = day_bounds(self.zone, day)
        if op == "=":
            return (left >= begin) & (left < end)
        if op == "!=":
            return (left < begin) | (left >= end)
        return {"<": left < begin, "<=": left < end, ">": left >= end, ">=": left >= begin}[op]

    def one_of(self, node: tree.OneOf) -> Any:
        personal = self.personal(node.left)
        items = _few(node.items, node)
        if personal is not None:
            if node.negated:
                raise self.only_equal(node)
            tests = [self.by_key(personal, node.left, item, "=", node) for item in items]
            return joined(or_, [_FALSE, *tests])
        constants = [item.value for item in items if isinstance(item, tree.Const)]
        if len(constants) == len(items) and type_of(node.left).kind in ("text", "enum", "entity", "date"):
            text = type_of(node.left).kind == "text"
            left = self.folded(node.left) if text else self.value(node.left)
            known = [marked(value) if text else value for value in constants]
            return left.not_in(known) & left.is_null(False) if node.negated else left.in_(known)
        op, joint = ("!=", and_) if node.negated else ("=", or_)
        parts = [self.comparison(tree.Comparison(node.span, op, node.left, item)) for item in items]
        return joined(joint, parts) if parts else (_TRUE if node.negated else _FALSE)

    def list_has(self, node: tree.ListHas) -> Any:
        items = [item.value for item in _few(node.items, node) if isinstance(item, tree.Const)]
        item_type = type_of(node.left).item
        if len(items) != len(node.items) or (item_type is not None and item_type.kind == "text"):
            raise NotFilterable(f"a list cannot be filtered by `{node.span.text}`", node.span)
        rows, word = self.words(node.left)
        if node.mode == "any":
            return fn.EXISTS(rows().where(word.in_(items)))
        return joined(and_, [_TRUE, *(fn.EXISTS(rows().where(word == item)) for item in items)])

    def words(self, node: Any) -> tuple[Callable[[], Any], Any]:
        """The select of a list's words and the column they stand in."""
        if isinstance(node, tree.FieldRef):
            column = self.columns.get(node.name)
            if column is not None and column.rows is not None:
                return column.rows, column.rows()._returning[0]
            plain = column is None and not self.lexicon.is_personal(*_split(node.name))
            if plain and not self.lexicon.defaults.get(node.name):
                return (lambda: self.custom(node.name, t.FieldValue.text)), t.FieldValue.text
        raise NotFilterable(f"`{node.span.text}` cannot be looked into by a list's filter", node.span)

    def contains(self, node: tree.TextContains) -> Any:
        words = [word for word in _few(node.words, node) if word]
        if node.exact:
            if not all(is_cjk(char) for word in words for char in word):
                raise NotFilterable("`contains exact` can be filtered by in Chinese only", node.span)
            tests = [self.plain_text(node.left).contains(word) for word in words]
        else:
            folded = self.folded(node.left)
            tests = [_holds_part(folded, marked(word)) for word in words if marked(word)]
        if node.mode == "any":
            return joined(or_, [_FALSE, *tests])
        return joined(and_, [self.plain_text(node.left).is_null(False), *tests])

    def affix(self, node: tree.TextAffix) -> Any:
        folded, text = self.folded(node.left), marked(node.text)
        if node.where == "starts":
            text = text.removesuffix(EDGE)
            return _slice_is(fn.SUBSTR(folded, 1, len(text)), text, folded)
        text = text.removeprefix(EDGE)
        begins = fn.LENGTH(folded) - len(text) + 1
        return _slice_is(fn.SUBSTR(folded, Case(None, ((begins < 1, 1),), begins)), text, folded)

    def emptiness(self, node: tree.IsEmpty) -> Any:
        left = node.left
        if isinstance(left, tree.FieldRef):
            column = self.columns.get(left.name)
            if column is None:
                found = fn.EXISTS(self.custom(left.name, t.FieldValue.id).where(_not_blank()))
                if self.lexicon.defaults.get(left.name) not in (None, "", ()):
                    found |= _untrue(fn.EXISTS(self.custom(left.name, t.FieldValue.id)))
                return found if node.negated else _untrue(found)
            if column.rows is not None:
                found = fn.EXISTS(column.rows())
                return found if node.negated else _untrue(found)
            if type_of(left).kind in ("text", "enum", "entity", "date"):
                filled = (column.plain.is_null(False)) & (column.plain != "")
                return filled if node.negated else _untrue(filled)
        value = self.value(left)
        return value.is_null(not node.negated)

    # ---------------------------------------------------------------------------------------------------------- values

    def value(self, node: Any) -> Any:
        """A value, NULL where it is empty."""
        match node:
            case tree.Const():
                if isinstance(node.value, int) and abs(node.value) >= 2**63:
                    raise NotFilterable(f"`{node.span.text}` is larger than any number a list holds", node.span)
                return Value(float(node.value) if isinstance(node.value, Decimal) else node.value, converter=False)
            case tree.Setting():
                plain = getattr(node.value, "micros", node.value)
                return Value(float(plain) if isinstance(plain, Decimal) else plain, converter=False)
            case tree.Moment() if not node.whole_day:
                return Value(moment(self.zone, node.text), converter=False)
            case tree.Length() if not node.value.business:
                return Value(node.value.micros, converter=False)
            case tree.FieldRef():
                return self.field(node)
            case tree.Arith() if node.op in "+-*":
                if "date" not in {type_of(node.left).kind, type_of(node.right).kind}:
                    return Expression(self.value(node.left), node.op, self.value(node.right))
        raise NotFilterable(
            f"a list cannot be filtered by `{node.span.text}`: it is worked out in memory only", node.span
        )

    def field(self, node: tree.FieldRef) -> Any:
        if node.name == "weekday":
            return Value(_weekday(self.now, self.zone), converter=False)
        column = self.columns.get(node.name)
        if column is not None and column.plain is not None:
            return column.plain
        if column is None and node.name.partition(".")[0] in ("ticket", "member"):
            if self.lexicon.is_personal(*_split(node.name)):
                raise self.only_equal(node)
            kind, default = type_of(node).kind, self.lexicon.defaults.get(node.name)
            if kind in ("number", "flag", "duration"):
                return _or_default(self.custom(node.name, t.FieldValue.number), default, float)
            if kind == "time":
                return _or_default(self.custom(node.name, t.FieldValue.time), default, int)
            if kind in ("text", "enum", "entity", "date"):
                as_stored = marked if kind == "text" else str
                return _or_default(self.custom(node.name, t.FieldValue.text), default, as_stored)
        raise NotFilterable(f"a list cannot be filtered by `{node.name}`", node.span)

    def custom(self, name: str, column: Any) -> Any:
        """The rows of a custom field of this ticket or its member."""
        owner, short = _split(name)
        if f"{owner}.{short}" not in self.lexicon.field_types:
            raise NotFilterable(f"a list cannot be filtered by `{name}`")
        whose = t.FieldValue.owner_id == self.owners[owner]
        return t.FieldValue.select(column).where(
            (t.FieldValue.owner_kind == owner) & whose & (t.FieldValue.name == short)
        )

    def folded(self, node: Any) -> Any:
        """A text as filters compare it."""
        if isinstance(node, (tree.Const, tree.Setting)):
            return Value(marked(str(node.value)), converter=False)
        if isinstance(node, tree.FieldRef):
            column = self.columns.get(node.name)
            if column is None:
                return self.field(node)
            if column.folded is not None:
                return column.folded
        raise NotFilterable(f"a list cannot compare the text of `{node.span.text}`", node.span)

    def plain_text(self, node: Any) -> Any:
        if isinstance(node, tree.FieldRef):
            column = self.columns.get(node.name)
            if column is not None and column.plain is not None and column.folded is not None:
                return column.plain
            if column is None:
                return self.field(node)
        raise NotFilterable(f"a list cannot look into the text of `{node.span.text}`", node.span)

    # -------------------------------------------------------------------------------------------------- personal values

    def personal(self, node: Any) -> tree.FieldRef | None:
        if isinstance(node, tree.FieldRef) and "." in node.name and self.lexicon.is_personal(*_split(node.name)):
            return node
        return None

    def by_key(self, field: tree.FieldRef, left: Any, right: Any, op: str, node: Any) -> Any:
        """Equality of an encrypted value, by its blind index."""
        other = right if field is left else left
        if op != "=" or not isinstance(other, tree.Const):
            raise self.only_equal(node)
        kind, default = self.lexicon.field_types.get(field.name, ""), self.lexicon.defaults.get(field.name)
        text = key_text(kind, other.value)
        key = self.ring.blind(field.name, text)
        found = fn.EXISTS(self.custom(field.name, t.FieldValue.id).where(t.FieldValue.key == key))
        if default is not None and key_text(kind, default) == text:
            found |= _untrue(fn.EXISTS(self.custom(field.name, t.FieldValue.id)))
        return found

    @staticmethod
    def only_equal(node: Any) -> NotFilterable:
        return NotFilterable(
            f"`{node.span.text}`: a personal field is encrypted, so a list knows only `=`, `in` and `is set` of it",
            node.span,
        )


_OPERATORS = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TURNED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _or_default(rows: Any, default: Any, as_stored: Callable[[Any], Any]) -> Any:
    """The one value of a custom field, or the default of one that was never set."""
    found = _one(rows.limit(1))
    return found if default is None else fn.COALESCE(found, Value(as_stored(default), converter=False))


def _compare(left: Any, op: str, right: Any) -> Any:
    return Expression(left, _OPERATORS[op], right)


def _is_day_of(node: Any) -> TypeGuard[tree.CallOf]:
    """Whether a value is the day of a time: `date(ticket.created_at)`."""
    return isinstance(node, tree.CallOf) and node.function.name == "date"


def _untrue(test: Any) -> Any:
    """`not`: true where the test is false or NULL."""
    return Case(None, ((test, 0),), 1) == 1


def _holds_part(text: Any, part: str) -> Any:
    """Whether a text column has a part. REPLACE, since the names of the functions that find parts differ."""
    return fn.LENGTH(fn.REPLACE(text, part, "")) < fn.LENGTH(text)


def _slice_is(piece: Any, text: str, whole: Any) -> Any:
    """Whether a cut piece is the text; anything begins and ends with nothing, but an empty value does not."""
    return piece == text if text else whole.is_null(False)


def _not_blank() -> Any:
    column = t.FieldValue
    return column.text.is_null() | (column.text != "")


def _split(name: str) -> tuple[str, str]:
    owner, _, short = name.partition(".")
    return owner, short


def _weekday(now: int, zone: str) -> str:

    return ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[date.fromisoformat(date_of(zone, now)).weekday()]
