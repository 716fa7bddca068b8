"""A rules folder of any size for `engine bench tools`: a shop's nouns and so many rules, made by chance from a seed.

The rules are of the kinds shops have: by product and amount, by words, by tier and channel; they tag, prioritise,
route, fill fields, answer and tell colleagues. They validate without errors, so that what is measured is
the whole work.
"""

from __future__ import annotations

from random import Random

TYPES = ("訂單問題", "商品諮詢", "物流配送", "退換貨", "技術問題", "發票", "客訴", "其他")
TIERS = ("guest", "basic", "silver", "gold", "vip")
TEAMS = ("orders", "returns", "technical", "senior")
CHANNELS = ("chat", "form", "email", "phone")
REGIONS = ("北部", "中部", "南部", "東部", "離島")

_NOUNS = {
    "desk.yaml": f"""language: 1
shops:
  demo: {{label: {{zh-TW: 示範商店, en: Demo shop}}, zone: Asia/Taipei, locales: [zh-TW, en], calendar: office}}
stages: [guard, classify, prioritise, {{name: route, mode: first}}, sla, respond, notify, housekeeping]
priorities: [lowest, low, normal, high, urgent]
tiers: [{", ".join(TIERS)}]
types: [{", ".join(TYPES)}]
skills: [orders, refunds]
tags: {{known: [vip], open: true}}
fields:
  ticket.amount: {{type: number, optional: true}}
  ticket.region: {{type: enum, values: [{", ".join(REGIONS)}], optional: true}}
""",
    "teams.yaml": "".join(f"{team}: {{label: {{zh-TW: {team}, en: {team}}}}}\n" for team in TEAMS),
    "roles.yaml": "supervisor: {permissions: [ticket.view]}\n",
    "calendars.yaml": 'office: {zone: Asia/Taipei, hours: {mon-fri: ["09:00-12:00", "13:00-18:00"]}}\n',
    "sla.yaml": "- name: plain\n  targets: {first_reply: 4h, resolve: 3d}\n",
    "lifecycles/inquiry.yaml": """kind: inquiry
initial: 待回覆
states:
  待回覆: {sla: running, category: open}
  已回覆: {sla: paused, category: pending}
  已結案: {sla: stopped, category: closed}
transitions:
  - {trigger: agent_replied, from: 待回覆, to: 已回覆}
  - {trigger: member_replied, from: 已回覆, to: 待回覆}
  - {trigger: close, from: "*", to: 已結案}
  - {trigger: reopen, from: 已結案, to: 待回覆}
""",
}


def folder(count: int, seed: int = 20260302) -> dict[str, str]:
    """The texts of a rules folder with `count` rules, by path; a hundred rules a file."""
    random = Random(seed)
    files = dict(_NOUNS)
    templates = max(count // 20, 1)
    files["templates/replies.yaml"] = "".join(
        f'ack{n}: {{zh-TW: "{{member.name}} 您好,第 {n} 號回覆", en: "Dear {{member.name}}, reply {n}"}}\n'
        for n in range(templates)
    )
    rules = [_rule(random, number, count) for number in range(count)]
    rules.append("rule rest\n  stage route\n  priority -1\n  on ticket.created\n  then route to team orders\n")
    rules.append('rule breach\n  stage notify\n  on sla.breached\n  then notify role supervisor "{ticket.number}"\n')
    for start in range(0, len(rules), 100):
        files[f"{start // 100:03}.rules"] = "\n".join(rules[start : start + 100])
    return files


def scenarios(count: int) -> str:
    """A scenario file of `count` steps in scenarios of ten, for any folder made here."""
    steps = "    - message: 請問 sku1 什麼時候到貨\n      expect: {ticket.state: 待回覆}\n" * 10
    return "".join(
        f"- name: scenario {number}\n  member: {{tier: gold}}\n  steps:\n{steps}" for number in range(count // 10)
    )


def _rule(random: Random, number: int, count: int) -> str:
    product = f'ticket.product = "sku{number}"'
    word = "".join(chr(random.randrange(0x4E00, 0x9000)) for _ in range(3))
    words = f'message.text contains any ["{word}", "詞{number}"]'
    of_type = f"ticket.type = {random.choice(TYPES)}"
    tier = f"member.tier >= {random.choice(TIERS[1:])}"
    channel = f"ticket.channel = {random.choice(CHANNELS)}"
    amount = f"ticket.amount > {random.randrange(1, 20_000)}"
    kind = number % 20
    if kind < 7:
        return _text(
            number, "classify", "ticket.created, message.received", f"{of_type} and {words}", f"add tag t{number}"
        )
    if kind < 10:
        act = f"raise ticket.priority to {random.choice(('high', 'urgent'))}"
        return _text(number, "prioritise", "ticket.created", f"{product} and {tier} and {amount}", act)
    if kind < 13:
        act = f"route to team {random.choice(TEAMS)} by least_busy"
        return _text(number, "route", "ticket.created", f"{product} and {channel}", act, priority=number + 1)
    if kind < 16:
        act = f"set ticket.region to {random.choice(REGIONS)}"
        return _text(number, "classify", "ticket.created", f"{product} and {of_type}", act)
    if kind < 18:
        act = f'notify team {random.choice(TEAMS)} "{{ticket.number}}"'
        return _text(number, "notify", "ticket.created", f"{product} and ({tier} or {amount})", act)
    if kind < 19:
        act = f"reply template ack{number // 20}"
        return _text(number, "respond", "ticket.created", f"{product} and {channel}", act)
    lower = random.randrange(1, 19_000)
    span = f"ticket.amount > {lower} and ticket.amount <= {lower + 5} and ticket.region = {random.choice(REGIONS)}"
    return _text(number, "notify", "ticket.changed", span, f"add tag t{number}")


def _text(number: int, stage: str, events: str, condition: str, action: str, priority: int = 0) -> str:
    first = f"  priority {priority}\n" if priority else ""
    return f"rule r{number}\n  stage {stage}\n{first}  on {events}\n  when {condition}\n  then {action}\n"
