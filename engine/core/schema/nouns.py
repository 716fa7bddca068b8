"""What the YAML of a desk may say, file by file: each key once, with its type and what it is for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from engine.core.access import PERMISSIONS
from engine.core.purposes import Purpose
from engine.core.sla import TARGETS
from engine.lang import Duration
from engine.lang.said import say
from engine.lang.schema import LANGUAGES, LOOSE, REST, Choices, Declares, Else, Entry, Label, Names

FIELD_TYPES = ("text", "number", "flag", "date", "time", "duration", "member", "agent", "team", "enum", "list")
SETTING_TYPES = ("number", "text", "flag", "duration", "list")
STAGES = ("guard", "classify", "prioritise", "route", "sla", "respond", "notify", "housekeeping")
"""The stages of a desk that names none."""

Shown = Annotated[Label, say("what people read; a text, or one a language")]
Colour = Annotated[str | None, LOOSE, say("the colour it is shown in, such as `#2563eb`")]
Calendar = Annotated[str | None, Names("calendar"), say("the calendar its time is counted by")]


# --- desk.yaml --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WidgetEntry(Entry):
    """How a shop's chat window looks."""

    colour: Annotated[
        str | None, LOOSE, say("the colour of its button, its head and the visitor's own lines, such as `#2563eb`")
    ] = None
    position: Annotated[
        Literal["left", "right"],
        Else(lambda side: say("the chat window stands at the `left` or the `right`, not `{side}`", side)),
        say("at which side of the page it stands"),
    ] = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopEntry(Entry):
    """A site of the desk."""

    RETIRED: ClassVar[Mapping[str, str]] = {
        "sign_on": say("it is set under `plugins.settings.auth.member` of the desk's configuration")
    }

    label: Shown = field(default_factory=dict)
    zone: Annotated[str, LOOSE, say("its time zone, such as `Asia/Taipei`")] = "Asia/Taipei"
    locales: Annotated[
        tuple[Annotated[str, Choices(*LANGUAGES)], ...], say("the languages its members are written to in, first first")
    ] = ()
    calendar: Annotated[str | None, Names("calendar"), say("its opening hours")] = None
    sites: Annotated[tuple[str, ...], say("the web pages that may show its chat window")] = ()
    widget: Annotated[WidgetEntry | None, say("how its chat window looks")] = None
    ratings: Annotated[tuple[Shown, ...], say("what its five ratings are called, from 1 point to 5")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEntry(Entry):
    """A stage of the rules: its name, or a mapping."""

    SCALAR: ClassVar[str] = "name"
    LACKS: ClassVar[str] = say("this needs a `name`")

    name: Annotated[str, Declares("stage"), say("what rules call it")]
    mode: Annotated[
        Literal["all", "first"],
        Else(lambda mode: say("a stage's mode is `all` or `first`, not `{mode}`", mode)),
        say("whether `all` rules that hold act, or only the `first`, the one of the highest priority"),
    ] = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class NounEntry(Entry):
    """A value that rules may name: its name, or a mapping."""

    SCALAR: ClassVar[str] = "name"
    LACKS: ClassVar[str] = say("this needs a `name`")

    name: Annotated[str, say("what rules call it")]
    label: Shown = field(default_factory=dict)
    colour: Colour = None
    group: Annotated[str | None, LOOSE, say("the heading it is shown under")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsEntry(Entry):
    """The tags of tickets."""

    known: Annotated[
        tuple[Annotated[NounEntry, Declares("tag")], ...], say("the tags that rules and reports name")
    ] = ()
    open: Annotated[bool, say("whether agents may make tags of their own")] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEntry(Entry):
    """A field of the shop's own, of tickets or members."""

    RETIRED: ClassVar[Mapping[str, str]] = {"items": say("name the `values` instead, or take it out")}

    type: Annotated[str, LOOSE, Choices(*FIELD_TYPES), say("what its values are")] = "text"
    optional: Annotated[bool, say("whether it may be empty")] = True
    default: Annotated[Any, Names("*"), say("the value it begins with")] = None
    label: Shown = field(default_factory=dict)
    values: Annotated[tuple[Annotated[NounEntry, Declares("*")], ...], say("the values of an `enum` or a `list`")] = ()
    personal: Annotated[bool, say("whether only those may see it who may see personal values")] = False
    members: Annotated[bool, say("whether members may fill it in when they open a case")] = False
    group: Annotated[str | None, LOOSE, say("the heading it is shown under")] = None
    hint: Annotated[Label, say("what is told beside it to who fills it in; a text, or one a language")] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFile(Entry):
    """desk.yaml: the world that rules name."""

    RETIRED: ClassVar[Mapping[str, str]] = {"thresholds": say("take it out; no figure is watched yet")}

    language: Annotated[Any, Choices("1"), say("the version of the rules language")] = 1
    shops: Annotated[Mapping[Annotated[str, Declares("shop")], ShopEntry], say("the sites of the desk, by name")] = (
        field(default_factory=dict)
    )
    stages: Annotated[tuple[StageEntry, ...], say("the stages rules act in, in this order")] = ()
    priorities: Annotated[
        tuple[Annotated[NounEntry, Declares("priority")], ...],
        say("the priorities, lowest first; a new case has the middle one"),
    ] = ()
    tiers: Annotated[
        tuple[Annotated[NounEntry, Declares("tier")], ...], say("the tiers of members, lowest first; guests have it")
    ] = ()
    types: Annotated[
        tuple[Annotated[NounEntry, Declares("type")], ...],
        say("what cases can be about; a new one has the last until a rule says otherwise"),
    ] = ()
    skills: Annotated[
        tuple[Annotated[NounEntry, Declares("skill")], ...], say("what agents can do, for rules that route")
    ] = ()
    tags: Annotated[TagsEntry | None, say("the tags of cases")] = None
    fields: Annotated[
        Mapping[Annotated[str, Declares("field")], FieldEntry],
        say("fields of your own: `ticket.NAME` and `member.NAME`"),
    ] = field(default_factory=dict)


# --- teams, roles, calendars ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamEntry(Entry):
    """Who may take a case together."""

    label: Shown = field(default_factory=dict)
    shops: Annotated[
        tuple[Annotated[str, Names("shop")], ...], say("the shops it serves; without any, all of them")
    ] = ()
    calendar: Calendar = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsFile(Entry):
    """teams.yaml: the teams, by name."""

    WHOLE: ClassVar[str] = "teams"

    teams: Mapping[Annotated[str, Declares("team")], TeamEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEntry(Entry):
    """What those may do who have the role."""

    label: Shown = field(default_factory=dict)
    permissions: Annotated[
        tuple[Annotated[str, Choices(*sorted(PERMISSIONS))], ...], say("the rights of those who have the role")
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesFile(Entry):
    """roles.yaml: the roles, by name."""

    WHOLE: ClassVar[str] = "roles"

    roles: Mapping[Annotated[str, Declares("role")], RoleEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry(Entry):
    """When there is work."""

    zone: Annotated[str, LOOSE, say("its time zone; without one, that of the shop")] = ""
    hours: Annotated[
        Mapping[str, tuple[str, ...]], say('the hours of each day or span of days: `mon-fri: ["09:00-18:00"]`')
    ] = field(default_factory=dict)
    holidays: Annotated[
        tuple[str, ...], say('days without work: `"2026-01-01"`, or a span `"2026-02-16..2026-02-20"`')
    ] = ()
    label: Shown = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarsFile(Entry):
    """calendars.yaml: the calendars, by name."""

    WHOLE: ClassVar[str] = "calendars"

    calendars: Mapping[Annotated[str, Declares("calendar")], CalendarEntry] = field(default_factory=dict)


# --- settings and templates -------------------------------------------------------------------------------------------


SettingValue = Annotated[Any, say("what rules and texts read")]
SettingHint = Annotated[Label, say("what is told beside it to who changes it; a text, or one a language")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingEntry(Entry):
    """A value that rules and texts read as `setting.NAME`: the value, or a mapping."""

    SCALAR: ClassVar[str] = "value"

    type: Annotated[
        str | None, LOOSE, Choices(*SETTING_TYPES), say("what its value is, where the value does not tell")
    ] = None
    value: SettingValue = None
    label: Shown = field(default_factory=dict)
    hint: SettingHint = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSettingEntry(Entry):
    """A shop's own value of a setting: the value, or a mapping."""

    SCALAR: ClassVar[str] = "value"
    RETIRED: ClassVar[Mapping[str, str]] = dict.fromkeys(("label", "hint"), say("say it in the shared settings.yaml"))

    value: SettingValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile(Entry):
    """settings.yaml: the settings, by name."""

    WHOLE: ClassVar[str] = "settings"

    settings: Mapping[Annotated[str, Declares("setting")], SettingEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSettingsFile(Entry):
    """settings.yaml of a shop: values of its own, by the name of the setting."""

    WHOLE: ClassVar[str] = "settings"

    settings: Mapping[Annotated[str, Declares("setting")], ShopSettingEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateEntry(Entry):
    """A text of the desk in its languages."""

    texts: Annotated[
        Mapping[
            Annotated[str, Choices(*LANGUAGES)],
            Annotated[str, Names("text"), Else(say("a template is a text"))],
        ],
        REST,
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatesFile(Entry):
    """A file under templates/: texts, by name."""

    WHOLE: ClassVar[str] = "templates"

    templates: Mapping[Annotated[str, Declares("template")], TemplateEntry] = field(default_factory=dict)


# --- lifecycles and promises ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEntry(Entry):
    """A state of a kind of case."""

    label: Shown = field(default_factory=dict)
    sla: Annotated[
        Literal["running", "paused", "stopped"],
        Else(lambda clock: say("`sla` is running, paused or stopped, not `{clock}`", clock)),
        say("what its clocks do there: they are `running`, `paused` or `stopped`"),
    ] = "running"
    category: Annotated[
        Literal["open", "pending", "closed"],
        Else(lambda category: say("a category is open, pending or closed, not `{category}`", category)),
        say("`open`: it is our turn; `pending`: the member's; `closed`: it is done"),
    ] = "open"
    colour: Colour = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionEntry(Entry):
    """A way from some states to one."""

    LACKS: ClassVar[str] = say("a transition needs `trigger`, `from` and `to`")

    trigger: Annotated[str, Declares("trigger"), say("what sets it off: a move of people or rules, or an event")]
    from_: Annotated[
        tuple[Annotated[str, Names("state")], ...], say('the states it leads from; `"*"`: all others')
    ] = ()
    to: Annotated[str, Names("state"), say("the state it leads to")]
    requires: Annotated[tuple[Annotated[str, Names("field")], ...], say("fields that must be filled in before")] = ()
    roles: Annotated[tuple[Annotated[str, Names("role")], ...], say("the roles that may do it; without any, all")] = ()
    when: Annotated[str, LOOSE, Names("condition"), say("a condition that must hold, for rules too")] = ""
    label: Shown = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleFile(Entry):
    """A file under lifecycles/: a kind of case, with its states and the ways between them."""

    LACKS: ClassVar[str] = say("a lifecycle needs its `kind`")

    kind: Annotated[str, Declares("kind"), say("the kind of case it is for")]
    label: Shown = field(default_factory=dict)
    initial: Annotated[str, LOOSE, Names("state"), say("the state a new case is in")] = ""
    states: Annotated[Mapping[Annotated[str, Declares("state")], StateEntry], say("the states, by name")] = field(
        default_factory=dict
    )
    transitions: Annotated[tuple[TransitionEntry, ...], say("the ways from state to state")] = ()
    live: Annotated[bool, say("whether both sides are there at once, as in a chat or a call")] = False
    internal: Annotated[bool, say("whether it is for colleagues alone: members neither see it nor are written to")] = (
        False
    )
    for_: Annotated[
        tuple[Purpose, ...],
        say(
            "what the desk opens such a case for by itself: `lines` in writing, `chats` of the window, `calls`; "
            "`complaints`: such a case counts as one"
        ),
    ] = ()
    channels: Annotated[
        tuple[Annotated[str, LOOSE, Names("channel")], ...], say("the channels whose lines open such a case")
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEntry(Entry):
    """How soon a case must be answered and resolved."""

    LACKS: ClassVar[str] = say("a policy needs a `name`")

    name: Annotated[str, Declares("policy"), say("what rules and reports call it")]
    when: Annotated[
        str | None, LOOSE, Names("condition"), say("the cases it is for; the last policy has none and takes the rest")
    ] = None
    calendar: Calendar = None
    targets: Annotated[
        Mapping[Annotated[str, Choices(*TARGETS, closed=True)], Duration], say("how soon, by what is promised")
    ] = field(default_factory=dict)
    warn_at: Annotated[tuple[Any, ...], say("when it warns: shares of the time, such as `[50%, 80%]`")] = ()
    label: Shown = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliciesFile(Entry):
    """sla.yaml: the policies; the first whose condition holds is a case's."""

    WHOLE: ClassVar[str] = "policies"

    policies: tuple[PolicyEntry, ...] = ()
