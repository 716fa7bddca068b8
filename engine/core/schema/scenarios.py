"""What a file of scenarios may say: each key once, with its type and what it is for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, get_args

from engine.core.commands import CallNews
from engine.core.entities import AgentStatus
from engine.lang.said import quoted, say
from engine.lang.schema import LOOSE, REST, Choices, Declares, Else, Entry, Names

STATUSES: tuple[str, ...] = get_args(AgentStatus)
ANSWER = say("an answer has `title` and `text`, and may have `keywords` and `shop`")

Text = Annotated[str | None, LOOSE]
Texts = tuple[Annotated[str, LOOSE], ...]
Tags = tuple[Annotated[str, LOOSE, Names("tag")], ...]
Rules = tuple[Annotated[str, LOOSE, Names("rule")], ...]
Templates = tuple[Annotated[str, LOOSE, Names("template")], ...]
Events = tuple[Annotated[str, LOOSE, Names("event")], ...]
Shop = Annotated[str | None, LOOSE, Names("shop")]
Kind = Annotated[str | None, LOOSE, Names("kind")]
Values = Mapping[Annotated[str, Names("ticket.")], Annotated[Any, Names("*")]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberEntry(Entry):
    """Somebody who writes to the shop."""

    @staticmethod
    def unknown(key: str) -> str:
        """Returns what is told of a key that no field has."""
        return say("`{name}` means nothing for {what}", key, say("a member"))

    name: Annotated[Text, say("what the member is called")] = None
    tier: Annotated[str | None, LOOSE, Names("tier"), say("the member's tier; without one, the lowest")] = None
    guest: Annotated[bool, say("whether it is a guest, whom the shop does not know")] = False
    language: Annotated[Text, say("the language the member reads")] = None
    tags: Annotated[Tags, say("the member's tags")] = ()
    blocked: Annotated[bool, say("whether the member is on the blacklist")] = False
    complaints_30d: Annotated[int, say("how often the member has complained in thirty days")] = 0
    signed_up_at: Annotated[Text, say('since when the shop knows the member: `"2026-01-01 09:00"`')] = None
    fields: Annotated[
        Mapping[Annotated[str, Names("member.")], Annotated[Any, Names("*")]], say("fields of your own, by name")
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEntry(Entry):
    """Somebody at the desk."""

    FORM: ClassVar[str] = say("{called} is a mapping", say("an agent"))

    @staticmethod
    def unknown(key: str) -> str:
        """Returns what is told of a key that no field has."""
        return say("`{name}` means nothing for {what}", key, say("an agent"))

    team: Annotated[str | None, LOOSE, Names("team"), say("the agent's team")] = None
    teams: Annotated[
        tuple[Annotated[str, LOOSE, Names("team")], ...], say("the agent's teams, where there are several")
    ] = ()
    skills: Annotated[tuple[Annotated[str, LOOSE, Names("skill")], ...], say("what the agent can do")] = ()
    roles: Annotated[
        tuple[Annotated[str, LOOSE, Names("role")], ...], say("the agent's roles, where there are several")
    ] = ()
    role: Annotated[str | None, LOOSE, Names("role"), say("the agent's role; without one, `agent`")] = None
    status: Annotated[str | None, LOOSE, Choices(*STATUSES), say("whether the agent is there")] = None
    capacity: Annotated[int, say("how many chats the agent takes at once")] = 5
    name: Annotated[Text, say("what colleagues call the agent")] = None
    alias: Annotated[Text, say("what members see as the agent's name")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerEntry(Entry):
    """An entry of the auto-reply library."""

    FORM: ClassVar[str] = ANSWER
    LACKS: ClassVar[str] = ANSWER

    @staticmethod
    def unknown(key: str) -> str:
        """Returns what is told of a key that no field has."""
        return ANSWER

    title: Annotated[str, LOOSE, say("what it is about, as a menu shows it")]
    text: Annotated[str, LOOSE, say("what the member is answered")]
    keywords: Annotated[Texts, Else(ANSWER), say("the words it is found by")] = ()
    shop: Annotated[Shop, say("the shop it is for; without one, all")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEntry(Entry):
    """The web page a line or a chat comes from."""

    @staticmethod
    def unknown(key: str) -> str:
        """Returns what is told of a key that no field has."""
        return say("`{name}` means nothing for {what}", key, say("a page"))

    url: Annotated[Text, say("the page's address")] = None
    referrer: Annotated[Text, say("the address the visitor came from")] = None
    title: Annotated[Text, say("the page's title")] = None
    device: Annotated[Text, say("what it is read on, such as `phone`")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningEntry(PageEntry):
    """The web page a chat window is opened on."""

    language: Annotated[Text, say("what the visitor reads, as browsers say it: `zh-Hant-TW`")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntry(Entry):
    """What an exchange says of a call."""

    LACKS: ClassVar[str] = say("a call needs an `event`: {names}", quoted(get_args(CallNews)))

    @staticmethod
    def unknown(key: str) -> str:
        """Returns what is told of a key that no field has."""
        return say("`{name}` means nothing for {what}", key, say("a call"))

    event: Annotated[CallNews, say("what happened: it rings, is answered, has ended, or nobody came")]
    id: Annotated[str, LOOSE, say("the exchange's name of the call; without one, it is the scenario's only call")] = "1"
    direction: Annotated[Literal["inbound", "outbound"], say("who called: the member (`inbound`) or the desk")] = (
        "inbound"
    )
    from_: Annotated[str, LOOSE, say("the number that called, in quotes")] = "0912345678"
    to: Annotated[str, LOOSE, say("the number that was called, in quotes")] = "0223456789"
    agent: Annotated[Text, say("who took it, by username")] = None
    result: Annotated[Text, say("how it went")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferEntry(Entry):
    """Where an agent hands a case."""

    FORM: ClassVar[str] = say("`transfer` is a mapping such as `{team: …, note: …}`")

    @staticmethod
    def unknown(key: str) -> str:
        """Returns what is told of a key that no field has."""
        return say("`{name}` means nothing for {what}", key, say("a transfer"))

    team: Annotated[str | None, LOOSE, Names("team"), say("the team that gets it")] = None
    agent: Annotated[Text, say("the agent who gets it, by username")] = None
    note: Annotated[Text, say("what colleagues are told with it")] = None
    tell_member: Annotated[bool, say("whether the member is to hear of it")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NudgeEntry(Entry):
    """What a colleague says with a nudge."""

    FORM: ClassVar[str] = say("`nudge` is `true` or a mapping such as `{note: …}`")

    @staticmethod
    def unknown(key: str) -> str:
        """Returns what is told of a key that no field has."""
        return say("`{name}` means nothing for {what}", key, say("a nudge"))

    note: Annotated[Text, say("what the colleague says with it")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEntry(Entry):
    """A sub-task that an agent adds, or does something to."""

    FORM: ClassVar[str] = say("`task` is a mapping such as `{add: …, agent: …}` or `{done: 1}`")

    @staticmethod
    def unknown(key: str) -> str:
        """Returns what is told of a key that no field has."""
        return say("`{name}` means nothing for {what}", key, say("a sub-task"))

    add: Annotated[Text, say("what is to be done")] = None
    agent: Annotated[Text, say("the agent who gets it, by username")] = None
    team: Annotated[str | None, LOOSE, Names("team"), say("the team that gets it")] = None
    due: Annotated[Text, say("in how long it is due, such as `2h`")] = None
    give: Annotated[int | None, say("the number of the task that is given to somebody else")] = None
    done: Annotated[int | None, say("the number of the task that is done")] = None
    cancel: Annotated[int | None, say("the number of the task that is no longer needed")] = None
    result: Annotated[Text, say("what came of it")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect(Entry):
    """What a step must cause."""

    FORM: ClassVar[str] = say("`expect` is a mapping")

    opened: Annotated[
        tuple[Annotated[str, LOOSE, Names("kind")], ...] | None, say("the kinds of linked cases opened")
    ] = None
    fired: Annotated[Rules | None, say("rules that acted")] = None
    not_fired: Annotated[Rules | None, say("rules that did not act")] = None
    replies: Annotated[Templates | None, say("what the member was written: templates or texts")] = None
    notified: Annotated[
        tuple[Annotated[str, LOOSE, Names("role or team")], ...] | None, say("who was notified: agents, roles, teams")
    ] = None
    events: Annotated[Events | None, say("events that came about")] = None
    notes: Annotated[Templates | None, say("notes that rules wrote: templates or texts")] = None
    lost: Annotated[Rules | None, say("rules whose action another's outdid")] = None
    timers: Annotated[tuple[Annotated[str, LOOSE, Names("timer")], ...] | None, say("timers that now run")] = None
    not_events: Annotated[Events | None, say("events that did not come about")] = None
    not_tags: Annotated[Tags | None, say("tags the case does not have")] = None
    rejected: Annotated[bool | None, say("whether the line was turned away")] = None
    error: Annotated[Text, say("the code with which the desk refuses the step")] = None
    reply: Annotated[Text, say("a piece of what the member was written")] = None
    fields: Annotated[Mapping[Annotated[str, Names("field")], Annotated[Any, Names("*")]], REST] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Entry):
    """Somebody does something, and what must come of it."""

    EMPTY: ClassVar[bool] = False
    FORM: ClassVar[str] = say("a step is a mapping such as `message: …` or `wait: 1h`")

    @staticmethod
    def unknown(key: str) -> str:
        """Returns what is told of a key that no field has."""
        return say("`{key}` is no step", key)

    message: Annotated[Text, say("the member writes this; with `open`, what the agent writes of the case")] = None
    attachments: Annotated[
        int, Else(say("`{key}` is a number", "attachments")), say("how many files come with the line")
    ] = 0
    automatic: Annotated[bool, say("whether a machine wrote the line, such as an out-of-office reply")] = False
    kind: Annotated[Kind, say("the kind of case the line opens")] = None
    channel: Annotated[str | None, LOOSE, Names("channel"), say("the channel the line comes by")] = None
    ticket: Annotated[Values, say("what is known of a new case from the start")] = field(default_factory=dict)
    member: Annotated[MemberEntry | None, say("from here on the member is this")] = None
    wait: Annotated[Text, say("time passes: `30s`, `15m`, `4h`, `2d`")] = None
    agent: Annotated[Text, say("an agent of the scenario acts, by username")] = None
    reply: Annotated[Text, say("the agent writes this to the member")] = None
    anonymous: Annotated[Text, say("the agent writes this to the member without being named")] = None
    note: Annotated[Text, say("the agent writes this for colleagues")] = None
    set: Annotated[Values, say("the agent changes these fields of the case")] = field(default_factory=dict)
    move: Annotated[
        str | None, LOOSE, Names("trigger"), say("the agent, or without one the member, moves the case by this trigger")
    ] = None
    status: Annotated[str | None, LOOSE, Choices(*STATUSES), say("the agent is now this")] = None
    end: Annotated[bool, say("the chat is ended, by the agent where one acts")] = False
    transfer: Annotated[TransferEntry | None, say("the agent hands the case to a team or a colleague")] = None
    claim: Annotated[bool, say("the agent takes the case, which nobody has")] = False
    follow: Annotated[Text, say("the agent makes this colleague, or the own name, follow the case")] = None
    unfollow: Annotated[Text, say("the agent makes this colleague, or the own name, follow it no longer")] = None
    task: Annotated[TaskEntry | None, say("the agent adds a sub-task, gives it to somebody, or closes it")] = None
    unsend: Annotated[bool, say("the agent takes back the last line that the member was sent")] = False
    nudge: Annotated[
        bool | NudgeEntry, say("the agent, or without one the member, asks to hurry; `true`, or with a note")
    ] = False
    ask_rating: Annotated[bool, say("the agent asks the member for a rating")] = False
    rate: Annotated[int | None, Else(say("`{key}` is a number", "rate")), say("the member rates the case: 1 to 5")] = (
        None
    )
    comment: Annotated[Text, say("what the member says with the rating")] = None
    open_chat: Annotated[bool | OpeningEntry, say("the member opens the chat window; `true`, or the page it is on")] = (
        False
    )
    sign_in: Annotated[bool | Literal["new"], say("the member signs in; `new`: for the first time")] = False
    sign_in_as: Annotated[
        MemberEntry | None, say("the guest signs in and is this member, to whom the open chat comes along")
    ] = None
    fail_delivery: Annotated[Text, say("the last line to the member did not arrive, for this reason")] = None
    page: Annotated[PageEntry | None, say("the web page the line comes from")] = None
    new: Annotated[bool, say("the line begins another case")] = False
    open: Annotated[Kind, say("the agent opens a case of this kind for the member")] = None
    case: Annotated[Kind, say("from here on the last case of this kind is looked at and acted on")] = None
    call: Annotated[CallEntry | None, say("what an exchange says of a call")] = None
    shop: Annotated[Shop, say("the member goes to this shop")] = None
    as_: Annotated[Text, say("from here on this member of `members` acts; `member` is the first")] = None
    expect: Annotated[Expect | None, say("what must come of the step")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario(Entry):
    """A story, step by step, with what must come of each."""

    EMPTY: ClassVar[bool] = False
    FORM: ClassVar[str] = say("a scenario is a mapping with `name` and `steps`")

    @staticmethod
    def unknown(key: str) -> str:
        """Returns what is told of a key that no field has."""
        return say("`{key}` means nothing in a scenario", key)

    name: Annotated[str, LOOSE, Declares("scenario"), say("what it is called when it fails")] = ""
    now: Annotated[Text, say('when it begins: `"2026-03-02 10:00"`, in the zone of the shop')] = None
    shop: Annotated[Shop, say("the shop it begins in; without one, the first")] = None
    settings: Annotated[
        Mapping[Annotated[str, Names("setting")], Any], say("settings of the shop that have another value here")
    ] = field(default_factory=dict)
    member: Annotated[MemberEntry | None, say("who writes")] = None
    members: Annotated[
        Mapping[str, MemberEntry],
        Else(say("`members` maps names to what they are")),
        say("others who write, for steps with `as`"),
    ] = field(default_factory=dict)
    ticket: Annotated[Values, say("what the member gives with a new case")] = field(default_factory=dict)
    agents: Annotated[
        Mapping[str, AgentEntry], Else(say("`agents` maps usernames to what they are")), say("who is at the desk")
    ] = field(default_factory=dict)
    answers: Annotated[
        tuple[AnswerEntry, ...],
        Else(say("`answers` is a list of `{title: …, text: …, keywords: […]}`")),
        say("the auto-reply library"),
    ] = ()
    steps: Annotated[
        tuple[Step, ...], Else(say("a scenario needs `steps`")), say("what happens, one after another")
    ] = ()
    kind: Annotated[Kind, say("the kind of case that lines open; without one, that of their channel")] = None
    channel: Annotated[str | None, LOOSE, Names("channel"), say("the channel lines come by")] = None
    note: Annotated[Text, say("what is to be known about it; nothing reads it")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenariosFile(Entry):
    """A file under tests/: scenarios."""

    WHOLE: ClassVar[str] = "scenarios"

    scenarios: tuple[Scenario, ...] = ()
