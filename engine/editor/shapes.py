"""What stands where in the YAML of a rules folder: keys, fixed values, and which nouns are declared and used.

It serves completion and finds names; what is right or wrong is for `engine.core.building` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.core import scenarios
from engine.core.access import PERMISSIONS
from engine.core.nouns import DESK_KEYS
from engine.core.sla import TARGETS

LANGUAGES = ("zh-TW", "zh-CN", "en")


@dataclass(frozen=True)
class Shape:
    """A place in a YAML file.

    `keys`: the known keys; `other`: what stands under any other key; `name`: the kind of noun such a key is;
    `items`: of a list (a single value counts as a list of one); `value`: what a scalar is: a kind of noun, `condition`,
    `text` (a template's), or nothing; `choices`: its fixed values. `declares`: the key or scalar brings the noun into
    being.
    """

    keys: Mapping[str, Shape] = field(default_factory=dict)
    other: Shape | None = None
    name: str = ""
    items: Shape | None = None
    value: str = ""
    choices: tuple[str, ...] = ()
    declares: bool = False

    def under(self, key: str | int) -> Shape | None:
        """The shape under a key, or of an item of a list."""
        if isinstance(key, int):
            return self.items
        return self.keys.get(key, self.other)


ANY = Shape()


def _map(**keys: Shape) -> Shape:
    return Shape({name.rstrip("_"): shape for name, shape in keys.items()})  # `from_` for `from`


def _each(name: str, other: Shape, declares: bool = False) -> Shape:
    return Shape(other=other, name=name, declares=declares)


def _list(items: Shape) -> Shape:
    return Shape(items=items)


def _use(kind: str) -> Shape:
    return Shape(value=kind)


def _choice(*choices: str) -> Shape:
    return Shape(choices=choices)


LABEL = Shape(dict.fromkeys(LANGUAGES, ANY))
_FLAG = _choice("true", "false")


def _nouns(kind: str) -> Shape:
    """A list of names, or of mappings with a name."""
    named = Shape(
        {"name": Shape(value=kind, declares=True), "label": LABEL, "colour": ANY, "group": ANY},
        value=kind,
        declares=True,
    )
    return _list(named)


_SHOP = _map(
    label=LABEL,
    zone=ANY,
    locales=_list(_choice(*LANGUAGES)),
    calendar=_use("calendar"),
    sites=_list(ANY),
    widget=ANY,
    sign_on=ANY,
)
_FIELD_TYPES = ("text", "number", "flag", "date", "time", "duration", "enum", "list", "member", "agent", "team")
_FIELD = _map(
    type=_choice(*_FIELD_TYPES),
    values=_list(Shape(value="*", declares=True)),  # values of the field above
    optional=_FLAG,
    default=Shape(value="*"),
    label=LABEL,
    personal=_FLAG,
    items=ANY,
    group=ANY,
    hint=ANY,
)
_DESK: dict[str, Shape] = {
    **dict.fromkeys(DESK_KEYS, ANY),
    "language": _choice("1"),
    "shops": _each("shop", _SHOP, declares=True),
    "stages": _list(
        Shape(
            {"name": Shape(value="stage", declares=True), "mode": _choice("all", "first")},
            value="stage",
            declares=True,
        )
    ),
    "priorities": _nouns("priority"),
    "tiers": _nouns("tier"),
    "types": _nouns("type"),
    "skills": _nouns("skill"),
    "tags": _map(open=_FLAG, known=_nouns("tag")),
    "fields": _each("field", _FIELD, declares=True),
    "thresholds": _map(first_reply=ANY, handling=ANY, one_touch=ANY, backlog=ANY),
}

_STATE = _map(
    label=LABEL,
    sla=_choice("running", "paused", "stopped"),
    category=_choice("open", "pending", "closed"),
    colour=ANY,
)
_TRANSITION = _map(
    trigger=Shape(value="trigger", declares=True),
    label=LABEL,
    from_=_list(_use("state")),
    to=_use("state"),
    requires=_list(_use("field")),
    roles=_list(_use("role")),
    when=_use("condition"),
)
_LIFECYCLE = _map(
    kind=Shape(value="kind", declares=True),
    live=_FLAG,
    label=LABEL,
    initial=_use("state"),
    states=_each("state", _STATE, declares=True),
    transitions=_list(_TRANSITION),
)

_POLICY = _map(
    name=Shape(value="policy", declares=True),
    label=LABEL,
    when=_use("condition"),
    calendar=_use("calendar"),
    targets=Shape(dict.fromkeys(TARGETS, ANY)),
    warn_at=_list(ANY),
)


def _read(keys: Iterable[str], **shapes: Shape) -> dict[str, Shape]:
    """The keys that the code reads, with what is known about some of them."""
    return {key: shapes.get(key, ANY) for key in sorted(keys)}


_PRESENCE = _choice("online", "busy", "away", "offline")
_TICKET = Shape(other=Shape(value="*"), name="ticket.")
_MEMBER = Shape(
    _read(
        scenarios.MEMBER_KEYS,
        tier=_use("tier"),
        tags=_list(_use("tag")),
        guest=_FLAG,
        blocked=_FLAG,
        fields=Shape(other=Shape(value="*"), name="member."),
    )
)
_AGENT = Shape(
    _read(
        scenarios.AGENT_KEYS,
        team=_use("team"),
        teams=_list(_use("team")),
        skills=_list(_use("skill")),
        role=_use("role"),
        roles=_list(_use("role")),
        status=_PRESENCE,
    )
)
_CALL = _map(
    event=_choice("ringing", "answered", "ended", "missed"),
    id=ANY,
    direction=_choice("inbound", "outbound"),
    from_=ANY,
    to=ANY,
    agent=ANY,
    result=ANY,
)
_EXPECT = Shape(
    {
        **_read(
            scenarios.LISTS,
            opened=_list(_use("kind")),
            fired=_list(_use("rule")),
            not_fired=_list(_use("rule")),
            lost=_list(_use("rule")),
            replies=_list(_use("template")),
            notes=_list(_use("template")),
            notified=_list(_use("role or team")),
            events=_list(_use("event")),
            not_events=_list(_use("event")),
            timers=_list(_use("timer")),
            not_tags=_list(_use("tag")),
        ),
        "rejected": _FLAG,
        "error": ANY,
        "reply": ANY,
    },
    other=Shape(value="*"),
    name="field",
)
_STEP = Shape(
    _read(
        scenarios.STEP_KEYS,
        shop=_use("shop"),
        kind=_use("kind"),
        ticket=_TICKET,
        member=_MEMBER,
        set=_TICKET,
        move=_use("trigger"),
        status=_PRESENCE,
        open=_use("kind"),
        call=_CALL,
        page=Shape(_read(scenarios.PAGE_KEYS)),
        expect=_EXPECT,
    )
)
_SCENARIO = Shape(
    _read(
        scenarios.KEYS,
        name=Shape(value="scenario", declares=True),
        shop=_use("shop"),
        kind=_use("kind"),
        settings=Shape(other=ANY, name="setting"),
        member=_MEMBER,
        members=Shape(other=_MEMBER),
        ticket=_TICKET,
        agents=Shape(other=_AGENT),
        answers=_list(_map(title=ANY, text=ANY, keywords=_list(ANY), shop=_use("shop"))),
        steps=_list(_STEP),
    )
)

_FIXED: Mapping[str, Shape] = {
    "desk": Shape(_DESK),
    "teams": _each("team", _map(label=LABEL, shops=_list(_use("shop")), calendar=_use("calendar")), declares=True),
    "roles": _each("role", _map(label=LABEL, permissions=_list(_choice(*sorted(PERMISSIONS)))), declares=True),
    "settings": _each(
        "setting",
        _map(type=_choice("number", "text", "flag", "duration", "list"), value=ANY, label=LABEL, hint=ANY),
        declares=True,
    ),
    "calendars": _each(
        "calendar", _map(zone=ANY, hours=Shape(other=_list(ANY)), holidays=_list(ANY), label=LABEL), declares=True
    ),
    "sla": _list(_POLICY),
}
_TEMPLATES = _each("template", Shape(dict.fromkeys(LANGUAGES, _use("text")), other=_use("text")), declares=True)


def shape_of(path: str) -> Shape | None:
    """The shape of a YAML file by where it lies (as `engine.core.building` sorts them); None when it is not read."""
    if not path.endswith((".yaml", ".yml")):
        return None
    parts = path.split("/")
    if parts[0] == "shops" and len(parts) > 2:
        parts = parts[2:]
    folders, stem = parts[:-1], parts[-1].rpartition(".")[0]
    if "tests" in folders:
        return _list(_SCENARIO)
    if "templates" in folders:
        return _TEMPLATES
    if "lifecycles" in folders:
        return _LIFECYCLE
    return _FIXED.get(stem)
