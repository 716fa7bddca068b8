"""Every finding code: what it means never changes. `why` explains, `bad` shows it, `good` shows the way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is: an error keeps the rules from being used, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Code:
    """The page of a finding code."""

    code: str
    severity: Severity
    why: str
    bad: str
    good: str


_ERRORS: tuple[tuple[str, str, str, str], ...] = (
    (
        "syntax-error",
        "The text does not follow the grammar.",
        "rule a on then stop",
        "rule a on ticket.created then stop",
    ),
    (
        "unknown-keyword",
        "A word stands where a keyword must, and is close to one that fits.",
        "rule a on ticket.created wehn vip then stop",
        "rule a on ticket.created when vip then stop",
    ),
    (
        "unknown-field",
        "The desk has no such field, and no condition of that name is defined.",
        "when member.teir >= gold",
        "when member.tier >= gold",
    ),
    (
        "unknown-value",
        "The field's enumeration does not have this value.",
        "when member.tier = glod",
        "when member.tier = gold",
    ),
    ("unknown-event", "Nothing of that name happens on this desk.", "on mesage.received", "on message.received"),
    ("unknown-team", "`teams.yaml` declares no such team.", "route to team senoir", "route to team senior"),
    (
        "unknown-skill",
        "`desk.yaml` declares no such skill.",
        "route to team a with skill refnds",
        "… with skill refunds",
    ),
    ("unknown-template", "No template has this name.", "reply template welcom", "reply template welcome"),
    ("unknown-state", "No lifecycle has this state.", "move to 已結", "move to 已結案"),
    (
        "unknown-calendar",
        "`calendars.yaml` declares no such calendar.",
        "when now in hours offce",
        "when now in hours office",
    ),
    ("unknown-words", "No word list has this name.", "contains any refund_word", "contains any refund_words"),
    (
        "unknown-function",
        "There is no such function.",
        "when lenght(message.text) > 9",
        "when length(message.text) > 9",
    ),
    (
        "unknown-action",
        "There is no such action, or this desk does not offer it.",
        "do shop.refnd()",
        "do shop.refund()",
    ),
    ("unknown-stage", "`desk.yaml` lists no such stage.", "stage rout", "stage route"),
    (
        "type-mismatch",
        "Two values of different types meet, or an operator does not exist for the type.",
        'when ticket.amount > "much"',
        "when ticket.amount > 5000",
    ),
    ("wrong-arity", "A function or action got too few or too many arguments.", "length()", "length(message.text)"),
    (
        "bad-pattern",
        "RE2 cannot read the pattern; look-around and back-references do not exist there, so that time stays linear.",
        "matches /(a)\\1/",
        "matches /aa/",
    ),
    ("bad-duration", "A duration is one number and one unit of s, m, h, d, w.", "for 1h30m", "for 90m"),
    (
        "bad-date",
        "Dates are YYYY-MM-DD, times YYYY-MM-DD HH:MM, and must exist.",
        'from "2026-02-30"',
        'from "2026-02-28"',
    ),
    ("duplicate-rule", "Two rules of one scope have one name.", "rule a … rule a …", "rule a … rule b …"),
    (
        "duplicate-definition",
        "A definition or word list of that name is there already.",
        "define a = … define a = …",
        "define a = … define b = …",
    ),
    ("duplicate-key", "A key or header stands twice; only one can hold.", "{a: 1, a: 2}", "{a: 1, b: 2}"),
    (
        "recursive-definition",
        "A definition uses itself, directly or by way of others.",
        "define a = not a",
        "define a = not b",
    ),
    (
        "read-only-field",
        "The desk keeps this field itself; rules cannot write it.",
        "set ticket.number to 1",
        "set ticket.subject to …",
    ),
    (
        "field-not-available",
        "One of the rule's events does not bring this field.",
        "on ticket.assigned when message.text contains …",
        "on message.received when message.text contains …",
    ),
    (
        "conflicting-actions",
        "Two rules that can match together write one target differently, at equal priority.",
        "set ticket.type to a … set ticket.type to b",
        "give one of them a higher `priority`",
    ),
    (
        "ambiguous-first",
        "In a stage of mode `first` two rules of equal priority can match together.",
        "",
        "priority 10",
    ),
    (
        "transition-impossible",
        "The lifecycle has no such move from a state the condition allows.",
        "move to 已結案",
        "when ticket.state = 對話中 …",
    ),
    ("rule-loop", "The rules can set each other off again and again.", "", "limit once per ticket"),
    ("unreachable-state", "No transition leads to the state.", "", ""),
    ("dead-end-state", "From this state there is no way to a closed one.", "", ""),
    ("nondeterministic-transition", "Two transitions of one trigger apply to one case.", "", ""),
    ("missing-initial", "The lifecycle does not say where a ticket begins.", "", "initial: 待回覆"),
    (
        "missing-default-policy",
        "The last service-level policy must have no `when`, so that every ticket has one.",
        "",
        "",
    ),
    ("timer-order", "Step two is due before step one.", "", ""),
    (
        "template-missing-language",
        "A shop speaks a language this template lacks.",
        "{zh-TW: 您好}",
        "{zh-TW: 您好, en: Hello}",
    ),
    (
        "template-field-not-available",
        "The template names a field that one of the events which can reach it does not bring.",
        'on ticket.assigned then reply "{message.text}"',
        'on message.received then reply "{message.text}"',
    ),
    ("bad-yaml", "The file is not plain YAML; anchors, tags and several documents are refused.", "a: &x 1", "a: 1"),
    ("yaml-ambiguous-scalar", "YAML readers disagree about such words and numbers.", "label: NO", 'label: "NO"'),
    ("unknown-key", "Nothing reads this key.", "lable: {en: Open}", "label: {en: Open}"),
    (
        "file-not-found",
        "The file named here is not in `rules/`.",
        'words a from "word/a.txt"',
        'words a from "words/a.txt"',
    ),
    ("not-utf8", "The file is not UTF-8 text.", "", ""),
    ("scenario-invalid", "The scenario cannot be run as it is written.", "", ""),
)

_WARNINGS: tuple[tuple[str, str, str, str], ...] = (
    (
        "never-true",
        "No event and ticket can make the condition true.",
        "when ticket.amount > 5 and ticket.amount < 3",
        "",
    ),
    ("always-true", "Whatever happens, the condition holds.", "when ticket.amount > 5 or not ticket.amount > 5", ""),
    ("shadowed-rule", "Other rules always win over this one, or together leave it nothing to do.", "", ""),
    ("duplicate-condition", "Two rules have the same condition.", "", ""),
    ("implied-rule", "Whenever this rule matches another one does the same already.", "", ""),
    ("dead-condition", "A part of the condition changes nothing.", "when vip or vip and ticket.amount > 5", "when vip"),
    ("no-route", "A ticket exists that no routing rule takes.", "", ""),
    ("unused-definition", "Nothing uses the definition.", "define a = vip", ""),
    ("unused-words", "Nothing uses the word list.", "words a = [退款]", ""),
    ("unused-template", "Nothing sends the template.", "", ""),
    ("unused-state", "No rule and no transition names the state.", "", ""),
    ("dead-timer", "A timer is started that no rule waits for, or the other way round.", "", ""),
    ("expired-rule", "The rule's last day has passed.", 'until "2020-01-01"', ""),
    (
        "empty-comparison",
        "The field may be empty, and every comparison with an empty value is false, `!=` too; `not` turns that true.",
        "when ticket.product != A",
        "when ticket.product is set and ticket.product != A",
    ),
    ("redundant-action", "The action does what another one does anyway.", "add tag a add tag a", "add tag a"),
    (
        "redundant-word",
        "A word of the list is found wherever another one of the list is.",
        "[退款, 我要退款]",
        "[退款]",
    ),
    ("reply-storm", "More than three replies to one event are possible.", "", ""),
    (
        "reply-to-automatic",
        "The rule answers automatic messages, which can answer back.",
        "when message.automatic then reply …",
        "",
    ),
    (
        "suspicious-characters",
        "A character is not what it looks like, or changes how the line reads.",
        "when a，b",
        "when a, b",
    ),
    (
        "pattern-needless",
        "The pattern is plain text; `contains` is faster and folds.",
        "matches /refund/",
        'contains "refund"',
    ),
    ("no-rule-for-event", "The desk raises this and no rule hears it.", "", ""),
    ("untested-rule", "No scenario makes the rule act.", "", ""),
    (
        "warning-after-target",
        "The warning comes when the target is already missed.",
        "warn_at: [120%]",
        "warn_at: [80%]",
    ),
    ("file-not-loaded", "No part of the desk reads this file.", "", ""),
)

CODES: Mapping[str, Code] = {
    **{name: Code(name, Severity.ERROR, why, bad, good) for name, why, bad, good in _ERRORS},
    **{name: Code(name, Severity.WARNING, why, bad, good) for name, why, bad, good in _WARNINGS},
}
"""All codes by name, errors first."""
