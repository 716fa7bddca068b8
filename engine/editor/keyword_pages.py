"""What a hover says of a keyword, as the file writes it."""

from __future__ import annotations

from collections.abc import Mapping

from engine.editor.results import Hover, Place
from engine.lang import Source
from engine.lang.keywords import WRITTEN
from engine.lang.lexer import tokenise
from engine.lang.said import Said, joined, say
from engine.lang.source import Place as Whole

MEANINGS: Mapping[str, Said] = {
    "RULE": say("begins a rule: its name, a title in quotes, headers, events, a condition and actions"),
    "STAGE": say("the stage a rule decides in; outside of rules that of those below"),
    "WORDS": say("a word list with a name, for `contains any`"),
    "DEFINE": say("a condition with a name, for use in other conditions"),
    "ON": say("the events at which a rule is asked"),
    "WHEN": say("the condition under which a rule acts; without it, always"),
    "THEN": say("what is done: one action or several, side by side"),
    "AND": say("both parts must hold; binds tighter than `or`"),
    "OR": say("one of the parts must hold"),
    "NOT": say("the part after it must not hold; true also of an empty field"),
    "IN": say("one of the values of a list, or within the hours of a calendar"),
    "IS": say("`is empty` and `is set`: whether a field has a value"),
    "HAS": say("whether a list, such as tags, holds a value"),
    "CONTAINS": say("whether a text holds a word; case, width and both Chinese scripts are the same"),
    "STARTS": say("`starts with`: how a text begins"),
    "ENDS": say("`ends with`: how a text ends"),
    "MATCHES": say("whether a pattern (RE2) is found in the text as it is"),
    "CHANGED": say("whether the event changed a field, if wanted `from` a value or `to` one"),
    "ANY": say("one of the list is enough"),
    "ALL": say("every one of the list"),
    "EMPTY": say("no value: `is empty`, or `set … to empty`"),
    "NOW": say("the moment of the decision"),
    "PRIORITY": say("who wins where two rules write one thing; 0 where it is not written"),
    "LIMIT": say("how often the rule may act, for a ticket, member, agent or shop"),
    "FROM": say("the first day of the rule; in `changed` the value before"),
    "UNTIL": say("the last day of the rule"),
    "OWNER": say("who answers for the rule"),
    "ALLOW": say("silences a warning here, with the reason"),
    "EVERY": say("at moments of the clock, once or `for each` ticket or member"),
    "AFTER": say("it has lasted so long; of a reply: so much later"),
    "BUSINESS": say("counts working time only, by the calendar of team or shop"),
    "HOURS": say("the opening hours of a calendar"),
    "EXACT": say("compares letter by letter, without folding case, width and script"),
    "PER": say("for whom, or in which span, a limit counts"),
    "BY": say("how one of the team is chosen"),
    "SKILL": say("what the one chosen must be able to do"),
    "VIA": say("the ways a notice goes"),
    "AS": say("who speaks to the member: `bot` or `desk`"),
}
"""By token. Actions have pages of their own."""


def keyword_at(source: Source, offset: int) -> Hover | None:
    """The page of the keyword at an offset; None where none stands, or a name that is written alike."""
    tokens, _ = tokenise(source.text, Whole.whole(source))
    for place, token in enumerate(tokens):
        start, end = token.start_pos or 0, token.end_pos or 0
        if start <= offset <= end and token.type in MEANINGS:
            if place and tokens[place - 1].type == "DOT":
                return None
            word, english = str(token.value), WRITTEN[token.type]
            name = f"**{word}**" if word == english else f"**{word}** (`{english}`)"
            page = joined([joined([name, say("keyword")], " · "), MEANINGS[token.type]], "\n\n")
            return Hover(page, Place.of(source.span(start, end)))
        if start > offset:
            break
    return None
