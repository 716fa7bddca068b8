"""Table tests for rule authors: who writes what and when, and what the step must cause, with the rules that caused it.

A scenario runs on the real decisions with a virtual clock over a small desk in memory. `expect` lists what the step
must cause; `[]` means nothing of the kind. A step that fails names the rule and the first part of its condition that
did not hold, with the value.
"""

from engine.core.scenarios.coverage import KINDS, Coverage, Never, Share
from engine.core.scenarios.given import FOLDER as GIVEN
from engine.core.scenarios.given import given
from engine.core.scenarios.reading import read, unknown_words
from engine.core.scenarios.result import Failure, Result
from engine.core.scenarios.running import run
from engine.core.schema.scenarios import Scenario

__all__ = [
    "GIVEN",
    "KINDS",
    "Coverage",
    "Failure",
    "Never",
    "Result",
    "Scenario",
    "Share",
    "given",
    "read",
    "run",
    "unknown_words",
]
