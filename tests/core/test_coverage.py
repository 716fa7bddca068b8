"""What scenarios tried: rules, branches while they mattered, transitions, service-level targets."""

from __future__ import annotations

from engine.core import scenarios
from engine.lang import Source
from tests.core.desk import book_of

RULES = """
define dear = member.tier >= gold
rule both on message.received when dear and (ticket.channel = chat or message.text contains "急")
  then add tag seen
rule never stage notify on ticket.created when member.tier = guest then add tag silver
rule known stage notify allow untested-rule "by hand" on rating.received then add tag rated
rule refuse stage guard on message.received when message.text contains "http" then reject "links"
"""
BOOK = book_of(RULES)


def cover(*texts: str) -> scenarios.Coverage:
    """What these scenarios tried; all of them pass."""
    coverage = scenarios.Coverage(BOOK)
    for text in texts:
        found, problems = scenarios.read(Source("tests/x.yaml", text))
        assert problems == []
        for scenario in found:
            assert scenarios.run(BOOK, scenario, coverage).failures == []
    return coverage


def never(coverage: scenarios.Coverage, kind: str) -> set[str]:
    (share,) = [share for share in coverage.shares() if share.kind == kind]
    assert share.tried + len(share.never) == share.of
    return {one.what for one in share.never}


def member(tier: str, text: str, more: str = "") -> str:
    return f"- {{name: x, member: {{tier: {tier}}}, steps: [{{message: {text}, kind: inquiry}}{more}]}}"


def test_rules_that_never_acted_are_told_with_their_place() -> None:
    coverage = cover(member("gold", "很急"))
    assert never(coverage, "rules") == {"never", "known", "refuse"}
    found = {finding.span.text: finding for finding in coverage.findings()}
    assert found.keys() == {"never", "refuse"}, "`known` allows it"
    assert all(finding.code == "untested-rule" and finding.severity == "warning" for finding in found.values())
    (share,) = [share for share in coverage.shares() if share.kind == "rules"]
    assert {(one.what, one.line) for one in share.never} >= {("never", 5)}
    assert never(cover(member("gold", "很急"), member("basic", "http")), "rules") == {"known", "never"}


def test_a_branch_counts_only_where_it_mattered() -> None:
    """`dear` was true in both; the text was asked twice, but where the member is not dear nothing hangs on it."""
    mattered = "both: `{}` {}".format
    seen = never(cover(member("gold", "很急")), "branches")
    assert mattered("dear", "true") not in seen
    assert mattered('message.text contains "急"', "true") not in seen
    assert mattered("ticket.channel = chat", "true") in seen, "the text alone was enough"
    assert mattered("ticket.channel = chat", "false") in seen, "its being true would have changed nothing"
    seen = never(cover(member("gold", "你好"), member("basic", "你好")), "branches")
    assert mattered("dear", "false") in seen, "it would not have acted for anybody: the text lacks the word"
    assert mattered('message.text contains "急"', "false") not in seen
    assert mattered("ticket.channel = chat", "false") not in seen
    seen = never(cover(member("gold", "很急"), member("basic", "很急")), "branches")
    assert mattered("dear", "false") not in seen


def test_what_a_rejected_line_said_is_known() -> None:
    coverage = cover(member("gold", "http"))
    assert 'refuse: `message.text contains "http"` true' not in never(coverage, "branches")
    assert 'refuse: `message.text contains "http"` false' in never(coverage, "branches")


def test_transitions_and_targets() -> None:
    nothing = cover(member("gold", "你好"))
    replied = "inquiry: agent_replied from 待回覆, 對話中 to 已回覆"
    assert replied in never(nothing, "transitions")
    answered = cover(
        "- {name: x, agents: {amy: {team: care}}, steps: [{message: 你好, kind: inquiry}, {agent: amy, reply: 您好}]}"
    )
    assert replied not in never(answered, "transitions")
    targets = never(nothing, "targets")
    met = {what for what in targets if what.endswith("first_reply met")}
    assert met and never(answered, "targets") == targets - {"standard: first_reply met"}
    late = cover("- {name: x, steps: [{message: 你好, kind: inquiry}, {wait: 30d}]}")
    left = never(late, "targets")
    assert "standard: first_reply met" in left
    assert not any(what.startswith("standard: first_reply") and what.endswith(("breached", "%")) for what in left)
    (share,) = [share for share in late.shares() if share.kind == "targets"]
    assert {one.file for one in share.never} == {"sla.yaml"} and all(one.line > 0 for one in share.never)
