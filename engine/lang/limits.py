"""Every limit of the language, each with its reason. What goes past one is refused with a located finding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds; the defaults are what the desk runs with."""

    file_chars: int = 1_000_000
    """A rule file of a megabyte is 20,000 lines: nobody reads it, and an editor checks it on every key."""

    yaml_chars: int = 1_000_000
    """The same for YAML, whose readers cost ten times as much a character."""

    yaml_depth: int = 40
    """Deeper YAML is not written by people; the walk over it recurses."""

    waves: int = 8
    """Waves of one decision. Rules without loops need one or two; past this the rest is dropped, and told."""

    nesting: int = 32
    """Parentheses, brackets and `not`s within each other. Checking and compiling recurse; Python stops at 200."""

    operators: int = 48
    """Signs `+ - * /` within each other: each is a nested call in the compiled condition."""

    item_tokens: int = 20_000
    """Words of one rule or definition: a list of 5,000 values still fits, longer ones belong in `words/`."""

    rules: int = 50_000
    """Rules of one desk: five times what is measured, and a bound for what whole-set checks may cost."""

    definition_depth: int = 32
    """Definitions that use definitions: each level is a Python call when the condition runs."""

    name_chars: int = 120
    """One name: what tables and screens have room for."""

    text_chars: int = 20_000
    """One text in a rule or template: the longest message a channel takes."""

    pattern_chars: int = 1_000
    """One pattern; with the memory bound below it keeps a match linear and small."""

    pattern_memory: int = 1 << 20
    """Bytes RE2 may use for one pattern: `(a{1000}){1000}` is refused instead of compiled."""

    number_digits: int = 28
    """Digits of one number: what decimal arithmetic keeps exactly."""

    words: int = 100_000
    """Entries of one word list: a dictionary, not a rule, past that."""

    shortest_period: int = 60_000_000
    """µs between two runs of `every D`: a run over all tickets more often than that is a load, not a rule."""

    longest_period: int = 366 * 86_400_000_000
    """µs of `every D`: what is rarer than once a year is a date, and stands in the condition."""

    shortest_timer: int = 1_000_000
    """µs of `start timer … for D`: what is to happen sooner happens at once; clocks and screens show seconds."""

    chain_timers: int = 100
    """Timers that may set each other off within `chain_span`, without anything from outside: one each 36 seconds is
    faster than `every` may run. Past this the next one is not started, and people are told."""

    chain_span: int = 3_600_000_000
    """µs: the time `chain_timers` counts in."""

    scenario_wait: int = 5 * 366 * 86_400_000_000
    """µs of one `wait` of a scenario: longer than anything a desk promises or keeps."""

    scenario_decisions: int = 20_000
    """Decisions that time brings in one scenario: a year of an hour's schedule is half of it, and takes seconds."""

    scenario_moments: int = 1_000_000
    """Timers, and cases looked at by a schedule, in one scenario: two years of `every 1m` for one case."""

    scenario_seconds: float = 30.0
    """Real seconds of one scenario: a checker has others to run, and somebody waits for the answer."""

    tries: int = 40
    """Mistakes of one file for which something to write instead is tried: after so many, nobody reads on."""

    repairs: int = 5
    """Repairs of one line, one after another: with more, the line was meant for another language."""

    trials: int = 150
    """Lines tried for one mistake: each is read and checked, about a millisecond."""

    tried_chars: int = 4_000
    """Characters of a part in which that is tried: it is read again for each proposal."""

    findings_per_file: int = 500
    """Findings of one file: a file that is not a rule file at all must not bury the others."""


LIMITS = Limits()
