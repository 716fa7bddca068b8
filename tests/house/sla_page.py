"""`docs/sla.md`: the law of service times in words, and every case of it that the tests play."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.core.sla_cases import cases, texts

LAW = """\
# Service times

{made}A policy of `sla.yaml` promises up to three things of a case: the first reply, the next reply, and that it is
resolved. Each promise has a clock. This page is the law of these clocks; the table below shows it case by case, and a
test plays each line of it.

**One sentence holds it together:** after everything that happens, each target of the policy in force that is still
awaited has a live clock, and no other clock is live.

- **Which policy.** After each decision the first policy whose `when` holds takes the case, the shop's own before the
  shared ones. Nothing else chooses one. `GET /api/v1/tickets/N` names it at each target (`policy`, `calendar`, and
  `because`: its condition); so do the events `sla.warning`, `sla.breached`, `sla.changed` and `sla.dropped`, and the
  decision's record.
- **Start.** `first_reply` and `resolve` start when the case opens; `next_reply` with the member's first line that
  waits after an answer; a line that at once makes it the member's turn, such as thanks, awaits nothing. A target that
  a policy promises only later starts when that policy comes in force, for what is still awaited.
- **Time** is working time of the policy's calendar, else the shop's. What comes while nobody works counts from the
  next opening. `3d` is three working days. What is due at the end of a span is due then, not at the next opening.
- **Pause.** In a state with `sla: paused` clocks stand; in one with `running` they go on with what they had used.
- **Met.** An agent's line to the member meets the reply targets, a state with `sla: stopped` meets `resolve`.
- **Dropped.** What ends without the thing that was promised is `dropped`, never met: a reply target when the case is
  closed unanswered, any target when the policy in force does not promise it or the case is merged into another. The
  log says which, and why. Taken out again, a case goes on with what it had used; the time between does not count.
- **Told once.** Of moments that come together, as when an act or a publication shortens the time, only the last is
  told: who is late is not told that he soon will be.
- **Late.** A clock is `breached` from the moment it was due, and stays so through holds, answers and closing. `after
  D` counts by the wall clock from then, also while the case is on hold.
- **Reopened.** A member's new line begins a new wait: a new clock. Whoever else reopens a case takes up the wait that
  the closing dropped, with the time it had used; so does `resolve`, always.
- **Another policy, target or calendar.** What was used counts, measured by the calendar it was used under; the rest
  is reckoned anew. A clock that was late and has time left now runs again and is late once more when that is used up:
  the breach is withdrawn, and the log says so (`sla.changed` with `withdrawn`). One that has none left is late since
  before. A promise made tighter than the time already used is broken from that moment on, not in the past.
- **A publication** is carried to every open case in the background (a job `sla.resettle` with its count; the event
  `rulebook.activated` names it). A calendar that keeps its name counts, as published now, for the whole of the
  present run: a holiday published today takes today out. One that is gone or renamed is replaced by the policy's.
  Until the job has come to a case, each of its moments is asked by the new law before anything is told. Closed cases
  keep what they had.
- **Percent** is used time by allowed time: under 100 before it is due, 100 when it is, more when it is late. The bar
  and what is said to be left are the same sum.
- **The wall clock.** Spans follow the wall, also on days when summer time begins or ends. When the machine's clock is
  set back, moments that have been are brought to now; when it jumps ahead, what fell due is told once, from when it
  was due.
- A case stays in its shop, so its zone and calendars never change hands.

## The cases

The week is that of 2 March 2026 in Taipei, `mon+1` the one after; office hours are Monday to Friday 09–12 and 13–18,
Saturday 10–14. A case begins under the rulebook `{plain}` unless another is named. A publication is carried at once
unless it says `later`.

| Law | Case | What happens | How clocks stand then | What the log tells |
| --- | --- | --- | --- | --- |
"""


def page(made: str) -> str:
    """The page."""
    rows = [f"| {' | '.join(_cell(part) for part in _row(case))} |" for case in cases()]
    names = dict.fromkeys(name for case in cases() for name in _books(case))
    books = [f"`{name}`\n\n```yaml\n{_book(name)}\n```" for name in names]
    head = LAW.replace("{made}", made).replace("{plain}", "plain")
    return head + "\n".join(rows) + "\n\n## Their rulebooks\n\n" + "\n\n".join(books) + "\n"


def _row(case: Mapping[str, Any]) -> tuple[str, ...]:
    begin = [f"under `{case['book']}`"] if "book" in case else []
    stands = [f"`{target}` {wanted}" for target, wanted in case.get("expect", {}).items()]
    told = case.get("log")
    log = "" if told is None else "<br>".join(told) or "nothing"
    return case["law"], case["case"], "<br>".join([*begin, *case["history"]]), "<br>".join(stands), log


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _books(case: Mapping[str, Any]) -> list[str]:
    found = [case.get("book", "plain")]
    for line in case["history"]:
        _, publish, rest = line.partition(" publish ")
        found.extend([rest.split()[0]] if publish else [])
    return found


def _book(name: str) -> str:
    files = texts(name)
    return f"# sla.yaml\n{files['sla.yaml'].strip()}\n# calendars.yaml\n{files['calendars.yaml'].strip()}"
