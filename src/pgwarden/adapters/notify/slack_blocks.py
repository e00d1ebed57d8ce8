"""Slack's form of a message (Block Kit) and of the dialog that asks why. Every text is escaped and cut to its limit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgwarden.adapters.notify import wording
from pgwarden.domain.notification import Audience, Letter, NotificationKind
from pgwarden.domain.ticket import WAITING
from pgwarden.domain.ticket_events import Decision

APPROVE, DENY, DIALOG, REASON = "pgwarden_approve", "pgwarden_deny", "pgwarden_decision", "reason"
CONFIRM, DISCARD = "pgwarden_confirm", "pgwarden_discard"
PRESSED = frozenset({APPROVE, DENY, CONFIRM, DISCARD})
"""The actions of our buttons."""
LONGEST_TEXT, LONGEST_FIELD, LONGEST_HEADER, MOST_FIELDS, MOST_BLOCKS = 2900, 1900, 150, 10, 48
"""Slack's own limits, with a margin."""

Block = dict[str, Any]
SHAPE = [str, int, str, str, int, bool]
"""Of a choice as text; messages from before there were proposals have the first four."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a button or a dialog stands for: a decision on one revision of a ticket, as it was shown."""

    ticket: str
    revision: int
    seal: str
    decision: Decision
    proposal: int = 0
    """The decision of an agent's that it is about; 0 for one of the reader's own."""
    discard: bool = False
    """Whether that one is taken off the ticket."""

    def to_text(self) -> str:
        return json.dumps([self.ticket, self.revision, self.seal, self.decision.value, self.proposal, self.discard])

    @classmethod
    def from_text(cls, text: str) -> Choice:
        """ValueError for anything that ``to_text`` did not make."""
        found = json.loads(text)
        if not isinstance(found, list) or [type(each) for each in found] not in (SHAPE, SHAPE[:4]):
            raise ValueError("not a choice of ours")
        ticket, revision, seal, decision, *proposed = found
        return cls(ticket, revision, seal, Decision(decision), *proposed)

    @property
    def label(self) -> str:
        """What the button and the dialog are called."""
        if self.discard:
            return "Discard"
        word = "Approve" if self.decision is Decision.APPROVE else "Deny"
        return f"Confirm: {word.lower()}" if self.proposal else word


def blocks(letters: Sequence[Letter], public_url: str, approves: frozenset[str] | None) -> list[Block]:
    """The message: with buttons where it is about one ticket that waits for the reader.

    ``approves``: the risks whose button for a yes is shown; None: no buttons at all.
    """
    if len(letters) == 1:
        return _letter(letters[0], public_url, approves)
    found = [_text(wording.why_held(letters))] if wording.why_held(letters) else []
    for letter in letters:
        place = wording.where(public_url, letter.notification.summary.ticket)
        found.append(_text(f"*{escaped(wording.headline(letter))}*\n{escaped(place)}"))
    more = len(found) - MOST_BLOCKS
    return found if more <= 0 else [*found[:MOST_BLOCKS], _text(f"… and {more} more: pgwarden notifications list")]


def dialog(choice: Choice) -> Block:
    """Asks why; a reason is needed for a no, welcome for a yes."""
    needs_reason = choice.decision is Decision.DENY and not choice.proposal
    return {
        "type": "modal",
        "callback_id": DIALOG,
        "private_metadata": choice.to_text(),
        "title": _plain(choice.label),
        "submit": _plain(choice.label),
        "close": _plain("Back"),
        "blocks": [
            _text(f"Ticket *{escaped(choice.ticket)}*, revision {choice.revision}."),
            {
                "type": "input",
                "block_id": REASON,
                "optional": not needs_reason,
                "label": _plain("Reason"),
                "element": {"type": "plain_text_input", "action_id": REASON, "multiline": True, "max_length": 2000},
            },
        ],
    }


def notice(text: str) -> Block:
    """A dialog that only says something."""
    return {"type": "modal", "title": _plain("pgwarden"), "close": _plain("Close"), "blocks": [_text(escaped(text))]}


def escaped(text: str) -> str:
    """The text without what Slack would read as markup of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _letter(letter: Letter, public_url: str, approves: frozenset[str] | None) -> list[Block]:
    summary = letter.notification.summary
    facts = [f"*{label}*\n{escaped(text)}"[:LONGEST_FIELD] for label, text in wording.facts(letter, "UTC")]
    found: list[Block] = [{"type": "header", "text": _plain(wording.headline(letter)[:LONGEST_HEADER])}]
    if letter.delivery.held_for:
        found.append(_text(f"_{escaped(letter.delivery.held_for)}_"))
    for start in range(0, len(facts), MOST_FIELDS):
        fields = [{"type": "mrkdwn", "text": fact} for fact in facts[start : start + MOST_FIELDS]]
        found.append({"type": "section", "fields": fields})
    if sql := wording.statement(letter):
        found.append(_code(sql))
    for section in wording.sections(letter):
        found += [_text(f"*{section.heading}*"), _code("\n".join(section.lines))]
    found.append(_text(escaped(wording.where(public_url, summary.ticket))))
    asked = letter.notification.asks and letter.delivery.audience is Audience.INVOLVED and summary.status in WAITING
    if asked and approves is not None:
        if summary.risk not in approves:
            found.append(_text(f"_A yes to {summary.risk} risk takes your password: approve it there._"))
        found += _buttons(letter, may_approve=summary.risk in approves)
    return found


def _buttons(letter: Letter, *, may_approve: bool) -> list[Block]:
    summary = letter.notification.summary

    def choice(decision: Decision, proposal: int = 0, *, discard: bool = False) -> Choice:
        return Choice(summary.ticket, summary.revision, summary.seal, decision, proposal, discard)

    if letter.notification.kind is not NotificationKind.DECISION_PROPOSED:
        yes = [_button(APPROVE, "primary", choice(Decision.APPROVE))] if may_approve else []
        return [_actions(*yes, _button(DENY, "danger", choice(Decision.DENY)))]
    passed_on = wording.own_proposal(letter)
    if passed_on is None:
        return [_text("_It no longer waits for your word._")]
    confirm = choice(passed_on.decision, passed_on.number)
    taken = may_approve or passed_on.decision is Decision.DENY
    yes = [_button(CONFIRM, "primary", confirm)] if taken else []
    return [_actions(*yes, _button(DISCARD, "danger", choice(passed_on.decision, passed_on.number, discard=True)))]


def _actions(*buttons: Block) -> Block:
    return {"type": "actions", "elements": list(buttons)}


def _button(action: str, style: str, choice: Choice) -> Block:
    return {
        "type": "button",
        "action_id": action,
        "text": _plain(choice.label),
        "style": style,
        "value": choice.to_text(),
    }


def _text(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:LONGEST_TEXT]}}


def _code(text: str) -> Block:
    whole = escaped(text.replace("```", "'''"))
    return _text(f"```{whole if len(whole) <= LONGEST_TEXT - 10 else whole[: LONGEST_TEXT - 12] + ' …'}```")


def _plain(text: str) -> Mapping[str, str]:
    return {"type": "plain_text", "text": text}
