"""A small desk that uses most of what there is."""

from __future__ import annotations

SMALL = {
    "desk.yaml": (
        "language: 1\nshops:\n  demo: {label: {en: Demo}, zone: Asia/Taipei, locales: [en], calendar: office}\n"
        "stages: [guard, {name: route, mode: first}]\npriorities: [low, high]\ntiers: [guest, gold]\n"
        "types: [a, 退換貨, {name: 其他, label: {zh-TW: 別的事}}]\nskills: [refunds]\n"
        "tags: {known: [vip], open: false}\n"
        "fields:\n  ticket.amount: {type: number, optional: true, label: {en: Amount}}\n"
        "  ticket.region: {type: enum, values: [north, south], optional: true}\n"
    ),
    "teams.yaml": "care: {label: {zh-TW: 客服組}, shops: [demo], calendar: office}\n",
    "roles.yaml": "agent: {permissions: [ticket.view]}\nsupervisor: {permissions: [ticket.view]}\n",
    "settings.yaml": "limit: {value: 500, label: {en: The limit}}\n",
    "calendars.yaml": 'office: {zone: Asia/Taipei, hours: {mon-fri: ["09:00-18:00"]}}\n',
    "sla.yaml": "- name: all\n  calendar: office\n  targets: {first_reply: 1h}\n",
    "lifecycles/inquiry.yaml": (
        "kind: inquiry\nfor: [lines]\ninitial: new\nstates:\n  new: {category: open}\n"
        "  done: {label: {en: Done}, category: closed}\n"
        "transitions:\n  - {trigger: close, from: new, to: done, requires: [ticket.amount], when: ticket.amount > 1}\n"
    ),
    "templates/t.yaml": "ack:\n  en: 'Dear {member.name | default(\"you\")}, {ticket.amount} of {setting.limit}'\n",
    "words/refund.txt": "# words\nrefund\n退貨\n",
    "a.rules": (
        'words refund_words from "words/refund.txt"\n\ndefine big = ticket.amount > setting.limit\n\nstage route\n\n'
        'rule first "A title"\n  on message.received\n  when big and message.text contains any refund_words\n'
        "   and ticket.type = 退換貨 and ticket.state = new and not ticket.tags has vip and ticket.region != south\n"
        "  then\n    route to team care with skill refunds by least_busy\n    reply template ack\n"
        '    reply "{ticket.amount}"\n    start timer wake for 2d\n    notify role supervisor "{ticket.number}"\n\n'
        "rule second\n  on timer.fired\n  when timer.name = wake and member.tier >= gold\n  then move to done\n"
    ),
    "tests/t.yaml": (
        "- name: a big one\n  member: {tier: gold}\n  ticket: {amount: 600, type: 退換貨, region: north}\n  steps:\n"
        "    - message: refund\n      expect: {fired: [first], timers: [wake], ticket.team: care, replies: [ack]}\n"
        "    - wait: 2d\n      expect: {fired: [second], ticket.state: done, ticket.region: north}\n"
    ),
}
